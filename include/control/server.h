/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: a unix stream socket that speaks control/request.h, one object a line. Never
 * blocks and needs no timer; one descriptor stands for all its connections. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <jansson.h>

#include "base/err.h"
#include "control/request.h"

#define SERVER_CLIENTS_MAX 16
#define SERVER_OUTPUT_MAX  ((size_t)8 * 1024 * 1024) /* bytes waiting for one client */

struct server;

/* Takes PATH.lock, which a server holds while it is open and the kernel drops with its holder; the
 * file stays, as removing it would make a second lock possible. The descriptor, or -errno with err
 * filled (-EADDRINUSE: a server holds it, or answers at path without; -ENOENT: there is not even
 * the directory). */
int server_lock(const char *path, struct err *err);

/* Listens at path (mode 0660); makes its directory (0755) when that is missing, replaces the socket
 * of a dead process and refuses to replace that of a living one. PATH.lock is held while open.
 * table and context outlive the server. 0, or -errno with err filled (-EADDRINUSE: another meshd
 * answers there). */
int server_open(struct server **server, const char *path, const struct request_table *table,
	void *context, struct err *err);
/* When the socket's file is gone or another's, path is taken anew: who removed the directory did
 * not mean to make the daemon deaf. Clients that are connected stay. Called by server_on_readable()
 * when something happened to the file; by others to try again after that failed. */
void server_keep_address(struct server *server);
/* Removes the socket. NULL is fine. */
void server_close(struct server *server);

/* Readable when server_on_readable() has something to do. */
int server_fd(const struct server *server);
/* Serves what is ready: at most one request of each client, so that nobody holds up the loop; the
 * descriptor stays readable while there is more. 0 or -errno when the server itself is broken. */
int server_on_readable(struct server *server);

/* Gives the answer to every request whose method said that it comes later (struct request_error);
 * result is borrowed; when it is NULL, error counts. Not from within a method. */
void server_answer(struct server *server, json_t *result, const struct request_error *error);

/* --- handing a server over to the program that replaces this one by execve(2) --- */

/* Describes the server and its connections as a new object, writes what was received and not yet
 * served, and what was not yet sent, to the file bytes (at its offset), and lets the descriptors
 * live through execve. 0, or -errno with nothing changed. */
int server_save(struct server *server, int bytes, json_t **state);
/* execve failed: the descriptors are close-on-exec again. The server goes on. */
void server_unsave(struct server *server);
/* The server that another program saved, in place of server_open(). The descriptors are taken over
 * and, when that fails, closed: then server_open() can do its work. A connection that cannot be
 * taken over is closed alone. 0, -EINVAL when the state is not as server_save() left it, or -errno.
 */
int server_restore(struct server **server, const json_t *state, int bytes,
	const struct request_table *table, void *context);

#endif
