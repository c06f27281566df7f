/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: any bytes as the one file over a profile like conf/profiles/default.json, embedded so that
 * the target needs no file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char profile[] =
	"{\"cloud\": {\"ssid\": \"LibreMesh.org\", \"vlan\": \"auto\", \"vlan_protocol\": "
	"\"802.1q\"},"
	"\"lan\": {\"bridge\": \"br-lan\", \"ports\": [], \"stp\": false, \"mtu\": 1500},"
	"\"anycast\": {\"enabled\": true, \"device\": \"anygw\", \"mac\": \"aa:aa:aa:%N1:%N2:aa\"},"
	"\"batadv\": {\"enabled\": true, \"device\": \"bat0\", \"algorithm\": \"BATMAN_IV\","
	"\"gw_mode\": \"client\", \"hop_penalty\": 30, \"orig_interval\": 1000, \"vlans\": {}},"
	"\"bmx7\": {\"enabled\": false, \"vlan\": 18}, \"babeld\": {\"enabled\": true, \"vlan\": "
	"17}}";

static void expect(bool holds)
{
	if (!holds) {
		abort();
	}
}

/* No error points outside the file, or says nothing. */
static void check_errors(const struct err_list *errors, const uint8_t *bytes, size_t size)
{
	int lines = 1;

	for (size_t i = 0; i < size; i++) {
		lines += bytes[i] == '\n';
	}
	expect(errors->count > 0);
	for (size_t i = 0; i < errors->count; i++) {
		const struct err *err = &errors->items[i];
		expect(err->text[0] != '\0' && strcmp(err->file, "fuzz") == 0);
		/* jansson may stop one line after the last. */
		expect(err->line >= 1 && err->line <= lines + 1 && err->column >= 1);
		/* The status shows errors as JSON, which takes UTF-8 only. */
		json_t *text = json_string(err->text);
		json_t *path = json_string(err->path);
		expect(text != NULL && path != NULL);
		json_decref(text);
		json_decref(path);
	}
}

static void check_config(const struct config *config)
{
	expect(config->cloud.ssid[0] != '\0');
	expect(config->cloud.vlan >= VLAN_AUTO && config->cloud.vlan <= 4094);
	expect(ifname_is_valid(config->lan.bridge) && ifname_is_valid(config->batadv.device));
	expect(config->batadv.mtu >= 128 && config->batadv.mtu <= 65535);
	expect(object_has(&config->batadv.settings, MESH_GW_SEL_CLASS));
	for (size_t i = 0; i < config->link_count; i++) {
		const struct link_config *link = &config->links[i];
		expect(text_is_glob(link->name) || ifname_is_valid(link->name));
		expect((link->protocols & ~PROTOCOL_ALL) == 0);
		expect(link->hardif.head.has == FIELD_BIT(HARDIF_FIELD_COUNT) - 1);
	}
	for (size_t i = 0; i < config->lan.port_count; i++) {
		expect(config->lan.ports[i].name[0] != '\0');
	}
	for (size_t i = 0; i < config->batadv.vlan_count; i++) {
		expect(config->batadv.vlans[i].key.vid >= 1);
		expect(config->batadv.vlans[i].key.vid <= 4094);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct config_layer layers[] = {{"profile", profile, sizeof(profile) - 1},
		{"fuzz", (const char *)bytes, size}};
	struct config config;
	struct err_list errors = {0};
	char name[32];

	config_profile_name(layers + 1, 1, name, sizeof(name));
	expect(name[0] != '\0' && strchr(name, '/') == NULL);
	int result = config_read(layers, 2, &config, &errors);
	if (result == 0) {
		expect(errors.count == 0);
		check_config(&config);
		config_free(&config);
	} else {
		check_errors(&errors, bytes, size);
	}
	err_list_free(&errors);
	return 0;
}
