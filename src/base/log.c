/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048

/* Other people's text (kernel messages, names from the mesh) must not forge lines or move the
 * cursor of the terminal. */
static void blank_controls(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte < 0x20 || byte == 0x7f) {
			text[i] = ' ';
		}
	}
}

static size_t clamp_length(int written, size_t size)
{
	if (written < 0) {
		return 0;
	}
	return (size_t)written < size ? (size_t)written : size - 1;
}

void log_reserve_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0) {
		close(fd);
	}
}

void log_line(enum log_level level, const char *room, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	size_t length = 0;
	va_list args;

	if (!isatty(STDERR_FILENO)) {
		length = clamp_length(snprintf(line, sizeof(line), "<%d>", (int)level),
			sizeof(line));
	}
	size_t start = length;

	length += clamp_length(snprintf(line + length, sizeof(line) - length, "%s: ", room),
		sizeof(line) - length);
	va_start(args, format);
	length += clamp_length(vsnprintf(line + length, sizeof(line) - length, format, args),
		sizeof(line) - length);
	va_end(args);
	while (length > start && (line[length - 1] == '\n' || line[length - 1] == '\r')) {
		length--;
	}
	blank_controls(line + start, length - start);
	line[length] = '\n';

	/* One write, so that lines of parent and child do not mix. When stderr is gone there is
	 * nobody left to tell. */
	ssize_t written = write(STDERR_FILENO, line, length + 1);
	(void)written;
}
