/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/fact.h"
#include "core/fact_wire.h"
#include "unit/check_main.h"

static struct fact make(size_t count, bool names)
{
	struct fact fact = {
		.author = {{2, 0, 0, 0, 0, 1}},
		.source = {{2, 0, 0, 0, 0, 2}},
		.incarnation = 0x0123456789abcdef,
		.sequence = 7,
		.published = 1800000000,
		.wall = 1799999990,
		.ipv4 = {{AF_INET, {10, 1, 0, 9}}, 16},
		.ipv6 = {{AF_INET6, {0xfd, 1}}, 64},
		.flags = FACT_PRIMARY,
		.hostname = "node-1",
		.version = "0.1.0",
	};

	fact.leases = calloc(count + 1, sizeof(*fact.leases));
	fact.lease_count = count;
	for (size_t i = 0; i < count; i++) {
		fact.leases[i] = (struct fact_lease){
			.address = 0x0a010002 + (uint32_t)i * 3,
			.mac = {{2, 9, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}},
			.begin = 1800000000 - 86400 - (int64_t)i,
			.renewed = 1800000000 - 900,
			.remaining = 2700,
		};
		if (names) {
			snprintf(fact.leases[i].name, FACT_NAME_SIZE, "laptop-%05zu", i);
		}
	}
	return fact;
}

static void give_withdrawals(struct fact *fact)
{
	fact->withdrawals = calloc(3, sizeof(*fact->withdrawals));
	fact->withdrawals[0] = (struct fact_withdrawal){0x0a010005, {{2, 1}}, 1799999000};
	fact->withdrawals[1] = (struct fact_withdrawal){0x0a010005, {{2, 2}}, 1799999001};
	fact->withdrawals[2] = (struct fact_withdrawal){0x0a01ff05, {{2, 2}}, 1799999002};
	fact->withdrawal_count = 3;
}

static size_t build(struct fact *fact, uint8_t **bytes, size_t *left_out)
{
	size_t length;

	ck_assert_int_eq(fact_build(fact, bytes, &length, left_out), 0);
	return length;
}

START_TEST(what_goes_in_comes_out)
{
	struct fact fact = make(5, true);
	struct fact read;
	enum fact_fault fault;
	unsigned int names;
	uint8_t *bytes;
	size_t left_out;

	give_withdrawals(&fact);
	fact.leases[1].remaining = FACT_FOREVER;
	fact.leases[2].remaining = 0;
	size_t length = build(&fact, &bytes, &left_out);
	ck_assert_int_eq(fact_decode(bytes, length, &read, &fault, &names), 0);
	ck_assert_uint_eq(names, 0);
	ck_assert_uint_eq(left_out, 0);
	ck_assert_uint_eq(read.lease_total, 5);
	ck_assert_uint_eq(read.lease_count, 5);
	ck_assert_uint_eq(read.withdrawal_count, 3);
	ck_assert_mem_eq(read.leases, fact.leases, 5 * sizeof(*fact.leases));
	ck_assert_mem_eq(read.withdrawals, fact.withdrawals, 3 * sizeof(*fact.withdrawals));
	ck_assert_mem_eq(&read.author, &fact.author, sizeof(fact.author));
	ck_assert_mem_eq(&read.source, &fact.source, sizeof(fact.source));
	ck_assert_mem_eq(&read.ipv4, &fact.ipv4, sizeof(fact.ipv4));
	ck_assert_mem_eq(&read.ipv6, &fact.ipv6, sizeof(fact.ipv6));
	ck_assert(read.incarnation == fact.incarnation);
	ck_assert_uint_eq(read.sequence, 7);
	ck_assert_int_eq(read.published, fact.published);
	ck_assert_int_eq(read.wall, fact.wall);
	ck_assert_str_eq(read.hostname, "node-1");
	ck_assert_str_eq(read.version, "0.1.0");
	ck_assert_uint_eq(read.flags, FACT_PRIMARY);
	fact_free(&read);
	fact_free(&fact);
	free(bytes);
}
END_TEST

START_TEST(a_thousand_leases_are_well_below_one_write)
{
	struct fact fact = make(1000, true);
	uint8_t *bytes;
	size_t left_out;
	size_t length = build(&fact, &bytes, &left_out);

	ck_assert_uint_lt(length, 30000);
	fact_free(&fact);
	free(bytes);
}
END_TEST

static void check_full(size_t count, uint8_t flags)
{
	struct fact fact = make(count, true);
	struct fact read;
	enum fact_fault fault;
	unsigned int names;
	uint8_t *bytes;
	size_t left_out;
	size_t length = build(&fact, &bytes, &left_out);

	ck_assert_uint_le(length, FACT_SIZE_MAX);
	ck_assert_int_eq(fact_decode(bytes, length, &read, &fault, &names), 0);
	ck_assert_uint_eq(read.flags, FACT_PRIMARY | flags);
	ck_assert_uint_eq(read.lease_total, count);
	ck_assert_uint_eq(read.lease_count + left_out, count);
	ck_assert_uint_gt(read.lease_count, 2400);
	/* make() lets later addresses begin earlier: the newest are the first ones. */
	if (left_out > 0) {
		ck_assert_uint_eq(read.leases[0].address, fact.leases[left_out].address);
	}
	fact_free(&read);
	fact_free(&fact);
	free(bytes);
}

START_TEST(names_go_first_then_the_newest_leases)
{
	check_full(2500, FACT_NO_NAMES);
	check_full(4000, FACT_NO_NAMES);
	check_full(5000, FACT_NO_NAMES | FACT_LEFT_OUT);
	check_full(20000, FACT_NO_NAMES | FACT_LEFT_OUT);
}
END_TEST

START_TEST(every_cut_is_refused)
{
	struct fact fact = make(20, true);
	struct fact read;
	enum fact_fault fault;
	unsigned int names;
	uint8_t *bytes;
	size_t left_out;

	give_withdrawals(&fact);
	size_t length = build(&fact, &bytes, &left_out);
	size_t whole = 0;
	for (size_t cut = 0; cut < length; cut++) {
		uint8_t *copy = malloc(cut + 1);
		memcpy(copy, bytes, cut);
		int rc = fact_decode(copy, cut, &read, &fault, &names);
		if (rc == 0) {
			/* Between two sections it is whole, with less in it. */
			fact_free(&read);
			whole++;
		}
		free(copy);
	}
	ck_assert_uint_eq(whole, 2);
	fact_free(&fact);
	free(bytes);
}
END_TEST

static enum fact_fault fault_of(const uint8_t *bytes, size_t length)
{
	struct fact read;
	enum fact_fault fault;
	unsigned int names;

	if (fact_decode(bytes, length, &read, &fault, &names) == 0) {
		fact_free(&read);
		return FACT_GOOD;
	}
	return fault;
}

START_TEST(faults_are_told_apart)
{
	struct fact fact = make(2, true);
	static uint8_t big[FACT_SIZE_MAX + 1];
	uint8_t *bytes;
	size_t left_out;
	size_t length = build(&fact, &bytes, &left_out);

	memcpy(big, bytes, length);
	ck_assert_int_eq(fault_of(big, sizeof(big)), FACT_SIZE);
	ck_assert_int_eq(fault_of(big, sizeof(big) - 1), FACT_MALFORMED);
	bytes[FACT_AT_VERSION] = FACT_VERSION + 1;
	ck_assert_int_eq(fault_of(bytes, length), FACT_NEWER);
	bytes[FACT_AT_VERSION] = 0;
	ck_assert_int_eq(fault_of(bytes, length), FACT_MALFORMED);
	bytes[FACT_AT_VERSION] = FACT_VERSION;
	bytes[FACT_AT_PUBLISHED] = 0xff;
	ck_assert_int_eq(fault_of(bytes, length), FACT_MALFORMED);
	bytes[FACT_AT_PUBLISHED] = 0;
	bytes[0] = 'x';
	ck_assert_int_eq(fault_of(bytes, length), FACT_MAGIC);
	ck_assert_int_eq(fault_of(bytes, 0), FACT_MAGIC);
	fact_free(&fact);
	free(bytes);
}
END_TEST

/* A header with four more bytes and a section of unknown type: a newer minor version. */
START_TEST(what_a_newer_minor_version_adds_is_skipped)
{
	struct fact fact = make(3, true);
	struct fact read;
	enum fact_fault fault;
	unsigned int names;
	uint8_t *bytes;
	uint8_t more[4096];
	size_t left_out;
	size_t length = build(&fact, &bytes, &left_out);
	size_t header =
		(size_t)bytes[FACT_AT_HEADER_LENGTH] << 8 | bytes[FACT_AT_HEADER_LENGTH + 1];

	memcpy(more, bytes, header);
	memset(more + header, 0xee, 4);
	more[FACT_AT_MINOR] = 9;
	more[FACT_AT_HEADER_LENGTH + 1] = (uint8_t)(header + 4);
	memcpy(more + header + 4, "\x77\0\0\0\3abc", 8);
	memcpy(more + header + 12, bytes + header, length - header);
	ck_assert_int_eq(fact_decode(more, length + 12, &read, &fault, &names), 0);
	ck_assert_uint_eq(read.lease_count, 3);
	fact_free(&read);
	fact_free(&fact);
	free(bytes);
}
END_TEST

START_TEST(bad_names_are_left_out_and_counted)
{
	struct fact fact = make(3, false);
	struct fact read;
	enum fact_fault fault;
	unsigned int names;
	uint8_t *bytes;
	size_t left_out;

	strcpy(fact.leases[0].name, "a b");
	strcpy(fact.leases[1].name, "Laptop");
	strcpy(fact.leases[2].name, "evil\n10.0.0.1");
	size_t length = build(&fact, &bytes, &left_out);
	ck_assert_int_eq(fact_decode(bytes, length, &read, &fault, &names), 0);
	ck_assert_uint_eq(names, 2);
	ck_assert_str_eq(read.leases[0].name, "");
	ck_assert_str_eq(read.leases[1].name, "laptop");
	ck_assert_str_eq(read.leases[2].name, "");
	fact_free(&read);
	fact_free(&fact);
	free(bytes);
}
END_TEST

START_TEST(names_are_labels)
{
	static const char *const bad[] = {"", "-a", "a-", "a.b", "a_b", "10", "\xc3\xa4", "a b",
		"*", "0123456789012345678901234567890123456789012345678901234567890123"};
	char name[FACT_NAME_SIZE];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(!fact_name(bad[i], strlen(bad[i]), name), "%s", bad[i]);
		ck_assert_str_eq(name, "");
	}
	ck_assert(fact_name("X-1", 3, name));
	ck_assert_str_eq(name, "x-1");
	ck_assert(fact_name("3com", 4, name));
}
END_TEST

START_TEST(addresses_in_disorder_are_refused)
{
	struct fact fact = make(3, false);
	uint8_t *bytes;
	size_t left_out;

	fact.leases[2].address = fact.leases[1].address;
	size_t length = build(&fact, &bytes, &left_out);
	ck_assert_int_eq(fault_of(bytes, length), FACT_MALFORMED);
	free(bytes);
	fact.leases[2].address = fact.leases[0].address;
	length = build(&fact, &bytes, &left_out);
	ck_assert_int_eq(fault_of(bytes, length), FACT_MALFORMED);
	free(bytes);
	fact_free(&fact);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("fact");
	TCase *tests = tcase_create("fact");

	tcase_add_test(tests, what_goes_in_comes_out);
	tcase_add_test(tests, a_thousand_leases_are_well_below_one_write);
	tcase_add_test(tests, names_go_first_then_the_newest_leases);
	tcase_add_test(tests, every_cut_is_refused);
	tcase_add_test(tests, faults_are_told_apart);
	tcase_add_test(tests, what_a_newer_minor_version_adds_is_skipped);
	tcase_add_test(tests, bad_names_are_left_out_and_counted);
	tcase_add_test(tests, names_are_labels);
	tcase_add_test(tests, addresses_in_disorder_are_refused);
	suite_add_tcase(suite, tests);
	return suite;
}
