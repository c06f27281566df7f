/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/program.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

static int program_check(const char *path)
{
	struct stat stat_of;

	if (stat(path, &stat_of) < 0) {
		return -ENOENT;
	}
	return S_ISREG(stat_of.st_mode) && access(path, X_OK) == 0 ? 0 : -EACCES;
}

int program_find(const char *name, const char *configured, char *path, size_t size)
{
	static const char *const places[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin",
		"/usr/local/sbin", "/usr/local/bin"};
	char found[512];
	int result = -ENOENT;

	if (configured[0] != '\0') {
		if (configured[0] != '/') {
			return -ENOENT;
		}
		result = program_check(configured);
		return result == 0 && !text_copy(path, size, configured) ? -ENAMETOOLONG : result;
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(found, sizeof(found), "%s/%s", places[i], name);
		int checked = program_check(found);
		if (checked == 0) {
			return text_copy(path, size, found) ? 0 : -ENAMETOOLONG;
		}
		result = checked == -EACCES ? checked : result;
	}
	return result;
}
