/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No TLS: what is looked for is a web server in between that answers in another's name, and that
 * one can do so only here. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "uplink/http_answer.h"
#include "uplink/probe.h"

#define REQUEST_MAX   768
#define HEADS_PACKETS 9 /* packets of TCP without data in one exchange, about */

struct http_work {
	bool resolving;
	bool connected;
	bool asked;       /* the whole request is sent */
	struct ip server; /* the name server; family 0 = the addresses are known */
	struct ip addresses[DNS_ADDRESSES_MAX];
	size_t address_count;
	size_t next; /* address to be tried */
	size_t sent;
	size_t length; /* of the answer so far */
	char answer[HTTP_ANSWER_MAX];
};

bool probe_needs_server(const struct target *target)
{
	return target->kind == PROBE_HTTP && target->ip.family == 0;
}

void probe_http_free(struct probe *probe)
{
	free(probe->http);
	probe->http = NULL;
}

/* Addresses that no server outside has: who answers a question with them would make us ask
 * ourselves, or everybody. */
static bool is_outside(const struct ip *ip)
{
	const uint8_t *bytes = ip->bytes;

	if (ip->family == AF_INET) {
		return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224;
	}
	/* ::/8 holds ::, ::1 and the mapped ones. */
	return bytes[0] != 0 && bytes[0] != 0xff;
}

static void take_addresses(struct http_work *http, const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->address_count; i++) {
		if (is_outside(&answer->addresses[i])) {
			http->addresses[http->address_count++] = answer->addresses[i];
		}
	}
}

int probe_http_give(struct probe *probe, const struct ip *server, const struct dns_answer *answer)
{
	if (probe->http == NULL) {
		probe->http = calloc(1, sizeof(*probe->http));
	}
	if (probe->http == NULL) {
		return -ENOMEM;
	}
	if (server != NULL) {
		probe->http->server = *server;
	}
	if (answer != NULL) {
		take_addresses(probe->http, answer);
	}
	return 0;
}

/* Connects to the next address that can be tried at all. */
static int connect_next(struct probe *probe, const struct probe_scene *scene)
{
	struct http_work *http = probe->http;
	int result = -PROBE_ERROR_NO_ADDRESS;

	http->resolving = false;
	while (http->next < http->address_count) {
		const struct ip *ip = &http->addresses[http->next++];
		probe_close(probe);
		result = probe_socket(&scene->way, SOCK_STREAM, 0, &probe->fd);
		if (result == 0) {
			result = probe_connect(probe->fd, ip, probe->target->port);
		}
		if (result == 0 || result == -EINPROGRESS) {
			return probe_watch(probe, scene, EPOLLOUT);
		}
	}
	return result;
}

static int start(struct probe *probe, const struct probe_scene *scene)
{
	const struct target *target = probe->target;

	if (!probe_needs_server(target)) {
		if (probe_http_give(probe, NULL, NULL) < 0) {
			return -ENOMEM;
		}
		probe->http->addresses[0] = target->ip;
		probe->http->address_count = 1;
	}
	if (probe->http->server.family == 0) {
		return connect_next(probe, scene);
	}
	probe->http->resolving = true;
	return probe_dns_ask(probe, scene, &probe->http->server, target->name);
}

static int resend(struct probe *probe, const struct probe_scene *scene)
{
	if (!probe->http->resolving) {
		return 0; /* TCP sends again by itself */
	}
	return probe_dns_ask_again(probe, scene, probe->target->name);
}

static int on_resolved(struct probe *probe, const struct probe_scene *scene)
{
	int result = probe_dns_read(probe, scene, probe->target->name);

	if (result <= 0) {
		return result;
	}
	int rcode = probe->answer.rcode;
	if (rcode != DNS_NOERROR && rcode != DNS_NXDOMAIN) {
		return -PROBE_ERROR_NOT_RESOLVED;
	}
	take_addresses(probe->http, &probe->answer);
	return connect_next(probe, scene);
}

static int build_request(const struct target *target, char *request, size_t size)
{
	const char *text = target->text;
	const struct target_part *path = &target->path;
	/* "http://host?query" is not taken, so a path begins with a slash. */
	int length = snprintf(request, size,
		"GET %.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: meshd\r\n"
		"Accept: */*\r\nConnection: close\r\n\r\n",
		path->length == 0 ? 1 : path->length, path->length == 0 ? "/" : text + path->start,
		target->authority.length, text + target->authority.start);

	return length < 0 || (size_t)length >= size ? -EMSGSIZE : length;
}

static int send_request(struct probe *probe, const struct probe_scene *scene)
{
	struct http_work *http = probe->http;
	char request[REQUEST_MAX];
	int length = build_request(probe->target, request, sizeof(request));

	if (length < 0) {
		return length;
	}
	ssize_t count =
		send(probe->fd, request + http->sent, (size_t)length - http->sent, MSG_NOSIGNAL);
	if (count < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	http->sent += (size_t)count;
	probe->bytes += (unsigned int)count;
	http->asked = http->sent == (size_t)length;
	return http->asked ? probe_watch(probe, scene, EPOLLIN) : 0;
}

static int on_connected(struct probe *probe, const struct probe_scene *scene)
{
	struct http_work *http = probe->http;
	const struct ip *ip = &http->addresses[http->next - 1];
	int result = probe_connect_again(probe->fd, ip, probe->target->port);

	if (result == -EINPROGRESS) {
		return 0;
	}
	if (result < 0) {
		return http->next < http->address_count ? connect_next(probe, scene) : result;
	}
	http->connected = true;
	probe->bytes += HEADS_PACKETS *
			(probe_ip_head(scene->way.family) + (unsigned int)sizeof(struct tcphdr));
	return send_request(probe, scene);
}

static int judge(struct probe *probe, bool ended)
{
	struct http_work *http = probe->http;
	const struct target *target = probe->target;
	struct http_expectation expectation = {.status = target->status,
		.body = target->text + target->body.start,
		.body_length = target->body.length};

	switch (http_answer_judge(http->answer, http->length, ended, &expectation,
		&probe->outcome.status)) {
	case HTTP_MORE:
		return 0;
	case HTTP_EXPECTED:
		return 1;
	case HTTP_OTHER:
		return -PROBE_ERROR_UNEXPECTED;
	case HTTP_OTHER_TEXT:
		return -PROBE_ERROR_OTHER_TEXT;
	case HTTP_MALFORMED:
		break;
	}
	return -PROBE_ERROR_MALFORMED;
}

/* One read a turn: an endless answer waits for the next one, and there is a full buffer soon. 1 =
 * the expected answer, 0 = more to come, -errno. */
static int on_answer(struct probe *probe)
{
	struct http_work *http = probe->http;
	ssize_t count = recv(probe->fd, http->answer + http->length,
		sizeof(http->answer) - http->length, 0);

	if (count < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	http->length += (size_t)count;
	probe->bytes += (unsigned int)count;
	return judge(probe, count == 0);
}

static void on_ready(struct probe *probe, const struct probe_scene *scene)
{
	struct http_work *http = probe->http;
	int result = 0;

	if (http->resolving) {
		result = on_resolved(probe, scene);
	} else if (!http->connected) {
		result = on_connected(probe, scene);
	} else {
		result = http->asked ? on_answer(probe) : send_request(probe, scene);
	}
	if (result != 0) {
		probe_end(probe, scene->now, result > 0 ? 0 : -result);
	}
}

const struct probe_verbs probe_http_verbs = {
	.start = start,
	.resend = resend,
	.on_ready = on_ready,
};
