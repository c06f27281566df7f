/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/plan.h"
#include "unit/check_main.h"

static struct op *add_op(struct plan *plan, enum op_verb verb, enum object_type type,
	enum op_phase phase)
{
	struct op *op = plan_add(plan);

	ck_assert_ptr_nonnull(op);
	op->verb = verb;
	op->type = type;
	op->phase = phase;
	return op;
}

/* Compares compact JSON with sorted keys; single quotes in expected stand for double ones. */
static void expect_json(json_t *json, const char *expected)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	char *quoted = strdup(expected);

	for (char *byte = quoted; *byte != '\0'; byte++) {
		if (*byte == '\'') {
			*byte = '"';
		}
	}
	ck_assert_str_eq(text, quoted);
	free(text);
	free(quoted);
	json_decref(json);
}

START_TEST(sort_is_stable_by_phase)
{
	static const enum op_phase phases[] = {PHASE_HARDIF, PHASE_RULESET, PHASE_ADDRESS,
		PHASE_RULESET, PHASE_HARDIF};
	static const uint32_t order[] = {1, 3, 2, 0, 4};
	struct plan plan = {0};

	for (uint32_t i = 0; i < ARRAY_SIZE(phases); i++) {
		add_op(&plan, OP_SET, OBJECT_LINK, phases[i])->ifindex = i;
	}
	ck_assert_int_eq(plan_sort(&plan), 0);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		ck_assert_uint_eq(plan.ops[i].ifindex, order[i]);
	}
	plan_free(&plan);
	plan_free(&plan);
}
END_TEST

START_TEST(empty_plan)
{
	struct plan plan = {0};

	ck_assert_int_eq(plan_sort(&plan), 0);
	expect_json(plan_to_json(&plan), "[]");
	plan_free(&plan);
}
END_TEST

START_TEST(grows)
{
	struct plan plan = {0};

	for (uint32_t i = 0; i < 1000; i++) {
		add_op(&plan, OP_SET, OBJECT_LINK, PHASES - 1 - i % PHASES)->ifindex = i;
	}
	ck_assert_int_eq(plan_sort(&plan), 0);
	for (size_t i = 1; i < plan.count; i++) {
		ck_assert_int_le(plan.ops[i - 1].phase, plan.ops[i].phase);
	}
	plan_free(&plan);
}
END_TEST

START_TEST(json_of_create)
{
	struct link link = {.name = "eth1.29"};
	struct plan plan = {0};

	object_give(&link, LINK_KIND, kind, LINK_VLAN);
	object_give(&link, LINK_MTU, mtu, 1532);
	struct op *op = add_op(&plan, OP_CREATE, OBJECT_LINK, PHASE_CREATE_UPPER);
	op->desired = &link;
	op->fields = link.head.has;
	expect_json(plan_to_json(&plan),
		"[{'fields':[{'becomes':'vlan','field':'kind'},{'becomes':'1532','field':'mtu'}],"
		"'object':'eth1.29','type':'link','verb':'create'}]");
	plan_free(&plan);
}
END_TEST

START_TEST(json_of_set_and_failure)
{
	struct mesh desired = {.name = "bat0"};
	struct mesh observed = {.name = "bat0"};
	struct plan plan = {0};

	object_give(&desired, MESH_GW_MODE, gw_mode, 1);
	object_give(&desired, MESH_ORIG_INTERVAL, orig_interval, 2000);
	object_give(&observed, MESH_GW_MODE, gw_mode, 1);
	object_give(&observed, MESH_ORIG_INTERVAL, orig_interval, 1000);
	struct op *op = add_op(&plan, OP_SET, OBJECT_MESH, PHASE_MESH);
	op->desired = &desired;
	op->observed = &observed;
	op->fields = FIELD_BIT(MESH_ORIG_INTERVAL);
	op->error = -ENODEV;
	op->message = strdup("Invalid mesh");
	expect_json(plan_to_json(&plan),
		"[{'error':'No such device','fields':[{'becomes':'2000 ms','field':"
		"'orig_interval','was':'1000 ms'}],'message':'Invalid mesh','object':'bat0',"
		"'type':'mesh','verb':'set'}]");
	plan_free(&plan);
}
END_TEST

START_TEST(json_of_delete)
{
	struct address address = {.key.link = "br-lan"};
	struct plan plan = {0};

	ck_assert_int_eq(prefix_parse("10.13.0.1/16", &address.key.prefix), 0);
	add_op(&plan, OP_DELETE, OBJECT_ADDRESS, PHASE_DELETE_ADDRESS)->observed = &address;
	expect_json(plan_to_json(&plan), "[{'fields':[],'object':'10.13.0.1/16 dev br-lan',"
					 "'type':'address','verb':'delete'}]");
	plan_free(&plan);
}
END_TEST

START_TEST(json_of_ruleset)
{
	struct nft_rule same = {.chain = "forward", .name = "same"};
	struct nft_rule old = {.chain = "forward", .name = "old", .verdict = NFT_VERDICT_DROP};
	struct nft_rule new = {.chain = "forward", .name = "new", .verdict = NFT_VERDICT_ACCEPT};
	struct ruleset desired = {.present = true};
	struct ruleset observed = {.present = true};
	struct plan plan = {0};

	ck_assert_int_eq(ruleset_add_rule(&desired, &same), 0);
	ck_assert_int_eq(ruleset_add_rule(&desired, &new), 0);
	ck_assert_int_eq(ruleset_add_rule(&observed, &same), 0);
	ck_assert_int_eq(ruleset_add_rule(&observed, &old), 0);
	struct op *op = add_op(&plan, OP_SET, OBJECT_RULESET, PHASE_RULESET);
	op->desired = &desired;
	op->observed = &observed;
	expect_json(plan_to_json(&plan),
		"[{'fields':[{'field':'rule','was':'old'},{'becomes':'new','field':'rule'}],"
		"'object':'table bridge meshd','type':'ruleset','verb':'set'}]");
	plan_free(&plan);
	ruleset_free(&desired);
	ruleset_free(&observed);
}
END_TEST

/* Names and aliases are bytes to the kernel; the op must not vanish from the answer. */
START_TEST(json_of_bytes)
{
	struct link desired = {.name = "w\xff"};
	struct link observed = {.name = "w\xff"};
	struct plan plan = {0};

	object_give_text(&desired, LINK_ALIAS, alias, "meshd:port");
	object_give_text(&observed, LINK_ALIAS, alias, "caf\xe9");
	struct op *op = add_op(&plan, OP_SET, OBJECT_LINK, PHASE_SET_BASE);
	op->desired = &desired;
	op->observed = &observed;
	op->fields = FIELD_BIT(LINK_ALIAS);
	expect_json(plan_to_json(&plan),
		"[{'fields':[{'becomes':'meshd:port','field':'alias','was':'caf?'}],"
		"'object':'w?','type':'link','verb':'set'}]");
	plan_free(&plan);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("plan");
	TCase *tests = tcase_create("plan");

	tcase_add_test(tests, sort_is_stable_by_phase);
	tcase_add_test(tests, empty_plan);
	tcase_add_test(tests, grows);
	tcase_add_test(tests, json_of_create);
	tcase_add_test(tests, json_of_set_and_failure);
	tcase_add_test(tests, json_of_delete);
	tcase_add_test(tests, json_of_ruleset);
	tcase_add_test(tests, json_of_bytes);
	suite_add_tcase(suite, tests);
	return suite;
}
