/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/fact.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/fact_wire.h"

/* Varints of 32 bits take five bytes at most. */
#define LEASE_ROOM      ((size_t)4 * 5 + 6 + 1 + FACT_NAME_SIZE)
#define WITHDRAWAL_ROOM ((size_t)2 * 5 + 6)
#define HEADER_ROOM     (FACT_AT_TEXTS + (size_t)2 * 256)

/* The buffer has room for the worst case from the start. */
struct packer {
	uint8_t *bytes;
	size_t length;
	bool names;
	const bool *kept; /* by index of the lease; NULL = all */
};

static void put_number(struct packer *packer, uint64_t value, unsigned int size)
{
	while (size-- > 0) {
		packer->bytes[packer->length++] = (uint8_t)(value >> (8 * size));
	}
}

static void put_bytes(struct packer *packer, const void *bytes, size_t length)
{
	memcpy(packer->bytes + packer->length, bytes, length);
	packer->length += length;
}

static void put_varint(struct packer *packer, uint32_t value)
{
	while (value >= 0x80) {
		packer->bytes[packer->length++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	packer->bytes[packer->length++] = (uint8_t)value;
}

static void put_text(struct packer *packer, const char *text, size_t max)
{
	size_t length = strnlen(text, max);

	put_number(packer, length, 1);
	put_bytes(packer, text, length);
}

/* Seconds from a time to the publication. */
static void put_age(struct packer *packer, const struct fact *fact, int64_t time)
{
	int64_t age = fact->published - time;

	put_varint(packer, age < 0 ? 0 : age > FACT_AGE_MAX ? FACT_AGE_MAX : (uint32_t)age);
}

static void pack_header(struct packer *packer, const struct fact *fact, uint8_t flags)
{
	const struct ip *ipv4 = &fact->ipv4.ip;
	const struct ip *ipv6 = &fact->ipv6.ip;

	put_bytes(packer, FACT_MAGIC_TEXT, 4);
	put_number(packer, FACT_VERSION, 1);
	put_number(packer, FACT_MINOR, 1);
	put_number(packer, 0, 2);
	put_bytes(packer, fact->author.bytes, sizeof(fact->author.bytes));
	put_bytes(packer, fact->source.bytes, sizeof(fact->source.bytes));
	put_number(packer, fact->incarnation, 8);
	put_number(packer, fact->sequence, 4);
	put_number(packer, (uint64_t)fact->published, 8);
	put_number(packer, (uint64_t)fact->wall, 8);
	put_bytes(packer, ipv4->bytes, 4);
	put_number(packer, ipv4->family == AF_INET ? fact->ipv4.length : FACT_NO_LENGTH, 1);
	put_number(packer, ipv6->family == AF_INET6 ? fact->ipv6.length : FACT_NO_LENGTH, 1);
	put_bytes(packer, ipv6->bytes, 16);
	put_number(packer, flags, 1);
	put_number(packer, 0, 1);
	put_number(packer, fact->lease_count, 4);
	put_text(packer, fact->hostname, sizeof(fact->hostname) - 1);
	put_text(packer, fact->version, sizeof(fact->version) - 1);
	packer->bytes[FACT_AT_HEADER_LENGTH] = (uint8_t)(packer->length >> 8);
	packer->bytes[FACT_AT_HEADER_LENGTH + 1] = (uint8_t)packer->length;
}

/* Returns where the section's length and count go, for end_section. */
static size_t begin_section(struct packer *packer, enum fact_section type)
{
	put_number(packer, type, 1);
	size_t at = packer->length;
	put_number(packer, 0, 4);
	put_number(packer, 0, 2);
	return at;
}

static void end_section(struct packer *packer, size_t at, size_t count)
{
	size_t end = packer->length;

	packer->length = at;
	put_number(packer, end - at - 4, 4);
	put_number(packer, count, 2);
	packer->length = end;
}

static void pack_leases(struct packer *packer, const struct fact *fact)
{
	size_t at = begin_section(packer, FACT_SECTION_LEASES);
	uint32_t before = 0;
	size_t count = 0;

	for (size_t i = 0; i < fact->lease_count; i++) {
		const struct fact_lease *lease = &fact->leases[i];

		if (packer->kept != NULL && !packer->kept[i]) {
			continue;
		}
		put_varint(packer, lease->address - before);
		put_bytes(packer, lease->mac.bytes, sizeof(lease->mac.bytes));
		put_age(packer, fact, lease->begin);
		put_age(packer, fact, lease->renewed);
		put_varint(packer, lease->remaining == FACT_FOREVER ? 0 : lease->remaining + 1);
		put_text(packer, packer->names ? lease->name : "", sizeof(lease->name) - 1);
		before = lease->address;
		count++;
	}
	end_section(packer, at, count);
}

static void pack_withdrawals(struct packer *packer, const struct fact *fact)
{
	size_t at = begin_section(packer, FACT_SECTION_WITHDRAWALS);
	uint32_t before = 0;

	for (size_t i = 0; i < fact->withdrawal_count && i < FACT_ENDED_MAX; i++) {
		const struct fact_withdrawal *withdrawal = &fact->withdrawals[i];

		put_varint(packer, withdrawal->address - before);
		put_bytes(packer, withdrawal->mac.bytes, sizeof(withdrawal->mac.bytes));
		put_age(packer, fact, withdrawal->time);
		before = withdrawal->address;
	}
	end_section(packer, at,
		fact->withdrawal_count < FACT_ENDED_MAX ? fact->withdrawal_count : FACT_ENDED_MAX);
}

static size_t pack(struct packer *packer, const struct fact *fact)
{
	uint8_t flags = fact->flags & (FACT_PRIMARY | FACT_NO_SERVER);

	flags |= packer->names ? 0 : FACT_NO_NAMES;
	flags |= packer->kept == NULL ? 0 : FACT_LEFT_OUT;
	packer->length = 0;
	pack_header(packer, fact, flags);
	pack_leases(packer, fact);
	pack_withdrawals(packer, fact);
	return packer->length;
}

struct begun {
	int64_t begin;
	size_t index;
};

static int compare_begun(const void *left, const void *right)
{
	const struct begun *a = left;
	const struct begun *b = right;

	if (a->begin != b->begin) {
		return a->begin < b->begin ? -1 : 1;
	}
	return a->index < b->index ? -1 : a->index > b->index;
}

/* The longest-running leases that fit stay in. */
static int pack_oldest(struct packer *packer, const struct fact *fact, size_t *left_out)
{
	CLEANUP(cleanup_free)
	struct begun *order = calloc(fact->lease_count, sizeof(*order));
	CLEANUP(cleanup_free)
	bool *kept = calloc(fact->lease_count, sizeof(*kept));

	if (order == NULL || kept == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < fact->lease_count; i++) {
		order[i] = (struct begun){.begin = fact->leases[i].begin, .index = i};
	}
	qsort(order, fact->lease_count, sizeof(*order), compare_begun);
	packer->names = false;
	packer->kept = kept;
	size_t count = fact->lease_count < FACT_LEASES_MAX ? fact->lease_count : FACT_LEASES_MAX;
	for (;;) {
		memset(kept, 0, fact->lease_count * sizeof(*kept));
		for (size_t i = 0; i < count; i++) {
			kept[order[i].index] = true;
		}
		if (pack(packer, fact) <= FACT_SIZE_MAX) {
			*left_out = fact->lease_count - count;
			return 0;
		}
		count = count * FACT_SIZE_MAX / packer->length - 1;
	}
}

int fact_build(const struct fact *fact, uint8_t **bytes, size_t *length, size_t *left_out)
{
	size_t room = HEADER_ROOM + 2 * (size_t)(FACT_SECTION_HEAD + 2) +
		      fact->lease_count * LEASE_ROOM + FACT_ENDED_MAX * WITHDRAWAL_ROOM;
	CLEANUP(cleanup_free) uint8_t *buffer = malloc(room);
	struct packer packer = {.bytes = buffer, .names = true};

	if (buffer == NULL) {
		return -ENOMEM;
	}
	*left_out = 0;
	bool fits = fact->lease_count <= FACT_LEASES_MAX && pack(&packer, fact) <= FACT_SIZE_MAX;
	if (!fits && fact->lease_count <= FACT_LEASES_MAX) {
		packer.names = false;
		fits = pack(&packer, fact) <= FACT_SIZE_MAX;
	}
	if (!fits) {
		int rc = pack_oldest(&packer, fact, left_out);
		if (rc < 0) {
			return rc;
		}
	}
	uint8_t *shrunk = realloc(buffer, packer.length);
	steal_ptr(buffer);
	*bytes = shrunk;
	*length = packer.length;
	return shrunk != NULL ? 0 : -ENOMEM;
}

void fact_free(struct fact *fact)
{
	free(fact->leases);
	free(fact->withdrawals);
	memset(fact, 0, sizeof(*fact));
}

/* The byte in lower case, or 0 when no label has it; locale-free. */
static char label_byte(char byte)
{
	if (byte >= 'A' && byte <= 'Z') {
		return (char)(byte - 'A' + 'a');
	}
	if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-') {
		return byte;
	}
	return '\0';
}

bool fact_name(const char *text, size_t length, char name[FACT_NAME_SIZE])
{
	char label[FACT_NAME_SIZE] = "";
	bool digits = true;

	memset(name, 0, FACT_NAME_SIZE);
	if (length == 0 || length >= FACT_NAME_SIZE || text[0] == '-' || text[length - 1] == '-') {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		label[i] = label_byte(text[i]);
		if (label[i] == '\0') {
			return false;
		}
		digits = digits && label[i] >= '0' && label[i] <= '9';
	}
	if (digits) {
		return false;
	}
	memcpy(name, label, sizeof(label));
	return true;
}
