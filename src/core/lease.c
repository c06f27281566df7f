/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/lease.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/lease_book.h"

struct ip lease_ip(uint32_t address)
{
	return (struct ip){
		.family = AF_INET,
		.bytes = {(uint8_t)(address >> 24), (uint8_t)(address >> 16),
			(uint8_t)(address >> 8), (uint8_t)address},
	};
}

uint32_t lease_address(const struct ip *ip)
{
	const uint8_t *b = ip->bytes;

	return ip->family != AF_INET
		       ? 0
		       : (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

int lease_compare_mac(const struct mac *a, const struct mac *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int lease_compare_client(uint32_t a_address, const struct mac *a_mac, uint32_t b_address,
	const struct mac *b_mac)
{
	if (a_address != b_address) {
		return a_address < b_address ? -1 : 1;
	}
	return lease_compare_mac(a_mac, b_mac);
}

bool lease_check_mac(const struct mac *mac)
{
	return !mac_is_zero(mac) && (mac->bytes[0] & 1) == 0;
}

enum lease_reason lease_check_address(const struct lease_book *book, uint32_t address)
{
	const struct prefix *own = &book->settings.ipv4;
	uint32_t host_bits =
		own->length >= 31 || own->ip.family == 0 ? 0 : UINT32_MAX >> own->length;

	if (address < book->pool_first || address > book->pool_last || address == 0) {
		return LEASE_REASON_POOL;
	}
	if (host_bits != 0 && ((address & host_bits) == 0 || (address & host_bits) == host_bits)) {
		return LEASE_REASON_RESERVED;
	}
	return address == lease_address(&book->settings.anycast) ? LEASE_REASON_RESERVED
								 : LEASE_REASONS;
}

static int compare_key(const void *key, const void *entry)
{
	uint32_t address = *(const uint32_t *)key;
	uint32_t other = ((const struct lease_host_key *)entry)->address;

	return address < other ? -1 : address > other;
}

static int compare_host(const void *a, const void *b)
{
	return compare_key(&((const struct lease_host_key *)a)->address, b);
}

static int compare_mac_entry(const void *a, const void *b)
{
	return lease_compare_mac(a, b);
}

static int compare_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

const struct lease_host_key *lease_find_host(const struct lease_book *book, uint32_t address)
{
	return book->host_address_count == 0
		       ? NULL
		       : bsearch(&address, book->host_addresses, book->host_address_count,
				 sizeof(*book->host_addresses), compare_key);
}

bool lease_is_host_mac(const struct lease_book *book, const struct mac *mac)
{
	return book->host_mac_count > 0 && bsearch(mac, book->host_macs, book->host_mac_count,
						   sizeof(*mac), compare_mac_entry) != NULL;
}

bool lease_is_reserved_name(const struct lease_book *book, const char *name)
{
	return book->reserved_count > 0 && bsearch(name, book->reserved, book->reserved_count,
						   sizeof(*book->reserved), compare_name) != NULL;
}

void lease_mark_resolve(struct lease_book *book, const struct lease_now *now)
{
	if (book->resolve_since > now->boot) {
		book->resolve_since = now->boot;
	}
}

void lease_mark_urgent(struct lease_book *book, const struct lease_now *now)
{
	if (book->urgent_since > now->boot) {
		book->urgent_since = now->boot;
	}
	lease_mark_resolve(book, now);
}

int lease_book_open(struct lease_book **out, uint64_t incarnation, const char *boot_id)
{
	struct lease_book *book = calloc(1, sizeof(*book));

	if (book == NULL) {
		return -ENOMEM;
	}
	book->incarnation = incarnation;
	text_copy(book->boot_id, sizeof(book->boot_id), boot_id);
	book->own_at = -1;
	book->published_at = -1;
	book->urgent_since = INFINITY;
	book->lazy_since = INFINITY;
	book->resolve_since = INFINITY;
	book->result.next = INFINITY;
	*out = book;
	return 0;
}

static void free_settings(struct lease_book *book)
{
	free(steal_ptr(book->host_addresses));
	free(steal_ptr(book->host_macs));
	free(steal_ptr(book->reserved));
	book->host_address_count = 0;
	book->host_mac_count = 0;
	book->reserved_count = 0;
}

void lease_book_free(struct lease_book *book)
{
	if (book == NULL) {
		return;
	}
	for (size_t i = 0; i < book->node_count; i++) {
		lease_node_free(&book->nodes[i]);
	}
	lease_result_free(&book->result);
	free_settings(book);
	free(book->nodes);
	free(book->own);
	free(book->ended);
	free(book);
}

static void add_reserved(struct lease_book *book, const char *text)
{
	char *name = book->reserved[book->reserved_count];

	if (fact_name(text, strlen(text), name)) {
		book->reserved_count++;
	}
}

/* Names that browsers or resolvers believe blindly (CERT VU#598349), and those of the
 * configuration. */
static void fill_reserved(struct lease_book *book, const struct lease_settings *settings)
{
	static const char *const well_known[] = {"localhost", "wpad", "isatap"};

	for (size_t i = 0; i < ARRAY_SIZE(well_known); i++) {
		add_reserved(book, well_known[i]);
	}
	add_reserved(book, settings->hostname);
	for (size_t i = 0; i < settings->host_count; i++) {
		add_reserved(book, settings->hosts[i].name);
	}
	for (size_t i = 0; i < settings->name_count; i++) {
		add_reserved(book, settings->names[i]);
	}
	qsort(book->reserved, book->reserved_count, sizeof(*book->reserved), compare_name);
}

static void fill_hosts(struct lease_book *book, const struct lease_settings *settings)
{
	for (size_t i = 0; i < settings->host_count; i++) {
		const struct lease_host *host = &settings->hosts[i];

		if (host->ip.family == AF_INET) {
			book->host_addresses[book->host_address_count++] =
				(struct lease_host_key){.address = lease_address(&host->ip),
					.mac = host->mac};
		}
		if (!mac_is_zero(&host->mac)) {
			book->host_macs[book->host_mac_count++] = host->mac;
		}
	}
	qsort(book->host_addresses, book->host_address_count, sizeof(*book->host_addresses),
		compare_host);
	qsort(book->host_macs, book->host_mac_count, sizeof(*book->host_macs), compare_mac_entry);
}

int lease_book_set(struct lease_book *book, const struct lease_settings *settings,
	const struct lease_now *now)
{
	struct lease_book filled = {0};

	if (!lease_check_mac(&settings->mac) || settings->pool_first.family != AF_INET ||
		settings->pool_last.family != AF_INET) {
		return -EINVAL;
	}
	filled.host_addresses = calloc(settings->host_count + 1, sizeof(*filled.host_addresses));
	filled.host_macs = calloc(settings->host_count + 1, sizeof(*filled.host_macs));
	filled.reserved =
		calloc(settings->host_count + settings->name_count + 4, sizeof(*filled.reserved));
	if (filled.host_addresses == NULL || filled.host_macs == NULL || filled.reserved == NULL) {
		free_settings(&filled);
		return -ENOMEM;
	}
	free_settings(book);
	book->host_addresses = filled.host_addresses;
	book->host_macs = filled.host_macs;
	book->reserved = filled.reserved;
	fill_hosts(book, settings);
	fill_reserved(book, settings);
	book->settings = *settings;
	book->settings.hosts = NULL;
	book->settings.names = NULL;
	book->pool_first = lease_address(&settings->pool_first);
	book->pool_last = lease_address(&settings->pool_last);
	lease_clock_update(book, now);
	lease_mark_urgent(book, now);
	return 0;
}

bool lease_book_is_dirty(const struct lease_book *book)
{
	return book->store_dirty;
}

void lease_book_forget_output(struct lease_book *book)
{
	book->forget_output = true;
	book->resolve_since = book->resolved_at;
}

uint64_t lease_book_conflict_total(const struct lease_book *book)
{
	return book->conflict_total;
}

const struct lease_conflict *lease_book_conflict(const struct lease_book *book, size_t index)
{
	if (index >= LEASE_CONFLICTS_MAX || index >= book->conflict_total) {
		return NULL;
	}
	return &book->conflicts[(book->conflict_total - 1 - index) % LEASE_CONFLICTS_MAX];
}
