/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mesh links and what runs on them. */
#include <linux/if_ether.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/desired.h"
#include "core/snapshot_parts.h"

/* A protocol that links carry, as the configuration has it. */
struct carried {
	const char *name;
	enum link_protocol protocol;
	bool enabled;
	uint16_t vid; /* 0 = untagged, on the link itself */
};

#define CARRIED 3

static void list_carried(const struct snapshot_request *request, struct carried carried[CARRIED])
{
	const struct config *config = request->config;

	carried[0] = (struct carried){.name = "batadv",
		.protocol = PROTOCOL_BATADV,
		.enabled = config->batadv.enabled,
		.vid = snapshot_cloud_vlan(request)};
	carried[1] = (struct carried){.name = "bmx7",
		.protocol = PROTOCOL_BMX7,
		.enabled = config->bmx7.enabled,
		.vid = (uint16_t)config->bmx7.vlan};
	carried[2] = (struct carried){.name = "babeld",
		.protocol = PROTOCOL_BABELD,
		.enabled = config->babeld.enabled,
		.vid = (uint16_t)config->babeld.vlan};
}

static void carrier_name(const char *link, uint16_t vid, char name[IFNAMSIZ])
{
	if (vid == 0) {
		text_copy(name, IFNAMSIZ, link);
	} else {
		identity_vlan_name(link, vid, name);
	}
}

static const char *hardif_state(const struct snapshot_request *request, const char *name,
	const struct link *observed)
{
	const struct hardif *hardif = state_find(request->observed, OBJECT_HARDIF, name);

	if (hardif != NULL) {
		return hardif->active ? "active" : "inactive";
	}
	if (observed != NULL && strcmp(observed->master, request->config->batadv.device) == 0) {
		return "inactive";
	}
	return "detached";
}

static json_t *vlan_to_json(const struct snapshot_request *request, const char *link,
	const struct carried *carried)
{
	const struct config *config = request->config;
	char name[IFNAMSIZ] = {0};
	json_t *json = json_object();

	carrier_name(link, carried->vid, name);
	const struct link *observed = state_find_link(request->observed, name);
	json_object_set_new(json, "name", json_string(name));
	json_object_set_new(json, "role", json_string(carried->name));
	json_object_set_new(json, "vid", json_integer(carried->vid));
	if (carried->vid != 0) {
		bool provider = config->cloud.vlan_protocol == ETH_P_8021AD;
		json_object_set_new(json, "protocol", json_string(provider ? "802.1ad" : "802.1q"));
	}
	snapshot_add_link(json, observed);
	if (carried->protocol == PROTOCOL_BATADV) {
		json_object_set_new(json, "hardif",
			json_string(hardif_state(request, name, observed)));
		json_object_set_new(json, "fragments",
			json_boolean(observed != NULL && config->batadv.settings.fragmentation &&
				     observed->mtu < config_full_frame(config)));
	}
	return json;
}

/* observed is NULL for a link that is configured by name and missing. */
static json_t *link_to_json(const struct snapshot_request *request, const struct link_config *entry,
	const struct link *observed)
{
	const char *name = observed != NULL ? observed->name : entry->name;
	struct carried carried[CARRIED];
	json_t *json = json_object();
	json_t *protocols = json_array();
	json_t *vlans = json_array();

	list_carried(request, carried);
	for (size_t i = 0; i < CARRIED; i++) {
		if (!carried[i].enabled || !(entry->protocols & carried[i].protocol)) {
			continue;
		}
		json_array_append_new(protocols, json_string(carried[i].name));
		if (observed != NULL) {
			json_array_append_new(vlans, vlan_to_json(request, name, &carried[i]));
		}
	}
	json_object_set_new(json, "name", json_string(name));
	json_object_set_new(json, "entry", json_string(entry->name));
	snapshot_add_link(json, observed);
	if (observed != NULL && observed->max_mtu != 0) {
		json_object_set_new(json, "max_mtu", json_integer(observed->max_mtu));
	}
	json_object_set_new(json, "protocols", protocols);
	json_object_set_new(json, "vlans", vlans);
	return json;
}

json_t *snapshot_links(const struct snapshot_request *request)
{
	const struct config *config = request->config;
	json_t *links = json_array();

	for (size_t i = 0; i < state_count(request->observed, OBJECT_LINK); i++) {
		const struct link *observed = state_at(request->observed, OBJECT_LINK, i);
		const struct link_config *entry = desired_link_config(config, observed);
		if (entry != NULL) {
			json_array_append_new(links, link_to_json(request, entry, observed));
		}
	}
	for (size_t i = 0; i < config->link_count; i++) {
		const struct link_config *entry = &config->links[i];
		if (!text_is_glob(entry->name) &&
			state_find_link(request->observed, entry->name) == NULL) {
			json_array_append_new(links, link_to_json(request, entry, NULL));
		}
	}
	return links;
}

/* Names of the interfaces a layer-3 protocol has to work on, those that are there and up. */
static json_t *layer3_interfaces(const struct snapshot_request *request,
	const struct carried *carried)
{
	json_t *interfaces = json_array();

	for (size_t i = 0; i < state_count(request->observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(request->observed, OBJECT_LINK, i);
		const struct link_config *entry = desired_link_config(request->config, link);
		char name[IFNAMSIZ] = {0};
		if (entry == NULL || !(entry->protocols & carried->protocol)) {
			continue;
		}
		carrier_name(link->name, carried->vid, name);
		const struct link *carrier = state_find_link(request->observed, name);
		if (carrier != NULL && carrier->up) {
			json_array_append_new(interfaces, json_string(name));
		}
	}
	return interfaces;
}

json_t *snapshot_layer3(const struct snapshot_request *request)
{
	struct carried carried[CARRIED];
	json_t *protocols = json_array();

	list_carried(request, carried);
	for (size_t i = 0; i < CARRIED; i++) {
		if (carried[i].protocol == PROTOCOL_BATADV || !carried[i].enabled) {
			continue;
		}
		json_array_append_new(protocols,
			json_pack("{s:s, s:i, s:o}", "protocol", carried[i].name, "vlan",
				carried[i].vid, "interfaces",
				layer3_interfaces(request, &carried[i])));
	}
	return protocols;
}
