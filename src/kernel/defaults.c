/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/defaults.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/codec_default.h"
#include "kernel/room.h"

#define REPEAT_MAX 5

struct reader {
	struct state *state;
	size_t capacity;
	const struct link *link; /* whose routes are asked for */
	uint8_t family;
};

static int add_default(struct reader *reader, const struct default_route *route)
{
	struct state *state = reader->state;

	if (state->default_count == DEFAULTS_MAX) {
		return 0;
	}
	if (state->default_count == reader->capacity) {
		size_t capacity = reader->capacity == 0 ? 8 : reader->capacity * 2;
		struct default_route *grown =
			reallocarray(state->defaults, capacity, sizeof(*grown));
		if (grown == NULL) {
			return -ENOMEM;
		}
		state->defaults = grown;
		reader->capacity = capacity;
	}
	state->defaults[state->default_count++] = *route;
	return 0;
}

static int take_default(const struct nlmsghdr *message, void *context)
{
	struct reader *reader = context;
	struct codec_default found;
	int error = 0;

	if (codec_default_decode(message, &found) < 0 || found.family != reader->family) {
		return 0;
	}
	memcpy(found.route.link, reader->link->name, sizeof(found.route.link));
	for (size_t i = 0; i < found.count && error == 0; i++) {
		const struct codec_nexthop *hop = &found.nexthops[i];
		if (hop->ifindex == reader->link->head.ifindex && !hop->dead) {
			found.route.via = hop->via;
			error = add_default(reader, &found.route);
		}
	}
	return error;
}

/* The link may have gone since the links were read, and IPv6 may be off. */
static bool is_empty_answer(int error)
{
	return error == -ENODEV || error == -ENOENT || error == -EAFNOSUPPORT ||
	       error == -EOPNOTSUPP;
}

static int read_link(struct kernel *kernel, struct reader *reader)
{
	size_t before = reader->state->default_count;
	char bytes[64];
	int error = -EINTR;

	for (int i = 0; i < REPEAT_MAX && error == -EINTR; i++) {
		reader->state->default_count = before;
		struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
		message->nlmsg_type = RTM_GETROUTE;
		codec_default_request(message, reader->family, reader->link->head.ifindex);
		error = netlink_request(&kernel->rtnl, message, NLM_F_DUMP, take_default, reader);
	}
	return is_empty_answer(error) ? 0 : error;
}

static bool is_uplink(const struct observe_scope *scope, const struct link *link)
{
	for (size_t i = 0; i < scope->uplink_count; i++) {
		if (fnmatch(scope->uplinks[i], link->name, 0) == 0) {
			return true;
		}
	}
	return false;
}

static int compare_defaults(const void *a, const void *b)
{
	const struct default_route *left = a;
	const struct default_route *right = b;
	int order = (left->via.family > right->via.family) - (left->via.family < right->via.family);

	if (order == 0) {
		order = memcmp(left->link, right->link, sizeof(left->link));
	}
	if (order == 0) {
		order = (left->metric > right->metric) - (left->metric < right->metric);
	}
	if (order == 0) {
		order = (left->table > right->table) - (left->table < right->table);
	}
	return order != 0 ? order : memcmp(&left->via, &right->via, sizeof(left->via));
}

int defaults_read(struct kernel *kernel, const struct observe_scope *scope, struct state *state)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct reader reader = {.state = state};
	struct uplinks *uplinks = &kernel->uplinks;

	uplinks->count = 0;
	for (size_t i = 0; i < state_count(state, OBJECT_LINK); i++) {
		reader.link = state_at(state, OBJECT_LINK, i);
		if (uplinks->count == UPLINKS_MAX || !is_uplink(scope, reader.link)) {
			continue;
		}
		uplinks->numbers[uplinks->count++] = reader.link->head.ifindex;
		for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
			reader.family = families[f];
			int error = read_link(kernel, &reader);
			if (error < 0) {
				return error;
			}
		}
	}
	if (state->default_count > 1) {
		qsort(state->defaults, state->default_count, sizeof(*state->defaults),
			compare_defaults);
	}
	return 0;
}

bool defaults_concern(const struct uplinks *uplinks, const struct nlmsghdr *message)
{
	struct codec_default found;

	if (uplinks->count == 0 || codec_default_decode(message, &found) < 0) {
		return false;
	}
	for (size_t i = 0; i < found.count; i++) {
		for (size_t j = 0; j < uplinks->count; j++) {
			if (found.nexthops[i].ifindex == uplinks->numbers[j]) {
				return true;
			}
		}
	}
	return false;
}
