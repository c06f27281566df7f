/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read, compared with test/unit/data/NAME.txt. The printers are the program's own. */
#ifndef UNIT_PRINT_SCENE_H
#define UNIT_PRINT_SCENE_H

#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "meshctl/print_status.h"

#define NOW  10000
#define DATA SOURCE_DIR "/test/unit/data/"

typedef void print_fn(const json_t *result, const struct status_view *view);

static inline json_t *load(const char *name)
{
	json_t *json = json_load_file(name, JSON_REJECT_DUPLICATES, NULL);

	ck_assert_msg(json != NULL, "no JSON in %s", name);
	return json;
}

/* Until the next call. */
static inline const char *read_text(const char *name)
{
	static char text[20000];
	FILE *file = fopen(name, "r");

	ck_assert_msg(file != NULL, "no %s", name);
	size_t length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	return text;
}

/* malloc'd */
static inline char *print_to_text(print_fn *print, const json_t *json, bool all, bool colour)
{
	char *text = NULL;
	size_t size = 0;
	struct status_view view = {.now = NOW, .all = all, .colour = colour};

	view.to = open_memstream(&text, &size);
	ck_assert_ptr_nonnull(view.to);
	print(json, &view);
	fclose(view.to);
	return text;
}

static inline void print_compare(print_fn *print, const char *json_name, const char *text_name,
	bool all)
{
	json_t *json = load(json_name);
	char *text = print_to_text(print, json, all, false);

	ck_assert_str_eq(text, read_text(text_name));
	free(text);
	json_decref(json);
}

#endif
