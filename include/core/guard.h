/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps reconciling from becoming a war. An object whose operation fails is tried again later and
 * later; an object that somebody undoes again and again is left alone for a while, and named. */
#ifndef CORE_GUARD_H
#define CORE_GUARD_H

#include "core/plan.h"
#include "core/problem.h"

#define GUARD_HEALS       5    /* so many times ... */
#define GUARD_WINDOW      60.0 /* ... in so many seconds make it a war */
#define GUARD_RETRY_FIRST 1.0  /* seconds after a failure, doubling */
#define GUARD_RETRY_LAST  60.0
#define GUARD_TRUCE_FIRST 10.0 /* seconds of leaving alone, doubling */
#define GUARD_TRUCE_LAST  300.0
#define GUARD_ENTRIES     4096 /* the quietest entry is forgotten for a new one */

struct guard_entry;

struct guard {
	struct guard_entry *entries;
	size_t count;
	const char
		*suspect; /* the program likely to undo us, for the words of a problem; or NULL */
};

/* All times are seconds on one monotonic clock. */

/* Forgets what is remembered of objects that have become wanted, or unwanted, since, and of tables
 * that have become others: a way to the Internet that comes and goes by decision is no war. Before
 * guard_filter(). */
void guard_follow(struct guard *guard, const struct state *desired);
/* Takes out of the plan the ops on objects that have to wait, and those that need them. What they
 * wait for is added to problems.
 * Returns the time at which the first of them may be tried, or 0 when none waits. */
double guard_filter(struct guard *guard, const struct state *observed, struct plan *plan,
	double now, struct problem_list *problems);
/* Remembers what became of one op: a heal (problem NULL) or a failure and why. Successes of a first
 * apply are no heals and need no note. 0 or -ENOMEM. */
int guard_note(struct guard *guard, const struct state *observed, const struct op *op, double now,
	const struct problem *problem);
/* Earliest time at which a waiting object may be tried, or 0. */
double guard_next(const struct guard *guard, double now);
void guard_free(struct guard *guard);

#endif
