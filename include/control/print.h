/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for people's terminals. Whatever bytes are printed, control characters come out as '?', so
 * that a name chosen by a stranger cannot move the cursor. */
#ifndef CONTROL_PRINT_H
#define CONTROL_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

enum print_style {
	PRINT_PLAIN,
	PRINT_BOLD,
	PRINT_DIM,
	PRINT_GOOD,    /* green */
	PRINT_WARNING, /* yellow */
	PRINT_BAD,     /* red */
};

/* Colours are for terminals that know them, and not for people who set NO_COLOR. */
bool print_wants_colour(FILE *to);

/* Prints formatted text (at most 1023 bytes) in a style; a line break in it is a control character,
 * too: print_end() ends lines. Returns the number of columns that the text takes. */
int print_styled(FILE *to, bool colour, enum print_style style, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void print_end(FILE *to);

/* At a program's end: did all that was printed reach stdout? 0, or -errno, which is said on stderr
 * in the program's name. */
int print_finish(FILE *to, const char *program);

/* A plan (core/plan.h, plan_to_json) as lines "+ vlan eth0.29 ...", "- ...", "~ link br-lan  mtu:
 * 1496
 * -> 1500" and a line that sums up. */
void print_plan(const json_t *plan, bool colour, FILE *to);

#endif
