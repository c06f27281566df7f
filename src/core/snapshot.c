/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/snapshot.h"

#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/desired.h"
#include "core/snapshot_parts.h"

json_t *snapshot_mac(const struct mac *mac)
{
	return mac_is_zero(mac) ? json_null() : json_mac(mac);
}

void snapshot_add_link(json_t *json, const struct link *observed)
{
	json_object_set_new(json, "present", json_boolean(observed != NULL));
	if (observed == NULL) {
		return;
	}
	json_object_set_new(json, "up", json_boolean(observed->up != 0));
	json_object_set_new(json, "carrier", json_boolean(observed->carrier != 0));
	json_object_set_new(json, "mtu", json_integer(observed->mtu));
	json_object_set_new(json, "mac", snapshot_mac(&observed->mac));
}

uint16_t snapshot_cloud_vlan(const struct snapshot_request *request)
{
	uint8_t network[6];

	if (request->config->cloud.vlan != VLAN_AUTO) {
		return (uint16_t)request->config->cloud.vlan;
	}
	identity_network_id(request->config->cloud.ssid, network);
	return identity_cloud_vlan(network);
}

static bool link_has_mac(const struct link *link, const struct mac *mac)
{
	return memcmp(&link->mac, mac, sizeof(*mac)) == 0 ||
	       memcmp(&link->permanent_mac, mac, sizeof(*mac)) == 0;
}

/* The link that the node's MAC comes from: an earlier choice is kept, so it need not be the one
 * that would be chosen now, and it may be gone. */
static const struct link *find_primary(const struct snapshot_request *request)
{
	const struct link *chosen = desired_primary(request->config, request->observed);
	const struct identity *identity = request->identity;

	if (identity == NULL || !identity->has_node) {
		return chosen;
	}
	if (chosen != NULL && link_has_mac(chosen, &identity->mac)) {
		return chosen;
	}
	for (size_t i = 0; i < state_count(request->observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(request->observed, OBJECT_LINK, i);
		if (!(link->head.flags & OBJECT_OWNED) && link_has_mac(link, &identity->mac)) {
			return link;
		}
	}
	return NULL;
}

static json_t *snapshot_node(const struct snapshot_request *request)
{
	const struct identity *identity = request->identity;
	const struct link *primary = find_primary(request);
	bool has_node = identity != NULL && identity->has_node;
	const char *hostname = request->config->node.hostname;

	if (identity != NULL && identity->hostname[0] != '\0') {
		hostname = identity->hostname;
	}
	json_t *json = json_object();

	json_object_set_new(json, "version", json_text_or_null(request->version));
	json_object_set_new(json, "hostname", json_text_or_null(hostname));
	json_object_set_new(json, "profile", json_text_or_null(request->config->profile));
	json_object_set_new(json, "primary_link",
		json_text_or_null(primary == NULL ? NULL : primary->name));
	json_object_set_new(json, "mac", has_node ? snapshot_mac(&identity->mac) : json_null());
	json_object_set_new(json, "ipv4", json_prefix(has_node ? &identity->node_ipv4 : NULL));
	json_object_set_new(json, "ipv6", json_prefix(has_node ? &identity->node_ipv6 : NULL));
	return json;
}

static json_t *snapshot_cloud(const struct snapshot_request *request)
{
	const struct config *config = request->config;
	const struct identity *identity = request->identity;
	uint8_t network[6];
	char id[2 * sizeof(network) + 1];

	identity_network_id(config->cloud.ssid, network);
	for (size_t i = 0; i < sizeof(network); i++) {
		snprintf(id + 2 * i, 3, "%02x", network[i]);
	}
	json_t *json = json_object();

	json_object_set_new(json, "ssid", json_text_or_null(config->cloud.ssid));
	json_object_set_new(json, "network_id", json_string(id));
	json_object_set_new(json, "vlan", json_integer(snapshot_cloud_vlan(request)));
	json_object_set_new(json, "vlan_protocol",
		json_string(config->cloud.vlan_protocol == ETH_P_8021AD ? "802.1ad" : "802.1q"));
	json_object_set_new(json, "subnet_ipv4",
		json_prefix(identity == NULL ? NULL : &identity->subnet_ipv4));
	json_object_set_new(json, "subnet_ipv6",
		json_prefix(identity == NULL ? NULL : &identity->subnet_ipv6));
	return json;
}

static json_t *port_to_json(const struct snapshot_request *request, const char *name)
{
	const struct link *observed = state_find_link(request->observed, name);
	json_t *json = json_object();

	json_object_set_new(json, "name", json_string(name));
	snapshot_add_link(json, observed);
	json_object_set_new(json, "attached",
		json_boolean(observed != NULL &&
			     strcmp(observed->master, request->config->lan.bridge) == 0));
	return json;
}

/* The ports that should be there, the mesh interface among them, and named ones that are missing.
 */
static json_t *snapshot_lan(const struct snapshot_request *request)
{
	const struct config *config = request->config;
	json_t *json = json_object();
	json_t *ports = json_array();

	for (size_t i = 0; i < state_count(request->desired, OBJECT_LINK); i++) {
		const struct link *link = state_at(request->desired, OBJECT_LINK, i);
		if (object_has(link, LINK_MASTER) && config->lan.bridge[0] != '\0' &&
			strcmp(link->master, config->lan.bridge) == 0) {
			json_array_append_new(ports, port_to_json(request, link->name));
		}
	}
	for (size_t i = 0; i < config->lan.port_count; i++) {
		const char *name = config->lan.ports[i].name;
		if (!text_is_glob(name) && state_find_link(request->observed, name) == NULL) {
			json_array_append_new(ports, port_to_json(request, name));
		}
	}
	json_object_set_new(json, "bridge", json_text_or_null(config->lan.bridge));
	snapshot_add_link(json, state_find_link(request->observed, config->lan.bridge));
	json_object_set_new(json, "ports", ports);
	return json;
}

static json_t *snapshot_anycast(const struct snapshot_request *request)
{
	const struct config *config = request->config;
	const struct identity *identity = config->anycast.enabled ? request->identity : NULL;
	json_t *json = json_object();

	json_object_set_new(json, "enabled", json_boolean(config->anycast.enabled));
	json_object_set_new(json, "device", json_text_or_null(config->anycast.device));
	if (config->anycast.enabled) {
		snapshot_add_link(json, state_find_link(request->observed, config->anycast.device));
	}
	/* What it should be, also while the link is missing. */
	json_object_set_new(json, "mac",
		identity == NULL ? json_null() : snapshot_mac(&identity->anycast_mac));
	json_object_set_new(json, "ipv4",
		json_prefix(identity == NULL ? NULL : &identity->anycast_ipv4));
	json_object_set_new(json, "ipv6",
		json_prefix(identity == NULL ? NULL : &identity->anycast_ipv6));
	json_object_set_new(json, "link_local",
		json_ip(identity == NULL ? NULL : &identity->anycast_link_local));
	return json;
}

/* Where the rule stands, rule_count when it does not. */
static size_t find_rule(const struct ruleset *ruleset, const struct nft_rule *rule)
{
	size_t at = 0;

	while (at < ruleset->rule_count && !nft_rule_equal(&ruleset->rules[at], rule)) {
		at++;
	}
	return at;
}

static json_t *rule_to_json(const struct nft_rule *rule, enum nft_table table, bool present)
{
	static const char *const verdicts[] = {[NFT_VERDICT_NONE] = "count",
		[NFT_VERDICT_ACCEPT] = "accept",
		[NFT_VERDICT_DROP] = "drop",
		[NFT_VERDICT_JUMP] = "jump",
		[NFT_VERDICT_MASQUERADE] = "masquerade",
		[NFT_VERDICT_CLAMP_MSS] = "clamp-mss"};

	json_t *json = json_object();

	json_object_set_new(json, "name", json_text_or_null(rule->name));
	json_object_set_new(json, "table", json_string(ruleset_table_name(table)));
	json_object_set_new(json, "chain", json_text_or_null(rule->chain));
	json_object_set_new(json, "verdict",
		json_string(
			rule->verdict < ARRAY_SIZE(verdicts) ? verdicts[rule->verdict] : "other"));
	json_object_set_new(json, "present", json_boolean(present));
	json_object_set_new(json, "packets", json_integer((json_int_t)rule->packets));
	json_object_set_new(json, "bytes", json_integer((json_int_t)rule->bytes));
	return json;
}

/* Those that should be there with the kernel's counters, then those that somebody else added. */
static void add_rules(json_t *rules, enum nft_table table, const struct ruleset *desired,
	const struct ruleset *observed)
{
	for (size_t i = 0; i < desired->rule_count; i++) {
		size_t at = find_rule(observed, &desired->rules[i]);
		bool present = at < observed->rule_count;
		json_array_append_new(rules,
			rule_to_json(present ? &observed->rules[at] : &desired->rules[i], table,
				present));
	}
	for (size_t i = 0; i < observed->rule_count; i++) {
		if (find_rule(desired, &observed->rules[i]) == desired->rule_count) {
			json_t *rule = rule_to_json(&observed->rules[i], table, true);
			json_object_set_new(rule, "foreign", json_true());
			json_array_append_new(rules, rule);
		}
	}
}

static json_t *snapshot_rules(const struct snapshot_request *request)
{
	const struct state *desired = request->desired;
	const struct state *observed = request->observed;
	json_t *rules = json_array();

	add_rules(rules, NFT_TABLE_BRIDGE, &desired->ruleset, &observed->ruleset);
	add_rules(rules, NFT_TABLE_INET, &desired->nat, &observed->nat);
	return rules;
}

static json_t *snapshot_reconcile(const struct snapshot_request *request)
{
	const struct reconcile_record *record = request->record;

	json_t *json = json_object();

	json_object_set_new(json, "started", json_integer((json_int_t)record->started));
	json_object_set_new(json, "cycles", json_integer((json_int_t)record->cycles));
	json_object_set_new(json, "operations", json_integer((json_int_t)record->operations));
	json_object_set_new(json, "failures", json_integer((json_int_t)record->failures));
	json_object_set_new(json, "overruns", json_integer((json_int_t)record->overruns));
	json_object_set_new(json, "last_cycle", json_integer((json_int_t)record->last_cycle));
	json_object_set_new(json, "last_change", json_integer((json_int_t)record->last_change));
	json_object_set_new(json, "last_operations",
		json_integer((json_int_t)record->last_operations));
	json_object_set_new(json, "last_failures", json_integer((json_int_t)record->last_failures));
	json_object_set_new(json, "last_seconds", json_real(record->last_seconds));
	json_object_set_new(json, "change_seconds", json_real(record->change_seconds));
	json_object_set_new(json, "apply_seconds", json_real(record->apply_seconds));
	json_object_set_new(json, "change_seconds_total", json_real(record->change_seconds_total));
	json_object_set_new(json, "apply_seconds_total", json_real(record->apply_seconds_total));
	json_object_set_new(json, "converged", json_boolean(record->converged));
	json_object_set_new(json, "last_plan",
		request->last_plan == NULL ? json_null() : json_deep_copy(request->last_plan));
	return json;
}

json_t *snapshot_status(const struct snapshot_request *request)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "node",
		snapshot_node(request), "cloud", snapshot_cloud(request), "links",
		snapshot_links(request), "mesh", snapshot_mesh(request), "lan",
		snapshot_lan(request), "anycast", snapshot_anycast(request), "layer3",
		snapshot_layer3(request), "rules", snapshot_rules(request), "problems",
		problem_list_to_json(request->problems), "reconcile", snapshot_reconcile(request));
}
