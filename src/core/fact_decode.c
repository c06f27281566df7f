/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/fact.h"
#include "core/fact_wire.h"

#define TIME_MAX ((int64_t)1 << 40)

#define LEASE_LEAST      (4 + 6 + 1) /* bytes of the shortest lease */
#define WITHDRAWAL_LEAST (2 + 6)

/* What is left to read. A read past the end sets failed and gives zeros. */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool failed;
};

static const uint8_t *take_bytes(struct cursor *cursor, size_t length)
{
	const uint8_t *at = cursor->at;

	if (cursor->failed || cursor->left < length) {
		cursor->failed = true;
		return NULL;
	}
	cursor->at += length;
	cursor->left -= length;
	return at;
}

static uint64_t number_at(const uint8_t *at, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++) {
		value = value << 8 | at[i];
	}
	return value;
}

static uint64_t take_number(struct cursor *cursor, unsigned int size)
{
	const uint8_t *at = take_bytes(cursor, size);

	return at != NULL ? number_at(at, size) : 0;
}

/* The shortest form only, so that one fact has one packed form. */
static uint32_t take_varint(struct cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 35; shift += 7) {
		const uint8_t *byte = take_bytes(cursor, 1);

		if (byte == NULL) {
			return 0;
		}
		value |= (uint64_t)(*byte & 0x7f) << shift;
		if ((*byte & 0x80) == 0) {
			cursor->failed = value > UINT32_MAX || (shift > 0 && *byte == 0);
			return (uint32_t)value;
		}
	}
	cursor->failed = true;
	return 0;
}

static void take_mac(struct cursor *cursor, struct mac *mac)
{
	const uint8_t *at = take_bytes(cursor, sizeof(mac->bytes));

	if (at != NULL) {
		memcpy(mac->bytes, at, sizeof(mac->bytes));
	}
}

/* False when there was a name and it was no good. */
static bool take_name(struct cursor *cursor, char name[FACT_NAME_SIZE])
{
	size_t length = take_number(cursor, 1);
	const uint8_t *at = take_bytes(cursor, length);

	memset(name, 0, FACT_NAME_SIZE);
	return at == NULL || length == 0 || fact_name((const char *)at, length, name);
}

static char printable(uint8_t byte)
{
	if (byte > ' ' && byte < 0x7f) {
		return (char)byte;
	}
	return '?';
}

/* Printable ASCII; cut to size. */
static void take_version(struct cursor *cursor, char *text, size_t size)
{
	size_t length = take_number(cursor, 1);
	const uint8_t *at = take_bytes(cursor, length);

	memset(text, 0, size);
	for (size_t i = 0; at != NULL && i < length && i + 1 < size; i++) {
		text[i] = printable(at[i]);
	}
}

/* An age, as a time. */
static int64_t take_time(struct cursor *cursor, int64_t published)
{
	uint32_t age = take_varint(cursor);

	cursor->failed = cursor->failed || age > FACT_AGE_MAX;
	return published - (int64_t)age;
}

/* The addresses are believed here; whether they may be is the reader's. */
static void decode_addresses(const uint8_t *bytes, struct fact *fact)
{
	if (bytes[FACT_AT_IPV4_LENGTH] <= 32) {
		fact->ipv4.ip.family = AF_INET;
		fact->ipv4.length = bytes[FACT_AT_IPV4_LENGTH];
		memcpy(fact->ipv4.ip.bytes, bytes + FACT_AT_IPV4, 4);
	}
	if (bytes[FACT_AT_IPV6_LENGTH] <= 128) {
		fact->ipv6.ip.family = AF_INET6;
		fact->ipv6.length = bytes[FACT_AT_IPV6_LENGTH];
		memcpy(fact->ipv6.ip.bytes, bytes + FACT_AT_IPV6, 16);
	}
}

static size_t header_length(const uint8_t *bytes)
{
	return number_at(bytes + FACT_AT_HEADER_LENGTH, 2);
}

static enum fact_fault check_frame(const uint8_t *bytes, size_t length)
{
	if (length > FACT_SIZE_MAX) {
		return FACT_SIZE;
	}
	if (length < FACT_AT_HEADER_LENGTH + 2 ||
		memcmp(bytes + FACT_AT_MAGIC, FACT_MAGIC_TEXT, 4) != 0) {
		return FACT_MAGIC;
	}
	if (bytes[FACT_AT_VERSION] > FACT_VERSION) {
		return FACT_NEWER;
	}
	if (bytes[FACT_AT_VERSION] == 0 || header_length(bytes) < FACT_AT_TEXTS + 2 ||
		header_length(bytes) > length) {
		return FACT_MALFORMED;
	}
	return FACT_GOOD;
}

enum fact_fault fact_decode_header(const uint8_t *bytes, size_t length, struct fact *fact)
{
	enum fact_fault fault = check_frame(bytes, length);
	struct fact read = {0};

	if (fault != FACT_GOOD) {
		return fault;
	}
	struct cursor cursor = {bytes + FACT_AT_TEXTS, header_length(bytes) - FACT_AT_TEXTS, false};
	uint64_t published = number_at(bytes + FACT_AT_PUBLISHED, 8);
	uint64_t wall = number_at(bytes + FACT_AT_WALL, 8);
	memcpy(read.author.bytes, bytes + FACT_AT_AUTHOR, sizeof(read.author.bytes));
	memcpy(read.source.bytes, bytes + FACT_AT_SOURCE, sizeof(read.source.bytes));
	read.incarnation = number_at(bytes + FACT_AT_INCARNATION, 8);
	read.sequence = (uint32_t)number_at(bytes + FACT_AT_SEQUENCE, 4);
	read.published = (int64_t)published;
	read.wall = (int64_t)wall;
	read.flags = bytes[FACT_AT_FLAGS];
	read.lease_total = (uint32_t)number_at(bytes + FACT_AT_LEASE_TOTAL, 4);
	decode_addresses(bytes, &read);
	take_name(&cursor, read.hostname);
	take_version(&cursor, read.version, sizeof(read.version));
	if (cursor.failed || published > TIME_MAX || wall > TIME_MAX) {
		return FACT_MALFORMED;
	}
	*fact = read;
	return FACT_GOOD;
}

/* A count that the bytes cannot hold is refused before memory is asked for. */
static int take_count(struct cursor *cursor, size_t least, size_t max, size_t *count)
{
	*count = take_number(cursor, 2);
	return cursor->failed || *count > max || *count > cursor->left / least ? -EINVAL : 0;
}

static int decode_leases(struct cursor *cursor, struct fact *fact, unsigned int *names_dropped)
{
	uint32_t before = 0;
	size_t count;

	if (fact->leases != NULL || take_count(cursor, LEASE_LEAST, FACT_LEASES_MAX, &count) < 0) {
		return -EINVAL;
	}
	fact->leases = calloc(count + 1, sizeof(*fact->leases));
	if (fact->leases == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		struct fact_lease *lease = &fact->leases[i];
		uint32_t step = take_varint(cursor);

		lease->address = before + step;
		take_mac(cursor, &lease->mac);
		lease->begin = take_time(cursor, fact->published);
		lease->renewed = take_time(cursor, fact->published);
		uint32_t remaining = take_varint(cursor);
		lease->remaining = remaining == 0 ? FACT_FOREVER : remaining - 1;
		*names_dropped += !take_name(cursor, lease->name);
		if (cursor->failed || step == 0 || lease->address < before) {
			return -EINVAL;
		}
		before = lease->address;
	}
	fact->lease_count = count;
	return cursor->left == 0 ? 0 : -EINVAL;
}

static int decode_withdrawals(struct cursor *cursor, struct fact *fact)
{
	uint32_t before = 0;
	size_t count;

	if (fact->withdrawals != NULL ||
		take_count(cursor, WITHDRAWAL_LEAST, FACT_ENDED_MAX, &count) < 0) {
		return -EINVAL;
	}
	fact->withdrawals = calloc(count + 1, sizeof(*fact->withdrawals));
	if (fact->withdrawals == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		struct fact_withdrawal *withdrawal = &fact->withdrawals[i];

		withdrawal->address = before + take_varint(cursor);
		take_mac(cursor, &withdrawal->mac);
		withdrawal->time = take_time(cursor, fact->published);
		if (cursor->failed || withdrawal->address < before) {
			return -EINVAL;
		}
		before = withdrawal->address;
	}
	fact->withdrawal_count = count;
	return cursor->left == 0 ? 0 : -EINVAL;
}

/* Sections of unknown type are a newer node's, and skipped. */
static int decode_sections(struct cursor *cursor, struct fact *fact, unsigned int *names_dropped)
{
	int rc = 0;

	while (rc == 0 && cursor->left > 0) {
		unsigned int type = (unsigned int)take_number(cursor, 1);
		size_t length = take_number(cursor, 4);
		const uint8_t *at = take_bytes(cursor, length);

		if (at == NULL) {
			return -EINVAL;
		}
		struct cursor section = {at, length, false};
		if (type == FACT_SECTION_LEASES) {
			rc = decode_leases(&section, fact, names_dropped);
		} else if (type == FACT_SECTION_WITHDRAWALS) {
			rc = decode_withdrawals(&section, fact);
		}
	}
	return rc;
}

int fact_decode(const uint8_t *bytes, size_t length, struct fact *fact, enum fact_fault *fault,
	unsigned int *names_dropped)
{
	CLEANUP(fact_free) struct fact read = {0};
	unsigned int dropped = 0;

	*fault = fact_decode_header(bytes, length, &read);
	if (*fault != FACT_GOOD) {
		return -EINVAL;
	}
	size_t skip = header_length(bytes);
	struct cursor cursor = {bytes + skip, length - skip, false};
	int rc = decode_sections(&cursor, &read, &dropped);
	if (rc < 0) {
		*fault = rc == -EINVAL ? FACT_MALFORMED : FACT_GOOD;
		return rc;
	}
	*fact = read;
	*names_dropped = dropped;
	memset(&read, 0, sizeof(read));
	return 0;
}
