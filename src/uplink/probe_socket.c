/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/probe_socket.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
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

/* The device for what is sent; SO_BINDTODEVICE would hear answers from there only. For IPv4 that is
 * all; for IPv6 it is no more than a wish once there is a source address (see probe_send), but what
 * the kernel chooses the source address by. A TCP connection does not heed it. */
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

static int bind_device(int fd, const struct probe_way *way)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, way->device,
		       (socklen_t)strnlen(way->device, sizeof(way->device))) < 0
		       ? -errno
		       : 0;
}

static int set_device(int fd, const struct probe_way *way)
{
	if (way->device[0] == '\0') {
		return 0;
	}
	return way->one_way ? set_output(fd, way) : bind_device(fd, way);
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

/* As if the socket that is bound to here had sent it: fd is a raw one. */
static int send_raw(int fd, const struct sockaddr_in6 *here, const struct probe_packet *packet)
{
	struct udphdr head = {.uh_sport = here->sin6_port,
		.uh_dport = htons(packet->port),
		.uh_ulen = htons((uint16_t)(sizeof(head) + packet->length))};
	struct iovec parts[] = {{&head, sizeof(head)}, {packet->bytes, packet->length}};
	size_t first = packet->port != 0 ? 0 : 1;
	/* The port of a raw socket would be its protocol. */
	struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_addr = here->sin6_addr};
	struct sockaddr_storage to;
	struct msghdr message = {.msg_name = &to,
		.msg_namelen = to_sockaddr(&packet->to, 0, &to),
		.msg_iov = parts + first,
		.msg_iovlen = 2 - first};

	if (bind(fd, (const struct sockaddr *)&from, sizeof(from)) < 0 ||
		sendmsg(fd, &message, MSG_NOSIGNAL) < 0) {
		return -errno;
	}
	return 0;
}

/* By a socket of its own, bound to the device and closed at once: for nothing less does IPv6 leave
 * out better routes by other devices, and a raw one takes no answer from the first. */
static int send_by_device(int fd, const struct probe_way *way, const struct probe_packet *packet)
{
	struct sockaddr_in6 here;
	socklen_t length = sizeof(here);
	bool udp = packet->port != 0;

	if (getsockname(fd, (struct sockaddr *)&here, &length) < 0) {
		return -errno;
	}
	int sender = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		udp ? (int)IPPROTO_UDP : (int)IPPROTO_ICMPV6);
	if (sender < 0) {
		return -errno;
	}
	int result = bind_device(sender, way);
	if (result == 0 && udp) {
		/* The kernel knows the checksum's place for ICMPv6 only. */
		result = set_number(sender, IPPROTO_IPV6, IPV6_CHECKSUM,
			(int)offsetof(struct udphdr, uh_sum));
	}
	if (result == 0) {
		result = send_raw(sender, &here, packet);
	}
	close(sender);
	return result;
}

int probe_send(int fd, const struct probe_way *way, const struct probe_packet *packet)
{
	if (way->one_way && way->family == AF_INET6) {
		return send_by_device(fd, way, packet);
	}
	return send(fd, packet->bytes, packet->length, MSG_NOSIGNAL) < 0 ? -errno : 0;
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
