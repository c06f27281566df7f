/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single files of hosts.h: each is written under a name that dnsmasq skips and then gets its own,
 * so that nobody sees half of one. Files are named by the author's MAC, "02-00-00-00-00-01", with
 * ".1" and so on for a further part. */
#ifndef CLOUD_HOSTS_FILE_H
#define CLOUD_HOSTS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/lease.h"

struct hosts_lines {
	const struct lease_reservation *items;
	size_t count;
	bool silent; /* dnsmasq is not to notice */
};

/* Makes the directory run_dir/name. *path is malloc'd. 0 or -errno with err. */
int hosts_file_directory(char **path, const char *run_dir, const char *name, struct err *err);
/* Part 0 is the first; a file without lines is removed. 0 or -errno. */
int hosts_file_write_reservations(const char *directory, const struct mac *author,
	unsigned int part, const struct hosts_lines *lines);
/* Without dnsmasq's notice. */
void hosts_file_remove(const char *directory, const struct mac *author, unsigned int part);
/* All files of the directory, without dnsmasq's notice. */
void hosts_file_clear(const char *directory);
/* With dnsmasq's notice; a file without lines is removed. 0 or -errno. */
int hosts_file_write_names(const char *directory, const struct lease_file *file);
void hosts_file_remove_names(const char *directory, const struct mac *author);
/* Removes the files of all who are not in the output. */
void hosts_file_clear_names(const char *directory, const struct lease_output *output);
/* Writes a file whole or not at all: a temporary one beside it, then rename(). 0 or -errno. */
int hosts_file_replace(const char *path, const char *text, size_t length, unsigned int mode);

#endif
