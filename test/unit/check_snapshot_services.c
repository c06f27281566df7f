/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/snapshot.h"
#include "unit/check_main.h"

static json_t *load(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(json);
	return json;
}

START_TEST(test_all)
{
	json_t *children =
		load("[{\"name\":\"alfred\",\"state\":\"running\",\"wanted\":true,\"pid\":7,"
		     "\"waiting_for\":null,\"arguments\":[\"alfred\"],\"exits\":[]},3]");
	json_t *cloud = load("{\"counts\":{\"own\":1}}");
	json_t *routing = load("[{\"protocol\":\"babeld\",\"answers\":true},{},1]");
	json_t *status = load("{\"layer3\":[{\"protocol\":\"bmx7\"},{\"protocol\":\"babeld\"}]}");
	json_t *expected = load(
		"{\"layer3\":[{\"protocol\":\"bmx7\"},{\"protocol\":\"babeld\","
		"\"routing\":{\"protocol\":\"babeld\",\"answers\":true}}],"
		"\"children\":[{\"name\":\"alfred\",\"state\":\"running\",\"wanted\":true,"
		"\"pid\":7,\"waiting_for\":null},{\"name\":null,\"state\":null,\"wanted\":null,"
		"\"pid\":null,\"waiting_for\":null}],\"cloud_sharing\":{\"counts\":{\"own\":1}}}");
	struct snapshot_services services = {.children = children,
		.cloud = cloud,
		.routing = routing};

	ck_assert_int_eq(snapshot_add_services(status, &services), 0);
	ck_assert(json_equal(status, expected));
	/* Copies: what was lent can go. */
	json_decref(children);
	json_decref(cloud);
	json_decref(routing);
	ck_assert(json_equal(status, expected));
	json_decref(status);
	json_decref(expected);
}
END_TEST

START_TEST(test_none)
{
	json_t *status = load("{\"layer3\":[{}]}");
	json_t *before = json_deep_copy(status);
	struct snapshot_services services = {0};

	ck_assert_int_eq(snapshot_add_services(status, &services), 0);
	ck_assert(json_equal(status, before));
	json_decref(status);
	json_decref(before);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("snapshot_services");
	TCase *cases = tcase_create("snapshot_services");

	tcase_add_test(cases, test_all);
	tcase_add_test(cases, test_none);
	suite_add_tcase(suite, cases);
	return suite;
}
