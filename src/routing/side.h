/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sides of bmx7 and babeld have in common: the wish, the state that is shown, the answer
 * that is owed. */
#ifndef ROUTING_SIDE_H
#define ROUTING_SIDE_H

#include <sys/epoll.h>

#include "base/exchange.h"
#include "routing/routing.h"

/* Every answer is due within this time, in seconds. */
#define SIDE_ANSWER_TIME    3.0
/* People are told of changes at most this often. */
#define SIDE_PUBLISH_TIME   1.0
/* Of changes of the ways to the Internet at most this often. */
#define SIDE_URGENT_TIME    0.1
/* After a refusal, in seconds; doubles. */
#define SIDE_BACK_OFF_FIRST 5.0
#define SIDE_BACK_OFF_MAX   60.0

enum side_ask {
	SIDE_ASK_NONE,
	SIDE_ASK_WAITING,
	SIDE_ASK_WORKS, /* known, to be told on the next turn */
	SIDE_ASK_FAILS,
};

struct side {
	int epoll;
	char path[128];
	const struct routing_listener *listener;
	bool wanted;
	struct routing_wish wish; /* arrays owned */
	struct routing_state state;
	char refusal[256];
	bool changed;     /* to be told */
	bool urgent;      /* at once */
	double published; /* when people were told last */
	enum side_ask ask;
	double ask_deadline;
	double back_off; /* seconds, 0 = nothing was refused */
	double try_at;   /* no change is sent before */
};

/* Copies the wish, or (NULL) drops it and the state. 0 or -ENOMEM. */
int side_set_wish(struct side *side, const struct routing_wish *wish);
void side_close(struct side *side);
bool side_wishes_link(const struct side *side, const char *link);

/* Takes state (given away, sorted here) as what is shown. */
void side_show(struct side *side, struct routing_state *state, double now);
/* It ceased to answer; the rest of the state stays. */
void side_lose(struct side *side);

void side_refuse(struct side *side, double now, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Says what hinders, without a back-off; "" = nothing. */
void side_report(struct side *side, const char *text);
/* Nothing is refused any more. */
void side_accept(struct side *side);

void side_ask(struct side *side, double now);
void side_answer(struct side *side, bool works);
/* Tells what is due. */
void side_tell(struct side *side, double now);
/* The earlier of deadline (0 = none) and what this side has to tell. */
double side_deadline(const struct side *side, double deadline);

/* The earlier one of two times; 0 is none. */
double side_earlier(double a, double b);
/* Opens an exchange and watches it under tag. 0 or -errno. */
int side_open_exchange(struct side *side, struct exchange *exchange, const char *request,
	size_t answer_max, uint32_t tag);
/* The events wanted may have changed. */
void side_watch(const struct side *side, const struct exchange *exchange, uint32_t tag);

#endif
