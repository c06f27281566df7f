/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config_read: what the daemons are told. */
#include "base/cleanup.h"
#include "unit/addresses.h"
#include "unit/config_reading.h"

static void expect_network(const struct network_config *network, const char *name, const char *text,
	int max_length)
{
	struct prefix prefix = prefix_of(text);

	ck_assert_str_eq(network->name, name);
	ck_assert_mem_eq(&network->network, &prefix, sizeof(prefix));
	ck_assert_int_eq(network->max_length, max_length);
}

START_TEST(test_fallbacks)
{
	struct reading reading = read_texts(SSID, NULL, NULL);
	const struct config *config = &reading.config;

	expect_ok(&reading);
	ck_assert(config->bmx7.supervise && config->babeld.supervise);
	ck_assert_str_eq(config->bmx7.program.path, "");
	ck_assert_int_eq(config->bmx7.program.memory_max, 64);
	ck_assert_uint_eq(config->bmx7.network_count, 6);
	expect_network(&config->bmx7.networks[0], "nodes", "172.16.0.0/12", -1);
	expect_network(&config->bmx7.networks[2], "clouds6", "fd00::/8", 64);
	ck_assert_uint_eq(config->bmx7.announce_count, 0);
	/* In LibreMesh's order. */
	ck_assert_uint_eq(config->babeld.network_count, 6);
	expect_network(&config->babeld.networks[0], "clouds6", "fc00::/7", -1);
	expect_network(&config->babeld.networks[1], "publicv6", "2000::/3", -1);
	expect_network(&config->babeld.networks[2], "inet6", "::/0", 0);
	expect_network(&config->babeld.networks[3], "clouds", "10.0.0.0/8", -1);
	expect_network(&config->babeld.networks[4], "nodes", "172.16.0.0/12", -1);
	expect_network(&config->babeld.networks[5], "inet4", "0.0.0.0/0", 0);
	ck_assert_int_eq(config->babeld_link_type, BABELD_LINK_WIRELESS);
	ck_assert(config->alfred.enabled);
	ck_assert_int_eq(config->alfred.role, ALFRED_ROLE_AUTO);
	ck_assert_int_eq(config->alfred.primaries_max, 8);
	ck_assert_int_eq(config->alfred.sync_period, 2000);
	ck_assert_int_eq(config->alfred.type, 109);
	ck_assert(config->dhcp.enabled && config->dhcp.ra);
	ck_assert_str_eq(config->dhcp.pool, "");
	ck_assert_int_eq(config->dhcp.lease_time, 3600);
	ck_assert_int_eq(config->dhcp.mtu, MTU_AUTO);
	ck_assert_str_eq(config->dhcp.domain, "mesh.internal");
	ck_assert_uint_eq(config->dhcp.name_count, 1);
	ck_assert_str_eq(config->dhcp.names[0].text, "thisnode");
	ck_assert_uint_eq(config->dhcp.resolver_count, 0);
	ck_assert_uint_eq(config->dhcp.host_count, 0);
	ck_assert_int_eq(config->dhcp.ra_interval, 120);
	reading_free(&reading);
}
END_TEST

START_TEST(test_stored)
{
	struct reading reading = read_settings(
		"{\"bmx7\": {\"search\": {\"a_1\": {\"network\": \"10.0.0.0/8\", \"max_length\": "
		"24}}, "
		"\"announce\": [\"192.168.7.0/24\", \"fd07::/64\"]}, "
		"\"babeld\": {\"redistribute\": {\"b\": {\"network\": \"::/0\", \"max_length\": "
		"0}, "
		"\"c\": {\"network\": \"fc00::/7\"}}, \"announce\": [\"10.7.0.0/16\"], "
		"\"program\": \"/opt/babeld\"}, \"alfred\": {\"program\": \"/opt/alfred\"}, "
		"\"dhcp\": {\"pool\": \"10.13.128.0-10.13.255.253\", \"domain\": \"a.b\", "
		"\"names\": [\"x\", \"y.z\"], \"resolvers\": [\"9.9.9.9\"], "
		"\"program\": \"/opt/dnsmasq\", "
		"\"hosts\": {\"printer\": {\"mac\": \"02:AB:46:1f:73:aa\", \"ipv4\": "
		"\"10.13.200.7\"}, "
		"\"camera\": {\"ipv6\": \"fd0d::7\"}}}}");
	const struct config *config = &reading.config;
	const struct host_config *host = config->dhcp.hosts;
	char text[IP_TEXT_SIZE];

	expect_ok(&reading);
	ck_assert_uint_eq(config->bmx7.network_count, 1);
	expect_network(config->bmx7.networks, "a_1", "10.0.0.0/8", 24);
	ck_assert_uint_eq(config->bmx7.announce_count, 2);
	expect_network(&config->bmx7.announce[0], "", "192.168.7.0/24", -1);
	expect_network(&config->bmx7.announce[1], "", "fd07::/64", -1);
	ck_assert_uint_eq(config->babeld.network_count, 2);
	expect_network(&config->babeld.networks[0], "b", "::/0", 0);
	expect_network(&config->babeld.networks[1], "c", "fc00::/7", -1);
	ck_assert_uint_eq(config->babeld.announce_count, 1);
	expect_network(config->babeld.announce, "", "10.7.0.0/16", -1);
	ck_assert_str_eq(config->babeld.program.path, "/opt/babeld");
	ck_assert_str_eq(config->alfred.program.path, "/opt/alfred");
	ck_assert_str_eq(config->dhcp.program.path, "/opt/dnsmasq");
	ck_assert_str_eq(config->dhcp.pool, "10.13.128.0-10.13.255.253");
	ck_assert_str_eq(config->dhcp.domain, "a.b");
	ck_assert_uint_eq(config->dhcp.name_count, 2);
	ck_assert_str_eq(config->dhcp.names[1].text, "y.z");
	ck_assert_uint_eq(config->dhcp.resolver_count, 1);
	ck_assert_str_eq(config->dhcp.resolvers[0].text, "9.9.9.9");
	ck_assert_uint_eq(config->dhcp.host_count, 2);
	ck_assert_str_eq(host->name, "printer");
	ck_assert_mem_eq(host->mac.bytes, "\x02\xab\x46\x1f\x73\xaa", 6);
	ip_format(&host->ipv4, text);
	ck_assert_str_eq(text, "10.13.200.7");
	ck_assert_uint_eq(host->ipv6.family, 0);
	ck_assert(mac_is_zero(&host[1].mac));
	ip_format(&host[1].ipv6, text);
	ck_assert_str_eq(text, "fd0d::7");
	reading_free(&reading);
}
END_TEST

/* Maps are merged entry by entry: one is added, changed and removed without writing the others. */
START_TEST(test_merged_networks)
{
	struct reading reading = read_texts(SSID,
		"{\"bmx7\": {\"search\": {\"a\": {\"network\": \"10.0.0.0/8\"}, \"b\": "
		"{\"network\": "
		"\"172.16.0.0/12\"}}}}",
		"{\"bmx7\": {\"search\": {\"a\": {\"max_length\": 16}, \"b\": null, \"c\": "
		"{\"network\": "
		"\"fd00::/8\"}}}}");

	expect_ok(&reading);
	ck_assert_uint_eq(reading.config.bmx7.network_count, 2);
	expect_network(&reading.config.bmx7.networks[0], "a", "10.0.0.0/8", 16);
	expect_network(&reading.config.bmx7.networks[1], "c", "fd00::/8", -1);
	reading_free(&reading);
}
END_TEST

START_TEST(test_texts)
{
	expect_settings_error("{\"alfred\": {\"program\": \"alfred\"}}",
		"2:1:24: $.alfred.program: \"alfred\" is not right: an absolute path is needed");
	expect_settings_error("{\"alfred\": {\"program\": \"/a\\u001bb\"}}",
		"2:1:24: $.alfred.program: \"/a?b\" is not right: a path has no control");
	expect_settings_error("{\"alfred\": {\"type\": 159}}",
		"2:1:21: $.alfred.type: is 159, must be an integer from 68 to 255 but 158, "
		"159 and 160, which others use");
	expect_settings_error("{\"bmx7\": {\"announce\": [\"10.13.7.1/16\"]}}",
		"2:1:24: $.bmx7.announce[0]: \"10.13.7.1/16\" is not right: this is an address in "
		"a network; the network is \"10.13.0.0/16\"");
	expect_settings_error("{\"bmx7\": {\"search\": {\"big-net\": {}}}}",
		"2:1:22: $.bmx7.search[\"big-net\"]: \"big-net\" is not right: the name of a "
		"network");
	expect_settings_error("{\"bmx7\": {\"redistribute\": {}}}",
		"2:1:11: $.bmx7.redistribute: unknown key \"redistribute\"");
	expect_settings_error("{\"dhcp\": {\"pool\": \"10.0.0.2-10.0.0.1\"}}",
		"2:1:19: $.dhcp.pool: \"10.0.0.2-10.0.0.1\" is not right: the first address comes "
		"after the last");
	expect_settings_error("{\"dhcp\": {\"domain\": \"1.2.3.4\"}}",
		"2:1:21: $.dhcp.domain: \"1.2.3.4\" is not right: the last part of a name");
	expect_settings_error("{\"dhcp\": {\"resolvers\": [\"127.0.0.53\"]}}",
		"2:1:25: $.dhcp.resolvers[0]: \"127.0.0.53\" is not right: no other machine");
	expect_settings_error("{\"dhcp\": {\"resolvers\": [\"fe80::1\"]}}",
		"2:1:25: $.dhcp.resolvers[0]: \"fe80::1\" is not right: no other machine");
	expect_settings_error("{\"dhcp\": {\"hosts\": {\"localhost\": {\"ipv4\": \"10.0.0.9\"}}}}",
		"2:1:21: $.dhcp.hosts.localhost: \"localhost\" is not right: every machine");
	expect_settings_error("{\"dhcp\": {\"hosts\": {\"a\": {\"mac\": \"01:00:5e:00:00:01\", "
			      "\"ipv4\": \"10.13.0.9\"}}}}",
		"2:1:34: $.dhcp.hosts.a.mac: \"01:00:5e:00:00:01\" is not right: no machine has");
}
END_TEST

START_TEST(test_network_lengths)
{
	/* Wrong is not missing. */
	expect_settings_error("{\"bmx7\": {\"search\": {\"a\": {\"network\": 7}}}}",
		"2:1:39: $.bmx7.search.a.network: is 7, must be a network such as");
	expect_settings_error("{\"dhcp\": {\"hosts\": {\"a\": {\"ipv4\": 7}}}}",
		"2:1:35: $.dhcp.hosts.a.ipv4: is 7, must be an IPv4 address such as");
	expect_settings_error("{\"bmx7\": {\"search\": {\"a\": {\"max_length\": 8}}}}",
		"2:1:27: $.bmx7.search.a: has no network; give one");
	expect_settings_error("{\"babeld\": {\"redistribute\": {\"a\": {\"network\": "
			      "\"10.0.0.0/8\", \"max_length\": "
			      "7}}}}",
		"2:1:75: $.babeld.redistribute.a.max_length: max_length 7 takes no network in a "
		"/8; "
		"8 to 32 is right");
	expect_settings_error("{\"bmx7\": {\"search\": {\"a\": {\"network\": \"10.0.0.0/8\", "
			      "\"max_length\": 33}}}}",
		"2:1:67: $.bmx7.search.a.max_length: max_length 33 takes no network in a /8");
}
END_TEST

START_TEST(test_anycast)
{
	struct reading reading;

	expect_settings_error("{\"anycast\": {\"enabled\": false}}",
		"2:1:25: $.anycast.enabled: dhcp serves clients on the shared gateway, which is "
		"off; set dhcp.enabled to false, or anycast.enabled to true");
	reading = read_texts(SSID,
		"{\"anycast\": {\"enabled\": false}, \"dhcp\": {\"enabled\": false}}",
		"{\"dhcp\": {\"enabled\": true}}");
	expect_error(&reading, 0, "3:1:22: $.dhcp.enabled: dhcp serves clients on the shared");
	reading_free(&reading);
	/* alfred needs neither, and what is off does not matter. */
	reading = read_settings("{\"batadv\": {\"enabled\": false}, \"anycast\": {\"enabled\": "
				"false}, \"dhcp\": {\"enabled\": false, \"pool\": "
				"\"9.0.0.1-9.0.0.2\", \"hosts\": {\"a\": {}}}}");
	expect_ok(&reading);
	reading_free(&reading);
	expect_settings_error("{\"anycast\": {\"ipv6\": \"fd0d::1/80\"}}",
		"2:1:22: $.anycast.ipv6: clients make their addresses in a /64 only, not in a /80");
	reading = read_settings(
		"{\"anycast\": {\"ipv6\": \"fd0d::1/80\"}, \"dhcp\": {\"ra\": false}}");
	expect_ok(&reading);
	reading_free(&reading);
	expect_settings_error("{\"dhcp\": {\"mtu\": 1501}}",
		"2:1:18: $.dhcp.mtu: dhcp.mtu 1501 is more than the bridge carries, lan.mtu is "
		"1500");
	expect_settings_error("{\"dhcp\": {\"resolvers\": [\"9.9.9.9\", \"10.13.0.1\"]}}",
		"2:1:36: $.dhcp.resolvers[1]: 10.13.0.1 is the shared gateway");
	expect_settings_error("{\"dhcp\": {\"resolvers\": [\"fd0d:fe46:8ce8::1\"]}}",
		"2:1:25: $.dhcp.resolvers[0]: fd0d:fe46:8ce8::1 is the shared gateway");
}
END_TEST

static void expect_pool(const char *pool, const char *start)
{
	char settings[128];
	char expected[256];

	snprintf(settings, sizeof(settings), "{\"dhcp\": {\"pool\": \"%s\"}}", pool);
	snprintf(expected, sizeof(expected), "2:1:19: $.dhcp.pool: %s", start);
	if (start[0] != '\0') {
		expect_settings_error(settings, expected);
		return;
	}
	struct reading reading = read_settings(settings);
	expect_ok(&reading);
	reading_free(&reading);
}

START_TEST(test_pool)
{
	expect_pool("10.13.0.2-10.13.255.254", "");
	expect_pool("10.13.7.7-10.13.7.7", "");
	expect_pool("10.12.255.255-10.13.1.1",
		"10.12.255.255 in the pool is outside of the cloud's network 10.13.0.0/16");
	expect_pool("10.13.255.1-10.14.0.1", "10.14.0.1 in the pool is outside");
	expect_pool("10.13.0.0-10.13.0.9", "10.13.0.0 in the pool is the address of the network");
	expect_pool("10.13.9.0-10.13.255.255", "10.13.255.255 in the pool is the broadcast");
	expect_pool("10.13.0.1-10.13.0.9", "10.13.0.1 in the pool is the shared gateway's");

	struct reading reading =
		read_settings("{\"anycast\": {\"ipv4\": \"10.13.9.9/16\"}, \"dhcp\": {\"pool\": "
			      "\"10.13.0.1-10.13.77.77\"}}");
	expect_error(&reading, 0,
		"2:1:56: $.dhcp.pool: 10.13.9.9 in the pool is the shared gateway's address");
	reading_free(&reading);
	/* The same for every MAC, so it is the node's own. */
	reading = read_texts(SSID, "{\"dhcp\": {\"pool\": \"10.0.0.100-10.0.0.200\"}}",
		"{\"cloud\": {\"ipv4\": \"10.0.0.150/16\"}}");
	expect_error(&reading, 0,
		"3:1:20: $.cloud.ipv4: 10.0.0.150 in the pool is this node's own address");
	reading_free(&reading);
	/* The pool was right for the SSID before. */
	reading = read_texts(SSID, "{\"dhcp\": {\"pool\": \"10.13.0.100-10.13.0.200\"}}",
		"{\"cloud\": {\"ssid\": \"MyCommunity\"}}");
	expect_error(&reading, 0,
		"3:1:20: $.cloud.ssid: 10.13.0.100 in the pool is outside of the cloud's network "
		"10.190.0.0/16");
	reading_free(&reading);
}
END_TEST

static void expect_hosts(const char *hosts, const char *start)
{
	char settings[512];

	snprintf(settings, sizeof(settings), "{\"dhcp\": {\"hosts\": {%s}}}", hosts);
	expect_settings_error(settings, start);
}

START_TEST(test_hosts)
{
	expect_hosts("\"a\": {}", "2:1:26: $.dhcp.hosts.a: has no address; give mac and ipv4");
	expect_hosts("\"a\": {\"mac\": \"02:00:00:00:00:01\", \"ipv6\": \"fd0d::1\"}",
		"2:1:34: $.dhcp.hosts.a.mac: is given without ipv4");
	expect_hosts("\"a\": {\"mac\": \"02:00:00:00:00:01\", \"ipv4\": \"10.14.0.1\"}",
		"2:1:63: $.dhcp.hosts.a.ipv4: 10.14.0.1 is outside of the cloud's network "
		"10.13.0.0/16; no client can get it");
	expect_hosts("\"a\": {\"mac\": \"02:00:00:00:00:01\", \"ipv4\": \"10.13.0.1\"}",
		"2:1:63: $.dhcp.hosts.a.ipv4: 10.13.0.1 is the shared gateway's address in");
	expect_hosts("\"a\": {\"ipv4\": \"10.14.0.1\"}, \"b\": {\"ipv4\": \"10.14.0.1\"}",
		"2:1:63: $.dhcp.hosts.b.ipv4: a and b have the same ipv4");
	expect_hosts("\"a\": {\"ipv6\": \"fd00::7\"}, \"b\": {\"ipv6\": \"fd00:0::7\"}",
		"2:1:61: $.dhcp.hosts.b.ipv6: a and b have the same ipv6");
	expect_hosts("\"a\": {\"mac\": \"02:00:00:00:00:01\", \"ipv4\": \"10.13.0.7\"}, \"b\": "
		     "{\"mac\": \"02:00:00:00:00:01\", \"ipv4\": \"10.13.0.8\"}",
		"2:1:90: $.dhcp.hosts.b.mac: a and b have the same mac");
	expect_hosts("\"a\": {\"ipv4\": \"10.14.0.1\"}, \"A\": {\"ipv4\": \"10.14.0.2\"}",
		"2:1:54: $.dhcp.hosts.A: a and A have the same name");
	expect_hosts("\"THISNODE\": {\"ipv4\": \"10.14.0.1\"}",
		"2:1:33: $.dhcp.hosts.THISNODE: THISNODE is a name of the shared gateway too");
	expect_hosts("\"Anygw\": {\"ipv4\": \"10.14.0.1\"}",
		"2:1:30: $.dhcp.hosts.Anygw: Anygw is a name of the shared gateway too");
	expect_settings_error("{\"dhcp\": {\"domain\": \"mesh\", \"hosts\": {\"mesh\": {\"ipv4\": "
			      "\"10.14.0.1\"}}}}",
		"2:1:47: $.dhcp.hosts.mesh: mesh is a name of the shared gateway too");
	expect_settings_error(
		"{\"node\": {\"hostname\": \"Roof\"}, \"dhcp\": {\"hosts\": {\"roof\": "
		"{\"ipv4\": \"10.14.0.1\"}}}}",
		"2:1:59: $.dhcp.hosts.roof: roof is this node's own name, see node.hostname; "
		"choose "
		"another here or there");
	struct reading reading =
		read_settings("{\"node\": {\"hostname\": \"roof-%M6\"}, \"dhcp\": "
			      "{\"hosts\": {\"roof\": {\"ipv4\": \"10.14.0.1\"}}}}");
	expect_ok(&reading);
	reading_free(&reading);
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_fallbacks, test_stored, test_merged_networks, test_texts,
		test_network_lengths, test_anycast, test_pool, test_hosts};
	Suite *suite = suite_create("config_children");
	TCase *tcase = tcase_create("config_children");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
