/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FILE_MAX (1U << 20) /* some 6,000 routes */

static int read_file(const char *path, char **text)
{
	CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(cleanup_free) char *read_text = NULL;
	size_t capacity = 16384;
	size_t length = 0;

	if (fd < 0) {
		return -errno;
	}
	for (;;) {
		if (read_text == NULL || length + 1 == capacity) {
			capacity *= 2;
			char *grown = capacity > FILE_MAX ? NULL : realloc(read_text, capacity);
			if (grown == NULL) {
				return capacity > FILE_MAX ? -EFBIG : -ENOMEM;
			}
			read_text = grown;
		}
		ssize_t count = read(fd, read_text + length, capacity - 1 - length);
		if (count < 0) {
			return -errno;
		}
		if (count == 0) {
			break;
		}
		length += (size_t)count;
	}
	read_text[length] = '\0';
	*text = steal_ptr(read_text);
	return 0;
}

int machine_read(struct bmx7_machine *machine)
{
	struct bmx7_machine read_machine = {0};
	int result = read_file("/proc/net/if_inet6", &read_machine.addresses);

	if (result == 0) {
		result = read_file("/proc/net/ipv6_route", &read_machine.ipv6_routes);
	}
	if (result == 0) {
		result = read_file("/proc/net/route", &read_machine.ipv4_routes);
	}
	if (result < 0) {
		machine_free(&read_machine);
		return result;
	}
	*machine = read_machine;
	return 0;
}

void machine_free(struct bmx7_machine *machine)
{
	free(machine->addresses);
	free(machine->ipv6_routes);
	free(machine->ipv4_routes);
	*machine = (struct bmx7_machine){0};
}

bool routing_bmx7_has_needs(char *text, size_t size)
{
	/* A module or built in; the device is there in every namespace unless the sysctl
	 * net.core.fb_tunnels_only_for_init_net forbids it. */
	if (access("/sys/module/ip6_tunnel", F_OK) < 0 &&
		access("/proc/sys/net/ipv6/conf/ip6tnl0", F_OK) < 0) {
		snprintf(text, size, "kernel module ip6_tunnel");
		return false;
	}
	text_copy(text, size, "");
	return true;
}
