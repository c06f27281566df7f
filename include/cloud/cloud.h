/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases and facts shared with the other nodes of the cloud: dnsmasq's leases go out through
 * alfred, those of others come in and become reservations and names. Nothing here starts or stops
 * alfred or dnsmasq. */
#ifndef CLOUD_CLOUD_H
#define CLOUD_CLOUD_H

#include <jansson.h>

#include "base/err.h"
#include "base/text.h"
#include "core/lease.h"
#include "core/problem.h"

enum cloud_role {
	CLOUD_ROLE_AUTO, /* bounded number of primaries, chosen alike on every node */
	CLOUD_ROLE_PRIMARY,
	CLOUD_ROLE_SECONDARY,
};

/* What this node is and how it shares. Copied by cloud_set_wish. */
struct cloud_wish {
	struct mac mac;    /* of the primary link: who we are in the cloud */
	struct mac source; /* of the bridge: what alfred names our facts by */
	char hostname[64];
	char version[32];
	struct prefix ipv4; /* the node's own */
	struct prefix ipv6;
	struct ip pool_first; /* no lease outside it is believed */
	struct ip pool_last;
	bool pool_overlaps; /* node addresses become reservations */
	bool share;         /* alfred is in use */
	bool serve;         /* dnsmasq is in use */
	char domain[64];
	char release_link[16]; /* the interface dnsmasq serves: for ending a lease */
	struct ip server;      /* the address dnsmasq answers from: the anycast one */
	uint32_t lease_seconds;
	enum cloud_role role;
	unsigned int primaries_max;
	double sync_seconds; /* alfred's period */
	uint8_t type;        /* alfred data type */
	/* Static hosts of the configuration, and further names of the anycast address: no lease
	 * may have their addresses and names. Copied. */
	const struct lease_host *hosts;
	size_t host_count;
	const char *const *names;
	size_t name_count;
};

struct cloud_listener {
	/* alfred's answer to cloud_ask. */
	void (*on_answer)(void *context, bool works);
	/* dnsmasq's answer to cloud_ask_dnsmasq. */
	void (*on_dnsmasq_answer)(void *context, bool works);
	/* Reservations were taken away: dnsmasq needs a SIGHUP (already rate-limited). */
	void (*on_reload_wanted)(void *context);
	void *context;
};

struct cloud;

/* Files are in run_dir and state_dir as core/render.h names them. Times are monotonic seconds. */
int cloud_open(struct cloud **out, const char *run_dir, const char *state_dir,
	const struct cloud_listener *listener, struct err *err);
void cloud_close(struct cloud *cloud);
/* 0 or -errno with err (a directory that cannot be made). */
int cloud_set_wish(struct cloud *cloud, const struct cloud_wish *wish, double now, struct err *err);
/* alfred answered for the first time after a start, or is gone. */
void cloud_on_alfred(struct cloud *cloud, bool answers, double now);
/* Is alfred well: does it answer and is its interface in use? Answered within 3 s. */
void cloud_ask(struct cloud *cloud, double now);
/* Is dnsmasq well: does it answer a DNS question? Answered within 3 s. */
void cloud_ask_dnsmasq(struct cloud *cloud, double now);

/* The answers of the control methods "leases" and "nodes", docs/control.md. */
json_t *cloud_leases_to_json(const struct cloud *cloud, double now);
json_t *cloud_nodes_to_json(const struct cloud *cloud, double now);
/* {"alfred":{..}, counts, sizes, conflicts}: for status. */
json_t *cloud_to_json(const struct cloud *cloud, double now);
int cloud_problems(const struct cloud *cloud, struct problem_list *problems);

int cloud_fd(const struct cloud *cloud);
void cloud_on_readable(struct cloud *cloud, double now);
double cloud_deadline(const struct cloud *cloud);
void cloud_on_timer(struct cloud *cloud, double now);

#endif
