/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of a process. */
#ifndef PROCESS_PROC_H
#define PROCESS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/child.h"

struct proc_stat {
	pid_t group;
	uint64_t start_time; /* clock ticks since boot */
	double cpu;          /* seconds it has computed */
	char state;          /* 'Z' = ended and not waited for */
};

/* 0 or -errno (-ESRCH: none). See proc(5), /proc/PID/stat. */
int proc_stat_read(pid_t pid, struct proc_stat *stat);
/* The file that it runs, without the kernel's " (deleted)". 0 or -errno. */
int proc_program(pid_t pid, char *path, size_t size);
/* Its argv. 0, -errno, or -E2BIG over 64 KiB. */
int proc_arguments(pid_t pid, struct child_arguments *arguments);
/* Bytes of resident memory, 0 when it cannot be read. */
uint64_t proc_memory(pid_t pid);
/* Seconds since it was started. */
double proc_uptime(uint64_t start_time);
/* The kernel's id of this boot, "" when it cannot be read. */
void proc_boot_id(char *text, size_t size);

#endif
