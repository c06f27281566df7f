/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decisions in words. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/gateway_rank.h"

#define ID_SHOWN    12 /* characters of an id that stand for a name */
#define NUMBER_SIZE 32
#define LABEL_SIZE  80

/* What a text is made of: the one in use and the best of the others. */
struct words {
	const struct gateway_table *table;
	const struct gateway_memory *memory;
	const struct gateway_entry *used;  /* NULL = none */
	const struct gateway_entry *other; /* usable; NULL = none */
	enum gateway_rule criterion;       /* between both */
	bool other_first;
	char used_label[LABEL_SIZE];
	char other_label[LABEL_SIZE];
};

void gateway_label(const struct gateway_candidate *candidate, char label[64])
{
	if (candidate->key.kind == GATEWAY_BABELD_HOP) {
		/* Beside the same node's tunnel it has to be told apart. */
		snprintf(label, 64, "%.40s hop by hop",
			candidate->name[0] != '\0' ? candidate->name : candidate->key.id);
	} else if (candidate->key.kind != GATEWAY_UPLINK && candidate->name[0] != '\0') {
		text_copy(label, 64, candidate->name);
	} else if (candidate->key.kind == GATEWAY_UPLINK || strlen(candidate->key.id) <= 17) {
		text_copy(label, 64, candidate->key.id);
	} else {
		text_copy(label, ID_SHOWN + 1, candidate->key.id);
	}
}

static void say(char text[GATEWAY_TEXT_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds to the text; what does not fit is cut between characters. */
static void say(char text[GATEWAY_TEXT_SIZE], const char *format, ...)
{
	char all[2 * GATEWAY_TEXT_SIZE];
	size_t length = strlen(text);
	va_list list;

	memcpy(all, text, length);
	va_start(list, format);
	vsnprintf(all + length, sizeof(all) - length, format, list);
	va_end(list);
	all[text_cut(all, GATEWAY_TEXT_SIZE - 1)] = '\0';
	text_copy(text, GATEWAY_TEXT_SIZE, all);
}

static const char *rate_text(double rate, char text[NUMBER_SIZE])
{
	static const char *const units[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
	size_t unit = 0;

	while (rate >= 999.5 && unit + 1 < ARRAY_SIZE(units)) {
		rate /= 1000;
		unit++;
	}
	snprintf(text, NUMBER_SIZE, rate < 9.95 && unit > 0 ? "%.1f %s" : "%.0f %s", rate,
		units[unit]);
	return text;
}

static const char *time_text(double seconds, char text[NUMBER_SIZE])
{
	if (seconds < 120) {
		snprintf(text, NUMBER_SIZE, "%.0f s", ceil(seconds > 0 ? seconds : 0));
	} else if (seconds < 7200) {
		snprintf(text, NUMBER_SIZE, "%.0f min", ceil(seconds / 60));
	} else {
		snprintf(text, NUMBER_SIZE, "%.1f h", seconds / 3600);
	}
	return text;
}

/* By how much more a is than b. */
static const char *percent_text(double a, double b, char text[NUMBER_SIZE])
{
	double percent = b > 0 ? (a / b - 1) * 100 : 0;

	snprintf(text, NUMBER_SIZE, percent < 9.95 ? "%.1f %%" : "%.0f %%", percent);
	return text;
}

static void find_other(struct words *words)
{
	const struct gateway_table *table = words->table;
	size_t other = table->in_use == 0 ? 1 : 0;

	if (words->used == NULL || other >= table->usable) {
		return;
	}
	words->other = &table->entries[other];
	words->other_first =
		gateway_entry_compare(words->other, words->used, &words->criterion) < 0;
	/* Of those that only score more, the one whose turn is next. */
	for (size_t i = other; words->other_first && (ptrdiff_t)i < table->in_use; i++) {
		if ((words->criterion == GATEWAY_RULE_SCORE ||
			    words->criterion == GATEWAY_RULE_TIE) &&
			gateway_key_equal(&table->entries[i].candidate->key,
				&words->memory->challenger)) {
			words->other = &table->entries[i];
		}
	}
}

/* A node can be there twice, by both protocols. */
static void write_labels(struct words *words)
{
	static const char *const ways[] = {
		[GATEWAY_UPLINK] = "",
		[GATEWAY_BMX7] = " by bmx7",
		[GATEWAY_BABELD] = " by babeld",
		[GATEWAY_BABELD_HOP] = " hop by hop",
	};

	if (words->used != NULL) {
		gateway_label(words->used->candidate, words->used_label);
	}
	if (words->other == NULL) {
		return;
	}
	gateway_label(words->other->candidate, words->other_label);
	if (strcmp(words->used_label, words->other_label) == 0) {
		size_t length = strlen(words->used_label);
		text_copy(words->used_label + length, LABEL_SIZE - length,
			ways[words->used->candidate->key.kind]);
		text_copy(words->other_label + length, LABEL_SIZE - length,
			ways[words->other->candidate->key.kind]);
	}
}

static enum gateway_rule compare_rule(const struct words *words)
{
	if (words->other_first) {
		return GATEWAY_RULE_HOLD_DOWN;
	}
	if (words->criterion != GATEWAY_RULE_SCORE && words->criterion != GATEWAY_RULE_TIE) {
		return words->criterion;
	}
	if (words->used->raw < words->other->raw) {
		return GATEWAY_RULE_HYSTERESIS;
	}
	return words->used->raw > words->other->raw ? GATEWAY_RULE_SCORE : GATEWAY_RULE_TIE;
}

static enum gateway_rule find_rule(const struct words *words)
{
	const struct gateway_choice *choice = words->table->question->choice;

	if (words->used == NULL) {
		return choice->mode == GATEWAY_USE && choice->strict ? GATEWAY_RULE_STRICT
								     : GATEWAY_RULE_NONE;
	}
	if (choice->mode == GATEWAY_USE) {
		return words->used->rank.user_class == 2 ? GATEWAY_RULE_USE : GATEWAY_RULE_FALLBACK;
	}
	return words->other == NULL ? GATEWAY_RULE_ONLY : compare_rule(words);
}

/* What is wrong with the one that the user named. */
static const char *why_not_named(const struct words *words)
{
	for (size_t i = 0; i < words->table->count; i++) {
		if (words->table->entries[i].rank.user_class == 2) {
			return words->table->entries[i].rank.why_not;
		}
	}
	return "no such gateway is offered";
}

static void explain_none(const struct words *words, enum gateway_rule rule,
	struct gateway_decision *decision)
{
	const struct gateway_choice *choice = words->table->question->choice;

	if (rule == GATEWAY_RULE_STRICT) {
		say(decision->explanation, "%s is not usable (%s), and no other is wanted (strict)",
			choice->use, why_not_named(words));
		say(decision->flip, "%s to become usable, or another choice", choice->use);
		return;
	}
	bool local = choice->mode == GATEWAY_LOCAL_ONLY;
	if (words->table->count == 0) {
		say(decision->explanation,
			"there is no uplink, and no node of the mesh offers a gateway");
	} else if (local) {
		say(decision->explanation,
			"no uplink of this node is usable, and no other way is wanted "
			"(local-only)");
	} else {
		/* Unusable ones stand in order of preference, too. */
		char label[64];
		gateway_label(words->table->entries[0].candidate, label);
		say(decision->explanation, "none of %zu is usable; the first, %s: %s",
			words->table->count, label, words->table->entries[0].rank.why_not);
	}
	say(decision->flip, local ? "an uplink of this node that works, or another choice"
				  : "any way that works is taken at once");
}

/* The user named one. */
static void explain_use(const struct words *words, enum gateway_rule rule,
	struct gateway_decision *decision)
{
	const struct gateway_choice *choice = words->table->question->choice;

	if (rule == GATEWAY_RULE_FALLBACK) {
		say(decision->explanation, "%s is to be used but is not usable (%s); %s stands in",
			choice->use, why_not_named(words), words->used_label);
		say(decision->flip, "%s to become usable, or %s to fail", choice->use,
			words->used_label);
		return;
	}
	say(decision->explanation, "%s: the user's choice", words->used_label);
	if (words->used->candidate->key.kind == GATEWAY_BABELD_HOP) {
		say(decision->explanation,
			", which cannot be held to: it offers no tunnel, so each node on the way "
			"decides anew where packets go");
	}
	say(decision->flip, "another choice, or %s to fail: then %s", words->used_label,
		choice->strict ? "there is no way out (strict)" : "the best of the others");
}

/* The user, ownership or priority put it first. */
static void explain_class(const struct words *words, enum gateway_rule rule,
	struct gateway_decision *decision)
{
	const struct gateway_candidate *used = words->used->candidate;

	if (rule == GATEWAY_RULE_PREFER) {
		say(decision->explanation,
			words->used->rank.user_class > 0
				? "%s: the user prefers it"
				: "%s: the user wants the others to be avoided",
			words->used_label);
		say(decision->flip, "another choice, or %s to fail: then %s", words->used_label,
			words->other_label);
		return;
	}
	if (rule == GATEWAY_RULE_OWN) {
		say(decision->explanation,
			"%s: an uplink of its own goes before gateways of the mesh",
			words->used_label);
	} else {
		say(decision->explanation, "%s: its priority %d goes before %s's %d",
			words->used_label, used->priority, words->other_label,
			words->other->candidate->priority);
	}
	say(decision->flip, "%s to fail: then %s", words->used_label, words->other_label);
}

/* What the other would have to reach, and what else would change it. */
static void flip_score(const struct words *words, struct gateway_decision *decision)
{
	const struct gateway_rules *rules = words->table->question->rules;
	char rate[NUMBER_SIZE];
	char hold[NUMBER_SIZE];

	say(decision->flip, "%s would have to reach more than %s for %s, or %s to fail",
		words->other_label, rate_text(words->used->rank.score, rate),
		time_text(rules->hold_down, hold), words->used_label);
}

static void explain_score(const struct words *words, enum gateway_rule rule,
	struct gateway_decision *decision)
{
	const struct gateway_entry *used = words->used;
	const struct gateway_entry *other = words->other;
	char used_rate[NUMBER_SIZE];
	char other_rate[NUMBER_SIZE];
	char percent[NUMBER_SIZE];

	rate_text(used->raw, used_rate);
	rate_text(other->raw, other_rate);
	if (rule == GATEWAY_RULE_SCORE) {
		say(decision->explanation, "%s scores %s, %s more than %s (%s)", words->used_label,
			used_rate, percent_text(used->raw, other->raw, percent), words->other_label,
			other_rate);
	} else if (rule == GATEWAY_RULE_HYSTERESIS) {
		say(decision->explanation,
			"%s scores %s, %s better than %s (%s), but more than "
			"%u %% are needed to change",
			words->other_label, other_rate,
			percent_text(other->raw, used->raw, percent), words->used_label, used_rate,
			words->table->question->rules->hysteresis);
	} else {
		say(decision->explanation, "%s and %s score the same, %s; the one in use stays",
			words->used_label, words->other_label, used_rate);
	}
	flip_score(words, decision);
}

static void explain_wait(const struct words *words, struct gateway_decision *decision)
{
	const struct gateway_question *question = words->table->question;
	const struct gateway_rules *rules = question->rules;
	const struct gateway_entry *other = words->other;
	double since = words->memory->challenger_since;
	double until = since + rules->hold_down;
	char rate[NUMBER_SIZE];
	char part[NUMBER_SIZE];
	char whole[NUMBER_SIZE];
	char left[NUMBER_SIZE];

	if (words->criterion == GATEWAY_RULE_SCORE || words->criterion == GATEWAY_RULE_TIE) {
		say(decision->explanation,
			"%s scores %s, %s better than %s, but for %s only; %s "
			"are needed to change",
			words->other_label, rate_text(other->raw, rate),
			percent_text(other->raw, words->used->raw, part), words->used_label,
			time_text(question->now - since, left), time_text(rules->hold_down, whole));
		say(decision->flip, "in %s, if %s stays better by more than %u %%, or %s to fail",
			time_text(until - question->now, left), words->other_label,
			rules->hysteresis, words->used_label);
		return;
	}
	until = gateway_entry_returns(other, rules);
	if (!isfinite(until)) {
		say(decision->explanation, "%s would go first, but it is not known to work yet",
			words->other_label);
		say(decision->flip, "%s to be up for %s, or %s to fail", words->other_label,
			time_text(rules->return_after, whole), words->used_label);
		return;
	}
	say(decision->explanation,
		"%s would go first, but it is up for %s only; %s are needed to "
		"return to it",
		words->other_label, time_text(question->now - other->health.since, part),
		time_text(rules->return_after, whole));
	say(decision->flip, "in %s, if %s stays up, or %s to fail",
		time_text(until - question->now, left), words->other_label, words->used_label);
}

/* That it is used though its health speaks against it. */
static void explain_health(const struct words *words, struct gateway_decision *decision)
{
	if (words->used->standing == GATEWAY_STANDING_SUPPRESSED) {
		say(decision->explanation,
			"; it fails too often, but one that comes and goes is better than none");
	} else if (words->used->standing == GATEWAY_STANDING_UNKNOWN) {
		say(decision->explanation, "; not known to work yet");
	}
}

/* Who would go before it, if it only could. */
static void explain_absent(const struct words *words, struct gateway_decision *decision)
{
	const struct gateway_table *table = words->table;
	const struct gateway_entry *first = NULL;
	enum gateway_rule criterion;
	char label[64];

	for (size_t i = table->usable; i < table->count; i++) {
		const struct gateway_entry *entry = &table->entries[i];
		const struct gateway_entry *before = first != NULL ? first : words->used;
		if (entry->wanted && gateway_entry_compare(entry, before, &criterion) < 0) {
			first = entry;
		}
	}
	if (first != NULL) {
		gateway_label(first->candidate, label);
		say(decision->explanation, "; %s would go first, but: %s", label,
			first->rank.why_not);
	}
}

void gateway_explain(const struct gateway_table *table, const struct gateway_memory *memory,
	struct gateway_decision *decision)
{
	struct words words = {.table = table, .memory = memory};

	words.used = table->in_use < 0 ? NULL : &table->entries[table->in_use];
	find_other(&words);
	write_labels(&words);
	enum gateway_rule rule = find_rule(&words);
	decision->rule = rule;
	if (words.used == NULL) {
		explain_none(&words, rule, decision);
		return;
	}
	if (rule == GATEWAY_RULE_USE || rule == GATEWAY_RULE_FALLBACK) {
		explain_use(&words, rule, decision);
	} else if (rule == GATEWAY_RULE_ONLY) {
		say(decision->explanation, "%s is the only usable one of %zu", words.used_label,
			table->count);
		say(decision->flip, "%s to fail, or another to become usable and better",
			words.used_label);
	} else if (rule == GATEWAY_RULE_HOLD_DOWN) {
		explain_wait(&words, decision);
	} else if (rule == GATEWAY_RULE_SCORE || rule == GATEWAY_RULE_HYSTERESIS ||
		   rule == GATEWAY_RULE_TIE) {
		explain_score(&words, rule, decision);
	} else {
		explain_class(&words, rule, decision);
	}
	explain_health(&words, decision);
	if (rule != GATEWAY_RULE_FALLBACK) {
		explain_absent(&words, decision);
	}
}
