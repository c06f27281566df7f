/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors in what a person gave us: where it is and what would be right. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>
#include <stdio.h>

/* Position parts that do not apply are empty or 0. */
struct err {
	char file[256];
	int line;
	int column;
	char path[160]; /* JSON path such as $.links.eth1.mtu */
	char text[448]; /* what is wrong and what would be right; the longest lists all keys */
};

/* All errors of one reading, bounded: errors past ERR_LIST_MAX are counted, not kept. */
#define ERR_LIST_MAX 64
struct err_list {
	struct err *items;
	size_t count;
	size_t left_out;
};

void err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds an empty error to fill; the list's spare when it is full, so never NULL unless memory ends.
 */
struct err *err_list_add(struct err_list *list);
void err_list_free(struct err_list *list);
/* "file:line:column: path: text", without the parts that are empty. Returns as snprintf. */
int err_format(const struct err *err, char *text, size_t size);
void err_list_print(const struct err_list *list, FILE *to);

#endif
