/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the children as they are wanted: starts them when what they wait for is there, asks them
 * for health, restarts them, adopts those that an earlier meshd left behind. */
#ifndef LOOP_CHILDREN_H
#define LOOP_CHILDREN_H

#include <jansson.h>

#include "base/err.h"
#include "core/child.h"
#include "core/problem.h"

/* What is wanted of one child. */
struct child_wish {
	bool wanted;
	char program[256]; /* as configured: an absolute path, or "" = found by its name at
			      the fixed places (/usr/sbin, /usr/bin, /sbin, /bin,
			      /usr/local/sbin, /usr/local/bin) */
	struct child_arguments arguments; /* words[0] is ignored: the program found */
	uint64_t memory_max;              /* bytes of resident memory, 0 = no ceiling */
	double start_seconds;             /* how long it may take to answer for the first time */
	char waits_for[128];              /* what is missing before it may run, "" = nothing */
	const char *environment[8];       /* "NAME=value", NULL-terminated; nothing else but PATH */
};

struct children_listener {
	/* The child is about to be started: clean up after an earlier one. May be NULL. */
	void (*before_start)(void *context, enum child_name name);
	/* Ask the child whether it works; children_on_answer() tells the result. */
	void (*ask)(void *context, enum child_name name);
	/* It answered for the first time, or stopped to be there. */
	void (*on_change)(void *context, enum child_name name, bool answers);
	/* What children_problems() says may have changed. May be NULL. */
	void (*on_problem)(void *context);
	void *context;
};

struct children;
struct ev_loop;

/* Reads the record RUN_DIR/children.json and adopts what still runs as recorded; nothing is
 * asked of an adopted child before the first wish about it. Takes SIGCHLD back from the loop (a
 * default loop of libev would wait for every child and lose how it ended). 0 or -errno with err. */
int children_open(struct children **out, struct ev_loop *loop, const char *run_dir,
	const struct children_listener *listener, struct err *err);
/* Leaves the children alone: they live on. */
void children_close(struct children *children);
/* Ends the programs that read the journal for the children, who are left alone. */
void children_end_fetches(struct children *children);

/* The newest wish (taken over: arguments are moved). A child whose program, arguments or
 * environment differ from those it was started with is restarted, and only that one. */
void children_wish(struct children *children, enum child_name name, struct child_wish *wish);
/* The answer to ask(): it works or not. */
void children_on_answer(struct children *children, enum child_name name, bool works);
/* Runs and has answered. */
bool children_answers(const struct children *children, enum child_name name);
/* On a user's word: at once, without back-off; a missing program is looked for. 0, or -ENOENT when
 * it is not wanted. */
int children_restart(struct children *children, enum child_name name);
/* Sends a signal, such as SIGHUP, to a running child. 0 or -errno (-ESRCH: not running). */
int children_signal(struct children *children, enum child_name name, int signal);
/* Begins to stop all in reverse order; done(context) is called from the loop when none is left, and
 * may close. Wishes are not heard any more. */
void children_stop(struct children *children, void (*done)(void *context), void *context);

/* Stops what an earlier meshd left running, and returns when none is left. 0 or -errno with err. */
int children_purge(const char *run_dir, struct err *err);

/* [{"name","state","pid","since",...}], see docs/control.md. NULL when memory ends. */
json_t *children_to_json(const struct children *children);
/* Adds what keeps a wanted child from running. 0 or -ENOMEM. */
int children_problems(const struct children *children, struct problem_list *problems);

#endif
