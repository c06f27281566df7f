/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/wrap.h"

#include <string.h>

#define LEAST_COLUMNS 20 /* better a long line than a column of syllables */

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

int wrap_width(const char *text)
{
	int width = 0;

	for (; *text != '\0'; text++) {
		width += begins_character(*text);
	}
	return width;
}

size_t wrap_line(const char *text, int columns, size_t *next)
{
	size_t blank = 0; /* the last one that a line can end at */
	int width = 0;
	size_t length;

	for (length = 0; text[length] != '\0'; length++) {
		bool begins = begins_character(text[length]);
		if (begins && width >= columns && length > 0) {
			break;
		}
		width += begins;
		blank = text[length] == ' ' && length > 0 ? length : blank;
	}
	if (text[length] != '\0' && text[length] != ' ' && blank > 0) {
		length = blank;
	}
	*next = length;
	while (text[*next] == ' ') {
		(*next)++;
	}
	while (length > 1 && text[length - 1] == ' ') {
		length--;
	}
	return length;
}

void wrap_print(FILE *to, bool colour, enum print_style style, int column, const char *text)
{
	int room = WRAP_COLUMNS - column;

	while (*text != '\0') {
		size_t next = 0;
		size_t length = wrap_line(text, room < LEAST_COLUMNS ? LEAST_COLUMNS : room, &next);
		print_styled(to, colour, style, "%.*s", (int)length, text);
		text += next;
		if (*text != '\0') {
			print_end(to);
			fprintf(to, "%*s", column, "");
		}
	}
	print_end(to);
}
