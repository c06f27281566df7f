/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a routing state matters for the ways to the Internet. */
#include <string.h>

#include "core/gateway.h"
#include "core/routing_state.h"

#define BABEL_INFINITY 65535

bool routing_route_is_retracted(enum link_protocol protocol, const struct routing_route *route)
{
	return protocol == PROTOCOL_BABELD && route->metric >= BABEL_INFINITY;
}

bool routing_prefix_is_way(const struct prefix *prefix)
{
	struct prefix offers;

	if (prefix->ip.family == 0) {
		return false;
	}
	if (prefix->length == 0) {
		return true;
	}
	if (prefix_parse(GATEWAY_OFFER_NETWORK, &offers) < 0 ||
		prefix->ip.family != offers.ip.family || prefix->length < offers.length) {
		return false;
	}
	struct prefix around = {.ip = prefix->ip, .length = offers.length};
	around = prefix_network(&around);
	return memcmp(&around, &offers, sizeof(around)) == 0;
}

/* The next way at or after *index, NULL when there is none. */
static const struct routing_route *next_route(const struct routing_state *state, size_t *index)
{
	while (*index < state->route_count) {
		const struct routing_route *route = &state->routes[(*index)++];
		if (routing_prefix_is_way(&route->destination)) {
			return route;
		}
	}
	return NULL;
}

static const struct routing_network *next_network(const struct routing_state *state, size_t *index)
{
	while (*index < state->network_count) {
		const struct routing_network *network = &state->networks[(*index)++];
		if (routing_prefix_is_way(&network->network)) {
			return network;
		}
	}
	return NULL;
}

static bool routes_same(const struct routing_state *left, const struct routing_state *right)
{
	size_t l = 0;
	size_t r = 0;
	const struct routing_route *a;
	const struct routing_route *b;

	do {
		a = next_route(left, &l);
		b = next_route(right, &r);
		if (a == NULL || b == NULL) {
			return a == b;
		}
	} while (memcmp(&a->destination, &b->destination, sizeof(a->destination)) == 0 &&
		 memcmp(&a->source, &b->source, sizeof(a->source)) == 0 &&
		 memcmp(&a->via, &b->via, sizeof(a->via)) == 0 && strcmp(a->link, b->link) == 0 &&
		 strcmp(a->id, b->id) == 0 && a->installed == b->installed &&
		 routing_route_is_retracted(left->protocol, a) ==
			 routing_route_is_retracted(right->protocol, b));
	return false;
}

bool routing_state_ways_same(const struct routing_state *left, const struct routing_state *right)
{
	size_t l = 0;
	size_t r = 0;
	const struct routing_network *a;
	const struct routing_network *b;

	do {
		a = next_network(left, &l);
		b = next_network(right, &r);
		if (a == NULL || b == NULL) {
			return a == b && left->answers == right->answers &&
			       routes_same(left, right);
		}
	} while (memcmp(&a->network, &b->network, sizeof(a->network)) == 0 &&
		 strcmp(a->id, b->id) == 0 && strcmp(a->tunnel, b->tunnel) == 0 &&
		 a->bandwidth == b->bandwidth && a->own == b->own);
	return false;
}

const struct routing_route *routing_state_find_route(const struct routing_state *state,
	const struct prefix *network)
{
	const struct routing_route *best = NULL;

	for (size_t i = 0; i < state->route_count; i++) {
		const struct routing_route *route = &state->routes[i];
		if (memcmp(&route->destination, network, sizeof(*network)) != 0 ||
			route->source.ip.family != 0 ||
			routing_route_is_retracted(state->protocol, route)) {
			continue;
		}
		bool better = best == NULL ||
			      (state->protocol == PROTOCOL_BMX7 ? route->metric > best->metric
								: route->metric < best->metric);
		if (best != NULL && route->installed != best->installed) {
			better = route->installed;
		}
		best = better ? route : best;
	}
	return best;
}
