/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/reexec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/json_text.h"
#include "loop/daemon_state.h"
#include "loop/notify.h"
#include "loop/probe.h"
#include "loop/reexec_program.h"
#include "version.h"

#define VARIABLE      "MESHD_HANDOVER" /* "PID:FD:OFFSET" of the file with the handover */
#define VARIABLE_SIZE 64

/* Signals that have a meaning for the daemon are held back from the last moment of the old program
 * to the watchers of the new one: until then their default would end it. */
static const int held_signals[] = {SIGHUP, SIGTERM, SIGINT, SIGCHLD};

struct reexec {
	char **arguments;
	char program[PATH_MAX]; /* "" = not known */
	json_t *handed;         /* by the program before, NULL = nothing */
	int bytes;              /* the file that belongs to it, -1 = none */
	bool held;              /* the signals are */
	struct probe *probe;    /* of the program that may follow, NULL = none is asked */
};

void reexec_hold_signals(bool hold)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(held_signals); i++) {
		sigaddset(&set, held_signals[i]);
	}
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* --- in --- */

/* Reads one number and what ends it; -1 when there is none. */
static long read_number(const char **at, char end)
{
	char *rest = NULL;
	long number = strtol(*at, &rest, 10);

	if (rest == *at || *rest != end || number < 0) {
		return -1;
	}
	*at = rest + (end != '\0');
	return number;
}

/* The file of the handover that the environment names, and where in it the JSON begins; -1 when it
 * names none that is ours. */
static int find_handover(off_t *offset)
{
	const char *at = getenv(VARIABLE);

	if (at == NULL || read_number(&at, ':') != getpid()) {
		return -1;
	}
	long fd = read_number(&at, ':');
	long begin = fd < 0 ? -1 : read_number(&at, '\0');
	if (fd > INT_MAX || begin < 0) {
		return -1;
	}
	*offset = begin;
	return (int)fd;
}

static json_t *load_handover(int fd, off_t offset)
{
	if (fd <= STDERR_FILENO || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
		lseek(fd, offset, SEEK_SET) != offset) {
		return NULL;
	}
	json_t *handed = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
	if (json_integer_value(json_object_get(handed, "form")) != REEXEC_FORM ||
		!json_is_object(json_object_get(handed, "server"))) {
		json_decref(handed);
		return NULL;
	}
	return handed;
}

struct reexec *reexec_new(char **argv)
{
	struct reexec *reexec = calloc(1, sizeof(*reexec));
	off_t offset = 0;

	if (reexec == NULL) {
		return NULL;
	}
	reexec->arguments = argv;
	reexec_find_program(reexec->program);
	reexec->bytes = find_handover(&offset);
	unsetenv(VARIABLE);
	if (reexec->bytes < 0) {
		return reexec;
	}
	reexec->held = true;
	reexec->handed = load_handover(reexec->bytes, offset);
	if (reexec->handed == NULL) {
		log_warning("reexec", "what the program before handed over is of no use: "
				      "starting anew");
		/* Among them is the lock that would keep us out. */
		closefrom(STDERR_FILENO + 1);
		reexec->bytes = -1;
		reexec_hold_signals(false);
		reexec->held = false;
	}
	return reexec;
}

static void forget_handover(struct reexec *reexec)
{
	cleanup_close(&reexec->bytes);
	reexec->bytes = -1;
	json_decref(reexec->handed);
	reexec->handed = NULL;
}

void reexec_free(struct reexec *reexec)
{
	if (reexec != NULL) {
		forget_handover(reexec);
		free(reexec);
	}
}

/* Another run directory than before cannot be meant. */
static bool is_for(const json_t *server, const char *path)
{
	const char *saved = json_string_value(json_object_get(server, "path"));

	return saved != NULL && strcmp(saved, path) == 0;
}

int reexec_open_server(struct daemon *daemon, const char *path, struct err *err)
{
	struct reexec *reexec = daemon->options->reexec;
	const json_t *saved = json_object_get(reexec->handed, "server");

	if (reexec->handed == NULL) {
		return server_open(&daemon->server, path, &daemon_methods, daemon, err);
	}
	int result = server_restore(&daemon->server, saved, reexec->bytes, &daemon_methods, daemon);
	if (result == 0 && is_for(saved, path)) {
		return 0;
	}
	if (result == 0) {
		server_close(daemon->server);
		daemon->server = NULL;
		result = -EXDEV;
	}
	log_warning("reexec", "the control socket cannot be taken over (%s): opening it anew",
		strerrordesc_np(-result));
	return server_open(&daemon->server, path, &daemon_methods, daemon, err);
}

void reexec_finish(struct daemon *daemon)
{
	struct reexec *reexec = daemon->options->reexec;
	const char *was = json_string_value(json_object_get(reexec->handed, "version"));

	if (reexec->held) {
		reexec_hold_signals(false);
		reexec->held = false;
	}
	if (reexec->handed == NULL) {
		return;
	}
	CLEANUP(cleanup_json)
	json_t *result =
		json_pack("{s:b, s:s, s:s?}", "reexec", 1, "version", MESHD_VERSION, "was", was);
	log_notice("reexec", "meshd %s goes on where %s was", MESHD_VERSION,
		was != NULL ? was : "another");
	if (json_is_true(json_object_get(reexec->handed, "ready"))) {
		daemon->ready = true;
		/* Our timer starts anew, while systemd counts on from the last one of the old. */
		notify_send("READY=1\nWATCHDOG=1");
	}
	server_answer(daemon->server, result, NULL);
	forget_handover(reexec);
}

/* --- out --- */

/* Writes the server's bytes and, behind them, the JSON. Returns where that begins, or -errno. */
static off_t write_handover(struct daemon *daemon, int fd)
{
	json_t *server = NULL;
	int result = server_save(daemon->server, fd, &server);

	if (result < 0) {
		return result;
	}
	CLEANUP(cleanup_json)
	json_t *handover = json_pack("{s:i, s:s, s:b, s:o}", "form", REEXEC_FORM, "version",
		MESHD_VERSION, "ready", daemon->ready, "server", server);
	off_t offset = lseek(fd, 0, SEEK_CUR);
	if (handover == NULL || offset < 0 || json_dumpfd(handover, fd, JSON_COMPACT) != 0) {
		server_unsave(daemon->server);
		return -EIO;
	}
	return offset;
}

static void tell_reloading(const struct daemon *daemon)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (daemon->ready) {
		notify_send("RELOADING=1\nMONOTONIC_USEC=%lld",
			(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	}
}

/* Does not return when it goes well. -errno, and all is as it was. */
static int become(struct daemon *daemon)
{
	const struct reexec *reexec = daemon->options->reexec;

	services_end_programs(&daemon->services);
	/* Whatever else is open would be open for good in the new program. */
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	/* It has to live through execve. NOLINTNEXTLINE(android-cloexec-memfd-create) */
	CLEANUP(cleanup_close) int fd = memfd_create("meshd-handover", 0);
	char value[VARIABLE_SIZE];

	if (fd < 0) {
		return -errno;
	}
	off_t offset = write_handover(daemon, fd);
	if (offset < 0) {
		return (int)offset;
	}
	snprintf(value, sizeof(value), "%ld:%d:%lld", (long)getpid(), fd, (long long)offset);
	tell_reloading(daemon);
	reexec_hold_signals(true);
	int error = -ENOMEM;
	if (setenv(VARIABLE, value, 1) == 0) {
		execv(reexec->program, reexec->arguments);
		error = -errno;
	}
	unsetenv(VARIABLE);
	reexec_hold_signals(false);
	server_unsave(daemon->server);
	if (daemon->ready) {
		notify_send("READY=1");
	}
	return error;
}

static void answer_refusal(struct daemon *daemon, const struct probe_result *probed)
{
	struct request_error error = {0};
	json_t *lines = json_array();

	request_fail(&error, REQUEST_FAILED, "this meshd goes on", "%s", probed->text);
	for (size_t i = 0; i < probed->line_count; i++) {
		json_array_append_new(lines, json_text(probed->lines[i]));
	}
	CLEANUP(cleanup_json) json_t *data = json_pack("{s:o}", "errors", lines);
	error.data = data;
	log_error("reexec", "%s", probed->text);
	server_answer(daemon->server, NULL, &error);
}

static void on_probe(void *context, const struct probe_result *probed)
{
	struct daemon *daemon = context;
	struct reexec *reexec = daemon->options->reexec;
	struct probe_result failed = {0};

	if (probed->works) {
		int result = become(daemon);
		daemon_mark_dirty(daemon); /* for the programs that were ended */
		snprintf(failed.text, sizeof(failed.text), "cannot become %.160s: %s",
			reexec->program, strerrordesc_np(-result));
		probed = &failed;
	}
	answer_refusal(daemon, probed);
	reexec_stop(daemon);
}

int reexec_begin(struct daemon *daemon, struct err *err)
{
	struct reexec *reexec = daemon->options->reexec;

	if (reexec->probe != NULL || daemon->stopping) {
		err_set(err, "meshd is already being %s",
			daemon->stopping ? "stopped" : "replaced");
		return -EBUSY;
	}
	if (reexec->program[0] == '\0') {
		err_set(err, "the path of the program is not known");
		return -ENOENT;
	}
	struct probe_request request = {.loop = daemon->loop,
		.program = reexec->program,
		.arguments = reexec->arguments,
		.form = REEXEC_FORM,
		.done = on_probe,
		.context = daemon};
	return probe_start(&reexec->probe, &request, err);
}

void reexec_stop(struct daemon *daemon)
{
	probe_stop(daemon->options->reexec->probe);
	daemon->options->reexec->probe = NULL;
}
