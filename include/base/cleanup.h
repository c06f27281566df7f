/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* A local that frees itself unless it is given away with steal_ptr(). */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Takes the pointer out of a CLEANUP local: returns it and leaves NULL. */
#define steal_ptr(ptr)                                                                             \
	({                                                                                         \
		__typeof__(ptr) *steal_from = &(ptr);                                              \
		__typeof__(ptr) stolen = *steal_from;                                              \
		*steal_from = NULL;                                                                \
		stolen;                                                                            \
	})

/* Likewise a descriptor out of a CLEANUP(cleanup_close) local. */
static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

static inline void cleanup_free(void *ptr)
{
	free(*(void **)ptr);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
