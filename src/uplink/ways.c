/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/ways.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A round of all targets is not broken off by an urge before this time, so that many urges do not
 * keep every one of them from ending. Seconds. */
#define URGE_PATIENCE 1.0

static int check(const struct uplink_way *wish, size_t count)
{
	if (count > UPLINK_WAYS_MAX) {
		return -E2BIG;
	}
	for (size_t i = 0; i < count; i++) {
		bool family = wish[i].family == AF_INET || wish[i].family == AF_INET6;
		if (wish[i].key[0] == '\0' || !family || !ifname_is_valid(wish[i].device)) {
			return -EINVAL;
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(wish[i].key, wish[j].key) == 0) {
				return -EINVAL;
			}
		}
	}
	return 0;
}

int ways_open(struct ways *ways, const struct uplink_way *wish, size_t count, size_t target_count,
	double now)
{
	int result = check(wish, count);

	if (result < 0) {
		return result;
	}
	struct ways opened = {.items = calloc(count + 1, sizeof(*opened.items))};
	for (size_t i = 0; opened.items != NULL && i < count; i++) {
		struct way *way = &opened.items[i];
		way->wish = wish[i];
		way->first_at = now;
		way->memory.outcomes = calloc(target_count + 1, sizeof(*way->memory.outcomes));
		opened.count = i + 1;
		if (way->memory.outcomes == NULL) {
			ways_close(&opened);
		}
	}
	if (opened.items == NULL) {
		return -ENOMEM;
	}
	*ways = opened;
	return 0;
}

void way_abort(struct way *way)
{
	round_free(way->round);
	way->round = NULL;
}

void ways_close(struct ways *ways)
{
	for (size_t i = 0; i < ways->count; i++) {
		way_abort(&ways->items[i]);
		free(ways->items[i].memory.outcomes);
	}
	free(ways->items);
	*ways = (struct ways){0};
}

/* Do packets go where they went? */
static bool leads_the_same(const struct uplink_way *a, const struct uplink_way *b)
{
	return a->family == b->family && strcmp(a->device, b->device) == 0 &&
	       memcmp(&a->source, &b->source, sizeof(a->source)) == 0;
}

bool ways_are_same(const struct ways *ways, const struct uplink_way *wish, size_t count)
{
	if (ways->count != count) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct uplink_way *way = &ways->items[i].wish;
		if (strcmp(way->key, wish[i].key) != 0 || !leads_the_same(way, &wish[i]) ||
			way->interval != wish[i].interval || way->light != wish[i].light) {
			return false;
		}
	}
	return true;
}

static void take_over(struct way *way, struct way *before, bool same_targets, double now)
{
	struct way taken = *before;

	taken.wish = way->wish;
	if (!same_targets) {
		taken.memory = way->memory;
		way->memory = before->memory;
	}
	if (!same_targets || !leads_the_same(&way->wish, &before->wish) ||
		way->wish.light != before->wish.light) {
		way_abort(&taken);
	}
	if (!leads_the_same(&way->wish, &before->wish)) {
		way_urge(&taken, now);
	}
	/* What is left there goes with the others. */
	before->memory = way->memory;
	before->round = NULL;
	*way = taken;
}

void ways_take_over(struct ways *ways, struct ways *before, bool same_targets, double now)
{
	for (size_t i = 0; i < ways->count; i++) {
		struct way *old = ways_find(before, ways->items[i].wish.key);
		if (old != NULL) {
			take_over(&ways->items[i], old, same_targets, now);
		}
	}
}

struct way *ways_find(const struct ways *ways, const char *key)
{
	for (size_t i = 0; i < ways->count; i++) {
		if (strcmp(ways->items[i].wish.key, key) == 0) {
			return &ways->items[i];
		}
	}
	return NULL;
}

static bool asks_all(const struct round *round)
{
	enum round_extent extent = round_extent(round);

	return extent == ROUND_ALL || extent == ROUND_LIGHT;
}

void way_urge(struct way *way, double now)
{
	if (!way->urged) {
		way->urged = true;
		way->urged_at = now;
	}
	if (way->round != NULL &&
		(!asks_all(way->round) || now >= round_started(way->round) + URGE_PATIENCE)) {
		way_abort(way);
	}
}
