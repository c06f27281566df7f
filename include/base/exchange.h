/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question over a unix stream socket: connect, write all of it, read the answer. Never blocks;
 * the caller owns the waiting and the time limit. */
#ifndef BASE_EXCHANGE_H
#define BASE_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

struct exchange {
	int fd; /* -1 = none */
	uint8_t *output;
	size_t output_length;
	size_t output_sent;
	uint8_t *input; /* the answer so far */
	size_t input_length;
	size_t input_capacity;
	size_t input_max;
};

/* A struct that exchange_close() accepts. */
#define EXCHANGE_NONE ((struct exchange){.fd = -1})

/* Connects to path and begins to write the request (copied; one write where the socket takes it).
 * An answer of more than answer_max bytes is -EMSGSIZE later. 0 or -errno (-ENOENT,
 * -ECONNREFUSED: nobody there). */
int exchange_open(struct exchange *exchange, const char *path, const void *request, size_t length,
	size_t answer_max);
/* EPOLLIN and, while there is something to write, EPOLLOUT. */
uint32_t exchange_events(const struct exchange *exchange);
/* Writes and reads what is possible. 0: more to come; 1: the other end closed, the answer is
 * whole; -errno. */
int exchange_on_ready(struct exchange *exchange);
/* One more message on the same connection, behind what is not written yet. 0 or -errno. */
int exchange_write(struct exchange *exchange, const void *request, size_t length);
/* Drops the first bytes of what was read: for a stream that has no end. */
void exchange_take(struct exchange *exchange, size_t length);
void exchange_close(struct exchange *exchange);

#endif
