/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sysctl_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/kernel.h"

struct file_name {
	const char *family;
	const char *name;
};

static const struct file_name device_files[] = {
	{"ipv4", "arp_ignore"},
	{"ipv6", "accept_dad"},
	{"ipv6", "accept_ra"},
	{"ipv6", "addr_gen_mode"},
};
static const struct file_name uplink_files[] = {{"ipv6", "accept_ra"}};
static const struct file_name node_files[] = {{"ipv4", "promote_secondaries"}};

void sysctl_watch_open(struct sysctl_watch *watch)
{
	memset(watch, 0, sizeof(*watch));
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

/* The kernel does not end a watch when the link goes: the file stays, without a name. */
static void forget_file(struct sysctl_watch *watch, struct watched_file *file)
{
	(void)inotify_rm_watch(watch->fd, file->number);
	close(file->fd);
	*file = watch->files[--watch->count];
}

void sysctl_watch_close(struct sysctl_watch *watch)
{
	while (watch->count > 0) {
		forget_file(watch, &watch->files[0]);
	}
	if (watch->fd >= 0) {
		close(watch->fd);
	}
	watch->fd = -1;
}

static struct watched_file *find_file(struct sysctl_watch *watch, const char *path)
{
	for (size_t i = 0; i < watch->count; i++) {
		if (strcmp(watch->files[i].path, path) == 0) {
			return &watch->files[i];
		}
	}
	return NULL;
}

/* Asked for anew each time: the same inode has the same number, but the file may be another one.
 * The kernel makes a link's IPv6 files anew when its MTU was below 1280. */
static void watch_file(struct sysctl_watch *watch, const char *path)
{
	struct watched_file *file = find_file(watch, path);
	int number = inotify_add_watch(watch->fd, path, IN_MODIFY);

	if (file != NULL && number == file->number) {
		file->wanted = true;
		return;
	}
	if (file != NULL) {
		forget_file(watch, file);
	}
	if (number < 0) {
		return; /* this kernel has none such */
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	number = inotify_add_watch(watch->fd, path, IN_MODIFY); /* of the inode that is open now */
	if (fd < 0 || watch->count == SYSCTL_WATCH_FILES) {
		(void)inotify_rm_watch(watch->fd, number);
		cleanup_close(&fd);
		return;
	}
	file = &watch->files[watch->count++];
	*file = (struct watched_file){.number = number, .fd = fd, .wanted = true};
	text_copy(file->path, sizeof(file->path), path);
}

static void watch_files(struct sysctl_watch *watch, const struct file_name *files, size_t count,
	const char *link)
{
	char path[sizeof(((struct watched_file *)NULL)->path)];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", files[i].family,
			link, files[i].name);
		watch_file(watch, path);
	}
}

static bool is_device(const struct link *link)
{
	return (link->head.flags & OBJECT_OWNED) &&
	       (link->kind == LINK_BRIDGE || link->kind == LINK_MACVLAN);
}

static bool is_uplink(const struct uplinks *uplinks, const struct link *link)
{
	for (size_t i = 0; i < uplinks->count; i++) {
		if (uplinks->numbers[i] == link->head.ifindex) {
			return true;
		}
	}
	return false;
}

void sysctl_watch_follow(struct sysctl_watch *watch, const struct state *observed,
	const struct uplinks *uplinks)
{
	if (watch->fd < 0) {
		return;
	}
	for (size_t i = 0; i < watch->count; i++) {
		watch->files[i].wanted = false;
	}
	watch_files(watch, node_files, ARRAY_SIZE(node_files), "all");
	for (size_t i = 0; i < state_count(observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(observed, OBJECT_LINK, i);
		if (is_device(link)) {
			watch_files(watch, device_files, ARRAY_SIZE(device_files), link->name);
		} else if (is_uplink(uplinks, link)) {
			watch_files(watch, uplink_files, ARRAY_SIZE(uplink_files), link->name);
		}
	}
	for (size_t i = 0; i < watch->count;) {
		if (watch->files[i].wanted) {
			i++;
		} else {
			forget_file(watch, &watch->files[i]);
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
