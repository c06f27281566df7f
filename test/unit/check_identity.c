/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vectors are LibreMesh's own or were computed with its shell pipeline (echo | md5sum). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "unit/check_main.h"
#include "unit/identity_scene.h"

static void assert_mac(const struct mac *mac, const char *expected)
{
	char text[MAC_TEXT_SIZE];

	mac_format(mac, text);
	ck_assert_str_eq(text, expected);
}

static void assert_prefix(const struct prefix *prefix, const char *expected)
{
	char text[PREFIX_TEXT_SIZE];

	prefix_format(prefix, text);
	ck_assert_str_eq(text, expected);
}

static void assert_node(const struct identity_request *request, const char *ipv4, const char *ipv6)
{
	struct identity identity = derive(request);

	ck_assert(identity.has_node);
	if (ipv4 != NULL) {
		assert_prefix(&identity.node_ipv4, ipv4);
	}
	if (ipv6 != NULL) {
		assert_prefix(&identity.node_ipv6, ipv6);
	}
}

struct cloud_vector {
	const char *ssid;
	uint8_t network[6];
	uint16_t vlan;
	const char *subnet_ipv4, *anycast_ipv4, *subnet_ipv6, *anycast_ipv6;
	const char *anycast_mac, *link_local, *node_ipv4, *node_ipv6;
};

static const struct cloud_vector clouds[] = {
	{"LibreMesh.org", {0x0d, 0xfe, 0x46, 0x8c, 0xe8, 0x8a}, 29, "10.13.0.0/16", "10.13.0.1/16",
		"fd0d:fe46:8ce8::/64", "fd0d:fe46:8ce8::1/64", "aa:aa:aa:0d:fe:aa",
		"fe80::a8aa:aaff:fe0d:feaa", "10.13.115.170/16", "fd0d:fe46:8ce8::1f:73aa/64"},
	{"quintana-libre.org.ar", {0x5c, 0x27, 0x0f, 0x28, 0xde, 0x5d}, 108, "10.92.0.0/16",
		"10.92.0.1/16", "fd5c:270f:28de::/64", "fd5c:270f:28de::1/64", "aa:aa:aa:5c:27:aa",
		"fe80::a8aa:aaff:fe5c:27aa", "10.92.115.170/16", "fd5c:270f:28de::1f:73aa/64"},
	{"MyCommunity", {0xbe, 0xef, 0xf8, 0x1b, 0x19, 0xd9}, 206, "10.190.0.0/16", "10.190.0.1/16",
		"fdbe:eff8:1b19::/64", "fdbe:eff8:1b19::1/64", "aa:aa:aa:be:ef:aa",
		"fe80::a8aa:aaff:febe:efaa", "10.190.115.170/16", "fdbe:eff8:1b19::1f:73aa/64"},
};

START_TEST(clouds_have_their_values)
{
	const struct cloud_vector *cloud = &clouds[_i];
	struct identity_request request = request_of("a8:40:41:1f:73:aa");
	char text[IP_TEXT_SIZE];

	request.ssid = cloud->ssid;
	struct identity identity = derive(&request);
	ck_assert_mem_eq(identity.network, cloud->network, 6);
	ck_assert_uint_eq(identity.cloud_vlan, cloud->vlan);
	assert_prefix(&identity.subnet_ipv4, cloud->subnet_ipv4);
	assert_prefix(&identity.subnet_ipv6, cloud->subnet_ipv6);
	assert_prefix(&identity.anycast_ipv4, cloud->anycast_ipv4);
	assert_prefix(&identity.anycast_ipv6, cloud->anycast_ipv6);
	assert_mac(&identity.anycast_mac, cloud->anycast_mac);
	ip_format(&identity.anycast_link_local, text);
	ck_assert_str_eq(text, cloud->link_local);
	assert_prefix(&identity.node_ipv4, cloud->node_ipv4);
	assert_prefix(&identity.node_ipv6, cloud->node_ipv6);
	ck_assert_str_eq(identity.hostname, "LiMe-1f73aa");
	assert_mac(&identity.mac, "a8:40:41:1f:73:aa");
}
END_TEST

START_TEST(vlan_wraps_at_256)
{
	uint8_t network[6];

	identity_network_id("y", network);
	ck_assert_uint_eq(network[0], 0x00);
	ck_assert_uint_eq(identity_cloud_vlan(network), 272);
	identity_network_id("ooo1", network);
	ck_assert_uint_eq(network[0], 0x03);
	ck_assert_uint_eq(identity_cloud_vlan(network), 275);
	network[0] = 12;
	ck_assert_uint_eq(identity_cloud_vlan(network), 284);
	network[0] = 255;
	ck_assert_uint_eq(identity_cloud_vlan(network), 271);
}
END_TEST

START_TEST(ssid_is_not_cut)
{
	uint8_t longer[6];
	uint8_t shorter[6];

	identity_network_id("0123456789012345678901234567890123", longer);
	identity_network_id("01234567890123456789012345678901", shorter);
	ck_assert_mem_ne(longer, shorter, 6);
}
END_TEST

START_TEST(ssids_that_a_shell_mangles)
{
	static const char *const mangled[] = {"a$b", "a`b", "a\"b", "a\\b", "-n", "-nope", "-e x"};
	static const char *const plain[] = {"LibreMesh.org", "a-n", "it's", "a b", "", "-x", "a!b"};

	for (size_t i = 0; i < sizeof(mangled) / sizeof(mangled[0]); i++) {
		ck_assert_msg(identity_ssid_warning(mangled[i]) != NULL, "%s", mangled[i]);
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		ck_assert_msg(identity_ssid_warning(plain[i]) == NULL, "%s", plain[i]);
	}
}
END_TEST

static const char *const hardifs[][2] = {
	{"eth0", "02:95:39:1f:73:aa"},
	{"eth1", "02:bb:ed:1f:73:aa"},
	{"eth2", "02:10:38:1f:73:aa"},
	{"eth0.1", "02:db:d6:1f:73:aa"},
	{"eth1.2", "02:29:0f:1f:73:aa"},
	{"lan1", "02:95:03:1f:73:aa"},
	{"lan2", "02:f0:c5:1f:73:aa"},
	{"lan3", "02:6d:6e:1f:73:aa"},
	{"lan4", "02:b9:75:1f:73:aa"},
	{"wan", "02:db:38:1f:73:aa"},
	{"wlan0-mesh", "02:58:47:1f:73:aa"},
	{"wlan1-mesh", "02:ab:46:1f:73:aa"},
	{"wlan2-mesh", "02:cc:4e:1f:73:aa"},
	{"wlan0-adhoc", "02:ee:51:1f:73:aa"},
	{"wlan0-sta", "02:3b:9f:1f:73:aa"},
	{"wlan0-peer1", "02:df:2f:1f:73:aa"},
	{"enp1s0", "02:b6:ae:1f:73:aa"},
	{"enp3s0", "02:c1:9d:1f:73:aa"},
};

START_TEST(hardifs_have_their_macs)
{
	struct mac primary = mac_of("a8:40:41:1f:73:aa");
	struct mac mac = identity_interface_mac(hardifs[_i][0], &primary);

	assert_mac(&mac, hardifs[_i][1]);
}
END_TEST

struct node_vector {
	const char *mac, *ipv4, *ipv6, *expected_ipv4, *expected_ipv6;
};

static const struct node_vector nodes[] = {
	/* generated */
	{"a8:40:41:1f:73:aa", NULL, NULL, "10.13.115.170/16", "fd0d:fe46:8ce8::1f:73aa/64"},
	{"02:00:00:ab:c0:01", NULL, NULL, "10.13.192.1/16", "fd0d:fe46:8ce8::ab:c001/64"},
	{"a8:40:41:1f:73:aa", "10.%N1.0.0/16", "fd%N1:%N2%N3:%N4%N5::/64", "10.13.115.170/16",
		"fd0d:fe46:8ce8::1f:73aa/64"},
	{"a8:40:41:1f:73:aa", "10.0.0.0/8", "fd00::/112", "10.31.115.170/8", "fd00::73aa/112"},
	{"a8:40:41:1f:73:aa", "10.0.0.0/5", "fd00::/8", NULL, "fd00::1f:73aa/8"},
	{"a8:40:41:1f:73:aa", "10.5.6.0/24", "fd00::/48", "10.5.6.170/24", "fd00::1f:73aa/48"},
	{"a8:40:41:1f:73:aa", "10.0.0.8/30", NULL, "10.0.0.10/30", NULL},
	/* RANGE */
	{"a8:40:41:1f:73:aa", "10.0.128.0/16/17", "fd00:0:0:0:1::/64/80", "10.0.243.170/16",
		"fd00::1:0:1f:73aa/64"},
	{"a8:40:41:1f:73:aa", "10.%N1.%m1.0/16/24", NULL, "10.13.101.170/16", NULL},
	{"a8:40:41:1f:73:aa", "10.0.128.1/16/17", NULL, "10.0.128.1/16", NULL},
	{"a8:40:41:00:00:00", "10.0.128.0/16/17", NULL, "10.0.128.0/16", NULL},
	{"a8:40:41:00:7f:ff", "10.0.128.0/16/17", NULL, "10.0.255.254/16", NULL},
	/* every kind of token */
	{"a8:40:41:1f:73:aa", "%M1.%M2.%M3.%M4/8", "%M1%M2:%M3%M4:%M5%M6::5/64", "168.64.65.31/8",
		"a840:411f:73aa::5/64"},
	{"a8:40:41:1f:73:aa", "10.%M4.%M5.%M6/8", "fd00::%M4:%M5%M6/64", "10.31.115.170/8",
		"fd00::1f:73aa/64"},
	{"a8:40:41:1f:73:aa", "%m1.%m2.%m3.%m4/8", "%m1%m2:%m3%m4:%m5%m6::5/64", "101.64.7.40/8",
		"6540:728:7252::5/64"},
	{"a8:40:41:1f:73:aa", "10.0.%m5.%m6/8", NULL, "10.0.114.82/8", NULL},
	{"a8:40:41:1f:73:aa", "%N3.%N4.%N5.%N6/8", "%N1%N2:%N3%N4:%N5%N6::5/64", "70.140.232.138/8",
		"dfe:468c:e88a::5/64"},
	{"a8:40:41:1f:73:aa", "%N1.%N2.0.9/16", NULL, "13.254.0.9/16", NULL},
	/* static */
	{"a8:40:41:1f:73:aa", "10.13.5.6/16", "fd0d::5:6/64", "10.13.5.6/16", "fd0d::5:6/64"},
	/* exceptional: network, anycast, broadcast, generated or static */
	{"02:00:00:00:00:00", NULL, NULL, "10.13.255.254/16", "fd0d:fe46:8ce8::100:0/64"},
	{"02:00:00:00:00:01", NULL, NULL, "10.13.255.254/16", "fd0d:fe46:8ce8::100:1/64"},
	{"02:00:00:12:00:01", NULL, NULL, "10.13.255.254/16", "fd0d:fe46:8ce8::12:1/64"},
	{"02:00:00:00:ff:ff", NULL, NULL, "10.13.255.254/16", "fd0d:fe46:8ce8::ffff/64"},
	{"02:00:00:00:ff:fe", NULL, NULL, "10.13.255.254/16", "fd0d:fe46:8ce8::fffe/64"},
	{"02:00:00:00:00:02", NULL, NULL, "10.13.0.2/16", "fd0d:fe46:8ce8::2/64"},
	{"02:00:00:00:00:05", "10.13.0.1/16", "fd00::1/64", "10.13.255.254/16", "fd00::100:1/64"},
	{"02:00:00:00:00:05", "10.13.255.255/16", NULL, "10.13.255.254/16", NULL},
	{"02:00:00:00:00:01", "10.0.0.8/30", "fd00::/126", "10.0.0.10/30", "fd00::3/126"},
	{"02:00:00:00:00:01", "10.0.0.0/29", "fd00::/104", "10.0.0.6/29", "fd00::ff:ffff/104"},
};

START_TEST(nodes_have_their_addresses)
{
	const struct node_vector *node = &nodes[_i];
	struct identity_request request = request_of(node->mac);

	request.ipv4 = node->ipv4;
	request.ipv6 = node->ipv6;
	assert_node(&request, node->expected_ipv4, node->expected_ipv6);
}
END_TEST

struct shared_vector {
	const char *mac, *ipv4, *ipv6, *shared_ipv4, *shared_ipv6;
	const char *expected_ipv4, *expected_ipv6;
};

/* The shared address is given: it is avoided, the first host is not. */
static const struct shared_vector shared[] = {
	{"02:00:00:00:00:01", NULL, NULL, "10.13.7.7/16", "fd00::1/64", "10.13.0.1/16",
		"fd0d:fe46:8ce8::1/64"},
	{"02:00:00:00:07:07", NULL, NULL, "10.13.7.7/16", "fd0d:fe46:8ce8::707/64",
		"10.13.255.254/16", "fd0d:fe46:8ce8::100:707/64"},
	{"02:00:00:00:00:00", NULL, NULL, "10.13.255.254/16", "fd0d:fe46:8ce8::100:0/64",
		"10.13.255.253/16", "fd0d:fe46:8ce8:0:ffff:ffff:ffff:ffff/64"},
	{"02:00:00:00:ff:fe", NULL, NULL, "10.13.255.254/16", NULL, "10.13.255.253/16", NULL},
	{"02:00:00:00:00:02", "10.0.0.8/30", "fd00::/126", "10.0.0.10/30", "fd00::3/126",
		"10.0.0.9/30", "fd00::2/126"},
	{"02:00:00:00:00:03", "10.0.0.8/30", "fd00::/126", "10.0.0.9/30", "fd00::3/126",
		"10.0.0.10/30", "fd00::2/126"},
};

START_TEST(nodes_avoid_the_given_shared_address)
{
	const struct shared_vector *vector = &shared[_i];
	struct identity_request request = request_of(vector->mac);

	request.ipv4 = vector->ipv4;
	request.ipv6 = vector->ipv6;
	ck_assert_int_eq(prefix_parse(vector->shared_ipv4, &request.anycast_ipv4), 0);
	if (vector->shared_ipv6 != NULL) {
		ck_assert_int_eq(prefix_parse(vector->shared_ipv6, &request.anycast_ipv6), 0);
	}
	assert_node(&request, vector->expected_ipv4, vector->expected_ipv6);
	struct identity identity = derive(&request);
	assert_prefix(&identity.anycast_ipv4, vector->shared_ipv4);
	if (vector->shared_ipv6 != NULL) {
		assert_prefix(&identity.anycast_ipv6, vector->shared_ipv6);
	}
}
END_TEST

START_TEST(without_anycast_the_first_host_is_free)
{
	struct identity_request request = request_of("02:00:00:00:00:01");

	request.anycast = false;
	assert_node(&request, "10.13.0.1/16", "fd0d:fe46:8ce8::1/64");
	request.mac = mac_of("02:00:00:00:00:00");
	assert_node(&request, "10.13.255.254/16", "fd0d:fe46:8ce8::/64");
	request.ipv4 = "10.5.6.7/32";
	request.ipv6 = "fd00::7/128";
	assert_node(&request, "10.5.6.7/32", "fd00::7/128");
	request.ipv4 = "10.5.6.6/31";
	assert_node(&request, "10.5.6.6/31", NULL);
}
END_TEST

START_TEST(anycast_ipv6_is_a_64)
{
	struct identity_request request = request_of(NULL);

	request.ipv6 = "fd%N1:%N2%N3::/48";
	struct identity identity = derive(&request);
	assert_prefix(&identity.anycast_ipv6, "fd0d:fe46::1/64");
	assert_prefix(&identity.subnet_ipv6, "fd0d:fe46::/48");
	request.ipv4 = "10.7.9.13/24";
	identity = derive(&request);
	assert_prefix(&identity.anycast_ipv4, "10.7.9.1/24");
	assert_prefix(&identity.subnet_ipv4, "10.7.9.0/24");
}
END_TEST

START_TEST(without_mac_the_cloud_is_known)
{
	static const uint8_t zeros[sizeof(struct prefix)];
	struct identity_request request = request_of(NULL);

	struct identity identity = derive(&request);
	ck_assert(!identity.has_node);
	ck_assert_str_eq(identity.hostname, "");
	ck_assert_mem_eq(&identity.node_ipv4, zeros, sizeof(zeros));
	assert_prefix(&identity.subnet_ipv4, "10.13.0.0/16");
	request.hostname = "roof";
	request.ipv4 = "10.%N1.%M5.%M6/16";
	identity = derive(&request);
	ck_assert_str_eq(identity.hostname, "roof");
	assert_prefix(&identity.subnet_ipv4, "10.13.0.0/16");
}
END_TEST

struct name_vector {
	const char *base;
	uint16_t vid;
	const char *name;
};

/* Kernel objects have these names: they must never change from one version to the next. */
static const struct name_vector names[] = {
	{"eth0", 29, "eth0.29"},
	{"wlan0-mesh", 284, "wlan0-mesh.284"},
	{"wlan0-mesh-x", 29, "wlan0-mesh-x.29"},
	{"enp0s31f6", 284, "enp0s31f6.284"},
	{"wlan0-mesh-xy", 29, "wlan0-kwppuq.29"},
	{"wlx00c0caa1b2c3", 29, "wlx00-blscbt.29"},
	{"wlx00c0caa1b2c3", 284, "wlx0-qewgmj.284"},
	{"wlx00c0caa1b2c4", 284, "wlx0-hcquuv.284"},
	{"enp0s31f6u1u2", 29, "enp0s-mbzj2v.29"},
	{"enx0123456789a", 4094, "enx-rpek7c.4094"},
};

START_TEST(vlan_names_are_stable)
{
	char name[IFNAMSIZ];

	identity_vlan_name(names[_i].base, names[_i].vid, name);
	ck_assert_str_eq(name, names[_i].name);
}
END_TEST

START_TEST(vlan_names_keep_characters_whole)
{
	char name[IFNAMSIZ];

	identity_vlan_name("abcd\xc3\xa9-longer", 29, name); /* 5 bytes fit, 4 are whole */
	ck_assert_int_eq(strncmp(name, "abcd-", 5), 0);
	ck_assert_uint_eq(strlen(name), 14);
}
END_TEST

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

START_TEST(vlan_names_are_distinct)
{
	static const uint16_t vids[] = {17, 29, 284, 4094};
	const size_t count = 8000;
	char(*made)[IFNAMSIZ] = calloc(count, sizeof(*made));
	char base[IFNAMSIZ];

	for (size_t i = 0; i < count; i++) {
		snprintf(base, sizeof(base), "wlx00c0ca%06x", (unsigned int)(i / 4) * 7);
		identity_vlan_name(base, vids[i % 4], made[i]);
		ck_assert(ifname_is_valid(made[i]));
	}
	qsort(made, count, sizeof(*made), compare_names);
	for (size_t i = 1; i < count; i++) {
		ck_assert_str_ne(made[i - 1], made[i]);
	}
	free(made);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static TCase *cloud_case(void)
{
	TCase *tests = tcase_create("cloud");

	tcase_add_loop_test(tests, clouds_have_their_values, 0, COUNT(clouds));
	tcase_add_test(tests, vlan_wraps_at_256);
	tcase_add_test(tests, ssid_is_not_cut);
	tcase_add_test(tests, ssids_that_a_shell_mangles);
	tcase_add_test(tests, anycast_ipv6_is_a_64);
	tcase_add_test(tests, without_mac_the_cloud_is_known);
	return tests;
}

static TCase *node_case(void)
{
	TCase *tests = tcase_create("node");

	tcase_add_loop_test(tests, hardifs_have_their_macs, 0, COUNT(hardifs));
	tcase_add_loop_test(tests, nodes_have_their_addresses, 0, COUNT(nodes));
	tcase_add_loop_test(tests, nodes_avoid_the_given_shared_address, 0, COUNT(shared));
	tcase_add_test(tests, without_anycast_the_first_host_is_free);
	return tests;
}

Suite *check_suite(void)
{
	Suite *suite = suite_create("identity");
	TCase *vlan_names = tcase_create("VLAN names");

	tcase_add_loop_test(vlan_names, vlan_names_are_stable, 0, COUNT(names));
	tcase_add_test(vlan_names, vlan_names_keep_characters_whole);
	tcase_add_test(vlan_names, vlan_names_are_distinct);
	suite_add_tcase(suite, cloud_case());
	suite_add_tcase(suite, node_case());
	suite_add_tcase(suite, vlan_names);
	return suite;
}
