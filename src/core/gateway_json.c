/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people and programs see of a decision. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/gateway_rank.h"
#include "core/json_number.h"
#include "core/json_text.h"

static json_t *rate_to_json(double rate)
{
	return json_integer(rate < 9e18 ? (json_int_t)floor(rate + 0.5) : INT64_MAX);
}

static json_t *health_to_json(const struct gateway_question *question,
	const struct gateway_candidate *candidate)
{
	if (!candidate->probed) {
		return json_null();
	}
	struct path health = candidate->health;
	path_decay(&health, question->path_rules, question->now); /* as it was decided by */
	return path_to_json(&health, question->path_rules, question->now);
}

static json_t *rank_to_json(const struct gateway_question *question,
	const struct gateway_rank *rank, bool in_use)
{
	const struct gateway_candidate *candidate = &question->candidates[rank->candidate];
	json_t *json = gateway_key_to_json(&candidate->key, candidate->name);
	CLEANUP(cleanup_json)
	json_t *more = json_pack("{s:o, s:b, s:o, s:b, s:o, s:o, s:o, s:f, s:f, s:i, s:i, s:o, "
				 "s:o}",
		"link", json_text(candidate->link), "usable", rank->usable, "why_not",
		json_text(rank->why_not), "in_use", in_use, "score", rate_to_json(rank->score),
		"path", rate_to_json((double)candidate->path), "bandwidth",
		rate_to_json((double)candidate->bandwidth), "stability",
		json_rounded(rank->stability, 1000), "preference",
		json_rounded(rank->preference, 1000), "user_class", rank->user_class, "priority",
		candidate->priority, "probe_interval", json_real(rank->probe_interval), "health",
		health_to_json(question, candidate));

	if (more == NULL || json_object_update(json, more) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *event_to_json(const struct gateway_event *event, double now, double unix_now)
{
	double age = now > event->time ? now - event->time : 0;

	return json_pack("{s:f, s:f, s:o, s:o, s:s, s:o}", "age", json_age(now, event->time),
		"time", json_rounded(unix_now - age, 1000), "from",
		gateway_key_to_json(&event->from, event->from_name), "to",
		gateway_key_to_json(&event->to, event->to_name), "rule",
		gateway_rule_text(event->rule), "reason", json_text(event->reason));
}

static json_t *in_use_to_json(const struct gateway_question *question,
	const struct gateway_decision *decision)
{
	if (decision->in_use < 0) {
		return json_null();
	}
	const struct gateway_candidate *candidate =
		&question->candidates[decision->order[decision->in_use].candidate];
	json_t *json = gateway_key_to_json(&candidate->key, candidate->name);

	json_object_set_new(json, "link", json_text(candidate->link));
	return json;
}

static json_t *candidates_to_json(const struct gateway_question *question,
	const struct gateway_decision *decision)
{
	json_t *json = json_array();

	for (size_t i = 0; i < decision->count; i++) {
		if (json_array_append_new(json, rank_to_json(question, &decision->order[i],
							(ptrdiff_t)i == decision->in_use)) < 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

static json_t *decisions_to_json(const struct gateway_memory *memory, double now, double unix_now)
{
	json_t *json = json_array();
	const struct gateway_event *event;

	for (size_t i = 0; (event = gateway_memory_event(memory, i)) != NULL; i++) {
		json_array_append_new(json, event_to_json(event, now, unix_now));
	}
	return json;
}

json_t *gateway_family_to_json(const struct gateway_question *question,
	const struct gateway_memory *memory, const struct gateway_decision *decision,
	double unix_now)
{
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:b, s:I, s:o, s:o}", "in_use",
		in_use_to_json(question, decision), "since",
		decision->in_use < 0 ? json_null()
				     : json_real(json_age(question->now, memory->since)),
		"rule", gateway_rule_text(decision->rule), "explanation",
		json_text(decision->explanation), "flip", json_text(decision->flip), "block",
		decision->block, "changes", (json_int_t)memory->changes, "candidates",
		candidates_to_json(question, decision), "decisions",
		decisions_to_json(memory, question->now, unix_now));
}
