/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/sharing_take.h"

#include <math.h>
#include <string.h>

#define REQUEST_SAFETY    60.0 /* a primary asks without an event, too */
#define SECONDARY_PERIODS 3    /* within so many, a secondary's data came to its primary */
#define SECONDARY_BYTES   8192 /* a second, for the polls of a secondary */

struct taken {
	size_t others;      /* datasets of other nodes */
	size_t news;        /* of these, new or changed */
	bool own;           /* our newest dataset is there under our MAC */
	bool own_elsewhere; /* or under another one */
	bool later;         /* some have to be offered again */
	bool partial;       /* the primary did not tell all */
};

static bool is_pushed(const struct sharing *sharing, const struct alfred_set *set)
{
	return sharing->pushed_length > 0 && set->length == sharing->pushed_length &&
	       memcmp(set->payload, sharing->pushed, set->length) == 0;
}

static int take_set(struct sharing *sharing, const struct alfred_set *set, struct taken *taken)
{
	struct lease_now now = sharing_now(sharing->now);
	enum lease_taken became = LEASE_UNCHANGED;

	if (set->type != sharing->type) {
		return 0;
	}
	if (memcmp(&set->source, &sharing->source, sizeof(set->source)) == 0) {
		taken->own = taken->own || is_pushed(sharing, set);
		return 0; /* our own, or what peers still had of an earlier run */
	}
	if (is_pushed(sharing, set)) {
		taken->own_elsewhere = true;
		return 0;
	}
	int result = lease_book_take(sharing->book, &set->source, set->payload, set->length, &now,
		&became);
	taken->others++;
	taken->news += result == 0 && became == LEASE_TAKEN;
	taken->later = taken->later || became == LEASE_LATER;
	return result;
}

/* 0, -EBADMSG (what came before the fault is taken), or -ENOMEM. */
static int take(struct sharing *sharing, const uint8_t *bytes, size_t length, struct taken *taken)
{
	struct alfred_reader reader = {.bytes = bytes, .length = length};
	struct alfred_set set;
	int result;

	while ((result = alfred_wire_next(&reader, alfred_request_id(sharing->alfred), &set)) ==
		1) {
		result = take_set(sharing, &set, taken);
		if (result < 0) {
			return result;
		}
	}
	taken->partial = reader.partial;
	return result;
}

/* The daemon said no word about it: the data may have been refused, or lost with its interface. */
void sharing_push_failed(struct sharing *sharing)
{
	double wait = ldexp(0.5, (int)(sharing->push_failures < 5 ? sharing->push_failures : 5));

	sharing->push_failures++;
	sharing->lost_pushes++;
	sharing->push_due = sharing->now + fmin(wait, 10);
	lease_book_republish(sharing->book);
}

/* Is our dataset there as it was pushed? */
static void verify(struct sharing *sharing, const struct taken *taken)
{
	if (sharing->verified || sharing->pushed_length == 0 ||
		sharing->request_began < sharing->pushed_at || sharing->command == SHARING_PUSH) {
		return;
	}
	if (taken->own) {
		sharing->verified = true;
		sharing->misnamed = false;
		sharing->push_failures = 0;
	} else if (sharing->status.primary ||
		   sharing->now - sharing->pushed_at >
			   SECONDARY_PERIODS * sharing->sync_seconds + ALFRED_CALL_SECONDS) {
		sharing->pushed_length = 0;
		sharing_push_failed(sharing);
	}
	sharing->misnamed = taken->own_elsewhere && !taken->own;
}

/* A primary's own daemon has it all; a secondary fetches everything each time, so it asks less
 * often the more there is. */
static double request_period(const struct sharing *sharing, size_t length)
{
	double bounded = fmin((double)length / SECONDARY_BYTES, REQUEST_SAFETY);

	return sharing->status.primary ? REQUEST_SAFETY : fmax(sharing->sync_seconds, bounded);
}

void sharing_on_request(struct sharing *sharing, int result, const uint8_t *bytes, size_t length)
{
	struct taken taken = {0};
	double period = request_period(sharing, length);

	if (result == 0) {
		result = take(sharing, bytes, length, &taken);
	}
	if (result < 0) {
		sharing->request_due = sharing->now + fmin(period, ALFRED_CALL_SECONDS);
		return;
	}
	if (taken.news > 0) {
		role_on_news(&sharing->role, sharing->now);
	} else if (taken.others > 0 && !taken.partial &&
		   sharing->now - sharing->request_began < ALFRED_CALL_SECONDS) {
		role_on_heard(&sharing->role, sharing->now);
	}
	if (!taken.partial) {
		if (!sharing->heard) {
			sharing->heard = true;
			sharing->role_due = sharing->now;
		}
		verify(sharing, &taken);
	}
	sharing->request_due = fmax(sharing->request_began + period, sharing->now + REQUEST_GAP);
	if (sharing->request_again || taken.later) {
		sharing->request_due = sharing->now + (taken.later ? 1.0 : REQUEST_GAP);
	}
	sharing->request_again = false;
}

bool sharing_elected(const struct sharing *sharing)
{
	struct lease_now now = sharing_now(sharing->now);
	uint64_t others[LEASE_NODES_MAX];
	struct lease_node_view view;
	size_t count = 0;

	for (size_t i = 1;
		count < LEASE_NODES_MAX && lease_book_node(sharing->book, i, &now, &view); i++) {
		if (view.fresh) {
			others[count++] = role_rank(&view.mac);
		}
	}
	return role_is_elected(role_rank(&sharing->mac), others, count, sharing->primaries_max);
}
