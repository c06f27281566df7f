/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_read: what only the merged configuration shows. */
#include <linux/batman_adv.h>

#include "base/cleanup.h"
#include "core/problem.h"
#include "unit/config_reading.h"

START_TEST(test_gw_sel_class)
{
	struct reading reading = read_settings("{\"batadv\": {\"algorithm\": \"BATMAN_V\"}}");

	expect_ok(&reading);
	ck_assert_uint_eq(reading.config.batadv.settings.gw_sel_class, 50);
	reading_free(&reading);
	reading =
		read_settings("{\"batadv\": {\"algorithm\": \"BATMAN_V\", \"gw_sel_class\": 256}}");
	expect_ok(&reading);
	ck_assert_uint_eq(reading.config.batadv.settings.gw_sel_class, 256);
	reading_free(&reading);
	expect_settings_error("{\"batadv\": {\"gw_sel_class\": 256}}",
		"2:1:29: $.batadv.gw_sel_class: gw_sel_class 256 is too large for BATMAN_IV");
	/* The layer that chose the algorithm is the one to blame. */
	reading = read_texts(SSID,
		"{\"batadv\": {\"algorithm\": \"BATMAN_V\", \"gw_sel_class\": 5000}}",
		"{\"batadv\":\n{\"algorithm\": \"BATMAN_IV\"}}");
	expect_error(&reading, 0, "3:2:15: $.batadv.algorithm: gw_sel_class 5000 is too large");
	reading_free(&reading);
}
END_TEST

START_TEST(test_names)
{
	expect_settings_error("{\"lan\": {\"bridge\": \"bat0\"}}",
		"2:1:20: $.lan.bridge: lan.bridge and batadv.device are both \"bat0\"");
	expect_settings_error("{\"anycast\": {\"device\": \"br-lan\"}}",
		"2:1:24: $.anycast.device: lan.bridge and anycast.device are both \"br-lan\"");
	expect_settings_error("{\"anycast\": {\"device\": \"bat0\"}}",
		"2:1:24: $.anycast.device: batadv.device and anycast.device are both \"bat0\"");
	expect_settings_error("{\"links\": {\"eth1\": {}, \"bat0\": {}}}",
		"2:1:32: $.links.bat0: bat0 is the interface that meshd makes for batadv.device");
	expect_settings_error("{\"lan\": {\"ports\": [\"eth0\", \"anygw\"]}}",
		"2:1:28: $.lan.ports[1]: anygw is the interface that meshd makes for "
		"anycast.device");
	expect_settings_error("{\"node\": {\"primary_link\": \"br-lan\"}}",
		"2:1:27: $.node.primary_link: br-lan is the interface that meshd makes");
	struct reading reading = read_settings(
		"{\"batadv\": {\"enabled\": false}, \"lan\": {\"ports\": [\"bat0\"]}}");
	expect_ok(&reading);
	reading_free(&reading);
	reading = read_texts(SSID, "{\"links\": {\"eth9\": {}}}",
		"{\"lan\": {\"bridge\": \"eth9\"}}");
	expect_error(&reading, 0, "3:1:20: $.lan.bridge: eth9 is the interface that meshd makes");
	reading_free(&reading);
}
END_TEST

/* What meshd makes on the links has names, too: the cloud's VLAN is 29, babeld's 17. */
START_TEST(test_vlan_names)
{
	expect_settings_error("{\"links\": {\"eth0\": {}}, \"lan\": {\"bridge\": \"eth0.29\"}}",
		"2:1:43: $.lan.bridge: eth0.29 is the VLAN that meshd makes on the link eth0; name "
		"another here, or take eth0 out of links");
	expect_settings_error("{\"links\": {\"eth0\": {}}, \"batadv\": {\"device\": \"eth0.17\"}}",
		"2:1:46: $.batadv.device: eth0.17 is the VLAN that meshd makes on the link eth0");
	expect_settings_error("{\"links\": {\"eth0\": {}, \"eth0.29\": {}}}",
		"2:1:35: $.links[\"eth0.29\"]: eth0.29 is the VLAN that meshd makes on the link "
		"eth0");
	expect_settings_error(
		"{\"links\": {\"eth0\": {}}, \"lan\": {\"ports\": [\"eth1\", \"eth0.17\"]}}",
		"2:1:51: $.lan.ports[1]: eth0.17 is the VLAN that meshd makes on the link eth0");
	expect_settings_error("{\"links\": {\"eth0\": {}}, \"uplinks\": {\"eth0.17\": {}}}",
		"2:1:48: $.uplinks[\"eth0.17\"]: eth0.17 is the VLAN that meshd makes");
	expect_settings_error(
		"{\"links\": {\"eth0\": {}}, \"node\": {\"primary_link\": \"eth0.29\"}}",
		"2:1:50: $.node.primary_link: eth0.29 is the VLAN that meshd makes");
	expect_settings_error("{\"links\": {\"wlan0-mesh-xy\": {}}, \"anycast\": {\"device\": "
			      "\"wlan0-kwppuq.29\"}}",
		"2:1:56: $.anycast.device: wlan0-kwppuq.29 is the VLAN that meshd makes on the "
		"link wlan0-mesh-xy");
	/* Other numbers, what is off, what does not run on the link. */
	static const char *const right[] = {
		"{\"links\": {\"eth0\": {}}, \"lan\": {\"ports\": [\"eth0.18\", \"eth0.2\"]}}",
		"{\"links\": {\"eth0\": {}}, \"lan\": {\"ports\": [\"eth0.29\"]}, \"cloud\": "
		"{\"vlan\": 30}}",
		"{\"links\": {\"eth0\": {\"protocols\": [\"babeld\"]}}, \"lan\": {\"ports\": "
		"[\"eth0.29\"]}}",
		"{\"links\": {\"eth0\": {}}, \"lan\": {\"ports\": [\"eth0.17\"]}, \"babeld\": "
		"{\"enabled\": false}}",
		"{\"links\": {\"eth0\": {}}, \"lan\": {\"ports\": [\"eth1.29\"]}}"};
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		struct reading reading = read_settings(right[i]);
		expect_ok(&reading);
		reading_free(&reading);
	}
}
END_TEST

START_TEST(test_vlans)
{
	expect_settings_error("{\"cloud\": {\"vlan\": 17}}",
		"2:1:20: $.cloud.vlan: babeld.vlan is 17, and so is the cloud's VLAN; layer 2 and "
		"layer 3 need different ones, \"auto\" or another");
	expect_settings_error("{\"bmx7\": {\"enabled\": true, \"vlan\": 29}}",
		"2:1:36: $.bmx7.vlan: bmx7.vlan is 29, and so is the cloud's VLAN, which "
		"cloud.ssid decides; layer 2 and layer 3 need different ones, 18 is LibreMesh's");
	struct reading reading =
		read_texts("{\"cloud\": {\"ssid\": \"x\"}, \"babeld\": {\"vlan\": 29}}", SSID,
			NULL);
	expect_error(&reading, 0, "2:1:20: $.cloud.ssid: babeld.vlan is 29");
	reading_free(&reading);
	/* The two of layer 3 may share one; what is off does not matter. */
	reading = read_settings("{\"bmx7\": {\"enabled\": true, \"vlan\": 17}}");
	expect_ok(&reading);
	reading_free(&reading);
	reading = read_settings("{\"bmx7\": {\"enabled\": false, \"vlan\": 29}}");
	expect_ok(&reading);
	reading_free(&reading);
	reading = read_settings("{\"batadv\": {\"enabled\": false}, \"cloud\": {\"vlan\": 17}}");
	expect_ok(&reading);
	reading_free(&reading);
	reading = read_settings(
		"{\"batadv\": {\"enabled\": false}, \"babeld\": {\"enabled\": false}}");
	expect_ok(&reading);
	reading_free(&reading);
	expect_settings_error("{\"cloud\": {\"vlan\": 0}, \"babeld\": {\"vlan\": 0}}",
		"2:1:43: $.babeld.vlan: babeld.vlan is 0, and so is the cloud's VLAN");
}
END_TEST

START_TEST(test_untagged_port)
{
	expect_settings_error("{\"cloud\": {\"vlan\": 0}, \"links\": {\"eth1\": {}}, \"lan\": "
			      "{\"ports\": [\"eth1\"]}}",
		"2:1:65: $.lan.ports[0]: eth1 is a port of br-lan and a mesh link without a VLAN "
		"(cloud.vlan is 0)");
	expect_settings_error("{\"babeld\": {\"vlan\": 0}, \"links\": {\"eth1\": {}}, \"lan\": "
			      "{\"ports\": [\"eth0\", \"eth1\"]}}",
		"2:1:74: $.lan.ports[1]: eth1 is a port of br-lan and a mesh link without a VLAN "
		"(babeld.vlan is 0)");
	struct reading reading = read_settings(
		"{\"babeld\": {\"vlan\": 0}, \"links\": {\"eth1\": {\"protocols\": [\"batadv\"]}}, "
		"\"lan\": {\"ports\": [\"eth1\"]}}");
	expect_ok(&reading);
	reading_free(&reading);
	reading = read_settings("{\"links\": {\"eth1\": {}}, \"lan\": {\"ports\": [\"eth1\"]}}");
	expect_ok(&reading);
	reading_free(&reading);
}
END_TEST

/* Spelled differently, they are still one interface. */
START_TEST(test_untagged_port_patterns)
{
	expect_settings_error("{\"cloud\": {\"vlan\": 0}, \"links\": {\"eth0\": {}}, \"lan\": "
			      "{\"ports\": [\"wan\", \"eth*\"]}}",
		"2:1:72: $.lan.ports[1]: eth0 is a port of br-lan and a mesh link without a VLAN");
	expect_settings_error("{\"cloud\": {\"vlan\": 0}, \"links\": {\"eth*\": {}}, \"lan\": "
			      "{\"ports\": [\"eth0\"]}}",
		"2:1:65: $.lan.ports[0]: eth0 is a port of br-lan and a mesh link without a VLAN");
	expect_settings_error("{\"cloud\": {\"vlan\": 0}, \"links\": {\"e*\": {}}, \"lan\": "
			      "{\"ports\": [\"e*\"]}}",
		"2:1:63: $.lan.ports[0]: e* is a port of br-lan and a mesh link without a VLAN");
	/* An entry of its own rules over it. */
	struct reading reading =
		read_settings("{\"cloud\": {\"vlan\": 0}, \"links\": {\"eth*\": {}, \"eth0\": "
			      "{\"protocols\": [\"babeld\"]}}, \"lan\": {\"ports\": [\"eth0\"]}}");
	expect_ok(&reading);
	reading_free(&reading);
}
END_TEST

START_TEST(test_gw_mode)
{
	struct reading reading;

	expect_settings_error("{\"batadv\": {\"gw_mode\": \"server\"}}",
		"2:1:24: $.batadv.gw_mode: gw_mode \"server\" with anycast makes every other node "
		"send its clients' DHCP requests here");
	reading = read_settings("{\"batadv\": {\"gw_mode\": \"server\"}, \"anycast\": "
				"{\"enabled\": false}, \"dhcp\": {\"enabled\": false}}");
	expect_ok(&reading);
	ck_assert_uint_eq(reading.config.batadv.settings.gw_mode, BATADV_GW_MODE_SERVER);
	reading_free(&reading);
	reading = read_texts(SSID,
		"{\"batadv\": {\"gw_mode\": \"server\"}, \"anycast\": {\"enabled\": false}, "
		"\"dhcp\": {\"enabled\": false}}",
		"{\"anycast\": {\"enabled\": true}}");
	expect_error(&reading, 0, "3:1:25: $.anycast.enabled: gw_mode \"server\"");
	reading_free(&reading);
}
END_TEST

static void expect_mtu(const char *settings, int mtu, int minimum)
{
	char text[512];
	char start[128];

	snprintf(start, sizeof(start), "%d, must be at least %d on a link of ", minimum - 1,
		minimum);
	snprintf(text, sizeof(text), "{\"links\": {\"eth1\": {\"mtu\": %d, %s}", mtu, settings);
	struct reading reading = read_settings(text);

	if (mtu >= minimum) {
		expect_ok(&reading);
	} else {
		ck_assert_uint_eq(reading.errors.count, 1);
		ck_assert_msg(strstr(reading.errors.items[0].text, start) != NULL, "%s",
			reading.errors.items[0].text);
	}
	reading_free(&reading);
}

START_TEST(test_link_mtu)
{
	/* What carries no IPv6 is as small as batman-adv takes; above a link with a tag, four less.
	 */
	static const struct {
		const char *settings;
		int minimum;
	} cases[] = {
		{"\"protocols\": [\"batadv\"]}}", 132},
		{"\"protocols\": [\"batadv\"]}}, \"cloud\": {\"vlan\": 0}", 128},
		{"\"protocols\": [\"babeld\"]}}", 1284},
		{"\"protocols\": [\"babeld\"]}}, \"babeld\": {\"vlan\": 0}", 1280},
		{"\"protocols\": [\"bmx7\"]}}, \"bmx7\": {\"enabled\": true}", 1284},
		{"\"protocols\": [\"bmx7\"]}}, \"bmx7\": {\"enabled\": true, \"vlan\": 0}", 1280},
		{"\"protocols\": [\"batadv\", \"bmx7\"]}}", 132},
		{"\"protocols\": [\"bmx7\"]}}", 68},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		expect_mtu(cases[i].settings, cases[i].minimum, cases[i].minimum);
		if (cases[i].minimum > 68) {
			expect_mtu(cases[i].settings, cases[i].minimum - 1, cases[i].minimum);
		}
	}
	expect_settings_error(
		"{\"links\": {\"eth1\": {\"mtu\": 131, \"protocols\": [\"batadv\"]}}}",
		"2:1:28: $.links.eth1.mtu: is 131, must be at least 132 on a link of batman-adv");
	expect_settings_error("{\"links\": {\"eth1\": {\"mtu\": 1283}}}",
		"2:1:28: $.links.eth1.mtu: is 1283, must be at least 1284 on a link of babeld, "
		"which needs IPv6, of which its VLAN's tag takes 4");
}
END_TEST

START_TEST(test_templates)
{
	expect_settings_error("{\"cloud\": {\"ipv4\": \"10.%N1.0.0\"}}",
		"2:1:20: $.cloud.ipv4: \"10.%N1.0.0\" is not right: the length of the network is "
		"missing; end it with /MASK");
	expect_settings_error("{\"cloud\": {\"ipv6\": \"fd%X1::/64\"}}", "2:1:20: $.cloud.ipv6: ");
	expect_settings_error("{\"anycast\": {\"mac\": \"aa:aa:aa:%M1:%N2:aa\"}}",
		"2:1:21: $.anycast.mac: ");
	expect_settings_error("{\"anycast\": {\"mac\": \"ab:aa:aa:%N1:%N2:aa\"}}",
		"2:1:21: $.anycast.mac: ");
	expect_settings_error("{\"anycast\": {\"ipv4\": \"10.0.0.1\"}}",
		"2:1:22: $.anycast.ipv4: \"10.0.0.1\" is not right: the address must be followed "
		"by");
	expect_settings_error("{\"anycast\": {\"ipv4\": \"fd00::1/64\"}}",
		"2:1:22: $.anycast.ipv4: ");
	expect_settings_error("{\"anycast\": {\"ipv6\": \"fd00::/64\"}}",
		"2:1:22: $.anycast.ipv6: \"fd00::/64\" is not right: this is the address of the "
		"network itself");
	expect_settings_error("{\"cloud\": {\"ipv4\": \"127.0.0.0/8\"}}",
		"2:1:20: $.cloud.ipv4: \"127.0.0.0/8\" is not right: 127.0.0.0/8 is no network");
	expect_settings_error("{\"cloud\": {\"ipv6\": \"fe80::/64\"}}",
		"2:1:20: $.cloud.ipv6: \"fe80::/64\" is not right: fe80::/64 is no network");
	/* The SSID makes it so: N1 of "LibreMesh.org" is 13, of "y" 0. */
	struct reading own = read_texts("{\"cloud\": {\"ssid\": \"y\"}}",
		"{\"cloud\": {\"ipv4\": \"%N1.1.0.0/16\"}}", NULL);
	expect_error(&own, 0,
		"2:1:20: $.cloud.ipv4: ipv4 template \"%N1.1.0.0/16\": 0.1.0.0/16 is no");
	reading_free(&own);
	static const char *const special[] = {"127.0.0.1/8", "224.0.0.1/16", "0.0.0.1/8",
		"10.13.255.255/16", "10.0.0.3/30", "255.255.255.254/16"};
	for (size_t i = 0; i < ARRAY_SIZE(special); i++) {
		char text[128];
		snprintf(text, sizeof(text), "{\"anycast\": {\"ipv4\": \"%s\"}}", special[i]);
		expect_settings_error(text, "2:1:22: $.anycast.ipv4: ");
	}
	static const char *const special6[] = {"ff02::1/64", "fe80::1/64", "::1/64", "::/64",
		"::1/128"};
	for (size_t i = 0; i < ARRAY_SIZE(special6); i++) {
		char text[128];
		snprintf(text, sizeof(text),
			"{\"anycast\": {\"ipv6\": \"%s\"}, \"dhcp\": {\"ra\": false}}",
			special6[i]);
		expect_settings_error(text, "2:1:22: $.anycast.ipv6: ");
	}
	/* Right by itself, not with anycast. */
	expect_settings_error("{\"cloud\": {\"ipv4\": \"10.%N1.0.0/31\"}}",
		"2:1:20: $.cloud.ipv4: ipv4 template \"10.%N1.0.0/31\": a /31 has no room");
	struct reading reading =
		read_settings("{\"cloud\": {\"ipv4\": \"10.%N1.0.0/31\"}, \"anycast\": "
			      "{\"enabled\": false}, \"dhcp\": {\"enabled\": false}}");
	expect_ok(&reading);
	reading_free(&reading);
	reading = read_settings(
		"{\"anycast\": {\"ipv4\": \"10.1.0.1/16\", \"ipv6\": \"fd00::1/64\"}, "
		"\"node\": {\"hostname\": \"roof-%M5%M6\", \"primary_link\": \"eth0\"}}");
	expect_ok(&reading);
	ck_assert_str_eq(reading.config.anycast.ipv4, "10.1.0.1/16");
	ck_assert_str_eq(reading.config.anycast.ipv6, "fd00::1/64");
	ck_assert_str_eq(reading.config.node.hostname, "roof-%M5%M6");
	ck_assert_str_eq(reading.config.node.primary_link, "eth0");
	reading_free(&reading);
}
END_TEST

START_TEST(test_warn_distributed_arp_table)
{
	struct reading reading = read_settings("{\"batadv\": {\"distributed_arp_table\": true}}");
	struct problem_list problems = {0};

	expect_ok(&reading);
	ck_assert_int_eq(config_warn(&reading.config, &problems), 0);
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_str_eq(problem_kind_name(problems.items[0].kind), "odd-setting");
	ck_assert_str_eq(problems.items[0].object, "batadv.distributed_arp_table");
	problem_list_free(&problems);
	memset(&problems, 0, sizeof(problems));
	reading.config.anycast.enabled = false;
	ck_assert_int_eq(config_warn(&reading.config, &problems), 0);
	ck_assert_uint_eq(problems.count, 0);
	reading.config.anycast.enabled = true;
	reading.config.batadv.enabled = false;
	ck_assert_int_eq(config_warn(&reading.config, &problems), 0);
	ck_assert_uint_eq(problems.count, 0);
	reading_free(&reading);
}
END_TEST

START_TEST(test_own_address_is_not_shared)
{
	expect_settings_error("{\"cloud\": {\"ipv4\": \"10.13.0.7/16\"}, \"anycast\": {\"ipv4\": "
			      "\"10.13.0.7/16\"}}",
		"2:1:57: $.anycast.ipv4: 10.13.0.7 is the address that cloud.ipv4 gives every "
		"node; "
		"choose another here or there");
	expect_settings_error("{\"cloud\": {\"ipv6\": \"fd00::7/64\"}, \"anycast\": {\"ipv6\": "
			      "\"fd00::7/64\"}}",
		"2:1:55: $.anycast.ipv6: fd00::7 is the address that cloud.ipv6 gives");
	struct reading reading = read_texts("{\"anycast\": {\"ipv4\": \"10.13.0.7/16\"}}", SSID,
		"{\"cloud\": {\"ipv4\": \"10.13.0.7/16\"}}");
	expect_error(&reading, 0, "3:1:20: $.cloud.ipv4: 10.13.0.7 is the address");
	reading_free(&reading);
	/* Another one; the first host, from which nodes step aside; and none is shared. */
	reading = read_settings("{\"cloud\": {\"ipv4\": \"10.13.0.7/16\"}, \"anycast\": {\"ipv4\": "
				"\"10.13.0.1/16\"}}");
	expect_ok(&reading);
	reading_free(&reading);
	reading = read_settings("{\"cloud\": {\"ipv4\": \"10.13.0.7/16\"}, \"anycast\": {\"ipv4\": "
				"\"10.13.0.7/16\", \"enabled\": false}, \"dhcp\": {\"enabled\": "
				"false}}");
	expect_ok(&reading);
	reading_free(&reading);
}
END_TEST

START_TEST(test_warn)
{
	struct reading reading =
		read_texts("{\"cloud\": {\"ssid\": \"12345678901234567890123456789012\"}}", NULL,
			NULL);
	struct problem_list problems = {0};

	expect_ok(&reading);
	ck_assert_int_eq(config_warn(&reading.config, &problems), 0);
	ck_assert_uint_eq(problems.count, 0);
	strcat(reading.config.cloud.ssid, "3");
	ck_assert_int_eq(config_warn(&reading.config, &problems), 0);
	ck_assert_uint_eq(problems.count, 1);
	problem_list_free(&problems);
	reading_free(&reading);
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_gw_sel_class, test_names, test_vlan_names,
		test_warn_distributed_arp_table, test_vlans, test_untagged_port,
		test_untagged_port_patterns, test_gw_mode, test_link_mtu, test_templates,
		test_own_address_is_not_shared, test_warn};
	Suite *suite = suite_create("config_whole");
	TCase *tcase = tcase_create("config_whole");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
