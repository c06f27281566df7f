/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the renderings share: paths and names that no program misreads, and a text that grows. */
#ifndef CORE_RENDER_PARTS_H
#define CORE_RENDER_PARTS_H

#include "core/render.h"

#define RENDER_PATH_SIZE   200 /* bmx7 refuses longer words */
#define RENDER_SOCKET_SIZE 108 /* sun_path */

/* DIR/NAME, which ends in less than size bytes and has no character that means something in a
 * configuration line. 0 or -EINVAL with err. */
int render_path(const char *dir, const char *name, char *path, size_t size, struct err *err);
/* An interface's name goes into configuration lines and lists too, where the kernel would allow
 * more. key: its path in the configuration. 0 or -EINVAL with err. */
int render_check_link(const char *name, const char *key, struct err *err);
/* Host name of RFC 1123, dots between its labels. */
bool render_name_is_valid(const char *name);
/* Adds the words in front of a NULL. 0 or -ENOMEM. */
int render_words(struct child_arguments *arguments, const char *const *words);
/* The program of a child as its first word: the configured path or its usual place. */
int render_program(struct child_arguments *arguments, enum child_name name,
	const struct program_config *program);

/* A text in parts; full memory is remembered until the end. */
struct render_text {
	char *text;
	size_t length;
	bool no_memory;
};

void render_add(struct render_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
