/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each candidate is worth, and which goes before which. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/gateway_rank.h"

#define SCORE_UNKNOWN    1e6 /* bit/s, when neither path nor bandwidth is known */
#define PENALTY_SCALE    1e3 /* a penalty of so much halves the score; see struct path_rules */
#define UNKNOWN_PATIENCE 30  /* seconds that the one in use may be without a verdict */

bool gateway_key_equal(const struct gateway_key *a, const struct gateway_key *b)
{
	return a->kind == b->kind && strcmp(a->id, b->id) == 0;
}

static int compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

/* The router id that babeld makes of a MAC: its EUI-64, aa:bb:cc:ff:fe:dd:ee:ff with or without the
 * bit turned that says "made locally". */
static bool is_router_of(const char *router, const char *mac_text)
{
	struct mac mac;
	char other[24];

	if (mac_parse(mac_text, &mac) < 0) {
		return false;
	}
	const uint8_t *bytes = mac.bytes;
	for (unsigned int turn = 0; turn <= 2; turn += 2) {
		snprintf(other, sizeof(other), "%02x:%02x:%02x:ff:fe:%02x:%02x:%02x",
			bytes[0] ^ turn, bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
		if (strcasecmp(router, other) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_same_node(const struct gateway_candidate *hop, const struct gateway_candidate *other)
{
	/* A router id of ours begins with the MAC (routing/babeld_file.h). */
	return (hop->name[0] != '\0' && strcasecmp(hop->name, other->name) == 0) ||
	       strncasecmp(hop->key.id, other->key.id, strlen(other->key.id)) == 0 ||
	       is_router_of(hop->key.id, other->key.id);
}

static int compare_keys(const struct gateway_key *a, const struct gateway_key *b)
{
	return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->id, b->id);
}

/* NULL when the node that a hop-by-hop way leads to has no tunnel. */
static const struct gateway_candidate *find_twin(const struct gateway_question *question,
	const struct gateway_candidate *hop)
{
	const struct gateway_candidate *twin = NULL;

	for (size_t i = 0; i < question->count; i++) {
		const struct gateway_candidate *other = &question->candidates[i];
		if ((other->key.kind == GATEWAY_BMX7 || other->key.kind == GATEWAY_BABELD) &&
			is_same_node(hop, other) &&
			(twin == NULL || compare_keys(&other->key, &twin->key) < 0)) {
			twin = other; /* whatever their order */
		}
	}
	return twin;
}

static bool is_named(const char names[][64], size_t count,
	const struct gateway_candidate *candidate)
{
	for (size_t i = 0; i < count && i < GATEWAY_NAMES_MAX; i++) {
		if (gateway_name_matches(names[i], candidate)) {
			return true;
		}
	}
	return false;
}

static int user_class(const struct gateway_choice *choice,
	const struct gateway_candidate *candidate)
{
	if (choice->mode == GATEWAY_USE && gateway_name_matches(choice->use, candidate)) {
		return 2;
	}
	if (is_named(choice->prefer, choice->prefer_count, candidate)) {
		return 1;
	}
	return is_named(choice->avoid, choice->avoid_count, candidate) ? -1 : 0;
}

static bool is_wanted(const struct gateway_choice *choice, struct gateway_entry *entry)
{
	char *why_not = entry->rank.why_not;
	size_t size = sizeof(entry->rank.why_not);

	if (choice->mode == GATEWAY_LOCAL_ONLY && entry->candidate->key.kind != GATEWAY_UPLINK) {
		text_copy(why_not, size, "only uplinks of this node are wanted (local-only)");
		return false;
	}
	if (choice->mode == GATEWAY_USE && choice->strict && entry->rank.user_class != 2) {
		snprintf(why_not, size, "only %s is wanted (strict)", choice->use);
		return false;
	}
	return true;
}

static void rate(struct gateway_entry *entry, const struct gateway_question *question)
{
	const struct gateway_candidate *candidate = entry->candidate;
	double scale = question->path_rules->penalty;
	double least = SCORE_UNKNOWN;

	if (candidate->path > 0 && candidate->bandwidth > 0) {
		least = candidate->path < candidate->bandwidth ? (double)candidate->path
							       : (double)candidate->bandwidth;
	} else if (candidate->path > 0 || candidate->bandwidth > 0) {
		least = (double)(candidate->path | candidate->bandwidth);
	}
	entry->rank.stability =
		1 / (1 + path_penalty(&entry->health, question->path_rules, question->now) /
				    (scale > 0 ? scale : PENALTY_SCALE));
	/* Who has to ask other nodes for the way gives it up lightly for a tunnel to the same. */
	entry->rank.preference =
		entry->in_use && entry->twin == NULL ? 1 + question->rules->hysteresis / 100.0 : 1;
	entry->raw = least * entry->rank.stability;
	entry->rank.score = entry->raw * entry->rank.preference;
}

static bool is_unprobed_hop(const struct gateway_entry *entry)
{
	return entry->candidate->key.kind == GATEWAY_BABELD_HOP && entry->twin == NULL &&
	       !entry->candidate->probed;
}

static enum gateway_standing standing_of(const struct gateway_entry *entry)
{
	if (!entry->wanted || entry->health.health == PATH_DOWN) {
		return GATEWAY_STANDING_NOT;
	}
	if (entry->health.health == PATH_UNKNOWN) {
		/* The user names a hop-by-hop way, and nothing will ever tell more of it. */
		return entry->rank.user_class == 2 && is_unprobed_hop(entry)
			       ? GATEWAY_STANDING_UP
			       : GATEWAY_STANDING_UNKNOWN;
	}
	return entry->health.suppressed ? GATEWAY_STANDING_SUPPRESSED : GATEWAY_STANDING_UP;
}

static void earlier(double *next, double time, double now)
{
	if (time > now && time < *next) {
		*next = time;
	}
}

static void judge(struct gateway_table *table, struct gateway_entry *entry)
{
	const struct gateway_question *question = table->question;
	const struct gateway_candidate *candidate = entry->candidate;

	if (candidate->key.kind == GATEWAY_BABELD_HOP) {
		entry->twin = find_twin(question, candidate);
	}
	if (entry->twin != NULL) {
		candidate = entry->twin;
	}
	if (candidate->probed) {
		/* Who asks need not have ended a suppression that is over. */
		entry->health = candidate->health;
		path_decay(&entry->health, question->path_rules, question->now);
		earlier(&table->next, path_next_decay(&entry->health, question->path_rules),
			question->now);
	}
	entry->rank.user_class = user_class(question->choice, entry->candidate);
	entry->wanted = is_wanted(question->choice, entry);
	entry->standing = standing_of(entry);
	rate(entry, question);
}

/* A verdict on the one in use is waited for, so that a restart of this daemon moves nobody. Of a
 * hop-by-hop way that nothing probes there will never be one. */
static bool is_waited_for(struct gateway_table *table, const struct gateway_entry *entry,
	struct gateway_memory *memory)
{
	double now = table->question->now;

	if (entry->health.health != PATH_UNKNOWN) {
		memory->unknown_since = 0;
		return false;
	}
	if (memory->unknown_since <= 0) {
		memory->unknown_since = now;
	}
	if (is_unprobed_hop(entry)) {
		return false;
	}
	earlier(&table->next, memory->unknown_since + UNKNOWN_PATIENCE, now);
	return entry->wanted && now < memory->unknown_since + UNKNOWN_PATIENCE;
}

static void say_why_not(const struct gateway_question *question, struct gateway_entry *entry)
{
	struct gateway_rank *rank = &entry->rank;
	const struct path *health = &entry->health;
	const char *reason = health->last.reason;

	if (rank->why_not[0] != '\0') {
		return;
	}
	if (health->health == PATH_DOWN) {
		/* The reason may be as long as the text. */
		snprintf(rank->why_not, sizeof(rank->why_not), "down%s%.110s",
			reason[0] != '\0' ? ": " : "", reason);
	} else if (health->health == PATH_UNKNOWN) {
		text_copy(rank->why_not, sizeof(rank->why_not),
			entry->candidate->probed ? "no verdict of its probes yet"
						 : "it was not probed yet");
	} else {
		double until = path_next_decay(health, question->path_rules) - question->now;
		snprintf(rank->why_not, sizeof(rank->why_not),
			"it failed too often: its penalty of %.0f is small enough in %.0f s",
			path_penalty(health, question->path_rules, question->now), ceil(until));
	}
}

int gateway_entry_compare(const struct gateway_entry *a, const struct gateway_entry *b,
	enum gateway_rule *criterion)
{
	bool a_own = a->candidate->key.kind == GATEWAY_UPLINK;
	bool b_own = b->candidate->key.kind == GATEWAY_UPLINK;
	bool a_hop = a->candidate->key.kind == GATEWAY_BABELD_HOP;
	bool b_hop = b->candidate->key.kind == GATEWAY_BABELD_HOP;

	*criterion = GATEWAY_RULE_PREFER;
	if (a->rank.user_class != b->rank.user_class) {
		return a->rank.user_class > b->rank.user_class ? -1 : 1;
	}
	if (a->rank.user_class == 2 && a_hop != b_hop) {
		return b_hop ? -1 : 1; /* it cannot be held at what the user named */
	}
	*criterion = GATEWAY_RULE_OWN;
	if (a_own != b_own) {
		return a_own ? -1 : 1;
	}
	*criterion = GATEWAY_RULE_PRIORITY;
	if (a_own && a->candidate->priority != b->candidate->priority) {
		return a->candidate->priority < b->candidate->priority ? -1 : 1;
	}
	*criterion = GATEWAY_RULE_SCORE;
	int order = compare_numbers(b->rank.score, a->rank.score);
	if (order != 0) {
		return order;
	}
	*criterion = GATEWAY_RULE_TIE;
	if ((a->twin != NULL) != (b->twin != NULL)) {
		return b->twin != NULL ? -1 : 1;
	}
	if (a->in_use != b->in_use) {
		return a->in_use ? -1 : 1;
	}
	return compare_keys(&a->candidate->key, &b->candidate->key);
}

/* For qsort: usable ones first, then those that are nearer to it. */
static int compare_entries(const void *left, const void *right)
{
	const struct gateway_entry *a = left;
	const struct gateway_entry *b = right;
	enum gateway_rule criterion;

	if (a->rank.usable != b->rank.usable) {
		return a->rank.usable ? -1 : 1;
	}
	if (!a->rank.usable && a->standing != b->standing) {
		return a->standing > b->standing ? -1 : 1;
	}
	int order = gateway_entry_compare(a, b, &criterion);
	return order != 0 ? order
			  : compare_numbers((double)a->rank.candidate, (double)b->rank.candidate);
}

static void mark_usable(struct gateway_table *table, struct gateway_memory *memory)
{
	enum gateway_standing best = GATEWAY_STANDING_NOT;

	for (size_t i = 0; i < table->count; i++) {
		best = table->entries[i].standing > best ? table->entries[i].standing : best;
	}
	for (size_t i = 0; i < table->count; i++) {
		struct gateway_entry *entry = &table->entries[i];
		bool waited_for = entry->in_use && is_waited_for(table, entry, memory);
		entry->rank.usable = entry->standing > GATEWAY_STANDING_NOT &&
				     (entry->standing == best || waited_for);
		table->usable += entry->rank.usable;
		if (!entry->rank.usable) {
			say_why_not(table->question, entry);
		}
	}
}

void gateway_table_build(struct gateway_table *table, struct gateway_memory *memory)
{
	const struct gateway_question *question = table->question;
	bool found = false;

	table->count = question->count;
	table->usable = 0;
	table->in_use = -1;
	table->next = INFINITY;
	for (size_t i = 0; i < table->count; i++) {
		struct gateway_entry *entry = &table->entries[i];
		*entry = (struct gateway_entry){.candidate = &question->candidates[i]};
		entry->rank.candidate = i;
		entry->in_use = !found && memory->in_use.id[0] != '\0' &&
				gateway_key_equal(&entry->candidate->key, &memory->in_use);
		found |= entry->in_use;
		judge(table, entry);
	}
	mark_usable(table, memory);
	qsort(table->entries, table->count, sizeof(*table->entries), compare_entries);
	for (size_t i = 0; i < table->count; i++) {
		if (table->entries[i].in_use) {
			table->in_use = (ptrdiff_t)i;
		}
	}
	if (table->in_use < 0) {
		memory->unknown_since = 0;
	}
}

double gateway_entry_returns(const struct gateway_entry *entry, const struct gateway_rules *rules)
{
	bool is_up = entry->health.health == PATH_UP || entry->health.health == PATH_DOUBTFUL;

	return is_up ? entry->health.since + rules->return_after : INFINITY;
}
