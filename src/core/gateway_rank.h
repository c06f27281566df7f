/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The candidates of one question, judged and put in order. */
#ifndef CORE_GATEWAY_RANK_H
#define CORE_GATEWAY_RANK_H

#include "core/gateway.h"

/* Of these only the best that there is counts as usable. */
enum gateway_standing {
	GATEWAY_STANDING_NOT, /* down, or not wanted at all */
	GATEWAY_STANDING_SUPPRESSED,
	GATEWAY_STANDING_UNKNOWN,
	GATEWAY_STANDING_UP,
};

struct gateway_entry {
	struct gateway_rank rank;
	const struct gateway_candidate *candidate;
	struct path health; /* as of now; unknown when nothing probes it */
	enum gateway_standing standing;
	bool wanted; /* by the user's choice it may be used */
	bool in_use;
	/* Babel's hop-by-hop way to a node that has a tunnel too: that; else NULL. Both end at the
	 * same uplink, so that the tunnel's health is the other's too, and only it is probed. */
	const struct gateway_candidate *twin;
	double raw; /* the score without the preference */
};

struct gateway_table {
	const struct gateway_question *question;
	struct gateway_entry *entries; /* in order of preference, usable ones first */
	size_t count;
	size_t usable;    /* so many of them */
	ptrdiff_t in_use; /* -1 = none, or it is not offered any more */
	double next;      /* when the same question may have another answer; INFINITY */
};

/* Judges and orders anew, with the one in use from memory; notes in memory since when that one's
 * health is not known. table->entries has room for all candidates. */
void gateway_table_build(struct gateway_table *table, struct gateway_memory *memory);
/* Which of two usable ones goes first: below 0 = a. criterion: by what rule (PREFER, OWN, PRIORITY,
 * SCORE or TIE). */
int gateway_entry_compare(const struct gateway_entry *a, const struct gateway_entry *b,
	enum gateway_rule *criterion);
/* Fills in rank.probe_interval. */
void gateway_table_plan_probes(struct gateway_table *table);
/* When the entry may take the place of the one in use that it goes before by criterion OWN or
 * PRIORITY. */
double gateway_entry_returns(const struct gateway_entry *entry, const struct gateway_rules *rules);

/* Rule, explanation and flip of what is in use in the table now. */
void gateway_explain(const struct gateway_table *table, const struct gateway_memory *memory,
	struct gateway_decision *decision);
/* Names it for people: a hostname, a link, or the beginning of an id. */
void gateway_label(const struct gateway_candidate *candidate, char label[64]);

json_t *gateway_key_to_json(const struct gateway_key *key, const char *name);
/* The entry that is index changes ago, NULL past the oldest. */
const struct gateway_event *gateway_memory_event(const struct gateway_memory *memory, size_t index);

#endif
