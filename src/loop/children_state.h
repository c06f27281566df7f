/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What src/loop/children*.c share. */
#ifndef LOOP_CHILDREN_STATE_H
#define LOOP_CHILDREN_STATE_H

#include <ev.h>

#include "core/service.h"
#include "core/service_exit.h"
#include "core/service_output.h"
#include "loop/children.h"
#include "process/process.h"

#define CHILD_ENVIRONMENT_MAX 9 /* PATH, those of a wish, and the end */

/* Where a child's output is read when there is no journal. */
struct child_output {
	struct service_output lines;
	int fd;          /* the FIFO, -1 = closed */
	ev_io watcher;   /* not active while the child writes too much */
	ev_timer resume; /* and when to look again */
};

/* The last lines of an ended child out of the journal. */
struct child_fetch {
	struct process process; /* journalctl */
	int pid;                /* whose lines, 0 = nothing under way */
	int fd;
	struct service_output lines;
	ev_io watcher;
	ev_io end_watcher;
	ev_timer timer; /* first: until the journal has the lines; then: how long it may take */
};

/* What a process was started with: recorded, and compared at adoption. */
struct child_start {
	char program[256];                /* /proc/PID/exe */
	struct child_arguments arguments; /* as given */
	struct child_arguments
		seen;         /* /proc/PID/cmdline: another one for an interpreter's script */
	uint64_t environment; /* hash */
};

struct child {
	struct children *children;
	enum child_name name;
	struct service service;
	struct process process;
	double cpu;    /* seconds it had computed ... */
	double cpu_at; /* ... at this time, 0 = not looked yet */
	struct child_wish wish;
	char *environment[CHILD_ENVIRONMENT_MAX]; /* owned; the wish's point into it */
	bool wished;                              /* there was one */
	char program[256];                        /* the one found, "" = none */
	int find_error;
	struct child_start start;
	int exec_error; /* of the newest start, 0 or errno */
	bool adopted;
	bool recorded_answer; /* the record says that it has answered */
	bool told_answers;    /* what on_change() said last */
	int64_t since;        /* unix seconds of the state */
	struct service_exits exits;
	struct child_output output;
	struct child_fetch fetch;
	ev_timer timer;    /* service_deadline() */
	ev_io end_watcher; /* the pidfd */
};

struct children {
	struct ev_loop *loop;
	char run_dir[200];
	char boot_id[64];
	struct children_listener listener;
	bool journal;
	bool opened;        /* the listener may be called */
	bool record_failed; /* the newest record could not be written */
	bool stopping;
	void (*done)(void *context);
	void *done_context;
	ev_timer done_timer;
	struct child items[CHILDREN];
};

/* Lets the machine know and does what it says. */
void child_feed(struct child *child, enum service_event event);
/* Looks for the program and lets the machine know what is wanted. */
void child_feed_levels(struct child *child);
/* Follows a process that runs. */
void child_watch(struct child *child);
void child_on_timer(struct ev_loop *loop, ev_timer *timer, int events);
/* Goes on with children_stop(). */
void children_stop_next(struct children *children);

/* --- children_start.c --- */
/* 0, or -errno when there is no process. */
int child_start(struct child *child);
/* How the process looks, for the record. Once it answers: right after its start it may still be a
 * script's interpreter, or not have its arguments yet. */
void child_see(struct child *child);
uint64_t child_environment_hash(const struct child_wish *wish);
void child_start_free(struct child_start *start);

/* --- children_record.c --- */
void children_record_save(struct children *children);
/* Adopts what runs as recorded. */
void children_record_load(struct children *children);

/* --- children_output.c --- */
void child_output_init(struct child *child);
/* The descriptor for a child that is about to be started (the caller closes it) or -errno. */
int child_output_prepare(struct child *child);
/* Reads on from where an adopted child writes. */
void child_output_adopt(struct child *child);
/* The child ended: takes what it wrote last. */
void child_output_finish(struct child *child);
void child_output_close(struct child *child);

/* --- children_fetch.c --- */
void child_fetch_init(struct child *child);
void child_fetch_begin(struct child *child, int pid);
void child_fetch_close(struct child *child);

#endif
