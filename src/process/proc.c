/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ARGUMENTS_MAX 65536

/* Of /proc/PID/stat, numbered as in proc(5). */
#define FIELD_STATE       3
#define FIELD_GROUP       5
#define FIELD_USER_TIME   14
#define FIELD_KERNEL_TIME 15
#define FIELD_START_TIME  22

/* Reads at most size bytes. Returns the length or -errno. */
static ssize_t file_read(const char *path, char *bytes, size_t size)
{
	CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	if (fd < 0) {
		return errno == ENOENT ? -ESRCH : -errno;
	}
	while (length < size) {
		ssize_t count = read(fd, bytes + length, size - length);
		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count < 0) {
			return -errno;
		}
		if (count == 0) {
			break;
		}
		length += (size_t)count;
	}
	return (ssize_t)length;
}

static ssize_t file_read_of(pid_t pid, const char *name, char *bytes, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return file_read(path, bytes, size);
}

/* The number that is the index-th word, counted from 0, of a text of numbers and spaces; 0 when
 * there are not so many. */
static uint64_t word_number(const char *text, unsigned int index)
{
	text += strspn(text, " ");
	for (unsigned int i = 0; i < index; i++) {
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	return strtoull(text, NULL, 10);
}

int proc_stat_read(pid_t pid, struct proc_stat *stat)
{
	char text[1024];
	ssize_t length = file_read_of(pid, "stat", text, sizeof(text) - 1);

	if (length < 0) {
		return (int)length;
	}
	text[length] = '\0';
	/* The second field is the name in brackets, which may hold anything: the last bracket ends
	 * it, and the word after it is the third field. */
	const char *after = strrchr(text, ')');
	if (after == NULL || after[1] != ' ' || after[2] == '\0') {
		return -EPROTO;
	}
	*stat = (struct proc_stat){.state = after[2],
		.group = (pid_t)word_number(after + 1, FIELD_GROUP - FIELD_STATE),
		.start_time = word_number(after + 1, FIELD_START_TIME - FIELD_STATE),
		.cpu = (double)(word_number(after + 1, FIELD_USER_TIME - FIELD_STATE) +
				word_number(after + 1, FIELD_KERNEL_TIME - FIELD_STATE)) /
		       (double)sysconf(_SC_CLK_TCK)};
	return 0;
}

int proc_program(pid_t pid, char *path, size_t size)
{
	static const char deleted[] = " (deleted)";
	char link[64];

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	ssize_t length = readlink(link, path, size);
	if (length < 0) {
		return errno == ENOENT ? -ESRCH : -errno;
	}
	if ((size_t)length >= size) {
		return -ENAMETOOLONG;
	}
	path[length] = '\0';
	size_t cut = sizeof(deleted) - 1;
	if ((size_t)length > cut && strcmp(path + length - cut, deleted) == 0) {
		path[(size_t)length - cut] = '\0';
	}
	return 0;
}

int proc_arguments(pid_t pid, struct child_arguments *arguments)
{
	CLEANUP(cleanup_free) char *bytes = malloc(ARGUMENTS_MAX + 1);
	CLEANUP(child_arguments_free) struct child_arguments read = {0};

	if (bytes == NULL) {
		return -ENOMEM;
	}
	ssize_t length = file_read_of(pid, "cmdline", bytes, ARGUMENTS_MAX);
	if (length < 0) {
		return (int)length;
	}
	if (length == ARGUMENTS_MAX) {
		return -E2BIG;
	}
	bytes[length] = '\0';
	for (ssize_t i = 0; i < length; i += (ssize_t)strlen(bytes + i) + 1) {
		int result = child_arguments_add(&read, "%s", bytes + i);
		if (result < 0) {
			return result;
		}
	}
	*arguments = read;
	read = (struct child_arguments){0};
	return 0;
}

uint64_t proc_memory(pid_t pid)
{
	char text[256];
	ssize_t length = file_read_of(pid, "statm", text, sizeof(text) - 1);

	if (length < 0) {
		return 0;
	}
	text[length] = '\0';
	return word_number(text, 1) * (uint64_t)sysconf(_SC_PAGESIZE);
}

double proc_uptime(uint64_t start_time)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	double uptime = (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
			(double)start_time / (double)sysconf(_SC_CLK_TCK);
	return uptime > 0 ? uptime : 0;
}

void proc_boot_id(char *text, size_t size)
{
	ssize_t length = file_read("/proc/sys/kernel/random/boot_id", text, size - 1);

	text[length < 0 ? 0 : length] = '\0';
	text[strcspn(text, "\n")] = '\0';
}
