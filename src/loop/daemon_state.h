/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOOP_DAEMON_STATE_H
#define LOOP_DAEMON_STATE_H

#include <ev.h>

#include "control/server.h"
#include "loop/daemon.h"
#include "loop/reconcile.h"
#include "loop/services.h"

struct daemon {
	const struct daemon_options *options;
	struct reconcile reconcile;
	struct services services;
	struct server *server;
	struct ev_loop *loop;
	ev_io kernel_watchers[KERNEL_FDS];
	ev_io server_watcher;
	ev_timer reconcile_timer; /* debounce of what notifications mark, and retries */
	ev_timer watchdog_timer;
	ev_periodic clock_jump_watcher;
	ev_signal reload_watcher;
	ev_signal stop_watchers[2];
	bool dirty;
	bool ready;     /* systemd was told */
	bool listening; /* changes are heard */
	bool stopping;  /* the children are on their way out */
};

/* What the control socket offers; its context is the struct daemon. */
extern const struct request_table daemon_methods;

/* Asks for a cycle soon; many asks make one. */
void daemon_mark_dirty(struct daemon *daemon);
/* Reads the configuration anew. 0, or -EINVAL with errors (the old one stays in force). */
int daemon_reload(struct daemon *daemon, struct err_list *errors);

#endif
