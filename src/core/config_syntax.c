/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads over what is wrong with the brackets, commas and keys of a text. */
#include "core/config_syntax.h"

#include <stdio.h>
#include <string.h>

#include "core/config_reader.h"

#define DEPTH_MAX 64 /* the deepest that a key is, is CONFIG_DEPTH_MAX */

static json_t *read_value(struct syntax *syntax);

/* To the next byte that is no blank, and over comments. False at the end. */
static bool skip_blanks(struct syntax *syntax)
{
	for (;;) {
		while (syntax->at < syntax->end && config_is_one_of(*syntax->at, " \t\r\n")) {
			syntax->at++;
		}
		const char *after = config_skip_comment(syntax->at, syntax->end);
		if (after == syntax->at) {
			return syntax->at < syntax->end;
		}
		if (!syntax->has_comment) {
			syntax_report(syntax, SYNTAX_COMMENT, syntax->at, 0);
			syntax->has_comment = true;
		}
		syntax->at = after;
	}
}

/* The bracket that is open ends too late or not at all. */
static void lose_bracket(struct syntax *syntax)
{
	struct config_position position;
	char found[32] = "the file ends";

	syntax->is_lost = true;
	if (syntax->open == NULL) {
		return;
	}
	bool is_object = *syntax->open == '{';
	config_count(syntax->layer, syntax->open, &position);
	if (syntax->at < syntax->end) {
		snprintf(found, sizeof(found), "there is a %c", *syntax->at);
	}
	config_report_at(syntax->errors, syntax->layer, &syntax->path, syntax->at,
		"%s here, but the %c of line %d is not closed; a %c is missing%s", found,
		*syntax->open, position.line, is_object ? '}' : ']',
		syntax->at < syntax->end ? " before it" : ", or the file was cut off");
}

/* fault: of what is there instead of what must be. */
static void lose(struct syntax *syntax, enum syntax_fault fault)
{
	if (syntax->at < syntax->end) {
		syntax_report_stray(syntax, fault, 0);
		syntax->is_lost = true;
	} else {
		lose_bracket(syntax);
	}
}

/* At the end of an entry: true when the next one begins, also where its comma is missing. */
static bool next_entry(struct syntax *syntax, const char *starts, const char **comma)
{
	*comma = NULL;
	if (!skip_blanks(syntax)) {
		return true; /* the caller sees the end */
	}
	if (*syntax->at == ',') {
		*comma = syntax->at++;
		return true;
	}
	if (config_is_one_of(*syntax->at, "]}")) {
		return true;
	}
	if (!config_is_one_of(*syntax->at, starts)) {
		lose(syntax, SYNTAX_COMMA_MISSING);
		return false;
	}
	syntax_report_stray(syntax, SYNTAX_COMMA_MISSING, 0);
	return true;
}

/* Before an entry: is one there? Reads over commas with nothing before them, and past the bracket
 * that closes. */
static bool at_entry(struct syntax *syntax, char closing, const char *comma)
{
	const char other = closing == '}' ? ']' : '}';

	while (skip_blanks(syntax) && *syntax->at == ',') {
		syntax_report(syntax, SYNTAX_COMMA_LEFT, syntax->at, 0);
		syntax->at++;
		comma = NULL;
	}
	if (syntax->at >= syntax->end || *syntax->at == other) {
		lose_bracket(syntax);
		return false;
	}
	if (*syntax->at != closing) {
		return true;
	}
	if (comma != NULL) {
		syntax_report(syntax, SYNTAX_COMMA_LAST, comma, 0);
	}
	syntax->at++;
	return false;
}

/* A key that is not in double quotes. */
static void read_wrong_key(struct syntax *syntax)
{
	size_t length = 0;

	while (syntax->at + length < syntax->end &&
		!config_is_one_of(syntax->at[length], ":,{}[]\" \t\r\n")) {
		length++;
	}
	if (length == 0 || *syntax->at == '\0') {
		lose(syntax, SYNTAX_KEY);
		return;
	}
	syntax_report_stray(syntax, SYNTAX_KEY, length);
	syntax->is_unsure = true;
	syntax->at += length;
}

/* The key, or NULL when it is none that a tree can have. */
static json_t *read_key(struct syntax *syntax)
{
	json_t *key = NULL;

	if (*syntax->at == '"') {
		key = syntax_read_text(syntax);
	} else {
		read_wrong_key(syntax);
	}
	if (syntax->is_lost) {
		return key;
	}
	if (!skip_blanks(syntax) || *syntax->at != ':') {
		lose(syntax, SYNTAX_COLON);
	} else {
		syntax->at++;
	}
	return key;
}

static void report_double(struct syntax *syntax, const char *name, const char *at,
	const char *first)
{
	struct config_position position = {0};
	char written[CONFIG_QUOTE_SIZE];

	if (syntax->errors->count < ERR_LIST_MAX) { /* else it is only counted */
		config_count(syntax->layer, first, &position);
	}
	config_quote_name(name, written);
	config_report_at(syntax->errors, syntax->layer, &syntax->path, at,
		"the key %s is given twice, first in line %d; a key may be given once, remove one "
		"of them",
		written, position.line);
}

/* seen: where the keys before are. The last of several counts. */
static void read_member(struct syntax *syntax, json_t *object, json_t *seen)
{
	const char *key_at = syntax->at;
	json_t *key = read_key(syntax);
	const char *name = json_string_value(key);

	if (syntax->is_lost) {
		json_decref(key);
		return;
	}
	if (name != NULL) {
		const json_t *first = json_object_get(seen, name);

		config_path_push_key(&syntax->path, name);
		if (first != NULL) {
			report_double(syntax, name, key_at,
				syntax->layer->text + json_integer_value(first));
		} else {
			json_object_set_new(seen, name, json_integer(key_at - syntax->layer->text));
		}
	}
	json_t *value = read_value(syntax);
	if (name != NULL) {
		/* A null is right for every key that is known. */
		json_object_set_new(object, name, value != NULL ? value : json_null());
	} else {
		json_decref(value);
	}
	if (name != NULL) {
		config_path_pop(&syntax->path);
	}
	json_decref(key);
}

static json_t *read_object(struct syntax *syntax)
{
	json_t *object = json_object();
	json_t *seen = json_object();
	const char *comma = NULL;

	syntax->at++;
	while (at_entry(syntax, '}', comma)) {
		read_member(syntax, object, seen);
		if (syntax->is_lost || !next_entry(syntax, "\"", &comma)) {
			break;
		}
	}
	json_decref(seen);
	return object;
}

/* NULL when an item is wrong: what is said of the others would be of another list. */
static json_t *read_array(struct syntax *syntax)
{
	json_t *array = json_array();
	const char *comma = NULL;
	bool is_right = true;

	syntax->at++;
	for (size_t i = 0; at_entry(syntax, ']', comma); i++) {
		config_path_push_index(&syntax->path, i);
		json_t *item = read_value(syntax);
		config_path_pop(&syntax->path);
		is_right = is_right && item != NULL && json_array_append(array, item) == 0;
		json_decref(item);
		if (syntax->is_lost || !next_entry(syntax, "\"{[-0123456789", &comma)) {
			break;
		}
	}
	if (!is_right) {
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *read_brackets(struct syntax *syntax)
{
	const char *outer = syntax->open;

	if (syntax->depth == DEPTH_MAX) {
		syntax_report(syntax, SYNTAX_DEEP, syntax->at, 0);
		syntax->is_lost = true;
		return NULL;
	}
	syntax->depth++;
	syntax->open = syntax->at;
	json_t *value = *syntax->at == '{' ? read_object(syntax) : read_array(syntax);
	if (!syntax->is_lost) {
		syntax->open = outer;
	}
	syntax->depth--;
	return value;
}

static json_t *read_value(struct syntax *syntax)
{
	if (!skip_blanks(syntax)) {
		lose_bracket(syntax);
		return NULL;
	}
	switch (*syntax->at) {
	case '"':
		return syntax_read_text(syntax);
	case '{':
	case '[':
		return read_brackets(syntax);
	case ',':
	case '}':
	case ']':
		syntax_report(syntax, SYNTAX_VALUE, syntax->at, 0);
		return NULL;
	default:
		return syntax_read_word(syntax);
	}
}

/* Bytes of the mark at the start of the text, which is said; 0 when there is none. */
static size_t read_mark(struct syntax *syntax)
{
	const size_t mark = strlen(CONFIG_BOM);
	size_t length = (size_t)(syntax->end - syntax->at);

	if (length >= mark && memcmp(syntax->at, CONFIG_BOM, mark) == 0) {
		syntax_report(syntax, SYNTAX_MARK, syntax->at, 0);
		return mark;
	}
	if (length >= 2 && (memcmp(syntax->at, "\xff\xfe", 2) == 0 ||
				   memcmp(syntax->at, "\xfe\xff", 2) == 0)) {
		syntax_report(syntax, SYNTAX_UTF16, syntax->at, 0);
		syntax->is_lost = true;
	}
	return 0;
}

json_t *config_read_wrong(const struct config_layer *layer, struct err_list *errors)
{
	struct syntax syntax = {.layer = layer,
		.errors = errors,
		.at = layer->text,
		.end = layer->text + layer->length};
	json_t *tree = NULL;

	syntax.at += read_mark(&syntax);
	if (!syntax.is_lost && !skip_blanks(&syntax)) {
		syntax_report(&syntax, SYNTAX_EMPTY, layer->text, 0);
	} else if (!syntax.is_lost) {
		tree = read_value(&syntax);
	}
	if (tree != NULL && !syntax.is_lost && skip_blanks(&syntax)) {
		lose(&syntax, SYNTAX_AFTER);
	}
	if (syntax.is_lost || syntax.is_unsure) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}
