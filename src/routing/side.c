/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/side.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_wish(struct routing_wish *wish)
{
	free(wish->links);
	free(wish->announce);
	free(wish->search);
	*wish = (struct routing_wish){0};
}

/* A copy in *to, NULL when there is nothing to copy. */
static int copy_array(void *to, const void *from, size_t count, size_t size)
{
	void *copy = NULL;

	if (count > 0) {
		copy = reallocarray(NULL, count, size);
		if (copy == NULL) {
			return -ENOMEM;
		}
		memcpy(copy, from, count * size);
	}
	*(void **)to = copy;
	return 0;
}

static int copy_wish(struct routing_wish *to, const struct routing_wish *from)
{
	struct routing_wish copy = *from;

	copy.links = NULL;
	copy.announce = NULL;
	copy.search = NULL;
	if (copy_array(&copy.links, from->links, from->link_count, sizeof(*from->links)) < 0 ||
		copy_array(&copy.announce, from->announce, from->announce_count,
			sizeof(*from->announce)) < 0 ||
		copy_array(&copy.search, from->search, from->search_count, sizeof(*from->search)) <
			0) {
		free_wish(&copy);
		return -ENOMEM;
	}
	free_wish(to);
	*to = copy;
	return 0;
}

int side_set_wish(struct side *side, const struct routing_wish *wish)
{
	if (wish != NULL) {
		int result = copy_wish(&side->wish, wish);
		side->wanted = side->wanted || result == 0;
		return result;
	}
	side->wanted = false;
	free_wish(&side->wish);
	routing_state_free(&side->state);
	side->changed = false;
	side->urgent = false;
	if (side->ask != SIDE_ASK_NONE) {
		side->ask = SIDE_ASK_FAILS;
	}
	side_accept(side);
	return 0;
}

void side_close(struct side *side)
{
	free_wish(&side->wish);
	routing_state_free(&side->state);
}

bool side_wishes_link(const struct side *side, const char *link)
{
	for (size_t i = 0; i < side->wish.link_count; i++) {
		if (strcmp(side->wish.links[i], link) == 0) {
			return true;
		}
	}
	return false;
}

void side_show(struct side *side, struct routing_state *state, double now)
{
	state->protocol = side->state.protocol;
	state->answers = true;
	state->time = now;
	routing_state_sort(state);
	if (!routing_state_looks_same(&side->state, state)) {
		side->changed = true;
	}
	if (!routing_state_ways_same(&side->state, state)) {
		side->changed = true;
		side->urgent = true;
	}
	routing_state_free(&side->state);
	side->state = *state;
	*state = (struct routing_state){0};
}

void side_lose(struct side *side)
{
	if (side->state.answers) {
		side->state.answers = false;
		side->changed = true;
		side->urgent = true;
	}
}

void side_report(struct side *side, const char *text)
{
	char clean[sizeof(side->refusal)];

	routing_state_copy_name(clean, sizeof(clean), text);
	if (strcmp(clean, side->refusal) != 0) {
		text_copy(side->refusal, sizeof(side->refusal), clean);
		side->changed = true;
	}
}

void side_refuse(struct side *side, double now, const char *format, ...)
{
	char text[sizeof(side->refusal)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	side_report(side, text);
	side->back_off = side->back_off == 0 ? SIDE_BACK_OFF_FIRST : side->back_off * 2;
	if (side->back_off > SIDE_BACK_OFF_MAX) {
		side->back_off = SIDE_BACK_OFF_MAX;
	}
	side->try_at = now + side->back_off;
}

void side_accept(struct side *side)
{
	side_report(side, "");
	side->back_off = 0;
	side->try_at = 0;
}

void side_ask(struct side *side, double now)
{
	side->ask = SIDE_ASK_WAITING;
	side->ask_deadline = now + SIDE_ANSWER_TIME;
}

void side_answer(struct side *side, bool works)
{
	if (side->ask == SIDE_ASK_WAITING) {
		side->ask = works ? SIDE_ASK_WORKS : SIDE_ASK_FAILS;
	}
}

/* When a change may be told. */
static double tell_time(const struct side *side)
{
	return side->published + (side->urgent ? SIDE_URGENT_TIME : SIDE_PUBLISH_TIME);
}

void side_tell(struct side *side, double now)
{
	const struct routing_listener *listener = side->listener;

	if (side->ask == SIDE_ASK_WAITING && now >= side->ask_deadline) {
		side->ask = SIDE_ASK_FAILS;
	}
	if (side->ask == SIDE_ASK_WORKS || side->ask == SIDE_ASK_FAILS) {
		bool works = side->ask == SIDE_ASK_WORKS;
		side->ask = SIDE_ASK_NONE;
		if (listener->on_answer != NULL) {
			listener->on_answer(listener->context, side->state.protocol, works);
		}
	}
	if (side->changed && now >= tell_time(side)) {
		side->changed = false;
		side->urgent = false;
		side->published = now;
		if (listener->on_change != NULL) {
			listener->on_change(listener->context, side->state.protocol);
		}
	}
}

double side_earlier(double a, double b)
{
	if (a == 0 || b == 0) {
		return a + b;
	}
	return a < b ? a : b;
}

double side_deadline(const struct side *side, double deadline)
{
	if (side->ask == SIDE_ASK_WAITING) {
		deadline = side_earlier(deadline, side->ask_deadline);
	} else if (side->ask != SIDE_ASK_NONE) {
		/* Long past: at once. */
		deadline = side_earlier(deadline, side->ask_deadline - SIDE_ANSWER_TIME);
	}
	if (side->changed) {
		deadline = side_earlier(deadline, tell_time(side));
	}
	return deadline;
}

int side_open_exchange(struct side *side, struct exchange *exchange, const char *request,
	size_t answer_max, uint32_t tag)
{
	int result = exchange_open(exchange, side->path, request, strlen(request), answer_max);

	if (result < 0) {
		return result;
	}
	struct epoll_event event = {.events = exchange_events(exchange), .data.u32 = tag};
	if (epoll_ctl(side->epoll, EPOLL_CTL_ADD, exchange->fd, &event) < 0) {
		result = -errno;
		exchange_close(exchange);
	}
	return result;
}

void side_watch(const struct side *side, const struct exchange *exchange, uint32_t tag)
{
	struct epoll_event event = {.events = exchange_events(exchange), .data.u32 = tag};

	if (exchange->fd >= 0) {
		epoll_ctl(side->epoll, EPOLL_CTL_MOD, exchange->fd, &event);
	}
}
