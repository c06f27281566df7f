/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection to babeld's local socket: it monitors, asks for a whole dump now and then, and
 * adds and flushes interfaces until they are those wished. */
#ifndef ROUTING_BABELD_H
#define ROUTING_BABELD_H

#include "routing/babeld_table.h"
#include "routing/side.h"

enum babeld_request {
	BABELD_REQUEST_NONE,
	BABELD_REQUEST_GREETING, /* nothing sent: what it says first */
	BABELD_REQUEST_MONITOR,
	BABELD_REQUEST_DUMP,
	BABELD_REQUEST_EMPTY, /* an empty line, answered "ok": is it alive? */
	BABELD_REQUEST_ADD,
	BABELD_REQUEST_FLUSH,
};

struct babeld {
	struct side side;
	struct exchange exchange;
	enum babeld_request request; /* that waits for its answer */
	double deadline;             /* of that answer */
	char link[IFNAMSIZ];         /* that is being added or flushed */
	bool monitors;
	struct babeld_table table;
	struct babeld_table dump; /* while a dump comes in */
	char id[24];
	char version[32];
	bool dirty;  /* table is newer than the state that is shown */
	bool urgent; /* in what matters for the ways to the Internet */
	double shown;
	double connect_at; /* 0 while connected */
	double dump_at;
	double missing_since; /* an announcement that babeld does not make; 0 = none */
	bool missing_said;
};

void babeld_open(struct babeld *babeld);
void babeld_close(struct babeld *babeld);
int babeld_set_wish(struct babeld *babeld, const struct routing_wish *wish, double now);
void babeld_ask(struct babeld *babeld, double now);
void babeld_refresh(struct babeld *babeld, double now);
void babeld_on_ready(struct babeld *babeld, double now);
void babeld_on_timer(struct babeld *babeld, double now);
double babeld_deadline(const struct babeld *babeld);

/* The tag of its descriptor in the side's epoll. */
#define BABELD_TAG 1

#endif
