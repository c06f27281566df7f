/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/lease_work.h"

#define AT_MOST_ONE 1.0  /* resolve in so many seconds */
#define AT_LEAST    60.0 /* seconds to the next one: nodes fall silent without a sign */

bool lease_node_is_trusted(const struct lease_node *node, const struct lease_now *now)
{
	return now->boot - node->received <= LEASE_NODE_TRUST;
}

static void collect_own(struct lease_work *work)
{
	struct lease_book *book = work->book;

	for (size_t i = 0; i < book->own_count; i++) {
		struct lease_own *own = &book->own[i];

		if (lease_own_is_over(own, work->now) ||
			lease_check_address(book, own->address) != LEASE_REASONS) {
			continue;
		}
		struct lease_claim claim = lease_own_claim(book, own, work->now->boot);
		work->entries[work->entry_count++] = (struct lease_entry){
			.address = own->address,
			.mac = own->mac,
			.begin = claim.begin,
			.renewed = claim.renewed,
			.expires = claim.expires,
			.name = own->name,
			.author = &book->settings.mac,
			.own = own,
		};
	}
}

static void collect_node(struct lease_work *work, const struct lease_node *node)
{
	int64_t shift = lease_clock_shift(work->book, node);

	for (size_t i = 0; i < node->claim_count; i++) {
		const struct lease_claim *claim = &node->claims[i];

		if (claim->expires <= work->now->boot ||
			lease_check_address(work->book, claim->address) != LEASE_REASONS) {
			continue;
		}
		work->entries[work->entry_count++] = (struct lease_entry){
			.address = claim->address,
			.mac = claim->mac,
			.begin = claim->begin + shift,
			.renewed = claim->renewed + shift,
			.expires = claim->expires,
			.name = claim->name,
			.author = &node->author,
			.node = node,
		};
	}
}

static int compare_entry(const void *left, const void *right)
{
	const struct lease_entry *a = left;
	const struct lease_entry *b = right;
	int order = lease_compare_client(a->address, &a->mac, b->address, &b->mac);

	if (order != 0) {
		return order;
	}
	if (a->renewed != b->renewed) {
		return a->renewed > b->renewed ? -1 : 1;
	}
	return lease_compare_mac(a->author, b->author);
}

struct withdrawal {
	uint32_t address;
	struct mac mac;
	int64_t time;
	bool own;
};

static int compare_withdrawal(const void *left, const void *right)
{
	const struct withdrawal *a = left;
	const struct withdrawal *b = right;

	return lease_compare_client(a->address, &a->mac, b->address, &b->mac);
}

static int collect_withdrawals(const struct lease_work *work, struct withdrawal **out,
	size_t *count)
{
	const struct lease_book *book = work->book;
	size_t room = book->ended_count + 1;

	for (size_t i = 0; i < book->node_count; i++) {
		room += book->nodes[i].withdrawal_count;
	}
	struct withdrawal *list = calloc(room, sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	*count = 0;
	for (size_t i = 0; i < book->ended_count; i++) {
		const struct lease_ended *ended = &book->ended[i];
		list[(*count)++] = (struct withdrawal){ended->address, ended->mac,
			lease_clock_time(book, ended->time), true};
	}
	for (size_t i = 0; i < book->node_count; i++) {
		const struct lease_node *node = &book->nodes[i];
		int64_t shift = lease_clock_shift(book, node);

		for (size_t j = 0; j < node->withdrawal_count; j++) {
			const struct fact_withdrawal *told = &node->withdrawals[j];
			list[(*count)++] = (struct withdrawal){told->address, told->mac,
				told->time + shift, false};
		}
	}
	qsort(list, *count, sizeof(*list), compare_withdrawal);
	*out = list;
	return 0;
}

static void add_end(struct lease_work *work, struct lease_own *own, enum lease_end_reason reason)
{
	struct lease_result *result = work->result;

	own->ending = true;
	result->ends[result->end_count++] = (struct lease_end){
		.ip = lease_ip(own->address),
		.mac = own->mac,
		.reason = reason,
	};
}

/* Does a withdrawal end the entry? Those that do are at or after first; both lists are sorted. */
static bool is_withdrawn(const struct lease_entry *entry, const struct withdrawal *list,
	size_t first, size_t count)
{
	for (size_t i = first; i < count; i++) {
		if (lease_compare_client(list[i].address, &list[i].mac, entry->address,
			    &entry->mac) != 0) {
			return false;
		}
		bool about_self = list[i].own && entry->own != NULL;
		if (!about_self && list[i].time > entry->renewed + LEASE_SLACK) {
			return true;
		}
	}
	return false;
}

/* Takes out the entries that were withdrawn. */
static int apply_withdrawals(struct lease_work *work)
{
	CLEANUP(cleanup_free) struct withdrawal *list = NULL;
	size_t count;
	size_t at = 0;
	size_t kept = 0;
	int rc = collect_withdrawals(work, &list, &count);

	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < work->entry_count; i++) {
		const struct lease_entry *entry = &work->entries[i];

		while (at < count && lease_compare_client(list[at].address, &list[at].mac,
					     entry->address, &entry->mac) < 0) {
			at++;
		}
		if (!is_withdrawn(entry, list, at, count)) {
			work->entries[kept++] = *entry;
		} else if (entry->own != NULL) {
			add_end(work, entry->own, LEASE_END_WITHDRAWN);
		}
	}
	work->entry_count = kept;
	return 0;
}

static void group_entries(struct lease_work *work, size_t first, size_t count)
{
	struct lease_group *group = &work->groups[work->group_count++];
	const struct lease_entry *holder = &work->entries[first];

	*group = (struct lease_group){
		.address = holder->address,
		.mac = holder->mac,
		.begin = holder->begin,
		.renewed = holder->renewed,
		.name = holder->name,
		.entries = holder,
		.entry_count = count,
		.own_holds = holder->own != NULL,
	};
	for (size_t i = 0; i < count; i++) {
		const struct lease_entry *entry = &holder[i];

		group->begin = entry->begin < group->begin ? entry->begin : group->begin;
		group->expires = entry->expires > group->expires ? entry->expires : group->expires;
		group->name = group->name[0] == '\0' ? entry->name : group->name;
		group->own = entry->own != NULL ? entry->own : group->own;
		if (entry->expires < work->result->next) {
			work->result->next = entry->expires;
		}
	}
}

/* The node where the client is now goes on with the begin of the lease it came with, also when the
 * node it came from forgets it. */
static void adopt_begin(struct lease_work *work, const struct lease_group *group)
{
	struct lease_book *book = work->book;
	double begin = INFINITY;

	for (size_t i = 0; i < group->entry_count; i++) {
		const struct lease_entry *entry = &group->entries[i];

		if (entry->node != NULL && lease_clock_agrees(book, entry->node) &&
			(double)entry->begin < begin) {
			begin = (double)entry->begin;
		}
	}
	if (group->own == NULL || begin >= floor(group->own->begin + book->offset)) {
		return;
	}
	group->own->begin = begin - book->offset;
	book->store_dirty = true;
	if (book->lazy_since > work->now->boot) {
		book->lazy_since = work->now->boot;
	}
}

static void make_groups(struct lease_work *work)
{
	for (size_t first = 0; first < work->entry_count;) {
		const struct lease_entry *entry = &work->entries[first];
		size_t count = 1;

		while (first + count < work->entry_count &&
			lease_compare_client(entry[count].address, &entry[count].mac,
				entry->address, &entry->mac) == 0) {
			count++;
		}
		group_entries(work, first, count);
		adopt_begin(work, &work->groups[work->group_count - 1]);
		first += count;
	}
}

static void end_losers(struct lease_work *work)
{
	struct lease_result *result = work->result;
	const struct lease_quarrel *quarrel = result->quarrels;

	for (size_t i = 0; i < result->quarrel_count; i++, quarrel++) {
		struct lease_own *own =
			lease_own_find(work->book, quarrel->address, &quarrel->loser);
		double settled = quarrel->since + LEASE_SETTLE;

		if (own == NULL || own->imported || lease_own_is_over(own, work->now)) {
			continue;
		}
		if (settled <= work->now->boot && own->orphan) {
			/* dnsmasq has nothing to end. */
			own->expires = work->now->boot;
			lease_mark_urgent(work->book, work->now);
		} else if (settled <= work->now->boot) {
			add_end(work, own, LEASE_END_CONFLICT);
		} else if (settled < result->next) {
			result->next = settled;
		}
	}
}

static int compare_node_address(const void *left, const void *right)
{
	const struct lease_node_address *a = left;
	const struct lease_node_address *b = right;

	return lease_compare_client(a->address, a->author, b->address, b->author);
}

static void collect_node_addresses(struct lease_work *work)
{
	const struct lease_book *book = work->book;
	struct lease_node_address *list = work->node_addresses;
	uint32_t own = lease_address(&book->settings.ipv4.ip);
	size_t count = 0;
	size_t single = 0;

	if (own != 0) {
		list[count++] = (struct lease_node_address){own, &book->settings.mac};
	}
	for (size_t i = 0; i < book->node_count; i++) {
		const struct lease_node *node = &book->nodes[i];
		if (node->has_ipv4 && lease_node_is_trusted(node, work->now)) {
			list[count++] = (struct lease_node_address){node->ipv4, &node->author};
		}
	}
	qsort(list, count, sizeof(*list), compare_node_address);
	for (size_t i = 0; i < count; i++) {
		if (single == 0 || list[single - 1].address != list[i].address) {
			list[single++] = list[i];
		}
	}
	work->node_address_count = single;
}

static int work_open(struct lease_work *work)
{
	const struct lease_book *book = work->book;
	size_t room = book->own_count + book->claim_total + 1;

	work->entries = calloc(room, sizeof(*work->entries));
	work->groups = calloc(room, sizeof(*work->groups));
	work->order = calloc(room, sizeof(struct lease_group *));
	work->node_addresses = calloc(book->node_count + 1, sizeof(*work->node_addresses));
	work->result->ends = calloc(book->own_count + 1, sizeof(*work->result->ends));
	return work->entries == NULL || work->groups == NULL || work->order == NULL ||
			       work->node_addresses == NULL || work->result->ends == NULL
		       ? -ENOMEM
		       : 0;
}

static void work_close(struct lease_work *work)
{
	free(work->entries);
	free(work->groups);
	free(work->order);
	free(work->node_addresses);
}

static int resolve(struct lease_work *work)
{
	int rc = work_open(work);

	if (rc < 0) {
		return rc;
	}
	work->result->next = INFINITY;
	collect_own(work);
	for (size_t i = 0; i < work->book->node_count; i++) {
		collect_node(work, &work->book->nodes[i]);
	}
	collect_node_addresses(work);
	qsort(work->entries, work->entry_count, sizeof(*work->entries), compare_entry);
	rc = apply_withdrawals(work);
	if (rc < 0) {
		return rc;
	}
	make_groups(work);
	rc = lease_rule_apply(work);
	if (rc < 0) {
		return rc;
	}
	end_losers(work);
	rc = lease_lines_build(work);
	if (rc < 0) {
		return rc;
	}
	rc = lease_names_build(work);
	if (rc < 0) {
		return rc;
	}
	rc = lease_shown_build(work);
	return rc < 0 ? rc : lease_files_build(work->book, work->result);
}

int lease_book_resolve(struct lease_book *book, const struct lease_now *now,
	const struct lease_output **out)
{
	struct lease_result result = {0};
	struct lease_work work = {.book = book, .now = now, .result = &result};

	lease_node_forget_silent(book, now->boot);
	lease_clock_update(book, now);
	double since = book->resolve_since;
	book->resolve_since = INFINITY;
	int rc = resolve(&work);
	work_close(&work);
	if (rc < 0) {
		lease_result_free(&result);
		book->resolve_since = since;
		return rc;
	}
	lease_result_free(&book->result);
	book->result = result;
	book->resolved_at = now->boot;
	book->forget_output = false;
	*out = &book->result.output;
	return 0;
}

double lease_book_resolve_at(const struct lease_book *book)
{
	double at = book->resolve_since + LEASE_QUIET;

	at = at < book->result.next ? at : book->result.next;
	if (book->node_count > 0 && at > book->resolved_at + AT_LEAST) {
		at = book->resolved_at + AT_LEAST;
	}
	return at > book->resolved_at + AT_MOST_ONE ? at : book->resolved_at + AT_MOST_ONE;
}
