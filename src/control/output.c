/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/output.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define OUTPUT_FIRST_SIZE 4096
#define OUTPUT_TRIM_SIZE  ((size_t)1024 * 1024)

/* What json_dump_callback() carries. */
struct sink {
	struct output *output;
	size_t limit;
	int error;
};

/* The values a large answer was made of lie scattered over the heap: they go back to the system. */
void output_reset(struct output *output)
{
	bool large = output->capacity >= OUTPUT_TRIM_SIZE;

	free(output->bytes);
	*output = (struct output){0};
	if (large) {
		malloc_trim(0);
	}
}

static int output_reserve(struct output *output, size_t size, size_t limit)
{
	size_t capacity = output->capacity == 0 ? OUTPUT_FIRST_SIZE : output->capacity;

	if (size > limit - (output->end - output->start)) {
		return -EMSGSIZE;
	}
	if (output->start > 0) {
		memmove(output->bytes, output->bytes + output->start, output->end - output->start);
		output->end -= output->start;
		output->start = 0;
	}
	while (capacity - output->end < size) {
		capacity *= 2;
	}
	if (capacity == output->capacity) {
		return 0;
	}
	char *bytes = realloc(output->bytes, capacity);
	if (bytes == NULL) {
		return -ENOMEM;
	}
	output->bytes = bytes;
	output->capacity = capacity;
	return 0;
}

static int output_add(struct output *output, const char *bytes, size_t size, size_t limit)
{
	if (output->capacity - output->end < size || output->start > 0 ||
		size > limit - output->end) {
		int error = output_reserve(output, size, limit);
		if (error != 0) {
			return error;
		}
	}
	memcpy(output->bytes + output->end, bytes, size);
	output->end += size;
	return 0;
}

int output_add_bytes(struct output *output, const char *bytes, size_t size)
{
	return output_add(output, bytes, size, size);
}

static int on_dump(const char *bytes, size_t size, void *context)
{
	struct sink *sink = context;

	sink->error = output_add(sink->output, bytes, size, sink->limit);
	return sink->error == 0 ? 0 : -1;
}

int output_add_json(struct output *output, const json_t *json, size_t limit)
{
	struct sink sink = {.output = output, .limit = limit};
	size_t waiting = output->end - output->start;

	int failed = json_dump_callback(json, on_dump, &sink, JSON_COMPACT | JSON_ENCODE_ANY);
	if (failed == 0) {
		failed = on_dump("\n", 1, &sink);
	}
	if (failed == 0) {
		return 0;
	}
	output->end = output->start + waiting;
	if (output_is_empty(output)) {
		output_reset(output);
	}
	return sink.error == 0 ? -ENOMEM : sink.error;
}

int output_send(struct output *output, int fd)
{
	size_t size = output->end - output->start;
	ssize_t sent;

	if (size == 0) {
		return 0;
	}
	do {
		sent = send(fd, output->bytes + output->start, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	output->start += (size_t)sent;
	if (output_is_empty(output)) {
		output_reset(output);
	}
	return sent > INT_MAX ? INT_MAX : (int)sent;
}
