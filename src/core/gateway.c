/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/gateway.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/gateway_rank.h"

static const char *const kind_texts[] = {
	[GATEWAY_UPLINK] = "uplink",
	[GATEWAY_BMX7] = "bmx7",
	[GATEWAY_BABELD] = "babeld",
	[GATEWAY_BABELD_HOP] = "hop",
};

static const char *const rule_texts[] = {
	[GATEWAY_RULE_NONE] = "none",
	[GATEWAY_RULE_ONLY] = "only",
	[GATEWAY_RULE_USE] = "use",
	[GATEWAY_RULE_FALLBACK] = "fallback",
	[GATEWAY_RULE_STRICT] = "strict",
	[GATEWAY_RULE_PREFER] = "prefer",
	[GATEWAY_RULE_OWN] = "own",
	[GATEWAY_RULE_PRIORITY] = "priority",
	[GATEWAY_RULE_SCORE] = "score",
	[GATEWAY_RULE_HYSTERESIS] = "hysteresis",
	[GATEWAY_RULE_HOLD_DOWN] = "hold-down",
	[GATEWAY_RULE_TIE] = "tie",
	[GATEWAY_RULE_LEFT] = "left",
};
_Static_assert(ARRAY_SIZE(rule_texts) == GATEWAY_RULES, "every rule has a name");

const char *gateway_rule_text(enum gateway_rule rule)
{
	return (size_t)rule < GATEWAY_RULES ? rule_texts[rule] : "none";
}

const char *gateway_kind_text(enum gateway_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kind_texts) ? kind_texts[kind] : "unknown";
}

static void clear_challenger(struct gateway_memory *memory)
{
	memory->challenger = (struct gateway_key){0};
	memory->challenger_since = 0;
}

/* Does the entry go before the one in use only because it scores more, or as much? */
static bool is_challenger(const struct gateway_table *table, size_t index)
{
	enum gateway_rule criterion;

	return (ptrdiff_t)index < table->in_use &&
	       gateway_entry_compare(&table->entries[index], &table->entries[table->in_use],
		       &criterion) < 0 &&
	       (criterion == GATEWAY_RULE_SCORE || criterion == GATEWAY_RULE_TIE);
}

/* The challenger stays the one that came first, unless another is better than it by as much as
 * would be needed to take its place: two that are alike must not keep each other from their turn.
 * Its index is returned. */
static size_t note_challenger(const struct gateway_table *table, size_t top,
	struct gateway_memory *memory)
{
	double needed = 1 + table->question->rules->hysteresis / 100.0;

	for (size_t i = top; (ptrdiff_t)i < table->in_use; i++) {
		const struct gateway_entry *entry = &table->entries[i];
		if (gateway_key_equal(&entry->candidate->key, &memory->challenger) &&
			is_challenger(table, i) && table->entries[top].raw <= entry->raw * needed) {
			return i;
		}
	}
	memory->challenger = table->entries[top].candidate->key;
	memory->challenger_since = table->question->now;
	return top;
}

/* The first challenger may be used when one has been it for long enough. */
static ptrdiff_t pick_challenger(struct gateway_table *table, size_t top,
	struct gateway_memory *memory)
{
	size_t challenger = note_challenger(table, top, memory);
	double ready = memory->challenger_since + table->question->rules->hold_down;

	if (ready <= table->question->now) {
		return (ptrdiff_t)challenger;
	}
	table->next = ready < table->next ? ready : table->next;
	return table->in_use;
}

/* The entry that is to be used from now on; -1 = none. One that has to wait does not hold up those
 * behind it. */
static ptrdiff_t pick(struct gateway_table *table, struct gateway_memory *memory)
{
	enum gateway_rule criterion;

	if (table->in_use < 0 || !table->entries[table->in_use].rank.usable) {
		clear_challenger(memory);
		return table->usable > 0 ? 0 : -1;
	}
	for (size_t i = 0; (ptrdiff_t)i < table->in_use; i++) {
		const struct gateway_entry *entry = &table->entries[i];
		if (is_challenger(table, i)) {
			return pick_challenger(table, i, memory);
		}
		gateway_entry_compare(entry, &table->entries[table->in_use], &criterion);
		double ready = criterion == GATEWAY_RULE_PREFER
				       ? table->question->now /* the user's will is done at once */
				       : gateway_entry_returns(entry, table->question->rules);
		if (ready <= table->question->now) {
			return (ptrdiff_t)i;
		}
		table->next = ready < table->next ? ready : table->next;
	}
	clear_challenger(memory);
	return table->in_use;
}

/* Was it given up for want of health, not for a better one or by the user's will? */
static bool was_left(const struct gateway_table *table)
{
	const struct gateway_entry *entry =
		table->in_use < 0 ? NULL : &table->entries[table->in_use];

	return entry == NULL || (entry->wanted && !entry->rank.usable);
}

/* Puts the change in memory; the rule is put in when it is known. */
static struct gateway_event *note_change(const struct gateway_table *table, ptrdiff_t chosen,
	struct gateway_memory *memory)
{
	struct gateway_event *event = &memory->log[memory->log_next % GATEWAY_LOG_MAX];
	const struct gateway_candidate *candidate =
		chosen < 0 ? NULL : table->entries[chosen].candidate;

	*event = (struct gateway_event){.time = table->question->now, .from = memory->in_use};
	text_copy(event->from_name, sizeof(event->from_name), memory->in_use_name);
	if (memory->in_use.id[0] != '\0') {
		event->rule = was_left(table) ? GATEWAY_RULE_LEFT : GATEWAY_RULE_NONE;
		text_copy(event->reason, sizeof(event->reason),
			table->in_use < 0 ? "it is not offered any more"
					  : table->entries[table->in_use].rank.why_not);
	}
	memory->in_use = candidate != NULL ? candidate->key : (struct gateway_key){0};
	text_copy(memory->in_use_name, sizeof(memory->in_use_name),
		candidate != NULL ? candidate->name : "");
	event->to = memory->in_use;
	text_copy(event->to_name, sizeof(event->to_name), memory->in_use_name);
	memory->since = table->question->now;
	memory->unknown_since = 0;
	clear_challenger(memory);
	memory->log_next = (memory->log_next + 1) % GATEWAY_LOG_MAX;
	memory->changes++;
	return event;
}

static struct gateway_event *choose(struct gateway_table *table, struct gateway_memory *memory)
{
	struct gateway_event *event = NULL;

	gateway_table_build(table, memory);
	ptrdiff_t chosen = pick(table, memory);
	if (chosen != table->in_use || (chosen < 0 && memory->in_use.id[0] != '\0')) {
		event = note_change(table, chosen, memory);
		/* What is in use now has its bonus, and others may wait for it to pass. */
		gateway_table_build(table, memory);
		pick(table, memory);
	}
	if (table->in_use >= 0 && table->entries[table->in_use].candidate->name[0] != '\0') {
		text_copy(memory->in_use_name, sizeof(memory->in_use_name),
			table->entries[table->in_use].candidate->name);
	}
	return event;
}

int gateway_decide(const struct gateway_question *question, struct gateway_memory *memory,
	struct gateway_decision *decision)
{
	struct gateway_table table = {.question = question};
	CLEANUP(cleanup_free) struct gateway_entry *entries = NULL;
	CLEANUP(cleanup_free) struct gateway_rank *order = NULL;

	entries = calloc(question->count + 1, sizeof(*entries));
	order = calloc(question->count + 1, sizeof(*order));
	if (entries == NULL || order == NULL) {
		return -ENOMEM;
	}
	table.entries = entries;
	struct gateway_event *event = choose(&table, memory);
	gateway_table_plan_probes(&table);
	*decision = (struct gateway_decision){.count = table.count, .in_use = table.in_use};
	decision->next = table.next;
	decision->block = question->choice->mode == GATEWAY_LOCAL_ONLY ||
			  (question->choice->mode == GATEWAY_USE && question->choice->strict);
	gateway_explain(&table, memory, decision);
	if (event != NULL && event->rule != GATEWAY_RULE_LEFT) {
		event->rule = decision->rule;
	}
	for (size_t i = 0; i < table.count; i++) {
		order[i] = table.entries[i].rank;
	}
	decision->order = steal_ptr(order);
	return 0;
}

void gateway_decision_free(struct gateway_decision *decision)
{
	free(decision->order);
	*decision = (struct gateway_decision){.in_use = -1};
}
