/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that parser and schema take, and that they refuse. */
#include "unit/config_judge.h"

struct text_case {
	const char *section, *key, *value;
	bool right;
};

static const struct text_case cases[] = {
	{"batadv", "isolation_mark", "\"0x10\"", true},
	{"batadv", "isolation_mark", "\"0xFFffFFff\"", true},
	{"batadv", "isolation_mark", "\"0x1ffffffff\"", false},
	{"batadv", "isolation_mark", "\"10\"", false},
	{"batadv", "isolation_mark", "\"0x\"", false},
	{"batadv", "log_level", "\"0xff\"", true},
	{"batadv", "log_level", "\"0x100\"", false},
	{"batadv", "gw_bandwidth_up", "\"10Mbit\"", true},
	{"batadv", "gw_bandwidth_up", "\"1.5Mbit\"", true},
	{"batadv", "gw_bandwidth_up", "\"500kbit\"", true},
	{"batadv", "gw_bandwidth_up", "\"429Gbit\"", true},
	{"batadv", "gw_bandwidth_up", "\"10 Mbit\"", false},
	{"batadv", "gw_bandwidth_up", "\"10M\"", false},
	{"batadv", "gw_bandwidth_up", "\"1.25Mbit\"", false},
	{"batadv", "gw_bandwidth_up", "\"-1Mbit\"", false},
	{"links", "protocols", "[\"batadv\", \"bmx7\", \"babeld\"]", true},
	{"links", "protocols", "[\"batadv\", \"batadv\"]", false},
	{"lan", "ports", "[\"eth0\", \"wlan*\", \"[el]*\"]", true},
	{"lan", "ports", "[\"[]x]*\", \"[!]x-]?\", \"w[0-9a-f-]\", \"[[:alpha:]_]*\"]", true},
	{"lan", "ports", "[\"wlan[0-9]\", \"[a-a]\", \"lo*\", \"lo0\", \"a\\\\[*\"]", true},
	{"lan", "ports", "[\"eth0\", \"eth0\"]", false},
	{"lan", "ports", "[\"\"]", false},
	{"lan", "bridge", "\"a.very-long_one\"", true},
	{"lan", "bridge", "\"a.very-long_one1\"", false},
	{"lan", "bridge", "\"br lan\"", false},
	{"batadv", "vlans", "{\"1\": {}, \"4094\": null}", true},
	{"batadv", "vlans", "{\"0\": {}}", false},
	{"batadv", "vlans", "{\"01\": {}}", false},
	{"batadv", "vlans", "{\"4095\": {}}", false},
	{"batadv", "vlans", "{\"x\": null}", false},
	{"batadv", "vlans", "{\"1\": 3}", false},
	{"batadv", "vlans", "{\"1\": {\"x\": 3}}", false},
	{"lan", "mtu", "1280", true},
	{"lan", "mtu", "1279", false},
	{"bmx7", "mtu", "1280", true},
	{"bmx7", "mtu", "1279", false},
	{"babeld", "mtu", "1280", true},
	{"babeld", "mtu", "1279", false},
	{"babeld", "mtu", "\"inherit\"", true},
	{"node", "hostname", "\"roof-%M5%m6\"", true},
	{"node", "hostname", "\"under_score\"", false},
	{"node", "hostname", "\"%N1\"", false},
	{"node", "primary_link", "\"eth*\"", false},
	{"cloud", "ipv4", "\"10.%N1.%M5.0/16/24\"", true},
	{"cloud", "ipv6", "\"fd%N1::/64\"", true},
	{"anycast", "mac", "\"02:00:00:%N1:%N2:00\"", true},
};

/* What the daemons are told. */
static const struct text_case child_cases[] = {
	{"bmx7", "program", "\"/opt/a b/bmx7\"", true},
	{"bmx7", "program", "\"bmx7\"", false},
	{"bmx7", "program", "\"/opt/\"", false},
	{"bmx7", "search", "{\"abcdefghijklm_16\": {\"network\": \"::/0\"}, \"b\": null}", true},
	{"bmx7", "search", "{\"abcdefghijklmn_17\": {}}", false},
	{"bmx7", "search", "{\"A\": {}}", false},
	{"bmx7", "search", "{\"a-b\": {}}", false},
	{"bmx7", "search", "{\"a b\": {}}", false},
	{"search", "network", "\"10.0.0.0\"", false},
	{"search", "network", "\"10.0.0.0/8 \"", false},
	{"redistribute", "max_length", "\"none\"", false},
	{"babeld", "announce", "[\"10.0.0.0/8\", \"fd00::/8\"]", true},
	{"babeld", "announce", "[\"x\"]", false},
	{"babeld", "announce", "[\"10.0.0.0/8\", \"10.0.0.0/8\"]", false},
	{"alfred", "type", "68", true},
	{"alfred", "type", "157", true},
	{"alfred", "type", "158", false},
	{"alfred", "type", "160", false},
	{"alfred", "type", "67", false},
	{"dhcp", "pool", "\"10.0.0.1-10.0.0.1\"", true},
	{"dhcp", "pool", "\"10.0.0.1\"", false},
	{"dhcp", "pool", "\"fd00::1-fd00::2\"", false},
	{"dhcp", "domain", "\"a.B-2.c3\"", true},
	{"dhcp", "domain", "\"a..b\"", false},
	{"dhcp", "domain", "\".a\"", false},
	{"dhcp", "domain", "\"a.\"", false},
	{"dhcp", "domain", "\"a.-b\"", false},
	{"dhcp", "domain", "\"a_b\"", false},
	{"dhcp", "names", "[\"thisnode\", \"thisnode.info\"]", true},
	{"dhcp", "names", "[\"this node\"]", false},
	{"dhcp", "resolvers", "[\"9.9.9.9\", \"2620:fe::fe\"]", true},
	{"dhcp", "resolvers", "[\"dns.example\"]", false},
	{"dhcp", "hosts", "{\"printer-1\": {}, \"A\": null}", true},
	{"dhcp", "hosts", "{\"a.b\": {}}", false},
	{"dhcp", "hosts", "{\"-a\": {}}", false},
	{"dhcp", "hosts", "{\"a-\": {}}", false},
	{"dhcp", "hosts", "{\"a\\nb\": {}}", false},
	{"hosts", "mac", "\"02:AB:46:1f:73:aa\"", true},
	{"hosts", "mac", "\"02:ab:46:1f:73\"", false},
	{"hosts", "mac", "\"02-ab-46-1f-73-aa\"", false},
	{"hosts", "ipv4", "\"10.13.0.7\"", true},
	{"hosts", "ipv4", "\"fd00::1\"", false},
	{"hosts", "ipv6", "\"fd00::1\"", true},
};

/* The ways to the Internet. */
static const struct text_case way_cases[] = {
	{"uplinks", "down", "\"1.5Mbit\"", true},
	{"uplinks", "up", "\"10M\"", false},
	{"uplinks", "share", "\"always\"", false},
	{"uplinks", "masquerade", "true", false},
	{"uplinks", "metric", "65534", true},
	{"probes", "ping", "[\"192.0.2.1\", \"2001:db8::1\"]", true},
	{"probes", "ping", "[\"debian.org\"]", false},
	{"probes", "dns", "[\"192.0.2.1\", \"192.0.2.1\"]", false},
	{"probes", "tcp", "[\"192.0.2.1:1\", \"[2001:db8::1]:65535\"]", true},
	{"probes", "tcp", "[\"192.0.2.1\"]", false},
	{"probes", "tcp", "[\"192.0.2.1:\"]", false},
	{"probes", "tcp", "[\"192.0.2.1:0\"]", false},
	{"probes", "tcp", "[\"192.0.2.1:080\"]", false},
	{"probes", "tcp", "[\"192.0.2.1:123456\"]", false},
	{"probes", "tcp", "[\"debian.org:80\"]", false},
	{"probes", "tcp", "[\"2001:db8::1:443\"]", false},
	{"probes", "http", "[\"http://a\", \"http://a/\", \"http://a.b/c?d=%20\"]", true},
	{"probes", "http", "[\"http://192.0.2.1:8080/x 200\", \"http://[2001:db8::1]/ 302\"]",
		true},
	{"probes", "http", "[\"http://a/ 200 \\u00fcber alles  online\"]", true},
	{"probes", "http", "[\"http://\"]", false},
	{"probes", "http", "[\"https://a/\"]", false},
	{"probes", "http", "[\"a/b\"]", false},
	{"probes", "http", "[\"http://a/#b\"]", false},
	{"probes", "http", "[\"http://a/ 600\"]", false},
	{"probes", "http", "[\"http://a/ 20\"]", false},
	{"probes", "http", "[\"http://a/ 2000\"]", false},
	{"probes", "http", "[\"http://a/  200\"]", false},
	{"probes", "http", "[\"http://a/ 200 \"]", false},
	{"probes", "http", "[\"http://a/ ok\"]", false},
	{"probes", "http", "[\"http://a/ 200 a\\nb\"]", false},
	{"probes", "dns_name", "\"debian.org\"", true},
	{"probes", "dns_name", "\"debian.org.\"", false},
	{"gateway", "use", "\"roof-1f73\"", true},
	{"gateway", "use", "\"a8:40:41:1f:73:aa\"", true},
	{"gateway", "use", "\"the roof\"", false},
	{"gateway", "mode", "\"local\"", false},
	{"gateway", "prefer", "[\"local\", \"roof-1f73\"]", true},
	{"gateway", "avoid", "[\"a b\"]", false},
};

static void expect_cases(const struct text_case *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		expect_key(list[i].section, list[i].key, list[i].value, list[i].right);
	}
}

START_TEST(test_texts)
{
	expect_cases(cases, ARRAY_SIZE(cases));
}
END_TEST

START_TEST(test_child_texts)
{
	expect_cases(child_cases, ARRAY_SIZE(child_cases));
}
END_TEST

START_TEST(test_way_texts)
{
	expect_cases(way_cases, ARRAY_SIZE(way_cases));
}
END_TEST

/* The longest target, with what is one byte too long, and lists of 16 and 17. */
START_TEST(test_long_targets)
{
	char list[300] = "[";
	char text[320];

	for (int length = 191; length <= 192; length++) {
		snprintf(text, sizeof(text), "[\"http://a/%0*d\"]", length - 9, 0);
		char settings[360];
		snprintf(settings, sizeof(settings), "{\"probes\": {\"http\": %s}}", text);
		struct verdict verdict = judge(settings);
		ck_assert(verdict.parser == (length == 191) && verdict.schema);
	}
	for (int i = 0; i < 17; i++) {
		snprintf(list + strlen(list), 32, "%s\"192.0.2.%d\"", i > 0 ? ", " : "", i + 1);
		snprintf(text, sizeof(text), "%s]", list);
		expect_key("probes", "ping", text, i < 16);
		expect_key("gateway", "avoid", text, i < 16);
	}
}
END_TEST

START_TEST(test_only_parser)
{
	struct verdict verdict = judge("{\"batadv\": {\"gw_bandwidth_up\": \"150kbit\"}}");
	ck_assert(!verdict.parser && verdict.schema);
	verdict = judge("{\"batadv\": {\"gw_bandwidth_up\": \"430000Gbit\"}}");
	ck_assert(!verdict.parser && verdict.schema);
	verdict = judge("{\"batadv\": {\"gw_bandwidth_up\": \"0.1kbit\"}}");
	ck_assert(!verdict.parser && verdict.schema);
	verdict = judge("{\"dhcp\": {\"pool\": \"10.0.0.2-10.0.0.1\"}}");
	ck_assert(!verdict.parser && verdict.schema);
	verdict = judge("{\"bmx7\": {\"search\": {\"a\": {\"network\": \"10.1.0.0/8\"}}}}");
	ck_assert(!verdict.parser && verdict.schema);
	static const char *const sections[] = {"\"lan\": {\"ports\": [\"[\"]}",
		"\"lan\": {\"ports\": [\"eth0\", \"[a\"]}", "\"links\": {\"wlan[0-9\": {}}",
		"\"links\": {\"[z-a]\": {}}", "\"links\": {\"eth[]\": {}}",
		"\"uplinks\": {\"w[!]\": {}}", "\"uplinks\": {\"w[a-c9-0]*\": {}}",
		"\"uplinks\": {\"w[[:digit:]\": {}}", "\"uplinks\": {\"lo\": {}}",
		"\"links\": {\"lo\": {}}", "\"lan\": {\"ports\": [\"lo\"]}",
		"\"node\": {\"primary_link\": \"lo\"}"};
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		char settings[128];
		snprintf(settings, sizeof(settings), "{%s}", sections[i]);
		verdict = judge(settings);
		ck_assert_msg(!verdict.parser && verdict.schema, "%s", settings);
	}
	static const char *const targets[] = {"\"ping\": [\"127.0.0.1\"]",
		"\"dns\": [\"192.0.2.1:53\"]", "\"ping\": [\"1.2.3\"]",
		"\"tcp\": [\"192.0.2.1:65536\"]", "\"tcp\": [\"[192.0.2.1]:1\"]",
		"\"http\": [\"http://a@b/\"]", "\"http\": [\"http://a/ 204 text\"]",
		"\"http\": [\"http://a?b\"]", "\"http\": [\"http://[192.0.2.1]/\"]",
		"\"http\": [\"http://a:0/\"]", "\"http\": [\"http://2001:db8::1/\"]"};
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		char settings[128];
		snprintf(settings, sizeof(settings), "{\"probes\": {%s}}", targets[i]);
		verdict = judge(settings);
		ck_assert_msg(!verdict.parser && verdict.schema, "%s", settings);
	}
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_texts, test_child_texts, test_way_texts,
		test_long_targets, test_only_parser};
	Suite *suite = suite_create("config_texts");
	TCase *tcase = tcase_create("config_texts");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
