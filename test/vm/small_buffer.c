/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preloaded into meshd by the overrun test: its sockets for notifications (netlink, non-blocking)
 * get a receive buffer of SMALL_BUFFER bytes, whatever they ask for. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

static int is_listener(int fd)
{
	struct sockaddr address;
	socklen_t length = sizeof(address);
	int saved = errno;
	int flags = fcntl(fd, F_GETFL);
	int result = getsockname(fd, &address, &length) == 0 && address.sa_family == AF_NETLINK &&
		     flags >= 0 && (flags & O_NONBLOCK);

	errno = saved;
	return result;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	int (*real)(int, int, int, const void *, socklen_t) =
		(int (*)(int, int, int, const void *, socklen_t))dlsym(RTLD_NEXT, "setsockopt");
	const char *text = getenv("SMALL_BUFFER");
	int small = text != NULL ? (int)strtol(text, NULL, 10) : 0;

	if (small > 0 && level == SOL_SOCKET && length == sizeof(small) &&
		(option == SO_RCVBUF || option == SO_RCVBUFFORCE) && is_listener(fd)) {
		value = &small;
	}
	return real(fd, level, option, value, length);
}
