/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "cloud/alfred_wire.h"
#include "unit/check_main.h"

/* As alfred 2023.0 wrote it with one interface. */
static const uint8_t status_answer[50] = {8, 0, 0, 46, 0, 0, 0, 1, 1, 1, 0, 0, 17, 'b', 'r', '-',
	'l', 'a', 'n', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 16, 'n', 'o', 'n', 'e'};

START_TEST(builds_messages)
{
	uint8_t message[ALFRED_INTERFACE_SIZE];
	uint8_t head[ALFRED_PUSH_HEAD];

	ck_assert_uint_eq(alfred_wire_status(message), 4);
	ck_assert_mem_eq(message, "\x08\0\0\0", 4);
	ck_assert_uint_eq(alfred_wire_events(message), 4);
	ck_assert_mem_eq(message, "\x09\0\0\0", 4);
	ck_assert_uint_eq(alfred_wire_request(message, 77, 0x1234), 7);
	ck_assert_mem_eq(message, "\x02\0\0\x03\x4d\x12\x34", 7);
	ck_assert_uint_eq(alfred_wire_mode(message, true), 5);
	ck_assert_mem_eq(message, "\x05\0\0\x01\x01", 5);
	ck_assert_uint_eq(alfred_wire_interface(message, "br-lan"), 260);
	ck_assert_mem_eq(message, "\x06\0\x01\0br-lan\0\0\0", 13);
	ck_assert_uint_eq(message[259], 0);
	ck_assert_uint_eq(alfred_wire_push(head, 77, 0xea60, 5), 18);
	ck_assert_mem_eq(head, "\0\0\xea\x6e\0\x05\0\0\0\0\0\0\0\0\x4d\0\xea\x60", 18);
}
END_TEST

START_TEST(reads_status)
{
	struct alfred_status status;
	uint8_t bytes[sizeof(status_answer)];

	ck_assert_int_eq(alfred_wire_parse_status(status_answer, 50, &status), 0);
	ck_assert(status.primary && status.has_interface && status.active);
	ck_assert_str_eq(status.interface, "br-lan");
	/* `-i none`: 29 bytes, no interface. */
	memcpy(bytes, status_answer, sizeof(bytes));
	memcpy(bytes + 9, status_answer + 30, 20);
	bytes[3] = 25;
	ck_assert_int_eq(alfred_wire_parse_status(bytes, 29, &status), 0);
	ck_assert(!status.has_interface && !status.active);
	for (size_t length = 0; length < 50; length++) {
		ck_assert_int_eq(alfred_wire_parse_status(status_answer, length, &status),
			-EBADMSG);
	}
	memcpy(bytes, status_answer, sizeof(bytes));
	memset(bytes + 13, 'x', 16);
	ck_assert_int_eq(alfred_wire_parse_status(bytes, 50, &status), -EBADMSG);
}
END_TEST

/* Two data sets, of 3 and 0 bytes, and their request's id 9. */
static const uint8_t answer[] = {0, 0, 0, 17, 0, 9, 0, 0, 2, 0, 0, 0, 0, 1, 77, 3, 0, 3, 'a', 'b',
	'c', 0, 0, 0, 14, 0, 9, 0, 1, 2, 0, 0, 0, 0, 2, 77, 0, 0, 0};

START_TEST(reads_answers)
{
	struct alfred_reader reader = {.bytes = answer, .length = sizeof(answer)};
	struct alfred_set set;

	ck_assert_int_eq(alfred_wire_next(&reader, 9, &set), 1);
	ck_assert_uint_eq(set.length, 3);
	ck_assert_mem_eq(set.payload, "abc", 3);
	ck_assert_uint_eq(set.type, 77);
	ck_assert_uint_eq(set.version, 3);
	ck_assert_uint_eq(set.source.bytes[5], 1);
	ck_assert_int_eq(alfred_wire_next(&reader, 9, &set), 1);
	ck_assert_uint_eq(set.length, 0);
	ck_assert_uint_eq(set.source.bytes[5], 2);
	ck_assert_int_eq(alfred_wire_next(&reader, 9, &set), 0);
	ck_assert(!reader.partial);
}
END_TEST

START_TEST(refuses_bad_answers)
{
	struct alfred_set set;
	struct alfred_reader other = {.bytes = answer, .length = sizeof(answer)};

	ck_assert_int_eq(alfred_wire_next(&other, 8, &set), -EBADMSG);
	for (size_t length = 1; length < 21; length++) {
		struct alfred_reader reader = {.bytes = answer, .length = length};
		ck_assert_int_eq(alfred_wire_next(&reader, 9, &set), -EBADMSG);
	}
	for (size_t at = 0; at < sizeof(answer); at++) {
		uint8_t bytes[sizeof(answer)];
		memcpy(bytes, answer, sizeof(bytes));
		bytes[at] ^= 0x81;
		struct alfred_reader reader = {.bytes = bytes, .length = sizeof(bytes)};
		while (alfred_wire_next(&reader, 9, &set) == 1) {
			ck_assert(set.payload >= bytes);
			ck_assert(set.payload + set.length <= bytes + sizeof(bytes));
		}
	}
}
END_TEST

/* The primary fell silent in the middle; the daemon's number has the wrong byte order. */
START_TEST(knows_partial_answers)
{
	uint8_t bytes[21 + 8];
	struct alfred_reader reader = {.bytes = bytes, .length = sizeof(bytes)};
	struct alfred_set set;

	memcpy(bytes, answer, 21);
	memcpy(bytes + 21, "\x04\0\0\x04\0\x09\x01\0", 8);
	ck_assert_int_eq(alfred_wire_next(&reader, 9, &set), 1);
	ck_assert_int_eq(alfred_wire_next(&reader, 9, &set), 0);
	ck_assert(reader.partial);
}
END_TEST

START_TEST(reads_events)
{
	static const uint8_t bytes[] = {10, 0, 0, 7, 77, 2, 0, 0, 0, 0, 5};
	uint8_t bad[sizeof(bytes)];
	struct mac source;
	uint8_t type;

	for (size_t length = 0; length < sizeof(bytes); length++) {
		ck_assert_int_eq(alfred_wire_parse_event(bytes, length, &type, &source), 0);
	}
	ck_assert_int_eq(alfred_wire_parse_event(bytes, sizeof(bytes), &type, &source), 1);
	ck_assert_uint_eq(type, 77);
	ck_assert_uint_eq(source.bytes[5], 5);
	for (size_t at = 0; at < 4; at++) {
		memcpy(bad, bytes, sizeof(bad));
		bad[at] ^= 1;
		ck_assert_int_eq(alfred_wire_parse_event(bad, sizeof(bad), &type, &source),
			-EBADMSG);
	}
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("alfred_wire");
	TCase *tests = tcase_create("alfred_wire");

	tcase_add_test(tests, builds_messages);
	tcase_add_test(tests, reads_status);
	tcase_add_test(tests, reads_answers);
	tcase_add_test(tests, refuses_bad_answers);
	tcase_add_test(tests, knows_partial_answers);
	tcase_add_test(tests, reads_events);
	suite_add_tcase(suite, tests);
	return suite;
}
