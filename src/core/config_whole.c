/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only the merged configuration shows. Each error is put where the last layer wrote one of
 * the keys that do not fit together: the profile was right before. */
#include "core/config_whole.h"

#include <linux/batman_adv.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/identity.h"
#include "core/problem.h"

#define RADIO_SSID_MAX 32 /* IEEE 802.11 */

/* The value that the layer gives for the path, or for what holds it when that is null. */
static const json_t *written_value(const json_t *tree, const struct config_path *path)
{
	for (size_t i = 0; i < path->depth && tree != NULL && !json_is_null(tree); i++) {
		const struct config_step *step = &path->steps[i];

		tree = step->key != NULL ? json_object_get(tree, step->key)
					 : json_array_get(tree, step->index);
	}
	return tree;
}

int config_last_writer(const struct config_reader *reader, const struct config_path *path)
{
	for (size_t i = reader->count; i > 0; i--) {
		if (written_value(reader->trees[i - 1], path) != NULL) {
			return (int)i - 1;
		}
	}
	return -1;
}

struct config_path config_whole_later(const struct config_whole *whole, struct config_path first,
	struct config_path second)
{
	int first_writer = config_last_writer(whole->reader, &first);
	int second_writer = config_last_writer(whole->reader, &second);

	return second_writer > first_writer ? second : first;
}

void config_whole_report(const struct config_whole *whole, struct config_path path,
	const char *format, ...)
{
	int writer = config_last_writer(whole->reader, &path);
	char text[sizeof(((struct err *)0)->text) + 4];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	config_report(whole->reader->errors, writer >= 0 ? &whole->reader->layers[writer] : NULL,
		&path, CONFIG_AT_VALUE, "%s", text);
}

/* Nobody wrote it: said of the last layer, the one a node's owner most likely edits. */
static void check_ssid(const struct config_whole *whole)
{
	const struct config_reader *reader = whole->reader;
	struct config_path path = config_path_of("cloud", "ssid", NULL);
	int writer = config_last_writer(reader, &path);
	size_t last = writer >= 0 ? (size_t)writer : reader->count - 1;

	if (whole->config->cloud.ssid[0] == '\0' && reader->count > 0) {
		config_report(reader->errors, &reader->layers[last], &path, CONFIG_AT_VALUE,
			"is missing; give the SSID of the cloud's access points, such as "
			"\"cloud\": {\"ssid\": \"LibreMesh.org\"}");
	}
}

static void check_gw_mode(const struct config_whole *whole)
{
	const struct config *config = whole->config;

	if (!config->batadv.enabled || !config->anycast.enabled ||
		!object_has(&config->batadv.settings, MESH_GW_MODE) ||
		config->batadv.settings.gw_mode != BATADV_GW_MODE_SERVER) {
		return;
	}
	config_whole_report(whole,
		config_whole_later(whole, config_path_of("batadv", "gw_mode", NULL),
			config_path_of("anycast", "enabled", NULL)),
		"gw_mode \"server\" with anycast makes every other node send its clients' DHCP "
		"requests here instead of answering them, a second DHCP server for the whole "
		"cloud; use \"client\", or set anycast.enabled to false");
}

static void check_gw_sel_class(const struct config_whole *whole)
{
	const struct config *config = whole->config;

	if (strcmp(config->batadv.algorithm, "BATMAN_IV") == 0 &&
		config->batadv.settings.gw_sel_class > 255) {
		config_whole_report(whole,
			config_whole_later(whole, config_path_of("batadv", "gw_sel_class", NULL),
				config_path_of("batadv", "algorithm", NULL)),
			"gw_sel_class %u is too large for BATMAN_IV, where 1 to 255 is right",
			config->batadv.settings.gw_sel_class);
	}
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

static void check_names(const struct config_whole *whole)
{
	const struct config *config = whole->config;
	struct device devices[DEVICES];

	list_devices(config, devices);
	for (size_t i = 1; i < DEVICES; i++) {
		for (size_t j = 0; j < i; j++) {
			check_two_devices(whole, &devices[j], &devices[i]);
		}
	}
	for (size_t i = 0; i < config->link_count; i++) {
		check_not_made(whole, config->links[i].name,
			config_path_of("links", config->links[i].name, NULL));
	}
	for (size_t i = 0; i < config->lan.port_count; i++) {
		check_not_made(whole, config->lan.ports[i].name, port_path(i));
	}
	for (size_t i = 0; i < config->uplink_count; i++) {
		check_not_made(whole, config->uplinks[i].name,
			config_path_of("uplinks", config->uplinks[i].name, NULL));
	}
	check_not_made(whole, config->node.primary_link,
		config_path_of("node", "primary_link", NULL));
}

/* The cloud's VLAN and the key that decides it; -1 when it is not known. */
static int cloud_vlan(const struct config *config, struct config_path *path)
{
	uint8_t network[6];

	*path = config_path_of("cloud", "vlan", NULL);
	if (config->cloud.vlan != VLAN_AUTO) {
		return config->cloud.vlan;
	}
	if (config->cloud.ssid[0] == '\0') {
		return -1;
	}
	identity_network_id(config->cloud.ssid, network);
	return identity_cloud_vlan(network);
}

static void check_layer3_vlan(const struct config_whole *whole, const char *section,
	const struct layer3_config *layer3, int standard_vlan)
{
	const struct config *config = whole->config;
	struct config_path deciding;
	int vlan = cloud_vlan(config, &deciding);
	bool is_auto = config->cloud.vlan == VLAN_AUTO;

	if (!config->batadv.enabled || !layer3->enabled || layer3->vlan != vlan) {
		return;
	}
	if (is_auto) {
		deciding =
			config_whole_later(whole, config_path_of("cloud", "ssid", NULL), deciding);
	}
	char advice[96];
	if (layer3->vlan == standard_vlan) {
		snprintf(advice, sizeof(advice),
			"\"auto\" or another number is right for cloud.vlan");
	} else {
		snprintf(advice, sizeof(advice), "%d is LibreMesh's for %s", standard_vlan,
			section);
	}
	config_whole_report(whole,
		config_whole_later(whole, config_path_of(section, "vlan", NULL), deciding),
		"%s.vlan is %d, and so is the cloud's VLAN%s; layer 2 and layer 3 need different "
		"ones, %s",
		section, vlan, is_auto ? ", which cloud.ssid decides" : "", advice);
}

void config_check_whole(const struct config_reader *reader, const struct config *config,
	bool is_complete)
{
	struct config_whole whole = {reader, config, is_complete};

	if (is_complete) {
		check_ssid(&whole);
	}
	check_names(&whole);
	check_layer3_vlan(&whole, "bmx7", &config->bmx7, 18);
	check_layer3_vlan(&whole, "babeld", &config->babeld, 17);
	config_check_links(&whole);
	check_gw_mode(&whole);
	check_gw_sel_class(&whole);
	config_check_identity(&whole);
	config_check_children(&whole);
	config_check_ways(&whole);
}

int config_warn(const struct config *config, struct problem_list *problems)
{
	size_t length = strlen(config->cloud.ssid);

	int result = config_warn_ways(config, problems);

	if (result < 0 || length <= RADIO_SSID_MAX) {
		return result;
	}
	return problem_add(problems, PROBLEM_SSID, "cloud.ssid length",
		"a radio shows the first 32; the cloud is derived from all of them",
		"the SSID has %zu bytes, a radio can send %d", length, RADIO_SSID_MAX);
}
