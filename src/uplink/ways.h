/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways that are probed, each with its path, its memory and the round under way. */
#ifndef UPLINK_WAYS_H
#define UPLINK_WAYS_H

#include "uplink/round.h"
#include "uplink/uplink.h"

/* What the listener is still to be told of a way. */
enum way_report {
	WAY_REPORT_NONE,
	WAY_REPORT_ROUND,
	WAY_REPORT_CHANGED,
};

struct way {
	struct uplink_way wish;
	struct path path;
	struct round_memory memory;
	struct round *round; /* NULL = none */
	bool probed;         /* had a round, or was lost */
	bool urged;          /* a round of all targets is due */
	double urged_at;
	double first_at;    /* when the first round is due */
	unsigned int bytes; /* of the last round */
	enum way_report report;
};

struct ways {
	struct way *items; /* in the wish's order */
	size_t count;
};

/* Makes ways of a wish, each with room for the outcomes of so many targets. 0, -ENOMEM, -E2BIG or
 * -EINVAL. */
int ways_open(struct ways *ways, const struct uplink_way *wish, size_t count, size_t target_count,
	double now);
void ways_close(struct ways *ways);
bool ways_are_same(const struct ways *ways, const struct uplink_way *wish, size_t count);
/* Takes the paths over from the ways before; their memories and rounds too where the targets are
 * the same ones. A way that leads elsewhere now is probed at once. */
void ways_take_over(struct ways *ways, struct ways *before, bool same_targets, double now);
struct way *ways_find(const struct ways *ways, const char *key);
/* Ends the round under way without a verdict. */
void way_abort(struct way *way);
/* A round of all targets as soon as may be: now, or behind one that has just begun. */
void way_urge(struct way *way, double now);

#endif
