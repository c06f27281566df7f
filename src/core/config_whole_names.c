/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No two interfaces have one name: what meshd makes, and what has to be there. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/config_whole.h"
#include "core/identity.h"

int config_cloud_vlan(const struct config *config)
{
	uint8_t network[6];

	if (config->cloud.vlan != VLAN_AUTO) {
		return config->cloud.vlan;
	}
	if (config->cloud.ssid[0] == '\0') {
		return -1;
	}
	identity_network_id(config->cloud.ssid, network);
	return identity_cloud_vlan(network);
}

/* An interface that meshd makes. */
struct device {
	const char *name;
	const char *section;
	const char *key;
	bool enabled;
};

#define DEVICES 3

static void list_devices(const struct config *config, struct device devices[DEVICES])
{
	devices[0] = (struct device){config->lan.bridge, "lan", "bridge", true};
	devices[1] =
		(struct device){config->batadv.device, "batadv", "device", config->batadv.enabled};
	devices[2] = (struct device){config->anycast.device, "anycast", "device",
		config->anycast.enabled};
}

/* Says that the path names an interface that meshd makes itself. */
static void check_not_made(const struct config_whole *whole, const char *name,
	struct config_path path)
{
	struct device devices[DEVICES];

	list_devices(whole->config, devices);
	for (size_t i = 0; i < DEVICES; i++) {
		const struct device *device = &devices[i];

		if (device->enabled && strcmp(name, device->name) == 0) {
			config_whole_report(whole,
				config_whole_later(whole, path,
					config_path_of(device->section, device->key, NULL)),
				"%s is the interface that meshd makes for %s.%s; name another here "
				"or there",
				name, device->section, device->key);
		}
	}
}

static struct config_path port_path(size_t index)
{
	struct config_path path = config_path_of("lan", "ports", NULL);

	config_path_push_index(&path, index);
	return path;
}

static void check_two_devices(const struct config_whole *whole, const struct device *first,
	const struct device *second)
{
	if (!first->enabled || !second->enabled || strcmp(first->name, second->name) != 0) {
		return;
	}
	config_whole_report(whole,
		config_whole_later(whole, config_path_of(second->section, second->key, NULL),
			config_path_of(first->section, first->key, NULL)),
		"%s.%s and %s.%s are both \"%s\"; each needs a name of its own", first->section,
		first->key, second->section, second->key, first->name);
}

/* Says that the path names a VLAN that meshd makes on a link. Patterns are not compared: what a
 * pattern takes has its VLANs when it is there. */
static void check_not_vlan(const struct config_whole *whole, const char *name,
	struct config_path path)
{
	const struct config *config = whole->config;
	const struct {
		uint8_t protocol;
		int vid;
	} vlans[] = {{PROTOCOL_BATADV, config->batadv.enabled ? config_cloud_vlan(config) : 0},
		{PROTOCOL_BMX7, config->bmx7.enabled ? config->bmx7.vlan : 0},
		{PROTOCOL_BABELD, config->babeld.enabled ? config->babeld.vlan : 0}};
	const char *dot = strrchr(name, '.');
	long vid = dot != NULL ? strtol(dot + 1, NULL, 10) : 0;
	uint8_t protocols = 0;

	for (size_t i = 0; i < ARRAY_SIZE(vlans); i++) {
		protocols |= vid > 0 && vid == vlans[i].vid ? vlans[i].protocol : 0;
	}
	for (size_t i = 0; protocols != 0 && i < config->link_count; i++) {
		const struct link_config *link = &config->links[i];
		char made[IFNAMSIZ];

		if (!(link->protocols & protocols) || text_is_glob(link->name)) {
			continue;
		}
		identity_vlan_name(link->name, (uint16_t)vid, made);
		if (strcmp(made, name) == 0) {
			config_whole_report(whole,
				config_whole_later(whole, path,
					config_path_of("links", link->name, NULL)),
				"%s is the VLAN that meshd makes on the link %s; name another "
				"here, or take %s out of links",
				name, link->name, link->name);
			return;
		}
	}
}

/* Of an interface that has to be there: it is none that meshd makes. */
static void check_foreign(const struct config_whole *whole, const char *name,
	struct config_path path)
{
	check_not_made(whole, name, path);
	check_not_vlan(whole, name, path);
}

void config_check_names(const struct config_whole *whole)
{
	const struct config *config = whole->config;
	struct device devices[DEVICES];

	list_devices(config, devices);
	for (size_t i = 0; i < DEVICES; i++) {
		for (size_t j = 0; j < i; j++) {
			check_two_devices(whole, &devices[j], &devices[i]);
		}
		if (devices[i].enabled) {
			check_not_vlan(whole, devices[i].name,
				config_path_of(devices[i].section, devices[i].key, NULL));
		}
	}
	for (size_t i = 0; i < config->link_count; i++) {
		check_foreign(whole, config->links[i].name,
			config_path_of("links", config->links[i].name, NULL));
	}
	for (size_t i = 0; i < config->lan.port_count; i++) {
		check_foreign(whole, config->lan.ports[i].name, port_path(i));
	}
	for (size_t i = 0; i < config->uplink_count; i++) {
		check_foreign(whole, config->uplinks[i].name,
			config_path_of("uplinks", config->uplinks[i].name, NULL));
	}
	check_foreign(whole, config->node.primary_link,
		config_path_of("node", "primary_link", NULL));
}
