/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preloaded into meshd by the binding test: its probes are bound neither to a link nor to an
 * address, so that they go where the routes lead. What has a port keeps it. */
#include <dlfcn.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	int (*real)(int, int, int, const void *, socklen_t) =
		(int (*)(int, int, int, const void *, socklen_t))dlsym(RTLD_NEXT, "setsockopt");

	if ((level == SOL_SOCKET && (option == SO_BINDTODEVICE || option == SO_BINDTOIFINDEX)) ||
		(level == IPPROTO_IP && option == IP_UNICAST_IF)) {
		return 0;
	}
	return real(fd, level, option, value, length);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*real)(int, const struct sockaddr *, socklen_t) =
		(int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
	struct sockaddr_in any = {.sin_family = AF_INET};

	if (address->sa_family != AF_INET || length < sizeof(any)) {
		return real(fd, address, length);
	}
	memcpy(&any, address, sizeof(any));
	any.sin_addr.s_addr = htonl(INADDR_ANY);
	return real(fd, (const struct sockaddr *)&any, sizeof(any));
}
