/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways to the Internet as rules, routes, tunnels and masquerading. */
#include <netinet/in.h>

#include "core/gateway_wish.h"
#include "unit/desired_scene.h"

static void build_with(struct scene *scene, const struct gateway_wish *wish)
{
	struct err err = {0};
	struct desired_input input = {.config = &scene->config,
		.hostname = "tower",
		.observed = &scene->observed,
		.refusals = &scene->refusal,
		.gateway = wish};

	state_sort(&scene->observed);
	input.primary_mac = desired_primary(&scene->config, &scene->observed)->mac;
	state_free(&scene->desired);
	problem_list_free(&scene->problems);
	scene->result =
		desired_build(&input, &scene->identity, &scene->desired, &scene->problems, &err);
	ck_assert_int_eq(scene->result, 0);
}

static size_t count_rules(const struct scene *scene, uint32_t priority)
{
	size_t count = 0;

	for (size_t i = 0; i < state_count(&scene->desired, OBJECT_RULE); i++) {
		const struct rule *rule = state_at(&scene->desired, OBJECT_RULE, i);
		count += rule->key.priority == priority;
	}
	return count;
}

static const struct rule *rule_at(const struct scene *scene, uint32_t priority, uint8_t family)
{
	for (size_t i = 0; i < state_count(&scene->desired, OBJECT_RULE); i++) {
		const struct rule *rule = state_at(&scene->desired, OBJECT_RULE, i);
		if (rule->key.priority == priority && rule->key.source.ip.family == family) {
			return rule;
		}
	}
	ck_abort_msg("no rule %u", priority);
	return NULL;
}

static size_t count_routes(const struct scene *scene, uint32_t table)
{
	size_t count = 0;

	for (size_t i = 0; i < state_count(&scene->desired, OBJECT_ROUTE); i++) {
		const struct route *route = state_at(&scene->desired, OBJECT_ROUTE, i);
		count += route->key.table == table;
	}
	return count;
}

/* A gateway that also uses another one. */
static void fill(struct gateway_wish *wish)
{
	struct gateway_route route = {.family = AF_INET, .link = "wan0", .metric = 10};
	struct gateway_tunnel *in = &wish->tunnels[wish->tunnel_count++];
	struct gateway_tunnel *out = &wish->tunnels[wish->tunnel_count++];

	wish->enabled = true;
	ip_parse("192.0.2.1", &route.via);
	wish->uplinks.items[wish->uplinks.count++] = route;
	wish->offers.items[wish->offers.count++] = route;
	wish->in_use.items[wish->in_use.count++] = route;
	wish->in_use.items[wish->in_use.count++] =
		(struct gateway_route){.family = AF_INET6, .metric = 7};
	*in = (struct gateway_tunnel){.name = "gwin4", .family = AF_INET};
	ip_parse("fd6d:6573:6864:4000::1", &in->local);
	*out = (struct gateway_tunnel){.name = "gw6020000000001", .family = AF_INET6};
	ip_parse("fd0d::a", &out->local);
	ip_parse("fd6d:6573:6864:6000::1", &out->remote);
	text_copy(wish->guests.items[wish->guests.count++], IFNAMSIZ, "gwin4");
	text_copy(wish->transit.items[wish->transit.count++], IFNAMSIZ, "eth0.17");
	text_copy(wish->masquerade[0].items[wish->masquerade[0].count++], IFNAMSIZ, "wan0");
	wish->hop[GATEWAY_IPV6] = true;
}

START_TEST(a_gateway)
{
	struct scene scene;
	struct gateway_wish wish = {0};

	scene_open(&scene);
	fill(&wish);
	build_with(&scene, &wish);
	ck_assert_int_eq(rule_at(&scene, 1000, AF_INET)->suppress, 0);
	ck_assert_uint_eq(rule_at(&scene, 1000, AF_INET6)->table, RT_TABLE_MAIN);
	ck_assert_uint_eq(count_rules(&scene, 1001), 1); /* the uplink has IPv4 only */
	ck_assert_str_eq(rule_at(&scene, 1001, AF_INET)->key.oif, "wan0");
	ck_assert_str_eq(rule_at(&scene, 1002, AF_INET6)->key.iif, "gwin4");
	ck_assert_uint_eq(rule_at(&scene, 1002, AF_INET)->table, STATE_TABLE_OFFER);
	ck_assert_uint_eq(rule_at(&scene, 1003, AF_INET)->table, 0);
	ck_assert_str_eq(rule_at(&scene, 1004, AF_INET)->key.iif, "eth0.17");
	ck_assert_int_eq(rule_at(&scene, 1010, AF_INET)->suppress, -1);
	ck_assert_uint_eq(count_rules(&scene, 1011), 1);
	rule_at(&scene, 1011, AF_INET6);
	ck_assert_uint_eq(count_rules(&scene, 1012), 2);
	ck_assert_uint_eq(rule_at(&scene, 1013, AF_INET)->table, STATE_TABLE_BABELD);

	ck_assert_uint_eq(count_routes(&scene, STATE_TABLE_INTERNET), 2);
	ck_assert_uint_eq(count_routes(&scene, STATE_TABLE_UPLINK), 1);
	ck_assert_uint_eq(count_routes(&scene, STATE_TABLE_OFFER), 1);

	const struct link *in = want(&scene, "gwin4");
	ck_assert_int_eq(in->kind, LINK_IP6TNL);
	ck_assert_uint_eq(in->tunnel_protocol, IPPROTO_IPIP);
	ck_assert_uint_eq(in->tunnel_remote.family, AF_INET6); /* :: */
	ck_assert(has_address(&scene, "fd6d:6573:6864:4000::1/128", "gwin4"));
	ck_assert_uint_eq(want(&scene, "gw6020000000001")->tunnel_protocol, IPPROTO_IPV6);
	ck_assert(scene.desired.nat.present);
	scene_close(&scene);
}
END_TEST

START_TEST(nothing_wanted)
{
	struct scene scene;
	struct gateway_wish wish = {0};

	scene_open(&scene);
	build_with(&scene, &wish);
	ck_assert_uint_eq(state_count(&scene.desired, OBJECT_RULE), 2); /* the anycast ones */
	ck_assert(!scene.desired.nat.present);
	scene_close(&scene);
}
END_TEST

/* Right after a start what is there stays: all of it, and nothing else. */
START_TEST(kept)
{
	struct scene scene;
	struct gateway_wish wish = {0};
	struct gateway_wish keep = {.enabled = true, .keep = true};
	struct plan plan = {0};

	scene_open(&scene);
	add_observed(&scene, "wan0", "02:00:00:00:00:77");
	fill(&wish);
	build_with(&scene, &wish);
	/* The kernel has just that, and a foreign rule of our number. */
	for (enum object_type type = 0; type < OBJECT_SETS; type++) {
		for (size_t i = 0; i < state_count(&scene.desired, type); i++) {
			struct object_head *desired = state_at(&scene.desired, type, i);
			const void *key = object_key(type, desired);
			if ((desired->flags & OBJECT_BORROWED) ||
				state_find(&scene.observed, type, key) != NULL) {
				continue;
			}
			struct object_head *object = state_add(&scene.observed, type, key);
			memcpy(object, desired, object_classes[type].size);
			object->flags = OBJECT_OWNED;
			state_sort(&scene.observed);
		}
	}
	struct rule_key foreign = {.priority = 1010, .source = {.ip = {.family = AF_INET}}};
	text_copy(foreign.iif, sizeof(foreign.iif), "eth7");
	struct rule *rule = state_add(&scene.observed, OBJECT_RULE, &foreign);
	object_give(rule, RULE_TABLE, table, 9);
	build_with(&scene, &keep);
	ck_assert_uint_eq(count_rules(&scene, 1010), 2);
	ck_assert_uint_eq(count_routes(&scene, STATE_TABLE_INTERNET), 2);
	ck_assert_int_eq(want(&scene, "gwin4")->kind, LINK_IP6TNL);
	ck_assert(has_address(&scene, "fd6d:6573:6864:4000::1/128", "gwin4"));
	ck_assert_int_eq(diff_plan(&scene.desired, &scene.observed, 100, &plan), 0);
	plan_foreach (op, &plan) {
		char text[OBJECT_TEXT_SIZE];
		object_format_key(op->type, op->desired != NULL ? op->desired : op->observed, text);
		ck_assert_msg(op->type != OBJECT_RULE && op->type != OBJECT_ROUTE &&
				      op->type != OBJECT_ADDRESS,
			"%s would change", text);
	}
	plan_free(&plan);
	scene_close(&scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("desired_gateway");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, a_gateway);
	tcase_add_test(tests, nothing_wanted);
	tcase_add_test(tests, kept);
	suite_add_tcase(suite, tests);
	return suite;
}
