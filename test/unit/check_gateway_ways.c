/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what is seen to candidates, from decisions to routes, tunnels and announcements. */
#include <stdlib.h>

#include <check.h>

#include "core/gateway_ways.h"
#include "unit/addresses.h"
#include "unit/check_main.h"

struct scene {
	struct config config;
	struct uplink_config uplinks[2];
	struct network_config search[1];
	struct identity identity;
	struct state observed;
	struct default_route defaults[6];
	struct gateway_own own[GATEWAY_OWN_MAX];
	size_t own_count;
	struct routing_state babeld;
	struct routing_state bmx7;
	struct gateway_candidate *candidates;
	size_t count;
	struct gateway_decision decision;
	struct gateway_links transit;
};

static void scene_open(struct scene *scene)
{
	*scene = (struct scene){0};
	scene->uplinks[0] = (struct uplink_config){.name = "wan*",
		.ipv4 = true,
		.ipv6 = true,
		.down = 500,
		.priority = 100,
		.masquerade_ipv4 = true};
	scene->uplinks[1] = (struct uplink_config){.name = "wan1",
		.ipv4 = true,
		.priority = 7,
		.share = UPLINK_SHARE_NEVER};
	scene->config.uplinks = scene->uplinks;
	scene->config.uplink_count = 2;
	scene->config.babeld.enabled = true;
	scene->config.gateway.enabled = true;
	scene->config.gateway.share = true;
	mac_parse("02:00:00:00:00:0a", &scene->identity.mac);
	scene->identity.node_ipv4 = (struct prefix){ip_of("10.13.0.10"), 16};
	scene->identity.node_ipv6 = (struct prefix){ip_of("fd0d::a"), 64};
	scene->observed.defaults = scene->defaults;
	scene->babeld.protocol = PROTOCOL_BABELD;
	scene->bmx7.protocol = PROTOCOL_BMX7;
}

static void scene_close(struct scene *scene)
{
	routing_state_free(&scene->babeld);
	routing_state_free(&scene->bmx7);
	free(scene->candidates);
	free(scene->decision.order);
	scene->observed.defaults = NULL;
	state_free(&scene->observed);
}

static void add_default(struct scene *scene, const char *link, const char *via, uint32_t metric)
{
	struct default_route *route = &scene->defaults[scene->observed.default_count++];

	text_copy(route->link, sizeof(route->link), link);
	route->via = ip_of(via);
	route->metric = metric;
	route->table = 254;
}

static void find_own(struct scene *scene)
{
	scene->own_count = gateway_find_own(&scene->config, &scene->observed, scene->own);
}

static void gather(struct scene *scene, enum gateway_family family)
{
	static const struct gateway_name names[] = {{{{2, 0, 0, 0, 0, 0x0b}}, "b1"}};
	struct gateway_gather input = {.config = &scene->config,
		.identity = &scene->identity,
		.own = scene->own,
		.own_count = scene->own_count,
		.routing = {&scene->bmx7, &scene->babeld},
		.names = names,
		.name_count = 1,
		.tunnels = true};

	free(scene->candidates);
	ck_assert_int_eq(gateway_gather(&input, family, &scene->candidates, &scene->count), 0);
}

static void add_route(struct scene *scene, const struct ip *destination, uint8_t length,
	uint64_t metric, bool installed)
{
	struct routing_route route = {.destination = {*destination, length},
		.via = ip_of("fe80::1"),
		.link = "mesh0.17",
		.id = "02:00:00:00:00:0b:12:34",
		.metric = metric,
		.installed = installed};

	ck_assert_int_eq(routing_state_add_route(&scene->babeld, &route), 0);
}

static void add_offer(struct scene *scene, uint8_t family, const char *mac_text, uint64_t metric)
{
	struct mac mac;

	mac_parse(mac_text, &mac);
	struct ip offer = gateway_offer_encode(family, 20000000, &mac);
	add_route(scene, &offer, 128, metric, true);
}

/* The name goes before the glob, the least metric before others; families apart. */
START_TEST(own_uplinks)
{
	struct scene scene;

	scene_open(&scene);
	add_default(&scene, "wan0", "192.0.2.1", 100);
	add_default(&scene, "wan0", "192.0.2.2", 200);
	add_default(&scene, "wan1", "192.0.2.9", 0);
	add_default(&scene, "wan0", "fe80::1", 1024);
	add_default(&scene, "wan1", "fe80::9", 1024);
	find_own(&scene);
	ck_assert_uint_eq(scene.own_count, 3); /* wan1 has no IPv6 by configuration */
	ck_assert_str_eq(scene.own[0].link, "wan0");
	ck_assert_mem_eq(&scene.own[0].via, &scene.defaults[0].via, sizeof(struct ip));
	ck_assert_str_eq(scene.own[1].config.name, "wan1");
	ck_assert_uint_eq(scene.own[2].family, AF_INET6);
	scene_close(&scene);
}
END_TEST

START_TEST(own_point_to_point)
{
	struct scene scene;

	scene_open(&scene);
	add_default(&scene, "wan0", "0.0.0.0", 0);
	find_own(&scene);
	ck_assert_uint_eq(scene.own_count, 1);
	ck_assert_uint_eq(scene.own[0].via.family, 0);
	ck_assert_uint_eq(scene.own[0].family, AF_INET);
	scene_close(&scene);
}
END_TEST

START_TEST(candidates_of_babel)
{
	struct scene scene;
	struct ip any = {.family = AF_INET};

	scene_open(&scene);
	add_offer(&scene, AF_INET, "02:00:00:00:00:0b", 512);
	add_offer(&scene, AF_INET, "02:00:00:00:00:0b", 256);   /* a second neighbour's */
	add_offer(&scene, AF_INET, "02:00:00:00:00:0a", 96);    /* our own */
	add_offer(&scene, AF_INET, "02:00:00:00:00:0c", 65535); /* retracted */
	add_offer(&scene, AF_INET6, "02:00:00:00:00:0d", 96);   /* the other family */
	add_route(&scene, &any, 0, 300, true);
	add_route(&scene, &any, 0, 200, false);
	gather(&scene, GATEWAY_IPV4);
	ck_assert_uint_eq(scene.count, 2);
	const struct gateway_candidate *b = &scene.candidates[0];
	ck_assert_int_eq(b->key.kind, GATEWAY_BABELD);
	ck_assert_str_eq(b->key.id, "02:00:00:00:00:0b");
	ck_assert_str_eq(b->name, "b1");
	ck_assert_str_eq(b->link, "gw402000000000b");
	ck_assert_uint_eq(b->path, 100000000);
	ck_assert_uint_le(b->bandwidth, 20200000);
	ck_assert_uint_ge(b->bandwidth, 19800000);
	const struct gateway_candidate *hop = &scene.candidates[1];
	ck_assert_int_eq(hop->key.kind, GATEWAY_BABELD_HOP);
	ck_assert_str_eq(hop->name, "b1"); /* its router id begins with its MAC */
	ck_assert_str_eq(hop->link, "mesh0.17");
	ck_assert_uint_eq(hop->path, 100000000ULL * 256 / 300);
	ck_assert_uint_eq(hop->bandwidth, b->bandwidth); /* the same gateway's */
	scene_close(&scene);
}
END_TEST

START_TEST(candidates_of_bmx7)
{
	struct scene scene;
	struct routing_network network = {.network = {.ip = {.family = AF_INET}},
		.id = "0123456789",
		.name = "g",
		.bandwidth = 5000000,
		.metric = 90000000,
		.tunnel = "X7Out_01"};

	scene_open(&scene);
	ck_assert_int_eq(routing_state_add_network(&scene.bmx7, &network), 0);
	network.own = true;
	ck_assert_int_eq(routing_state_add_network(&scene.bmx7, &network), 0);
	gather(&scene, GATEWAY_IPV4);
	ck_assert_uint_eq(scene.count, 0); /* it is not looked for */
	scene.search[0].network.ip.family = AF_INET;
	scene.config.bmx7.networks = scene.search;
	scene.config.bmx7.network_count = 1;
	gather(&scene, GATEWAY_IPV4);
	ck_assert_uint_eq(scene.count, 1);
	ck_assert_str_eq(scene.candidates[0].link, "X7Out_01");
	ck_assert_uint_eq(scene.candidates[0].path, 90000000);
	scene_close(&scene);
}
END_TEST

/* --- wishes --- */

static void rank(struct scene *scene, size_t candidate, bool usable, double probe_interval)
{
	if (scene->decision.order == NULL) {
		scene->decision.order = calloc(8, sizeof(scene->decision.order[0]));
	}
	struct gateway_rank *added = &scene->decision.order[scene->decision.count++];
	added->candidate = candidate;
	added->usable = usable;
	added->probe_interval = probe_interval;
}

static void build(struct scene *scene, bool offered, struct gateway_wish *wish)
{
	static const struct gateway_decision none = {.in_use = -1};
	struct gateway_wish_input input = {.config = &scene->config,
		.identity = &scene->identity,
		.observed = &scene->observed,
		.transit = &scene->transit,
		.tunnels = true,
		.own = scene->own,
		.own_count = scene->own_count,
		.candidates = {scene->candidates, NULL},
		.decisions = {&scene->decision, &none}};

	input.offered[0] = offered;
	ck_assert(!gateway_wish_build(&input, wish));
}

START_TEST(wish_of_a_client)
{
	struct scene scene;
	struct gateway_wish wish;

	scene_open(&scene);
	add_offer(&scene, AF_INET, "02:00:00:00:00:0b", 512);
	add_offer(&scene, AF_INET, "02:00:00:00:00:0c", 256);
	add_offer(&scene, AF_INET, "02:00:00:00:00:0d", 256);
	gather(&scene, GATEWAY_IPV4);
	rank(&scene, 1, true, 5);
	rank(&scene, 0, true, 30);
	rank(&scene, 2, false, 0); /* not probed: no tunnel */
	build(&scene, false, &wish);
	ck_assert_uint_eq(wish.tunnel_count, 2);
	ck_assert_str_eq(wish.tunnels[0].name, "gw402000000000c");
	ck_assert_mem_eq(&wish.tunnels[0].local, &scene.identity.node_ipv6.ip, sizeof(struct ip));
	ck_assert_uint_eq(wish.in_use.count, 1);
	ck_assert_str_eq(wish.in_use.items[0].link, "gw402000000000c");
	ck_assert_mem_eq(&wish.in_use.items[0].source, &scene.identity.node_ipv4.ip,
		sizeof(struct ip));
	ck_assert_uint_eq(wish.warm.count, 1);
	ck_assert_str_eq(wish.warm.items[0].link, "gw402000000000b");
	ck_assert(!wish.hop[GATEWAY_IPV4]);
	ck_assert_uint_eq(wish.guests.count, 0);
	scene.config.gateway.enabled = false;
	build(&scene, false, &wish);
	ck_assert_uint_eq(wish.in_use.count + wish.warm.count + wish.tunnel_count, 0);
	scene_close(&scene);
}
END_TEST

START_TEST(wish_of_a_node_without_ways)
{
	struct scene scene;
	struct gateway_wish wish;

	scene_open(&scene);
	size_t uplinks = scene.config.uplink_count;
	scene.config.uplink_count = 0;
	scene.config.babeld.supervise = true;
	build(&scene, false, &wish);
	ck_assert(wish.enabled);
	scene.config.babeld.supervise = false;
	build(&scene, false, &wish);
	ck_assert(!wish.enabled);
	scene.config.bmx7.enabled = true;
	scene.config.bmx7.supervise = false;
	build(&scene, false, &wish);
	ck_assert(!wish.enabled);
	scene.config.bmx7.supervise = true;
	build(&scene, false, &wish);
	ck_assert(wish.enabled);
	scene.config.bmx7.enabled = false;
	scene.config.uplink_count = uplinks;
	build(&scene, false, &wish);
	ck_assert(wish.enabled);
	scene_close(&scene);
}
END_TEST

START_TEST(wish_of_a_gateway)
{
	struct scene scene;
	struct gateway_wish wish;

	scene_open(&scene);
	add_default(&scene, "wan0", "192.0.2.1", 100);
	find_own(&scene);
	add_offer(&scene, AF_INET, "02:00:00:00:00:0b", 512);
	text_copy(scene.transit.items[scene.transit.count++], IFNAMSIZ, "mesh0.17");
	gather(&scene, GATEWAY_IPV4);
	rank(&scene, 0, true, 0);
	rank(&scene, 1, true, 30);
	build(&scene, true, &wish);
	ck_assert_str_eq(wish.in_use.items[0].link, "wan0");
	ck_assert_mem_eq(&wish.in_use.items[0].via, &scene.own[0].via, sizeof(struct ip));
	ck_assert_uint_eq(wish.uplinks.count, 1);
	ck_assert_uint_eq(wish.offers.count, 1);
	ck_assert_uint_eq(wish.guests.count, 1);
	ck_assert_str_eq(wish.guests.items[0], "gwin4");
	ck_assert_uint_eq(wish.transit.count, 1);
	ck_assert_str_eq(wish.masquerade[GATEWAY_IPV4].items[0], "wan0");
	ck_assert_uint_eq(wish.masquerade[GATEWAY_IPV6].count, 0);
	ck_assert_uint_eq(wish.tunnel_count, 2); /* to b, and the receiving end */
	ck_assert_uint_eq(wish.tunnels[1].remote.family, 0);

	uint8_t family = 0;
	uint64_t bandwidth = 0;
	struct mac mac;
	ck_assert(gateway_offer_decode(&wish.tunnels[1].local, &family, &bandwidth, &mac));
	ck_assert_mem_eq(&mac, &scene.identity.mac, sizeof(mac));

	scene.own[0].gone = true;
	build(&scene, false, &wish);
	ck_assert_uint_eq(wish.uplinks.count + wish.offers.count + wish.guests.count, 0);
	scene_close(&scene);
}
END_TEST

START_TEST(wish_of_the_strict)
{
	struct scene scene;
	struct gateway_wish wish;

	scene_open(&scene);
	add_offer(&scene, AF_INET, "02:00:00:00:00:0b", 512);
	add_offer(&scene, AF_INET, "02:00:00:00:00:0c", 256);
	gather(&scene, GATEWAY_IPV4);
	rank(&scene, 0, false, 30);
	rank(&scene, 1, true, 0);
	scene.decision.order[0].user_class = 2;
	scene.decision.block = true;
	scene.decision.in_use = -1;
	build(&scene, false, &wish);
	/* The dead one stays, so that it can be probed, and nothing else is let through. */
	ck_assert_uint_eq(wish.in_use.count, 2);
	ck_assert_str_eq(wish.in_use.items[0].link, "gw402000000000b");
	ck_assert_str_eq(wish.in_use.items[1].link, "");
	ck_assert_uint_gt(wish.in_use.items[1].metric, wish.in_use.items[0].metric);
	ck_assert_uint_eq(wish.warm.count, 0);
	scene_close(&scene);
}
END_TEST

START_TEST(hop_in_use)
{
	struct scene scene;
	struct gateway_wish wish;
	struct ip any = {.family = AF_INET};

	scene_open(&scene);
	add_route(&scene, &any, 0, 300, true);
	gather(&scene, GATEWAY_IPV4);
	rank(&scene, 0, true, 5);
	build(&scene, false, &wish);
	ck_assert(wish.hop[GATEWAY_IPV4]);
	ck_assert(!wish.hop[GATEWAY_IPV6]);
	ck_assert_uint_eq(wish.in_use.count, 0);
	scene_close(&scene);
}
END_TEST

START_TEST(may_offer)
{
	struct gateway_own own = {.family = AF_INET};
	struct gateway_choice choice = {0};
	struct path path = {.health = PATH_UP};
	char why[GATEWAY_TEXT_SIZE];

	ck_assert(gateway_may_offer(&own, &path, &choice, why));
	ck_assert_str_eq(why, "");
	ck_assert(!gateway_may_offer(&own, NULL, &choice, why));
	path.suppressed = true;
	ck_assert(!gateway_may_offer(&own, &path, &choice, why));
	path = (struct path){.health = PATH_DOUBTFUL};
	ck_assert(gateway_may_offer(&own, &path, &choice, why));
	path.health = PATH_DOWN;
	ck_assert(!gateway_may_offer(&own, &path, &choice, why));
	path.health = PATH_UP;
	own.spared = true;
	ck_assert(!gateway_may_offer(&own, &path, &choice, why));
	own.spared = false;
	own.gone = true;
	ck_assert(!gateway_may_offer(&own, &path, &choice, why));
	own.gone = false;
	choice.never_share = true;
	ck_assert(!gateway_may_offer(&own, &path, &choice, why));
	ck_assert_str_eq(why, "never-share is chosen");
	choice.never_share = false;
	own.config.share = UPLINK_SHARE_NEVER;
	ck_assert(!gateway_may_offer(&own, &path, &choice, why));
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("gateway_ways");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, own_uplinks);
	tcase_add_test(tests, own_point_to_point);
	tcase_add_test(tests, candidates_of_babel);
	tcase_add_test(tests, candidates_of_bmx7);
	tcase_add_test(tests, wish_of_a_client);
	tcase_add_test(tests, wish_of_a_node_without_ways);
	tcase_add_test(tests, wish_of_a_gateway);
	tcase_add_test(tests, wish_of_the_strict);
	tcase_add_test(tests, hop_in_use);
	tcase_add_test(tests, may_offer);
	suite_add_tcase(suite, tests);
	return suite;
}
