/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a lease book is made of. Addresses are IPv4 in host order; times called boot are seconds of
 * the caller's boot clock, all others whole seconds of cloud time. */
#ifndef CORE_LEASE_BOOK_H
#define CORE_LEASE_BOOK_H

#include "core/lease.h"

#define LEASE_PAST_MAX    4       /* earlier starts of an author that are told from a new one */
#define LEASE_SAMPLES_MAX 4       /* of an author's clock */
#define LEASE_SETTLE      3.0     /* a lost lease is ended only when it stayed lost so long */
#define LEASE_SLACK       15      /* a renewal up to so much before a withdrawal outlives it */
#define LEASE_NODE_TRUST  1200.0  /* a silent node's name and address are kept so long ... */
#define LEASE_NODE_FORGET 3600.0  /* ... and what it said so long, so that old copies stay old */
#define LEASE_NODE_DEAD   86400.0 /* leases that run longer are forgotten with it */
#define LEASE_LAZY        10.0    /* a renewal may wait so long */
#define LEASE_QUIET       0.2     /* datasets come in flocks */
#define LEASE_WALL_FLOOR  1704067200.0 /* 2024: a clock before it is not set */

enum lease_reason {
	LEASE_REASON_SIZE,
	LEASE_REASON_MAGIC,
	LEASE_REASON_VERSION,
	LEASE_REASON_MALFORMED,
	LEASE_REASON_SOURCE, /* not what alfred says who sent it */
	LEASE_REASON_SELF,   /* says it were us */
	LEASE_REASON_AUTHOR, /* no MAC, or that of a node that is alive under another source */
	LEASE_REASON_STALE,
	LEASE_REASON_FLOOD,
	LEASE_REASON_NODES,
	LEASE_REASON_NODE_ADDRESS, /* outside our network: the node is taken without it */
	LEASE_REASON_POOL,
	LEASE_REASON_RESERVED, /* anycast, network or broadcast address */
	LEASE_REASON_MAC,
	LEASE_REASON_TIME,
	LEASE_REASON_LEASES, /* no room */
	LEASE_REASON_NAME,
	LEASE_REASON_NAME_TAKEN, /* reserved or of an earlier lease; counted at each resolve that
				    newly finds it */
	LEASE_REASON_OWN,        /* a row of our own lease file that others would not believe */
	LEASE_REASONS,
};

struct lease_claim {
	uint32_t address;
	struct mac mac;
	int64_t begin;
	int64_t renewed;
	double expires; /* boot; INFINITY */
	char name[FACT_NAME_SIZE];
};

struct lease_past {
	uint64_t incarnation;
	uint32_t sequence;
};

/* Another node, by its newest fact. */
struct lease_node {
	struct mac author;
	struct mac source;
	uint64_t incarnation;
	uint32_t sequence;
	struct lease_past past[LEASE_PAST_MAX];
	size_t past_next;
	double received;                   /* boot, of the newest sequence */
	double samples[LEASE_SAMPLES_MAX]; /* its clock minus our boot clock */
	size_t sample_count;               /* ever; the ring's next place */
	double cloud_offset;               /* its cloud time minus our boot clock */
	double tokens;                     /* changes that it may still make, see lease_take.c */
	double tokens_at;
	uint32_t lease_total; /* as it says */
	uint8_t flags;
	uint8_t has_ipv4;
	uint32_t ipv4;
	struct ip ipv6; /* family 0 = none */
	char hostname[FACT_NAME_SIZE];
	char version[32];
	struct lease_claim *claims;
	size_t claim_count;
	struct fact_withdrawal *withdrawals;
	size_t withdrawal_count;
};

struct lease_own {
	uint32_t address;
	struct mac mac;
	double begin;         /* boot, may be negative */
	double renewed;       /* boot */
	double expires;       /* boot; INFINITY */
	int64_t expires_wall; /* as dnsmasq wrote it */
	bool orphan;          /* dnsmasq lost it to a jump of the clock; the client did not */
	bool imported;        /* not yet seen in the lease file */
	bool ending;          /* listed to be ended: its going is no withdrawal */
	char name[FACT_NAME_SIZE];
};

struct lease_ended {
	uint32_t address;
	struct mac mac;
	double time;  /* boot */
	double until; /* boot: nobody's copy lives longer */
};

/* A conflict that lasts. */
struct lease_quarrel {
	uint32_t address;
	struct mac loser;
	struct mac winner;
	double since; /* boot */
};

/* What the last resolve found, kept to find the differences and for the JSON. */
struct lease_line {
	struct mac author;
	uint32_t address;
	struct mac mac;
};

struct lease_label {
	struct mac author;
	struct ip ip;
	char name[FACT_NAME_SIZE];
};

struct lease_shown {
	uint32_t address;
	struct mac mac;
	struct mac author;
	int64_t begin;
	double expires;
	bool own;
	bool conflict;
	char name[FACT_NAME_SIZE];
};

struct lease_result {
	struct lease_line *lines; /* by author, address */
	size_t line_count;
	struct lease_line *by_address; /* the same by address, MAC */
	struct lease_label *labels;    /* by author, address, name */
	size_t label_count;
	struct lease_quarrel *quarrels; /* by address, loser, winner */
	size_t quarrel_count;
	struct lease_shown *shown; /* own first, then by address */
	size_t shown_count;
	struct lease_end *ends;
	size_t end_count;
	size_t names_taken;
	double next; /* boot: when it changes by itself */
	/* What lines and labels look like from outside. */
	struct lease_reservation *reservations;
	struct lease_name *names;
	struct lease_file *files;
	struct mac *gone;
	struct lease_output output;
};

struct lease_host_key {
	uint32_t address;
	struct mac mac;
};

struct lease_book {
	uint64_t incarnation;
	char boot_id[40];
	struct lease_settings settings; /* hosts and names are NULL: below */
	uint32_t pool_first;
	uint32_t pool_last;
	struct lease_host_key *host_addresses; /* of static hosts, by address */
	size_t host_address_count;
	struct mac *host_macs; /* sorted */
	size_t host_mac_count;
	char (*reserved)[FACT_NAME_SIZE]; /* names that no lease may have, sorted */
	size_t reserved_count;

	bool has_offset;
	double offset; /* cloud time minus boot clock */

	struct lease_node *nodes; /* by author */
	size_t node_count;
	size_t claim_total;
	struct lease_own *own; /* by address */
	size_t own_count;
	double own_at;             /* boot, of the last lease_book_set_own; negative = never */
	struct lease_ended *ended; /* oldest first */
	size_t ended_count;

	uint32_t sequence;
	double published_at; /* boot; negative = never */
	size_t published_bytes;
	size_t left_out;
	double urgent_since; /* boot; INFINITY = nothing */
	double lazy_since;
	bool store_dirty;

	double resolve_since; /* boot, of the first change; INFINITY */
	double resolved_at;
	bool forget_output;
	struct lease_result result;

	uint64_t conflict_total;
	struct lease_conflict conflicts[LEASE_CONFLICTS_MAX];
	uint64_t dropped[LEASE_REASONS];
};

/* lease_clock.c */
/* Follows the clocks; what we published moves along when cloud time jumps. */
void lease_clock_update(struct lease_book *book, const struct lease_now *now);
/* The boot time as cloud time. */
int64_t lease_clock_time(const struct lease_book *book, double boot);
void lease_clock_sample(struct lease_node *node, const struct fact *fact,
	const struct lease_now *now);
/* What has to be added to an author's times; 0 when it reckons as we do. */
int64_t lease_clock_shift(const struct lease_book *book, const struct lease_node *node);
/* Do its clock and ours agree so well that a begin may be taken over? */
bool lease_clock_agrees(const struct lease_book *book, const struct lease_node *node);

/* lease_take.c */
void lease_node_free(struct lease_node *node);
/* Removes nodes that have been silent for so long that even old copies of what they said are gone.
 */
void lease_node_forget_silent(struct lease_book *book, double now);

/* lease_own.c */
/* The times others may count on. */
struct lease_claim lease_own_claim(const struct lease_book *book, const struct lease_own *own,
	double boot);
bool lease_own_is_over(const struct lease_own *own, const struct lease_now *now);
struct lease_own *lease_own_find(const struct lease_book *book, uint32_t address,
	const struct mac *mac);
int lease_own_withdraw(struct lease_book *book, const struct lease_own *own,
	const struct lease_now *now);

/* lease.c */
struct ip lease_ip(uint32_t address);
uint32_t lease_address(const struct ip *ip);
/* LEASE_REASONS when a client may have the address. */
enum lease_reason lease_check_address(const struct lease_book *book, uint32_t address);
bool lease_check_mac(const struct mac *mac);
int lease_compare_mac(const struct mac *a, const struct mac *b);
/* By address, then MAC. */
int lease_compare_client(uint32_t a_address, const struct mac *a_mac, uint32_t b_address,
	const struct mac *b_mac);
const struct lease_host_key *lease_find_host(const struct lease_book *book, uint32_t address);
bool lease_is_host_mac(const struct lease_book *book, const struct mac *mac);
bool lease_is_reserved_name(const struct lease_book *book, const char *name);
void lease_mark_urgent(struct lease_book *book, const struct lease_now *now);
void lease_mark_resolve(struct lease_book *book, const struct lease_now *now);

/* lease_files.c */
void lease_result_free(struct lease_result *result);

#endif
