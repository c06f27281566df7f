/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "core/json_text.h"
#include "loop/clock.h"
#include "loop/gateways.h"

/* a.root-servers.net: only looked up in the kernel's tables, never sent to. */
#define FAR_IPV4 "198.41.0.4"
#define FAR_IPV6 "2001:503:ba3e::2:30"

/* What the kernel would do with a packet to the Internet, and whether that is what was decided. */
static json_t *kernel_to_json(const struct gateways *gateways, enum gateway_family family)
{
	const struct gateways_family *of = &gateways->families[family];
	const struct gateway_decision *decision = &of->decision;
	const struct ip any = {0};
	struct kernel_way way = {0};
	struct ip far = {0};
	char via[IP_TEXT_SIZE] = "";

	ip_parse(family == GATEWAY_IPV4 ? FAR_IPV4 : FAR_IPV6, &far);
	int result = kernel_ask_way(gateways->kernel, &far, &any, &way);
	if (way.via.family != 0) {
		ip_format(&way.via, via);
	}
	const char *wanted = "";
	if (decision->in_use >= 0) {
		wanted = of->candidates[decision->order[decision->in_use].candidate].link;
	}
	/* Without a decision the kernel may have what others made. */
	bool agrees = decision->in_use < 0 ? result < 0 || !decision->block
					   : result == 0 && strcmp(way.link, wanted) == 0;
	return json_pack("{s:s, s:s, s:i, s:b, s:s}", "link", way.link, "via", via, "table",
		(int)way.table, "agrees", agrees, "error",
		result < 0 ? strerrordesc_np(-result) : "");
}

static json_t *family_to_json(const struct gateways *gateways, enum gateway_family family,
	double now)
{
	const struct gateways_family *of = &gateways->families[family];
	struct gateway_question question = gateways_question(gateways, family, now);
	json_t *json =
		gateway_family_to_json(&question, &of->memory, &of->decision, (double)time(NULL));

	if (json != NULL) {
		json_object_set_new(json, "kernel", kernel_to_json(gateways, family));
	}
	return json;
}

static json_t *own_to_json(const struct gateways *gateways, size_t i, bool whole, double now)
{
	static const char *const shares[] = {[UPLINK_SHARE_YES] = "yes",
		[UPLINK_SHARE_NEVER] = "never",
		[UPLINK_SHARE_SPARE] = "spare"};
	const struct gateway_own *own = &gateways->own[i];
	const struct path *path = gateways_own_path(gateways, i);
	enum gateway_family family = gateway_own_family(own);
	char via[IP_TEXT_SIZE] = "";
	char text[GATEWAY_PATH_KEY_SIZE];

	if (own->via.family != 0) {
		ip_format(&own->via, via);
	}
	json_t *json = json_pack("{s:s, s:s, s:b, s:s, s:o}", "link", own->link, "family",
		gateway_family_text(family), "offered", gateways->offered[i], "why_not",
		gateways->why_not[i], "path",
		path == NULL ? json_null() : path_to_json(path, &gateways->path_rules, now));
	if (json == NULL || !whole) {
		return json;
	}
	gateway_own_path_key(own, text);
	json_t *targets = uplink_targets_to_json(gateways->uplink, text, now);
	CLEANUP(cleanup_json)
	json_t *more = json_pack("{s:s, s:i, s:b, s:i, s:s, s:I, s:I, s:b, s:o?}", "gateway", via,
		"table", (int)own->table, "present", !own->gone, "priority", own->config.priority,
		"share", shares[own->config.share], "down",
		(json_int_t)own->config.down * UPLINK_RATE_UNIT, "up",
		(json_int_t)own->config.up * UPLINK_RATE_UNIT, "masquerade",
		family == GATEWAY_IPV4 ? own->config.masquerade_ipv4 : own->config.masquerade_ipv6,
		"targets", targets);
	json_object_set_new(json, "own_use", json_null());
	for (size_t u = 0; u < GATEWAY_OWN_MAX; u++) {
		const struct gateways_use *use = &gateways->uses[u];
		if (use->time != 0 && own->config.share == UPLINK_SHARE_SPARE &&
			strcmp(use->link, own->link) == 0) {
			json_object_set_new(json, "own_use",
				json_integer((json_int_t)(use->rate[0] + use->rate[1])));
		}
	}
	json_object_update(json, more);
	return json;
}

static json_t *own_list(const struct gateways *gateways, bool whole, double now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < gateways->own_count; i++) {
		json_array_append_new(list, own_to_json(gateways, i, whole, now));
	}
	return list;
}

json_t *gateways_choice_to_json(const struct gateways *gateways)
{
	json_t *json = gateway_choice_to_json(&gateways->choice);

	if (json != NULL) {
		json_object_set_new(json, "from",
			json_string(gateways->commanded ? "command" : "configuration"));
	}
	return json;
}

static json_t *offer_to_json(const struct gateways *gateways, enum gateway_family family)
{
	const struct gateways_wants *wants = &gateways->wants;
	const struct config *config = gateways->config;
	json_t *by = json_array();

	if (wants->offered[family] && config != NULL && config->bmx7.enabled) {
		json_array_append_new(by, json_string("bmx7"));
	}
	if (wants->offered[family] && config != NULL && config->babeld.enabled) {
		json_array_append_new(by, json_string("babeld"));
	}
	return json_pack("{s:b, s:I, s:o}", "offered", wants->offered[family], "bandwidth",
		(json_int_t)wants->bandwidth[family], "by", by);
}

json_t *gateways_to_json(struct gateways *gateways)
{
	double now = clock_now();
	json_t *families = json_object();
	json_t *offer = json_object();
	json_t *way_out = json_object();

	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		const struct gateway_decision *decision = &gateways->families[family].decision;
		json_object_set_new(families, gateway_family_text(family),
			family_to_json(gateways, family, now));
		json_object_set_new(offer, gateway_family_text(family),
			offer_to_json(gateways, family));
		json_object_set_new(way_out, gateway_family_text(family),
			json_boolean(gateways->decided && decision->in_use >= 0));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:{s:f}}", "choice",
		gateways_choice_to_json(gateways), "families", families, "uplinks",
		own_list(gateways, true, now), "offer", offer, "way_out", way_out,
		"router_lifetime_zero", !gateways->wants.ipv6_way, "choosing",
		gateways->wants.choosing, "budget", "bytes_per_second",
		uplink_cost(gateways->uplink));
}

json_t *gateways_to_short_json(struct gateways *gateways)
{
	static const char *const left_out[] = {"candidates", "decisions", "explanation", "flip"};
	double now = clock_now();
	json_t *families = json_object();

	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		json_t *of = family_to_json(gateways, family, now);
		for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
			json_object_del(of, left_out[i]);
		}
		json_object_set_new(families, gateway_family_text(family), of);
	}
	return json_pack("{s:o, s:o, s:o}", "families", families, "uplinks",
		own_list(gateways, false, now), "choice", gateways_choice_to_json(gateways));
}
