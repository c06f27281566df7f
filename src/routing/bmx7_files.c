/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/bmx7_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "core/render.h"

#define PATH_SIZE    512
#define KEY_SIZE_MIN 256         /* a 1024-bit RSA key in DER takes about 600 bytes */
#define NUMBER_STEP  100000u     /* far more than descriptions change between two starts */
#define YEAR_2024    1704067200  /* a clock before this was never set */
#define NUMBER_MAX   4000000000u /* the number has 32 bits */
#define KEPT_SUFFIX  ".kept"

static int make_directory(const char *directory, struct err *err)
{
	if (mkdir(directory, 0700) < 0 && errno != EEXIST) {
		int error = errno;
		err_set(err, "cannot make %s: %s", directory, strerrordesc_np(error));
		return -error;
	}
	return 0;
}

/* Decimal digits and nothing else but a line's end, as bmx7 takes it. */
static bool read_number(const char *path, uint32_t *number)
{
	char text[32] = "";
	char *end;
	CLEANUP(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 || text[0] < '0' || text[0] > '9') {
		return false;
	}
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno != 0 || value > NUMBER_MAX || (*end != '\0' && *end != '\n')) {
		return false;
	}
	*number = (uint32_t)value;
	return true;
}

static int write_number(const char *path, uint32_t number, struct err *err)
{
	char fresh[PATH_SIZE + 8];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	FILE *file = fopen(fresh, "we");
	bool written = file != NULL && fprintf(file, "%u\n", number) > 0;
	if (file != NULL) {
		written = fflush(file) == 0 && fsync(fileno(file)) == 0 && written;
		written = fclose(file) == 0 && written;
	}
	if (!written || rename(fresh, path) < 0) {
		int error = errno != 0 ? errno : EIO;
		err_set(err, "cannot write %s: %s", path, strerrordesc_np(error));
		return -error;
	}
	return 0;
}

static bool file_size(const char *path, off_t *size)
{
	struct stat status;

	if (stat(path, &status) < 0) {
		return false;
	}
	*size = status.st_size;
	return true;
}

/* Neighbours refuse a node whose number went back; seconds since 2024 grow faster than bmx7 counts.
 */
static uint32_t safe_number(uint32_t kept)
{
	time_t now = time(NULL);
	uint32_t number = kept + NUMBER_STEP;

	if (now > YEAR_2024 && (uint64_t)(now - YEAR_2024) > number) {
		number = (uint32_t)(now - YEAR_2024);
	}
	return number;
}

static int mend_number(const char *path, bool has_key, struct err *err)
{
	char kept_path[PATH_SIZE + 8];
	uint32_t number = 0;
	uint32_t kept = 0;

	snprintf(kept_path, sizeof(kept_path), "%s%s", path, KEPT_SUFFIX);
	(void)read_number(kept_path, &kept);
	if (!read_number(path, &number)) {
		if (!has_key) {
			(void)unlink(path); /* a new node begins anew */
			return 0;
		}
		number = safe_number(kept);
		int result = write_number(path, number, err);
		if (result < 0) {
			return result;
		}
		err_set(err, "%s was missing or broken and is %u now", path, number);
	}
	return number == kept ? 0 : write_number(kept_path, number, err);
}

int bmx7_files_prepare(const char *run_dir, const char *state_dir, struct err *err)
{
	char directory[PATH_SIZE];
	char key[PATH_SIZE];
	char number[PATH_SIZE];
	off_t size = 0;

	snprintf(directory, sizeof(directory), "%s/%s", run_dir, CHILD_BMX7_DIR);
	int result = make_directory(directory, err);
	if (result == 0) {
		result = make_directory(state_dir, err);
	}
	snprintf(directory, sizeof(directory), "%s/%s", state_dir, CHILD_BMX7_DIR);
	if (result == 0) {
		result = make_directory(directory, err);
	}
	if (result < 0) {
		return result;
	}
	snprintf(key, sizeof(key), "%s/%s", state_dir, CHILD_BMX7_KEY);
	snprintf(number, sizeof(number), "%s/%s", state_dir, CHILD_BMX7_SEQUENCE);
	bool has_key = file_size(key, &size);
	bool broken = has_key && size < KEY_SIZE_MIN;
	if (broken) {
		(void)unlink(key);
		(void)unlink(number);
	}
	result = mend_number(number, has_key && !broken, err);
	if (result == 0 && broken) {
		err_set(err, "%s was cut short and is gone: this node gets a new bmx7 identity",
			key);
	}
	return result;
}
