/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preloaded into meshd by the crash tests: lets KILL_AFTER netlink messages that change something
 * through, cuts the batch behind the last of them and kills the process. Counts messages, not
 * system calls, so that a batch can break anywhere. With KILL_AFTER_LOG the number of messages sent
 * so far is kept in that file. */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/batman_adv.h>
#include <linux/genetlink.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static long messages;

static void keep_count(void)
{
	const char *path = getenv("KILL_AFTER_LOG");

	if (path != NULL) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		dprintf(fd, "%ld\n", messages);
		close(fd);
	}
}

/* The netlink protocol of a socket, or -1 when it is no netlink socket. */
static int netlink_protocol(int fd)
{
	int domain = 0, protocol = -1;
	socklen_t length = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 || domain != AF_NETLINK) {
		return -1;
	}
	length = sizeof(protocol);
	getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length);
	return protocol;
}

/* rtnetlink numbers its messages in fours, the third of which only asks. */
static int is_route_change(const struct nlmsghdr *header)
{
	return ((header->nlmsg_type - RTM_BASE) & 3) != RTM_GETLINK - RTM_BASE;
}

static int is_batadv_change(const struct nlmsghdr *header, const char *payload)
{
	return header->nlmsg_type != GENL_ID_CTRL &&
	       (payload[0] == BATADV_CMD_SET_MESH || payload[0] == BATADV_CMD_SET_HARDIF ||
		       payload[0] == BATADV_CMD_SET_VLAN);
}

/* The end of a batch counts, since without it nothing of the batch happens; that of an empty one,
 * which meshd sends to wait for the kernel, does not. */
static int is_nft_change(const struct nlmsghdr *header, const char *buffer, size_t offset)
{
	int kind = header->nlmsg_type & 0xff;

	if (header->nlmsg_type == NFNL_MSG_BATCH_BEGIN) {
		return 0;
	}
	if (header->nlmsg_type == NFNL_MSG_BATCH_END) {
		struct nlmsghdr first;
		memcpy(&first, buffer, sizeof(first));
		return first.nlmsg_type == NFNL_MSG_BATCH_BEGIN &&
		       offset > NLMSG_ALIGN(first.nlmsg_len);
	}
	return kind != NFT_MSG_GETTABLE && kind != NFT_MSG_GETCHAIN && kind != NFT_MSG_GETRULE &&
	       kind != NFT_MSG_GETSET && kind != NFT_MSG_GETSETELEM && kind != NFT_MSG_GETGEN;
}

/* Told by the type: the bits that ask for a dump mean other things in a change. */
static int is_change(int protocol, const struct nlmsghdr *header, const char *buffer, size_t offset)
{
	switch (protocol) {
	case NETLINK_ROUTE:
		return is_route_change(header);
	case NETLINK_GENERIC:
		return is_batadv_change(header, buffer + offset + NLMSG_HDRLEN);
	case NETLINK_NETFILTER:
		return is_nft_change(header, buffer, offset);
	default:
		return 0;
	}
}

/* The bytes to let through: all, or those up to the fatal message (*fatal is set). */
static size_t allowed(int protocol, const char *buffer, size_t length, int *fatal)
{
	const char *limit_text = getenv("KILL_AFTER");
	long limit = limit_text != NULL ? strtol(limit_text, NULL, 10) : -1;
	size_t offset = 0;

	while (offset + sizeof(struct nlmsghdr) <= length) {
		struct nlmsghdr header;
		memcpy(&header, buffer + offset, sizeof(header));
		if (header.nlmsg_len < sizeof(header)) {
			break;
		}
		size_t at = offset;
		offset += NLMSG_ALIGN(header.nlmsg_len);
		if (!is_change(protocol, &header, buffer, at)) {
			continue;
		}
		messages++;
		if (messages == limit) {
			*fatal = 1;
			break;
		}
	}
	keep_count();
	return offset < length ? offset : length;
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

ssize_t sendto(int fd, const void *buffer, size_t length, int flags, const struct sockaddr *address,
	socklen_t address_length)
{
	ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
		(ssize_t(*)(int, const void *, size_t, int, const struct sockaddr *,
			socklen_t))dlsym(RTLD_NEXT, "sendto");
	int fatal = 0;

	if (netlink_protocol(fd) >= 0) {
		length = allowed(netlink_protocol(fd), buffer, length, &fatal);
	}
	ssize_t sent = real(fd, buffer, length, flags, address, address_length);
	if (fatal) {
		die();
	}
	return sent;
}

ssize_t send(int fd, const void *buffer, size_t length, int flags)
{
	return sendto(fd, buffer, length, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int) =
		(ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
	struct msghdr copy = *message;
	struct iovec part;
	int fatal = 0;

	if (netlink_protocol(fd) >= 0 && message->msg_iovlen == 1) {
		part = message->msg_iov[0];
		part.iov_len = allowed(netlink_protocol(fd), part.iov_base, part.iov_len, &fatal);
		copy.msg_iov = &part;
	}
	ssize_t sent = real(fd, &copy, flags);
	if (fatal) {
		die();
	}
	return sent;
}
