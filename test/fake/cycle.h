/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meshd's cycle on a fake kernel, and what must hold of every one: the plan is taken, ends at what
 * is wanted, touches nothing foreign, and the next plan is empty. A test fails where it does not.
 */
#ifndef FAKE_CYCLE_H
#define FAKE_CYCLE_H

#include "fake/world.h"

struct wanted {
	/* Fills desired (sorted) from what, given what is there. 0 or -errno. */
	int (*build)(const void *what, const struct state *observed, struct state *desired);
	const void *what;
};

/* Plans and applies to the end, verifying everything. */
void cycle_run(uint64_t seed, struct fake_kernel *kernel, const struct wanted *wanted,
	struct dice *dice);
/* On a copy of start: the daemon dies after some ops, or in the middle of one, and starts again. */
void cycle_run_cut(uint64_t seed, const struct fake_kernel *start, const struct wanted *wanted,
	struct dice *dice);
/* Cut some times, then run to its end; then others change this and that. */
void cycle_round(uint64_t seed, struct fake_kernel *kernel, const struct wanted *wanted,
	struct dice *dice, int cuts);

#define CYCLE_PARTS 10

/* Runs one part of the seeds from 0 to cases - 1, or the one that FAKE_SEED names. */
void cycle_seeds(int part, uint64_t cases, void (*run_case)(uint64_t seed));

#endif
