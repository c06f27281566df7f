/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: any bytes as the one file over a profile like conf/profiles/default.json, embedded so that
 * the target needs no file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_keys.h"
#include "core/gateway.h"
#include "core/problem.h"
#include "uplink/targets.h"

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

/* What goes into argument lists and other programs' files. */
static void check_word(const char *text, bool may_be_empty)
{
	expect(may_be_empty || text[0] != '\0');
	for (; *text != '\0'; text++) {
		expect((unsigned char)*text >= ' ' && *text != 0x7f);
	}
}

static void check_layer3(const struct layer3_config *layer3)
{
	check_word(layer3->program.path, true);
	for (size_t i = 0; i < layer3->network_count; i++) {
		const struct network_config *network = &layer3->networks[i];
		int bits = (int)ip_bits(&network->network.ip);
		expect(strspn(network->name, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
			strlen(network->name));
		expect(bits > 0 && network->max_length <= bits);
		expect(network->max_length == -1 || network->max_length >= network->network.length);
	}
	for (size_t i = 0; i < layer3->announce_count; i++) {
		expect(ip_bits(&layer3->announce[i].network.ip) > 0);
	}
}

static void check_dhcp(const struct config *config)
{
	check_word(config->dhcp.program.path, true);
	check_word(config->dhcp.pool, true);
	check_word(config->dhcp.domain, false);
	expect(config->anycast.enabled || !config->dhcp.enabled);
	for (size_t i = 0; i < config->dhcp.name_count; i++) {
		check_word(config->dhcp.names[i].text, false);
	}
	for (size_t i = 0; i < config->dhcp.resolver_count; i++) {
		struct ip ip;
		expect(ip_parse(config->dhcp.resolvers[i].text, &ip) == 0);
	}
	for (size_t i = 0; i < config->dhcp.host_count && config->dhcp.enabled; i++) {
		const struct host_config *host = &config->dhcp.hosts[i];
		check_word(host->name, false);
		expect(host->ipv4.family != 0 ||
			(host->ipv6.family != 0 && mac_is_zero(&host->mac)));
	}
}

static void check_probes(const struct probes_config *probes)
{
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		expect((size_t)probes->need[kind] <= probes->target_count[kind]);
		for (size_t i = 0; i < probes->target_count[kind]; i++) {
			const char *text = probes->targets[kind][i].text;
			struct target target;
			struct ip ip = {0};
			/* Whoever asks them reads the same from them. */
			check_word(text, false);
			expect(target_parse((enum probe_kind)kind, text, &target) == 0);
			expect(config_target_address((enum probe_kind)kind, text, &ip) ==
				(target.ip.family != 0));
			expect(memcmp(&ip, &target.ip, sizeof(ip)) == 0);
		}
	}
	check_word(probes->dns_name, false);
	expect(probes->flap_reuse > 0 && probes->flap_reuse < probes->flap_suppress);
	expect(probes->interval_doubtful <= probes->interval);
}

static void check_ways(const struct config *config)
{
	struct problem_list problems = {0};

	check_probes(&config->probes);
	for (size_t i = 0; i < config->uplink_count; i++) {
		const struct uplink_config *uplink = &config->uplinks[i];
		expect(text_is_glob(uplink->name) || ifname_is_valid(uplink->name));
		expect(uplink->down >= 0 && uplink->down <= UINT32_MAX);
		expect(uplink->cap >= 1 && uplink->cap <= 100);
	}
	check_word(config->gateway.use, true);
	expect(config->gateway.mode != GATEWAY_USE || config->gateway.use[0] != '\0');
	expect(config->gateway.prefer_count <= GATEWAY_NAMES_MAX);
	expect(config->gateway.avoid_count <= GATEWAY_NAMES_MAX);
	expect(config_warn(config, &problems) == 0);
	problem_list_free(&problems);
}

static void check_config(const struct config *config)
{
	check_ways(config);
	check_layer3(&config->bmx7);
	check_layer3(&config->babeld);
	check_word(config->alfred.program.path, true);
	check_dhcp(config);
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
