/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what the kernel and the layer-3 daemons say to candidates, and from decisions to what the
 * kernel and the daemons are to do. Pure. */
#ifndef CORE_GATEWAY_WAYS_H
#define CORE_GATEWAY_WAYS_H

#include "core/config.h"
#include "core/gateway.h"
#include "core/gateway_wish.h"
#include "core/identity.h"
#include "core/routing_state.h"

#define GATEWAY_OWN_MAX        32
#define GATEWAY_CANDIDATES_MAX 256 /* of one family; more are left out */

/* An uplink of this node in one family: a default route on an interface that "uplinks" names. */
struct gateway_own {
	char link[IFNAMSIZ];
	uint8_t family;
	struct ip via; /* family 0 = none */
	struct ip source;
	uint32_t table; /* where the route was found */
	struct uplink_config config;
	bool gone;   /* the route is not there now; its penalty is remembered for a while */
	bool spared; /* UPLINK_SHARE_SPARE: the node's own users need it now */
};

/* The entry of "uplinks" for an interface: its name goes before a glob. NULL: none. */
const struct uplink_config *gateway_uplink_config(const struct config *config, const char *link);
/* The uplinks that there are, by link; of several default routes of a link the one of the least
 * metric. Returns how many. */
size_t gateway_find_own(const struct config *config, const struct state *observed,
	struct gateway_own own[GATEWAY_OWN_MAX]);

/* A node's name by its MAC. */
struct gateway_name {
	struct mac mac;
	char name[64];
};

struct gateway_gather {
	const struct config *config;
	const struct identity *identity; /* has_node */
	const struct gateway_own *own;
	size_t own_count;
	const struct routing_state *routing[2]; /* of bmx7, of babeld; NULL = it does not run */
	const struct gateway_name *names;
	size_t name_count;
	bool tunnels; /* the kernel can make those for Babel's gateways */
};

enum gateway_family gateway_own_family(const struct gateway_own *own);
const char *gateway_family_text(enum gateway_family family); /* "ipv4", "ipv6" */

/* All ways of a family, without their health. *candidates is malloc'd. 0 or -ENOMEM. */
int gateway_gather(const struct gateway_gather *gather, enum gateway_family family,
	struct gateway_candidate **candidates, size_t *count);

/* The name of a candidate's path for the probes: "ipv4 uplink wan0". */
#define GATEWAY_PATH_KEY_SIZE 96
void gateway_path_key(enum gateway_family family, const struct gateway_key *key,
	char text[GATEWAY_PATH_KEY_SIZE]);
/* The same of an uplink of this node. */
void gateway_own_path_key(const struct gateway_own *own, char text[GATEWAY_PATH_KEY_SIZE]);
/* The tunnel to a gateway of that MAC. */
void gateway_tunnel_name(enum gateway_family family, const struct mac *mac, char name[IFNAMSIZ]);

/* May the mesh use this uplink now? why: of GATEWAY_TEXT_SIZE, says why not, "" when it may. */
bool gateway_may_offer(const struct gateway_own *own, const struct path *path,
	const struct gateway_choice *choice, char *why);

struct gateway_wish_input {
	const struct config *config;
	const struct identity *identity;     /* has_node */
	const struct state *observed;        /* sorted */
	const struct gateway_links *transit; /* where babeld runs */
	bool tunnels;                        /* the kernel can make those for Babel's gateways */
	const struct gateway_own *own;
	size_t own_count;
	bool offered[GATEWAY_OWN_MAX]; /* of own: may the mesh use it? */
	bool local_only;               /* nothing but own uplinks may be used */
	const struct gateway_candidate *candidates[GATEWAY_FAMILIES];
	const struct gateway_decision *decisions[GATEWAY_FAMILIES];
};

/* True when something was left out because it is too much. */
bool gateway_wish_build(const struct gateway_wish_input *input, struct gateway_wish *wish);

/* What is offered of a family: the bandwidth of the best uplink (bit/s, 0 = not known); false when
 * none is. */
bool gateway_offer(const struct gateway_wish_input *input, enum gateway_family family,
	uint64_t *bandwidth);

#endif
