/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/snapshot.h"
#include "unit/check_main.h"

static struct link_config link_configs[3];
static struct port_config ports[2];
static struct config config;
static struct identity identity;
static struct state observed;
static struct state desired;
static struct problem_list problems;
static const struct reconcile_record record = {
	.cycles = 7,
	.operations = 40,
	.failures = 1,
	.overruns = 2,
	.started = 1000,
	.last_cycle = 1100,
	.last_change = 1050,
	.last_operations = 1,
	.change_seconds = 0.5,
	.apply_seconds = 0.125,
	.change_seconds_total = 1.5,
	.apply_seconds_total = 0.75,
	.last_seconds = 0.25,
	.converged = true,
};

static void add_link_config(size_t index, const char *name, uint8_t protocols)
{
	text_copy(link_configs[index].name, sizeof(link_configs[index].name), name);
	link_configs[index].protocols = protocols;
}

static void fill_config(void)
{
	memset(&config, 0, sizeof(config));
	text_copy(config.profile, sizeof(config.profile), "libremesh");
	text_copy(config.cloud.ssid, sizeof(config.cloud.ssid), "LibreMesh.org");
	config.cloud.vlan = VLAN_AUTO;
	config.cloud.vlan_protocol = ETH_P_8021AD;
	add_link_config(0, "eth0", PROTOCOL_ALL);
	add_link_config(1, "wlan*-mesh", PROTOCOL_BATADV);
	add_link_config(2, "eth9", PROTOCOL_ALL);
	config.links = link_configs;
	config.link_count = 3;
	text_copy(config.lan.bridge, sizeof(config.lan.bridge), "br-lan");
	text_copy(ports[0].name, sizeof(ports[0].name), "lan1");
	text_copy(ports[1].name, sizeof(ports[1].name), "lan9");
	config.lan.ports = ports;
	config.lan.port_count = 2;
	config.anycast.enabled = true;
	text_copy(config.anycast.device, sizeof(config.anycast.device), "anygw");
	config.batadv.enabled = true;
	config.batadv.mtu = 1532;
	config.batadv.settings.fragmentation = 1;
	config.lan.mtu = 1500;
	text_copy(config.batadv.device, sizeof(config.batadv.device), "bat0");
	text_copy(config.batadv.algorithm, sizeof(config.batadv.algorithm), "BATMAN_IV");
	config.bmx7.enabled = true;
	config.bmx7.vlan = 18;
}

static struct link *add_link(struct state *state, const char *name, uint32_t mtu)
{
	struct link *link = state_add_link(state, name);

	object_give(link, LINK_MTU, mtu, mtu);
	object_give(link, LINK_UP, up, 1);
	link->carrier = 1;
	link->ethernet = 1;
	link->max_mtu = 9000;
	return link;
}

static void add_rule(struct ruleset *ruleset, const char *name, uint64_t packets)
{
	struct nft_rule rule = {.verdict = NFT_VERDICT_DROP,
		.packets = packets,
		.bytes = packets * 60};

	text_copy(rule.chain, sizeof(rule.chain), "to-mesh");
	text_copy(rule.name, sizeof(rule.name), name);
	ck_assert_int_eq(ruleset_add_rule(ruleset, &rule), 0);
}

static void add_nat_rule(struct ruleset *nat, const char *name, enum nft_verdict verdict,
	uint64_t packets)
{
	add_rule(nat, name, packets);
	struct nft_rule *rule = &nat->rules[nat->rule_count - 1];

	text_copy(rule->chain, sizeof(rule->chain), "forward");
	rule->verdict = (uint8_t)verdict;
}

static void fill_observed(void)
{
	char key[IFNAMSIZ] = "eth0.29";

	mac_parse("a8:40:41:1f:73:aa", &add_link(&observed, "eth0", 1500)->permanent_mac);
	struct link *link = add_link(&observed, "eth0.29", 1496);
	object_give_text(link, LINK_MASTER, master, "bat0");
	link->head.flags |= OBJECT_OWNED;
	struct hardif *hardif = state_add(&observed, OBJECT_HARDIF, key);
	hardif->active = 1;
	link = add_link(&observed, "wlan0-mesh", 1536);
	link->carrier = 0;
	link = add_link(&observed, "wlan0-mesh.29", 1532);
	object_give_text(link, LINK_MASTER, master, "bat0");
	link->head.flags |= OBJECT_OWNED;
	link = add_link(&observed, "eth0.18", 1500);
	link->head.flags |= OBJECT_OWNED;
	link = add_link(&observed, "bat0", 1464);
	link->head.flags |= OBJECT_OWNED;
	object_give_text(link, LINK_MASTER, master, "br-lan");
	object_give_text(link, LINK_ALGORITHM, algorithm, "BATMAN_IV");
	memset(key, 0, sizeof(key));
	text_copy(key, sizeof(key), "bat0");
	struct mesh *mesh = state_add(&observed, OBJECT_MESH, key);
	object_give(mesh, MESH_HOP_PENALTY, hop_penalty, 30);
	object_give(mesh, MESH_GW_MODE, gw_mode, 1);
	add_link(&observed, "br-lan", 1500)->head.flags |= OBJECT_OWNED;
	add_link(&observed, "lan1", 1500);
	state_sort(&observed);
	add_rule(&observed.ruleset, "ra", 3);
	add_rule(&observed.ruleset, "stranger", 1);
	add_nat_rule(&observed.nat, "clamp-mss", NFT_VERDICT_CLAMP_MSS, 2);
}

static void fill_desired(void)
{
	struct link *link = state_add_link(&desired, "bat0");

	object_give_text(link, LINK_MASTER, master, "br-lan");
	link = state_add_link(&desired, "lan1");
	object_give_text(link, LINK_MASTER, master, "br-lan");
	state_sort(&desired);
	add_rule(&desired.ruleset, "ra", 0);
	add_rule(&desired.ruleset, "rs", 0);
	add_nat_rule(&desired.nat, "clamp-mss", NFT_VERDICT_CLAMP_MSS, 0);
	add_nat_rule(&desired.nat, "out", NFT_VERDICT_MASQUERADE, 0);
}

static void setup(void)
{
	struct identity_request request = {.ssid = "LibreMesh.org",
		.has_mac = true,
		.anycast = true};
	struct err err;

	fill_config();
	ck_assert_int_eq(mac_parse("a8:40:41:1f:73:aa", &request.mac), 0);
	ck_assert_int_eq(identity_derive(&request, &identity, &err), 0);
	fill_observed();
	fill_desired();
	problem_add(&problems, PROBLEM_LINK_MISSING, "eth9", "plug it in", "%s is missing", "eth9");
}

static void teardown(void)
{
	state_free(&observed);
	state_free(&desired);
	problem_list_free(&problems);
}

static struct snapshot_request whole(void)
{
	return (struct snapshot_request){
		.version = "0.1.0",
		.config = &config,
		.identity = &identity,
		.desired = &desired,
		.observed = &observed,
		.problems = &problems,
		.record = &record,
	};
}

/* The part as text, for comparison with exactly what is expected. */
static void assert_part(const json_t *status, const char *part, const char *expected)
{
	json_t *wanted = json_loads(expected, 0, NULL);
	const json_t *got = json_object_get(status, part);
	char *text = json_dumps(got, JSON_COMPACT);

	ck_assert_msg(wanted != NULL, "bad JSON in the test: %s", expected);
	char *wanted_text = json_dumps(wanted, JSON_COMPACT);
	ck_assert_str_eq(text, wanted_text);
	free(text);
	free(wanted_text);
	json_decref(wanted);
}

START_TEST(test_node_and_cloud)
{
	struct snapshot_request request = whole();
	json_t *status = snapshot_status(&request);

	assert_part(status, "node",
		"{\"version\":\"0.1.0\",\"hostname\":\"LiMe-1f73aa\",\"profile\":\"libremesh\","
		"\"primary_link\":\"eth0\",\"mac\":\"a8:40:41:1f:73:aa\","
		"\"ipv4\":\"10.13.115.170/16\",\"ipv6\":\"fd0d:fe46:8ce8::1f:73aa/64\"}");
	assert_part(status, "cloud",
		"{\"ssid\":\"LibreMesh.org\",\"network_id\":\"0dfe468ce88a\",\"vlan\":29,"
		"\"vlan_protocol\":\"802.1ad\",\"subnet_ipv4\":\"10.13.0.0/16\","
		"\"subnet_ipv6\":\"fd0d:fe46:8ce8::/64\"}");
	assert_part(status, "anycast",
		"{\"enabled\":true,\"device\":\"anygw\",\"present\":false,"
		"\"mac\":\"aa:aa:aa:0d:fe:aa\",\"ipv4\":\"10.13.0.1/16\","
		"\"ipv6\":\"fd0d:fe46:8ce8::1/64\",\"link_local\":\"fe80::a8aa:aaff:fe0d:feaa\"}");
	json_decref(status);
}
END_TEST

/* While there is no primary link, what the SSID alone gives is there. */
START_TEST(test_no_identity)
{
	struct snapshot_request request = whole();
	struct state nothing = {0};

	request.identity = NULL;
	request.observed = &nothing;
	request.desired = &nothing;
	json_t *status = snapshot_status(&request);
	assert_part(status, "node",
		"{\"version\":\"0.1.0\",\"hostname\":null,\"profile\":\"libremesh\","
		"\"primary_link\":null,\"mac\":null,\"ipv4\":null,\"ipv6\":null}");
	assert_part(status, "cloud",
		"{\"ssid\":\"LibreMesh.org\",\"network_id\":\"0dfe468ce88a\",\"vlan\":29,"
		"\"vlan_protocol\":\"802.1ad\",\"subnet_ipv4\":null,\"subnet_ipv6\":null}");
	json_decref(status);
}
END_TEST

START_TEST(test_links)
{
	struct snapshot_request request = whole();
	json_t *status = snapshot_status(&request);

	assert_part(status, "links",
		"[{\"name\":\"eth0\",\"entry\":\"eth0\",\"present\":true,\"up\":true,"
		"\"carrier\":true,\"mtu\":1500,\"mac\":null,\"max_mtu\":9000,"
		"\"protocols\":[\"batadv\",\"bmx7\"],\"vlans\":["
		"{\"name\":\"eth0.29\",\"role\":\"batadv\",\"vid\":29,\"protocol\":\"802.1ad\","
		"\"present\":true,\"up\":true,\"carrier\":true,\"mtu\":1496,\"mac\":null,"
		"\"hardif\":\"active\",\"fragments\":true},"
		"{\"name\":\"eth0.18\",\"role\":\"bmx7\",\"vid\":18,\"protocol\":\"802.1ad\","
		"\"present\":true,\"up\":true,\"carrier\":true,\"mtu\":1500,\"mac\":null}]},"
		"{\"name\":\"wlan0-mesh\",\"entry\":\"wlan*-mesh\",\"present\":true,\"up\":true,"
		"\"carrier\":false,\"mtu\":1536,\"mac\":null,\"max_mtu\":9000,"
		"\"protocols\":[\"batadv\"],\"vlans\":["
		"{\"name\":\"wlan0-mesh.29\",\"role\":\"batadv\",\"vid\":29,"
		"\"protocol\":\"802.1ad\",\"present\":true,\"up\":true,\"carrier\":true,"
		"\"mtu\":1532,\"mac\":null,\"hardif\":\"inactive\",\"fragments\":false}]},"
		"{\"name\":\"eth9\",\"entry\":\"eth9\",\"present\":false,"
		"\"protocols\":[\"batadv\",\"bmx7\"],\"vlans\":[]}]");
	assert_part(status, "layer3",
		"[{\"protocol\":\"bmx7\",\"vlan\":18,\"interfaces\":[\"eth0.18\"]}]");
	assert_part(status, "lan",
		"{\"bridge\":\"br-lan\",\"present\":true,\"up\":true,\"carrier\":true,"
		"\"mtu\":1500,\"mac\":null,\"ports\":["
		"{\"name\":\"bat0\",\"present\":true,\"up\":true,\"carrier\":true,\"mtu\":1464,"
		"\"mac\":null,\"attached\":true},"
		"{\"name\":\"lan1\",\"present\":true,\"up\":true,\"carrier\":true,\"mtu\":1500,"
		"\"mac\":null,\"attached\":false},"
		"{\"name\":\"lan9\",\"present\":false,\"attached\":false}]}");
	json_decref(status);
}
END_TEST

/* An earlier choice is kept: the MAC's own link is named, whatever would be chosen now. */
START_TEST(test_kept_primary)
{
	struct snapshot_request request = whole();

	identity.mac.bytes[5] ^= 1;
	json_t *status = snapshot_status(&request);
	ck_assert(json_is_null(json_object_get(json_object_get(status, "node"), "primary_link")));
	json_decref(status);
	state_find_link(&observed, "lan1")->mac = identity.mac;
	status = snapshot_status(&request);
	ck_assert_str_eq(json_string_value(
				 json_object_get(json_object_get(status, "node"), "primary_link")),
		"lan1");
	json_decref(status);
}
END_TEST

/* Untagged: the link itself is the hardif. */
START_TEST(test_untagged)
{
	struct snapshot_request request = whole();

	config.cloud.vlan = 0;
	json_t *status = snapshot_status(&request);
	json_t *link = json_array_get(json_object_get(status, "links"), 0);
	json_t *vlan = json_array_get(json_object_get(link, "vlans"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(vlan, "name")), "eth0");
	ck_assert_int_eq(json_integer_value(json_object_get(vlan, "vid")), 0);
	ck_assert_str_eq(json_string_value(json_object_get(vlan, "hardif")), "detached");
	ck_assert_ptr_null(json_object_get(vlan, "protocol"));
	json_decref(status);
}
END_TEST

static struct mesh_peer peer(uint8_t last, uint8_t tq, bool best, bool neighbour)
{
	struct mesh_peer made = {
		.originator = {{2, 0, 0, 0, 0, last}},
		.next_hop = {{2, 0, 0, 0, 0, 9}},
		.hardif = "eth0.29",
		.best = best,
		.neighbour = neighbour,
		.tq = tq,
		.throughput = 12,
		.last_seen = 400,
	};

	return made;
}

START_TEST(test_peers)
{
	struct snapshot_request request = whole();
	const struct mesh_peer peers[] = {
		peer(2, 90, false, true),
		peer(1, 10, false, false),
		peer(2, 80, true, false),
		peer(1, 20, false, false),
	};

	request.peers = peers;
	request.peer_count = ARRAY_SIZE(peers);
	json_t *status = snapshot_status(&request);
	assert_part(status, "mesh",
		"{\"enabled\":true,\"device\":\"bat0\",\"present\":true,\"up\":true,"
		"\"carrier\":true,\"mtu\":1464,\"mac\":null,\"algorithm\":\"BATMAN_IV\","
		"\"settings\":{\"gw_mode\":\"client\",\"hop_penalty\":\"30\"},"
		"\"originators\":["
		"{\"mac\":\"02:00:00:00:00:01\",\"next_hop\":\"02:00:00:00:00:09\","
		"\"hardif\":\"eth0.29\",\"tq\":20,\"last_seen_ms\":400},"
		"{\"mac\":\"02:00:00:00:00:02\",\"next_hop\":\"02:00:00:00:00:09\","
		"\"hardif\":\"eth0.29\",\"tq\":80,\"last_seen_ms\":400}],"
		"\"neighbours\":["
		"{\"mac\":\"02:00:00:00:00:02\",\"next_hop\":\"02:00:00:00:00:09\","
		"\"hardif\":\"eth0.29\",\"tq\":90,\"last_seen_ms\":400}]}");
	json_decref(status);
}
END_TEST

START_TEST(test_throughput)
{
	struct snapshot_request request = whole();
	const struct mesh_peer one = peer(1, 0, true, true);
	struct link *mesh = state_find_link(&observed, "bat0");

	object_give_text(mesh, LINK_ALGORITHM, algorithm, "BATMAN_V");
	request.peers = &one;
	request.peer_count = 1;
	json_t *status = snapshot_status(&request);
	const json_t *peers = json_object_get(json_object_get(status, "mesh"), "originators");
	const json_t *first = json_array_get(peers, 0);
	ck_assert_int_eq(json_integer_value(json_object_get(first, "throughput_kbit")), 1200);
	ck_assert_ptr_null(json_object_get(first, "tq"));
	json_decref(status);
}
END_TEST

START_TEST(test_rules_problems_reconcile)
{
	struct snapshot_request request = whole();
	json_t *plan = json_pack("[{s:s}]", "verb", "create");

	request.last_plan = plan;
	json_t *status = snapshot_status(&request);
	assert_part(status, "rules",
		"[{\"name\":\"ra\",\"table\":\"bridge "
		"meshd\",\"chain\":\"to-mesh\",\"verdict\":\"drop\",\"present\":true,"
		"\"packets\":3,\"bytes\":180},"
		"{\"name\":\"rs\",\"table\":\"bridge "
		"meshd\",\"chain\":\"to-mesh\",\"verdict\":\"drop\",\"present\":false,"
		"\"packets\":0,\"bytes\":0},"
		"{\"name\":\"stranger\",\"table\":\"bridge "
		"meshd\",\"chain\":\"to-mesh\",\"verdict\":\"drop\","
		"\"present\":true,\"packets\":1,\"bytes\":60,\"foreign\":true},"
		"{\"name\":\"clamp-mss\",\"table\":\"inet meshd\",\"chain\":\"forward\","
		"\"verdict\":\"clamp-mss\",\"present\":true,\"packets\":2,\"bytes\":120},"
		"{\"name\":\"out\",\"table\":\"inet meshd\",\"chain\":\"forward\","
		"\"verdict\":\"masquerade\",\"present\":false,\"packets\":0,\"bytes\":0}]");
	assert_part(status, "problems",
		"[{\"kind\":\"link-missing\",\"severity\":\"warning\",\"object\":\"eth9\","
		"\"text\":\"eth9 is missing\",\"hint\":\"plug it in\"}]");
	assert_part(status, "reconcile",
		"{\"started\":1000,\"cycles\":7,\"operations\":40,\"failures\":1,\"overruns\":2,"
		"\"last_cycle\":1100,\"last_change\":1050,\"last_operations\":1,\"last_failures\":"
		"0,"
		"\"last_seconds\":0.25,\"change_seconds\":0.5,\"apply_seconds\":0.125,"
		"\"change_seconds_total\":1.5,\"apply_seconds_total\":0.75,"
		"\"converged\":true,\"last_plan\":[{\"verb\":\"create\"}]}");
	json_decref(status);
	json_decref(plan);
}
END_TEST

/* Everything off: the same members, and nothing that is not there is shown as there. */
START_TEST(test_all_off)
{
	struct snapshot_request request = whole();

	config.batadv.enabled = false;
	config.anycast.enabled = false;
	config.bmx7.enabled = false;
	json_t *status = snapshot_status(&request);
	ck_assert_uint_eq(json_object_size(status), 10);
	assert_part(status, "mesh", "{\"enabled\":false,\"device\":\"bat0\"}");
	assert_part(status, "layer3", "[]");
	assert_part(status, "anycast",
		"{\"enabled\":false,\"device\":\"anygw\",\"mac\":null,\"ipv4\":null,"
		"\"ipv6\":null,\"link_local\":null}");
	json_decref(status);
}
END_TEST

/* A hostname that is no UTF-8 must not take the whole answer with it. */
START_TEST(test_bad_hostname)
{
	struct snapshot_request request = whole();

	text_copy(identity.hostname, sizeof(identity.hostname), "node\xff");
	json_t *status = snapshot_status(&request);
	const json_t *node = json_object_get(status, "node");
	ck_assert(json_is_null(json_object_get(node, "hostname")));
	json_decref(status);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("snapshot");
	TCase *cases = tcase_create("snapshot");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, test_node_and_cloud);
	tcase_add_test(cases, test_no_identity);
	tcase_add_test(cases, test_links);
	tcase_add_test(cases, test_kept_primary);
	tcase_add_test(cases, test_untagged);
	tcase_add_test(cases, test_peers);
	tcase_add_test(cases, test_throughput);
	tcase_add_test(cases, test_rules_problems_reconcile);
	tcase_add_test(cases, test_all_off);
	tcase_add_test(cases, test_bad_hostname);
	suite_add_tcase(suite, cases);
	return suite;
}
