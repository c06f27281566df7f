/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rule: an address is a node's own, or a static host's, or belongs to the lease that began
 * first, of equal ones to the lower MAC. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/lease_work.h"

/* Who has the address of a run of groups. */
struct winner {
	struct lease_side side;
	const struct lease_group *group; /* NULL: not one of them */
};

static int compare_node_address(const void *key, const void *member)
{
	const uint32_t *address = key;
	const struct lease_node_address *entry = member;

	return *address < entry->address ? -1 : *address > entry->address;
}

static const struct lease_node_address *find_node_address(const struct lease_work *work,
	uint32_t address)
{
	return bsearch(&address, work->node_addresses, work->node_address_count,
		sizeof(*work->node_addresses), compare_node_address);
}

static struct lease_side side_of(const struct lease_group *group)
{
	return (struct lease_side){
		.mac = group->mac,
		.author = *group->entries->author,
		.begin = group->begin,
	};
}

/* The groups of a run are in the order of their MACs, so that of equal begins the first wins. */
static struct winner find_winner(const struct lease_work *work, const struct lease_group *groups,
	size_t count)
{
	const struct lease_node_address *node = find_node_address(work, groups->address);
	const struct lease_host_key *host = lease_find_host(work->book, groups->address);
	struct winner winner = {.side.author = work->book->settings.mac};

	if (node != NULL) {
		winner.side.author = *node->author;
		return winner;
	}
	for (size_t i = 0; i < count; i++) {
		const struct lease_group *group = &groups[i];
		bool better = winner.group == NULL || group->begin < winner.group->begin;

		if (host != NULL ? lease_compare_mac(&host->mac, &group->mac) == 0 : better) {
			winner.group = group;
		}
	}
	if (winner.group != NULL) {
		winner.side = side_of(winner.group);
	} else if (host != NULL) {
		winner.side.mac = host->mac;
	}
	return winner;
}

static int compare_quarrel(const struct lease_quarrel *a, const struct lease_quarrel *b)
{
	int order = lease_compare_client(a->address, &a->loser, b->address, &b->loser);

	return order != 0 ? order : lease_compare_mac(&a->winner, &b->winner);
}

/* The same quarrel in the result before; at is where to go on looking. */
static const struct lease_quarrel *find_before(const struct lease_result *before, size_t *at,
	const struct lease_quarrel *quarrel)
{
	while (*at < before->quarrel_count &&
		compare_quarrel(&before->quarrels[*at], quarrel) < 0) {
		(*at)++;
	}
	return *at < before->quarrel_count && compare_quarrel(&before->quarrels[*at], quarrel) == 0
		       ? &before->quarrels[*at]
		       : NULL;
}

static void note_conflict(struct lease_work *work, const struct winner *winner,
	const struct lease_group *loser)
{
	struct lease_book *book = work->book;

	book->conflicts[book->conflict_total++ % LEASE_CONFLICTS_MAX] = (struct lease_conflict){
		.time = work->now->boot + book->offset,
		.ip = lease_ip(loser->address),
		.winner = winner->side,
		.loser = side_of(loser),
	};
}

static void decide_run(struct lease_work *work, struct lease_group *groups, size_t count,
	size_t *before)
{
	struct winner winner = find_winner(work, groups, count);
	struct lease_result *result = work->result;

	for (size_t i = 0; i < count; i++) {
		struct lease_group *group = &groups[i];

		group->contested = count > 1 || winner.group == NULL;
		group->lost = group != winner.group;
		if (!group->lost) {
			continue;
		}
		struct lease_quarrel *quarrel = &result->quarrels[result->quarrel_count++];
		*quarrel = (struct lease_quarrel){
			.address = group->address,
			.loser = group->mac,
			.winner = winner.side.mac,
			.since = work->now->boot,
		};
		const struct lease_quarrel *known =
			find_before(&work->book->result, before, quarrel);
		if (known != NULL) {
			quarrel->since = known->since;
		} else {
			note_conflict(work, &winner, group);
		}
	}
}

static int compare_client(const void *left, const void *right)
{
	const struct lease_group *a = *(struct lease_group *const *)left;
	const struct lease_group *b = *(struct lease_group *const *)right;
	int order = lease_compare_mac(&a->mac, &b->mac);

	if (order != 0) {
		return order;
	}
	if (a->renewed != b->renewed) {
		return a->renewed > b->renewed ? -1 : 1;
	}
	return a->address < b->address ? -1 : a->address > b->address;
}

/* Of several leases of one MAC the one renewed last is where the client is. */
static void find_latest(struct lease_work *work)
{
	size_t count = 0;

	for (size_t i = 0; i < work->group_count; i++) {
		if (!work->groups[i].lost) {
			work->order[count++] = &work->groups[i];
		}
	}
	qsort(work->order, count, sizeof(struct lease_group *), compare_client);
	for (size_t i = 0; i < count; i++) {
		work->order[i]->latest = i == 0 || lease_compare_mac(&work->order[i - 1]->mac,
							   &work->order[i]->mac) != 0;
	}
}

int lease_rule_apply(struct lease_work *work)
{
	size_t before = 0;

	work->result->quarrels = calloc(work->group_count + 1, sizeof(struct lease_quarrel));
	if (work->result->quarrels == NULL) {
		return -ENOMEM;
	}
	for (size_t first = 0; first < work->group_count;) {
		struct lease_group *groups = &work->groups[first];
		size_t count = 1;

		while (first + count < work->group_count &&
			groups[count].address == groups->address) {
			count++;
		}
		decide_run(work, groups, count, &before);
		first += count;
	}
	find_latest(work);
	return 0;
}
