/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection of the control socket: lines in, answers out. While an answer waits to be sent, no
 * further request of its peer is read, so each connection costs a bounded amount of memory. */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include <stdint.h>

#include "control/output.h"
#include "control/request.h"

struct peer {
	int fd;
	uint64_t active; /* number of its last sign of life, for "longest idle" */
	uint32_t events; /* what epoll watches for */
	struct request_caller caller;
	char *input;        /* REQUEST_LINE_MAX + 1 bytes at most */
	size_t input_start; /* first byte not yet taken */
	size_t input_end;
	size_t input_size;
	struct output output;
	json_t *later; /* the answer that is still to come, or NULL; until then nothing is read */
	bool ended;    /* nothing more comes in */
	bool deaf;     /* nothing can be sent any more */
	bool closing;  /* close once the output is sent */
};

/* Takes over a connected non-blocking socket and queues the greeting of table (NULL: none, the peer
 * has had one). 0 with *peer, or -errno, and
 * then fd is still the caller's. */
int peer_new(struct peer **peer, int fd, const struct request_table *table);
void peer_free(struct peer *peer);

/* Serves a socket that epoll found ready (events: EPOLLIN, ...): receives once, answers at most one
 * request, sends what can be sent. True when that was a sign of life. */
bool peer_serve(struct peer *peer, uint32_t events, const struct request_table *table,
	void *context);
/* What epoll should watch for now; EPOLLOUT also while a complete request waits its turn. */
uint32_t peer_wants(const struct peer *peer);
bool peer_is_done(const struct peer *peer);
/* Queues the answer that was to come later; nothing where none was. */
void peer_answer_later(struct peer *peer, json_t *result, const struct request_error *error);
/* Says why the connection is closed, where that is possible without waiting. */
void peer_dismiss(struct peer *peer, const char *reason, const char *hint);

#endif
