/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jansson keeps no positions of values, so they are looked for in the text again, which it has
 * found valid before. */
#include <string.h>

#include "core/config_report.h"

struct cursor {
	const char *at;
	const char *end;
};

static bool ended(const struct cursor *cursor)
{
	return cursor->at >= cursor->end;
}

static void skip_spaces(struct cursor *cursor)
{
	while (!ended(cursor) && strchr(" \t\r\n", *cursor->at) != NULL && *cursor->at != '\0') {
		cursor->at++;
	}
}

/* From a '"' to after the one that ends the text. */
static void skip_text(struct cursor *cursor)
{
	cursor->at++;
	while (!ended(cursor) && *cursor->at != '"') {
		cursor->at += *cursor->at == '\\' ? 2 : 1;
	}
	cursor->at++;
}

/* Skips a text, a number or word, or one of the marks between them. Returns by how much the depth
 * changes. */
static int skip_token(struct cursor *cursor)
{
	char first = *cursor->at;

	if (first == '"') {
		skip_text(cursor);
		return 0;
	}
	cursor->at++;
	if (first == '{' || first == '[') {
		return 1;
	}
	if (first == '}' || first == ']') {
		return -1;
	}
	while (first != ',' && first != ':' && !ended(cursor) &&
		strchr(",]} \t\r\n", *cursor->at) == NULL) {
		cursor->at++;
	}
	return 0;
}

/* Skips a value of any depth, and the spaces after it. */
static void skip_value(struct cursor *cursor)
{
	int depth = 0;

	do {
		skip_spaces(cursor);
		if (ended(cursor)) {
			return;
		}
		depth += skip_token(cursor);
	} while (depth > 0);
	skip_spaces(cursor);
}

/* Is the text at the cursor, from quote to quote, this key? */
static bool text_is(const struct cursor *cursor, const char *key)
{
	struct cursor after = *cursor;
	size_t length = strlen(key);

	skip_text(&after);
	if (after.at > after.end) {
		return false;
	}
	size_t written = (size_t)(after.at - cursor->at);
	if (memchr(cursor->at, '\\', written) == NULL) {
		return written == length + 2 && memcmp(cursor->at + 1, key, length) == 0;
	}
	json_t *decoded = json_loadb(cursor->at, written, JSON_DECODE_ANY, NULL);
	bool same = decoded != NULL && strcmp(json_string_value(decoded), key) == 0;
	json_decref(decoded);
	return same;
}

/* From a '{' to the key's value; *key_at is where the key starts. */
static bool enter_object(struct cursor *cursor, const char *key, const char **key_at)
{
	cursor->at++;
	for (;;) {
		skip_spaces(cursor);
		if (ended(cursor) || *cursor->at != '"') {
			return false;
		}
		bool found = text_is(cursor, key);
		*key_at = cursor->at;
		skip_text(cursor);
		skip_spaces(cursor);
		cursor->at++; /* ':' */
		skip_spaces(cursor);
		if (found) {
			return !ended(cursor);
		}
		skip_value(cursor);
		cursor->at++; /* ',' or the end */
	}
}

static bool enter_array(struct cursor *cursor, size_t index)
{
	cursor->at++;
	skip_spaces(cursor);
	for (size_t i = 0; i < index; i++) {
		skip_value(cursor);
		if (ended(cursor) || *cursor->at != ',') {
			return false;
		}
		cursor->at++;
		skip_spaces(cursor);
	}
	return !ended(cursor);
}

static void count(const char *text, const char *to, struct config_position *position)
{
	*position = (struct config_position){.line = 1, .column = 1};
	for (; text < to; text++) {
		if (*text == '\n') {
			position->line++;
			position->column = 1;
		} else if (((unsigned char)*text & 0xc0) != 0x80) {
			position->column++; /* bytes 10xxxxxx continue a character */
		}
	}
}

void config_locate(const struct config_layer *layer, const struct config_path *path,
	enum config_place place, struct config_position *position)
{
	struct cursor cursor = {layer->text, layer->text + layer->length};
	size_t step;

	skip_spaces(&cursor);
	const char *found = cursor.at;
	for (step = 0; step < path->depth && step < CONFIG_DEPTH_MAX; step++) {
		const char *key = path->steps[step].key;
		const char *key_at = NULL;

		if (ended(&cursor) || *cursor.at != (key != NULL ? '{' : '[') ||
			!(key != NULL ? enter_object(&cursor, key, &key_at)
				      : enter_array(&cursor, path->steps[step].index))) {
			break;
		}
		bool is_last = step + 1 == path->depth;
		found = is_last && place == CONFIG_AT_KEY && key_at != NULL ? key_at : cursor.at;
	}
	count(layer->text, found, position);
}
