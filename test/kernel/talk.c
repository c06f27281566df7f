/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "kernel/namespaces.h"
#include "kernel/shell.h"
#include "unit/check_main.h"

static struct neighbours neighbours;

/* --- the scene: client - br-lan - this node - tun0 and wan0 - servers --- */

static void connect_namespaces(void)
{
	run("ip link add br-lan type veth peer name lan0 netns $CLIENT;"
	    "ip link add wan0 type veth peer name inet0 netns $SERVER;"
	    "ip link add tun0 type veth peer name mesh0 netns $SERVER;"
	    "ip address add 10.13.0.1/24 dev br-lan; ip address add 198.51.100.7/24 dev wan0;"
	    "ip address add 10.14.0.1/24 dev tun0; ip address add fd13::1/64 dev br-lan nodad;"
	    "ip address add 2001:db8:7::7/64 dev wan0 nodad;"
	    "ip address add fd14::1/64 dev tun0 nodad;"
	    "for i in br-lan wan0 tun0; do ip link set $i up; done;"
	    "echo 1 >/proc/sys/net/ipv4/ip_forward;"
	    "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
	run(IN_CLIENT "sh -ec 'ip address add 10.13.0.2/24 dev lan0; ip link set lan0 up;"
		      "ip address add fd13::2/64 dev lan0 nodad;"
		      "ip route add default via 10.13.0.1; ip route add default via fd13::1'");
	run(IN_SERVER
		"sh -ec 'for i in all default inet0 mesh0; do"
		" echo 0 >/proc/sys/net/ipv4/conf/$i/rp_filter; done;"
		"for i in 203.0.113.1/32 203.0.113.2/32 10.99.0.1/32 2001:db8::1/128"
		" 2001:db8::2/128 fd99::1/128; do ip address add $i dev lo; done;"
		"ip address add 198.51.100.1/24 dev inet0; ip address add 10.14.0.2/24 dev mesh0;"
		"ip address add 2001:db8:7::1/64 dev inet0 nodad;"
		"ip address add fd14::2/64 dev mesh0 nodad;"
		"for i in lo inet0 mesh0; do ip link set $i up; done;"
		"ip route add 10.13.0.0/24 via 10.14.0.1; ip route add fd13::/64 via fd14::1'");
}

void talk_start(void)
{
	neighbours_start(&neighbours);
	connect_namespaces();
}

void talk_stop(void)
{
	neighbours_stop(&neighbours);
}

/* --- packets --- */

socklen_t talk_name(const char *address, uint16_t port, struct sockaddr_storage *name)
{
	struct ip ip;

	ck_assert_int_eq(ip_parse(address, &ip), 0);
	memset(name, 0, sizeof(*name));
	if (ip.family == AF_INET) {
		struct sockaddr_in *in = (void *)name;
		*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&in->sin_addr, ip.bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in = (void *)name;
	*in = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
	memcpy(&in->sin6_addr, ip.bytes, 16);
	return sizeof(*in);
}

/* A UDP socket in the namespace of a process. */
static int open_udp(pid_t where, const char *address, uint16_t port)
{
	struct timeval patience = {.tv_sec = 5};
	struct sockaddr_storage name;
	char path[64];

	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", where);
	int there = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(setns(there, CLONE_NEWNET), 0);
	socklen_t length = talk_name(address, port, &name);
	int fd = socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_msg(bind(fd, (void *)&name, length) == 0, "%s: %s", address, strerror(errno));
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	ck_assert_int_eq(setns(here, CLONE_NEWNET), 0);
	close(there);
	close(here);
	return fd;
}

struct talk talk_open(const char *address, uint16_t port)
{
	const char *from = strchr(address, ':') != NULL ? "fd13::2" : "10.13.0.2";

	return (struct talk){.address = address,
		.client = open_udp(neighbours.client, from, port),
		.server = open_udp(neighbours.server, address, 7)};
}

void ck_talk(const struct talk *talk, const char *source)
{
	struct sockaddr_storage name;
	struct ip ip = {0};
	char text[IP_TEXT_SIZE];
	char byte;

	socklen_t length = talk_name(talk->address, 7, &name);
	ck_assert_int_eq(sendto(talk->client, "x", 1, 0, (void *)&name, length), 1);
	ck_assert_int_eq(recvfrom(talk->server, &byte, 1, 0, (void *)&name, &length), 1);
	ip.family = (uint8_t)name.ss_family;
	if (ip.family == AF_INET) {
		memcpy(ip.bytes, &((struct sockaddr_in *)(void *)&name)->sin_addr, 4);
	} else {
		memcpy(ip.bytes, &((struct sockaddr_in6 *)(void *)&name)->sin6_addr, 16);
	}
	ip_format(&ip, text);
	ck_assert_str_eq(text, source);
	ck_assert_int_eq(sendto(talk->server, "y", 1, 0, (void *)&name, length), 1);
	ck_assert_int_eq(recv(talk->client, &byte, 1, 0), 1);
}

/* --- what the kernel tracks --- */

int talk_tracked(const char *source, const char *destination)
{
	FILE *file = fopen("/proc/net/nf_conntrack", "re");
	char line[512];
	char from[64];
	char to[64];
	int count = 0;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *at = strstr(line, "src=");
		struct ip ips[2];
		char texts[2][IP_TEXT_SIZE];
		if (at != NULL && sscanf(at, "src=%63s dst=%63s", from, to) == 2 &&
			ip_parse(from, &ips[0]) == 0 && ip_parse(to, &ips[1]) == 0) {
			ip_format(&ips[0], texts[0]);
			ip_format(&ips[1], texts[1]);
			count +=
				strcmp(texts[0], source) == 0 && strcmp(texts[1], destination) == 0;
		}
	}
	fclose(file);
	return count;
}
