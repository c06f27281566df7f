/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read of a plan and of the status. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/print.h"
#include "meshctl/human.h"
#include "unit/check_main.h"
#include "unit/print_scene.h"

struct capture {
	FILE *to;
	char *text;
	size_t size;
};

static void capture_open(struct capture *capture)
{
	capture->to = open_memstream(&capture->text, &capture->size);
	ck_assert_ptr_nonnull(capture->to);
}

static void capture_compare(struct capture *capture, const char *name)
{
	fclose(capture->to);
	ck_assert_str_eq(capture->text, read_text(name));
	free(capture->text);
}

START_TEST(test_plan)
{
	json_t *plan = load(DATA "plan.json");
	struct capture capture;

	capture_open(&capture);
	print_plan(plan, false, capture.to);
	capture_compare(&capture, DATA "plan.txt");
	capture_open(&capture);
	print_plan(plan, true, capture.to);
	capture_compare(&capture, DATA "plan-colour.txt");
	json_decref(plan);
}
END_TEST

START_TEST(test_empty_plan)
{
	json_t *plan = json_array();
	struct capture capture;

	capture_open(&capture);
	print_plan(plan, false, capture.to);
	fclose(capture.to);
	ck_assert_str_eq(capture.text, "nothing differs\n");
	free(capture.text);
	json_decref(plan);
}
END_TEST

START_TEST(test_status)
{
	json_t *status = load(DATA "status.json");

	print_compare(print_status, DATA "status.json", DATA "status.txt", false);
	print_compare(print_status, DATA "status.json", DATA "status-all.txt", true);
	ck_assert(status_is_troubled(status));
	json_array_clear(json_object_get(status, "problems"));
	ck_assert(!status_is_troubled(status));
	json_decref(status);
}
END_TEST

/* An answer of another version may lack anything; nothing may fall over. */
START_TEST(test_empty_status)
{
	json_t *status = json_object();

	free(print_to_text(print_status, status, true, false));
	free(print_to_text(print_status, NULL, true, false));
	json_decref(status);
}
END_TEST

START_TEST(test_many_links)
{
	json_t *status = json_pack("{s:[]}", "links");

	for (int i = 0; i < 500; i++) {
		json_array_append_new(json_object_get(status, "links"),
			json_pack("{s:s, s:b}", "name", "eth", "present", 0));
	}
	char *text = print_to_text(print_status, status, false, false);
	ck_assert_ptr_nonnull(strstr(text, "  ... and 490 more (--all)\n"));
	free(text);
	json_decref(status);
}
END_TEST

/* Control characters of C0 and C1 never reach the terminal; letters of any language do. */
START_TEST(test_hostile_text)
{
	struct capture capture;

	capture_open(&capture);
	int columns = print_styled(capture.to, false, PRINT_PLAIN, "%s",
		"a\x1b[2J\n\r\x7f\xc2\x9b"
		"31m\x9b gr\xc3\xbc\xc3\x9f");
	fclose(capture.to);
	ck_assert_str_eq(capture.text, "a?[2J?????31m? gr\xc3\xbc\xc3\x9f");
	ck_assert_int_eq(columns, 19);
	free(capture.text);
}
END_TEST

START_TEST(test_human)
{
	char text[HUMAN_SIZE];

	ck_assert_str_eq(human_count(999, text), "999");
	ck_assert_str_eq(human_count(1000, text), "1.0k");
	ck_assert_str_eq(human_count(999960, text), "1.0M");
	ck_assert_str_eq(human_bytes(1023, text), "1023 B");
	ck_assert_str_eq(human_bytes(1536, text), "1.5 KiB");
	ck_assert_str_eq(human_bytes(5LL << 30, text), "5.0 GiB");
	ck_assert_str_eq(human_milliseconds(0, text), "0.0 s");
	ck_assert_str_eq(human_milliseconds(9999, text), "9.9 s");
	ck_assert_str_eq(human_milliseconds(10000, text), "10 s");
	ck_assert_str_eq(human_milliseconds(61000, text), "1 min");
	ck_assert_str_eq(human_milliseconds(7800000, text), "2 h 10 min");
	ck_assert_str_eq(human_milliseconds(273600000, text), "3 d 4 h");
}
END_TEST

/* What is printed and cannot be written is said, whether little or much. */
START_TEST(test_finish)
{
	FILE *full = fopen("/dev/full", "w");
	FILE *null = fopen("/dev/null", "w");

	ck_assert(full != NULL && null != NULL);
	fputs("x", full);
	ck_assert_int_eq(print_finish(full, "check"), -ENOSPC);
	for (int i = 0; i < 100000; i++) {
		fputs("x", full);
		fputs("x", null);
	}
	ck_assert_int_lt(print_finish(full, "check"), 0);
	ck_assert_int_eq(print_finish(null, "check"), 0);
	fclose(full);
	fclose(null);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("print");
	TCase *cases = tcase_create("print");

	tcase_add_test(cases, test_plan);
	tcase_add_test(cases, test_empty_plan);
	tcase_add_test(cases, test_status);
	tcase_add_test(cases, test_empty_status);
	tcase_add_test(cases, test_many_links);
	tcase_add_test(cases, test_hostile_text);
	tcase_add_test(cases, test_human);
	tcase_add_test(cases, test_finish);
	suite_add_tcase(suite, cases);
	return suite;
}
