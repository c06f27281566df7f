/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/service_output.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define LEVEL_WARNING 4
#define LEVEL_INFO    6

/* The length of the UTF-8 character at from (RFC 3629), 0 when it is none. */
static size_t character_length(const unsigned char *from, size_t length, uint32_t *value)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = from[0] < 0x80   ? 1
		      : from[0] < 0xc0 ? 0
		      : from[0] < 0xe0 ? 2
		      : from[0] < 0xf0 ? 3
		      : from[0] < 0xf8 ? 4
				       : 0;

	if (size == 0 || size > length) {
		return 0;
	}
	*value = size == 1 ? from[0] : from[0] & (0xffU >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if ((from[i] & 0xc0) != 0x80) {
			return 0;
		}
		*value = *value << 6 | (from[i] & 0x3fU);
	}
	bool surrogate = *value >= 0xd800 && *value <= 0xdfff;
	return *value < least[size] || *value > 0x10ffff || surrogate ? 0 : size;
}

static bool is_printable(uint32_t value)
{
	/* C0, DEL, C1, and what turns the direction of a terminal's text or breaks a line. */
	return value >= 0x20 && !(value >= 0x7f && value < 0xa0) &&
	       !(value >= 0x2028 && value <= 0x202e) && !(value >= 0x2066 && value <= 0x2069);
}

size_t service_text_clean(char *to, size_t size, const char *from, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)from;
	size_t written = 0;

	for (size_t i = 0; i < length;) {
		uint32_t value = 0;
		size_t taken = character_length(bytes + i, length - i, &value);
		bool kept = taken > 0 && is_printable(value);
		size_t needed = kept ? taken : 1;

		if (written + needed >= size) {
			break;
		}
		if (kept) {
			memcpy(to + written, from + i, taken);
		} else {
			to[written] = from[i] == '\t' ? ' ' : '?';
		}
		written += needed;
		i += taken > 0 ? taken : 1;
	}
	to[written] = '\0';
	return written;
}

void service_lines_add(struct service_lines *lines, const char *line)
{
	if (lines->count == SERVICE_LAST_LINES) {
		memmove(lines->items[0], lines->items[1],
			sizeof(lines->items) - sizeof(lines->items[0]));
		lines->count--;
	}
	service_text_clean(lines->items[lines->count], sizeof(lines->items[0]), line, strlen(line));
	lines->count++;
}

void service_output_init(struct service_output *output, service_line_fn emit, void *context,
	double now)
{
	*output = (struct service_output){.emit = emit,
		.context = context,
		.tokens = SERVICE_LINES_BURST,
		.refilled = now};
}

static double tokens_now(const struct service_output *output, double now)
{
	double tokens = output->tokens + (now - output->refilled) * SERVICE_LINES_A_SECOND;

	return tokens < SERVICE_LINES_BURST ? tokens : SERVICE_LINES_BURST;
}

static void refill(struct service_output *output, double now)
{
	output->tokens = tokens_now(output, now);
	output->refilled = now;
}

bool service_output_is_limited(const struct service_output *output, double now)
{
	return tokens_now(output, now) < 1;
}

/* The prefix "<N>" of sd-daemon(3). Returns the text after it. */
static const char *level_parse(const char *line, int *level)
{
	if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
		*level = line[1] - '0';
		return line + 3;
	}
	*level = LEVEL_INFO;
	return line;
}

static void end_line(struct service_output *output)
{
	char clean[SERVICE_LINE_MAX + 1] = "";
	size_t length = output->length;
	int level;

	output->length = 0;
	if (length > 0 && output->line[length - 1] == '\r') {
		length--;
	}
	service_text_clean(clean, sizeof(clean), output->line, length);
	const char *text = level_parse(clean, &level);
	if (text[0] == '\0') {
		return;
	}
	service_lines_add(&output->last, text);
	if (output->tokens < 1) {
		output->left_out++;
		return;
	}
	output->tokens -= 1;
	output->emit(output->context, level, text);
}

void service_output_push(struct service_output *output, const char *bytes, size_t length,
	double now)
{
	refill(output, now);
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n') {
			end_line(output);
		} else if (output->length < sizeof(output->line)) {
			output->line[output->length++] = bytes[i];
		}
	}
}

void service_output_flush(struct service_output *output, double now, bool final)
{
	char text[64];

	refill(output, now);
	if (final && output->length > 0) {
		end_line(output);
	}
	if (output->left_out == 0 || (!final && now < output->notice_at)) {
		return;
	}
	snprintf(text, sizeof(text), "%lu lines left out: it writes too much", output->left_out);
	output->left_out = 0;
	output->notice_at = now + SERVICE_NOTICE_EVERY;
	output->emit(output->context, LEVEL_WARNING, text);
}
