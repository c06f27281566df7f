/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reservations. Our dnsmasq knows its own leases; it is told of those of others, and which
 * addresses to leave alone. */
#include <errno.h>
#include <string.h>

#include "core/lease_work.h"

static int compare_by_address(const void *left, const void *right)
{
	const struct lease_line *a = left;
	const struct lease_line *b = right;

	return lease_compare_client(a->address, &a->mac, b->address, &b->mac);
}

static int compare_by_author(const void *left, const void *right)
{
	const struct lease_line *a = left;
	const struct lease_line *b = right;
	int order = lease_compare_mac(&a->author, &b->author);

	return order != 0 ? order : compare_by_address(left, right);
}

static int compare_line(const void *key, const void *member)
{
	const uint32_t *address = key;
	const struct lease_line *line = member;

	return *address < line->address ? -1 : *address > line->address;
}

static const struct lease_line *find_before(const struct lease_work *work, uint32_t address)
{
	const struct lease_result *before = &work->book->result;

	return before->line_count == 0 ? NULL
				       : bsearch(&address, before->by_address, before->line_count,
						 sizeof(*before->by_address), compare_line);
}

struct mac lease_line_author(const struct lease_work *work, const struct lease_group *group)
{
	const struct lease_line *before = find_before(work, group->address);
	const struct lease_entry *first = group->entries;

	for (size_t i = 0; i < group->entry_count; i++) {
		const struct lease_entry *entry = &group->entries[i];

		if (before != NULL && lease_compare_mac(entry->author, &before->author) == 0) {
			return before->author;
		}
		if (entry->begin < first->begin) {
			first = entry;
		}
	}
	return *first->author;
}

/* Has our dnsmasq a lease of it, which holds the address by itself? */
static bool is_leased_here(const struct lease_group *group)
{
	return group->own != NULL && !group->own->orphan && !group->own->imported;
}

static void add_line(struct lease_work *work, const struct mac *author, uint32_t address,
	const struct mac *mac)
{
	struct lease_result *result = work->result;
	struct lease_line *line = &result->lines[result->line_count++];

	line->author = *author;
	line->address = address;
	line->mac = *mac;
}

static void add_group_line(struct lease_work *work, const struct lease_group *group)
{
	static const struct mac nobody;
	bool reserved = group->latest && !lease_is_host_mac(work->book, &group->mac);
	const struct mac *mac = reserved ? &group->mac : &nobody;
	const struct lease_line *before = find_before(work, group->address);
	bool was_there = before != NULL && lease_compare_mac(&before->mac, mac) == 0;

	/* A static host's own address is in the configuration. While the client is here no line is
	 * needed; one that is there stays, so that a client that walks to and fro moves nothing. */
	if (group->lost || lease_find_host(work->book, group->address) != NULL) {
		return;
	}
	if (is_leased_here(group) && (group->own_holds || !reserved) && !was_there) {
		return;
	}
	struct mac author = lease_line_author(work, group);
	add_line(work, &author, group->address, mac);
}

static void add_node_lines(struct lease_work *work)
{
	static const struct mac nobody;

	for (size_t i = 0; i < work->node_address_count; i++) {
		const struct lease_node_address *node = &work->node_addresses[i];

		if (lease_check_address(work->book, node->address) == LEASE_REASONS &&
			lease_find_host(work->book, node->address) == NULL) {
			add_line(work, node->author, node->address, &nobody);
		}
	}
}

int lease_lines_build(struct lease_work *work)
{
	struct lease_result *result = work->result;
	size_t room = work->group_count + work->node_address_count + 1;

	result->lines = calloc(room, sizeof(*result->lines));
	result->by_address = calloc(room, sizeof(*result->by_address));
	if (result->lines == NULL || result->by_address == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < work->group_count; i++) {
		add_group_line(work, &work->groups[i]);
	}
	if (work->book->settings.block_nodes) {
		add_node_lines(work);
	}
	memcpy(result->by_address, result->lines, result->line_count * sizeof(*result->lines));
	qsort(result->by_address, result->line_count, sizeof(*result->lines), compare_by_address);
	qsort(result->lines, result->line_count, sizeof(*result->lines), compare_by_author);
	return 0;
}
