/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the decisions about the ways to the Internet mean for the kernel: tables, rules, tunnels and
 * masquerading. core/desired_gateway.c turns it into objects.
 *
 * Rules, in both families:
 *   1000 lookup main, without its default routes
 *   1001 oif UPLINK lookup 174: what is bound to an uplink (its probes) goes by it, whatever is in
 * use 1002 iif GUEST lookup 175, 1003 iif GUEST unreachable: what came through a tunnel leaves by
 * an uplink of this node or not at all, so that no packet is passed on in a circle 1004 iif TRANSIT
 * lookup 175: what came hop by hop, too, while this node offers a way 1010 lookup 171: the way in
 * use 1011 lookup 172: Babel's default route, when that is in use 1012 lookup 173: the next best
 * ways, should the device of the one in use vanish 1013 lookup 172 and the kernel's own rule for
 * main comes last, with the default routes that others made. */
#ifndef CORE_GATEWAY_WISH_H
#define CORE_GATEWAY_WISH_H

#include "base/text.h"

#define GATEWAY_ROUTES_MAX    32
#define GATEWAY_TUNNELS_MAX   16
#define GATEWAY_WITHDRAWN_MAX 8
#define GATEWAY_LINKS_MAX     32

/* The two families everywhere in arrays of two: IPv4 first. */
enum gateway_family { GATEWAY_IPV4, GATEWAY_IPV6, GATEWAY_FAMILIES };

/* A default route. */
struct gateway_route {
	uint8_t family;
	char link[IFNAMSIZ]; /* "" = unreachable */
	struct ip via;       /* family 0 = none */
	struct ip source;    /* preferred, family 0 = none */
	uint32_t metric;
};

struct gateway_routes {
	struct gateway_route items[GATEWAY_ROUTES_MAX];
	size_t count;
};

struct gateway_tunnel {
	char name[IFNAMSIZ];
	uint8_t family;   /* of what it carries */
	struct ip local;  /* our end */
	struct ip remote; /* family 0: from anybody, and local is an address of the tunnel itself */
};

struct gateway_links {
	char items[GATEWAY_LINKS_MAX][IFNAMSIZ];
	size_t count;
};

struct gateway_wish {
	bool enabled; /* else none of all this is there */
	bool keep;    /* not known yet, right after a start: what is there of all this stays */
	struct gateway_routes in_use;  /* table 171 */
	bool hop[GATEWAY_FAMILIES];    /* Babel's own default route is in use */
	struct gateway_routes warm;    /* table 173 */
	struct gateway_routes uplinks; /* table 174 */
	struct gateway_routes offers;  /* table 175 */
	/* Table 176: networks that babeld announced until a moment ago, see core/render_babeld.c.
	 */
	struct prefix withdrawn[GATEWAY_WITHDRAWN_MAX];
	size_t withdrawn_count;
	struct gateway_tunnel tunnels[GATEWAY_TUNNELS_MAX];
	size_t tunnel_count;
	struct gateway_links guests;
	struct gateway_links transit;
	struct gateway_links masquerade[GATEWAY_FAMILIES];
	/* Uplinks that would stop hearing router advertisements, as this node forwards. */
	struct gateway_links accept_ra;
};

#endif
