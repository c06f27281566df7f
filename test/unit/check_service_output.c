/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/service_exit.h"
#include "core/service_output.h"
#include "unit/check_main.h"

static struct service_output output;
static char said[200][SERVICE_LINE_MAX + 1];
static int levels[200];
static size_t count;

static void emit(void *context, int level, const char *line)
{
	(void)context;
	ck_assert_uint_lt(count, 200);
	levels[count] = level;
	snprintf(said[count++], sizeof(said[0]), "%s", line);
}

static void setup(void)
{
	count = 0;
	service_output_init(&output, emit, NULL, 100);
}

static void push(const char *text, double now)
{
	service_output_push(&output, text, strlen(text), now);
}

static const char *clean(const char *from)
{
	static char to[64];

	service_text_clean(to, sizeof(to), from, strlen(from));
	return to;
}

START_TEST(text_is_made_harmless)
{
	ck_assert_str_eq(clean("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
		"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
	ck_assert_str_eq(clean("a\tb\x1b[2Jc\x7f"), "a b?[2Jc?");
	ck_assert_str_eq(clean("\xc3"), "?");           /* cut */
	ck_assert_str_eq(clean("\xc0\xaf"), "??");      /* overlong */
	ck_assert_str_eq(clean("\xed\xa0\x80"), "???"); /* surrogate */
	ck_assert_str_eq(clean("\xf4\x90\x80\x80"), "????");
	ck_assert_str_eq(clean("\xc2\x9b"), "?");         /* C1's CSI */
	ck_assert_str_eq(clean("x\xe2\x80\xaey"), "x?y"); /* right-to-left override */
}
END_TEST

START_TEST(no_character_is_cut)
{
	char to[4];

	ck_assert_uint_eq(service_text_clean(to, sizeof(to), "ab\xc3\xbc", 4), 2);
	ck_assert_str_eq(to, "ab");
	ck_assert_uint_eq(service_text_clean(to, sizeof(to), "a\0b", 3), 3);
	ck_assert_str_eq(to, "a?b");
}
END_TEST

START_TEST(lines_come_whole)
{
	push("fir", 100);
	ck_assert_uint_eq(count, 0);
	push("st\n\nsecond\r\n<3>bad\nrest", 100);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(said[0], "first");
	ck_assert_str_eq(said[1], "second");
	ck_assert_str_eq(said[2], "bad");
	ck_assert_int_eq(levels[1], 6);
	ck_assert_int_eq(levels[2], 3);
	service_output_flush(&output, 100, false);
	ck_assert_uint_eq(count, 3);
	service_output_flush(&output, 100, true);
	ck_assert_str_eq(said[3], "rest");
	ck_assert_uint_eq(output.last.count, 4);
}
END_TEST

START_TEST(long_lines_are_cut)
{
	char text[3001];

	memset(text, 'x', 3000);
	text[3000] = '\0';
	push(text, 100);
	push("\nnext\n", 100);
	ck_assert_uint_eq(strlen(said[0]), SERVICE_LINE_MAX);
	ck_assert_str_eq(said[1], "next");
	ck_assert_uint_eq(strlen(output.last.items[0]), SERVICE_LAST_LINE_MAX);
}
END_TEST

START_TEST(rate)
{
	char text[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "line %d\n", i);
		push(text, 100);
	}
	ck_assert_uint_eq(count, 50);
	ck_assert(service_output_is_limited(&output, 100));
	ck_assert(!service_output_is_limited(&output, 100.2));
	/* The last ones are kept whatever the rate. */
	ck_assert_str_eq(output.last.items[4], "line 999");
	ck_assert_str_eq(output.last.items[0], "line 995");
	service_output_flush(&output, 100.1, false);
	ck_assert_uint_eq(count, 51);
	ck_assert_ptr_nonnull(strstr(said[50], "950 lines left out"));
	service_output_flush(&output, 100.1, true);
	ck_assert_uint_eq(count, 51);
	/* Ten a second, and the count not more often than every ten seconds. */
	for (int i = 0; i < 100; i++) {
		push("more\n", 101);
	}
	ck_assert_uint_eq(count, 61);
	service_output_flush(&output, 102, false);
	ck_assert_uint_eq(count, 61);
	service_output_flush(&output, 110.2, false);
	ck_assert_ptr_nonnull(strstr(said[61], "90 lines left out"));
}
END_TEST

START_TEST(exits_keep_ten)
{
	struct service_exits exits = {.count = 0};
	struct service_lines lines = {.count = 0};

	service_lines_add(&lines, "last words");
	for (int i = 1; i <= 12; i++) {
		struct service_exit exit = {.time = i, .pid = i, .status = 1, .output = &lines};
		service_exits_add(&exits, &exit);
	}
	ck_assert_uint_eq(exits.count, SERVICE_EXITS_MAX);
	ck_assert_int_eq(exits.items[0].pid, 3);
	ck_assert_int_eq(exits.items[9].pid, 12);
	ck_assert_str_eq(exits.items[9].output->items[0], "last words");
	service_lines_add(&lines, "later");
	service_exits_set_output(&exits, 5, &lines);
	service_exits_set_output(&exits, 99, &lines);
	ck_assert_uint_eq(exits.items[2].output->count, 2);
	service_exits_free(&exits);
	service_exits_free(&exits);
}
END_TEST

START_TEST(exits_to_json_and_back)
{
	struct service_exits exits = {.count = 0};
	struct service_exits back = {.count = 0};
	struct service_lines lines = {.count = 0};

	service_lines_add(&lines, "b\xc3\xb6se");
	service_exits_add(&exits, &(struct service_exit){.time = 5,
					  .pid = 7,
					  .status = -1,
					  .signal = 9,
					  .reason = SERVICE_HUNG,
					  .output = &lines});
	service_exits_add(&exits,
		&(struct service_exit){.time = 6, .pid = 8, .status = 0, .reason = SERVICE_ASKED});
	json_t *json = service_exits_to_json(&exits);
	char *text = json_dumps(json, JSON_COMPACT);
	ck_assert_str_eq(text,
		"[{\"time\":5,\"pid\":7,\"status\":null,\"signal\":\"KILL\",\"reason\":\"hung\","
		"\"output\":[\"b\xc3\xb6se\"]},{\"time\":6,\"pid\":8,\"status\":0,\"signal\":null,"
		"\"reason\":\"asked\",\"output\":[]}]");
	service_exits_from_json(&back, json);
	json_t *again = service_exits_to_json(&back);
	ck_assert(json_equal(json, again));
	json_decref(json);
	json_decref(again);
	free(text);
	service_exits_free(&back);
	json = json_loads("[1, {}, {\"time\":1,\"pid\":1,\"status\":null,\"signal\":null,"
			  "\"reason\":\"bored\",\"output\":[]}, {\"time\":1,\"pid\":1,"
			  "\"reason\":\"gone\",\"output\":[3,\"x\"]}]",
		0, NULL);
	service_exits_from_json(&back, json);
	ck_assert_uint_eq(back.count, 1);
	ck_assert_uint_eq(back.items[0].output->count, 1);
	json_decref(json);
	service_exits_free(&back);
	service_exits_free(&exits);
}
END_TEST

START_TEST(exits_in_words)
{
	char text[96];
	struct service_exit exit = {.pid = 5, .status = 3};

	service_exit_describe(&exit, text, sizeof(text));
	ck_assert_str_eq(text, "ended with status 3");
	exit.status = -1;
	exit.signal = 11;
	service_exit_describe(&exit, text, sizeof(text));
	ck_assert_str_eq(text, "was ended by signal SEGV");
	exit.signal = 40;
	service_exit_describe(&exit, text, sizeof(text));
	ck_assert_str_eq(text, "was ended by signal 40");
	exit.reason = SERVICE_HUNG;
	service_exit_describe(&exit, text, sizeof(text));
	ck_assert_str_eq(text, "does not answer");
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("service_output");
	TCase *tcase = tcase_create("service_output");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, text_is_made_harmless);
	tcase_add_test(tcase, no_character_is_cut);
	tcase_add_test(tcase, lines_come_whole);
	tcase_add_test(tcase, long_lines_are_cut);
	tcase_add_test(tcase, rate);
	tcase_add_test(tcase, exits_keep_ten);
	tcase_add_test(tcase, exits_to_json_and_back);
	tcase_add_test(tcase, exits_in_words);
	suite_add_tcase(suite, tcase);
	return suite;
}
