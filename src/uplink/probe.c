/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"

int probe_watch(const struct probe *probe, const struct probe_scene *scene, unsigned int events)
{
	struct epoll_event event = {.events = events, .data.u64 = scene->tag};

	if (epoll_ctl(scene->epoll, EPOLL_CTL_MOD, probe->fd, &event) == 0 ||
		epoll_ctl(scene->epoll, EPOLL_CTL_ADD, probe->fd, &event) == 0) {
		return 0;
	}
	return -errno;
}

const struct probe_verbs *probe_verbs(enum probe_kind kind)
{
	static const struct probe_verbs *const verbs[PROBE_KINDS] = {
		[PROBE_PING] = &probe_ping_verbs,
		[PROBE_TCP] = &probe_tcp_verbs,
		[PROBE_DNS] = &probe_dns_verbs,
		[PROBE_HTTP] = &probe_http_verbs,
	};

	return verbs[kind];
}

void probe_close(struct probe *probe)
{
	if (probe->fd >= 0) {
		close(probe->fd);
	}
	probe->fd = -1;
}

void probe_end(struct probe *probe, double now, int error)
{
	probe_close(probe);
	probe->state = PROBE_ENDED;
	probe->outcome.time = now;
	probe->outcome.error = error;
	probe->outcome.rtt = error == 0 && now > probe->started ? now - probe->started : 0;
}

void probe_error_format(const struct probe_outcome *outcome, char *text, size_t size)
{
	static const char *const rcodes[] = {[1] = "FORMERR",
		[2] = "SERVFAIL",
		[3] = "NXDOMAIN",
		[4] = "NOTIMP",
		[5] = "REFUSED"};
	static const char *const errors[] = {
		[PROBE_ERROR_OTHER_TEXT - PROBE_ERROR_FIRST] = "answers another text",
		[PROBE_ERROR_MALFORMED - PROBE_ERROR_FIRST] = "answers what is no answer",
		[PROBE_ERROR_NOT_RESOLVED - PROBE_ERROR_FIRST] = "no name server answers",
		[PROBE_ERROR_NO_ADDRESS - PROBE_ERROR_FIRST] = "its name has no address",
	};
	int error = outcome->error;
	int rcode = error - PROBE_ERROR_RCODE;

	if (error == 0) {
		text_copy(text, size, "");
	} else if (error == ETIMEDOUT) {
		text_copy(text, size, "does not answer");
	} else if (error == PROBE_ERROR_UNEXPECTED) {
		snprintf(text, size, "answered %d", outcome->status);
	} else if (error < PROBE_ERROR_FIRST) {
		text_copy(text, size, strerror(error));
	} else if (error < PROBE_ERROR_RCODE) {
		text_copy(text, size, errors[error - PROBE_ERROR_FIRST]);
	} else if ((size_t)rcode < ARRAY_SIZE(rcodes) && rcodes[rcode] != NULL) {
		snprintf(text, size, "answers %s", rcodes[rcode]);
	} else {
		snprintf(text, size, "answers error %d", rcode);
	}
}
