/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences in lines of bounded length, broken at blanks. */
#ifndef MESHCTL_WRAP_H
#define MESHCTL_WRAP_H

#include "control/print.h"

#define WRAP_COLUMNS 80

int wrap_width(const char *text); /* columns that a text takes */
/* How many bytes of text make a line of at most so many columns; a word longer than that is cut.
 * Never 0 but for "". *next: bytes up to the line after it, behind the blanks between them. */
size_t wrap_line(const char *text, int columns, size_t *next);
/* Prints text in lines of WRAP_COLUMNS that begin in the column where the caller is, and ends the
 * last one. */
void wrap_print(FILE *to, bool colour, enum print_style style, int column, const char *text);

#endif
