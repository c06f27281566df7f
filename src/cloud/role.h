/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which nodes are alfred primaries when nobody says: a primary sends all data to every other one
 * each period, so their number has to be bounded (docs/cloud.md has the costs).
 *
 * Every node that is known by its facts has a rank, a hash of its MAC; the primaries_max lowest are
 * primaries. A node that joins changes the role of two at most (itself and the one it displaces).
 * The choice has to hold for some time before it is followed, and a secondary that hears nothing
 * through any primary becomes one until it does. Pure: time comes with the calls. */
#ifndef CLOUD_ROLE_H
#define CLOUD_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define ROLE_SETTLE_SECONDS 15.0  /* a choice holds that long before it is followed */
#define ROLE_LOST_SECONDS   45.0  /* without others' data, a secondary helps itself */
#define ROLE_HELP_SECONDS   90.0  /* and stays so at least */
#define ROLE_SILENT_SECONDS 240.0 /* without news: every node publishes within 200 s */

struct role {
	bool primary;      /* what we are */
	bool known;        /* false until the first choice: what the daemon is, we are */
	double differs_at; /* since when the choice differs from it; INFINITY: it does not */
	double heard_at;   /* when others' data came last, in time */
	double news_at;    /* when some of it was new */
	double helped_at;  /* when we became primary for want of one; -INFINITY: not */
	uint32_t spread;   /* so that not all change at once */
};

/* The rank of a node: lower comes first. */
uint64_t role_rank(const struct mac *mac);
/* Do the ranks make ours one of the primaries? others: of all other nodes. */
bool role_is_elected(uint64_t own, const uint64_t *others, size_t count, unsigned int most);

void role_start(struct role *role, const struct mac *mac, double now);
/* The daemon runs in this mode: nothing is changed before the first choice, since it may have been
 * running for long and only we were restarted. */
void role_adopt(struct role *role, bool primary);
/* The first choice, made as soon as the other nodes are known; it is followed at once. True when
 * the role changed. */
bool role_choose(struct role *role, bool elected);
/* Others' data came in at once. That shows that a primary lives only for a while: a daemon waits 20
 * s for a dead one, but when it has given it up, after 60 s, it answers from its own memory. */
void role_on_heard(struct role *role, double now);
/* Something of it was new. */
void role_on_news(struct role *role, double now);
/* Follows the choice of now; true when the role changed. */
bool role_update(struct role *role, bool elected, double now);

#endif
