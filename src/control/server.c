/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "control/address.h"

#define SERVER_EVENTS (SERVER_CLIENTS_MAX + 2)

static int open_descriptors(struct server *server, struct err *err)
{
	int error = address_take(server, err);

	if (error != 0) {
		return error;
	}
	error = server_watch(server);
	if (error != 0) {
		err_set(err, "cannot watch the socket %s: %s", server->address.sun_path,
			strerror(-error));
	}
	return error;
}

struct server *server_new(const struct request_table *table, void *context)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server != NULL) {
		server->address.sun_family = AF_UNIX;
		server->listener = -1;
		server->epoll = -1;
		server->lock = -1;
		server->reserve = -1;
		server->watch = -1;
		server->table = table;
		server->context = context;
	}
	return server;
}

int server_watch(struct server *server)
{
	struct epoll_event incoming = {.events = EPOLLIN, .data.ptr = NULL};
	struct epoll_event touched = {.events = EPOLLIN, .data.ptr = server};

	server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (server->reserve < 0 || server->epoll < 0 ||
		epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &incoming) != 0 ||
		(server->watch >= 0 &&
			epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->watch, &touched) != 0)) {
		return -errno;
	}
	return address_watch(server);
}

int server_watch_peer(struct server *server, struct peer *peer, size_t slot)
{
	struct epoll_event event = {.events = peer_wants(peer), .data.ptr = peer};

	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, peer->fd, &event) != 0) {
		return -errno;
	}
	peer->events = event.events;
	peer->active = ++server->clock;
	server->peers[slot] = peer;
	return 0;
}

int server_open(struct server **server, const char *path, const struct request_table *table,
	void *context, struct err *err)
{
	struct server *opened = server_new(table, context);

	if (opened == NULL) {
		err_set(err, "no memory");
		return -ENOMEM;
	}
	if (path[0] == '\0' || strlen(path) >= sizeof(opened->address.sun_path)) {
		err_set(err, "the socket path must have 1 to %zu bytes, not %zu: %s",
			sizeof(opened->address.sun_path) - 1, strlen(path), path);
		free(opened);
		return -ENAMETOOLONG;
	}
	text_copy(opened->address.sun_path, sizeof(opened->address.sun_path), path);
	int error = open_descriptors(opened, err);
	if (error != 0) {
		server_close(opened);
		return error;
	}
	*server = opened;
	return 0;
}

void server_close(struct server *server)
{
	if (server == NULL) {
		return;
	}
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		peer_free(server->peers[i]);
	}
	if (server->listener >= 0) {
		address_leave(server);
	}
	cleanup_close(&server->listener);
	cleanup_close(&server->epoll);
	cleanup_close(&server->watch);
	cleanup_close(&server->reserve);
	cleanup_close(&server->lock);
	free(server);
}

int server_fd(const struct server *server)
{
	return server->epoll;
}

static void server_drop(struct server *server, size_t slot)
{
	/* Closing the descriptor would not take it out of the epoll set while a process that was
	 * just forked holds a copy, and the next event would name a peer that is no more. */
	epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->peers[slot]->fd, NULL);
	peer_free(server->peers[slot]);
	server->peers[slot] = NULL;
}

/* A free slot, made by dropping the longest idle peer where there is none. */
static size_t server_find_slot(struct server *server)
{
	size_t slot = 0;

	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		if (server->peers[i] == NULL) {
			return i;
		}
		if (server->peers[i]->active < server->peers[slot]->active) {
			slot = i;
		}
	}
	peer_dismiss(server->peers[slot], "closed: too many connections, and this one idle longest",
		"connect again");
	server_drop(server, slot);
	return slot;
}

/* Out of descriptors: the waiting connection would wake the loop again and again, so it is taken
 * with the reserve and closed. */
static void server_turn_away(struct server *server)
{
	cleanup_close(&server->reserve);
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
	cleanup_close(&fd);
	server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	log_warning("control", "a connection was refused: no file descriptor left");
}

static void server_accept(struct server *server)
{
	int fd CLEANUP(cleanup_close) =
		accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *peer;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE) {
			server_turn_away(server);
		}
		return;
	}
	size_t slot = server_find_slot(server);
	if (peer_new(&peer, fd, server->table) != 0) {
		return;
	}
	steal_fd(&fd); /* the peer's now */
	if (server_watch_peer(server, peer, slot) != 0) {
		peer_free(peer);
	}
}

/* Watches for what the peer wants now, or drops it when it is done. */
static void server_follow(struct server *server, struct peer *peer)
{
	bool done = peer_is_done(peer);
	struct epoll_event event = {.events = peer_wants(peer), .data.ptr = peer};
	if (!done && event.events != peer->events) {
		done = epoll_ctl(server->epoll, EPOLL_CTL_MOD, peer->fd, &event) != 0;
		peer->events = event.events;
	}
	for (size_t i = 0; done && i < SERVER_CLIENTS_MAX; i++) {
		if (server->peers[i] == peer) {
			server_drop(server, i);
		}
	}
}

static void server_serve(struct server *server, struct peer *peer, uint32_t events)
{
	if (peer_serve(peer, events, server->table, server->context)) {
		peer->active = ++server->clock;
	}
	server_follow(server, peer);
}

void server_answer(struct server *server, json_t *result, const struct request_error *error)
{
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		struct peer *peer = server->peers[i];
		if (peer != NULL && peer->later != NULL) {
			peer_answer_later(peer, result, error);
			server_follow(server, peer);
		}
	}
}

int server_on_readable(struct server *server)
{
	struct epoll_event events[SERVER_EVENTS];
	bool incoming = false;
	bool touched = false;

	int count = epoll_wait(server->epoll, events, SERVER_EVENTS, 0);
	if (count < 0) {
		return errno == EINTR ? 0 : -errno;
	}
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == NULL) {
			incoming = true;
		} else if (events[i].data.ptr == server) {
			touched = true;
		} else {
			server_serve(server, events[i].data.ptr, events[i].events);
		}
	}
	/* Last, since it may free a peer that an event above names. */
	if (incoming) {
		server_accept(server);
	}
	if (touched) {
		server_keep_address(server);
	}
	return 0;
}
