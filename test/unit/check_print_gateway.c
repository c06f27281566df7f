/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read of the ways to the Internet. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/print_gateway.h"
#include "meshctl/status_sections.h"
#include "meshctl/wrap.h"
#include "unit/check_main.h"
#include "unit/print_scene.h"

#define MANY 5000

static void check_width(const char *text)
{
	while (*text != '\0') {
		int length = (int)strcspn(text, "\n");
		ck_assert_msg(length <= WRAP_COLUMNS, "%d columns: %.*s", length, length, text);
		ck_assert_msg(length == 0 || text[length - 1] != ' ', "blank at the end: %.*s",
			length, text);
		text += length + (text[length] == '\n');
	}
}

static void compare(print_fn *print, const char *text_name, bool all)
{
	print_compare(print, DATA "gateway.json", text_name, all);
	check_width(read_text(text_name));
}

START_TEST(test_list)
{
	compare(print_gateway, DATA "gateway.txt", false);
	compare(print_gateway, DATA "gateway-all.txt", true);
}
END_TEST

START_TEST(test_why)
{
	compare(print_gateway_why, DATA "gateway-why.txt", false);
}
END_TEST

START_TEST(test_well)
{
	json_t *json = load(DATA "gateway.json");
	json_t *ipv4 = json_object_get(json_object_get(json, "families"), "ipv4");

	ck_assert(!gateway_is_well(json)); /* the kernel does otherwise */
	json_object_set_new(json_object_get(ipv4, "kernel"), "agrees", json_true());
	ck_assert(gateway_is_well(json)); /* one family is enough */
	json_object_set_new(ipv4, "in_use", json_null());
	ck_assert(!gateway_is_well(json));
	json_object_set_new(json, "choosing", json_false());
	ck_assert(gateway_is_well(json)); /* meshd is not to choose */
	json_object_del(json, "choosing");
	json_object_del(json, "families");
	ck_assert(gateway_is_well(json)); /* nothing is chosen at all */
	json_decref(json);
}
END_TEST

START_TEST(test_status)
{
	json_t *gateway = load(DATA "gateway.json");
	json_t *status = json_pack("{s:O}", "gateway", gateway);
	char *text = print_to_text(status_print_gateway, status, false, false);

	ck_assert_str_eq(text,
		"Internet   IPv4 g2 by babeld for 12 min (the kernel does otherwise); IPv6 none "
		"for "
		"2 h 30 min\n"
		"Uplinks    wan0 IPv4 down; lte0 IPv4 up; lte0 IPv6 unknown, offered\n"
		"Choice     use g2, or another while it is dead; prefers mill-tower; avoids g9, "
		"old; shares no uplink\n");
	free(text);
	json_object_del(status, "gateway");
	text = print_to_text(status_print_gateway, status, false, false);
	ck_assert_str_eq(text, "");
	free(text);
	json_decref(status);
	json_decref(gateway);
}
END_TEST

static json_t *candidate_of(json_t *json, size_t index)
{
	json_t *family = json_object_get(json_object_get(json, "families"), "ipv4");

	return json_array_get(json_object_get(family, "candidates"), index);
}

static void check_clean(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		ck_assert_msg((unsigned char)*at >= 0x20 || *at == '\n', "a control character: %s",
			text);
	}
}

/* Names are chosen by strangers. */
START_TEST(test_hostile_names)
{
	static print_fn *const prints[] = {print_gateway, print_gateway_why};
	static const char evil[] = "\033[2Jg\nIPv4: g9 %s%n\r\x7f\xc2\x9b";
	static char name[4096];

	memset(name, 'x', sizeof(name) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(prints); i++) {
		json_t *json = load(DATA "gateway.json");
		json_t *family = json_object_get(json_object_get(json, "families"), "ipv4");
		json_object_set_new(candidate_of(json, 0), "name", json_string(evil));
		json_object_set_new(candidate_of(json, 1), "name", json_string(name));
		json_object_set_new(json_object_get(family, "in_use"), "name", json_string(evil));
		json_object_set_new(family, "explanation", json_string(evil));
		json_object_set_new(family, "flip", json_string(name));
		json_object_set_new(json_object_get(json, "choice"), "use", json_string(name));
		char *text = print_to_text(prints[i], json, true, false);
		check_clean(text);
		ck_assert_ptr_null(strstr(text, "\xc2\x9b"));
		ck_assert_ptr_null(strstr(text, "\nIPv4: g9"));
		ck_assert_ptr_nonnull(strstr(text, "?[2Jg?IPv4: g9 %s%n"));
		free(text);
		json_decref(json);
	}
}
END_TEST

START_TEST(test_numbers)
{
	static const struct {
		const char *json;
		long long number;
	} cases[] = {
		{"{\"n\":1e300}", 1000000000000000},
		{"{\"n\":-1e300}", -1000000000000000},
		{"{\"n\":9223372036854775807}", 1000000000000000},
		{"{\"n\":\"7\"}", 0},
		{"{\"n\":2.5}", 3},
		{"{\"n\":-2.5}", -3},
		{"{\"n\":7}", 7},
		{"{}", 0},
		{"[]", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *json = json_loads(cases[i].json, 0, NULL);
		ck_assert_ptr_nonnull(json);
		ck_assert_int_eq(gateway_number(json, "n"), cases[i].number);
		json_decref(json);
	}
	ck_assert_int_eq(gateway_number(NULL, "n"), 0);
}
END_TEST

/* Each member in turn is missing, null, or of another type. */
static void bend(json_t *root, json_t *at)
{
	static const char *const values[] = {"null", "3", "-1e300", "\"x\"", "[1,{}]", "{\"a\":1}"};
	static print_fn *const prints[] = {print_gateway, print_gateway_why, status_print_gateway};
	const char *key;
	void *next;
	json_t *value;

	json_object_foreach_safe(at, next, key, value)
	{
		json_incref(value);
		for (size_t i = 0; i <= ARRAY_SIZE(values); i++) {
			if (i == ARRAY_SIZE(values)) {
				json_object_set_new(at, key, json_true());
			} else {
				json_object_set_new(at, key,
					json_loads(values[i], JSON_DECODE_ANY, NULL));
			}
			json_t *status = json_pack("{s:O}", "gateway", root);
			for (size_t j = 0; j < ARRAY_SIZE(prints); j++) {
				free(print_to_text(prints[j], j == 2 ? status : root, true, true));
			}
			gateway_is_well(root);
			json_decref(status);
		}
		json_object_set_new(at, key, value);
		if (json_is_object(value)) {
			bend(root, value);
		} else if (json_is_array(value)) {
			bend(root, json_array_get(value, 0));
		}
	}
}

START_TEST(test_strange)
{
	static const char strange_members[] =
		"{\"families\":{\"ipv4\":{\"candidates\":[{},3,null],\"decisions\":[{},3]}},"
		"\"uplinks\":[{},3,{\"targets\":[{},7,{\"kind\":\"ping\"}]}],\"offer\":{\"ipv4\":"
		"{\"offered\":true,\"by\":[1,{}]}},\"choice\":{\"prefer\":[1,{},\"x\"]}}";
	static const char *const texts[] = {"{}", "[]", "3", "null", strange_members};
	json_t *json = load(DATA "gateway.json");

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *strange = json_loads(texts[i], JSON_DECODE_ANY, NULL);
		ck_assert_ptr_nonnull(strange);
		free(print_to_text(print_gateway, strange, true, true));
		free(print_to_text(print_gateway_why, strange, true, true));
		free(print_to_text(status_print_gateway, strange, true, true));
		json_decref(strange);
	}
	free(print_to_text(print_gateway, NULL, true, true));
	free(print_to_text(print_gateway_why, NULL, true, true));
	bend(json, json);
	json_decref(json);
}
END_TEST

START_TEST(test_many)
{
	json_t *json = load(DATA "gateway.json");
	json_t *family = json_object_get(json_object_get(json, "families"), "ipv4");
	json_t *candidates = json_object_get(family, "candidates");

	for (int i = 0; i < MANY; i++) {
		json_array_append(candidates, json_array_get(candidates, 0));
	}
	char *text = print_to_text(print_gateway, json, false, false);
	ck_assert_ptr_nonnull(strstr(text, "\n  ... and 4994 more (--all)\n"));
	ck_assert_uint_lt(strlen(text), 6000);
	free(text);
	json_decref(json);
}
END_TEST

START_TEST(test_wrap)
{
	size_t next = 0;

	ck_assert_uint_eq(wrap_line("one two three", 7, &next), 7);
	ck_assert_uint_eq(next, 8);
	ck_assert_uint_eq(wrap_line("one two three", 6, &next), 3);
	ck_assert_uint_eq(next, 4);
	ck_assert_uint_eq(wrap_line("one   two", 5, &next), 3);
	ck_assert_uint_eq(next, 6);
	ck_assert_uint_eq(wrap_line("onetwo", 4, &next), 4); /* a word that is too long */
	ck_assert_uint_eq(next, 4);
	ck_assert_uint_eq(wrap_line("\xc3\xa4\xc3\xb6\xc3\xbc", 2, &next), 4); /* characters */
	ck_assert_uint_eq(next, 4);
	ck_assert_uint_eq(wrap_line("", 9, &next), 0);
	ck_assert_uint_eq(next, 0);
	ck_assert_int_eq(wrap_width("\xc3\xa4 b"), 3);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("print_gateway");
	TCase *cases = tcase_create("print_gateway");

	tcase_add_test(cases, test_list);
	tcase_add_test(cases, test_why);
	tcase_add_test(cases, test_well);
	tcase_add_test(cases, test_status);
	tcase_add_test(cases, test_hostile_names);
	tcase_add_test(cases, test_numbers);
	tcase_add_test(cases, test_strange);
	tcase_add_test(cases, test_many);
	tcase_add_test(cases, test_wrap);
	suite_add_tcase(suite, cases);
	return suite;
}
