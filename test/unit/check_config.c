/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_read: errors and their places, merging, what nobody gives. */
#include <linux/if_ether.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "core/identity.h"
#include "unit/config_reading.h"

START_TEST(test_size)
{
	size_t length = CONFIG_FILE_MAX;
	char *text = malloc(length + 2);

	ck_assert_ptr_nonnull(text);
	memset(text, ' ', length + 2);
	memcpy(text, SSID, strlen(SSID));
	text[length] = '\0';
	struct reading reading = read_texts(text, NULL, NULL);
	expect_ok(&reading);
	reading_free(&reading);
	text[length] = ' ';
	text[length + 1] = '\0';
	expect_one(text, "1:1:1: $: the file is larger than 1024 KiB");
	free(text);
}
END_TEST

START_TEST(test_unknown)
{
	expect_settings_error("{\n\t\"links\": {\"eth1\": {\n\t\t\"mtuu\": 1}}}",
		"2:3:3: $.links.eth1.mtuu: unknown key \"mtuu\"; did you mean \"mtu\"?");
	expect_settings_error("{\"bat-adv\": {}}",
		"2:1:2: $[\"bat-adv\"]: unknown key \"bat-adv\"; did you mean \"batadv\"?");
	expect_settings_error("{\"hop_penalty\": 3}",
		"2:1:2: $.hop_penalty: unknown key \"hop_penalty\"; it belongs into an entry of "
		"\"links\" or into \"batadv\"");
	expect_settings_error("{\"lan\": {\"qqqqqqqqqq\": 1}}",
		"2:1:10: $.lan.qqqqqqqqqq: unknown key \"qqqqqqqqqq\"; known here: bridge, ports, "
		"stp, multicast_snooping, multicast_querier, mtu");
	expect_settings_error("{\"lan\": {\"stpp\": null}}",
		"2:1:10: $.lan.stpp: unknown key \"stpp\"; did you mean \"stp\"?");
	expect_settings_error("{\"batadv\": {\"\": 1}}",
		"2:1:13: $.batadv[\"\"]: unknown key \"\"");
	expect_settings_error("{\"batadv\": {\"a\\u001b[31m\": 1}}",
		"2:1:13: $.batadv[\"a?[31m\"]: unknown key \"a?[31m\"; known here: ");
	expect_settings_error("{\"cloud\": {\"hop_penalty\": 3}}",
		"2:1:12: $.cloud.hop_penalty: unknown key \"hop_penalty\"; known here: ssid, vlan");
}
END_TEST

/* The value's text that is in force for nobody, and what is offered in its place. */
static void expect_offer(const char *settings, const char *offer)
{
	struct reading reading = read_settings(settings);

	ck_assert_int_eq(reading.result, -EINVAL);
	ck_assert_uint_eq(reading.errors.count, 1);
	const char *text = reading.errors.items[0].text;
	size_t length = strlen(text);
	ck_assert_msg(length > strlen(offer) && strcmp(text + length - strlen(offer), offer) == 0,
		"%s: %s", settings, text);
	reading_free(&reading);
}

START_TEST(test_nearest)
{
	static const char *const offers[][2] = {
		{"{\"cloud\": {\"vlan_protocol\": \"802.1AD\"}}", "; did you mean \"802.1ad\"?"},
		{"{\"batadv\": {\"algorithm\": \"batman_iv\"}}", "; did you mean \"BATMAN_IV\"?"},
		{"{\"batadv\": {\"algorithm\": \"Batman-V\"}}", "; did you mean \"BATMAN_V\"?"},
		{"{\"cloud\": {\"SSID\": \"a\"}}", "; did you mean \"ssid\"?"},
		{"{\"cloud\": {\"vlan-protocol\": 1}}", "; did you mean \"vlan_protocol\"?"},
		{"{\"batadv\": {\"orig\": 1}}", "; did you mean \"orig_interval\"?"},
		{"{\"batadv\": {\"multicast_mode\": 1}}",
			"; did you mean \"multicast_forceflood\"?"},
		{"{\"batadv\": {\"routing_algo\": \"\"}}", "; did you mean \"algorithm\"?"},
		{"{\"batadv\": {\"gateway_mode\": 1}}", "; did you mean \"gw_mode\"?"},
		{"{\"links\": {\"a\": {\"proto\": []}}}", "; did you mean \"protocols\"?"},
		{"{\"lan\": {\"lan_ports\": []}}", "; did you mean \"ports\"?"},
		{"{\"lan\": {\"portz\": []}}", "; did you mean \"ports\"?"},
		{"{\"Links\": {}}", "; did you mean \"links\"?"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(offers); i++) {
		expect_offer(offers[i][0], offers[i][1]);
	}
	/* As many keys as there are: none is cut, and all of them fit. */
	expect_offer(
		"{\"batadv\": {\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\": "
		"1}}",
		", multicast_forceflood, network_coding, orig_interval, multicast_fanout, vlans");
}
END_TEST

/* Keys on the outermost level that belong further in. */
START_TEST(test_level)
{
	expect_offer("{\"protocols\": [\"bmx7\"]}", "; it belongs into an entry of \"links\"");
	expect_offer("{\"hop_penalty\": 3}",
		"; it belongs into an entry of \"links\" or into \"batadv\"");
	expect_offer("{\"SSID\": 3}", "; it belongs into \"cloud\" as \"ssid\"");
	expect_offer("{\"max_length\": 3}",
		"; it belongs into an entry of \"bmx7.search\" or into an entry of "
		"\"babeld.redistribute\"");
	expect_offer("{\"vlan\": 3}",
		"; it belongs into \"cloud\", into \"bmx7\" or into \"babeld\"");
}
END_TEST

START_TEST(test_places)
{
	/* Escaped keys, characters of more than one byte, tabs, windows line ends, the same names
	 * on other levels and in texts. */
	expect_settings_error("{\"batadv\": {\"\\u0068op_penalty\": 256}}",
		"2:1:33: $.batadv.hop_penalty: is 256, must be an integer from 0 to 255");
	expect_settings_error("{\"node\": {\"hostname\": \"\xc3\xa4\xe2\x82\xac\"},\r\n "
			      "\"lan\":\t{\"mtu\": 1400}}",
		"2:1:23: $.node.hostname: \"\xc3\xa4\xe2\x82\xac\" is not right: a hostname is");
	expect_settings_error(
		"{\"links\": {\"a\\\"{\": {\"mtu\": 1500}, \"mtu\": {\"mtu\": 1500},\r\n"
		"\"b\": {\"protocols\": [\"bmx7\"], \"mtu\": 67}}}",
		"2:2:37: $.links.b.mtu: is 67, must be an integer from 68 to 65535 (bytes) or "
		"\"auto\"");
	expect_settings_error(
		"{\"node\": {\"hostname\": \"\xc3\xa4-\xc3\xa4\", \"primary_link\": \"eth0\"}}",
		"2:1:");
	expect_settings_error("{\"links\": {\"\xc3\xa4\xc3\xa4\": {\"mtu\": 67}}}",
		"2:1:26: $.links[\"\xc3\xa4\xc3\xa4\"].mtu: is 67");
	expect_settings_error("{\"lan\": {\"ports\": [\"a\", {\"x\": [1, 2]}]}}",
		"2:1:25: $.lan.ports[1]: is an object, must be a text");
	expect_settings_error("{\"lan\": {\"ports\": [[{}, []], \"b\"]}}",
		"2:1:20: $.lan.ports[0]: is a list, must be a text");
	expect_settings_error("{\"lan\"\n:\n[\n]}", "2:3:1: $.lan: is a list, must be an object");
}
END_TEST

START_TEST(test_all_at_once)
{
	struct reading reading = read_texts("{\"cloud\": {\"ssid\": 1, \"vlan\": 4095},\n\"x\": 1}",
		"{\"lan\": {\"stp\": \"yes\"}}", "{\"lan\": {,}}");

	expect_error(&reading, 0, "1:1:20: $.cloud.ssid: is 1, must be the SSID");
	expect_error(&reading, 1,
		"1:1:31: $.cloud.vlan: is 4095, must be an integer from 0 to "
		"4094 or \"auto\"");
	expect_error(&reading, 2, "1:2:1: $.x: unknown key \"x\"");
	expect_error(&reading, 3, "2:1:17: $.lan.stp: is \"yes\", must be true or false");
	expect_error(&reading, 4, "3:1:10: $.lan: nothing stands before this comma");
	ck_assert_uint_eq(reading.errors.count, 5);
	reading_free(&reading);

	/* What is wrong in one layer does not hide what only the whole shows. */
	reading = read_texts(SSID, "{\"batadv\": {\"gw_mode\": \"server\", \"mtu\": 1}}", NULL);
	expect_error(&reading, 0,
		"2:1:41: $.batadv.mtu: is 1, must be an integer from 128 to 65535");
	expect_error(&reading, 1, "2:1:24: $.batadv.gw_mode: gw_mode \"server\" with anycast");
	ck_assert_uint_eq(reading.errors.count, 2);
	reading_free(&reading);
}
END_TEST

START_TEST(test_too_many)
{
	char text[8192] = "{\"cloud\": {\"ssid\": \"a\"}";
	struct reading reading;

	for (int i = 0; i < 100; i++) {
		snprintf(text + strlen(text), 32, ", \"unknown%d\": 1", i);
	}
	strcat(text, "}");
	reading = read_texts(text, NULL, NULL);
	ck_assert_int_eq(reading.result, -EINVAL);
	ck_assert_uint_eq(reading.errors.count, ERR_LIST_MAX);
	ck_assert_uint_eq(reading.errors.left_out, 100 - ERR_LIST_MAX);
	reading_free(&reading);
}
END_TEST

START_TEST(test_words)
{
	expect_settings_error("{\"batadv\": {\"gw_mode\": \"clint\"}}",
		"2:1:24: $.batadv.gw_mode: is \"clint\", must be \"off\", \"client\" or "
		"\"server\"; "
		"did you mean \"client\"?");
	expect_settings_error("{\"cloud\": {\"vlan\": \"17\"}}",
		"2:1:20: $.cloud.vlan: is \"17\", must be an integer from 0 to 4094 or \"auto\"; "
		"write a number without quotes");
	expect_settings_error("{\"cloud\": {\"vlan\": \"autoo\"}}",
		"2:1:20: $.cloud.vlan: is \"autoo\", must be an integer from 0 to 4094 or "
		"\"auto\"; "
		"did you mean \"auto\"?");
	expect_settings_error("{\"cloud\": {\"vlan_protocol\": \"802.1Q\"}}",
		"2:1:29: $.cloud.vlan_protocol: is \"802.1Q\", must be \"802.1q\" or \"802.1ad\"; "
		"did "
		"you mean \"802.1q\"?");
	expect_settings_error("{\"links\": {\"eth1\": {\"protocols\": [\"batadv\", \"bmx6\"]}}}",
		"2:1:45: $.links.eth1.protocols[1]: is \"bmx6\", must be \"batadv\", \"bmx7\" or "
		"\"babeld\"; did you mean \"bmx7\"?");
	expect_settings_error("{\"links\": {\"eth1\": {\"protocols\": [7]}}}",
		"2:1:35: $.links.eth1.protocols[0]: is 7, must be \"batadv\", \"bmx7\" or "
		"\"babeld\"");
	expect_settings_error("{\"links\": {\"eth1\": {\"protocols\": \"bmx7\"}}}",
		"2:1:34: $.links.eth1.protocols: is \"bmx7\", must be a list [ ... ] of "
		"\"batadv\", "
		"\"bmx7\" or \"babeld\"; put it in [ ]");
	expect_settings_error("{\"links\": {\"eth1\": {\"protocols\": [\"bmx7\", \"bmx7\"]}}}",
		"2:1:43: $.links.eth1.protocols[1]: \"bmx7\" is in this list before");
	expect_settings_error("{\"lan\": {\"ports\": \"eth0\"}}",
		"2:1:19: $.lan.ports: is \"eth0\", must be a list [ ... ] of names of interfaces "
		"or "
		"patterns such as \"lan*\"; put it in [ ]");
	expect_settings_error("{\"links\": {\"eth1\": true}}",
		"2:1:20: $.links.eth1: is true, must be an object, { } when nothing is to be set");
	expect_settings_error("{\"links\": {\"eth1/x\": {}}}",
		"2:1:12: $.links[\"eth1/x\"]: \"eth1/x\" is not right: an interface's name has");
	expect_settings_error("{\"links\": {\"a-name-too-long0\": {}}}",
		"2:1:12: $.links[\"a-name-too-long0\"]: \"a-name-too-long0\" is not right");
	expect_settings_error("{\"lan\": {\"mtu\": 1500.0}}",
		"2:1:17: $.lan.mtu: is 1500.0, must be");
	expect_settings_error("{\"lan\": {\"ports\": [null]}}", "2:1:20: $.lan.ports[0]: is null");
}
END_TEST

/* Said once, and without what another node would make of it. */
START_TEST(test_templates)
{
	expect_settings_error("{\"cloud\": {\"ipv4\": \"10.%N1.0/16\"}}",
		"2:1:20: $.cloud.ipv4: \"10.%N1.0/16\" is not right: what it stands for is not an "
		"IPv4 address; such as \"10.%N1.0.0/16\"");
	expect_settings_error("{\"cloud\": {\"ipv4\": \"10.0/16\"}}",
		"2:1:20: $.cloud.ipv4: \"10.0/16\" is not right: \"10.0\" is not an IPv4 address");
	expect_settings_error("{\"cloud\": {\"ipv4\": \"10.%X1.0.0/16\"}}",
		"2:1:20: $.cloud.ipv4: \"10.%X1.0.0/16\" is not right: \"%X1\" means nothing "
		"here; use %N1");
	expect_settings_error("{\"cloud\": {\"ipv6\": \"fd%N1:%N2::1::/64\"}}",
		"2:1:20: $.cloud.ipv6: \"fd%N1:%N2::1::/64\" is not right: what it stands for is "
		"not an IPv6 address");
	expect_settings_error("{\"anycast\": {\"mac\": \"aa:aa:%N1:%N2:aa\"}}",
		"2:1:21: $.anycast.mac: \"aa:aa:%N1:%N2:aa\" is not right: what it stands for is "
		"not a MAC; write six pairs");
	expect_settings_error("{\"node\": {\"hostname\": \"roof-%N1\"}}",
		"2:1:23: $.node.hostname: \"roof-%N1\" is not right: \"%N1\" means nothing here; "
		"use %M1");
	expect_settings_error("{\"cloud\": {\"ipv4\": \"10.%N1.0.0\"}}",
		"2:1:20: $.cloud.ipv4: \"10.%N1.0.0\" is not right: the length of the network is "
		"missing");
}
END_TEST

START_TEST(test_merge)
{
	struct reading reading = read_texts("{\"cloud\": {\"ssid\": \"a\", \"vlan\": 40}, \"lan\": "
					    "{\"ports\": [\"eth0\", \"eth1\"], "
					    "\"mtu\": 1400}, \"links\": {\"eth2\": {\"mtu\": 1600, "
					    "\"hop_penalty\": 7}, \"eth3\": {}}}",
		"{\"cloud\": {\"vlan\": 41}, \"lan\": {\"ports\": [\"eth4\"], \"mtu\": null}, "
		"\"links\": {\"eth2\": {\"mtu\": null}, \"eth3\": null, \"eth5\": {}}}",
		"{\"cloud\": {\"ssid\": \"b\"}, \"anycast\": null}");

	expect_ok(&reading);
	ck_assert_str_eq(reading.config.cloud.ssid, "b");
	ck_assert_int_eq(reading.config.cloud.vlan, 41);
	ck_assert_uint_eq(reading.config.lan.port_count, 1);
	ck_assert_str_eq(reading.config.lan.ports[0].name, "eth4");
	ck_assert_int_eq(reading.config.lan.mtu, 1500);
	ck_assert_uint_eq(reading.config.link_count, 2);
	ck_assert_str_eq(reading.config.links[0].name, "eth2");
	ck_assert_int_eq(reading.config.links[0].mtu, MTU_AUTO);
	ck_assert_uint_eq(reading.config.links[0].hardif.hop_penalty, 7);
	ck_assert_str_eq(reading.config.links[1].name, "eth5");
	ck_assert(reading.config.anycast.enabled);
	reading_free(&reading);

	/* A null removes what a layer below it gives, not what one above gives. */
	reading = read_texts("{\"cloud\": null}", SSID, NULL);
	expect_ok(&reading);
	reading_free(&reading);
	reading = read_texts(SSID, "{\n\"cloud\": null}", NULL);
	expect_error(&reading, 0, "2:2:10: $.cloud.ssid: is missing; give the SSID");
	reading_free(&reading);
	expect_one("{\n \"lan\": {}}", "1:1:1: $.cloud.ssid: is missing");
	expect_one("{\n \"cloud\": {}}", "1:2:11: $.cloud.ssid: is missing");
}
END_TEST

START_TEST(test_failure_keeps)
{
	struct config_layer layers[] = {layer("profile", "{}"), layer("1", "{}")};
	struct config config;
	struct config same;
	struct err_list errors = {0};

	memset(&config, 0x5a, sizeof(config));
	memset(&same, 0x5a, sizeof(same));
	ck_assert_int_eq(config_read(layers, 2, &config, &errors), -EINVAL);
	ck_assert_mem_eq(&config, &same, sizeof(same));
	err_list_free(&errors);
}
END_TEST

START_TEST(test_fallbacks)
{
	struct reading reading = read_texts("{\"cloud\": {\"ssid\": \"a\"}, \"links\": {\"eth1\": "
					    "{}}, \"batadv\": {\"vlans\": {\"7\": {}}}}",
		NULL, NULL);
	const struct config *config = &reading.config;
	const struct link_config *link = config->links;

	expect_ok(&reading);
	ck_assert_str_eq(config->profile, "default");
	ck_assert_str_eq(config->node.hostname, "");
	ck_assert_str_eq(config->node.primary_link, "");
	ck_assert_int_eq(config->cloud.vlan, VLAN_AUTO);
	ck_assert_uint_eq(config->cloud.vlan_protocol, ETH_P_8021Q);
	/* Nodes in the lower half, clients in the upper. */
	ck_assert_str_eq(config->cloud.ipv4, "10.%N1.0.0/16/17");
	ck_assert_str_eq(config->cloud.ipv6, identity_default_ipv6);
	ck_assert_str_eq(config->anycast.mac, identity_default_anycast_mac);
	ck_assert_str_eq(config->anycast.ipv4, "");
	ck_assert_str_eq(config->anycast.ipv6, "");
	ck_assert_uint_eq(link->protocols, PROTOCOL_ALL);
	ck_assert_int_eq(link->mtu, MTU_AUTO);
	ck_assert_uint_eq(link->hardif.head.has, FIELD_BIT(HARDIF_FIELD_COUNT) - 1);
	ck_assert_uint_eq(link->hardif.hop_penalty, 0);
	ck_assert_uint_eq(link->hardif.elp_interval, 500);
	ck_assert_uint_eq(link->hardif.throughput_override, 0);
	ck_assert_uint_eq(config->batadv.settings.head.has, FIELD_BIT(MESH_GW_SEL_CLASS));
	ck_assert_uint_eq(config->batadv.settings.gw_sel_class, 20);
	ck_assert_uint_eq(config->batadv.vlan_count, 1);
	ck_assert_uint_eq(config->batadv.vlans[0].key.vid, 7);
	ck_assert_uint_eq(config->batadv.vlans[0].head.has, FIELD_BIT(MESH_VLAN_AP_ISOLATION));
	reading_free(&reading);
}
END_TEST

START_TEST(test_profile_name)
{
	struct config_layer layers[] = {layer("1", "{\"profile\": \"l2-only\"}"),
		layer("2", "{\n \"profile\": \"libremesh\"}"), layer("3", SSID)};
	struct err err = {0};
	char name[32];

	config_profile_name(layers, 0, name, sizeof(name));
	ck_assert_str_eq(name, "default");
	config_profile_name(layers, 1, name, sizeof(name));
	ck_assert_str_eq(name, "l2-only");
	config_profile_name(layers, 3, name, sizeof(name));
	ck_assert_str_eq(name, "libremesh");
	config_profile_place(layers, 3, &err);
	ck_assert_str_eq(err.file, "2");
	ck_assert_str_eq(err.path, "$.profile");
	ck_assert_int_eq(err.line, 2);
	ck_assert_int_eq(err.column, 13);
	static const char *const without[] = {"{\"profile\": null}", "{\"profile\": \"../x\"}",
		"{\"profile\": 3}", "{\"profile\": \"\"}", "[]", "7"};
	for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
		layers[2] = layer("3", without[i]);
		config_profile_name(layers, 3, name, sizeof(name));
		ck_assert_str_eq(name, i < 4 ? "default" : "libremesh");
	}
	expect_settings_error("{\"profile\": \"../x\"}",
		"2:1:13: $.profile: \"../x\" is not right");
	expect_settings_error("{\"$schema\": 3}", "2:1:13: $.$schema: is 3, must be a text");

	struct config_layer both[] = {layer("p", "{\"profile\": \"x\"}"), layer("1", SSID)};
	struct reading reading = {.errors = {0}};
	reading.result = config_read(both, 2, &reading.config, &reading.errors);
	expect_error(&reading, 0, "p:1:2: $.profile: a profile cannot name a profile");
	reading_free(&reading);
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_size, test_unknown, test_nearest, test_level,
		test_places, test_all_at_once, test_too_many, test_words, test_templates,
		test_merge, test_failure_keeps, test_fallbacks, test_profile_name};
	Suite *suite = suite_create("config");
	TCase *tcase = tcase_create("config");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
