/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that wait until a socket takes them: a bounded queue that holds no memory while empty. */
#ifndef CONTROL_OUTPUT_H
#define CONTROL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct output {
	char *bytes;
	size_t start; /* first byte not yet sent */
	size_t end;
	size_t capacity;
};

static inline bool output_is_empty(const struct output *output)
{
	return output->start == output->end;
}

/* Adds json as one line. All or nothing: 0, -EMSGSIZE when more than limit bytes would wait, or
 * -ENOMEM. */
int output_add_json(struct output *output, const json_t *json, size_t limit);
/* Puts bytes into an empty queue. 0 or -ENOMEM. */
int output_add_bytes(struct output *output, const char *bytes, size_t size);
/* Sends what the socket takes without blocking. Number of bytes sent (0: it takes none), or -errno.
 */
int output_send(struct output *output, int fd);
void output_reset(struct output *output);

#endif
