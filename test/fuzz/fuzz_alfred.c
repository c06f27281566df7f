/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: what alfred may answer. The first byte chooses the reader, the rest is the answer; the
 * payloads go on into a lease book, as they would. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/alfred_wire.h"
#include "core/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(bool holds)
{
	if (!holds) {
		abort();
	}
}

static struct lease_book *open_book(const struct lease_now *now)
{
	struct lease_settings settings = {.mac = {{2, 0, 0, 0, 0, 1}},
		.source = {{2, 1, 0, 0, 0, 1}},
		.lease_seconds = 3600,
		.serve = true};
	struct lease_book *book;

	expect(prefix_parse("10.13.0.5/16", &settings.ipv4) == 0);
	expect(ip_parse("10.13.64.0", &settings.pool_first) == 0);
	expect(ip_parse("10.13.255.254", &settings.pool_last) == 0);
	expect(lease_book_open(&book, 7, "boot") == 0);
	expect(lease_book_set(book, &settings, now) == 0);
	return book;
}

static void read_answer(const uint8_t *bytes, size_t size)
{
	const struct lease_now now = {100, 1800000000};
	struct alfred_reader reader = {.bytes = bytes, .length = size};
	struct lease_book *book = open_book(&now);
	const struct lease_output *output;
	struct alfred_set set;
	size_t total = 0;
	uint16_t id = size >= 6 ? (uint16_t)(bytes[4] << 8 | bytes[5]) : 0;

	while (alfred_wire_next(&reader, id, &set) == 1) {
		expect(set.payload >= bytes && set.payload + set.length <= bytes + size);
		total += set.length + ALFRED_PUSH_HEAD;
		expect(lease_book_take(book, &set.source, set.payload, set.length, &now, NULL) ==
			0);
	}
	expect(total <= size);
	expect(lease_book_resolve(book, &now, &output) == 0);
	lease_book_free(book);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct alfred_status status;
	struct mac source;
	uint8_t type;

	if (size == 0) {
		return 0;
	}
	if (bytes[0] % 3 == 0) {
		read_answer(bytes + 1, size - 1);
	} else if (bytes[0] % 3 == 1 &&
		   alfred_wire_parse_status(bytes + 1, size - 1, &status) == 0) {
		expect(memchr(status.interface, '\0', sizeof(status.interface)) != NULL);
		expect(status.has_interface || !status.active);
	} else {
		alfred_wire_parse_event(bytes + 1, size - 1, &type, &source);
	}
	return 0;
}
