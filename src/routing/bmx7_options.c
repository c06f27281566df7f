/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/bmx7_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OPTIONS_MAX     8192
#define OPTION_LINE_MAX 512
#define HEADING         "PARAMETERS:"

static int add_option(struct bmx7_options *options, const char *name, const char *value)
{
	if (options->count >= OPTIONS_MAX) {
		return -E2BIG;
	}
	if ((options->count & (options->count - 1)) == 0) {
		struct bmx7_option *items = reallocarray(options->items,
			options->count == 0 ? 1 : options->count * 2, sizeof(*items));
		if (items == NULL) {
			return -ENOMEM;
		}
		options->items = items;
	}
	struct bmx7_option *option = &options->items[options->count];
	*option = (struct bmx7_option){.child = name[0] == '/'};
	if (!text_copy(option->name, sizeof(option->name), name) ||
		!text_copy(option->value, sizeof(option->value), value) ||
		(option->child && options->count == 0)) {
		return -EINVAL;
	}
	options->count++;
	return 0;
}

/* " name value (default) " */
static int parse_line(struct bmx7_options *options, const char *text, size_t length)
{
	char line[OPTION_LINE_MAX];
	char *save = NULL;

	if (length >= sizeof(line) || !text_is_printable(text, length)) {
		return -EINVAL;
	}
	memcpy(line, text, length);
	line[length] = '\0';
	const char *name = strtok_r(line, " ", &save);
	const char *value = strtok_r(NULL, " ", &save);
	if (name == NULL) {
		return 0; /* an empty line */
	}
	return value == NULL ? -EINVAL : add_option(options, name, value);
}

int bmx7_options_parse(const char *text, size_t length, struct bmx7_options *options)
{
	struct bmx7_options parsed = {0};
	const char *end = text + length;
	bool heading = false;
	int result = 0;

	while (result == 0 && text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop == NULL ? end : stop) - text);
		if (line == strlen(HEADING) && memcmp(text, HEADING, line) == 0) {
			heading = true;
		} else if (heading) {
			/* What follows does not belong to it. */
			if (line > 0 && text[0] != ' ') {
				break;
			}
			result = parse_line(&parsed, text, line);
		}
		text += line + 1;
	}
	if (result < 0 || !heading) {
		bmx7_options_free(&parsed);
		return result < 0 ? result : -EINVAL;
	}
	*options = parsed;
	return 0;
}

void bmx7_options_free(struct bmx7_options *options)
{
	free(options->items);
	*options = (struct bmx7_options){0};
}

const struct bmx7_option *bmx7_options_find(const struct bmx7_options *options, const char *name,
	const char *value)
{
	for (size_t i = 0; i < options->count; i++) {
		const struct bmx7_option *option = &options->items[i];
		if (strcasecmp(option->name, name) == 0 &&
			(value == NULL || strcmp(option->value, value) == 0)) {
			return option;
		}
	}
	return NULL;
}

const char *bmx7_options_child(const struct bmx7_options *options, const struct bmx7_option *parent,
	const char *name)
{
	const struct bmx7_option *end = options->items + options->count;

	for (const struct bmx7_option *o = parent + 1; o < end && o->child; o++) {
		if (strcasecmp(o->name, name) == 0) {
			return o->value;
		}
	}
	return NULL;
}
