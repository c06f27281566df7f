/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with a text that is no JSON. jansson has refused it and gives no more than the end
 * of the first thing that it stumbled over, so the text is read once more: to say where each fault
 * is and what would be right, and to read over those behind which the rest is still plain. */
#ifndef CORE_CONFIG_SYNTAX_H
#define CORE_CONFIG_SYNTAX_H

#include "core/config_report.h"

enum syntax_fault {
	SYNTAX_EMPTY,
	SYNTAX_MARK,
	SYNTAX_UTF16,
	SYNTAX_UTF8,
	SYNTAX_COMMENT,
	SYNTAX_DEEP,
	SYNTAX_AFTER,
	SYNTAX_ZERO_BYTE,
	SYNTAX_COMMA_LEFT,
	SYNTAX_COMMA_LAST,
	SYNTAX_COMMA_MISSING,
	SYNTAX_COLON,
	SYNTAX_KEY,
	SYNTAX_VALUE,
	SYNTAX_STRAY,
	SYNTAX_TEXT_OPEN,
	SYNTAX_TAB,
	SYNTAX_CONTROL,
	SYNTAX_ESCAPE,
	SYNTAX_NUL,
	SYNTAX_SURROGATE,
	SYNTAX_APOSTROPHE,
	SYNTAX_CURLY,
	SYNTAX_TRUE,
	SYNTAX_FALSE,
	SYNTAX_NULL,
	SYNTAX_NAN,
	SYNTAX_LEADING_ZERO,
	SYNTAX_HEX,
	SYNTAX_NUMBER,
	SYNTAX_WORD,
	SYNTAX_FAULTS,
};

struct syntax {
	const struct config_layer *layer;
	struct err_list *errors;
	struct config_path path;
	const char *at;
	const char *end;
	const char *open; /* the innermost bracket that is not closed, or NULL */
	unsigned int depth;
	bool is_lost;   /* what comes next is anybody's guess */
	bool is_unsure; /* all faults are shown, but what the text means is not known */
	bool has_comment;
};

/* Adds the fault at that byte, with the first length bytes there in quotes (0 = none). */
void syntax_report(struct syntax *syntax, enum syntax_fault fault, const char *at, size_t length);
/* Moves past a text, from a '"', or a number or word. The value, or NULL with an error added. */
json_t *syntax_read_text(struct syntax *syntax);
json_t *syntax_read_word(struct syntax *syntax);
/* What stands where nothing like it may, of which quoted bytes are shown (0 = a word of it); moves
 * nowhere. */
void syntax_report_stray(struct syntax *syntax, enum syntax_fault fault, size_t quoted);

#endif
