/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a child writes: cut into lines, made harmless, limited in rate, the last ones kept. */
#ifndef CORE_SERVICE_OUTPUT_H
#define CORE_SERVICE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#define SERVICE_LINE_MAX       1000 /* bytes of a line that is passed on */
#define SERVICE_LAST_LINES     5
#define SERVICE_LAST_LINE_MAX  200 /* bytes of a line that is kept */
#define SERVICE_LINES_BURST    50.0
#define SERVICE_LINES_A_SECOND 10.0
#define SERVICE_NOTICE_EVERY   10.0 /* seconds between two counts of lines left out */

/* The last lines, oldest first, "" where there are fewer. */
struct service_lines {
	char items[SERVICE_LAST_LINES][SERVICE_LAST_LINE_MAX + 1];
	size_t count;
};

/* level: syslog's number, of the line's own prefix "<N>", else 6 (info). */
typedef void (*service_line_fn)(void *context, int level, const char *line);

struct service_output {
	service_line_fn emit;
	void *context;
	char line[SERVICE_LINE_MAX]; /* the one that has not ended */
	size_t length;
	double tokens;
	double refilled; /* when tokens were counted */
	double notice_at;
	unsigned long left_out;
	struct service_lines last;
};

void service_output_init(struct service_output *output, service_line_fn emit, void *context,
	double now);
/* Takes the next bytes. A line is emitted as long as the rate allows; after that it is counted. */
void service_output_push(struct service_output *output, const char *bytes, size_t length,
	double now);
/* Emits how many were left out, when it is time. final: it is always time, and what is there of a
 * last line is a line. */
void service_output_flush(struct service_output *output, double now, bool final);
/* Nothing more would be emitted now: whoever reads may pause. */
bool service_output_is_limited(const struct service_output *output, double now);

void service_lines_add(struct service_lines *lines, const char *line);
/* Copies so that the text is valid UTF-8 without control characters: those and bytes that are no
 * UTF-8 become '?', a tab becomes a space. At most size - 1 bytes, no character cut in two. Returns
 * the length. */
size_t service_text_clean(char *to, size_t size, const char *from, size_t length);

#endif
