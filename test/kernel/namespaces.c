/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/namespaces.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

bool namespace_is_possible(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		_exit(unshare(CLONE_NEWNET) < 0 ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return status == 0;
}

/* Writes a byte as soon as the namespace can be used; does not return. */
static void hold(int ready, const char *command, void (*serve)(void *context), void *context)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0 || system(command) != 0 || write(ready, "", 1) != 1) {
		_exit(1);
	}
	close(ready);
	if (serve != NULL) {
		serve(context);
	}
	pause();
	_exit(0);
}

pid_t namespace_start(const char *command, void (*serve)(void *context), void *context)
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid_t holder = fork();
	ck_assert_int_ge(holder, 0);
	if (holder == 0) {
		close(ready[0]);
		hold(ready[1], command, serve, context);
	}
	close(ready[1]);
	ck_assert_msg(read(ready[0], &byte, 1) == 1, "no namespace, or: %s", command);
	close(ready[0]);
	return holder;
}

void namespace_stop(pid_t holder)
{
	kill(holder, SIGKILL);
	ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
}

static pid_t start_as(const char *variable)
{
	char text[16];
	pid_t holder = namespace_start("true", NULL, NULL);

	snprintf(text, sizeof(text), "%d", holder);
	ck_assert_int_eq(setenv(variable, text, 1), 0);
	return holder;
}

void neighbours_start(struct neighbours *neighbours)
{
	neighbours->client = start_as("CLIENT");
	neighbours->server = start_as("SERVER");
}

void neighbours_stop(const struct neighbours *neighbours)
{
	namespace_stop(neighbours->client);
	namespace_stop(neighbours->server);
}
