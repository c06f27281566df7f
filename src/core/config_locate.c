/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jansson keeps no positions of values, so they are looked for in the text again, which has been
 * read before: by jansson, or by config_read_wrong with the faults that it reads over. */
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

/* The text, without the mark that some editors write before it. */
static struct cursor start(const struct config_layer *layer)
{
	const size_t mark = strlen(CONFIG_BOM);
	bool has_mark = layer->length >= mark && memcmp(layer->text, CONFIG_BOM, mark) == 0;

	return (struct cursor){layer->text + (has_mark ? mark : 0), layer->text + layer->length};
}

const char *config_skip_comment(const char *at, const char *end)
{
	bool is_long = end - at > 1 && at[0] == '/' && at[1] == '*';
	bool is_line = at < end && (at[0] == '#' || (end - at > 1 && at[0] == '/' && at[1] == '/'));

	if (is_long) {
		const char *last = memmem(at + 2, (size_t)(end - at - 2), "*/", 2);
		return last != NULL ? last + 2 : end;
	}
	if (is_line) {
		const char *last = memchr(at, '\n', (size_t)(end - at));
		return last != NULL ? last : end;
	}
	return at;
}

static void skip_spaces(struct cursor *cursor)
{
	const char *before;

	do {
		before = cursor->at;
		while (!ended(cursor) && config_is_one_of(*cursor->at, " \t\r\n")) {
			cursor->at++;
		}
		cursor->at = config_skip_comment(cursor->at, cursor->end);
	} while (cursor->at != before);
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
		if (ended(cursor) || (depth == 0 && strchr(",}]", *cursor->at) != NULL)) {
			return; /* the second: no value is there */
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

/* Past the ',' before the next entry, which may be missing; false where there is no next. */
static bool next_entry(struct cursor *cursor)
{
	skip_spaces(cursor);
	while (!ended(cursor) && *cursor->at == ',') {
		cursor->at++;
		skip_spaces(cursor);
	}
	return !ended(cursor) && *cursor->at != '}' && *cursor->at != ']';
}

/* From a '{' to the key's last value; *key_at is where the key starts. */
static bool enter_object(struct cursor *cursor, const char *key, const char **key_at)
{
	const char *value_at = NULL;

	cursor->at++;
	while (next_entry(cursor)) {
		if (*cursor->at != '"') {
			break;
		}
		bool found = text_is(cursor, key);
		const char *at = cursor->at;
		skip_text(cursor);
		skip_spaces(cursor);
		cursor->at++; /* ':' */
		skip_spaces(cursor);
		if (found && !ended(cursor)) {
			*key_at = at;
			value_at = cursor->at;
		}
		skip_value(cursor);
	}
	if (value_at != NULL) {
		cursor->at = value_at;
	}
	return value_at != NULL;
}

static bool enter_array(struct cursor *cursor, size_t index)
{
	cursor->at++;
	for (size_t i = 0; next_entry(cursor); i++) {
		if (i == index) {
			return true;
		}
		skip_value(cursor);
	}
	return false;
}

void config_count(const struct config_layer *layer, const char *at,
	struct config_position *position)
{
	struct cursor cursor = start(layer);

	*position = (struct config_position){.line = 1, .column = 1};
	for (; cursor.at < at && !ended(&cursor); cursor.at++) {
		if (*cursor.at == '\n') {
			position->line++;
			position->column = 1;
		} else if (((unsigned char)*cursor.at & 0xc0) != 0x80) {
			position->column++; /* bytes 10xxxxxx continue a character */
		}
	}
}

/* The byte where the path's value or key is. */
static const char *find(struct cursor *cursor, const struct config_path *path,
	enum config_place place)
{
	size_t step;

	skip_spaces(cursor);
	const char *found = cursor->at;
	for (step = 0; step < path->depth && step < CONFIG_DEPTH_MAX; step++) {
		const char *key = path->steps[step].key;
		const char *key_at = NULL;

		if (ended(cursor) || *cursor->at != (key != NULL ? '{' : '[') ||
			!(key != NULL ? enter_object(cursor, key, &key_at)
				      : enter_array(cursor, path->steps[step].index))) {
			break;
		}
		bool is_last = step + 1 == path->depth;
		found = is_last && place == CONFIG_AT_KEY && key_at != NULL ? key_at : cursor->at;
	}
	return found;
}

void config_locate(const struct config_layer *layer, const struct config_path *path,
	enum config_place place, struct config_position *position)
{
	struct cursor cursor = start(layer);

	config_count(layer, find(&cursor, path, place), position);
}

void config_locate_number(const struct config_layer *layer, const struct config_path *path,
	char *text, size_t size)
{
	struct cursor cursor = start(layer);
	const char *found = find(&cursor, path, CONFIG_AT_VALUE);
	size_t length = 0;

	while (length < size - 1 && found + length < cursor.end &&
		config_is_one_of(found[length], "+-.0123456789eE")) {
		length++;
	}
	memcpy(text, found, length);
	text[length] = '\0';
}
