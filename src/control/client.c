/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/client.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/json_text.h"

#define CLIENT_FIRST_SIZE ((size_t)64 * 1024)
#define CLIENT_LINE_MAX   ((size_t)9 * 1024 * 1024) /* an answer has at most 8 MiB */

struct client {
	const char *path;
	int fd;
	int timeout_ms;
	struct timespec end; /* of everything, CLOCK_MONOTONIC */
	char *input;
	size_t start; /* first byte not yet taken */
	size_t length;
	size_t size;
	struct err *err;
};

static void set_end(struct client *client)
{
	clock_gettime(CLOCK_MONOTONIC, &client->end);
	client->end.tv_sec += client->timeout_ms / 1000;
	client->end.tv_nsec += (long)(client->timeout_ms % 1000) * 1000000;
	if (client->end.tv_nsec >= 1000000000) {
		client->end.tv_nsec -= 1000000000;
		client->end.tv_sec++;
	}
}

/* Waits for events. 0 or -errno with err filled. */
static int client_wait(const struct client *client, short events)
{
	struct pollfd entry = {.fd = client->fd, .events = events};
	struct timespec now;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		long long left = (long long)(client->end.tv_sec - now.tv_sec) * 1000 +
				 (client->end.tv_nsec - now.tv_nsec) / 1000000;
		int ready = poll(&entry, 1, left > 0 ? (int)left : 0);
		if (ready > 0) {
			return 0;
		}
		if (ready == 0) {
			err_set(client->err, "meshd at %s gave no answer within %.3g seconds",
				client->path, client->timeout_ms / 1000.0);
			return -ETIMEDOUT;
		}
		if (errno != EINTR) {
			int error = -errno;
			err_set(client->err, "poll: %s", strerror(-error));
			return error;
		}
	}
}

/* Whose socket it is, so that the person knows what to ask for. */
static void explain_denied(const struct client *client)
{
	struct stat status;
	const struct group *group =
		stat(client->path, &status) == 0 ? getgrgid(status.st_gid) : NULL;

	if (group != NULL && status.st_gid != 0 && (status.st_mode & S_IWGRP) != 0) {
		err_set(client->err, "permission denied at %s: be root or a member of group %s",
			client->path, group->gr_name);
	} else {
		err_set(client->err, "permission denied at %s: be root", client->path);
	}
}

static int explain_connect(const struct client *client, int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		err_set(client->err, "meshd is not running (no socket at %s)", client->path);
		return -ENOENT;
	case ECONNREFUSED:
		err_set(client->err, "meshd is not running (nobody answers at %s)", client->path);
		break;
	case EACCES:
	case EPERM:
		explain_denied(client);
		return -EACCES;
	case EAGAIN:
		err_set(client->err, "meshd at %s has too many connections waiting", client->path);
		break;
	default:
		err_set(client->err, "cannot connect to %s: %s", client->path, strerror(error));
		break;
	}
	return -error;
}

static int client_connect(struct client *client)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!text_copy(address.sun_path, sizeof(address.sun_path), client->path)) {
		err_set(client->err, "the socket path has more than %zu bytes: %s",
			sizeof(address.sun_path) - 1, client->path);
		return -ENAMETOOLONG;
	}
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->fd < 0) {
		int error = -errno;
		err_set(client->err, "no socket: %s", strerror(-error));
		return error;
	}
	if (connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		return explain_connect(client, errno);
	}
	return 0;
}

/* A server that closes early may have said why: the answer is read all the same. */
static int client_send(const struct client *client, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(client->fd, text, length, MSG_NOSIGNAL);
		if (sent >= 0) {
			text += sent;
			length -= (size_t)sent;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET) {
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR) {
			int error = -errno;
			err_set(client->err, "cannot write to %s: %s", client->path,
				strerror(-error));
			return error;
		}
		int error = client_wait(client, POLLOUT);
		if (error != 0) {
			return error;
		}
	}
	return 0;
}

static int client_reserve(struct client *client)
{
	if (client->length < client->size) {
		return 0;
	}
	if (client->start > 0) {
		client->length -= client->start;
		memmove(client->input, client->input + client->start, client->length);
		client->start = 0;
		return 0;
	}
	size_t size = client->size == 0 ? CLIENT_FIRST_SIZE : client->size * 2;
	if (client->size >= CLIENT_LINE_MAX) {
		err_set(client->err, "the answer from %s is too long", client->path);
		return -EPROTO;
	}
	char *input = realloc(client->input, size);
	if (input == NULL) {
		err_set(client->err, "no memory");
		return -ENOMEM;
	}
	client->input = input;
	client->size = size;
	return 0;
}

static int client_receive(struct client *client)
{
	int error = client_reserve(client);

	if (error == 0) {
		error = client_wait(client, POLLIN);
	}
	if (error != 0) {
		return error;
	}
	ssize_t received =
		recv(client->fd, client->input + client->length, client->size - client->length, 0);
	if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (received <= 0) {
		err_set(client->err, "meshd at %s closed the connection without an answer",
			client->path);
		return -ECONNRESET;
	}
	client->length += (size_t)received;
	return 0;
}

/* Reads one line and parses it. 0 with *json, or -errno with err filled. */
static int client_read(struct client *client, json_t **json)
{
	size_t scanned = 0;
	char *feed = NULL;

	for (;;) {
		size_t waiting = client->length - client->start;
		if (waiting > scanned) {
			feed = memchr(client->input + client->start + scanned, '\n',
				waiting - scanned);
		}
		if (feed != NULL) {
			break;
		}
		scanned = waiting;
		int error = client_receive(client);
		if (error != 0) {
			return error;
		}
	}
	const char *line = client->input + client->start;
	json_t *parsed = json_loadb(line, (size_t)(feed - line), JSON_REJECT_DUPLICATES, NULL);
	client->start += (size_t)(feed - line) + 1;
	if (!json_is_object(parsed)) {
		json_decref(parsed);
		err_set(client->err, "what answers at %s is not meshd", client->path);
		return -EPROTO;
	}
	*json = parsed;
	return 0;
}

/* "message (hint)" */
static void explain_refusal(const struct client *client, const json_t *refusal)
{
	const char *message = json_string_value(json_object_get(refusal, "message"));
	const json_t *data = json_object_get(refusal, "data");
	const char *hint = json_string_value(json_object_get(data, "hint"));

	if (message == NULL) {
		message = "meshd refused";
	}
	if (hint != NULL) {
		err_set(client->err, "%s (%s)", message, hint);
	} else {
		err_set(client->err, "%s", message);
	}
}

/* Waits for the answer with our id, or an error that concerns the whole connection. */
static int client_await(struct client *client, json_t **result)
{
	for (;;) {
		json_t *line CLEANUP(cleanup_json) = NULL;
		int error = client_read(client, &line);
		if (error != 0) {
			return error;
		}
		const json_t *id = json_object_get(line, "id");
		json_t *found = json_object_get(line, "error");
		if (found != NULL && (json_is_null(id) || json_integer_value(id) == 1)) {
			explain_refusal(client, found);
			*result = json_incref(found);
			return 1;
		}
		found = json_object_get(line, "result");
		if (found != NULL && json_integer_value(id) == 1) {
			*result = json_incref(found);
			return 0;
		}
		/* The greeting, or a later version's event: not ours. */
	}
}

/* One over the usual five parameters: each says another thing, and a struct would only rename them.
 */
/* NOLINTNEXTLINE(readability-function-size) */
int client_call(const char *path, const char *method, json_t *params, int timeout_ms,
	json_t **result, struct err *err)
{
	struct client client = {
		.path = path,
		.fd = -1,
		.timeout_ms = timeout_ms > 0 ? timeout_ms : CLIENT_TIMEOUT_MS,
		.err = err,
	};
	json_t *request CLEANUP(cleanup_json) =
		json_pack("{s:s, s:s, s:i}", "jsonrpc", "2.0", "method", method, "id", 1);

	if (params != NULL) {
		json_object_set(request, "params", params);
	}
	char *text CLEANUP(cleanup_free) = json_dumps(request, JSON_COMPACT);
	if (text == NULL) {
		err_set(err, "the request is not UTF-8, or memory ended");
		return -EINVAL;
	}
	set_end(&client);
	int error = client_connect(&client);
	if (error == 0) {
		error = client_send(&client, text, strlen(text));
	}
	if (error == 0) {
		error = client_send(&client, "\n", 1);
	}
	if (error == 0) {
		error = client_await(&client, result);
	}
	cleanup_close(&client.fd);
	free(client.input);
	return error;
}
