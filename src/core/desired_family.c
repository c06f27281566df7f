/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node whose kernel has no IPv6 (ipv6.disable=1) is an IPv4 node. */
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/desired_build.h"

static bool is_ipv6(enum object_type type, const void *object)
{
	const struct prefix *prefix = &((const struct address *)object)->key.prefix;

	if (type == OBJECT_LINK) {
		return ((const struct link *)object)->kind == LINK_IP6TNL;
	}
	if (type == OBJECT_ROUTE) {
		prefix = &((const struct route *)object)->key.destination;
	} else if (type == OBJECT_RULE) {
		prefix = &((const struct rule *)object)->key.source;
	}
	return prefix->ip.family == AF_INET6;
}

static void drop_objects(struct state *desired, enum object_type type)
{
	struct object_set *set = &desired->sets[type];
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		const void *object = state_at(desired, type, i);
		if (!is_ipv6(type, object)) {
			memmove(state_at(desired, type, kept++), object, object_classes[type].size);
		}
	}
	set->count = kept;
}

void build_drop_ipv6(struct build *build)
{
	static const enum object_type types[] = {OBJECT_LINK, OBJECT_ADDRESS, OBJECT_ROUTE,
		OBJECT_RULE};
	const uint64_t fields = FIELD_BIT(LINK_ADDR_GEN_MODE) | FIELD_BIT(LINK_ACCEPT_DAD) |
				FIELD_BIT(LINK_ACCEPT_RA);

	if (!build->observed->no_ipv6) {
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		drop_objects(build->desired, types[i]);
	}
	for (size_t i = 0; i < state_count(build->desired, OBJECT_LINK); i++) {
		struct link *link = state_at(build->desired, OBJECT_LINK, i);
		link->head.has &= ~fields;
	}
	problem_add(build->problems, PROBLEM_UNSUPPORTED, "IPv6",
		"take ipv6.disable=1 out of the kernel's command line",
		"this kernel has no IPv6: the node works without it");
}
