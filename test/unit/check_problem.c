/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/problem.h"
#include "unit/check_main.h"

static struct problem_list list;

static void setup(void)
{
	memset(&list, 0, sizeof(list));
}

static void teardown(void)
{
	problem_list_free(&list);
	problem_list_free(&list);
}

START_TEST(same_kind_and_object_once)
{
	ck_assert_int_eq(problem_add(&list, PROBLEM_LINK_MISSING, "eth1", "plug", "first"), 0);
	ck_assert_int_eq(problem_add(&list, PROBLEM_LINK_MISSING, "eth1", "plug", "second"), 0);
	ck_assert_int_eq(problem_add(&list, PROBLEM_NO_CARRIER, "eth1", "", "third"), 0);
	ck_assert_int_eq(problem_add(&list, PROBLEM_LINK_MISSING, "eth2", "", "fourth"), 0);
	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.items[0].text, "first");
}
END_TEST

START_TEST(json)
{
	char *text;

	problem_add(&list, PROBLEM_MTU_REFUSED, "eth1", "", "takes no MTU of %u", 1536u);
	json_t *array = problem_list_to_json(&list);
	text = json_dumps(array, JSON_COMPACT | JSON_SORT_KEYS);
	ck_assert_str_eq(text, "[{\"hint\":\"\",\"kind\":\"mtu-refused\",\"object\":\"eth1\","
			       "\"severity\":\"warning\",\"text\":\"takes no MTU of 1536\"}]");
	free(text);
	json_decref(array);
}
END_TEST

/* A text cut within a character, or a name that is no UTF-8, must not make the problem vanish. */
START_TEST(json_of_bytes)
{
	char letters[400];

	for (size_t i = 0; i + 2 < sizeof(letters); i += 2) {
		memcpy(letters + i, "\xc3\xa9", 3);
	}
	problem_add(&list, PROBLEM_SSID, "x\xff", "", "%s", letters);
	problem_add(&list, PROBLEM_OPERATION, "fine", "", "caf\xc3\xa9");
	json_t *array = problem_list_to_json(&list);
	ck_assert_uint_eq(json_array_size(array), 2);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(array, 0), "object")),
		"x?");
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(array, 1), "text")),
		"caf\xc3\xa9");
	json_decref(array);
}
END_TEST

START_TEST(long_texts_are_cut)
{
	char letters[1000];

	memset(letters, 'a', sizeof(letters) - 1);
	letters[sizeof(letters) - 1] = '\0';
	ck_assert_int_eq(problem_add(&list, PROBLEM_WAR, letters, letters, "%s", letters), 0);
	ck_assert_uint_eq(strlen(list.items[0].object), sizeof(list.items[0].object) - 1);
	ck_assert_uint_eq(strlen(list.items[0].text), sizeof(list.items[0].text) - 1);
	ck_assert_uint_eq(strlen(list.items[0].hint), sizeof(list.items[0].hint) - 1);
}
END_TEST

START_TEST(every_kind_has_a_name)
{
	for (int a = 0; a < PROBLEM_KINDS; a++) {
		ck_assert_ptr_nonnull(problem_kind_name(a));
		ck_assert_ptr_nonnull(problem_severity_name(problem_severity(a)));
		for (int b = 0; b < a; b++) {
			ck_assert_str_ne(problem_kind_name(a), problem_kind_name(b));
		}
	}
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("problem");
	TCase *tests = tcase_create("problem");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, same_kind_and_object_once);
	tcase_add_test(tests, json);
	tcase_add_test(tests, json_of_bytes);
	tcase_add_test(tests, long_texts_are_cut);
	tcase_add_test(tests, every_kind_has_a_name);
	suite_add_tcase(suite, tests);
	return suite;
}
