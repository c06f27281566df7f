/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text in aligned columns. */
#ifndef MESHCTL_TABLE_H
#define MESHCTL_TABLE_H

#include "control/print.h"

#define TABLE_COLUMNS_MAX 10
#define TABLE_CELL_SIZE   144

struct table_cell {
	char text[TABLE_CELL_SIZE];
	enum print_style style;
	bool ends_row;
	bool is_note;
};

/* Starts zeroed. Columns whose bit is set in right are flush right. wraps: what a row's last cell
 * has too much for WRAP_COLUMNS goes below it. */
struct table {
	struct table_cell *cells;
	size_t count;
	size_t capacity;
	unsigned int right;
	bool wraps;
};

void table_add(struct table *table, enum print_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The first row of a table: count words, dim. */
void table_add_titles(struct table *table, const char *const *titles, size_t count);
/* A text, "-" where it is empty. */
void table_add_text(struct table *table, enum print_style style, const char *text);
void table_end_row(struct table *table);
/* A line of its own below the last row, set in and wrapped, that is no column. */
void table_add_note(struct table *table, enum print_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Columns past TABLE_COLUMNS_MAX are not aligned. */
void table_print(const struct table *table, FILE *to, bool colour, int indent);
void table_free(struct table *table);

#endif
