/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: a dataset as alfred gives it. What is understood has to come out the same when it is
 * packed again, and a book that takes it has to keep its promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/fact.h"
#include "core/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(bool holds)
{
	if (!holds) {
		abort();
	}
}

static bool is_name(const char *name)
{
	char again[FACT_NAME_SIZE];

	return fact_name(name, strlen(name), again) && strcmp(name, again) == 0;
}

static void check_round_trip(const struct fact *fact)
{
	struct fact again;
	enum fact_fault fault;
	unsigned int names;
	uint8_t *packed;
	size_t length;
	size_t left_out;

	expect(fact_build(fact, &packed, &length, &left_out) == 0);
	expect(length <= FACT_SIZE_MAX);
	expect(fact_decode(packed, length, &again, &fault, &names) == 0);
	expect(names == 0 && again.lease_count + left_out == fact->lease_count);
	expect(again.withdrawal_count == fact->withdrawal_count);
	if ((again.flags & (FACT_NO_NAMES | FACT_LEFT_OUT)) == 0 && fact->lease_count > 0) {
		expect(memcmp(again.leases, fact->leases,
			       fact->lease_count * sizeof(*fact->leases)) == 0);
	}
	fact_free(&again);
	free(packed);
}

static void check_output(const struct lease_output *output)
{
	for (size_t i = 0; i < output->file_count; i++) {
		const struct lease_file *file = &output->files[i];

		for (size_t j = 0; j < file->reservation_count; j++) {
			const uint8_t *b = file->reservations[j].ip.bytes;
			expect(b[0] == 10 && b[1] == 1 &&
				(file->reservations[j].mac.bytes[0] & 1) == 0);
			expect(j == 0 || memcmp(&file->reservations[j - 1].ip,
						 &file->reservations[j].ip, sizeof(struct ip)) < 0);
		}
		for (size_t j = 0; j < file->name_count; j++) {
			expect(is_name(file->names[j].name));
		}
	}
}

static void check_book(const struct fact *fact, const uint8_t *bytes, size_t size)
{
	struct lease_settings settings = {
		.mac = {{2, 0, 0, 0, 0, 1}},
		.source = {{2, 0, 0, 0, 0, 2}},
		.ipv4 = {{AF_INET, {10, 1, 0, 9}}, 16},
		.pool_first = {AF_INET, {10, 1, 0, 0}},
		.pool_last = {AF_INET, {10, 1, 255, 255}},
		.anycast = {AF_INET, {10, 1, 0, 1}},
		.lease_seconds = 3600,
		.block_nodes = true,
	};
	struct lease_now now = {1000, 1800000000};
	const struct lease_output *output;
	struct lease_book *book;

	expect(lease_book_open(&book, 1, "boot") == 0);
	expect(lease_book_set(book, &settings, &now) == 0);
	expect(lease_book_take(book, &fact->source, bytes, size, &now, NULL) == 0);
	expect(lease_book_resolve(book, &now, &output) == 0);
	check_output(output);
	json_t *json = lease_book_leases_to_json(book, &now);
	expect(json != NULL);
	json_decref(json);
	json = lease_book_nodes_to_json(book, &now);
	expect(json != NULL);
	json_decref(json);
	lease_book_free(book);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fact fact;
	enum fact_fault fault;
	unsigned int names = 0;

	if (fact_decode(bytes, size, &fact, &fault, &names) < 0) {
		expect(fault != FACT_GOOD);
		return 0;
	}
	for (size_t i = 0; i < fact.lease_count; i++) {
		expect(fact.leases[i].name[0] == '\0' || is_name(fact.leases[i].name));
		expect(i == 0 || fact.leases[i].address > fact.leases[i - 1].address);
	}
	expect(fact.hostname[0] == '\0' || is_name(fact.hostname));
	check_round_trip(&fact);
	check_book(&fact, bytes, size);
	fact_free(&fact);
	return 0;
}
