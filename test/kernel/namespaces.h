/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces beside the one of the test, each held by a process of its own. */
#ifndef KERNEL_TEST_NAMESPACES_H
#define KERNEL_TEST_NAMESPACES_H

#include <stdbool.h>
#include <sys/types.h>

/* false: they are not allowed here. */
bool namespace_is_possible(void);
/* The process that holds a new one, in which the command has succeeded. There it goes on with
 * serve(context), or does nothing (NULL). It ends with the test. */
pid_t namespace_start(const char *command, void (*serve)(void *context), void *context);
void namespace_stop(pid_t holder);

/* For a node between a client and a server; the environment's variables CLIENT and SERVER have the
 * processes too. */
struct neighbours {
	pid_t client;
	pid_t server;
};

/* Before a command of the shell that is to run there. */
#define IN_CLIENT "nsenter -t $CLIENT -n "
#define IN_SERVER "nsenter -t $SERVER -n "

void neighbours_start(struct neighbours *neighbours);
void neighbours_stop(const struct neighbours *neighbours);

#endif
