/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one supervised program as a machine: states and events as a table. It starts nothing
 * and knows no clock: it is told what happened and when, and says what is to be done. */
#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

#include <stdbool.h>

enum service_state {
	SERVICE_OFF,      /* not wanted */
	SERVICE_MISSING,  /* its program is not installed */
	SERVICE_WAITING,  /* for what it needs */
	SERVICE_STARTING, /* its process runs and has not answered yet */
	SERVICE_RUNNING,  /* has answered */
	SERVICE_STOPPING, /* told to end */
	SERVICE_BACK_OFF, /* failed, is started again later */
	SERVICE_STATES,
};

enum service_event {
	SERVICE_MAY_RUN,       /* see service_levels() */
	SERVICE_MUST_NOT_RUN,  /* see service_levels() */
	SERVICE_CHANGED,       /* its arguments did: the process has old ones */
	SERVICE_RESTART,       /* somebody wants it anew, and now */
	SERVICE_ADOPTED,       /* an earlier meshd's process was found; it had answered */
	SERVICE_ADOPTED_YOUNG, /* the same, but it had not answered yet */
	SERVICE_START_FAILED,
	SERVICE_ANSWERED, /* the question of SERVICE_ASK: it works */
	SERVICE_SILENT,   /* or it does not */
	SERVICE_BUSY,     /* it computes: what it does not say now it may say later */
	SERVICE_TOO_BIG,  /* more memory than it may have */
	SERVICE_EXITED,
	SERVICE_TIMEOUT, /* service_deadline() has come */
	SERVICE_EVENTS,
};

/* What the caller has to do now. */
enum service_action {
	SERVICE_DO_NOTHING,
	SERVICE_DO_START,
	SERVICE_DO_ASK,  /* whether it works, and how much memory it has */
	SERVICE_DO_TERM, /* the whole process group */
	SERVICE_DO_KILL,
	SERVICE_DO_LOOK, /* for the program; then service_levels() */
};

/* Why a process ended. */
enum service_reason {
	SERVICE_BY_ITSELF,
	SERVICE_ASKED, /* by a user, by the configuration, or what it needs is gone */
	SERVICE_HUNG,
	SERVICE_MEMORY,
	SERVICE_ARGUMENTS,
	SERVICE_GONE, /* by itself while nobody could read its status */
	SERVICE_REASONS,
};

/* Seconds. */
#define SERVICE_ASK_FIRST      0.2 /* from a start to the first question, growing to ... */
#define SERVICE_ASK_STARTING   1.0
#define SERVICE_ASK_RUNNING    3.0
#define SERVICE_ASK_AGAIN      1.0 /* after a bad answer */
#define SERVICE_ANSWER_MAX     3.0
#define SERVICE_MISSES_MAX     2 /* bad or missing answers in a row: it hangs */
#define SERVICE_START_DEFAULT  15.0
#define SERVICE_BUSY_MAX       60.0 /* so long it may compute without an answer */
#define SERVICE_BUSY_STEP      5.0  /* what a start gets more each time */
#define SERVICE_KILL_AFTER     5.0
#define SERVICE_LOOK_AGAIN     10.0
#define SERVICE_BACK_OFF_FIRST 0.2
#define SERVICE_BACK_OFF_MAX   30.0
#define SERVICE_HEALTHY        60.0 /* after so long earlier failures are forgotten */

/* Times are monotonic seconds; zeroed it is off. */
struct service {
	enum service_state state;
	double since; /* in this state */
	bool wanted;
	bool found;
	bool met;
	bool answers;               /* to the last question that was not missed twice */
	enum service_reason reason; /* while stopping */
	unsigned int failures;      /* in a row */
	unsigned int restarts;
	bool started_before;
	double start_seconds; /* until the first answer; 0 = SERVICE_START_DEFAULT */
	bool pending;         /* a question has no answer yet */
	unsigned int misses;
	double busy_since; /* computes and has not answered, 0 = no */
	double ask_interval;
	double ask_at; /* with pending: until when the answer is awaited */
	double start_by;
	double kill_at;
	double look_at;
	double not_before; /* back-off */
};

/* What the machine decides by: is it wanted, is its program there, is there all it needs? A child
 * that runs is stopped when it is not wanted any more or loses what it needs; that its program
 * file went away does not disturb it (a package upgrade). */
enum service_action service_levels(struct service *service, bool wanted, bool found, bool met,
	double now);
/* Something happened. random: 0 <= random < 1. */
enum service_action service_handle(struct service *service, enum service_event event, double now,
	double random);
/* When it wants SERVICE_TIMEOUT; 0 = never. */
double service_deadline(const struct service *service);
/* Does a process belong to the state? */
bool service_has_process(enum service_state state);
/* Failures in a row, as of now: 0 after SERVICE_HEALTHY seconds of health. */
unsigned int service_failures(const struct service *service, double now);
/* Seconds to wait after the failure that follows so many. */
double service_back_off(unsigned int failures, double random);

const char *service_state_name(enum service_state state);
/* "exited", "asked", ... */
const char *service_reason_name(enum service_reason reason);
/* SERVICE_REASONS when there is none of that name. */
enum service_reason service_reason_parse(const char *name);

#endif
