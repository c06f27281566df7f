/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hears of writes to those sysctls of meshd's that the kernel tells nobody of: netconf
 * notifications only cover forwarding, rp_filter and a few more. A write through another mount of
 * /proc is not heard. */
#ifndef KERNEL_SYSCTL_WATCH_H
#define KERNEL_SYSCTL_WATCH_H

#include "core/state.h"
#include "kernel/defaults.h"

#define SYSCTL_WATCH_FILES 64

struct watched_file {
	char path[80];
	int number; /* inotify's */
	int fd;     /* open, so that the kernel keeps the inode that is watched */
	bool wanted;
};

struct sysctl_watch {
	int fd; /* inotify, -1 when that is not to be had */
	struct watched_file files[SYSCTL_WATCH_FILES];
	size_t count;
};

/* Never fails: without inotify such changes are seen at the next cycle. */
void sysctl_watch_open(struct sysctl_watch *watch);
void sysctl_watch_close(struct sysctl_watch *watch);
/* Watches those of the bridges and macvlans of ours that are there, of the uplinks and of the whole
 * node, and no others any more. */
void sysctl_watch_follow(struct sysctl_watch *watch, const struct state *observed,
	const struct uplinks *uplinks);
/* Takes what has arrived and never blocks. enum kernel_event bits or -errno. */
int sysctl_watch_take(struct sysctl_watch *watch);

#endif
