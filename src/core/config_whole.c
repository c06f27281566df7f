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

static void check_layer3_vlan(const struct config_whole *whole, const char *section,
	const struct layer3_config *layer3, int standard_vlan)
{
	const struct config *config = whole->config;
	struct config_path deciding = config_path_of("cloud", "vlan", NULL);
	int vlan = config_cloud_vlan(config);
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
	config_check_names(&whole);
	check_layer3_vlan(&whole, "bmx7", &config->bmx7, 18);
	check_layer3_vlan(&whole, "babeld", &config->babeld, 17);
	config_check_links(&whole);
	check_gw_mode(&whole);
	check_gw_sel_class(&whole);
	config_check_identity(&whole);
	config_check_children(&whole);
	config_check_ways(&whole);
}

/* It answers others' questions for the shared address with the MAC of whichever node it heard. */
static int warn_distributed_arp_table(const struct config *config, struct problem_list *problems)
{
	if (!config->batadv.enabled || !config->anycast.enabled ||
		!object_has(&config->batadv.settings, MESH_DISTRIBUTED_ARP_TABLE) ||
		!config->batadv.settings.distributed_arp_table) {
		return 0;
	}
	return problem_add(problems, PROBLEM_ODD_SETTING, "batadv.distributed_arp_table",
		"set it to false, or anycast.enabled to false",
		"batadv.distributed_arp_table is true with the shared gateway: it answers for that "
		"address, too");
}

static int warn_ssid(const struct config *config, struct problem_list *problems)
{
	const char *shell = identity_ssid_warning(config->cloud.ssid);
	size_t length = strlen(config->cloud.ssid);
	int result = 0;

	if (length > RADIO_SSID_MAX) {
		result = problem_add(problems, PROBLEM_SSID, "cloud.ssid length",
			"a radio shows the first 32; the cloud is derived from all of them",
			"the SSID has %zu bytes, a radio can send %d", length, RADIO_SSID_MAX);
	}
	if (result == 0 && shell != NULL) {
		result = problem_add(problems, PROBLEM_SSID, "cloud.ssid",
			"choose a plain SSID where LibreMesh routers take part", "%s", shell);
	}
	return result;
}

int config_warn(const struct config *config, struct problem_list *problems)
{
	int result = config_warn_ways(config, problems);

	if (result == 0) {
		result = warn_distributed_arp_table(config, problems);
	}
	return result == 0 ? warn_ssid(config, problems) : result;
}
