/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/provider.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <check.h>

#include "kernel/namespaces.h"
#include "kernel/shell.h"

#define HOSTS   4 /* two of each family */
#define SOCKETS (3 * HOSTS)

static const char *const hosts[HOSTS] = {"192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"};

/* --- servers --- */

static int open_server(const char *host, int type, uint16_t port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	bool ipv6 = strchr(host, ':') != NULL;
	const int on = 1;
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, type, 0);

	inet_pton(AF_INET, host, &in.sin_addr);
	inet_pton(AF_INET6, host, &in6.sin6_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	int result = ipv6 ? bind(fd, (const struct sockaddr *)&in6, sizeof(in6))
			  : bind(fd, (const struct sockaddr *)&in, sizeof(in));
	if (result < 0 || (type == SOCK_STREAM && listen(fd, 16) < 0)) {
		perror(host);
		_exit(1);
	}
	return fd;
}

static void answer_dns(int fd, int other, struct provider_modes *modes)
{
	static const uint8_t a[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 2};
	static const uint8_t aaaa[] = {0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 60, 0, 16, 0x20, 0x01, 0x0d,
		0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
	uint8_t bytes[512];
	struct sockaddr_storage from;
	socklen_t from_length = sizeof(from);
	ssize_t length = recvfrom(fd, bytes, 256, 0, (struct sockaddr *)&from, &from_length);

	modes->questions++;
	if (length < 17 || modes->dns == DNS_SILENT) {
		return;
	}
	bool ipv6 = bytes[length - 3] == 28;
	bytes[2] = 0x81;
	bytes[3] = modes->dns == DNS_SERVFAIL ? 0x82 : modes->dns == DNS_NO_NAME ? 0x83 : 0x80;
	bytes[0] ^= modes->dns == DNS_WRONG_ID;
	if (bytes[3] == 0x80) {
		bytes[7] = 1;
		memcpy(bytes + length, ipv6 ? aaaa : a, ipv6 ? sizeof(aaaa) : sizeof(a));
		length += (ssize_t)(ipv6 ? sizeof(aaaa) : sizeof(a));
	}
	sendto(modes->dns == DNS_FROM_ELSEWHERE ? other : fd, bytes, (size_t)length, 0,
		(const struct sockaddr *)&from, from_length);
}

static void say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) {
		_exit(0);
	}
}

/* In a process of its own. */
static void answer_http(int fd, int mode, bool first)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
	char request[1024] = "";

	if (recv(fd, request, sizeof(request) - 1, 0) <= 0 || strncmp(request, "GET /", 5) != 0 ||
		strstr(request, "\r\nHost: ") == NULL ||
		strstr(request, "\r\nUser-Agent: meshd\r\n") == NULL) {
		return;
	}
	if (mode == HTTP_HALF) {
		mode = first ? HTTP_REDIRECT : HTTP_204;
	}
	if (mode == HTTP_204) {
		say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	} else if (mode == HTTP_REDIRECT) {
		say(fd, "HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n");
	} else if (mode == HTTP_NONSENSE) {
		say(fd, "220 mail.example.org ESMTP\r\n");
	} else if (mode == HTTP_SILENT) {
		pause();
	} else if (mode == HTTP_ENDLESS_HEAD) {
		say(fd, "HTTP/1.1 204 No Content\r\n");
		while (true) {
			say(fd, "X-More: of the same, again and again and again\r\n");
		}
	} else if (mode == HTTP_DRIP) {
		for (const char *c = "HTTP/1.1 204 No Content, and so on\r\n\r\n"; *c != '\0';
			c++) {
			say(fd, (const char[]){*c, '\0'});
			usleep(100000);
		}
	} else {
		say(fd, text);
		say(fd, mode == HTTP_WRONG_TEXT ? "<html>pay" : "success");
		while (mode == HTTP_HUGE) {
			say(fd, "more and more and more and more and more and more");
		}
	}
}

static void serve(const int *fds, struct provider_modes *modes)
{
	struct pollfd polls[SOCKETS];

	for (int i = 0; i < SOCKETS; i++) {
		polls[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	}
	while (poll(polls, SOCKETS, -1) > 0) {
		for (int i = 0; i < SOCKETS; i++) {
			int host = i % HOSTS;
			if (polls[i].revents == 0) {
				continue;
			}
			if (i < HOSTS) {
				answer_dns(fds[i], fds[(host + 2) % HOSTS], modes);
				continue;
			}
			int client = accept(fds[i], NULL, NULL);
			if (i < 2 * HOSTS && fork() == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				answer_http(client, modes->http, host < 2);
				_exit(0);
			}
			close(client);
		}
	}
	_exit(0);
}

/* Ports 53, 80 and, on the second host of each family only, 443. */
static void run_servers(void *modes)
{
	int fds[SOCKETS];

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < HOSTS; i++) {
		fds[i] = open_server(hosts[i], SOCK_DGRAM, 53);
		fds[HOSTS + i] = open_server(hosts[i], SOCK_STREAM, 80);
		fds[2 * HOSTS + i] = i < 2 ? -1 : open_server(hosts[i], SOCK_STREAM, 443);
	}
	serve(fds, modes);
}

/* --- namespaces --- */

void provider_run(const struct provider *provider, const char *format, ...)
{
	char command[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	run_format("nsenter -t %d -n sh -c '%s'", provider->server, command);
}

/* In a new namespace: links can be used at once. */
static const char calm[] = "ip link set lo up && sysctl -qw net.ipv6.conf.default.accept_dad=0 "
			   "net.ipv6.conf.default.router_solicitations=0";

void provider_reach(const char *address)
{
	run_format("for i in 1 2 3 4 5; do "
		   "ping -c 1 -W 1 %s >/dev/null && exit 0; done; exit 1",
		address);
}

static void start_server(struct provider *provider)
{
	char command[512];
	size_t length = (size_t)snprintf(command, sizeof(command), "%s", calm);

	for (int i = 0; i < HOSTS; i++) {
		bool ipv6 = strchr(hosts[i], ':') != NULL;
		length += (size_t)snprintf(command + length, sizeof(command) - length,
			" && ip addr add %s/%d dev lo %s", hosts[i], ipv6 ? 128 : 32,
			ipv6 ? "nodad" : "");
	}
	ck_assert_uint_lt(length, sizeof(command));
	provider->modes = mmap(NULL, sizeof(*provider->modes), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(provider->modes, MAP_FAILED);
	provider->server = namespace_start(command, run_servers, provider->modes);
}

void provider_start(struct provider providers[PROVIDERS])
{
	static const char *const devices[] = {"wan0", "mesh0"};

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	run(calm);
	for (int i = 0; i < PROVIDERS; i++) {
		start_server(&providers[i]);
		run_format("ip link add %s type veth peer name user netns %d", devices[i],
			providers[i].server);
		provider_run(&providers[i],
			"ip link set user up && ip addr add 10.%d.0.1/24 dev user && "
			"ip addr add 2001:db8:%d::1/64 dev user nodad",
			i + 1, i + 1);
		run_format("ip link set %s up && ip addr add 10.%d.0.2/24 dev %s && "
			   "ip addr add 2001:db8:%d::2/64 dev %s nodad",
			devices[i], i + 1, devices[i], i + 1, devices[i]);
		/* The mesh's route is the better one. */
		run_format("ip route add default via 10.%d.0.1 metric %d && "
			   "ip -6 route add default via 2001:db8:%d::1 metric %d",
			i + 1, 100 - i, i + 1, 100 - i);
	}
	provider_reach("10.1.0.1");
	provider_reach("2001:db8:1::1");
	provider_reach("10.2.0.1");
	provider_reach("2001:db8:2::1");
}

void provider_stop(struct provider providers[PROVIDERS])
{
	for (int i = 0; i < PROVIDERS; i++) {
		namespace_stop(providers[i].server);
		munmap(providers[i].modes, sizeof(*providers[i].modes));
	}
}
