/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meshctl as people call it: a process, its exit code and what it printed. */
#ifndef UNIT_MESHCTL_RUN_H
#define UNIT_MESHCTL_RUN_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

struct run {
	int code;
	char *out;
	char *err;
};

static inline char *run_read(FILE *file)
{
	char *text = NULL;
	size_t size = 0;

	rewind(file);
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(file);
	return text;
}

static inline struct run run_meshctl(const char *const *words)
{
	const char *argv[32] = {MESHCTL};
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	int status;

	ck_assert(out != NULL && err != NULL);
	for (size_t i = 0; words[i] != NULL; i++) {
		ck_assert_uint_lt(i + 2, sizeof(argv) / sizeof(argv[0]));
		argv[i + 1] = words[i];
	}
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		execv(MESHCTL, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return (struct run){WEXITSTATUS(status), run_read(out), run_read(err)};
}

static inline void run_free(struct run *run)
{
	free(run->out);
	free(run->err);
}

#define RUN(...) run_meshctl((const char *const[]){__VA_ARGS__, NULL})

#endif
