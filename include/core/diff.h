/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CORE_DIFF_H
#define CORE_DIFF_H

#include "core/plan.h"

/* Fills plan with what makes observed equal to desired, ordered by phase. Both states must be
 * sorted and outlive the plan. Objects that are ours and not desired are deleted; foreign ones
 * never are. What the kernel itself takes away with a deleted link is planned to be made anew.
 * ifindex_floor: new links get numbers above it and above all observed ones.
 * 0 or -ENOMEM. */
int diff_plan(const struct state *desired, const struct state *observed, uint32_t ifindex_floor,
	struct plan *plan);

#endif
