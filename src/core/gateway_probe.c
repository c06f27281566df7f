/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ways through the mesh are worth the traffic of probes: the one in use, so that its death is
 * seen soon; the next best, so that it is known to work when it is needed; and what would be taken
 * if it only worked. */
#include "core/gateway_rank.h"

#define PROBED_MAX 4

static bool is_mesh(const struct gateway_entry *entry)
{
	return entry->wanted && entry->twin == NULL && entry->candidate->key.kind != GATEWAY_UPLINK;
}

static bool is_known_good(const struct gateway_entry *entry)
{
	return entry->rank.usable && entry->standing == GATEWAY_STANDING_UP;
}

/* While no second good way is known, those come first that may turn out to be one: to begin with,
 * the ones that are at it. */
static int search_order(const struct gateway_entry *entry)
{
	if (entry->health.health != PATH_UNKNOWN) {
		return 2;
	}
	return entry->candidate->probed ? 0 : 1;
}

/* The best of those that get none yet, as if all were well. NULL when there is none. */
static struct gateway_entry *best_left(struct gateway_table *table, bool searching)
{
	struct gateway_entry *best = NULL;
	enum gateway_rule criterion;

	for (size_t i = 0; i < table->count; i++) {
		struct gateway_entry *entry = &table->entries[i];
		if (!is_mesh(entry) || entry->rank.probe_interval > 0) {
			continue;
		}
		int order =
			best == NULL || !searching ? 0 : search_order(entry) - search_order(best);
		if (best == NULL || order < 0 ||
			(order == 0 && gateway_entry_compare(entry, best, &criterion) < 0)) {
			best = entry;
		}
	}
	return best;
}

/* What the user named, also when it is dead: so that it is taken again when it lives. */
static struct gateway_entry *named(struct gateway_table *table)
{
	struct gateway_entry *best = NULL;
	enum gateway_rule criterion;

	for (size_t i = 0; i < table->count; i++) {
		struct gateway_entry *entry = &table->entries[i];
		if (is_mesh(entry) && entry->rank.user_class == 2 &&
			(best == NULL || gateway_entry_compare(entry, best, &criterion) < 0)) {
			best = entry;
		}
	}
	return best;
}

/* Whose health is that of the one in use: it or its twin. */
static struct gateway_entry *probed_in_use(struct gateway_table *table)
{
	struct gateway_entry *entry = table->in_use >= 0 ? &table->entries[table->in_use] : NULL;

	for (size_t i = 0; entry != NULL && entry->twin != NULL && i < table->count; i++) {
		if (table->entries[i].candidate == entry->twin) {
			return &table->entries[i];
		}
	}
	return entry;
}

static struct gateway_entry *next_best(struct gateway_table *table)
{
	for (size_t i = 0; i < table->usable; i++) {
		struct gateway_entry *entry = &table->entries[i];
		if (entry != probed_in_use(table) && is_mesh(entry) && is_known_good(entry)) {
			return entry;
		}
	}
	return NULL;
}

void gateway_table_plan_probes(struct gateway_table *table)
{
	const struct gateway_question *question = table->question;
	double seldom = question->rules->probe_next;
	struct gateway_entry *entry = named(table);
	unsigned int count = 0;

	if (entry != NULL) {
		entry->rank.probe_interval = seldom;
		count++;
	}
	entry = probed_in_use(table);
	if (entry != NULL && is_mesh(entry)) {
		count += entry->rank.probe_interval == 0;
		entry->rank.probe_interval = question->path_rules->interval;
	}
	entry = next_best(table);
	bool searching = entry == NULL;
	if (entry != NULL) {
		count += entry->rank.probe_interval == 0;
		entry->rank.probe_interval = seldom;
	}
	while (count < PROBED_MAX && seldom > 0 && (entry = best_left(table, searching)) != NULL) {
		entry->rank.probe_interval = seldom;
		count++;
	}
}
