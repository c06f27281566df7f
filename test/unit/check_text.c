/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <check.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "unit/check_main.h"

START_TEST(mac_reads_and_writes)
{
	struct mac mac;
	char text[MAC_TEXT_SIZE];

	ck_assert_int_eq(mac_parse("A8:40:41:1f:73:aA", &mac), 0);
	mac_format(&mac, text);
	ck_assert_str_eq(text, "a8:40:41:1f:73:aa");
	ck_assert(!mac_is_zero(&mac));
	ck_assert_int_eq(mac_parse("00:00:00:00:00:00", &mac), 0);
	ck_assert(mac_is_zero(&mac));
}
END_TEST

START_TEST(mac_refuses)
{
	static const char *const wrong[] = {"", "a8:40:41:1f:73", "a8:40:41:1f:73:a",
		"a8:40:41:1f:73:aa:bb", "a8-40-41-1f-73-aa", "a8:40:41:1f:73:ag",
		"a8:40:41:1f:73:aa ", " a8:40:41:1f:73:a", "a840:41:1f:73:aa:1",
		"+1:40:41:1f:73:aa"};
	struct mac mac = {{1, 2, 3, 4, 5, 6}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(mac_parse(wrong[i], &mac) == -EINVAL, "%s", wrong[i]);
	}
	ck_assert_int_eq(mac.bytes[5], 6);
}
END_TEST

START_TEST(mac_gives_link_local)
{
	struct mac mac;
	char text[IP_TEXT_SIZE];

	ck_assert_int_eq(mac_parse("aa:aa:aa:0d:fe:aa", &mac), 0);
	struct ip ip = mac_link_local(&mac);
	ip_format(&ip, text);
	ck_assert_str_eq(text, "fe80::a8aa:aaff:fe0d:feaa");
}
END_TEST

START_TEST(ip_reads_and_writes)
{
	struct ip ip;
	char text[IP_TEXT_SIZE];

	ck_assert_int_eq(ip_parse("10.13.0.1", &ip), 0);
	ck_assert_int_eq(ip.family, AF_INET);
	ck_assert_uint_eq(ip_bits(&ip), 32);
	ck_assert_int_eq(ip.bytes[4], 0);
	ip_format(&ip, text);
	ck_assert_str_eq(text, "10.13.0.1");
	ck_assert_int_eq(ip_parse("FD0D:fe46:8ce8:0::1", &ip), 0);
	ck_assert_uint_eq(ip_bits(&ip), 128);
	ip_format(&ip, text);
	ck_assert_str_eq(text, "fd0d:fe46:8ce8::1");
	ip = (struct ip){0};
	ck_assert_uint_eq(ip_bits(&ip), 0);
	ip_format(&ip, text);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(ip_parse("10.13.0", &ip), -EINVAL);
	ck_assert_int_eq(ip_parse("10.13.0.256", &ip), -EINVAL);
	ck_assert_int_eq(ip_parse("fe80::1%eth0", &ip), -EINVAL);
	ck_assert_int_eq(ip_parse("", &ip), -EINVAL);
}
END_TEST

START_TEST(prefix_refuses)
{
	static const char *const wrong[] = {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "fd00::/129",
		"10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/8x", "10.0.0.0/8/8", "/8",
		"10.0.0.0/4294967304"};
	struct prefix prefix;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(prefix_parse(wrong[i], &prefix) == -EINVAL, "%s", wrong[i]);
	}
}
END_TEST

static const char *const networks[][2] = {
	{"10.13.115.170/16", "10.13.0.0/16"},
	{"fdff:ffff:ffff:ffff:ffff::1/61", "fdff:ffff:ffff:fff8::/61"},
	{"1.2.3.4/0", "0.0.0.0/0"},
	{"1.2.3.4/32", "1.2.3.4/32"},
	{"fd00::1/128", "fd00::1/128"},
};

START_TEST(prefix_has_its_network)
{
	struct prefix prefix;
	char text[PREFIX_TEXT_SIZE];

	ck_assert_int_eq(prefix_parse(networks[_i][0], &prefix), 0);
	prefix_format(&prefix, text);
	ck_assert_str_eq(text, networks[_i][0]);
	prefix = prefix_network(&prefix);
	prefix_format(&prefix, text);
	ck_assert_str_eq(text, networks[_i][1]);
}
END_TEST

static void assert_sum(const char *from, uint32_t number, const char *to)
{
	struct ip ip;
	char text[IP_TEXT_SIZE];

	ck_assert_int_eq(ip_parse(from, &ip), 0);
	ip = ip_add(&ip, number);
	ip_format(&ip, text);
	ck_assert_str_eq(text, to);
}

START_TEST(ip_adds)
{
	assert_sum("10.13.0.0", 0x1f73aa, "10.44.115.170");
	assert_sum("10.13.0.255", 1, "10.13.1.0");
	assert_sum("255.255.255.255", 2, "0.0.0.1");
	assert_sum("fd00::", 0xffffffff, "fd00::ffff:ffff");
	assert_sum("fd00::ffff:ffff", 1, "fd00::1:0:0");
	assert_sum("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, "::");
}
END_TEST

START_TEST(ifname_follows_the_kernel)
{
	ck_assert(ifname_is_valid("eth0"));
	ck_assert(ifname_is_valid("wlx00c0caa1b2c3"));
	ck_assert(ifname_is_valid("..."));
	ck_assert(ifname_is_valid("eth0.29"));
	ck_assert(!ifname_is_valid(""));
	ck_assert(!ifname_is_valid("."));
	ck_assert(!ifname_is_valid(".."));
	ck_assert(!ifname_is_valid("wlx00c0caa1b2c34"));
	ck_assert(!ifname_is_valid("eth/0"));
	ck_assert(!ifname_is_valid("eth:0"));
	ck_assert(!ifname_is_valid("eth 0"));
	ck_assert(!ifname_is_valid("eth0\n"));
	ck_assert(!ifname_is_valid("eth%d"));
	ck_assert(!ifname_is_valid("eth\xa0"));
}
END_TEST

START_TEST(glob_is_seen)
{
	ck_assert(text_is_glob("wlan*-mesh"));
	ck_assert(text_is_glob("eth?"));
	ck_assert(text_is_glob("eth[01]"));
	ck_assert(!text_is_glob("eth0"));
}
END_TEST

START_TEST(copy_cuts_and_fills)
{
	char text[8];

	memset(text, 'x', sizeof(text));
	ck_assert(text_copy(text, sizeof(text), "abc"));
	ck_assert_mem_eq(text, "abc\0\0\0\0\0", 8);
	ck_assert(text_copy(text, sizeof(text), "abcdefg"));
	ck_assert(!text_copy(text, sizeof(text), "abcdefgh"));
	ck_assert_str_eq(text, "abcdefg");
	ck_assert(!text_copy(text, 0, ""));
}
END_TEST

START_TEST(cut_keeps_characters_whole)
{
	ck_assert_uint_eq(text_cut("abc", 5), 3);
	ck_assert_uint_eq(text_cut("abc", 3), 3);
	ck_assert_uint_eq(text_cut("abc", 2), 2);
	ck_assert_uint_eq(text_cut("a\xe2\x82\xacx", 4), 4);
	ck_assert_uint_eq(text_cut("a\xe2\x82\xacx", 3), 1);
	ck_assert_uint_eq(text_cut("a\xe2\x82\xacx", 2), 1);
	ck_assert_uint_eq(text_cut("\x80\x80\x80\x80\x80\x80", 5), 5);
	ck_assert_uint_eq(text_cut("abc", 0), 0);
}
END_TEST

START_TEST(distance_counts_edits)
{
	ck_assert_uint_eq(text_distance("", ""), 0);
	ck_assert_uint_eq(text_distance("", "abc"), 3);
	ck_assert_uint_eq(text_distance("abc", ""), 3);
	ck_assert_uint_eq(text_distance("ssid", "ssid"), 0);
	ck_assert_uint_eq(text_distance("sisd", "ssid"), 1);
	ck_assert_uint_eq(text_distance("sid", "ssid"), 1);
	ck_assert_uint_eq(text_distance("ssidd", "ssid"), 1);
	ck_assert_uint_eq(text_distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(text_distance("hop_penalty", "hop_penatly"), 1);
	ck_assert_uint_eq(text_distance("ab", "ba"), 1);
}
END_TEST

START_TEST(err_shows_only_what_it_has)
{
	struct err err = {.file = "meshd.json", .line = 3, .column = 7, .path = "$.cloud.ssid"};
	char text[128];

	err_set(&err, "is %d", 5);
	ck_assert_int_eq(err_format(&err, text, sizeof(text)),
		(int)strlen("meshd.json:3:7: $.cloud.ssid: is 5"));
	ck_assert_str_eq(text, "meshd.json:3:7: $.cloud.ssid: is 5");
	err.path[0] = '\0';
	err.column = 0;
	err_format(&err, text, sizeof(text));
	ck_assert_str_eq(text, "meshd.json:3: is 5");
	err.line = 0;
	err_format(&err, text, sizeof(text));
	ck_assert_str_eq(text, "meshd.json: is 5");
	err.file[0] = '\0';
	err_format(&err, text, sizeof(text));
	ck_assert_str_eq(text, "is 5");
	err.line = 3;
	err_format(&err, text, sizeof(text));
	ck_assert_str_eq(text, "line 3: is 5");
	ck_assert_int_eq(err_format(&err, text, 5), 12);
	ck_assert_str_eq(text, "line");
}
END_TEST

START_TEST(err_cuts_between_characters)
{
	struct err err = {0};
	char filler[447];

	memset(filler, 'a', sizeof(filler));
	filler[446] = '\0';
	err_set(&err, "%s\xc3\xa9", filler); /* a character of two bytes with room for one */
	ck_assert_uint_eq(strlen(err.text), 446);
	filler[445] = '\0';
	err_set(&err, "%s\xc3\xa9", filler);
	ck_assert_uint_eq(strlen(err.text), 447);
}
END_TEST

/* A list with left_out errors more than it keeps. */
static struct err_list overfull_list(int left_out)
{
	struct err_list list = {0};

	for (int i = 0; i < ERR_LIST_MAX + left_out; i++) {
		err_set(err_list_add(&list), "number %d", i);
	}
	return list;
}

START_TEST(err_list_is_bounded)
{
	struct err_list list = overfull_list(3);
	struct err *first = &list.items[0];

	ck_assert_uint_eq(list.count, ERR_LIST_MAX);
	ck_assert_uint_eq(list.left_out, 3);
	ck_assert_str_eq(first->text, "number 0");
	ck_assert_str_eq(list.items[ERR_LIST_MAX - 1].text, "number 63");
	ck_assert_str_eq(err_list_add(&list)->text, "");
	err_list_free(&list);
	ck_assert_ptr_null(list.items);
	err_list_free(&list);
}
END_TEST

START_TEST(err_list_prints)
{
	struct err_list list = overfull_list(3);
	char printed[8192] = "";

	FILE *to = fmemopen(printed, sizeof(printed), "w");
	err_list_print(&list, to);
	fclose(to);
	ck_assert_int_eq(strncmp(printed, "number 0\nnumber 1\n", 18), 0);
	ck_assert_ptr_nonnull(strstr(printed, "number 63\n3 more errors are not shown\n"));
	err_list_free(&list);
}
END_TEST

/* What log_line() writes when stderr is a pipe. */
static void catch_line(char *text, size_t size, const char *message)
{
	int ends[2];
	int kept = dup(STDERR_FILENO);

	ck_assert_int_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_warning("core", "%s", message);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	ssize_t length = read(ends[0], text, size - 1);
	close(ends[0]);
	ck_assert_int_ge((int)length, 0);
	text[length] = '\0';
}

START_TEST(log_writes_one_line)
{
	char text[4096];
	char big[4000];

	catch_line(text, sizeof(text), "two\nlines\x1b[0m\n");
	ck_assert_str_eq(text, "<4>core: two lines [0m\n");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	catch_line(text, sizeof(text), big);
	ck_assert_uint_eq(strlen(text), 2048);
	ck_assert_int_eq(text[2047], '\n');
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("text");
	TCase *text = tcase_create("text");
	TCase *err = tcase_create("err and log");

	tcase_add_test(text, mac_reads_and_writes);
	tcase_add_test(text, mac_refuses);
	tcase_add_test(text, mac_gives_link_local);
	tcase_add_test(text, ip_reads_and_writes);
	tcase_add_test(text, prefix_refuses);
	tcase_add_loop_test(text, prefix_has_its_network, 0,
		(int)(sizeof(networks) / sizeof(networks[0])));
	tcase_add_test(text, ip_adds);
	tcase_add_test(text, ifname_follows_the_kernel);
	tcase_add_test(text, glob_is_seen);
	tcase_add_test(text, copy_cuts_and_fills);
	tcase_add_test(text, cut_keeps_characters_whole);
	tcase_add_test(text, distance_counts_edits);
	tcase_add_test(err, err_shows_only_what_it_has);
	tcase_add_test(err, err_cuts_between_characters);
	tcase_add_test(err, err_list_is_bounded);
	tcase_add_test(err, err_list_prints);
	tcase_add_test(err, log_writes_one_line);
	suite_add_tcase(suite, text);
	suite_add_tcase(suite, err);
	return suite;
}
