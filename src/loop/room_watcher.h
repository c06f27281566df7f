/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches a room that offers one descriptor and one deadline. */
#ifndef LOOP_ROOM_WATCHER_H
#define LOOP_ROOM_WATCHER_H

#include <ev.h>

/* The room's side; now and deadlines are monotonic seconds: 0 and INFINITY are none, what is past
 * is due. */
struct room_door {
	int (*fd)(const void *room);
	void (*on_readable)(void *room, double now);
	double (*deadline)(const void *room);
	void (*on_timer)(void *room, double now);
};

struct room_watcher {
	struct ev_loop *loop;
	const struct room_door *door;
	void *room;
	ev_io io;
	ev_timer timer;
	ev_prepare prepare; /* before the loop sleeps: a call from outside may have moved the
			       deadline */
	double deadline;
};

void room_watcher_start(struct room_watcher *watcher, struct ev_loop *loop,
	const struct room_door *door, void *room);
/* May run twice. */
void room_watcher_stop(struct room_watcher *watcher);

#endif
