/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The leases of the whole cloud. A lease book is told this node's leases and the facts of the other
 * nodes; it says what to publish, which addresses are reserved for whom, which names they have, and
 * which of our leases lost their address and have to end. Every node comes to the same result
 * without asking: docs/leases.md has the rule.
 *
 * The caller's round: lease_book_set_own when the lease file changed, lease_book_take for each
 * dataset that alfred gives (also unchanged ones: they cost next to nothing), lease_book_resolve at
 * lease_book_resolve_at, lease_book_publish at lease_book_publish_at. */
#ifndef CORE_LEASE_H
#define CORE_LEASE_H

#include <jansson.h>

#include "base/text.h"
#include "core/fact.h"

#define LEASE_NODES_MAX     1024
#define LEASE_MAX           10000 /* of others; past it the newest of a dataset are refused */
#define LEASE_CONFLICTS_MAX 32    /* remembered */
#define LEASE_PUBLISH_MAX   200.0 /* seconds between two publications, at most */
#define LEASE_NODE_KEEP     600.0 /* seconds that a silent node counts as there */

/* The moment of a call. boot runs on while the machine sleeps and never jumps (CLOCK_BOOTTIME; what
 * the loop calls now will do); wall may be anything. */
struct lease_now {
	double boot;
	double wall;
};

/* A static host of the configuration: whatever is not zero is taken. */
struct lease_host {
	struct mac mac;
	struct ip ip;
	char name[FACT_NAME_SIZE];
};

struct lease_settings {
	struct mac mac;    /* who we are */
	struct mac source; /* what alfred names our dataset by */
	char hostname[FACT_NAME_SIZE];
	char version[32];
	struct prefix ipv4; /* our own; its network bounds what is believed */
	struct prefix ipv6;
	struct ip pool_first; /* no lease outside is believed */
	struct ip pool_last;
	struct ip anycast;              /* never leased; family 0 = none */
	uint32_t lease_seconds;         /* what our dnsmasq gives */
	bool block_nodes;               /* nodes' addresses lie in the pool: block them */
	bool primary;                   /* alfred's role, for the fact */
	bool serve;                     /* dnsmasq is in use */
	const struct lease_host *hosts; /* copied */
	size_t host_count;
	const char *const
		*names; /* more names that no lease may have (of the anycast address); copied */
	size_t name_count;
};

/* A line of dnsmasq's lease file. */
struct lease_row {
	struct ip ip;
	struct mac mac;
	int64_t expires; /* unix seconds by this machine's clock, as dnsmasq wrote it; 0 = never */
	char name[FACT_NAME_SIZE]; /* as it stands there ("*" = none); checked here */
};

struct lease_book;

/* incarnation: random, other than at the last start. boot_id: /proc/sys/kernel/random/boot_id,
 * for lease_book_import. 0 or -ENOMEM. */
int lease_book_open(struct lease_book **out, uint64_t incarnation, const char *boot_id);
void lease_book_free(struct lease_book *book);
/* Before anything else; again when something changed. 0, -EINVAL (no MAC, no pool), -ENOMEM. */
int lease_book_set(struct lease_book *book, const struct lease_settings *settings,
	const struct lease_now *now);

/* The begins of our leases as JSON text (malloc'd; NULL when memory ends), to be kept over restarts
 * and reboots. Worth writing when lease_book_is_dirty was true. */
char *lease_book_export(struct lease_book *book, const struct lease_now *now);
/* Once, before the first lease_book_set_own. 0, -EINVAL (nothing is taken), -ENOMEM. */
int lease_book_import(struct lease_book *book, const char *text, const struct lease_now *now);

/* All rows of the lease file as it is now. 0 or -ENOMEM. */
int lease_book_set_own(struct lease_book *book, const struct lease_row *rows, size_t count,
	const struct lease_now *now);

/* What became of a dataset. */
enum lease_taken {
	LEASE_TAKEN,     /* new, believed as far as it is believable */
	LEASE_UNCHANGED, /* known already, or our own */
	LEASE_REFUSED,   /* counted under its reason */
	LEASE_LATER,     /* the author changes too fast: offer it again, a second later */
};

/* A dataset as alfred has it; source is the MAC that alfred names it by. *taken is optional.
 * 0 or -ENOMEM. */
int lease_book_take(struct lease_book *book, const struct mac *source, const uint8_t *bytes,
	size_t length, const struct lease_now *now, enum lease_taken *taken);

/* When there is something to publish: boot time, may be past. At once after a quiet second, else
 * once a second; mere renewals after 10 s; unchanged every 150 to 200 s. */
double lease_book_publish_at(const struct lease_book *book);
/* The dataset to push now (malloc'd). Taken as published: call it again after a failed push, or
 * lease_book_republish to have it due again (alfred restarted). 0 or -ENOMEM. */
int lease_book_publish(struct lease_book *book, const struct lease_now *now, uint8_t **bytes,
	size_t *length);
void lease_book_republish(struct lease_book *book);

/* A line of dhcp-hostsdir. */
struct lease_reservation {
	struct ip ip;
	struct mac
		mac; /* zero: the address is only blocked (reserve it for a client id nobody has) */
};

/* A line of hostsdir. */
struct lease_name {
	struct ip ip;
	char name[FACT_NAME_SIZE]; /* without domain */
};

/* The files of one author. Ourselves too (our blocked address, leases that dnsmasq forgot too
 * early); our own name is not in them, it is in the configuration. */
struct lease_file {
	struct mac author;
	const struct lease_reservation *reservations; /* by address */
	size_t reservation_count;
	const struct lease_name *names; /* by address, then name */
	size_t name_count;
	bool reservations_changed; /* since the last resolve; the file has to be written anew */
	bool names_changed;
};

enum lease_end_reason {
	LEASE_END_CONFLICT,  /* somebody else has the address by the rule */
	LEASE_END_WITHDRAWN, /* the client gave it back at another node */
};

/* One of our own leases that dnsmasq is to forget. */
struct lease_end {
	struct ip ip;
	struct mac mac;
	enum lease_end_reason reason;
};

/* No address and no MAC is in two reservations, whatever the file; a MAC or address of a static
 * host is in none. Pointers hold until the next call that changes the book. */
struct lease_output {
	const struct lease_file *files; /* by author; those with nothing in them are not listed */
	size_t file_count;
	const struct mac *gone; /* authors whose files are to be removed */
	size_t gone_count;
	bool reservations_removed; /* a line went or changed: dnsmasq must read all anew (SIGHUP) */
	bool names_removed;
	const struct lease_end *ends; /* listed each time until they are gone from the lease file */
	size_t end_count;
	bool changed; /* anything of the files */
};

/* Works out everything anew. 0 or -ENOMEM (the output before stays in force). */
int lease_book_resolve(struct lease_book *book, const struct lease_now *now,
	const struct lease_output **out);
/* When the next resolve is worth while: 0.2 s after a change, or when a lease expires; INFINITY. */
double lease_book_resolve_at(const struct lease_book *book);
/* The files are not as they were written (a failed write, an emptied directory): the next resolve
 * says that everything changed. */
void lease_book_forget_output(struct lease_book *book);

/* Since the last lease_book_export or start: our leases' begins or withdrawals changed. */
bool lease_book_is_dirty(const struct lease_book *book);

/* One side of a conflict. */
struct lease_side {
	struct mac mac;    /* zero: a node's own address or a static host's */
	struct mac author; /* the node whose word it is */
	int64_t begin;     /* cloud time */
};

struct lease_conflict {
	double time; /* cloud time at which it was seen */
	struct ip ip;
	struct lease_side winner;
	struct lease_side loser;
};

/* How many conflicts were seen so far; each counts once while it lasts. */
uint64_t lease_book_conflict_total(const struct lease_book *book);
/* The index-th latest (0 = newest), NULL past the remembered ones. For events: look at as many as
 * the total grew. */
const struct lease_conflict *lease_book_conflict(const struct lease_book *book, size_t index);

/* A node of the cloud, ourselves first (index 0), then the others; false past the last. */
struct lease_node_view {
	struct mac mac;
	struct mac source;
	bool self;
	bool fresh; /* heard of within LEASE_NODE_KEEP */
	bool primary;
	const char *hostname;
	double age; /* seconds since its newest fact came */
	size_t lease_count;
};
bool lease_book_node(const struct lease_book *book, size_t index, const struct lease_now *now,
	struct lease_node_view *view);

/* Cloud time now, unix seconds, and by how much it is ahead of this machine's clock. */
double lease_book_cloud_time(const struct lease_book *book, const struct lease_now *now);

/* The answers of the control methods "leases" and "nodes", docs/control.md; NULL when memory ends.
 * The state is that of the last resolve. */
json_t *lease_book_leases_to_json(const struct lease_book *book, const struct lease_now *now);
json_t *lease_book_nodes_to_json(const struct lease_book *book, const struct lease_now *now);
/* {"own","remote","nodes","conflicts","left_out","published_bytes","cloud_offset","dropped":{}} */
json_t *lease_book_to_json(const struct lease_book *book, const struct lease_now *now);

#endif
