/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PRINT_TEXT_SIZE 1024

bool print_wants_colour(FILE *to)
{
	const char *refused = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return (refused == NULL || refused[0] == '\0') && terminal != NULL &&
	       strcmp(terminal, "dumb") != 0 && isatty(fileno(to));
}

/* C0, DEL, and C1 as UTF-8 (c2 80 .. c2 9f) or as a lone byte. */
static bool is_control(const unsigned char *at, const unsigned char *start)
{
	if (*at < 0x20 || *at == 0x7f) {
		return true;
	}
	bool alone = at == start || at[-1] < 0x80;
	bool after_c2 = at > start && at[-1] == 0xc2;
	bool is_c1 = *at >= 0x80 && *at <= 0x9f && (alone || after_c2);
	return is_c1 || (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f);
}

static int columns(const char *text)
{
	int count = 0;

	for (; *text != '\0'; text++) {
		count += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return count;
}

int print_styled(FILE *to, bool colour, enum print_style style, const char *format, ...)
{
	static const char *const codes[] = {
		[PRINT_PLAIN] = "",
		[PRINT_BOLD] = "\033[1m",
		[PRINT_DIM] = "\033[2m",
		[PRINT_GOOD] = "\033[32m",
		[PRINT_WARNING] = "\033[33m",
		[PRINT_BAD] = "\033[31m",
	};
	char text[PRINT_TEXT_SIZE];
	unsigned char clean[PRINT_TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* The original stays beside the copy: what a byte is depends on the one before. */
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = strlen(text);
	for (size_t i = 0; i <= length; i++) {
		clean[i] = i < length && is_control(bytes + i, bytes) ? '?' : bytes[i];
	}
	bool styled = colour && style != PRINT_PLAIN && length > 0;
	fprintf(to, "%s%s%s", styled ? codes[style] : "", (const char *)clean,
		styled ? "\033[0m" : "");
	return columns((const char *)clean);
}

void print_end(FILE *to)
{
	putc('\n', to);
}

int print_finish(FILE *to, const char *program)
{
	bool failed = ferror(to) != 0; /* of what went out before */

	errno = 0;
	if (fflush(to) == 0 && !failed) {
		return 0;
	}
	int error = errno != 0 ? errno : EIO;
	fprintf(stderr, "%s: cannot write: %s\n", program, strerror(error));
	return -error;
}
