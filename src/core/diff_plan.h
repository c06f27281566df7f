/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A diff in the making, for the files it is written in. */
#ifndef CORE_DIFF_PLAN_H
#define CORE_DIFF_PLAN_H

#include "core/diff.h"

struct diff {
	const struct state *desired;
	const struct state *observed;
	bool *gone; /* observed links this plan deletes, or the kernel with them */
	bool any_gone;
	uint32_t next_ifindex;
	struct plan *plan;
	bool no_memory;
};

/* Is it an observed link that this plan deletes, or the kernel with another? */
bool diff_link_is_gone(const struct diff *diff, const char *name);
/* Will the link be there when the plan has run, without having been made anew by it? */
bool diff_link_stays(const struct diff *diff, const char *name);

/* What the kernel does to routes by itself, once all ops on links and addresses are planned: does
 * it take the observed route away, and does it make the desired one? */
bool diff_kernel_takes_route(const struct diff *diff, const struct route *observed);
/* Does the kernel leave the observed route, but without its source? */
bool diff_kernel_clears_source(const struct diff *diff, const struct route *observed);
bool diff_kernel_makes_route(const struct diff *diff, const struct route *desired);

#endif
