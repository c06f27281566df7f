/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/json_number.h"
#include "core/json_text.h"
#include "core/path.h"

#define AGE_MAX     1e9 /* seconds; more is no age */
#define PENALTY_MAX 1e6
#define RTT_MAX     3600.0

static json_t *counts_to_json(const uint8_t counts[PROBE_KINDS])
{
	json_t *json = json_object();

	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		json_object_set_new(json, probe_kind_text((enum probe_kind)kind),
			json_integer(counts[kind]));
	}
	return json;
}

json_t *path_to_json(const struct path *path, const struct path_rules *rules, double now)
{
	const struct probe_round *last = &path->last;
	bool asked = path->good > 0 || path->bad > 0;

	return json_pack("{s:s, s:b, s:f, s:f, s:I, s:I, s:I, s:f, s:o, s:b, s:o, s:o, s:o}",
		"health", path_health_text(path->health), "suppressed", path->suppressed, "penalty",
		json_rounded(path_penalty(path, rules, now), 10), "since",
		json_age(now, path->since), "changes", (json_int_t)path->changes, "good",
		(json_int_t)path->good, "bad", (json_int_t)path->bad, "rtt",
		json_rounded(last->rtt, 1e6), "reason", json_text(last->reason), "captive",
		last->captive, "age", asked ? json_real(json_age(now, last->time)) : json_null(),
		"asked", counts_to_json(last->asked), "answered", counts_to_json(last->answered));
}

static bool read_number(const json_t *json, double max, double *value)
{
	double number = json_number_value(json);

	if (!json_is_number(json) || !(number >= 0 && number <= max)) {
		return false;
	}
	*value = number;
	return true;
}

/* May be absent. */
static bool read_count(const json_t *json, unsigned int *count)
{
	json_int_t number = json_integer_value(json);

	if (json == NULL) {
		return true;
	}
	if (!json_is_integer(json) || number < 0 || number > UINT_MAX) {
		return false;
	}
	*count = (unsigned int)number;
	return true;
}

static bool read_bool(const json_t *json, bool *value)
{
	*value = json_is_true(json);
	return json_is_boolean(json);
}

static bool read_health(const json_t *json, enum path_health *health)
{
	const char *text = json_string_value(json);

	for (int i = PATH_UNKNOWN; text != NULL && i <= PATH_DOWN; i++) {
		if (strcmp(text, path_health_text((enum path_health)i)) == 0) {
			*health = (enum path_health)i;
			return true;
		}
	}
	return false;
}

static bool read_counts(const json_t *json, uint8_t counts[PROBE_KINDS])
{
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		unsigned int count = 0;
		if (!read_count(json_object_get(json, probe_kind_text((enum probe_kind)kind)),
			    &count) ||
			count > UINT8_MAX) {
			return false;
		}
		counts[kind] = (uint8_t)count;
	}
	return json_is_object(json);
}

/* age: of the round; the default when there was none. */
static bool read_round(const json_t *json, struct probe_round *round, double *age)
{
	const json_t *reason = json_object_get(json, "reason");
	const json_t *age_json = json_object_get(json, "age");

	if (!json_is_string(reason) ||
		strlen(json_string_value(reason)) != json_string_length(reason) ||
		json_string_length(reason) >= sizeof(round->reason)) {
		return false;
	}
	text_copy(round->reason, sizeof(round->reason), json_string_value(reason));
	return (json_is_null(age_json) || read_number(age_json, AGE_MAX, age)) &&
	       read_number(json_object_get(json, "rtt"), RTT_MAX, &round->rtt) &&
	       read_bool(json_object_get(json, "captive"), &round->captive) &&
	       read_counts(json_object_get(json, "asked"), round->asked) &&
	       read_counts(json_object_get(json, "answered"), round->answered);
}

bool path_from_json(const json_t *json, const struct path_rules *rules, double now,
	struct path *path)
{
	struct path read = {.penalty_time = now};
	double since = 0;
	double age = -1;

	if (!json_is_object(json) || !read_health(json_object_get(json, "health"), &read.health) ||
		!read_bool(json_object_get(json, "suppressed"), &read.suppressed) ||
		!read_number(json_object_get(json, "penalty"), PENALTY_MAX, &read.penalty) ||
		!read_number(json_object_get(json, "since"), AGE_MAX, &since) ||
		!read_count(json_object_get(json, "changes"), &read.changes) ||
		!read_count(json_object_get(json, "good"), &read.good) ||
		!read_count(json_object_get(json, "bad"), &read.bad) ||
		!read_round(json, &read.last, &age) || (read.good > 0 && read.bad > 0)) {
		return false;
	}
	bool asked = read.good > 0 || read.bad > 0;
	if (asked != (age >= 0) || (!asked && read.health != PATH_UNKNOWN)) {
		return false;
	}
	read.since = now - since;
	if (asked) {
		read.last.time = now - age;
		read.last.good = read.good > 0;
	}
	path_decay(&read, rules, now);
	*path = read;
	return true;
}
