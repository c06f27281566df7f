/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/gateway_wish.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/gateway_ways.h"

#define METRIC_STEP        10
#define METRIC_PROBE       10000 /* from here on: stands only to be probed */
#define METRIC_PROBE_RANGE 100000
#define METRIC_BLOCK       0xfffffffeU
#define RECEIVER_IPV4      "gwin4"
#define RECEIVER_IPV6      "gwin6"
#define BMX7_RECEIVER      "X7main"
#define ACCEPT_RA_HOST     1

static const uint8_t families[GATEWAY_FAMILIES] = {AF_INET, AF_INET6};

struct building {
	const struct gateway_wish_input *input;
	struct gateway_wish *wish;
	bool left_out;
};

bool gateway_may_offer(const struct gateway_own *own, const struct path *path,
	const struct gateway_choice *choice, char *why)
{
	const char *text = "";

	if (own->config.share == UPLINK_SHARE_NEVER) {
		text = "uplinks.share is \"never\"";
	} else if (own->gone) {
		text = "it has no default route";
	} else if (choice->never_share) {
		text = "never-share is chosen";
	} else if (path == NULL || path->health == PATH_UNKNOWN) {
		text = "not probed yet";
	} else if (path->health == PATH_DOWN) {
		text = "it is down";
	} else if (path->suppressed) {
		text = "it went up and down too often";
	} else if (own->spared) {
		text = "the node's own users need it";
	}
	snprintf(why, GATEWAY_TEXT_SIZE, "%s", text);
	return text[0] == '\0';
}

/* --- parts --- */

static void add_link(struct building *building, struct gateway_links *links, const char *link)
{
	for (size_t i = 0; i < links->count; i++) {
		if (strcmp(links->items[i], link) == 0) {
			return;
		}
	}
	if (links->count >= GATEWAY_LINKS_MAX) {
		building->left_out = true;
		return;
	}
	text_copy(links->items[links->count++], IFNAMSIZ, link);
}

static struct gateway_route *add_route(struct building *building, struct gateway_routes *routes,
	enum gateway_family family, uint32_t metric)
{
	if (routes->count >= GATEWAY_ROUTES_MAX) {
		building->left_out = true;
		return NULL;
	}
	struct gateway_route *route = &routes->items[routes->count++];
	route->family = families[family];
	route->metric = metric;
	return route;
}

static const struct gateway_own *find_own(const struct gateway_wish_input *input, uint8_t family,
	const char *link, bool *offered)
{
	for (size_t i = 0; i < input->own_count; i++) {
		if (input->own[i].family == family && strcmp(input->own[i].link, link) == 0) {
			*offered = input->offered[i];
			return &input->own[i];
		}
	}
	return NULL;
}

/* The route by a candidate. What the node itself sends through a tunnel bears the node's own
 * address: a tunnel has none, and the shared gateway's would bring the answer to another node. */
static void add_candidate_route(struct building *building, struct gateway_routes *routes,
	enum gateway_family family, const struct gateway_candidate *candidate, uint32_t metric)
{
	const struct gateway_wish_input *input = building->input;
	struct gateway_route *route = add_route(building, routes, family, metric);
	bool offered = false;

	if (route == NULL) {
		return;
	}
	text_copy(route->link, sizeof(route->link), candidate->link);
	if (candidate->key.kind == GATEWAY_UPLINK) {
		const struct gateway_own *own =
			find_own(input, families[family], candidate->link, &offered);
		route->via = candidate->via;
		route->source = own == NULL ? (struct ip){0} : own->source;
	} else {
		route->source = family == GATEWAY_IPV4 ? input->identity->node_ipv4.ip
						       : input->identity->node_ipv6.ip;
	}
}

static void add_tunnel(struct building *building, const char *name, enum gateway_family family,
	const struct ip *local, const struct ip *remote)
{
	struct gateway_wish *wish = building->wish;

	if (wish->tunnel_count >= GATEWAY_TUNNELS_MAX) {
		building->left_out = true;
		return;
	}
	struct gateway_tunnel *tunnel = &wish->tunnels[wish->tunnel_count++];
	text_copy(tunnel->name, sizeof(tunnel->name), name);
	tunnel->family = families[family];
	tunnel->local = *local;
	if (remote != NULL) {
		tunnel->remote = *remote;
	}
}

/* --- what is used --- */

/* Of a route that only probes take: the same as long as it stands, whatever the others do. */
static uint32_t probe_metric(const struct gateway_routes *routes, const char *link)
{
	uint32_t metric = 0;

	for (const char *letter = link; *letter != '\0'; letter++) {
		metric = (metric * 31 + (uint8_t)*letter) % METRIC_PROBE_RANGE;
	}
	metric += METRIC_PROBE;
	for (size_t i = 0; i < routes->count; i++) {
		metric += routes->items[i].metric == metric;
	}
	return metric;
}

static void use_rank(struct building *building, enum gateway_family family, size_t index)
{
	const struct gateway_wish_input *input = building->input;
	struct gateway_wish *wish = building->wish;
	const struct gateway_decision *decision = input->decisions[family];
	const struct gateway_rank *rank = &decision->order[index];
	const struct gateway_candidate *candidate = &input->candidates[family][rank->candidate];
	/* What alone may be used stays in place when it is dead, so that it can be seen to live
	 * again: behind "unreachable" the kernel's reverse path filter would drop the answers. */
	bool wanted = rank->user_class == 2 ||
		      (input->local_only && candidate->key.kind == GATEWAY_UPLINK);
	bool in_use = decision->in_use == (ptrdiff_t)index || (decision->block && wanted);

	if (candidate->key.kind == GATEWAY_BABELD_HOP) {
		wish->hop[family] |= in_use;
		return;
	}
	if (candidate->key.kind != GATEWAY_UPLINK && !in_use && rank->probe_interval == 0) {
		return;
	}
	if (candidate->key.kind == GATEWAY_BABELD) {
		add_tunnel(building, candidate->link, family, &input->identity->node_ipv6.ip,
			&candidate->endpoint);
	}
	if (candidate->link[0] == '\0') {
		return;
	}
	if (in_use) {
		add_candidate_route(building, &wish->in_use, family, candidate,
			METRIC_STEP * (uint32_t)(wish->in_use.count + 1));
	} else if (!decision->block) {
		add_candidate_route(building, &wish->warm, family, candidate,
			rank->usable ? METRIC_STEP * (uint32_t)(index + 1)
				     : probe_metric(&wish->warm, candidate->link));
	}
}

static void build_choice(struct building *building, enum gateway_family family)
{
	const struct gateway_decision *decision = building->input->decisions[family];

	if (!building->input->config->gateway.enabled || decision == NULL) {
		return;
	}
	for (size_t i = 0; i < decision->count; i++) {
		use_rank(building, family, i);
	}
	if (decision->block) {
		add_route(building, &building->wish->in_use, family, METRIC_BLOCK);
	}
}

/* --- what is there and what is offered --- */

static void build_own(struct building *building)
{
	const struct gateway_wish_input *input = building->input;
	struct gateway_wish *wish = building->wish;

	for (size_t i = 0; i < input->own_count; i++) {
		const struct gateway_own *own = &input->own[i];
		enum gateway_family family = gateway_own_family(own);
		struct gateway_routes *tables[] = {&wish->uplinks, &wish->offers};
		if (own->gone) {
			continue;
		}
		for (size_t t = 0; t < (input->offered[i] ? 2 : 1); t++) {
			struct gateway_route *route = add_route(building, tables[t], family,
				(uint32_t)own->config.priority * METRIC_STEP * METRIC_STEP +
					(uint32_t)i + 1);
			if (route != NULL) {
				text_copy(route->link, sizeof(route->link), own->link);
				route->via = own->via;
				route->source = own->source;
			}
		}
		if (family == GATEWAY_IPV4 ? own->config.masquerade_ipv4
					   : own->config.masquerade_ipv6) {
			add_link(building, &wish->masquerade[family], own->link);
		}
	}
}

bool gateway_offer(const struct gateway_wish_input *input, enum gateway_family family,
	uint64_t *bandwidth)
{
	bool found = false;

	*bandwidth = 0;
	for (size_t i = 0; i < input->own_count; i++) {
		if (input->offered[i] && input->own[i].family == families[family]) {
			uint64_t own = (uint64_t)input->own[i].config.down * UPLINK_RATE_UNIT;
			*bandwidth = own > *bandwidth ? own : *bandwidth;
			found = true;
		}
	}
	return found;
}

static void build_offers(struct building *building)
{
	static const char *const receivers[GATEWAY_FAMILIES] = {RECEIVER_IPV4, RECEIVER_IPV6};
	const struct gateway_wish_input *input = building->input;
	struct gateway_wish *wish = building->wish;

	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		uint64_t bandwidth;
		if (input->config->babeld.enabled && input->tunnels &&
			gateway_offer(input, family, &bandwidth)) {
			struct ip local = gateway_offer_encode(families[family], bandwidth,
				&input->identity->mac);
			add_tunnel(building, receivers[family], family, &local, NULL);
			add_link(building, &wish->guests, receivers[family]);
		}
	}
	if (input->config->bmx7.enabled) {
		add_link(building, &wish->guests, BMX7_RECEIVER);
	}
}

/* Links of whom forwarding makes routers, which do not hear others' advertisements. */
static void build_accept_ra(struct building *building)
{
	const struct state *observed = building->input->observed;

	for (size_t i = 0; i < state_count(observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(observed, OBJECT_LINK, i);
		const struct uplink_config *uplink =
			gateway_uplink_config(building->input->config, link->name);
		bool ours = (link->head.flags & OBJECT_OWNED) != 0;
		if (uplink != NULL && !ours && uplink->ipv6 && object_has(link, LINK_ACCEPT_RA) &&
			link->accept_ra >= ACCEPT_RA_HOST) {
			add_link(building, &building->wish->accept_ra, link->name);
		}
	}
}

bool gateway_wish_build(const struct gateway_wish_input *input, struct gateway_wish *wish)
{
	struct building building = {.input = input, .wish = wish};
	const struct config *config = input->config;

	memset(wish, 0, sizeof(*wish));
	/* What a daemon of somebody else knows of gateways meshd does not learn. */
	wish->enabled = config->uplink_count > 0 || config_supervises(&config->babeld) ||
			config_supervises(&config->bmx7);
	if (!wish->enabled) {
		return false;
	}
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		build_choice(&building, family);
	}
	build_own(&building);
	build_offers(&building);
	build_accept_ra(&building);
	if (input->own_count > 0) {
		wish->transit = *input->transit;
	}
	return building.left_out;
}
