/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sysctl_watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/kernel.h"

static const struct {
	const char *family;
	const char *name;
} files[SYSCTL_WATCH_FILES] = {
	{"ipv4", "arp_ignore"},
	{"ipv6", "accept_dad"},
	{"ipv6", "accept_ra"},
};

void sysctl_watch_open(struct sysctl_watch *watch)
{
	memset(watch, 0, sizeof(*watch));
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void sysctl_watch_close(struct sysctl_watch *watch)
{
	if (watch->fd >= 0) {
		close(watch->fd);
	}
	watch->fd = -1;
	watch->count = 0;
}

static bool is_to_be_watched(const struct link *link)
{
	return (link->head.flags & OBJECT_OWNED) &&
	       (link->kind == LINK_BRIDGE || link->kind == LINK_MACVLAN);
}

static void watch_link(struct sysctl_watch *watch, const struct link *link)
{
	struct watched_link *watched = &watch->links[watch->count++];
	char path[64];

	memcpy(watched->name, link->name, sizeof(watched->name));
	watched->ifindex = link->head.ifindex;
	for (size_t i = 0; i < SYSCTL_WATCH_FILES; i++) {
		(void)snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", files[i].family,
			link->name, files[i].name);
		watched->numbers[i] = inotify_add_watch(watch->fd, path, IN_MODIFY);
	}
}

/* The kernel does not end a watch when the link goes: the file stays, without a name. */
static void forget_link(struct sysctl_watch *watch, size_t index)
{
	for (size_t i = 0; i < SYSCTL_WATCH_FILES; i++) {
		if (watch->links[index].numbers[i] >= 0) {
			(void)inotify_rm_watch(watch->fd, watch->links[index].numbers[i]);
		}
	}
	watch->links[index] = watch->links[--watch->count];
}

static bool is_watched(const struct sysctl_watch *watch, const struct link *link)
{
	for (size_t i = 0; i < watch->count; i++) {
		if (watch->links[i].ifindex == link->head.ifindex) {
			return true;
		}
	}
	return false;
}

void sysctl_watch_follow(struct sysctl_watch *watch, const struct state *observed)
{
	if (watch->fd < 0) {
		return;
	}
	for (size_t i = 0; i < watch->count;) {
		const struct watched_link *watched = &watch->links[i];
		const struct link *link = state_find_link(observed, watched->name);
		if (link != NULL && link->head.ifindex == watched->ifindex &&
			is_to_be_watched(link)) {
			i++;
		} else {
			forget_link(watch, i);
		}
	}
	for (size_t i = 0; i < state_count(observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(observed, OBJECT_LINK, i);
		if (is_to_be_watched(link) && !is_watched(watch, link) &&
			watch->count < SYSCTL_WATCH_LINKS) {
			watch_link(watch, link);
		}
	}
}

int sysctl_watch_take(struct sysctl_watch *watch)
{
	struct inotify_event events[16]; /* those of files have no name behind them */
	int result = KERNEL_NOTHING;
	ssize_t size;

	while ((size = read(watch->fd, events, sizeof(events))) > 0) {
		for (size_t i = 0; i < (size_t)size / sizeof(events[0]); i++) {
			result |= events[i].mask & IN_Q_OVERFLOW ? KERNEL_OVERRUN : KERNEL_NOTHING;
			result |= events[i].mask & IN_MODIFY ? KERNEL_CHANGED : KERNEL_NOTHING;
		}
	}
	return size < 0 && errno != EAGAIN && errno != EINTR ? -errno : result;
}
