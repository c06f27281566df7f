/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MTUs that base links refused: not asked for again for a while, and what stands on the links is
 * planned smaller. */
#ifndef LOOP_REFUSAL_H
#define LOOP_REFUSAL_H

#include "core/desired.h"
#include "core/plan.h"

struct refusal {
	struct mtu_refusal mtu;
	uint32_t ifindex; /* another link of the same name may take it */
	double until;
};

struct refusal_list {
	struct refusal *items;
	size_t count;
};

/* Times are seconds on one monotonic clock. */

void refusal_list_forget(struct refusal_list *list, const struct state *observed, double now);
/* Remembers the base links of a plan that did not take their MTU. True when there was one. */
bool refusal_list_note(struct refusal_list *list, const struct plan *plan, double now);
/* The earliest time at which one is asked for again, 0 = none. */
double refusal_list_next(const struct refusal_list *list);
void refusal_list_free(struct refusal_list *list);

#endif
