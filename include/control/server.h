/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: a unix stream socket that speaks control/request.h, one object a line. Never
 * blocks and needs no timer; one descriptor stands for all its connections. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include "base/err.h"
#include "control/request.h"

#define SERVER_CLIENTS_MAX 16
#define SERVER_OUTPUT_MAX  ((size_t)8 * 1024 * 1024) /* bytes waiting for one client */

struct server;

/* Listens at path (mode 0660); makes its directory (0755) when that is missing, replaces the socket
 * of a dead process and refuses to replace that of a living one. PATH.lock is held while open.
 * table and context outlive the server. 0, or -errno with err filled (-EADDRINUSE: another meshd
 * answers there). */
int server_open(struct server **server, const char *path, const struct request_table *table,
	void *context, struct err *err);
/* Removes the socket. NULL is fine. */
void server_close(struct server *server);

/* Readable when server_on_readable() has something to do. */
int server_fd(const struct server *server);
/* Serves what is ready: at most one request of each client, so that nobody holds up the loop; the
 * descriptor stays readable while there is more. 0 or -errno when the server itself is broken. */
int server_on_readable(struct server *server);

#endif
