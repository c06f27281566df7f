/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Default routes that other programs made, with all their next hops. */
#ifndef KERNEL_CODEC_DEFAULT_H
#define KERNEL_CODEC_DEFAULT_H

#include <libmnl/libmnl.h>

#include "core/state.h"

#define CODEC_NEXTHOPS_MAX 16

struct codec_nexthop {
	uint32_t ifindex;
	struct ip via; /* of the route's family, zero bytes = none */
	bool dead;     /* its link is down or has no carrier */
};

struct codec_default {
	struct default_route route; /* without link and via */
	uint8_t family;
	struct codec_nexthop nexthops[CODEC_NEXTHOPS_MAX];
	size_t count;
};

/* Decodes RTM_NEWROUTE or RTM_DELROUTE. 0, or -ENOENT when it is no plain default route, or ours,
 * or stands in one of the tables 170 to 175. */
int codec_default_decode(const struct nlmsghdr *message, struct codec_default *found);
/* Asks for the routes of a family by a link, in all tables. */
void codec_default_request(struct nlmsghdr *message, uint8_t family, uint32_t ifindex);

#endif
