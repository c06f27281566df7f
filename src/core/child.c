/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/child.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CHILDREN] = {[CHILD_BABELD] = "babeld",
	[CHILD_BMX7] = "bmx7",
	[CHILD_ALFRED] = "alfred",
	[CHILD_DNSMASQ] = "dnsmasq"};

const char *child_name_text(enum child_name name)
{
	return names[name];
}

enum child_name child_name_parse(const char *text)
{
	enum child_name name = 0;

	while (name < CHILDREN && strcmp(names[name], text) != 0) {
		name++;
	}
	return name;
}

int child_arguments_add(struct child_arguments *arguments, const char *format, ...)
{
	char *word = NULL;
	va_list list;

	va_start(list, format);
	int length = vasprintf(&word, format, list);
	va_end(list);
	if (length < 0) {
		return -ENOMEM;
	}
	char **words =
		reallocarray(arguments->words, arguments->count + 2, sizeof(arguments->words[0]));
	if (words == NULL) {
		free(word);
		return -ENOMEM;
	}
	arguments->words = words;
	words[arguments->count++] = word;
	words[arguments->count] = NULL;
	return 0;
}

bool child_arguments_equal(const struct child_arguments *a, const struct child_arguments *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->words[i], b->words[i]) != 0) {
			return false;
		}
	}
	return true;
}

void child_arguments_free(struct child_arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++) {
		free(arguments->words[i]);
	}
	free(arguments->words);
	*arguments = (struct child_arguments){0};
}
