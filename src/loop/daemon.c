/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "control/config_dir.h"
#include "loop/daemon_state.h"
#include "loop/notify.h"
#include "loop/reexec.h"

#define DEBOUNCE_QUIET 0.01 /* after a quiet second a change is mended at once */
#define DEBOUNCE_BUSY  0.2
#define READY_CYCLES   3 /* a node that cannot be whole is ready too, and says what is wrong */
#define FAR_AWAY       1e9

static void schedule(struct daemon *daemon, double delay)
{
	ev_timer_stop(daemon->loop, &daemon->reconcile_timer);
	ev_timer_set(&daemon->reconcile_timer, delay, 0.);
	ev_timer_start(daemon->loop, &daemon->reconcile_timer);
}

void daemon_mark_dirty(struct daemon *daemon)
{
	if (daemon->dirty) {
		return;
	}
	bool quiet = time(NULL) - daemon->reconcile.record.last_cycle > 1;
	daemon->dirty = true;
	schedule(daemon, quiet ? DEBOUNCE_QUIET : DEBOUNCE_BUSY);
}

/* --- kernel --- */

static void on_kernel(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct daemon *daemon = watcher->data;
	int result = kernel_on_readable(daemon->reconcile.kernel, watcher->fd);

	(void)loop;
	(void)events;
	if (result < 0) {
		log_error("loop", "notifications: %s", strerrordesc_np(-result));
		result = KERNEL_OVERRUN;
	}
	if (result & KERNEL_OVERRUN) {
		daemon->reconcile.record.overruns++;
	}
	if (result != KERNEL_NOTHING) {
		daemon_mark_dirty(daemon);
	}
}

static void watch_socket(struct daemon *daemon, ev_io *watcher, int fd)
{
	ev_io_stop(daemon->loop, watcher);
	if (fd >= 0) {
		ev_io_init(watcher, on_kernel, fd, EV_READ);
		watcher->data = daemon;
		ev_io_start(daemon->loop, watcher);
	}
}

/* Sockets may appear with a module; a watcher follows its descriptor. */
static void watch_kernel(struct daemon *daemon)
{
	int fds[KERNEL_FDS];

	kernel_fds(daemon->reconcile.kernel, fds);
	for (int i = 0; i < KERNEL_FDS; i++) {
		ev_io *watcher = &daemon->kernel_watchers[i];
		if (!ev_is_active(watcher) || watcher->fd != fds[i]) {
			watch_socket(daemon, watcher, fds[i]);
		}
	}
}

static void tell_systemd(struct daemon *daemon)
{
	const struct reconcile *reconcile = &daemon->reconcile;
	bool good = reconcile->problems.count == 0 && reconcile->record.cycles > 0;

	if (!daemon->ready &&
		(good || reconcile->record.cycles >= READY_CYCLES || reconcile->record.converged)) {
		daemon->ready = true;
		notify_send("READY=1");
	}
	if (reconcile->problems.count == 0) {
		notify_send("STATUS=all is as configured");
	} else {
		notify_send("STATUS=%zu problems, the first: %s", reconcile->problems.count,
			reconcile->problems.items[0].text);
	}
}

/* After the first cycle; what changed during it is found by the next. */
static bool start_listening(struct daemon *daemon)
{
	struct err err = {0};

	if (daemon->listening) {
		return false;
	}
	daemon->listening = kernel_listen(daemon->reconcile.kernel, &err) == 0;
	if (!daemon->listening) {
		log_error("loop", "%s", err.text);
	}
	return true;
}

static void on_reconcile(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct daemon *daemon = timer->data;

	(void)loop;
	(void)events;
	daemon->dirty = false;
	double delay = reconcile_run(&daemon->reconcile);
	tell_systemd(daemon);
	if (start_listening(daemon) || (!daemon->ready && delay == 0)) {
		delay = DEBOUNCE_BUSY;
	}
	watch_kernel(daemon);
	/* What the cycle itself marked dirty comes sooner than its own look again. */
	if (delay > 0 && !daemon->dirty) {
		schedule(daemon, delay);
	}
}

/* --- signals and requests --- */

int daemon_reload(struct daemon *daemon, struct err_list *errors)
{
	struct config config = {0};

	server_keep_address(daemon->server);
	int result = config_dir_read(daemon->options->config_dir, daemon->options->profile_dir,
		&config, errors);

	if (result < 0) {
		char text[sizeof(daemon->reconcile.config_error)] = "it cannot be read";
		if (errors->count > 0) {
			err_format(&errors->items[0], text, sizeof(text));
		}
		text_copy(daemon->reconcile.config_error, sizeof(text), text);
		daemon_mark_dirty(daemon);
		return result;
	}
	reconcile_set_config(&daemon->reconcile, &config);
	log_notice("loop", "configuration read again");
	daemon_mark_dirty(daemon);
	return 0;
}

void daemon_log_errors(const struct err_list *errors)
{
	char line[1024];

	for (size_t i = 0; i < errors->count; i++) {
		err_format(&errors->items[i], line, sizeof(line));
		log_error("config", "%s", line);
	}
	if (errors->left_out > 0) {
		log_error("config", "and %zu more", errors->left_out);
	}
}

/* systemd hears of a reload only once the node is ready: the answer would say that it is. */
static void on_reload(struct ev_loop *loop, ev_signal *watcher, int events)
{
	struct daemon *daemon = watcher->data;
	CLEANUP(err_list_free) struct err_list errors = {0};
	struct timespec now;

	(void)loop;
	(void)events;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (daemon->ready) {
		notify_send("RELOADING=1\nMONOTONIC_USEC=%lld",
			(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	}
	daemon_reload(daemon, &errors);
	daemon_log_errors(&errors);
	if (daemon->ready) {
		notify_send("READY=1");
	}
}

static void on_children_stopped(void *context)
{
	struct daemon *daemon = context;

	ev_break(daemon->loop, EVBREAK_ALL);
}

/* A second signal does not wait for the children. */
static void on_stop(struct ev_loop *loop, ev_signal *watcher, int events)
{
	struct daemon *daemon = watcher->data;

	(void)events;
	if (daemon->stopping) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	daemon->stopping = true;
	daemon->reconcile.on_view = NULL; /* it would start them again */
	daemon->reconcile.on_observed = NULL;
	notify_send("STOPPING=1");
	children_stop(daemon->services.children, on_children_stopped, daemon);
}

static void on_server(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct daemon *daemon = watcher->data;
	int result = server_on_readable(daemon->server);

	(void)events;
	if (result < 0) {
		log_error("loop", "the control socket is broken: %s", strerrordesc_np(-result));
		ev_io_stop(loop, watcher);
	}
}

static void on_watchdog(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
	notify_send("WATCHDOG=1");
}

static void on_clock_jump(struct ev_loop *loop, ev_periodic *watcher, int events)
{
	(void)loop;
	(void)watcher;
	(void)events;
}

/* --- life --- */

static void start_signals(struct daemon *daemon)
{
	static const int stops[] = {SIGTERM, SIGINT};

	signal(SIGPIPE, SIG_IGN);
	ev_signal_init(&daemon->reload_watcher, on_reload, SIGHUP);
	daemon->reload_watcher.data = daemon;
	ev_signal_start(daemon->loop, &daemon->reload_watcher);
	for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
		ev_signal_init(&daemon->stop_watchers[i], on_stop, stops[i]);
		daemon->stop_watchers[i].data = daemon;
		ev_signal_start(daemon->loop, &daemon->stop_watchers[i]);
	}
}

static void start_watchers(struct daemon *daemon)
{
	double watchdog = notify_watchdog_interval();

	start_signals(daemon);
	watch_kernel(daemon);
	ev_io_init(&daemon->server_watcher, on_server, server_fd(daemon->server), EV_READ);
	daemon->server_watcher.data = daemon;
	ev_io_start(daemon->loop, &daemon->server_watcher);
	ev_timer_init(&daemon->reconcile_timer, on_reconcile, 0., 0.);
	daemon->reconcile_timer.data = daemon;
	ev_timer_start(daemon->loop, &daemon->reconcile_timer);
	ev_timer_init(&daemon->watchdog_timer, on_watchdog, watchdog, watchdog);
	if (watchdog > 0) {
		ev_timer_start(daemon->loop, &daemon->watchdog_timer);
	}
	/* With a periodic watcher libev hears of clock jumps from a timerfd; without one it wakes
	 * every minute to look for them itself. */
	ev_periodic_init(&daemon->clock_jump_watcher, on_clock_jump, FAR_AWAY * 4, 0., NULL);
	ev_periodic_start(daemon->loop, &daemon->clock_jump_watcher);
}

static void look_again(void *context)
{
	daemon_mark_dirty(context);
}

static int more_problems(void *context, struct problem_list *problems)
{
	return services_problems(context, problems);
}

static int start_services(struct daemon *daemon, struct err *err)
{
	struct services *services = &daemon->services;

	services->run_dir = daemon->options->run_dir;
	services->state_dir = daemon->options->state_dir;
	services->look_again = look_again;
	services->context = daemon;
	int result = services_open(services, daemon->loop, daemon->reconcile.kernel, err);
	if (result == 0) {
		daemon->reconcile.on_observed = services_on_observed;
		daemon->reconcile.on_view = services_on_view;
		daemon->reconcile.gateway = &services->gateways->wish;
		daemon->reconcile.more_problems = more_problems;
		daemon->reconcile.view_context = services;
	}
	return result;
}

static int run_loop(struct daemon *daemon, struct err *err)
{
	daemon->loop = ev_default_loop(EVFLAG_NOENV);
	if (daemon->loop == NULL) {
		err_set(err, "cannot make an event loop");
		return -EIO;
	}
	int result = start_services(daemon, err);
	if (result == 0) {
		start_watchers(daemon);
		reexec_hold_signals(false);
		reexec_finish(daemon);
		ev_run(daemon->loop, 0);
		services_close(&daemon->services);
	}
	reexec_stop(daemon);
	ev_loop_destroy(daemon->loop);
	return result;
}

int daemon_run(const struct daemon_options *options, struct config *config, struct err *err)
{
	struct daemon daemon = {.options = options};
	char path[320];

	snprintf(path, sizeof(path), "%s/control.sock", options->run_dir);
	int result = reexec_open_server(&daemon, path, err);
	if (result < 0) {
		return result;
	}
	result = reconcile_open(&daemon.reconcile, config, options->run_dir, err);
	if (result < 0) {
		server_close(daemon.server);
		return result;
	}
	result = run_loop(&daemon, err);
	server_close(daemon.server);
	reconcile_close(&daemon.reconcile);
	return result;
}
