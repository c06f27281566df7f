/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "control/server.h"

#define INPUT_FIRST_SIZE ((size_t)4096)
#define INPUT_MAX        (REQUEST_LINE_MAX + 1)

/* Queues json and gives the reference away. An answer that is too large becomes an error. */
static void peer_queue(struct peer *peer, json_t *json)
{
	if (json == NULL || peer->deaf) {
		json_decref(json);
		return;
	}
	int error = output_add_json(&peer->output, json, SERVER_OUTPUT_MAX);
	if (error == -EMSGSIZE) {
		json_t *refusal = request_refuse(json_object_get(json, "id"), REQUEST_INTERNAL,
			"the answer is larger than 8 MiB", NULL);
		if (refusal != NULL) {
			error = output_add_json(&peer->output, refusal, SERVER_OUTPUT_MAX);
		}
		json_decref(refusal);
	}
	/* A peer that would wait for an answer that never comes is better closed. */
	peer->closing = peer->closing || error != 0;
	json_decref(json);
}

int peer_new(struct peer **peer, int fd, const struct request_table *table)
{
	struct ucred credentials = {.pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1};
	socklen_t length = sizeof(credentials);
	struct peer *made = calloc(1, sizeof(*made));

	if (made == NULL) {
		return -ENOMEM;
	}
	/* Failing leaves "nobody knows who", which is what the log then says. */
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length);
	made->caller = (struct request_caller){
		.pid = credentials.pid,
		.uid = credentials.uid,
		.gid = credentials.gid,
	};
	made->fd = fd;
	if (table != NULL) {
		peer_queue(made, request_greeting(table));
	}
	*peer = made;
	return 0;
}

void peer_free(struct peer *peer)
{
	if (peer == NULL) {
		return;
	}
	close(peer->fd);
	output_reset(&peer->output);
	json_decref(peer->later);
	free(peer->input);
	free(peer);
}

static bool peer_send(struct peer *peer)
{
	int sent = output_send(&peer->output, peer->fd);

	if (sent < 0) {
		peer->deaf = true;
		output_reset(&peer->output);
	}
	return sent > 0;
}

static void input_reset(struct peer *peer)
{
	free(peer->input);
	peer->input = NULL;
	peer->input_start = 0;
	peer->input_end = 0;
	peer->input_size = 0;
}

/* Makes room for at least one byte unless the buffer holds INPUT_MAX. */
static int input_reserve(struct peer *peer)
{
	size_t size = peer->input_size == 0 ? INPUT_FIRST_SIZE : peer->input_size * 2;

	if (peer->input_start > 0) {
		memmove(peer->input, peer->input + peer->input_start,
			peer->input_end - peer->input_start);
		peer->input_end -= peer->input_start;
		peer->input_start = 0;
	}
	if (peer->input_end < peer->input_size) {
		return 0;
	}
	size = size > INPUT_MAX ? INPUT_MAX : size;
	char *input = realloc(peer->input, size);
	if (input == NULL) {
		return -ENOMEM;
	}
	peer->input = input;
	peer->input_size = size;
	return 0;
}

static bool peer_receive(struct peer *peer)
{
	ssize_t received;

	if (input_reserve(peer) != 0) {
		peer->closing = true;
		return false;
	}
	do {
		received = recv(peer->fd, peer->input + peer->input_end,
			peer->input_size - peer->input_end, MSG_DONTWAIT);
	} while (received < 0 && errno == EINTR);
	if (received > 0) {
		peer->input_end += (size_t)received;
	} else if (received == 0) {
		peer->ended = true;
	} else if (errno != EAGAIN) {
		peer->ended = true;
		peer->deaf = true;
		output_reset(&peer->output);
	}
	return received > 0;
}

/* Length of the first complete line. The end of the input ends its last line, too. */
static bool peer_has_line(const struct peer *peer, size_t *length)
{
	size_t waiting = peer->input_end - peer->input_start;

	if (waiting == 0 || peer->closing || peer->later != NULL) {
		return false;
	}
	const char *line = peer->input + peer->input_start;
	const char *feed = memchr(line, '\n', waiting);
	if (feed == NULL && !peer->ended) {
		return false;
	}
	*length = feed == NULL ? waiting : (size_t)(feed - line);
	return true;
}

static void peer_answer(struct peer *peer, const struct request_table *table, void *context)
{
	size_t length;

	if (peer_has_line(peer, &length)) {
		json_t *answer = request_answer(table, context, &peer->caller,
			peer->input + peer->input_start, length);
		if (request_is_later(answer)) {
			peer->later = answer;
		} else {
			peer_queue(peer, answer);
		}
		peer->input_start += length;
		peer->input_start += peer->input_start < peer->input_end; /* the line feed */
	} else if (peer->input_end - peer->input_start == INPUT_MAX) {
		peer_queue(peer,
			request_refuse(NULL, REQUEST_INVALID, "the request is longer than 64 KiB",
				"a request is one line; the connection is closed"));
		peer->closing = true;
	}
	if (peer->closing || peer->input_start == peer->input_end) {
		input_reset(peer);
	}
}

void peer_answer_later(struct peer *peer, json_t *result, const struct request_error *error)
{
	if (peer->later != NULL) {
		json_t *answer = request_finish(peer->later, result, error);
		json_decref(peer->later);
		peer->later = NULL;
		peer->closing = peer->closing || answer == NULL;
		peer_queue(peer, answer);
		peer_send(peer);
	}
}

/* Nobody is left to hear what comes later; EPOLLHUP would wake the loop until then. */
static void peer_give_up(struct peer *peer)
{
	json_decref(peer->later);
	peer->later = NULL;
	peer->closing = true;
	peer->deaf = true;
	output_reset(&peer->output);
}

bool peer_serve(struct peer *peer, uint32_t events, const struct request_table *table,
	void *context)
{
	bool alive = peer_send(peer);

	if (peer->later != NULL) {
		if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
			peer_give_up(peer);
		}
		return alive;
	}
	/* EPOLLHUP and EPOLLERR come unasked; receiving tells what they mean. */
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !peer->ended && !peer->closing &&
		output_is_empty(&peer->output) && peer->input_end - peer->input_start < INPUT_MAX) {
		alive = peer_receive(peer) || alive;
	}
	if (output_is_empty(&peer->output)) {
		peer_answer(peer, table, context);
		alive = peer_send(peer) || alive;
	}
	return alive;
}

uint32_t peer_wants(const struct peer *peer)
{
	size_t length;

	if (!output_is_empty(&peer->output) || peer_has_line(peer, &length)) {
		return EPOLLOUT;
	}
	return peer->later != NULL ? 0 : EPOLLIN;
}

bool peer_is_done(const struct peer *peer)
{
	size_t length;

	if (!output_is_empty(&peer->output) || peer->later != NULL) {
		return false;
	}
	return peer->closing || (peer->ended && !peer_has_line(peer, &length));
}

void peer_dismiss(struct peer *peer, const char *reason, const char *hint)
{
	if (output_is_empty(&peer->output)) {
		peer_queue(peer, request_refuse(NULL, REQUEST_CLOSED, reason, hint));
	}
	peer_send(peer);
}
