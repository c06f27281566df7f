/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of a plan and of the network after it; each returns NULL or what is wrong (a text
 * that is good until the next call). */
#ifndef FAKE_VERIFY_H
#define FAKE_VERIFY_H

#include "fake/fake_kernel.h"

struct verdict {
	char text[512]; /* "" = all is well */
};

/* Phases in order; only our own objects deleted; only our own or borrowed ones set. */
bool verify_plan(const struct plan *plan, struct verdict *verdict);
/* Every op was taken. */
bool verify_taken(const struct plan *plan, struct verdict *verdict);
/* Every desired object is there and equal in all its fields. */
bool verify_reached(const struct state *desired, const struct state *observed,
	struct verdict *verdict);
/* Nothing foreign changed, but what was borrowed or stood on a link that had to go; and links that
 * did not have to go have kept their numbers. */
bool verify_untouched(const struct state *desired, const struct state *before,
	const struct state *after, struct verdict *verdict);

#endif
