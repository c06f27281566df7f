/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/dnsmasq_config.h"

#include <errno.h>
#include <fcntl.h>
#include <md5.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/child.h"
#include "core/render.h"
#include "process/process.h"
#include "process/program.h"

#define PATH_SIZE    320
#define TEST_SECONDS 10.
#define TEST_AGAIN   60. /* seconds, where it was not dnsmasq that refused */
#define NOT_TAKEN    1   /* dnsmasq's exit status for a bad configuration */
#define KILL_WAIT    100 /* milliseconds for a killed test */
#define SAID_MAX     200

struct dnsmasq_config {
	struct ev_loop *loop;
	char path[PATH_SIZE];       /* of the text in force */
	char new_path[PATH_SIZE];   /* of the one being tested */
	uint64_t version;           /* of the text in force, 0 = none */
	uint64_t tested;            /* being tested, 0 = none */
	bool dropped;               /* the test is killed: another text is wanted meanwhile */
	uint64_t refused;           /* the last one that dnsmasq did not take, 0 = none */
	char refusal[SAID_MAX + 1]; /* its words */
	bool again;                 /* the refused one is to be tested once more */
	struct process process;
	int output; /* memfd of what the test says, -1 = none */
	ev_io end_watcher;
	ev_timer limit_timer;
	ev_timer again_timer;
	void (*on_news)(void *context);
	void *context;
};

static uint64_t text_version(const char *text, size_t length)
{
	MD5_CTX md5;
	uint8_t digest[MD5_DIGEST_LENGTH];
	uint64_t version;

	MD5Init(&md5);
	MD5Update(&md5, (const uint8_t *)text, length);
	MD5Final(digest, &md5);
	memcpy(&version, digest, sizeof(version));
	return version == 0 ? 1 : version;
}

static void free_test(struct dnsmasq_config *config)
{
	ev_io_stop(config->loop, &config->end_watcher);
	ev_timer_stop(config->loop, &config->limit_timer);
	process_close(&config->process);
	config->process = PROCESS_NONE;
	if (config->output >= 0) {
		close(config->output);
		config->output = -1;
	}
	config->tested = 0;
	config->dropped = false;
}

/* The problem tells it. by_dnsmasq: it would say the same again. */
static void refuse(struct dnsmasq_config *config, uint64_t version, const char *why,
	bool by_dnsmasq)
{
	config->refused = version;
	text_copy(config->refusal, sizeof(config->refusal), why);
	if (!by_dnsmasq) {
		ev_timer_set(&config->again_timer, TEST_AGAIN, 0.);
		ev_timer_start(config->loop, &config->again_timer);
	}
}

static void accept_text(struct dnsmasq_config *config, uint64_t version)
{
	config->version = version;
	config->refused = 0;
	ev_timer_stop(config->loop, &config->again_timer);
}

/* The last line that the test said. */
static void read_words(const struct dnsmasq_config *config, char words[SAID_MAX + 1])
{
	char text[4096];
	ssize_t length = pread(config->output, text, sizeof(text) - 1, 0);

	text_copy(words, SAID_MAX + 1, "it says nothing");
	if (length <= 0) {
		return;
	}
	text[length] = '\0';
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		text_copy(words, SAID_MAX + 1, line);
	}
}

static void take_end(struct dnsmasq_config *config, const struct process_end *end)
{
	char words[SAID_MAX + 1];
	uint64_t version = config->tested;

	if (config->dropped) {
		/* nothing was learnt */
	} else if (end->signal != 0) {
		refuse(config, version, "the test was killed, or took too long", false);
	} else if (end->status != 0) {
		read_words(config, words);
		refuse(config, version, words, end->status == NOT_TAKEN);
	} else if (rename(config->new_path, config->path) < 0) {
		refuse(config, version, strerrordesc_np(errno), false);
	} else {
		accept_text(config, version);
	}
	free_test(config);
	config->on_news(config->context);
}

static void on_end(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct dnsmasq_config *config = watcher->data;
	struct process_end end;

	(void)loop;
	(void)events;
	int result = process_reap(&config->process, &end);
	if (result < 0) {
		end = (struct process_end){.status = -1};
	}
	if (result != 0) {
		take_end(config, &end);
	}
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct dnsmasq_config *config = timer->data;

	(void)loop;
	(void)events;
	process_signal_group(&config->process, SIGKILL);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct dnsmasq_config *config = timer->data;

	(void)loop;
	(void)events;
	config->again = true;
	config->on_news(config->context);
}

static int write_text(const char *path, const char *text, size_t length)
{
	CLEANUP(cleanup_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0) {
		return -errno;
	}
	ssize_t written = write(fd, text, length);
	if (written < 0) {
		return -errno;
	}
	return (size_t)written == length ? 0 : -ENOSPC;
}

static int start_test(struct dnsmasq_config *config, const char *program)
{
	char test[] = "--test";
	char option[PATH_SIZE + 16];
	char path[] = PROGRAM_PATH;
	char *name = strdupa(program);
	char *arguments[] = {name, test, option, NULL};
	char *environment[] = {path, NULL};

	snprintf(option, sizeof(option), "--conf-file=%s", config->new_path);
	config->output = memfd_create("dnsmasq-test", MFD_CLOEXEC);
	if (config->output < 0) {
		return -errno;
	}
	struct process_options options = {.program = program,
		.arguments = arguments,
		.environment = environment,
		.output = config->output};
	int result = process_spawn(&config->process, &options);
	if (result == 0) {
		result = process_release(&config->process);
		ev_io_set(&config->end_watcher, config->process.pidfd, EV_READ);
		ev_io_start(config->loop, &config->end_watcher);
		ev_timer_set(&config->limit_timer, TEST_SECONDS, 0.);
		ev_timer_start(config->loop, &config->limit_timer);
	}
	return result;
}

void dnsmasq_config_offer(struct dnsmasq_config *config, const char *program, const char *text)
{
	char found[PATH_SIZE];
	size_t length = strlen(text);
	uint64_t version = text_version(text, length);

	if (config->tested != 0) {
		/* Its end is waited for, or it would stay a zombie; then the news bring us here. */
		if (version != config->tested && !config->dropped) {
			config->dropped = true;
			process_signal_group(&config->process, SIGKILL);
		}
		return;
	}
	if (version == config->version && access(config->path, F_OK) == 0) {
		accept_text(config, version); /* people went back to what was good */
		return;
	}
	if (version == config->refused && !config->again) {
		return;
	}
	if (program_find(child_name_text(CHILD_DNSMASQ), program, found, sizeof(found)) < 0) {
		return; /* said of the child itself, and asked again in the next cycle */
	}
	config->again = false;
	ev_timer_stop(config->loop, &config->again_timer);
	int result = write_text(config->new_path, text, length);
	if (result == 0) {
		config->tested = version;
		result = start_test(config, found);
	}
	if (result < 0) {
		free_test(config);
		refuse(config, version, strerrordesc_np(-result), false);
	}
}

uint64_t dnsmasq_config_version(const struct dnsmasq_config *config)
{
	return config->version;
}

int dnsmasq_config_problems(const struct dnsmasq_config *config, struct problem_list *problems)
{
	if (config->refused == 0) {
		return 0;
	}
	return problem_add(problems, PROBLEM_CHILD_FAILS, CHILD_DNSMASQ_CONFIG,
		"the one before stays in force; please report it",
		"dnsmasq does not take its new configuration: %s", config->refusal);
}

/* What an earlier meshd left was tested by it. */
static void read_version(struct dnsmasq_config *config)
{
	CLEANUP(cleanup_free) char *text = NULL;
	size_t capacity = 0;
	FILE *file = fopen(config->path, "re");

	if (file == NULL) {
		return;
	}
	ssize_t length = getdelim(&text, &capacity, '\0', file);
	if (length > 0) {
		config->version = text_version(text, (size_t)length);
	}
	(void)fclose(file);
}

int dnsmasq_config_open(struct dnsmasq_config **out, struct ev_loop *loop, const char *run_dir,
	void (*on_news)(void *context), void *context)
{
	struct dnsmasq_config *config = calloc(1, sizeof(*config));

	if (config == NULL) {
		return -ENOMEM;
	}
	*config = (struct dnsmasq_config){.loop = loop,
		.process = PROCESS_NONE,
		.output = -1,
		.on_news = on_news,
		.context = context};
	snprintf(config->path, sizeof(config->path), "%s/%s", run_dir, CHILD_DNSMASQ_CONFIG);
	snprintf(config->new_path, sizeof(config->new_path), "%s/%s.new", run_dir,
		CHILD_DNSMASQ_CONFIG);
	ev_init(&config->end_watcher, on_end);
	config->end_watcher.data = config;
	ev_init(&config->limit_timer, on_limit);
	config->limit_timer.data = config;
	ev_init(&config->again_timer, on_again);
	config->again_timer.data = config;
	read_version(config);
	*out = config;
	return 0;
}

void dnsmasq_config_stop(struct dnsmasq_config *config)
{
	struct pollfd ended = {.fd = config->process.pidfd, .events = POLLIN};
	struct process_end end;

	if (config->tested != 0) {
		process_signal_group(&config->process, SIGKILL);
		poll(&ended, 1, KILL_WAIT);
		process_reap(&config->process, &end);
		free_test(config);
	}
}

void dnsmasq_config_close(struct dnsmasq_config *config)
{
	if (config == NULL) {
		return;
	}
	dnsmasq_config_stop(config);
	free_test(config);
	ev_timer_stop(config->loop, &config->again_timer);
	free(config);
}
