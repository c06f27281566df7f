/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/config_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct config_path config_path_of(const char *key, ...)
{
	struct config_path path = {.depth = 0};
	va_list args;

	va_start(args, key);
	for (; key != NULL; key = va_arg(args, const char *)) {
		config_path_push_key(&path, key);
	}
	va_end(args);
	return path;
}

static void push(struct config_path *path, struct config_step step)
{
	/* Deeper than the table of keys nothing is looked at. */
	if (path->depth < CONFIG_DEPTH_MAX) {
		path->steps[path->depth] = step;
	}
	path->depth++;
}

void config_path_push_key(struct config_path *path, const char *key)
{
	push(path, (struct config_step){.key = key});
}

void config_path_push_index(struct config_path *path, size_t index)
{
	push(path, (struct config_step){.index = index});
}

void config_path_pop(struct config_path *path)
{
	path->depth--;
}

void config_make_printable(char *text)
{
	json_t *checked = json_string(text); /* NULL where it is no UTF-8 */
	bool is_utf8 = checked != NULL;

	json_decref(checked);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte < ' ' || byte == 0x7f || (byte > 0x7f && !is_utf8)) {
			*text = '?';
		}
	}
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

static bool is_plain(const char *key)
{
	return strspn(key, LETTERS) > 0 && key[strspn(key, LETTERS "0123456789")] == '\0';
}

void config_path_format(const struct config_path *path, char *text, size_t size)
{
	size_t length = 1;

	snprintf(text, size, "$");
	for (size_t i = 0; i < path->depth && i < CONFIG_DEPTH_MAX && length < size; i++) {
		const struct config_step *step = &path->steps[i];
		char part[80];
		char *to = text + length;
		size_t room = size - length;

		if (step->key == NULL) {
			snprintf(part, sizeof(part), "[%zu]", step->index);
		} else if (is_plain(step->key) || strcmp(step->key, "$schema") == 0) {
			snprintf(part, sizeof(part), ".%.*s", (int)text_cut(step->key, 66),
				step->key);
		} else {
			snprintf(part, sizeof(part), "[\"%.*s\"]", (int)text_cut(step->key, 66),
				step->key);
		}
		length += (size_t)snprintf(to, room, "%.*s", (int)text_cut(part, room - 1), part);
	}
	config_make_printable(text);
}

/* NULL where the error is only counted: it needs no place, which is found by reading the text. */
static __attribute__((format(printf, 3, 0))) struct err *add(struct err_list *errors,
	const struct config_path *path, const char *format, va_list args)
{
	bool is_kept = errors->count < ERR_LIST_MAX;
	struct err *err = err_list_add(errors);
	char text[sizeof(err->text) + 4];

	if (err == NULL || !is_kept) {
		return NULL;
	}
	vsnprintf(text, sizeof(text), format, args);
	config_make_printable(text);
	err_set(err, "%s", text);
	config_path_format(path, err->path, sizeof(err->path));
	return err;
}

static void place_at(struct err *err, const struct config_layer *layer,
	const struct config_position *position)
{
	text_copy(err->file, sizeof(err->file), layer->file);
	err->line = position->line;
	err->column = position->column;
}

void config_report(struct err_list *errors, const struct config_layer *layer,
	const struct config_path *path, enum config_place place, const char *format, ...)
{
	struct config_position position;
	va_list args;

	va_start(args, format);
	struct err *err = add(errors, path, format, args);
	va_end(args);
	if (err != NULL && layer != NULL) {
		config_locate(layer, path, place, &position);
		place_at(err, layer, &position);
	}
}

void config_report_at(struct err_list *errors, const struct config_layer *layer,
	const struct config_path *path, const char *at, const char *format, ...)
{
	struct config_position position;
	va_list args;

	va_start(args, format);
	struct err *err = add(errors, path, format, args);
	va_end(args);
	if (err != NULL) {
		config_count(layer, at, &position);
		place_at(err, layer, &position);
	}
}

static void quote(const char *prefix, const char *shown, const char *suffix,
	char text[CONFIG_QUOTE_SIZE])
{
	const size_t room = CONFIG_QUOTE_SIZE - 8;
	size_t kept = text_cut(shown, room);

	snprintf(text, CONFIG_QUOTE_SIZE, "%s%.*s%s%s", prefix, (int)kept, shown,
		shown[kept] != '\0' ? "..." : "", suffix);
	config_make_printable(text);
}

void config_quote_name(const char *name, char text[CONFIG_QUOTE_SIZE])
{
	quote("\"", name, "\"", text);
}

void config_quote(const json_t *value, char text[CONFIG_QUOTE_SIZE])
{
	if (json_is_object(value)) {
		quote("", "an object", "", text);
	} else if (json_is_array(value)) {
		quote("", "a list", "", text);
	} else if (json_is_string(value)) {
		config_quote_name(json_string_value(value), text);
	} else {
		CLEANUP(cleanup_free) char *dumped = json_dumps(value, JSON_ENCODE_ANY);
		quote("", dumped != NULL ? dumped : "?", "", text);
	}
}
