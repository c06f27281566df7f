/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other end of the control socket, for programs that ask one thing and wait. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include <jansson.h>

#include "base/err.h"

#define CLIENT_SOCKET_DEFAULT "/run/meshd/control.sock"
#define CLIENT_TIMEOUT_MS     10000

/* Calls method with params (an object or NULL; borrowed) and waits at most timeout_ms in all (0 or
 * less: CLIENT_TIMEOUT_MS).
 * 0 with *result, a new reference.
 * 1 when meshd refused: err has its words, *result the error object {"code","message","data"}.
 * -errno with err filled: -ENOENT or -ECONNREFUSED (meshd is not running), -EACCES, -ETIMEDOUT,
 * -EPROTO (the answer is no JSON-RPC), ... */
int client_call(const char *path, const char *method, json_t *params, int timeout_ms,
	json_t **result, struct err *err);

#endif
