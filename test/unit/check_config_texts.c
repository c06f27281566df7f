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
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_texts, test_child_texts, test_only_parser};
	Suite *suite = suite_create("config_texts");
	TCase *tcase = tcase_create("config_texts");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
