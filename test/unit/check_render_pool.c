/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "unit/render_scene.h"

static struct render_scene scene;

static void open_scene(void)
{
	render_scene_open(&scene);
}

static void close_scene(void)
{
	render_scene_close(&scene);
}

struct pool_case {
	const char *ipv4;    /* template */
	const char *anycast; /* "" = first host */
	const char *pool;    /* configured */
	const char *wanted;  /* "FIRST-LAST", or part of the refusal */
	bool overlaps;
};

static const struct pool_case accepted[] = {
	/* The default profile: nodes below, clients above; nodes that would be the network or the
	 * gateway are moved to 10.13.255.254. */
	{"10.%N1.0.0/16/17", "", "", "10.13.128.0-10.13.255.253", false},
	/* LibreMesh: everywhere. */
	{"10.%N1.0.0/16", "", "", "10.13.0.2-10.13.255.254", true},
	{"", "", "", "10.13.0.2-10.13.255.254", true},
	{"10.%N1.128.0/16/17", "", "", "10.13.0.2-10.13.127.255", false},
	{"10.%N1.64.0/16/18", "", "", "10.13.128.0-10.13.255.253", false},
	/* A host of its own, or made of the MAC: others may be anywhere. */
	{"10.%N1.0.5/16/17", "", "", "10.13.0.2-10.13.255.254", true},
	{"10.%N1.%M5.%M6/16", "", "", "10.13.0.2-10.13.255.254", true},
	{"10.%N1.%M5.0/16/24", "", "", "10.13.0.2-10.13.255.254", true},
	{"192.168.4.0/24", "", "", "192.168.4.2-192.168.4.254", true},
	{"192.168.4.0/24/25", "", "", "192.168.4.128-192.168.4.253", false},
	{"192.168.4.0/29", "", "", "192.168.4.2-192.168.4.6", true},
	/* The larger part beside a gateway in the middle. */
	{"192.168.4.0/24", "192.168.4.100/24", "", "192.168.4.101-192.168.4.254", true},
	{"192.168.4.0/24/25", "192.168.4.129/24", "", "192.168.4.130-192.168.4.253", false},
	{"10.%N1.0.0/16/17", "", "10.13.200.0-10.13.201.255", "10.13.200.0-10.13.201.255", false},
	{"10.%N1.0.0/16/17", "", "10.13.127.255-10.13.130.0", "10.13.127.255-10.13.130.0", true},
	{"10.%N1.0.0/16/17", "", "10.13.200.0-10.13.255.254", "10.13.200.0-10.13.255.254", true},
	{"10.%N1.0.0/16", "", "10.13.0.2-10.13.0.2", "10.13.0.2-10.13.0.2", true},
};

static const struct pool_case refused[] = {
	{"192.168.4.0/30/31", "192.168.4.1/30", "", "no address left", false},
	{"10.%N1.0.0/16", "", "10.13.0.0-10.13.0.9", "not within", false},
	{"10.%N1.0.0/16", "", "10.13.0.9-10.13.255.255", "not within", false},
	{"10.%N1.0.0/16", "", "10.12.0.9-10.13.1.1", "not within", false},
	{"10.%N1.0.0/16", "", "10.92.0.2-10.92.0.9", "not within", false},
	{"10.%N1.0.0/16", "", "10.13.0.1-10.13.0.9", "gateway", false},
	{"10.%N1.0.0/16", "10.13.7.7/16", "10.13.7.0-10.13.7.9", "gateway", false},
	{"10.%N1.0.0/16", "", "10.13.0.9-10.13.0.2", "before it begins", false},
	{"10.%N1.0.0/16", "", "10.13.0.9", "FIRST-LAST", false},
	{"10.%N1.0.0/16", "", "-10.13.0.9", "two IPv4", false},
	{"10.%N1.0.0/16", "", "10.13.0.2-", "two IPv4", false},
	{"10.%N1.0.0/16", "", "fd00::2-fd00::9", "two IPv4", false},
	{"10.%N1.0.0/16", "", "10.13.0.2-10.13.0.9\nuser=root", "two IPv4", false},
	{"10.%N1.0.0/16", "", "1111111111111111111111111111111111111111111111111111-1",
		"FIRST-LAST", false},
};

static int ask(const struct pool_case *one, char text[128], bool *overlaps)
{
	struct config *config = &scene.scene.config;
	struct ip first;
	struct ip last;
	char last_text[IP_TEXT_SIZE];

	strcpy(config->cloud.ipv4, one->ipv4);
	strcpy(config->anycast.ipv4, one->anycast);
	strcpy(config->dhcp.pool, one->pool);
	render_scene_build(&scene);
	int rc = render_pool(&scene.input, &first, &last, overlaps, &scene.err);
	if (rc == 0) {
		ip_format(&first, text);
		ip_format(&last, last_text);
		snprintf(text + strlen(text), 128 - strlen(text), "-%s", last_text);
	}
	return rc;
}

START_TEST(accepts)
{
	const struct pool_case *one = &accepted[_i];
	char text[128];
	bool overlaps = !one->overlaps;

	ck_assert_int_eq(ask(one, text, &overlaps), 0);
	ck_assert_str_eq(text, one->wanted);
	ck_assert_int_eq(overlaps, one->overlaps);
}
END_TEST

START_TEST(refuses)
{
	char text[128];
	bool overlaps;

	ck_assert_int_eq(ask(&refused[_i], text, &overlaps), -EINVAL);
	ck_assert_msg(strstr(scene.err.text, refused[_i].wanted) != NULL, "%s", scene.err.text);
	ck_assert(scene.err.path[0] == '$');
}
END_TEST

/* No MAC gives a node of the default profile an address in the pool. */
START_TEST(keeps_nodes_out)
{
	static const char *const macs[] = {"02:00:00:00:00:00", "02:00:00:00:00:01",
		"02:00:00:ff:ff:ff", "02:00:00:00:7f:ff", "02:00:00:00:80:00", "02:00:00:00:ff:fe",
		"02:00:00:12:80:01"};
	struct ip first;
	struct ip last;
	bool overlaps;

	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		struct link *link = state_find_link(&scene.scene.observed, "eth0");

		ck_assert_int_eq(mac_parse(macs[i], &link->mac), 0);
		render_scene_build(&scene);
		ck_assert_int_eq(render_pool(&scene.input, &first, &last, &overlaps, &scene.err),
			0);
		const struct ip *node = &scene.scene.identity.node_ipv4.ip;
		ck_assert(!overlaps);
		ck_assert(memcmp(node->bytes, first.bytes, 4) < 0 ||
			  memcmp(node->bytes, last.bytes, 4) > 0);
	}
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("render_pool");
	TCase *tests = tcase_create("pool");

	tcase_add_checked_fixture(tests, open_scene, close_scene);
	tcase_add_loop_test(tests, accepts, 0, sizeof(accepted) / sizeof(accepted[0]));
	tcase_add_loop_test(tests, refuses, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tests, keeps_nodes_out);
	suite_add_tcase(suite, tests);
	return suite;
}
