/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user wants. */
#include <string.h>

#include "base/cleanup.h"
#include "core/gateway.h"
#include "core/json_text.h"

#define PREFIX_MIN 4 /* characters of an id that may stand for it */

static const char *const mode_texts[] = {
	[GATEWAY_AUTO] = "auto",
	[GATEWAY_USE] = "use",
	[GATEWAY_LOCAL_ONLY] = "local-only",
};

bool gateway_name_matches(const char *name, const struct gateway_candidate *candidate)
{
	size_t length = strlen(name);

	if (length == 0) {
		return false;
	}
	if (candidate->key.kind == GATEWAY_UPLINK) {
		return strcmp(name, "local") == 0 || strcmp(name, candidate->key.id) == 0;
	}
	/* A node that calls itself so is not meant. */
	if (strcmp(name, "local") == 0) {
		return false;
	}
	if (strcasecmp(name, candidate->name) == 0 || strcasecmp(name, candidate->key.id) == 0) {
		return true;
	}
	return length >= PREFIX_MIN && strncasecmp(name, candidate->key.id, length) == 0;
}

static json_t *names_to_json(const char names[][64], size_t count)
{
	json_t *json = json_array();

	for (size_t i = 0; i < count && i < GATEWAY_NAMES_MAX; i++) {
		json_array_append_new(json, json_text(names[i]));
	}
	return json;
}

json_t *gateway_choice_to_json(const struct gateway_choice *choice)
{
	const char *mode = (size_t)choice->mode < ARRAY_SIZE(mode_texts) ? mode_texts[choice->mode]
									 : mode_texts[GATEWAY_AUTO];

	return json_pack("{s:s, s:o, s:b, s:o, s:o, s:b}", "mode", mode, "use",
		json_text(choice->use), "strict", choice->strict, "prefer",
		names_to_json(choice->prefer, choice->prefer_count), "avoid",
		names_to_json(choice->avoid, choice->avoid_count), "never_share",
		choice->never_share);
}

static bool read_mode(const json_t *json, enum gateway_mode *mode)
{
	const char *text = json_string_value(json);

	for (size_t i = 0; text != NULL && i < ARRAY_SIZE(mode_texts); i++) {
		if (strcmp(text, mode_texts[i]) == 0) {
			*mode = (enum gateway_mode)i;
			return true;
		}
	}
	return false;
}

/* Up to 63 bytes without control characters. */
static bool read_name(const json_t *json, char name[64])
{
	const char *text = json_string_value(json);

	if (text == NULL || json_string_length(json) > 63 ||
		text_has_control(text, json_string_length(json))) {
		return false;
	}
	return text_copy(name, 64, text);
}

/* Members that are absent keep their default. */
static bool read_names(const json_t *json, char names[][64], size_t *count)
{
	if (json == NULL) {
		return true;
	}
	if (!json_is_array(json) || json_array_size(json) > GATEWAY_NAMES_MAX) {
		return false;
	}
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (!read_name(json_array_get(json, i), names[i]) || names[i][0] == '\0') {
			return false;
		}
	}
	*count = json_array_size(json);
	return true;
}

static bool read_flag(const json_t *json, bool *flag)
{
	*flag = json_is_true(json);
	return json == NULL || json_is_boolean(json);
}

bool gateway_choice_from_json(const json_t *json, struct gateway_choice *choice)
{
	struct gateway_choice read = {.mode = GATEWAY_AUTO};
	const json_t *use = json_object_get(json, "use");

	if (!json_is_object(json) || !read_mode(json_object_get(json, "mode"), &read.mode) ||
		(use != NULL && !read_name(use, read.use)) ||
		!read_flag(json_object_get(json, "strict"), &read.strict) ||
		!read_names(json_object_get(json, "prefer"), read.prefer, &read.prefer_count) ||
		!read_names(json_object_get(json, "avoid"), read.avoid, &read.avoid_count) ||
		!read_flag(json_object_get(json, "never_share"), &read.never_share) ||
		(read.mode == GATEWAY_USE && read.use[0] == '\0')) {
		return false;
	}
	*choice = read;
	return true;
}
