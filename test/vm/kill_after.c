/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preloaded into meshd by the crash tests: lets KILL_AFTER netlink messages that change something
 * through, cuts the batch behind the last of them and kills the process. Counts messages, not
 * system calls, so that a batch can break anywhere. With KILL_AFTER_LOG the number of messages sent
 * so far is kept in that file. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

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

static int is_netlink(int fd)
{
	struct sockaddr address;
	socklen_t length = sizeof(address);

	return getsockname(fd, &address, &length) == 0 && address.sa_family == AF_NETLINK;
}

static int is_dump(const struct nlmsghdr *header)
{
	return (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

/* The bytes to let through: all, or those up to the fatal message (*fatal is set). */
static size_t allowed(const char *buffer, size_t length, int *fatal)
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
		offset += NLMSG_ALIGN(header.nlmsg_len);
		if (is_dump(&header) || !(header.nlmsg_flags & NLM_F_ACK)) {
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

ssize_t sendto(int fd, const void *buffer, size_t length, int flags,
	const struct sockaddr *address, socklen_t address_length)
{
	ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
		(ssize_t(*)(int, const void *, size_t, int, const struct sockaddr *,
			socklen_t))dlsym(RTLD_NEXT, "sendto");
	int fatal = 0;

	if (is_netlink(fd)) {
		length = allowed(buffer, length, &fatal);
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

	if (is_netlink(fd) && message->msg_iovlen == 1) {
		part = message->msg_iov[0];
		part.iov_len = allowed(part.iov_base, part.iov_len, &fatal);
		copy.msg_iov = &part;
	}
	ssize_t sent = real(fd, &copy, flags);
	if (fatal) {
		die();
	}
	return sent;
}
