/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hears of writes to those sysctls of our links that the kernel tells nobody of: netconf
 * notifications only cover forwarding, rp_filter and a few more. A write through another mount of
 * /proc is not heard. */
#ifndef KERNEL_SYSCTL_WATCH_H
#define KERNEL_SYSCTL_WATCH_H

#include "core/state.h"

#define SYSCTL_WATCH_LINKS 8 /* meshd sets them on its bridge and its macvlan only */
#define SYSCTL_WATCH_FILES 3

struct watched_link {
	char name[IFNAMSIZ];
	uint32_t ifindex;
	int numbers[SYSCTL_WATCH_FILES]; /* inotify's, -1 where there is no such file */
};

struct sysctl_watch {
	int fd; /* inotify, -1 when that is not to be had */
	struct watched_link links[SYSCTL_WATCH_LINKS];
	size_t count;
};

/* Never fails: without inotify such changes are seen at the next cycle. */
void sysctl_watch_open(struct sysctl_watch *watch);
void sysctl_watch_close(struct sysctl_watch *watch);
/* Watches the bridges and macvlans of ours that are there, and no others any more. */
void sysctl_watch_follow(struct sysctl_watch *watch, const struct state *observed);
/* Takes what has arrived and never blocks. enum kernel_event bits or -errno. */
int sysctl_watch_take(struct sysctl_watch *watch);

#endif
