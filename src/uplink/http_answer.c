/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/http_answer.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define VERSION          "HTTP/1."
#define STATUS_LINE_MIN  12 /* "HTTP/1.1 204" */
#define CHUNK_LENGTH_MAX 7  /* hexadecimal digits */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The status, 0 = more is needed, -1 = it is none. */
static int parse_status(const char *bytes, size_t length)
{
	size_t version = strlen(VERSION);

	if (memcmp(bytes, VERSION, length < version ? length : version) != 0) {
		return -1;
	}
	if (length <= STATUS_LINE_MIN) {
		return 0;
	}
	const char *code = bytes + version + 2;
	char after = bytes[STATUS_LINE_MIN];
	if (!is_digit(bytes[version]) || code[-1] != ' ' || code[0] < '1' || code[0] > '5' ||
		!is_digit(code[1]) || !is_digit(code[2]) ||
		(after != ' ' && after != '\r' && after != '\n')) {
		return -1;
	}
	return (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

/* The length of the head with its empty line, 0 = it has not ended. */
static size_t head_length(const char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		const char *end = memchr(bytes + at, '\n', length - at);
		if (end == NULL) {
			return 0;
		}
		size_t line = (size_t)(end - bytes) - at;
		if (line == 0 || (line == 1 && bytes[at] == '\r')) {
			return at + line + 1;
		}
		at += line + 1;
	}
	return 0;
}

/* Is it the line of that field, with the word "chunked" in its value? */
static bool says_chunked(const char *line, size_t length)
{
	static const char field[] = "transfer-encoding:";
	static const char word[] = "chunked";
	size_t at = strlen(field);

	if (length <= at || strncasecmp(line, field, at) != 0) {
		return false;
	}
	for (; at + strlen(word) <= length; at++) {
		if (strncasecmp(line + at, word, strlen(word)) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_chunks(const char *head, size_t length)
{
	for (size_t at = 0; at < length;) {
		const char *end = memchr(head + at, '\n', length - at);
		size_t line = end == NULL ? length - at : (size_t)(end - head) - at;
		if (says_chunked(head + at, line)) {
			return true;
		}
		at += line + 1;
	}
	return false;
}

/* A body, read byte by byte out of its chunks or as it is. */
struct body {
	const char *bytes;
	size_t length;
	size_t at;
	bool chunked;
	size_t chunk_left;
};

/* Goes to the next chunk's bytes. False: there is none (yet). */
static bool next_chunk(struct body *body)
{
	const char *line = body->bytes + body->at;
	size_t left = body->length - body->at;
	size_t skip = 0;
	size_t value = 0;
	size_t digits = 0;

	while (skip < left && (line[skip] == '\r' || line[skip] == '\n')) {
		skip++; /* the end of the chunk before */
	}
	const char *end = memchr(line + skip, '\n', left - skip);
	if (end == NULL) {
		return false;
	}
	for (const char *c = line + skip; text_hex_value(*c) >= 0 && digits < CHUNK_LENGTH_MAX;
		c++) {
		value = value * 16 + (size_t)text_hex_value(*c);
		digits++;
	}
	if (value == 0) {
		return false; /* the last one, or none */
	}
	body->at += (size_t)(end - line) + 1;
	body->chunk_left = value;
	return true;
}

/* The next byte, -1 = there is none (yet). */
static int next_byte(struct body *body)
{
	if (body->chunked && body->chunk_left == 0 && !next_chunk(body)) {
		return -1;
	}
	if (body->at >= body->length) {
		return -1;
	}
	body->chunk_left -= body->chunked ? 1 : 0;
	return (unsigned char)body->bytes[body->at++];
}

static enum http_verdict judge_body(struct body *body, bool ended,
	const struct http_expectation *expectation)
{
	for (size_t i = 0; i < expectation->body_length; i++) {
		int byte = next_byte(body);
		if (byte < 0) {
			return ended ? HTTP_OTHER_TEXT : HTTP_MORE;
		}
		if (byte != (unsigned char)expectation->body[i]) {
			return HTTP_OTHER_TEXT;
		}
	}
	return HTTP_EXPECTED;
}

enum http_verdict http_answer_judge(const char *bytes, size_t length, bool ended,
	const struct http_expectation *expectation, int *status)
{
	int found = 0;
	size_t head = 0;

	ended = ended || length >= HTTP_ANSWER_MAX;
	while (true) {
		found = parse_status(bytes, length);
		head = found > 0 ? head_length(bytes, length) : 0;
		if (found < 0 || (head == 0 && (ended || length >= HTTP_HEAD_MAX)) ||
			head > HTTP_HEAD_MAX) {
			return HTTP_MALFORMED;
		}
		if (head == 0) {
			return HTTP_MORE;
		}
		if (found >= 200) {
			break;
		}
		/* An interim answer (1xx); the one that counts follows. */
		bytes += head;
		length -= head;
	}
	struct body body = {.bytes = bytes + head, .length = length - head};
	body.chunked = has_chunks(bytes, head);
	enum http_verdict verdict =
		found == expectation->status ? judge_body(&body, ended, expectation) : HTTP_OTHER;
	if (verdict != HTTP_MORE) {
		*status = found;
	}
	return verdict;
}
