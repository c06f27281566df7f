/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that meshd supervises. */
#ifndef CORE_CHILD_H
#define CORE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they are started; stopped in reverse. */
enum child_name {
	CHILD_BABELD,
	CHILD_BMX7,
	CHILD_ALFRED,
	CHILD_DNSMASQ,
	CHILDREN,
};

/* An argv that owns its words. */
struct child_arguments {
	char **words; /* NULL-terminated; words[0] is the program's absolute path */
	size_t count;
};

/* Adds a word made as printf does. 0 or -ENOMEM. */
int child_arguments_add(struct child_arguments *arguments, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool child_arguments_equal(const struct child_arguments *a, const struct child_arguments *b);
void child_arguments_free(struct child_arguments *arguments);

/* "babeld", "bmx7", "alfred", "dnsmasq". */
const char *child_name_text(enum child_name name);
/* CHILDREN when there is no such child. */
enum child_name child_name_parse(const char *text);

#endif
