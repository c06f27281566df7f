/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/probe_socket.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static socklen_t to_sockaddr(const struct ip *ip, uint16_t port, struct sockaddr_storage *address)
{
	*address = (struct sockaddr_storage){.ss_family = ip->family};
	if (ip->family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, ip->bytes, sizeof(in6->sin6_addr));
		return sizeof(*in6);
	}
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	in->sin_port = htons(port);
	memcpy(&in->sin_addr, ip->bytes, sizeof(in->sin_addr));
	return sizeof(*in);
}

static int set_number(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* The device for what is sent; SO_BINDTODEVICE would hear answers from there only. A TCP connection
 * does not heed it. */
static int set_output(int fd, const struct probe_way *way)
{
	unsigned int ifindex = if_nametoindex(way->device);

	if (ifindex == 0) {
		return -ENODEV;
	}
	int number = (int)htonl(ifindex);
	return way->family == AF_INET6 ? set_number(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, number)
				       : set_number(fd, IPPROTO_IP, IP_UNICAST_IF, number);
}

static int set_device(int fd, const struct probe_way *way)
{
	if (way->device[0] == '\0') {
		return 0;
	}
	if (way->one_way) {
		return set_output(fd, way);
	}
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, way->device,
		       (socklen_t)strnlen(way->device, sizeof(way->device))) < 0
		       ? -errno
		       : 0;
}

static int set_options(int fd, const struct probe_way *way, int type)
{
	bool ipv6 = way->family == AF_INET6;
	int result = 0;

	/* A raw socket of ICMPv6 has no IPv4 side and refuses the option. */
	if (ipv6 && type != SOCK_RAW) {
		result = set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	}
	/* Otherwise an ICMP error that may pass is not told, by newer kernels not even to a TCP
	 * connection under way. */
	if (result == 0) {
		result = ipv6 ? set_number(fd, IPPROTO_IPV6, IPV6_RECVERR, 1)
			      : set_number(fd, IPPROTO_IP, IP_RECVERR, 1);
	}
	return result < 0 ? result : set_device(fd, way);
}

static int bind_source(int fd, const struct ip *source)
{
	struct sockaddr_storage address;
	socklen_t length = to_sockaddr(source, 0, &address);

	return bind(fd, (const struct sockaddr *)&address, length) < 0 ? -errno : 0;
}

int probe_socket(const struct probe_way *way, int type, int protocol, int *fd)
{
	int opened = socket(way->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (opened < 0) {
		return -errno;
	}
	int result = set_options(opened, way, type);
	if (result == 0 && way->source.family != 0) {
		result = bind_source(opened, &way->source);
	}
	if (result < 0) {
		close(opened);
		return result;
	}
	*fd = opened;
	return 0;
}

int probe_connect(int fd, const struct ip *ip, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = to_sockaddr(ip, port, &address);

	return connect(fd, (const struct sockaddr *)&address, length) < 0 ? -errno : 0;
}

int probe_connect_again(int fd, const struct ip *ip, uint16_t port)
{
	uint8_t bytes[64];
	size_t length = 0;
	int result = probe_connect(fd, ip, port);

	if (result == -EISCONN) {
		return 0;
	}
	if (result != -EALREADY) {
		return result;
	}
	int error = probe_take_error(fd, bytes, sizeof(bytes), &length);
	return error > 0 ? -error : -EINPROGRESS;
}

unsigned int probe_ip_head(uint8_t family)
{
	return family == AF_INET6 ? 40 : 20;
}

int probe_take_error(int fd, uint8_t *bytes, size_t size, size_t *length)
{
	char control[256] __attribute__((aligned(8)));
	struct iovec part = {.iov_base = bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t count = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (count < 0) {
		return 0;
	}
	*length = (size_t)count;
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL;
		head = CMSG_NXTHDR(&message, head)) {
		bool error = (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_RECVERR) ||
			     (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_RECVERR);
		if (error) {
			struct sock_extended_err extended;
			memcpy(&extended, CMSG_DATA(head), sizeof(extended));
			return extended.ee_errno == 0 ? EPROTO : (int)extended.ee_errno;
		}
	}
	return EPROTO;
}
