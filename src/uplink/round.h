/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A round of probes of one way, from its start to its verdict. */
#ifndef UPLINK_ROUND_H
#define UPLINK_ROUND_H

#include "uplink/verdict.h"

enum round_extent {
	ROUND_ALL,         /* all targets */
	ROUND_QUICK,       /* as many as are needed of each kind, others each time */
	ROUND_LIGHT,       /* two name servers, or pings where none is asked: a way of others */
	ROUND_LIGHT_QUICK, /* one of them */
};

/* What a way keeps from round to round. */
struct round_memory {
	struct probe_outcome *outcomes; /* of every target, in the list's order */
	unsigned int turn[PROBE_KINDS]; /* where the next quick round begins */
};

struct round_plan {
	const struct probes_config *probes;
	const struct target_list *targets;
	struct round_memory *memory; /* used by round_start only */
	struct probe_way way;
	enum round_extent extent;
	uint32_t serial; /* of the tags of its sockets, see round_tag_serial */
	int epoll;
};

struct round;

/* At most so many sockets at once. */
size_t round_sockets_max(const struct target_list *targets, enum round_extent extent);
/* 0 or -ENOMEM. plan's probes and targets have to live as long as the round. */
int round_start(struct round **out, const struct round_plan *plan, double now);
/* Frees it; outcomes and the verdict are only there after round_finish. */
void round_free(struct round *round);
/* The tag's socket is ready. */
void round_on_ready(struct round *round, uint64_t tag, double now);
void round_on_timer(struct round *round, double now);
/* Its verdict is there: sure to be good, every probe ended, or the time is up. */
bool round_is_over(const struct round *round, double now);
/* Puts the verdict into result and the outcomes into memory. */
void round_finish(struct round *round, double now, struct round_memory *memory,
	struct probe_round *result);
double round_deadline(const struct round *round);
uint32_t round_tag_serial(uint64_t tag);
uint32_t round_serial(const struct round *round);
enum round_extent round_extent(const struct round *round);
double round_started(const struct round *round);
/* About, of IP packets, sent and received. */
unsigned int round_bytes(const struct round *round);
size_t round_sockets(const struct round *round);

#endif
