/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is remembered, over restarts too. */
#include <string.h>

#include "core/gateway_rank.h"
#include "core/json_number.h"
#include "core/json_text.h"

#define AGE_MAX     1e9 /* seconds; more is no age */
#define CHANGES_MAX (INT64_C(1) << 53)

const struct gateway_event *gateway_memory_event(const struct gateway_memory *memory, size_t index)
{
	if (index >= GATEWAY_LOG_MAX) {
		return NULL;
	}
	size_t place = (memory->log_next + GATEWAY_LOG_MAX - 1 - index) % GATEWAY_LOG_MAX;
	const struct gateway_event *event = &memory->log[place];

	return event->from.id[0] != '\0' || event->to.id[0] != '\0' ? event : NULL;
}

json_t *gateway_key_to_json(const struct gateway_key *key, const char *name)
{
	if (key->id[0] == '\0') {
		return json_null();
	}
	return json_pack("{s:s, s:o, s:o}", "kind", gateway_kind_text(key->kind), "id",
		json_text(key->id), "name", json_text(name));
}

static json_t *event_to_json(const struct gateway_event *event, double now)
{
	return json_pack("{s:f, s:o, s:o, s:s, s:o}", "age", json_age(now, event->time), "from",
		gateway_key_to_json(&event->from, event->from_name), "to",
		gateway_key_to_json(&event->to, event->to_name), "rule",
		gateway_rule_text(event->rule), "reason", json_text(event->reason));
}

json_t *gateway_memory_to_json(const struct gateway_memory *memory, double now)
{
	json_t *log = json_array();
	const struct gateway_event *event;

	for (size_t i = 0; (event = gateway_memory_event(memory, i)) != NULL; i++) {
		json_array_append_new(log, event_to_json(event, now));
	}
	return json_pack("{s:o, s:f, s:o, s:f, s:I, s:o}", "in_use",
		gateway_key_to_json(&memory->in_use, memory->in_use_name), "since",
		json_age(now, memory->since), "challenger",
		gateway_key_to_json(&memory->challenger, ""), "challenger_since",
		json_age(now, memory->challenger_since), "changes",
		(json_int_t)(memory->changes < CHANGES_MAX ? memory->changes : CHANGES_MAX), "log",
		log);
}

/* A text of fewer than size bytes with nothing in it that would spoil a terminal. */
static bool read_text(const json_t *json, char *text, size_t size)
{
	const char *read = json_string_value(json);

	if (read == NULL || json_string_length(json) >= size ||
		text_has_control(read, json_string_length(json))) {
		return false;
	}
	return text_copy(text, size, read);
}

static bool read_time(const json_t *json, double now, double *time)
{
	double age = json_number_value(json);

	if (!json_is_number(json) || !(age >= 0 && age <= AGE_MAX)) {
		return false;
	}
	*time = now - age;
	return true;
}

/* null is none. */
static bool read_key(const json_t *json, struct gateway_key *key, char name[64])
{
	const char *kind = json_string_value(json_object_get(json, "kind"));

	if (json_is_null(json)) {
		return true;
	}
	for (int i = GATEWAY_UPLINK; kind != NULL && i <= GATEWAY_BABELD_HOP; i++) {
		if (strcmp(kind, gateway_kind_text((enum gateway_kind)i)) == 0) {
			key->kind = (enum gateway_kind)i;
			return read_text(json_object_get(json, "id"), key->id, sizeof(key->id)) &&
			       key->id[0] != '\0' &&
			       read_text(json_object_get(json, "name"), name, 64);
		}
	}
	return false;
}

static bool read_rule(const json_t *json, enum gateway_rule *rule)
{
	const char *text = json_string_value(json);

	for (int i = GATEWAY_RULE_NONE; text != NULL && i < GATEWAY_RULES; i++) {
		if (strcmp(text, gateway_rule_text((enum gateway_rule)i)) == 0) {
			*rule = (enum gateway_rule)i;
			return true;
		}
	}
	return false;
}

static bool read_event(const json_t *json, double now, struct gateway_event *event)
{
	return read_time(json_object_get(json, "age"), now, &event->time) &&
	       read_key(json_object_get(json, "from"), &event->from, event->from_name) &&
	       read_key(json_object_get(json, "to"), &event->to, event->to_name) &&
	       (event->from.id[0] != '\0' || event->to.id[0] != '\0') &&
	       read_rule(json_object_get(json, "rule"), &event->rule) &&
	       read_text(json_object_get(json, "reason"), event->reason, sizeof(event->reason));
}

/* The newest stands first in JSON. */
static bool read_log(const json_t *json, double now, struct gateway_memory *memory)
{
	size_t count = json_array_size(json);

	if (!json_is_array(json) || count > GATEWAY_LOG_MAX || count > memory->changes) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!read_event(json_array_get(json, i), now, &memory->log[count - 1 - i])) {
			return false;
		}
	}
	memory->log_next = count % GATEWAY_LOG_MAX;
	return true;
}

bool gateway_memory_from_json(const json_t *json, double now, struct gateway_memory *memory)
{
	const json_t *changes = json_object_get(json, "changes");
	struct gateway_memory *read = calloc(1, sizeof(*read)); /* 30 kB: too much for a stack */
	char no_name[64];
	bool good = read != NULL && json_is_object(json) && json_is_integer(changes) &&
		    json_integer_value(changes) >= 0 && json_integer_value(changes) <= CHANGES_MAX;

	if (good) {
		read->changes = (uint64_t)json_integer_value(changes);
		good = read_key(json_object_get(json, "in_use"), &read->in_use,
			       read->in_use_name) &&
		       read_time(json_object_get(json, "since"), now, &read->since) &&
		       read_key(json_object_get(json, "challenger"), &read->challenger, no_name) &&
		       read_time(json_object_get(json, "challenger_since"), now,
			       &read->challenger_since) &&
		       read_log(json_object_get(json, "log"), now, read);
	}
	if (good) {
		*memory = *read;
	}
	free(read);
	return good;
}
