/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of the ways to the Internet must fit together, and fit the mesh. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/config_whole.h"
#include "core/gateway.h"
#include "core/identity.h"
#include "core/problem.h"

#define PATH_SIZE 128

static const uint8_t families[] = {AF_INET, AF_INET6};

static const char *family_name(uint8_t family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static void refuse_overlap(const struct config_whole *whole, struct config_path uplink,
	struct config_path other, const char *role)
{
	char first[PATH_SIZE];
	char second[PATH_SIZE];

	config_path_format(&uplink, first, sizeof(first));
	config_path_format(&other, second, sizeof(second));
	config_whole_report(whole, config_whole_later(whole, other, uplink),
		"%s and %s take the same interface; an uplink cannot be %s too, so take it out of "
		"one of them, or make the pattern narrower",
		first + 2, second + 2, role);
}

static void check_uplink(const struct config_whole *whole, const struct uplink_config *uplink)
{
	const struct config *config = whole->config;
	struct config_path path = config_path_of("uplinks", uplink->name, NULL);

	for (size_t i = 0; i < config->link_count; i++) {
		const struct link_config *link = &config->links[i];

		if (link->protocols != 0 && config_link_takes(config, link, uplink->name)) {
			refuse_overlap(whole, path, config_path_of("links", link->name, NULL),
				"a mesh link");
		}
	}
	for (size_t i = 0; i < config->lan.port_count; i++) {
		struct config_path port = config_path_of("lan", "ports", NULL);

		config_path_push_index(&port, i);
		if (config_names_overlap(uplink->name, config->lan.ports[i].name)) {
			refuse_overlap(whole, path, port, "a port of the bridge");
		}
	}
	if (uplink->share == UPLINK_SHARE_SPARE && uplink->down == 0 && uplink->up == 0 &&
		whole->is_complete) {
		config_path_push_key(&path, "share");
		config_whole_report(whole, path,
			"\"spare\" means less than %d %% of a bandwidth that is not known; give "
			"down and up, such as \"down\": \"50Mbit\", \"up\": \"10Mbit\"",
			uplink->cap);
	}
}

static struct config_path probes_path(enum probe_kind kind)
{
	return config_path_of("probes", probe_kind_text(kind), NULL);
}

/* How many of the kind's targets there are in a family; what has a name is in both. */
static size_t count_targets(const struct probes_config *probes, enum probe_kind kind,
	uint8_t family)
{
	size_t count = 0;

	for (size_t i = 0; i < probes->target_count[kind]; i++) {
		struct ip ip;

		count += !config_target_address(kind, probes->targets[kind][i].text, &ip) ||
			 ip.family == family;
	}
	return count;
}

static void check_need(const struct config_whole *whole, enum probe_kind kind)
{
	const struct probes_config *probes = &whole->config->probes;
	const char *name = probe_kind_text(kind);
	size_t need = (size_t)probes->need[kind];
	struct config_path path = config_whole_later(whole,
		config_path_of("probes", "need", name, NULL), probes_path(kind));

	if (need > probes->target_count[kind]) {
		config_whole_report(whole, path,
			"probes.need.%s is %zu, but probes.%s has %zu target%s; add some, or need "
			"fewer (0 leaves the kind out)",
			name, need, name, probes->target_count[kind],
			probes->target_count[kind] == 1 ? "" : "s");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		size_t count = count_targets(probes, kind, families[i]);

		/* None at all: the family goes without this kind. */
		if (count > 0 && count < need) {
			config_whole_report(whole, path,
				"probes.need.%s is %zu, but probes.%s has only %zu of %s; add "
				"some, or need fewer",
				name, need, name, count, family_name(families[i]));
			return;
		}
	}
}

/* The first target of http that has a name; the count when there is none. */
static size_t first_named(const struct probes_config *probes)
{
	size_t i = 0;
	struct ip ip;

	while (i < probes->target_count[PROBE_HTTP] &&
		config_target_address(PROBE_HTTP, probes->targets[PROBE_HTTP][i].text, &ip)) {
		i++;
	}
	return i;
}

/* Names can be asked for in every family in which something is probed, or there are addresses. */
static void check_names_of_pages(const struct config_whole *whole)
{
	const struct probes_config *probes = &whole->config->probes;
	size_t named = first_named(probes);
	bool has_dns = probes->target_count[PROBE_DNS] > 0;

	if (probes->need[PROBE_HTTP] == 0 || named == probes->target_count[PROBE_HTTP]) {
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		uint8_t family = families[i];
		size_t without_http = count_targets(probes, PROBE_PING, family) +
				      count_targets(probes, PROBE_TCP, family);
		size_t addresses = 0;

		for (size_t j = 0; j < probes->target_count[PROBE_HTTP]; j++) {
			struct ip ip;
			addresses += config_target_address(PROBE_HTTP,
					     probes->targets[PROBE_HTTP][j].text, &ip) &&
				     ip.family == family;
		}
		if (count_targets(probes, PROBE_DNS, family) == 0 && addresses == 0 &&
			(without_http > 0 || !has_dns)) {
			config_whole_report(whole,
				config_whole_later(whole, probes_path(PROBE_DNS),
					probes_path(PROBE_HTTP)),
				"the host of probes.http[%zu] has a name, but probes.dns has no "
				"target of %s to ask for it; add one, or a page by its address",
				named, family_name(family));
			return;
		}
	}
}

static void check_less(const struct config_whole *whole, const char *first, int less,
	const char *second, int more)
{
	if (less > more) {
		config_whole_report(whole,
			config_whole_later(whole, config_path_of("probes", first, NULL),
				config_path_of("probes", second, NULL)),
			"probes.%s is %d and so more than probes.%s, which is %d; make it smaller, "
			"or the other larger",
			first, less, second, more);
	}
}

/* Lists that were taken out for a wrong target are not counted. */
static void check_targets(const struct config_whole *whole)
{
	const struct probes_config *probes = &whole->config->probes;
	int needed = 0;

	for (enum probe_kind kind = 0; kind < PROBE_KINDS; kind++) {
		check_need(whole, kind);
		needed += probes->need[kind];
	}
	if (needed == 0) {
		config_whole_report(whole, config_path_of("probes", "need", NULL),
			"nothing is needed, so nothing would ever be found to be down; need at "
			"least one answer");
	}
	check_names_of_pages(whole);
}

static void check_probes(const struct config_whole *whole)
{
	const struct probes_config *probes = &whole->config->probes;

	if (whole->is_complete) {
		check_targets(whole);
	}
	check_less(whole, "interval_doubtful", probes->interval_doubtful, "interval",
		probes->interval);
	check_less(whole, "interval_doubtful", probes->interval_doubtful, "interval_down",
		probes->interval_down);
	if (probes->flap_reuse >= probes->flap_suppress) {
		config_whole_report(whole,
			config_whole_later(whole, config_path_of("probes", "flap_reuse", NULL),
				config_path_of("probes", "flap_suppress", NULL)),
			"probes.flap_reuse is %d, must be less than probes.flap_suppress, which is "
			"%d",
			probes->flap_reuse, probes->flap_suppress);
	}
}

static void check_gateway(const struct config_whole *whole)
{
	const struct config *config = whole->config;

	if (config->gateway.mode == GATEWAY_USE && config->gateway.use[0] == '\0' &&
		whole->is_complete) {
		config_whole_report(whole,
			config_whole_later(whole, config_path_of("gateway", "mode", NULL),
				config_path_of("gateway", "use", NULL)),
			"gateway.mode is \"use\", but gateway.use names no gateway; name one, such "
			"as \"use\": \"roof-1f73\", or set mode to \"auto\"");
	}
	for (size_t i = 0; i < config->gateway.avoid_count; i++) {
		for (size_t j = 0; j < config->gateway.prefer_count; j++) {
			if (strcasecmp(config->gateway.avoid[i].text,
				    config->gateway.prefer[j].text) == 0) {
				config_whole_report(whole,
					config_whole_later(whole,
						config_path_of("gateway", "avoid", NULL),
						config_path_of("gateway", "prefer", NULL)),
					"%s is in gateway.prefer and in gateway.avoid; take it out "
					"of one",
					config->gateway.avoid[i].text);
			}
		}
	}
}

void config_check_ways(const struct config_whole *whole)
{
	for (size_t i = 0; i < whole->config->uplink_count; i++) {
		check_uplink(whole, &whole->config->uplinks[i]);
	}
	check_probes(whole);
	check_gateway(whole);
}

static bool announces(const struct layer3_config *layer3, const struct ip *ip)
{
	for (size_t i = 0; i < layer3->announce_count; i++) {
		if (config_network_holds(&layer3->announce[i].network, ip)) {
			return true;
		}
	}
	return false;
}

/* Is the address the mesh's own? The cloud's networks as far as they need no MAC. */
static bool is_of_mesh(const struct config *config, const struct identity *identity,
	const struct ip *ip)
{
	struct prefix offers;

	prefix_parse(GATEWAY_OFFER_NETWORK, &offers);
	return (identity != NULL && (config_network_holds(&identity->subnet_ipv4, ip) ||
					    config_network_holds(&identity->subnet_ipv6, ip))) ||
	       config_network_holds(&offers, ip) || announces(&config->bmx7, ip) ||
	       announces(&config->babeld, ip);
}

static int warn_target(const struct config *config, const struct identity *identity,
	enum probe_kind kind, size_t index, struct problem_list *problems)
{
	const char *text = config->probes.targets[kind][index].text;
	char object[64];
	struct ip ip;

	if (!config_target_address(kind, text, &ip) || !is_of_mesh(config, identity, &ip)) {
		return 0;
	}
	snprintf(object, sizeof(object), "probes.%s[%zu]", probe_kind_text(kind), index);
	return problem_add(problems, PROBLEM_GATEWAY, object,
		"choose one that only the Internet leads to",
		"the target %.*s is in the mesh's own network, so its answer says nothing about "
		"the Internet",
		(int)text_cut(text, 128), text);
}

static int warn_targets(const struct config *config, struct problem_list *problems)
{
	struct identity_request request = {.ssid = config->cloud.ssid,
		.ipv4 = config->cloud.ipv4,
		.ipv6 = config->cloud.ipv6};
	struct identity identity;
	struct err why;
	int result = 0;

	bool is_known =
		config->cloud.ssid[0] != '\0' && identity_derive(&request, &identity, &why) == 0;
	for (enum probe_kind kind = 0; kind < PROBE_KINDS; kind++) {
		for (size_t i = 0; i < config->probes.target_count[kind] && result == 0; i++) {
			result =
				warn_target(config, is_known ? &identity : NULL, kind, i, problems);
		}
	}
	return result;
}

int config_warn_ways(const struct config *config, struct problem_list *problems)
{
	int result = warn_targets(config, problems);

	if (result == 0 && config->gateway.use[0] != '\0' && config->gateway.mode != GATEWAY_USE) {
		result = problem_add(problems, PROBLEM_GATEWAY, "gateway.use",
			"set gateway.mode to \"use\", or remove gateway.use",
			"gateway.use names %s, which has no effect with this gateway.mode",
			config->gateway.use);
	}
	if (result == 0 && config->gateway.mode == GATEWAY_LOCAL_ONLY &&
		config->uplink_count == 0) {
		result = problem_add(problems, PROBLEM_GATEWAY, "gateway.mode",
			"give uplinks, or set gateway.mode to \"auto\"",
			"gateway.mode is \"local-only\", but this node has no uplinks: it does not "
			"reach the Internet");
	}
	return result;
}
