/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's place in the file system: PATH, the socket's file, and PATH.lock. */
#ifndef CONTROL_ADDRESS_H
#define CONTROL_ADDRESS_H

#include "control/server_state.h"

/* Takes the lock and listens at server->address; what it opened stays the server's. 0, or -errno
 * with err filled. */
int address_take(struct server *server, struct err *err);
/* Is the descriptor that of PATH.lock as it lies there now? */
bool address_is_lock(const char *path, int fd);
/* Watches the file of the listening socket by server->watch, whoever bound it, and remembers it. 0
 * or -errno. */
int address_watch(struct server *server);
/* Removes the file, unless it is another's. */
void address_leave(const struct server *server);

#endif
