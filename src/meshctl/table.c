/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/wrap.h"

#define TABLE_GAP  2
#define NOTE_SETIN 4

/* NULL when memory ends. */
static __attribute__((format(printf, 3, 0))) struct table_cell *add_cell(struct table *table,
	enum print_style style, const char *format, va_list arguments)
{
	if (table->count == table->capacity) {
		size_t capacity = table->capacity == 0 ? 64 : table->capacity * 2;
		struct table_cell *cells =
			reallocarray(table->cells, capacity, sizeof(*table->cells));
		if (cells == NULL) {
			return NULL;
		}
		table->cells = cells;
		table->capacity = capacity;
	}
	struct table_cell *cell = &table->cells[table->count++];
	*cell = (struct table_cell){.style = style};
	vsnprintf(cell->text, sizeof(cell->text), format, arguments);
	return cell;
}

void table_add(struct table *table, enum print_style style, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_cell(table, style, format, arguments);
	va_end(arguments);
}

void table_add_note(struct table *table, enum print_style style, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct table_cell *cell = add_cell(table, style, format, arguments);
	va_end(arguments);
	if (cell != NULL) {
		cell->is_note = true;
		cell->ends_row = true;
	}
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
		const struct table_cell *cell = &table->cells[i];
		int width = wrap_width(cell->text);
		if (column < TABLE_COLUMNS_MAX && !cell->is_note && width > widths[column]) {
			widths[column] = width;
		}
		column = cell->ends_row ? 0 : column + 1;
	}
}

struct place {
	FILE *to;
	bool colour;
	int indent;
	const int *widths; /* of the columns */
};

static void print_row(const struct table *table, size_t first, size_t end,
	const struct place *place)
{
	int gap = place->indent;
	int at = 0;

	for (size_t i = first; i < end; i++) {
		const struct table_cell *cell = &table->cells[i];
		size_t column = i - first;
		int width = column < TABLE_COLUMNS_MAX ? place->widths[column] : 0;
		int spare = width - wrap_width(cell->text);
		bool right = column < TABLE_COLUMNS_MAX && (table->right & (1u << column)) != 0;
		if (cell->text[0] == '\0') {
			gap += TABLE_GAP + width; /* blanks at a line's end are never printed */
			continue;
		}
		gap += right ? spare : 0;
		fprintf(place->to, "%*s", gap, "");
		at += gap;
		if (cell->ends_row && table->wraps) {
			wrap_print(place->to, place->colour, cell->style, at, cell->text);
			return;
		}
		at += print_styled(place->to, place->colour, cell->style, "%s", cell->text);
		gap = TABLE_GAP + (right ? 0 : spare);
	}
	print_end(place->to);
}

static void print_note(const struct table_cell *cell, const struct place *place)
{
	int setin = place->indent + NOTE_SETIN;

	fprintf(place->to, "%*s", setin, "");
	wrap_print(place->to, place->colour, cell->style, setin, cell->text);
}

void table_print(const struct table *table, FILE *to, bool colour, int indent)
{
	int widths[TABLE_COLUMNS_MAX] = {0};
	struct place place = {to, colour, indent, widths};
	size_t end = 0;

	measure(table, widths);
	for (size_t first = 0; first < table->count; first = end) {
		end = first + 1;
		while (end < table->count && !table->cells[end - 1].ends_row) {
			end++;
		}
		if (table->cells[first].is_note) {
			print_note(&table->cells[first], &place);
		} else {
			print_row(table, first, end, &place);
		}
	}
}

void table_free(struct table *table)
{
	free(table->cells);
	*table = (struct table){0};
}
