/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cloud time is the median of the nodes' own clocks. Every author publishes what its own clock
 * shows, never corrected, so there is no feedback: nodes that hear the same authors come to the
 * same time, and none drifts because of another. */
#include <math.h>
#include <string.h>

#include "core/lease_book.h"

#define HYSTERESIS   10.0   /* seconds; delays on the way stay below it mostly */
#define JUMP         60.0   /* a sample so far from the one before is a clock that was set */
#define AHEAD_MAX    60.0   /* of an author that reckons as we do ... */
#define BEHIND_MAX   1800.0 /* ... old data seems to come from a clock behind */
#define SAMPLE_SLACK 0.001  /* of a number that went through a double and back */

int64_t lease_clock_time(const struct lease_book *book, double boot)
{
	return (int64_t)floor(boot + book->offset + SAMPLE_SLACK);
}

void lease_clock_sample(struct lease_node *node, const struct fact *fact,
	const struct lease_now *now)
{
	double sample = (double)fact->wall - now->boot;

	if (node->sample_count > 0) {
		double before = node->samples[(node->sample_count - 1) % LEASE_SAMPLES_MAX];

		if (fabs(sample - before) > JUMP) {
			node->sample_count = 0;
		}
	}
	node->samples[node->sample_count++ % LEASE_SAMPLES_MAX] = sample;
	node->cloud_offset = (double)fact->published - now->boot;
}

/* The way to us takes time and makes the clock seem behind: the largest sample is the best. */
static double best_sample(const struct lease_node *node)
{
	double best = node->samples[0];

	for (size_t i = 1; i < LEASE_SAMPLES_MAX && i < node->sample_count; i++) {
		best = node->samples[i] > best ? node->samples[i] : best;
	}
	return best;
}

static int compare_samples(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return a < b ? -1 : a > b;
}

/* The median of the clocks that are set at all, if any is. Of an even number it is the later of the
 * two in the middle: a clock that is wrong is mostly behind. */
static double median(double *samples, size_t count, double boot)
{
	size_t unset = 0;

	qsort(samples, count, sizeof(*samples), compare_samples);
	while (unset < count && samples[unset] + boot < LEASE_WALL_FLOOR) {
		unset++;
	}
	if (unset == count) {
		unset = 0;
	}
	return samples[unset + (count - unset) / 2];
}

static void give_offset(struct lease_book *book, double offset)
{
	/* Ages are kept by the boot clock, so that what is published moves along by itself. */
	book->offset = offset;
	book->has_offset = true;
}

void lease_clock_update(struct lease_book *book, const struct lease_now *now)
{
	double samples[LEASE_NODES_MAX + 1];
	size_t count = 0;

	samples[count++] = now->wall - now->boot;
	for (size_t i = 0; i < book->node_count; i++) {
		const struct lease_node *node = &book->nodes[i];

		if (node->sample_count > 0 && now->boot - node->received <= LEASE_NODE_KEEP) {
			samples[count++] = best_sample(node);
		}
	}
	double offset = median(samples, count, now->boot);
	if (!book->has_offset) {
		give_offset(book, offset);
	} else if (fabs(offset - book->offset) > HYSTERESIS) {
		give_offset(book, offset);
		lease_mark_urgent(book, now);
	}
}

int64_t lease_clock_shift(const struct lease_book *book, const struct lease_node *node)
{
	double ahead = node->cloud_offset - book->offset;

	return ahead <= AHEAD_MAX && ahead >= -BEHIND_MAX ? 0 : -(int64_t)floor(ahead);
}

bool lease_clock_agrees(const struct lease_book *book, const struct lease_node *node)
{
	return fabs(node->cloud_offset - book->offset) <= AHEAD_MAX;
}

double lease_book_cloud_time(const struct lease_book *book, const struct lease_now *now)
{
	return now->boot + book->offset;
}
