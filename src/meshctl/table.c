/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define TABLE_GAP 2

static int cell_width(const struct table_cell *cell)
{
	int width = 0;

	for (const char *at = cell->text; *at != '\0'; at++) {
		width += ((unsigned char)*at & 0xc0) != 0x80;
	}
	return width;
}

void table_add(struct table *table, enum print_style style, const char *format, ...)
{
	va_list arguments;

	if (table->count == table->capacity) {
		size_t capacity = table->capacity == 0 ? 64 : table->capacity * 2;
		struct table_cell *cells =
			reallocarray(table->cells, capacity, sizeof(*table->cells));
		if (cells == NULL) {
			return;
		}
		table->cells = cells;
		table->capacity = capacity;
	}
	struct table_cell *cell = &table->cells[table->count++];
	*cell = (struct table_cell){.style = style};
	va_start(arguments, format);
	vsnprintf(cell->text, sizeof(cell->text), format, arguments);
	va_end(arguments);
}

void table_end_row(struct table *table)
{
	if (table->count > 0) {
		table->cells[table->count - 1].ends_row = true;
	}
}

void table_add_titles(struct table *table, const char *const *titles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		table_add(table, PRINT_DIM, "%s", titles[i]);
	}
	table_end_row(table);
}

void table_add_text(struct table *table, enum print_style style, const char *text)
{
	table_add(table, text[0] == '\0' ? PRINT_DIM : style, "%s", text[0] == '\0' ? "-" : text);
}

static void measure(const struct table *table, int widths[TABLE_COLUMNS_MAX])
{
	size_t column = 0;

	for (size_t i = 0; i < table->count; i++) {
		int width = cell_width(&table->cells[i]);
		if (column < TABLE_COLUMNS_MAX && width > widths[column]) {
			widths[column] = width;
		}
		column = table->cells[i].ends_row ? 0 : column + 1;
	}
}

void table_print(const struct table *table, FILE *to, bool colour, int indent)
{
	int widths[TABLE_COLUMNS_MAX] = {0};
	size_t column = 0;
	int gap = indent;

	measure(table, widths);
	for (size_t i = 0; i < table->count; i++) {
		const struct table_cell *cell = &table->cells[i];
		int width = column < TABLE_COLUMNS_MAX ? widths[column] : 0;
		int spare = width - cell_width(cell);
		bool right = column < TABLE_COLUMNS_MAX && (table->right & (1u << column)) != 0;
		if (cell->text[0] != '\0') {
			fprintf(to, "%*s", gap + (right ? spare : 0), "");
			print_styled(to, colour, cell->style, "%s", cell->text);
			gap = TABLE_GAP + (right ? 0 : spare);
		} else {
			gap += TABLE_GAP + width; /* blanks at a line's end are never printed */
		}
		column++;
		if (cell->ends_row) {
			print_end(to);
			column = 0;
			gap = indent;
		}
	}
}

void table_free(struct table *table)
{
	free(table->cells);
	*table = (struct table){0};
}
