/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server from one program to the next: its descriptors stay open across execve(2), the rest
 * goes as JSON and as bytes of a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "control/address.h"
#include "core/json_text.h"

static void keep_open(int fd, bool keep)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags >= 0) {
		fcntl(fd, F_SETFD, keep ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC);
	}
}

static void keep_server_open(const struct server *server, bool keep)
{
	keep_open(server->listener, keep);
	keep_open(server->lock, keep);
	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		if (server->peers[i] != NULL) {
			keep_open(server->peers[i]->fd, keep);
		}
	}
}

/* --- out --- */

/* Writes bytes[start] to bytes[end - 1] and returns where they are, [offset, length], or NULL with
 * errno. */
static json_t *save_bytes(int file, const char *bytes, size_t start, size_t end)
{
	size_t length = end - start;
	off_t offset = lseek(file, 0, SEEK_CUR);
	size_t written = 0;

	while (offset >= 0 && written < length) {
		ssize_t count = write(file, bytes + start + written, length - written);
		if (count < 0 && errno != EINTR) {
			return NULL;
		}
		written += count > 0 ? (size_t)count : 0;
	}
	return offset < 0 ? NULL : json_pack("[I, I]", (json_int_t)offset, (json_int_t)length);
}

static json_t *peer_to_json(const struct peer *peer, int bytes)
{
	const struct output *output = &peer->output;
	CLEANUP(cleanup_json)
	json_t *input = save_bytes(bytes, peer->input, peer->input_start, peer->input_end);
	CLEANUP(cleanup_json)
	json_t *waiting = save_bytes(bytes, output->bytes, output->start, output->end);

	if (input == NULL || waiting == NULL) {
		return NULL;
	}
	return json_pack("{s:i, s:O, s:O, s:O?, s:b, s:b, s:b}", "fd", peer->fd, "input", input,
		"output", waiting, "later", peer->later, "ended", peer->ended, "deaf", peer->deaf,
		"closing", peer->closing);
}

/* The peer whose last sign of life came next after that number, or NULL. */
static const struct peer *next_active(const struct server *server, uint64_t after)
{
	const struct peer *next = NULL;

	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		const struct peer *peer = server->peers[i];
		if (peer != NULL && peer->active > after &&
			(next == NULL || peer->active < next->active)) {
			next = peer;
		}
	}
	return next;
}

/* The connections, the longest idle one first. NULL with errno. */
static json_t *peers_to_json(const struct server *server, int bytes)
{
	CLEANUP(cleanup_json) json_t *list = json_array();
	const struct peer *peer = NULL;

	while ((peer = next_active(server, peer == NULL ? 0 : peer->active)) != NULL) {
		if (json_array_append_new(list, peer_to_json(peer, bytes)) != 0) {
			return NULL;
		}
	}
	return steal_ptr(list);
}

int server_save(struct server *server, int bytes, json_t **state)
{
	errno = ENOMEM;
	json_t *peers = peers_to_json(server, bytes);
	json_t *saved = peers == NULL
				? NULL
				: json_pack("{s:s, s:i, s:i, s:o}", "path",
					  server->address.sun_path, "listener", server->listener,
					  "lock", server->lock, "clients", peers);
	if (saved == NULL) {
		return -errno;
	}
	keep_server_open(server, true);
	*state = saved;
	return 0;
}

void server_unsave(struct server *server)
{
	keep_server_open(server, false);
}

/* --- in --- */

static int read_fd(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);
	json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;

	return number > STDERR_FILENO && number < INT32_MAX ? (int)number : -1;
}

/* Takes the descriptor when it is a unix stream socket that listens, or not, as it should. */
static int take_socket(const json_t *object, const char *name, bool listens)
{
	int fd = read_fd(object, name);
	int domain = 0;
	int type = 0;
	int accepts = 0;
	socklen_t size = sizeof(int);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 ||
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) != 0) {
		return -1;
	}
	if (domain != AF_UNIX || type != SOCK_STREAM || (accepts != 0) != listens) {
		return -1;
	}
	keep_open(fd, false);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

/* Does the socket listen at the server's address? */
static bool listens_at(int fd, const struct sockaddr_un *address)
{
	struct sockaddr_un bound = {0};
	socklen_t size = sizeof(bound) - 1;

	return getsockname(fd, (struct sockaddr *)&bound, &size) == 0 &&
	       strcmp(bound.sun_path, address->sun_path) == 0;
}

/* Takes the descriptor of PATH.lock when it holds that lock. */
static int take_lock(const json_t *state, const char *path)
{
	int fd = read_fd(state, "lock");

	if (!address_is_lock(path, fd) || flock(fd, LOCK_EX | LOCK_NB) != 0) {
		return -1;
	}
	keep_open(fd, false);
	return fd;
}

/* Reads [offset, length] of the file, at most max bytes, into malloc'd memory (NULL for none). 0,
 * -EINVAL or -errno. */
static int load_bytes(const json_t *place, int file, size_t max, struct output *loaded)
{
	json_int_t offset = json_integer_value(json_array_get(place, 0));
	json_int_t length = json_integer_value(json_array_get(place, 1));

	if (json_array_size(place) != 2 || offset < 0 || length < 0 || (size_t)length > max) {
		return -EINVAL;
	}
	if (length == 0) {
		return 0;
	}
	CLEANUP(cleanup_free) char *bytes = malloc((size_t)length);
	if (bytes == NULL) {
		return -ENOMEM;
	}
	for (ssize_t done = 0; done < length;) {
		ssize_t count =
			pread(file, bytes + done, (size_t)(length - done), (off_t)offset + done);
		if (count <= 0) {
			return count < 0 ? -errno : -EINVAL;
		}
		done += count;
	}
	*loaded = (struct output){.bytes = steal_ptr(bytes),
		.end = (size_t)length,
		.capacity = (size_t)length};
	return 0;
}

static int load_peer(struct peer *peer, const json_t *entry, int bytes)
{
	struct output input = {0};
	json_t *later = json_object_get(entry, "later");
	int error = load_bytes(json_object_get(entry, "output"), bytes, SERVER_OUTPUT_MAX,
		&peer->output);

	if (error == 0) {
		error = load_bytes(json_object_get(entry, "input"), bytes, REQUEST_LINE_MAX + 1,
			&input);
	}
	if (error != 0) {
		return error;
	}
	peer->input = input.bytes;
	peer->input_end = input.end;
	peer->input_size = input.capacity;
	peer->later = json_is_object(later) ? json_incref(later) : NULL;
	peer->ended = json_is_true(json_object_get(entry, "ended"));
	peer->deaf = json_is_true(json_object_get(entry, "deaf"));
	peer->closing = json_is_true(json_object_get(entry, "closing"));
	return 0;
}

static void restore_peer(struct server *server, size_t slot, const json_t *entry, int bytes)
{
	int fd = take_socket(entry, "fd", false);
	struct peer *peer = NULL;

	if (fd < 0) {
		return;
	}
	if (peer_new(&peer, fd, NULL) != 0) {
		close(fd);
		return;
	}
	if (load_peer(peer, entry, bytes) != 0 || server_watch_peer(server, peer, slot) != 0) {
		peer_free(peer);
	}
}

/* What take_socket() and take_lock() would not have is closed, too: a lock that stays held would
 * keep server_open() out. */
static void close_all(const json_t *state)
{
	const json_t *clients = json_object_get(state, "clients");
	int fds[2 + SERVER_CLIENTS_MAX] = {read_fd(state, "listener"), read_fd(state, "lock")};

	for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		fds[2 + i] = read_fd(json_array_get(clients, i), "fd");
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		cleanup_close(&fds[i]);
	}
}

static int restore_descriptors(struct server *server, const json_t *state)
{
	const char *path = json_string_value(json_object_get(state, "path"));

	if (path == NULL ||
		!text_copy(server->address.sun_path, sizeof(server->address.sun_path), path)) {
		return -EINVAL;
	}
	server->listener = take_socket(state, "listener", true);
	server->lock = take_lock(state, path);
	if (server->listener < 0 || server->lock < 0 ||
		!listens_at(server->listener, &server->address)) {
		return -EINVAL;
	}
	return server_watch(server);
}

int server_restore(struct server **server, const json_t *state, int bytes,
	const struct request_table *table, void *context)
{
	struct server *restored = server_new(table, context);
	int error = restored == NULL ? -ENOMEM : restore_descriptors(restored, state);
	const json_t *clients = json_object_get(state, "clients");

	if (error != 0) {
		close_all(state);
		if (restored != NULL) {
			cleanup_close(&restored->epoll);
			cleanup_close(&restored->watch);
			cleanup_close(&restored->reserve);
		}
		free(restored);
		return error;
	}
	for (size_t i = 0; i < SERVER_CLIENTS_MAX && i < json_array_size(clients); i++) {
		restore_peer(restored, i, json_array_get(clients, i), bytes);
	}
	*server = restored;
	return 0;
}
