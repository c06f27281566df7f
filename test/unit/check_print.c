/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read, compared with test/unit/data/NAME.txt. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/print.h"
#include "unit/check_main.h"

/* The printers belong to the program, not to a library.
 * NOLINTBEGIN(bugprone-suspicious-include) */
#include "meshctl/gateway_parts.c"
#include "meshctl/human.c"
#include "meshctl/print_status.c"
#include "meshctl/status_gateway.c"
#include "meshctl/status_sections.c"
#include "meshctl/status_services.c"
#include "meshctl/table.c"
#include "meshctl/wrap.c"
/* NOLINTEND(bugprone-suspicious-include) */

#define NOW  10000
#define DATA SOURCE_DIR "/test/unit/data/"

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

static char *read_file(const char *name)
{
	static char text[20000];
	FILE *file = fopen(name, "r");

	ck_assert_msg(file != NULL, "no %s", name);
	size_t length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	return text;
}

static void capture_compare(struct capture *capture, const char *name)
{
	fclose(capture->to);
	ck_assert_str_eq(capture->text, read_file(name));
	free(capture->text);
}

static json_t *load(const char *name)
{
	json_t *json = json_load_file(name, JSON_REJECT_DUPLICATES, NULL);

	ck_assert_msg(json != NULL, "no JSON in %s", name);
	return json;
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
	struct capture capture;
	struct status_view view = {.now = NOW};

	capture_open(&capture);
	view.to = capture.to;
	print_status(status, &view);
	capture_compare(&capture, DATA "status.txt");
	capture_open(&capture);
	view.to = capture.to;
	view.all = true;
	print_status(status, &view);
	capture_compare(&capture, DATA "status-all.txt");
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
	struct capture capture;
	struct status_view view = {.now = NOW, .all = true};

	capture_open(&capture);
	view.to = capture.to;
	print_status(status, &view);
	print_status(NULL, &view);
	fclose(capture.to);
	free(capture.text);
	json_decref(status);
}
END_TEST

START_TEST(test_many_links)
{
	json_t *status = json_pack("{s:[]}", "links");
	struct capture capture;
	struct status_view view = {.now = NOW};

	for (int i = 0; i < 500; i++) {
		json_array_append_new(json_object_get(status, "links"),
			json_pack("{s:s, s:b}", "name", "eth", "present", 0));
	}
	capture_open(&capture);
	view.to = capture.to;
	print_status(status, &view);
	fclose(capture.to);
	ck_assert_ptr_nonnull(strstr(capture.text, "  ... and 490 more (--all)\n"));
	free(capture.text);
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
	suite_add_tcase(suite, cases);
	return suite;
}
