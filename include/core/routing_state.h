/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the layer-3 daemons report, in one form for both. */
#ifndef CORE_ROUTING_STATE_H
#define CORE_ROUTING_STATE_H

#include <jansson.h>

#include "base/text.h"
#include "core/config.h"

struct routing_neighbour {
	struct ip address; /* link-local */
	char link[IFNAMSIZ];
	char name[64];      /* hostname, "" when the protocol has none */
	char id[64];        /* bmx7: node id; babeld: router id, "" when not known */
	uint32_t cost;      /* babeld: cost of the link, lower is better; bmx7: 0 */
	uint8_t rx_quality; /* 0..100 */
	uint8_t tx_quality;
};

struct routing_route {
	struct prefix destination;
	struct prefix source; /* family 0 = any */
	struct ip via;        /* next hop, link-local, or family 0 */
	char link[IFNAMSIZ];
	char id[64];     /* of the node that announces it */
	uint64_t metric; /* the protocol's own: babeld 0..65535, lower is better; bmx7 bit/s,
			    higher is better */
	bool installed;  /* the daemon says it is in the kernel */
};

struct routing_node {
	char id[64];
	char name[64];
	struct ip address; /* bmx7: primary address; babeld: none */
	uint64_t metric;   /* as in routes */
	uint8_t hops;      /* 0 = not known */
	bool reachable;
	bool self;
};

/* A network that a node announces: the node itself when id is our own. bmx7: default routes only of
 * nodes that are within reach. */
struct routing_network {
	struct prefix network;
	char id[64];
	char name[64];
	uint64_t bandwidth;    /* bit/s, 0 = not announced */
	uint64_t metric;       /* of the path, as in routes */
	char tunnel[IFNAMSIZ]; /* bmx7: the tunnel in use for it, "" = not in use; of a default
				  route: the one that stands to that node, used or not */
	bool own;
};

struct routing_state {
	enum link_protocol protocol; /* PROTOCOL_BMX7 or PROTOCOL_BABELD */
	bool answers;                /* the rest is what it said last */
	double time;                 /* monotonic seconds of the last answer */
	char id[64];                 /* our own */
	char version[32];
	struct routing_neighbour *neighbours;
	size_t neighbour_count;
	struct routing_route *routes;
	size_t route_count;
	struct routing_node *nodes;
	size_t node_count;
	struct routing_network *networks;
	size_t network_count;
	size_t left_out; /* entries over the bounds */
};

/* More than these are counted in left_out, not kept. */
#define ROUTING_NEIGHBOURS_MAX 1024
#define ROUTING_ROUTES_MAX     10000
#define ROUTING_NODES_MAX      4096
#define ROUTING_NETWORKS_MAX   10000

/* Each copies one entry in. 0 (also when it is left out) or -ENOMEM. */
int routing_state_add_neighbour(struct routing_state *state,
	const struct routing_neighbour *neighbour);
int routing_state_add_route(struct routing_state *state, const struct routing_route *route);
int routing_state_add_node(struct routing_state *state, const struct routing_node *node);
int routing_state_add_network(struct routing_state *state, const struct routing_network *network);
/* Brings every array into the order that people see: neighbours by link, routes and networks by
 * destination, nodes with ourselves first. */
void routing_state_sort(struct routing_state *state);
/* Do people see the same in both (sorted)? Costs, qualities and metrics, which never rest, do not
 * count, nor does the time. */
bool routing_state_looks_same(const struct routing_state *a, const struct routing_state *b);
/* Are the ways to the Internet the same in both (sorted): default routes, and Babel's addresses of
 * gateways (GATEWAY_OFFER_NETWORK)? Metrics count as far as they say that a route is retracted. */
bool routing_state_ways_same(const struct routing_state *a, const struct routing_state *b);
/* Is it such a network? */
bool routing_prefix_is_way(const struct prefix *prefix);
/* The route to exactly that network: the installed one, else the best; NULL when there is none but
 * retracted ones. */
const struct routing_route *routing_state_find_route(const struct routing_state *state,
	const struct prefix *network);
bool routing_route_is_retracted(enum link_protocol protocol, const struct routing_route *route);
/* A name that came from the mesh: of valid UTF-8 only whole printable characters are kept, at most
 * size - 1 bytes; zero-filled. */
void routing_state_copy_name(char *to, size_t size, const char *from);
/* Is it the id of a node in bmx7, a SHA-224 in hexadecimal of either case? */
bool routing_state_is_node_id(const char *text);

void routing_state_free(struct routing_state *state);
/* {"protocol","answers","id","version","neighbours":[..],"routes":[..],"nodes":[..],
 * "networks":[..],"left_out"}, see docs/control.md. NULL when memory ends. */
json_t *routing_state_to_json(const struct routing_state *state);

#endif
