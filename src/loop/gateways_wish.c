/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the decisions to what the kernel and the layer-3 daemons are to do. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "loop/gateways.h"

#define IPV6_PATIENCE  5.   /* seconds without a way before clients are told */
#define PIN_METRIC     2048 /* from here on, behind bmx7's own choice (1024) */
#define WITHDRAW_DELAY 0.05 /* together with the removal it would not be urgent to babeld */
#define WITHDRAW_TIME  20.  /* a little more than babeld's update interval */

static void note_ipv6_way(struct gateways *gateways, double now)
{
	const struct gateway_decision *decision = &gateways->families[GATEWAY_IPV6].decision;

	if (decision->in_use >= 0) {
		gateways->no_ipv6_since = 0;
		gateways->wants.ipv6_way = true;
		return;
	}
	if (gateways->no_ipv6_since == 0) {
		gateways->no_ipv6_since = now;
	}
	if (now >= gateways->no_ipv6_since + IPV6_PATIENCE) {
		gateways->wants.ipv6_way = false;
	}
}

static bool is_pinned(const struct gateways_wants *wants, enum gateway_family family,
	const char *id)
{
	for (size_t i = 0; i < GATEWAYS_PINS_MAX; i++) {
		const struct gateways_pin *pin = &wants->pins[i];
		if (pin->id[0] != '\0' && pin->family == family && strcmp(pin->id, id) == 0) {
			return true;
		}
	}
	return false;
}

/* A pin keeps its place while it is wanted: any word about a search has bmx7 make its tunnel anew.
 */
static void keep_pin(const struct gateways *gateways, struct gateways_wants *wants,
	enum gateway_family family, const char *id)
{
	const struct gateways_wants *before = &gateways->wants;

	for (size_t i = 0; i < GATEWAYS_PINS_MAX; i++) {
		const struct gateways_pin *pin = &before->pins[i];
		if (pin->id[0] != '\0' && pin->family == family && strcmp(pin->id, id) == 0) {
			wants->pins[i] = *pin;
		}
	}
}

void gateways_pin(struct gateways_wants *wants, size_t place, enum gateway_family family,
	const char *id)
{
	struct gateways_pin *pin = &wants->pins[place];

	*pin = (struct gateways_pin){.family = family, .metric = PIN_METRIC + (uint32_t)place};
	snprintf(pin->name, sizeof(pin->name), "i%c_%.8s", family == GATEWAY_IPV4 ? '4' : '6', id);
	text_copy(pin->id, sizeof(pin->id), id);
}

static void add_pin(struct gateways_wants *wants, enum gateway_family family, const char *id)
{
	for (size_t i = 0; i < GATEWAYS_PINS_MAX; i++) {
		if (wants->pins[i].id[0] == '\0') {
			gateways_pin(wants, i, family, id);
			return;
		}
	}
}

/* A gateway of bmx7 whose tunnel has to stand, so that it can be used and probed; or NULL. */
static const char *pinned_id(const struct gateways_family *of, size_t index)
{
	const struct gateway_rank *rank = &of->decision.order[index];
	const struct gateway_candidate *candidate = &of->candidates[rank->candidate];
	bool used = of->decision.in_use == (ptrdiff_t)index ||
		    (of->decision.block && rank->user_class == 2);

	return candidate->key.kind == GATEWAY_BMX7 && (used || rank->probe_interval > 0)
		       ? candidate->key.id
		       : NULL;
}

static void pin_family(const struct gateways *gateways, enum gateway_family family, bool kept,
	struct gateways_wants *wants)
{
	const struct gateways_family *of = &gateways->families[family];

	for (size_t i = 0; i < of->decision.count; i++) {
		const char *id = pinned_id(of, i);
		if (id != NULL && kept) {
			keep_pin(gateways, wants, family, id);
		} else if (id != NULL && !is_pinned(wants, family, id)) {
			add_pin(wants, family, id);
		}
	}
}

static void pin_all(struct gateways *gateways)
{
	struct gateways_wants wants = gateways->wants;

	memset(wants.pins, 0, sizeof(wants.pins));
	/* In two rounds, so that a new one takes no kept one's place. */
	for (int round = 0; round < 2 && wants.choosing; round++) {
		for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
			pin_family(gateways, family, round == 0, &wants);
		}
	}
	gateways->wants = wants;
}

/* --- what Babel is to forget --- */

static bool has_network(const struct prefix *networks, size_t count, const struct prefix *network)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(&networks[i], network, sizeof(*network)) == 0) {
			return true;
		}
	}
	return false;
}

static size_t add_network(struct prefix *networks, size_t count, const struct ip *ip,
	uint8_t length)
{
	struct prefix network = {.ip = *ip, .length = length};

	if (count < GATEWAY_WITHDRAWN_MAX && !has_network(networks, count, &network)) {
		networks[count++] = network;
	}
	return count;
}

/* What the wish has babeld announce: default routes and the ends of tunnels. */
static size_t list_announced(const struct gateway_wish *wish,
	struct prefix networks[GATEWAY_WITHDRAWN_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < wish->offers.count; i++) {
		struct ip any = {.family = wish->offers.items[i].family};
		count = add_network(networks, count, &any, 0);
	}
	for (size_t i = 0; i < wish->tunnel_count; i++) {
		if (wish->tunnels[i].remote.family == 0) {
			count = add_network(networks, count, &wish->tunnels[i].local, 128);
		}
	}
	return count;
}

static void withdraw(struct gateways *gateways, const struct prefix *network, double now)
{
	for (size_t i = 0; i < gateways->withdrawn_count; i++) {
		if (memcmp(&gateways->withdrawn[i].network, network, sizeof(*network)) == 0) {
			return;
		}
	}
	if (gateways->withdrawn_count < GATEWAY_WITHDRAWN_MAX) {
		gateways->withdrawn[gateways->withdrawn_count++] =
			(struct gateways_withdrawn){*network, now};
	}
}

/* babeld of Debian 12 forgets to tell its neighbours of a route that is gone, see
 * core/render_babeld.c: what was announced is announced as unreachable for a while, from a moment
 * after it went on. Returns when that changes, INFINITY = never. */
static double withdraw_all(struct gateways *gateways, double now)
{
	struct gateway_wish *wish = &gateways->wish;
	struct prefix announced[GATEWAY_WITHDRAWN_MAX] = {0};
	size_t count = list_announced(wish, announced);
	double next = INFINITY;
	size_t left = 0;

	for (size_t i = 0; i < gateways->announced_count; i++) {
		withdraw(gateways, &gateways->announced[i], now);
	}
	for (size_t i = 0; i < gateways->withdrawn_count; i++) {
		struct gateways_withdrawn *withdrawn = &gateways->withdrawn[i];
		double from = withdrawn->since + WITHDRAW_DELAY;
		if (now >= withdrawn->since + WITHDRAW_TIME ||
			has_network(announced, count, &withdrawn->network)) {
			continue;
		}
		if (now >= from) {
			wish->withdrawn[wish->withdrawn_count++] = withdrawn->network;
		}
		next = fmin(next, now < from ? from : withdrawn->since + WITHDRAW_TIME);
		gateways->withdrawn[left++] = *withdrawn;
	}
	gateways->withdrawn_count = left;
	memcpy(gateways->announced, announced, sizeof(announced));
	gateways->announced_count = count;
	return next;
}

double gateways_build_wish(struct gateways *gateways, const struct reconcile_view *view, double now)
{
	double next = INFINITY;

	struct gateway_wish_input input = {.config = view->config,
		.identity = &gateways->identity,
		.observed = view->observed,
		.transit = &gateways->transit,
		.tunnels = gateways->tunnels,
		.own = gateways->own,
		.own_count = gateways->own_count,
		.local_only = gateways->choice.mode == GATEWAY_LOCAL_ONLY};
	struct gateways_wants *wants = &gateways->wants;

	for (size_t i = 0; i < gateways->own_count; i++) {
		gateways->offered[i] = gateway_may_offer(&gateways->own[i],
			gateways_own_path(gateways, i), &gateways->choice, gateways->why_not[i]);
		input.offered[i] = gateways->offered[i];
	}
	wants->choosing = view->config->gateway.enabled;
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		input.candidates[family] = gateways->families[family].candidates;
		input.decisions[family] = &gateways->families[family].decision;
		wants->offered[family] = gateway_offer(&input, family, &wants->bandwidth[family]);
	}
	pin_all(gateways);
	note_ipv6_way(gateways, now);
	gateways->left_out = gateway_wish_build(&input, &gateways->wish);
	if (view->config->babeld.enabled) {
		next = withdraw_all(gateways, now);
	}
	if (wants->ipv6_way && gateways->no_ipv6_since != 0) {
		next = fmin(next, gateways->no_ipv6_since + IPV6_PATIENCE);
	}
	return next;
}
