/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/dns_message.h"
#include "cloud/lease_file.h"
#include "cloud/question.h"
#include "cloud/release.h"
#include "unit/check_main.h"

static struct lease_reader reader_of(const char *text)
{
	return (struct lease_reader){.text = text, .length = strlen(text)};
}

START_TEST(reads_leases)
{
	struct lease_reader reader =
		reader_of("1795420481 02:00:00:00:00:14 10.13.1.83 * 01:02:00:00:00:00:14\n"
			  "0 02:00:00:00:00:08 10.13.1.70 hosteight *\n"
			  "duid 00:01:00:01:2f\n"
			  "1795420481 1234 fd00::1 six 00:01\n");
	struct lease_line line;
	char text[IP_TEXT_SIZE];

	ck_assert_int_eq(lease_file_next(&reader, &line), 1);
	ck_assert_int_eq(line.expiry, 1795420481);
	ip_format(&line.ip, text);
	ck_assert_str_eq(text, "10.13.1.83");
	ck_assert_str_eq(line.hostname, "");
	ck_assert_uint_eq(line.client_id_length, 7);
	ck_assert_mem_eq(line.client_id, "\x01\x02\0\0\0\0\x14", 7);
	ck_assert_int_eq(lease_file_next(&reader, &line), 1);
	ck_assert_int_eq(line.expiry, 0);
	ck_assert_str_eq(line.hostname, "hosteight");
	ck_assert_uint_eq(line.client_id_length, 0);
	ck_assert_int_eq(lease_file_next(&reader, &line), 0);
	ck_assert_uint_eq(reader.left_out, 0);
}
END_TEST

START_TEST(leaves_out_what_is_none)
{
	static const char *const lines[] = {
		"",
		"1795420481",
		"x 02:00:00:00:00:14 10.13.1.83 * *",
		"-5 02:00:00:00:00:14 10.13.1.83 * *",
		"99999999999999 02:00:00:00:00:14 10.13.1.83 * *",
		"1795420481 02:00:00:00:00 10.13.1.83 * *",
		"1795420481 20-02:00:00:00:00:14 10.13.1.83 * *",
		"1795420481 02:00:00:00:00:14 10.13.1 * *",
		"1795420481 02:00:00:00:00:14 fd00::1 * *",
		"1795420481 02:00:00:00:00:14 10.13.1.83 * 1",
		"1795420481 02:00:00:00:00:14 10.13.1.83 * 01:",
		"1795420481 02:00:00:00:00:14 10.13.1.83 * 01-02",
		"1795420481 02:00:00:00:00:14 10.13.1.83 * zz",
		"1795420481 02:00:00:00:00:14 10.13.1.83 * * more",
		"1795420481  02:00:00:00:00:14 10.13.1.83 * *",
	};
	struct lease_line line;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char text[128];
		snprintf(text, sizeof(text), "%s\n", lines[i]);
		struct lease_reader reader = reader_of(text);
		ck_assert_msg(lease_file_next(&reader, &line) == 0, "%s", lines[i]);
		ck_assert_uint_eq(reader.left_out, 1);
	}
}
END_TEST

START_TEST(bounds_lines)
{
	char text[2 * 1024 + 64];
	struct lease_line line;

	memset(text, 'a', sizeof(text));
	snprintf(text + 2048, 64, "\n1 02:00:00:00:00:14 10.13.1.83 * *\n");
	struct lease_reader reader = reader_of(text);
	ck_assert_int_eq(lease_file_next(&reader, &line), 1);
	ck_assert_uint_eq(reader.left_out, 1);

	/* The longest client id there is, and one byte more. */
	char *at = text + sprintf(text, "1 02:00:00:00:00:14 10.13.1.83 * 0a");
	for (int i = 1; i < LEASE_CLIENT_ID_MAX; i++) {
		at += sprintf(at, ":0a");
	}
	strcpy(at, "\n");
	reader = reader_of(text);
	ck_assert_int_eq(lease_file_next(&reader, &line), 1);
	ck_assert_uint_eq(line.client_id_length, LEASE_CLIENT_ID_MAX);
	strcpy(at, ":0a\n");
	reader = reader_of(text);
	ck_assert_int_eq(lease_file_next(&reader, &line), 0);
}
END_TEST

START_TEST(names_are_clean)
{
	static const char *const bad[] = {"*", "", "-a", "a-", "a.b", "a b", "a_b", "../x", "\x80",
		"0123456789012345678901234567890123456789012345678901234567890123"};
	static const char *const good[] = {"a", "Host-1", "0",
		"012345678901234567890123456789012345678901234567890123456789012"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_msg(!text_is_label(bad[i], strlen(bad[i])), "%s", bad[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ck_assert_msg(text_is_label(good[i], strlen(good[i])), "%s", good[i]);
	}
}
END_TEST

/* dnsmasq writes in blocks: a reader may come between two. */
START_TEST(notices_half_a_file)
{
	static const char whole[] = "1 02:00:00:00:00:14 10.13.1.83 * *\n";
	struct lease_line line;

	for (size_t length = 1; length < sizeof(whole) - 1; length++) {
		struct lease_reader reader = {.text = whole, .length = length};
		ck_assert_int_eq(lease_file_next(&reader, &line), -EAGAIN);
	}
}
END_TEST

START_TEST(reads_files)
{
	char path[] = "/tmp/check_lease_file_XXXXXX";
	int fd = mkstemp(path);
	char *text = NULL;
	size_t length;

	ck_assert_int_eq((int)write(fd, "abc\n", 4), 4);
	ck_assert_int_eq(lease_file_read(path, &text, &length), 0);
	ck_assert_uint_eq(length, 4);
	ck_assert_str_eq(text, "abc\n");
	free(text);
	ck_assert_int_eq(ftruncate(fd, (off_t)LEASE_FILE_MAX + 1), 0);
	ck_assert_int_eq(lease_file_read(path, &text, &length), -EFBIG);
	close(fd);
	unlink(path);
	ck_assert_int_eq(lease_file_read(path, &text, &length), 0);
	ck_assert_uint_eq(length, 0);
	free(text);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(lease_file_read(path, &text, &length), -EINVAL);
	unlink(path);
	ck_assert_int_eq(symlink("/dev/zero", path), 0);
	ck_assert_int_eq(lease_file_read(path, &text, &length), -ELOOP);
	unlink(path);
}
END_TEST

START_TEST(builds_a_release)
{
	uint8_t message[RELEASE_SIZE_MAX];
	struct lease_reader reader =
		reader_of("1 02:00:00:00:00:14 10.13.1.83 * 01:02:00:00:00:00:14\n");
	struct lease_line line;
	struct ip server;

	ip_parse("10.13.0.1", &server);
	ck_assert_int_eq(lease_file_next(&reader, &line), 1);
	size_t length = release_build(message, &line, &server, 0x01020304);
	ck_assert_uint_eq(length, 240 + 3 + 6 + 9 + 1);
	ck_assert_mem_eq(message, "\1\1\6\0", 4);
	ck_assert_mem_eq(message + 12, "\x0a\x0d\x01\x53", 4);
	ck_assert_mem_eq(message + 28, line.mac.bytes, 6);
	ck_assert_mem_eq(message + 236,
		"\x63\x82\x53\x63\x35\x01\x07\x36\x04\x0a\x0d\0\x01\x3d\x07\x01\x02\0\0\0\0\x14"
		"\xff",
		23);
	line.client_id_length = LEASE_CLIENT_ID_MAX;
	ck_assert_uint_eq(release_build(message, &line, &server, 1), RELEASE_SIZE_MAX);
}
END_TEST

START_TEST(asks_dns)
{
	uint8_t message[DNS_QUESTION_MAX];
	char name[300];

	int length = dns_question_build(message, "node1.mesh.test", AF_INET, 0xabcd);
	ck_assert_int_eq(length, 12 + 17 + 4);
	ck_assert_mem_eq(message, "\xab\xcd\x01\0\0\1\0\0\0\0\0\0\5node1\4mesh\4test\0\0\1\0\1",
		33);
	ck_assert(!question_is_answered(message, 33, 0xabcd));
	message[2] = 0x85;
	ck_assert(question_is_answered(message, 33, 0xabcd));
	ck_assert(!question_is_answered(message, 33, 0xabce));
	ck_assert(!question_is_answered(message, 11, 0xabcd));
	ck_assert_int_eq(dns_question_build(message, "a..b", AF_INET, 1), -EINVAL);
	ck_assert_int_eq(dns_question_build(message, ".a", AF_INET, 1), -EINVAL);
	memset(name, 'a', 64);
	name[64] = '\0';
	ck_assert_int_eq(dns_question_build(message, name, AF_INET, 1), -EINVAL);
	for (size_t i = 0; i < sizeof(name); i++) {
		name[i] = i % 10 == 9 ? '.' : 'a';
	}
	name[299] = '\0';
	ck_assert_int_eq(dns_question_build(message, name, AF_INET, 1), -EINVAL);
	name[240] = '\0';
	ck_assert_int_gt(dns_question_build(message, name, AF_INET, 1), 0);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("lease_file");
	TCase *tests = tcase_create("lease_file");

	tcase_add_test(tests, reads_leases);
	tcase_add_test(tests, leaves_out_what_is_none);
	tcase_add_test(tests, bounds_lines);
	tcase_add_test(tests, names_are_clean);
	tcase_add_test(tests, notices_half_a_file);
	tcase_add_test(tests, reads_files);
	tcase_add_test(tests, builds_a_release);
	tcase_add_test(tests, asks_dns);
	suite_add_tcase(suite, tests);
	return suite;
}
