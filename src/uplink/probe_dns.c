/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "uplink/probe.h"

#define ANSWER_MAX    1500
#define STRANGERS_MAX 64

int probe_dns_ask_again(struct probe *probe, const struct probe_scene *scene, const char *name)
{
	uint8_t question[DNS_QUESTION_MAX];
	int length = dns_question_build(question, name, scene->way.family, probe->id);

	if (length < 0) {
		return length;
	}
	probe->bytes +=
		probe_ip_head(scene->way.family) + sizeof(struct udphdr) + (unsigned int)length;
	struct probe_packet packet = {.to = probe->server,
		.port = DNS_PORT,
		.bytes = question,
		.length = (size_t)length};
	return probe_send(probe->fd, &scene->way, &packet);
}

int probe_dns_ask(struct probe *probe, const struct probe_scene *scene, const struct ip *server,
	const char *name)
{
	probe_close(probe);
	probe->server = *server;
	/* Connected: answers of others do not come. The kernel chooses the port at random. */
	int result = probe_socket(&scene->way, SOCK_DGRAM, 0, &probe->fd);
	if (result == 0) {
		result = probe_connect(probe->fd, server, DNS_PORT);
	}
	if (result == 0 && getrandom(&probe->id, sizeof(probe->id), GRND_NONBLOCK) < 0) {
		result = -errno;
	}
	if (result == 0) {
		result = probe_dns_ask_again(probe, scene, name);
	}
	return result < 0 ? result : probe_watch(probe, scene, EPOLLIN);
}

/* The socket's ports are random: an error that comes to it is its own. */
static int take_errors(const struct probe *probe, int error)
{
	uint8_t bytes[64];
	size_t length = 0;
	int found = probe_take_error(probe->fd, bytes, sizeof(bytes), &length);

	return found > 0 ? -found : -error;
}

int probe_dns_read(struct probe *probe, const struct probe_scene *scene, const char *name)
{
	uint8_t bytes[ANSWER_MAX];
	uint8_t question[DNS_QUESTION_MAX];
	int length = dns_question_build(question, name, scene->way.family, probe->id);

	while (length > 0) {
		ssize_t count = recv(probe->fd, bytes, sizeof(bytes), 0);
		if (count < 0) {
			return errno == EAGAIN ? 0 : take_errors(probe, errno);
		}
		probe->bytes += probe_ip_head(scene->way.family) + sizeof(struct udphdr) +
				(unsigned int)count;
		if (dns_answer_parse(bytes, (size_t)count, question, (size_t)length,
			    &probe->answer) == 0) {
			return 1;
		}
		if (++probe->strangers > STRANGERS_MAX) {
			return -PROBE_ERROR_MALFORMED;
		}
	}
	return -EINVAL;
}

static int start(struct probe *probe, const struct probe_scene *scene)
{
	return probe_dns_ask(probe, scene, &probe->target->ip, scene->dns_name);
}

static int resend(struct probe *probe, const struct probe_scene *scene)
{
	return probe_dns_ask_again(probe, scene, scene->dns_name);
}

static void on_ready(struct probe *probe, const struct probe_scene *scene)
{
	int result = probe_dns_read(probe, scene, scene->dns_name);
	int rcode = probe->answer.rcode;

	if (result == 0) {
		return;
	}
	if (result > 0) {
		bool good = rcode == DNS_NOERROR || rcode == DNS_NXDOMAIN;
		result = good ? 0 : -(PROBE_ERROR_RCODE + rcode);
	}
	probe_end(probe, scene->now, -result);
}

const struct probe_verbs probe_dns_verbs = {
	.start = start,
	.resend = resend,
	.on_ready = on_ready,
};
