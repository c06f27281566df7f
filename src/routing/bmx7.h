/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bmx7's control socket: every question is a connection of its own. It is looked at every few
 * seconds; where its configuration is not the one wished, the difference is said. */
#ifndef ROUTING_BMX7_H
#define ROUTING_BMX7_H

#include "routing/bmx7_faults.h"
#include "routing/side.h"

enum bmx7_question {
	BMX7_QUESTION_NONE,
	BMX7_QUESTION_LOOK,  /* state and configuration */
	BMX7_QUESTION_APPLY, /* commands */
};

/* When did this bmx7 begin, by our clock and by what it says? */
struct bmx7_clock {
	int pid;
	double uptime;
	double now;
};

struct bmx7 {
	struct side side;
	struct exchange exchange;
	enum bmx7_question question;
	double deadline; /* of the answer */
	double look_at;
	double asked_at;   /* when the look under way, or the last one, began */
	double quick_from; /* when something was wished: looks are quick for a while */
	size_t quick;      /* of these so many are over */
	bool no_tunnels;   /* it has no tun plugin */

	struct exchange probe; /* for routing_ask: apart, so that it waits for nothing */
	struct bmx7_clock clock;
	bool broken; /* it answers, but only a restart helps; refusal says why */

	struct bmx7_commands commands; /* being applied */
	size_t applied;                /* of these, by messages before the one under way */
	size_t sending;                /* in the message under way */
	bool one_by_one;               /* after a refusal, to find the one that it refuses */
	bool refused;                  /* one of commands was */
	bool mending;                  /* they mend a fault */

	double faults_at;   /* next look for faults */
	double faults_wait; /* between mending and mending again; doubles */
	double mend_at;     /* not mended before */
	bool suspected;     /* a fault was there at the last look: once is not enough */
};

void bmx7_open(struct bmx7 *bmx7);
void bmx7_close(struct bmx7 *bmx7);
int bmx7_set_wish(struct bmx7 *bmx7, const struct routing_wish *wish, double now);
void bmx7_ask(struct bmx7 *bmx7, double now);
void bmx7_refresh(struct bmx7 *bmx7, double now);
void bmx7_on_ready(struct bmx7 *bmx7, double now);
void bmx7_on_probe_ready(struct bmx7 *bmx7, double now);
void bmx7_on_timer(struct bmx7 *bmx7, double now);
double bmx7_deadline(const struct bmx7 *bmx7);

/* Is what a status says possible? Its clock follows the machine's, with the wrong sign. */
bool bmx7_clock_is_sane(struct bmx7_clock *clock, int pid, const struct bmx7_answer *answer,
	double now);

/* Tags of its descriptors in the side's epoll. */
#define BMX7_TAG       2
#define BMX7_PROBE_TAG 3

#endif
