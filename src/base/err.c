/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void err_set(struct err *err, const char *format, ...)
{
	va_list args;

	char text[sizeof(err->text) + 4]; /* longer by one character, to see where to cut */

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text[text_cut(text, sizeof(err->text) - 1)] = '\0';
	text_copy(err->text, sizeof(err->text), text);
}

struct err *err_list_add(struct err_list *list)
{
	/* All at once, and never moved: a caller may still be filling an error it was given before.
	 * The one past the end is the spare. */
	if (list->items == NULL) {
		list->items = calloc(ERR_LIST_MAX + 1, sizeof(*list->items));
		if (list->items == NULL) {
			list->left_out++;
			return NULL;
		}
	}
	if (list->count < ERR_LIST_MAX) {
		return &list->items[list->count++];
	}
	list->left_out++;
	memset(&list->items[ERR_LIST_MAX], 0, sizeof(*list->items));
	return &list->items[ERR_LIST_MAX];
}

void err_list_free(struct err_list *list)
{
	free(list->items);
	*list = (struct err_list){0};
}

int err_format(const struct err *err, char *text, size_t size)
{
	char line[16] = "";
	char column[16] = "";

	if (err->line > 0) {
		snprintf(line, sizeof(line), "%s%d", err->file[0] != '\0' ? ":" : "line ",
			err->line);
	}
	if (err->line > 0 && err->column > 0) {
		snprintf(column, sizeof(column), ":%d", err->column);
	}
	const char *after_place = err->file[0] != '\0' || err->line > 0 ? ": " : "";
	const char *after_path = err->path[0] != '\0' ? ": " : "";

	return snprintf(text, size, "%s%s%s%s%s%s%s", err->file, line, column, after_place,
		err->path, after_path, err->text);
}

void err_list_print(const struct err_list *list, FILE *to)
{
	char text[sizeof(struct err) + 32];

	for (size_t i = 0; i < list->count; i++) {
		err_format(&list->items[i], text, sizeof(text));
		fprintf(to, "%s\n", text);
	}
	if (list->left_out > 0) {
		fprintf(to, "%zu more %s not shown\n", list->left_out,
			list->left_out == 1 ? "error is" : "errors are");
	}
}
