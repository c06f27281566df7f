/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The beginning of an answer of a web server (RFC 9112), compared with the one expected. */
#ifndef UPLINK_HTTP_ANSWER_H
#define UPLINK_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX   4096 /* status line and header fields; more is no answer */
#define HTTP_ANSWER_MAX (HTTP_HEAD_MAX + 4096)

enum http_verdict {
	HTTP_MORE, /* not known yet */
	HTTP_EXPECTED,
	HTTP_OTHER,      /* an answer, of another status */
	HTTP_OTHER_TEXT, /* the body begins with something else */
	HTTP_MALFORMED,  /* no answer of a web server */
};

struct http_expectation {
	int status;
	const char *body; /* not ended by NUL */
	size_t body_length;
};

/* Judges what has come so far; ended: there will be no more. *status is set unless the verdict is
 * HTTP_MORE or HTTP_MALFORMED. */
enum http_verdict http_answer_judge(const char *bytes, size_t length, bool ended,
	const struct http_expectation *expectation, int *status);

#endif
