/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/routing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/render.h"
#include "routing/babeld.h"
#include "routing/bmx7.h"

struct routing {
	int epoll;
	struct routing_listener listener;
	struct babeld babeld;
	struct bmx7 bmx7;
};

static int open_side(struct routing *routing, struct side *side, const char *run_dir,
	const char *name, struct err *err)
{
	int length = snprintf(side->path, sizeof(side->path), "%s/%s", run_dir, name);

	if (length < 0 || (size_t)length >= sizeof(side->path)) {
		err_set(err, "the directory \"%s\" is too long a path for a socket", run_dir);
		return -ENAMETOOLONG;
	}
	side->epoll = routing->epoll;
	side->listener = &routing->listener;
	return 0;
}

int routing_open(struct routing **out, const char *run_dir, const struct routing_listener *listener,
	struct err *err)
{
	struct routing *routing = calloc(1, sizeof(*routing));

	if (routing == NULL) {
		err_set(err, "no memory");
		return -ENOMEM;
	}
	routing->listener = *listener;
	routing->epoll = epoll_create1(EPOLL_CLOEXEC);
	int result = routing->epoll < 0 ? -errno : 0;
	if (result < 0) {
		err_set(err, "epoll: %s", strerror(-result));
	}
	babeld_open(&routing->babeld);
	bmx7_open(&routing->bmx7);
	if (result == 0) {
		result = open_side(routing, &routing->babeld.side, run_dir, CHILD_BABELD_SOCKET,
			err);
	}
	if (result == 0) {
		result = open_side(routing, &routing->bmx7.side, run_dir, CHILD_BMX7_DIR "/sock",
			err);
	}
	if (result < 0) {
		routing_close(routing);
		return result;
	}
	*out = routing;
	return 0;
}

void routing_close(struct routing *routing)
{
	if (routing == NULL) {
		return;
	}
	babeld_close(&routing->babeld);
	bmx7_close(&routing->bmx7);
	if (routing->epoll >= 0) {
		close(routing->epoll);
	}
	free(routing);
}

int routing_set_wish(struct routing *routing, enum link_protocol protocol,
	const struct routing_wish *wish, double now)
{
	if (protocol == PROTOCOL_BABELD) {
		return babeld_set_wish(&routing->babeld, wish, now);
	}
	return bmx7_set_wish(&routing->bmx7, wish, now);
}

void routing_ask(struct routing *routing, enum link_protocol protocol, double now)
{
	if (protocol == PROTOCOL_BABELD) {
		babeld_ask(&routing->babeld, now);
	} else {
		bmx7_ask(&routing->bmx7, now);
	}
}

void routing_refresh(struct routing *routing, enum link_protocol protocol, double now)
{
	if (protocol == PROTOCOL_BABELD) {
		babeld_refresh(&routing->babeld, now);
	} else {
		bmx7_refresh(&routing->bmx7, now);
	}
}

static const struct side *get_side(const struct routing *routing, enum link_protocol protocol)
{
	return protocol == PROTOCOL_BABELD ? &routing->babeld.side : &routing->bmx7.side;
}

const struct routing_state *routing_get(const struct routing *routing, enum link_protocol protocol)
{
	return &get_side(routing, protocol)->state;
}

const char *routing_refusal(const struct routing *routing, enum link_protocol protocol)
{
	return get_side(routing, protocol)->refusal;
}

int routing_fd(const struct routing *routing)
{
	return routing->epoll;
}

void routing_on_readable(struct routing *routing, double now)
{
	struct epoll_event events[3];
	int count = epoll_wait(routing->epoll, events, ARRAY_SIZE(events), 0);

	for (int i = 0; i < count; i++) {
		switch (events[i].data.u32) {
		case BABELD_TAG:
			babeld_on_ready(&routing->babeld, now);
			break;
		case BMX7_TAG:
			bmx7_on_ready(&routing->bmx7, now);
			break;
		case BMX7_PROBE_TAG:
			bmx7_on_probe_ready(&routing->bmx7, now);
			break;
		default:
			break;
		}
	}
}

double routing_deadline(const struct routing *routing)
{
	return side_earlier(babeld_deadline(&routing->babeld), bmx7_deadline(&routing->bmx7));
}

void routing_on_timer(struct routing *routing, double now)
{
	babeld_on_timer(&routing->babeld, now);
	bmx7_on_timer(&routing->bmx7, now);
}
