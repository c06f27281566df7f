/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/room_watcher.h"

#include <math.h>
#include <stddef.h>
#include <time.h>

#include "loop/clock.h"

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
	struct room_watcher *watcher = io->data;

	(void)loop;
	(void)events;
	watcher->door->on_readable(watcher->room, clock_now());
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct room_watcher *watcher = timer->data;

	(void)loop;
	(void)events;
	watcher->deadline = 0;
	watcher->door->on_timer(watcher->room, clock_now());
}

static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	struct room_watcher *watcher = prepare->data;
	double deadline = watcher->door->deadline(watcher->room);

	(void)events;
	if (deadline == watcher->deadline) {
		return;
	}
	watcher->deadline = deadline;
	ev_timer_stop(loop, &watcher->timer);
	if (deadline != 0 && deadline != INFINITY) {
		double delay = deadline - clock_now();
		ev_now_update(loop);
		ev_timer_set(&watcher->timer, delay > 0 ? delay : 0., 0.);
		ev_timer_start(loop, &watcher->timer);
	}
}

void room_watcher_start(struct room_watcher *watcher, struct ev_loop *loop,
	const struct room_door *door, void *room)
{
	watcher->loop = loop;
	watcher->door = door;
	watcher->room = room;
	watcher->deadline = 0;
	ev_io_init(&watcher->io, on_io, door->fd(room), EV_READ);
	watcher->io.data = watcher;
	ev_io_start(loop, &watcher->io);
	ev_timer_init(&watcher->timer, on_timer, 0., 0.);
	watcher->timer.data = watcher;
	ev_prepare_init(&watcher->prepare, on_prepare);
	watcher->prepare.data = watcher;
	ev_prepare_start(loop, &watcher->prepare);
}

void room_watcher_stop(struct room_watcher *watcher)
{
	if (watcher->loop == NULL) {
		return;
	}
	ev_io_stop(watcher->loop, &watcher->io);
	ev_timer_stop(watcher->loop, &watcher->timer);
	ev_prepare_stop(watcher->loop, &watcher->prepare);
	watcher->loop = NULL;
}
