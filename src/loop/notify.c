/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

void notify_send(const char *format, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char text[512];
	va_list arguments;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
		!text_copy(address.sun_path, sizeof(address.sun_path), path)) {
		return;
	}
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@') {
		address.sun_path[0] = '\0'; /* the abstract name space */
	}
	CLEANUP(cleanup_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return;
	}
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
		(const struct sockaddr *)&address, length);
}

double notify_watchdog_interval(void)
{
	const char *period = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (period == NULL || (pid != NULL && strtol(pid, NULL, 10) != getpid())) {
		return 0;
	}
	long microseconds = strtol(period, NULL, 10);
	return microseconds > 0 ? (double)microseconds / 2e6 : 0;
}
