/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts, numbers and words that JSON does not have, and the words for all faults. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "core/config_syntax.h"

#define DIGITS "0123456789"

/* Where something is quoted, it stands before the words. */
static const char *const words[SYNTAX_FAULTS] = {
	[SYNTAX_EMPTY] = "the file is empty; write at least {}",
	[SYNTAX_MARK] = "the file starts with a byte order mark; save it as UTF-8 without one (in "
			"editors: \"UTF-8\", not \"UTF-8 with BOM\")",
	[SYNTAX_UTF16] = "the file is not UTF-8 but UTF-16; save it as UTF-8",
	[SYNTAX_UTF8] = "this byte is no UTF-8; save the file as UTF-8",
	[SYNTAX_COMMENT] = "JSON has no comments; remove this one and all others",
	[SYNTAX_DEEP] = "more brackets are open here than any configuration needs; close or remove "
			"some of them",
	[SYNTAX_AFTER] = " comes after the end of the object that starts the file; remove what is "
			 "too much: one object { ... } is all that a file may hold",
	[SYNTAX_ZERO_BYTE] =
		"there is a byte 0, which no text has; the file is damaged or not saved as "
		"UTF-8: write it anew",
	[SYNTAX_COMMA_LEFT] = "nothing stands before this comma; remove it",
	[SYNTAX_COMMA_LAST] = "no comma may follow the last entry; remove it",
	[SYNTAX_COMMA_MISSING] = " was not expected here; a comma may be missing before it",
	[SYNTAX_COLON] = " was not expected here; after a key come a colon and its value, as in "
			 "\"mtu\": 1500",
	[SYNTAX_KEY] = " must be a key in double quotes, as in \"mtu\": 1500",
	[SYNTAX_VALUE] = "the value is missing here; write one after the colon",
	[SYNTAX_STRAY] = " was not expected here; remove it, or put a text in double quotes",
	[SYNTAX_TEXT_OPEN] = "the text that starts here is not closed on its line; end it with \"",
	[SYNTAX_TAB] = "there is a tab within the text; write \\t or blanks",
	[SYNTAX_CONTROL] = "there is a control character; remove it",
	[SYNTAX_ESCAPE] = " means nothing within a text; write \\\\ for a backslash, or remove it",
	[SYNTAX_NUL] = " stands for a byte 0, which no text here may have; remove it",
	[SYNTAX_SURROGATE] = " is half a character; write the character itself, the file is UTF-8",
	[SYNTAX_APOSTROPHE] = " is in single quotes; put it in double quotes, \"...\"",
	[SYNTAX_CURLY] = "these quotes are typographic; write plain ones, \"...\"",
	[SYNTAX_TRUE] = " is no value; write true, in small letters and without quotes",
	[SYNTAX_FALSE] = " is no value; write false, in small letters and without quotes",
	[SYNTAX_NULL] = " is no value; write null, in small letters and without quotes",
	[SYNTAX_NAN] = " is no number; write one in digits",
	[SYNTAX_LEADING_ZERO] = " starts with 0, which a number may not; remove the 0 in front",
	[SYNTAX_HEX] = " is not JSON's way to write a number; write it in decimal, or in double "
		       "quotes where a hexadecimal text is taken",
	[SYNTAX_NUMBER] = " is no number; write it in digits, as in 1500, or put a text in double "
			  "quotes",
	[SYNTAX_WORD] = " is neither a number nor true, false or null; put a text in double quotes",
};

void syntax_report(struct syntax *syntax, enum syntax_fault fault, const char *at, size_t length)
{
	char written[CONFIG_QUOTE_SIZE] = "";
	char name[CONFIG_QUOTE_SIZE * 2];

	if (length > 0) {
		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		config_quote_name(name, written);
	}
	/* A text is in quotes already. */
	const char *shown = length > 1 && at[0] == '"' ? written + 1 : written;
	size_t shown_length = strlen(shown) - (shown != written);

	config_report_at(syntax->errors, syntax->layer, &syntax->path, at, "%.*s%s",
		(int)shown_length, shown, words[fault]);
}

/* Bytes of the character of UTF-8 there, 0 when it is none. */
static size_t character_length(const char *at, const char *end)
{
	static const size_t lengths[] = {0, 0, 2, 3, 4};
	unsigned char first = (unsigned char)*at;
	size_t kind = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	size_t length = kind == 1 ? 1 : lengths[kind];

	if (length > (size_t)(end - at)) {
		return 0;
	}
	json_t *checked = json_stringn(at, length);
	json_decref(checked);
	return checked != NULL ? length : 0;
}

static int hex_of(const char *at, const char *end)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int digit = at + i < end ? text_hex_value(at[i]) : -1;

		if (digit < 0) {
			return -1;
		}
		value = value * 16 + digit;
	}
	return value;
}

/* A '\\' and what belongs to it: *length bytes, or the fault, SYNTAX_FAULTS for none. */
static enum syntax_fault read_escape(const char *at, const char *end, size_t *length)
{
	*length = 2;
	if (end - at < 2 || at[1] == '\n' || at[1] == '\r') {
		*length = 1; /* a text ends on its line */
		return SYNTAX_ESCAPE;
	}
	if (at[1] != 'u') {
		return config_is_one_of(at[1], "\"\\/bfnrt") ? SYNTAX_FAULTS : SYNTAX_ESCAPE;
	}
	int value = hex_of(at + 2, end);
	if (value < 0) {
		return SYNTAX_ESCAPE;
	}
	*length = 6;
	if (value == 0) {
		return SYNTAX_NUL;
	}
	if (value < 0xd800 || value > 0xdfff) {
		return SYNTAX_FAULTS;
	}
	bool has_other = value < 0xdc00 && end - at > 8 && at[6] == '\\' && at[7] == 'u';
	int other = has_other ? hex_of(at + 8, end) : -1;
	*length = other >= 0xdc00 && other <= 0xdfff ? 12 : 6;
	return *length == 12 ? SYNTAX_FAULTS : SYNTAX_SURROGATE;
}

/* What is wrong at this byte of a text, which has *length bytes. */
static enum syntax_fault read_character(const char *at, const char *end, size_t *length)
{
	unsigned char byte = (unsigned char)*at;

	*length = 1;
	if (byte == '\\') {
		return read_escape(at, end, length);
	}
	if (byte < ' ') {
		return byte == '\t' ? SYNTAX_TAB : byte == 0 ? SYNTAX_ZERO_BYTE : SYNTAX_CONTROL;
	}
	*length = character_length(at, end);
	if (*length == 0) {
		*length = 1;
		return SYNTAX_UTF8;
	}
	return SYNTAX_FAULTS;
}

json_t *syntax_read_text(struct syntax *syntax)
{
	const char *start = syntax->at;
	const char *at = start + 1;
	bool is_right = true;

	while (at < syntax->end && *at != '"' && *at != '\n' && *at != '\r') {
		size_t length;
		enum syntax_fault fault = read_character(at, syntax->end, &length);
		bool is_shown =
			fault == SYNTAX_ESCAPE || fault == SYNTAX_NUL || fault == SYNTAX_SURROGATE;

		if (length > (size_t)(syntax->end - at)) {
			length = (size_t)(syntax->end - at);
		}
		if (fault != SYNTAX_FAULTS && is_right) {
			syntax_report(syntax, fault, at, is_shown ? length : 0);
			is_right = false;
		}
		at += length;
	}
	if (at >= syntax->end || *at != '"') {
		syntax_report(syntax, SYNTAX_TEXT_OPEN, start, 0);
		syntax->at = at;
		syntax->is_lost = true;
		return NULL;
	}
	syntax->at = at + 1;
	return is_right ? json_loadb(start, (size_t)(syntax->at - start), JSON_DECODE_ANY, NULL)
			: NULL;
}

/* Is it a number of JSON, which only is too large? */
static bool is_number(const char *text)
{
	const char *at = text + (text[0] == '-');
	size_t digits = strspn(at, DIGITS);

	if (digits == 0 || (at[0] == '0' && digits > 1)) {
		return false;
	}
	at += digits;
	if (*at == '.') {
		digits = strspn(at + 1, DIGITS);
		at += digits > 0 ? 1 + digits : 0;
	}
	if (*at == 'e' || *at == 'E') {
		size_t sign = at[1] == '+' || at[1] == '-';
		digits = strspn(at + 1 + sign, DIGITS);
		at += digits > 0 ? 1 + sign + digits : 0;
	}
	return *at == '\0';
}

/* What somebody may have meant by it. */
static enum syntax_fault classify(const char *text)
{
	static const struct {
		const char *word;
		enum syntax_fault fault;
	} known[] = {{"true", SYNTAX_TRUE}, {"yes", SYNTAX_TRUE}, {"on", SYNTAX_TRUE},
		{"false", SYNTAX_FALSE}, {"no", SYNTAX_FALSE}, {"off", SYNTAX_FALSE},
		{"null", SYNTAX_NULL}, {"none", SYNTAX_NULL}, {"nil", SYNTAX_NULL},
		{"nan", SYNTAX_NAN}, {"inf", SYNTAX_NAN}, {"infinity", SYNTAX_NAN}};
	const char *at = text + (text[0] == '-' || text[0] == '+');

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcasecmp(at, known[i].word) == 0) {
			return known[i].fault;
		}
	}
	if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
		return SYNTAX_HEX;
	}
	if (at == text + (text[0] == '-') && at[0] == '0' && strspn(at, DIGITS) == strlen(at)) {
		return SYNTAX_LEADING_ZERO;
	}
	bool is_numeric = at != text || at[0] == '.' || strspn(at, DIGITS) > 0;
	return is_numeric ? SYNTAX_NUMBER : SYNTAX_WORD;
}

static size_t word_length(const struct syntax *syntax)
{
	size_t length = 0;
	size_t most = (size_t)(syntax->end - syntax->at);

	while (length < most && !config_is_one_of(syntax->at[length], ",]} \t\r\n")) {
		length++;
	}
	return length;
}

/* To after the quote that ends what one starts, on its line. */
static size_t quoted_length(const struct syntax *syntax)
{
	for (const char *at = syntax->at + 1; at < syntax->end && *at != '\n'; at++) {
		if (*at == *syntax->at) {
			return (size_t)(at + 1 - syntax->at);
		}
	}
	return word_length(syntax);
}

/* What a person sees as one thing: a sign, a text with its quotes, or a word. */
static size_t stray_length(const struct syntax *syntax)
{
	if (config_is_one_of(*syntax->at, "{}[]:,")) {
		return 1;
	}
	return *syntax->at == '"' || *syntax->at == '\'' ? quoted_length(syntax)
							 : word_length(syntax);
}

void syntax_report_stray(struct syntax *syntax, enum syntax_fault fault, size_t quoted)
{
	static const char *const curly[] = {"\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9c",
		"\xe2\x80\x9d", "\xe2\x80\x9e"};
	size_t left = (size_t)(syntax->end - syntax->at);

	for (size_t i = 0; i < ARRAY_SIZE(curly); i++) {
		if (left >= 3 && memcmp(syntax->at, curly[i], 3) == 0) {
			syntax_report(syntax, SYNTAX_CURLY, syntax->at, 0);
			return;
		}
	}
	if (*syntax->at == '\0') {
		syntax_report(syntax, SYNTAX_ZERO_BYTE, syntax->at, 0);
		return;
	}
	size_t length = character_length(syntax->at, syntax->end);
	if (length == 0) {
		syntax_report(syntax, SYNTAX_UTF8, syntax->at, 0);
		return;
	}
	if (*syntax->at > 0 && *syntax->at < ' ') {
		syntax_report(syntax, SYNTAX_CONTROL, syntax->at, 0);
		return;
	}
	size_t word = quoted > 0 ? quoted : stray_length(syntax);
	syntax_report(syntax, fault, syntax->at, word > length ? word : length);
}

json_t *syntax_read_word(struct syntax *syntax)
{
	const char *start = syntax->at;
	bool has_apostrophe = *start == '\'';
	size_t length = has_apostrophe ? quoted_length(syntax) : word_length(syntax);
	CLEANUP(cleanup_free) char *text = strndup(start, length);

	if (text == NULL) {
		syntax->is_lost = true;
		return NULL;
	}
	json_t *value = json_loadb(start, length, JSON_DECODE_ANY, NULL);
	if (value == NULL && is_number(text)) {
		/* Too large: no number here has a fraction, so the key says what is right. */
		value = json_real(0.5);
	} else if (value == NULL && has_apostrophe) {
		syntax_report(syntax, SYNTAX_APOSTROPHE, start, length);
		syntax->is_unsure = true;
	} else if (value == NULL) {
		enum syntax_fault fault = classify(text);
		bool is_plain = strspn(text, DIGITS "+-._/:%abcdefghijklmnopqrstuvwxyz"
						    "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == length;
		if (is_plain) {
			syntax_report(syntax, fault, start, length);
		} else {
			syntax_report_stray(syntax, SYNTAX_STRAY, 0);
			syntax->is_lost = true;
		}
	}
	syntax->at = start + length;
	return value;
}
