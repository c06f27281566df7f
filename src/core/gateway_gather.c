/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/desired.h"
#include "core/gateway_ways.h"

/* Babel has costs, not rates: a hop over a radio link without loss costs 256, so that this is about
 * what one is good for. Only the order matters. */
#define BABELD_RATE     UINT64_C(100000000)
#define BABELD_HOP_COST 256
#define BABELD_INFINITE 65535

static const uint8_t families[GATEWAY_FAMILIES] = {AF_INET, AF_INET6};

/* --- uplinks --- */

const struct uplink_config *gateway_uplink_config(const struct config *config, const char *link)
{
	const struct uplink_config *glob = NULL;

	for (size_t i = 0; i < config->uplink_count; i++) {
		const struct uplink_config *uplink = &config->uplinks[i];
		if (strcmp(uplink->name, link) == 0) {
			return uplink;
		}
		if (glob == NULL && text_is_glob(uplink->name) &&
			fnmatch(uplink->name, link, 0) == 0) {
			glob = uplink;
		}
	}
	return glob;
}

/* A pattern may match more than is meant: what carries the mesh, a LAN port or a link of meshd's is
 * no uplink. */
static bool is_taken(const struct config *config, const struct state *observed, const char *name)
{
	const struct link *link = state_find_link(observed, name);

	return link != NULL && ((link->head.flags & OBJECT_OWNED) || link->master[0] != '\0' ||
				       desired_link_config(config, link) != NULL);
}

static bool uses_family(const struct uplink_config *config, uint8_t family)
{
	return family == AF_INET ? config->ipv4 : config->ipv6;
}

size_t gateway_find_own(const struct config *config, const struct state *observed,
	struct gateway_own own[GATEWAY_OWN_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < observed->default_count && count < GATEWAY_OWN_MAX; i++) {
		const struct default_route *route = &observed->defaults[i];
		const struct uplink_config *uplink = gateway_uplink_config(config, route->link);
		bool again = count > 0 && own[count - 1].family == route->via.family &&
			     strcmp(own[count - 1].link, route->link) == 0;
		/* They are sorted: the first of a link is the one of the least metric. */
		if (uplink == NULL || again || !uses_family(uplink, route->via.family) ||
			is_taken(config, observed, route->link)) {
			continue;
		}
		struct gateway_own *found = &own[count++];
		*found = (struct gateway_own){.family = route->via.family,
			.source = route->source,
			.table = route->table,
			.config = *uplink};
		text_copy(found->link, sizeof(found->link), route->link);
		struct ip none = {.family = route->via.family};
		if (memcmp(&route->via, &none, sizeof(none)) != 0) {
			found->via = route->via;
		}
	}
	return count;
}

/* --- candidates --- */

struct gathering {
	const struct gateway_gather *gather;
	enum gateway_family family;
	struct gateway_candidate *items;
	size_t count;
	bool no_memory;
};

static struct gateway_candidate *add_candidate(struct gathering *gathering, enum gateway_kind kind,
	const char *id)
{
	size_t count = gathering->count;

	if (count >= GATEWAY_CANDIDATES_MAX || id[0] == '\0') {
		return NULL;
	}
	/* Most nodes know a handful. */
	if ((count & (count - 1)) == 0) {
		struct gateway_candidate *items = reallocarray(gathering->items,
			count == 0 ? 1 : count * 2, sizeof(items[0]));
		if (items == NULL) {
			gathering->no_memory = true;
			return NULL;
		}
		gathering->items = items;
	}
	struct gateway_candidate *candidate = &gathering->items[gathering->count++];
	*candidate = (struct gateway_candidate){.key.kind = kind};
	text_copy(candidate->key.id, sizeof(candidate->key.id), id);
	return candidate;
}

static void gather_own(struct gathering *gathering)
{
	const struct gateway_gather *gather = gathering->gather;

	for (size_t i = 0; i < gather->own_count; i++) {
		const struct gateway_own *own = &gather->own[i];
		struct gateway_candidate *candidate =
			!own->gone && own->family == families[gathering->family]
				? add_candidate(gathering, GATEWAY_UPLINK, own->link)
				: NULL;
		if (candidate != NULL) {
			text_copy(candidate->link, sizeof(candidate->link), own->link);
			candidate->via = own->via;
			candidate->bandwidth = (uint64_t)own->config.down * UPLINK_RATE_UNIT;
			candidate->priority = own->config.priority;
		}
	}
}

static bool is_default(const struct prefix *network, uint8_t family)
{
	return network->ip.family == family && network->length == 0;
}

/* Without a search for default routes bmx7 makes no tunnel for them. */
static bool bmx7_searches(const struct config *config, uint8_t family)
{
	for (size_t i = 0; i < config->bmx7.network_count; i++) {
		if (is_default(&config->bmx7.networks[i].network, family)) {
			return true;
		}
	}
	return false;
}

static void gather_bmx7(struct gathering *gathering)
{
	const struct routing_state *state = gathering->gather->routing[0];
	uint8_t family = families[gathering->family];

	if (state == NULL || !bmx7_searches(gathering->gather->config, family)) {
		return;
	}
	for (size_t i = 0; i < state->network_count; i++) {
		const struct routing_network *network = &state->networks[i];
		struct gateway_candidate *candidate =
			!network->own && is_default(&network->network, family)
				? add_candidate(gathering, GATEWAY_BMX7, network->id)
				: NULL;
		if (candidate != NULL) {
			text_copy(candidate->name, sizeof(candidate->name), network->name);
			text_copy(candidate->link, sizeof(candidate->link), network->tunnel);
			candidate->bandwidth = network->bandwidth;
			candidate->path = network->metric;
		}
	}
}

static uint64_t path_of_cost(uint64_t cost)
{
	return BABELD_RATE * BABELD_HOP_COST / (cost == 0 ? 1 : cost);
}

static void name_candidate(const struct gateway_gather *gather, const struct mac *mac,
	struct gateway_candidate *candidate)
{
	for (size_t i = 0; i < gather->name_count; i++) {
		if (memcmp(&gather->names[i].mac, mac, sizeof(*mac)) == 0) {
			text_copy(candidate->name, sizeof(candidate->name), gather->names[i].name);
			return;
		}
	}
}

/* Our router ids, see routing/babeld_file.h, begin with the node's MAC. */
static bool router_id_mac(const char *id, struct mac *mac)
{
	char text[MAC_TEXT_SIZE] = "";

	if (strlen(id) < sizeof(text)) {
		return false;
	}
	memcpy(text, id, sizeof(text) - 1);
	return mac_parse(text, mac) == 0;
}

/* The same destination may be listed by several neighbours. */
static struct gateway_candidate *candidate_once(struct gathering *gathering, enum gateway_kind kind,
	const char *id, uint64_t path)
{
	for (size_t i = 0; i < gathering->count; i++) {
		struct gateway_candidate *candidate = &gathering->items[i];
		if (candidate->key.kind == kind && strcmp(candidate->key.id, id) == 0) {
			return candidate->path < path ? candidate : NULL;
		}
	}
	return add_candidate(gathering, kind, id);
}

static void gather_offer(struct gathering *gathering, const struct routing_route *route)
{
	const struct gateway_gather *gather = gathering->gather;
	uint8_t family = 0;
	uint64_t bandwidth = 0;
	struct mac mac;
	char id[MAC_TEXT_SIZE];

	if (route->destination.length != 128 ||
		!gateway_offer_decode(&route->destination.ip, &family, &bandwidth, &mac) ||
		family != families[gathering->family] ||
		memcmp(&mac, &gather->identity->mac, sizeof(mac)) == 0) {
		return;
	}
	mac_format(&mac, id);
	uint64_t path = path_of_cost(route->metric);
	struct gateway_candidate *candidate = candidate_once(gathering, GATEWAY_BABELD, id, path);
	if (candidate != NULL) {
		candidate->path = path;
		candidate->bandwidth = bandwidth;
		candidate->endpoint = route->destination.ip;
		gateway_tunnel_name(gathering->family, &mac, candidate->link);
		name_candidate(gather, &mac, candidate);
	}
}

static void gather_hop(struct gathering *gathering, const struct routing_route *route)
{
	struct mac mac;
	uint64_t path = path_of_cost(route->metric);
	struct gateway_candidate *candidate =
		route->installed && route->source.ip.family == 0
			? candidate_once(gathering, GATEWAY_BABELD_HOP, route->id, path)
			: NULL;

	if (candidate != NULL) {
		candidate->path = path;
		candidate->via = route->via;
		text_copy(candidate->link, sizeof(candidate->link), route->link);
		if (router_id_mac(route->id, &mac)) {
			name_candidate(gathering->gather, &mac, candidate);
		}
	}
}

static void gather_babeld(struct gathering *gathering)
{
	const struct routing_state *state = gathering->gather->routing[1];

	for (size_t i = 0; state != NULL && i < state->route_count; i++) {
		const struct routing_route *route = &state->routes[i];
		if (route->metric >= BABELD_INFINITE) {
			continue;
		}
		if (is_default(&route->destination, families[gathering->family])) {
			gather_hop(gathering, route);
		} else if (gathering->gather->tunnels) {
			gather_offer(gathering, route);
		}
	}
}

/* What a gateway says of its tunnel's bandwidth is so of the way hop by hop, too. */
static void tell_hops(struct gathering *gathering)
{
	for (size_t i = 0; i < gathering->count; i++) {
		struct gateway_candidate *hop = &gathering->items[i];
		struct mac mac;
		char id[MAC_TEXT_SIZE];
		if (hop->key.kind != GATEWAY_BABELD_HOP || !router_id_mac(hop->key.id, &mac)) {
			continue;
		}
		mac_format(&mac, id);
		for (size_t k = 0; k < gathering->count; k++) {
			const struct gateway_candidate *tunnel = &gathering->items[k];
			if (tunnel->key.kind == GATEWAY_BABELD && strcmp(tunnel->key.id, id) == 0) {
				hop->bandwidth = tunnel->bandwidth;
			}
		}
	}
}

int gateway_gather(const struct gateway_gather *gather, enum gateway_family family,
	struct gateway_candidate **candidates, size_t *count)
{
	struct gathering gathering = {.gather = gather, .family = family};

	gather_own(&gathering);
	gather_bmx7(&gathering);
	gather_babeld(&gathering);
	tell_hops(&gathering);
	if (gathering.no_memory) {
		free(gathering.items);
		return -ENOMEM;
	}
	*candidates = gathering.items;
	*count = gathering.count;
	return 0;
}

/* --- names --- */

enum gateway_family gateway_own_family(const struct gateway_own *own)
{
	return own->family == AF_INET ? GATEWAY_IPV4 : GATEWAY_IPV6;
}

const char *gateway_family_text(enum gateway_family family)
{
	return family == GATEWAY_IPV4 ? "ipv4" : "ipv6";
}

void gateway_path_key(enum gateway_family family, const struct gateway_key *key,
	char text[GATEWAY_PATH_KEY_SIZE])
{
	snprintf(text, GATEWAY_PATH_KEY_SIZE, "%s %s %s", gateway_family_text(family),
		gateway_kind_text(key->kind), key->id);
}

void gateway_own_path_key(const struct gateway_own *own, char text[GATEWAY_PATH_KEY_SIZE])
{
	struct gateway_key key = {.kind = GATEWAY_UPLINK};

	text_copy(key.id, sizeof(key.id), own->link);
	gateway_path_key(gateway_own_family(own), &key, text);
}

void gateway_tunnel_name(enum gateway_family family, const struct mac *mac, char name[IFNAMSIZ])
{
	const uint8_t *b = mac->bytes;

	snprintf(name, IFNAMSIZ, "gw%c%02x%02x%02x%02x%02x%02x", family == GATEWAY_IPV4 ? '4' : '6',
		b[0], b[1], b[2], b[3], b[4], b[5]);
}
