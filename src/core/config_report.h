/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in which file something is, and the errors that say so. */
#ifndef CORE_CONFIG_REPORT_H
#define CORE_CONFIG_REPORT_H

#include <string.h>

#include <jansson.h>

#include "core/config.h"

/* The deepest is $.links.NAME.protocols[0]. */
#define CONFIG_DEPTH_MAX 8

struct config_step {
	const char *key; /* borrowed; NULL = an index */
	size_t index;
};

/* From the outside in; empty = the whole file. */
struct config_path {
	struct config_step steps[CONFIG_DEPTH_MAX];
	size_t depth;
};

enum config_place {
	CONFIG_AT_VALUE,
	CONFIG_AT_KEY,
};

struct config_position {
	int line;   /* from 1 */
	int column; /* from 1, in characters of UTF-8 */
};

/* The keys in turn, ended by NULL. */
struct config_path config_path_of(const char *key, ...) __attribute__((sentinel));
void config_path_push_key(struct config_path *path, const char *key);
void config_path_push_index(struct config_path *path, size_t index);
void config_path_pop(struct config_path *path);
/* "$.links.eth1.mtu", "$.links[\"wlan*\"].mtu", "$.lan.ports[1]" */
void config_path_format(const struct config_path *path, char *text, size_t size);

/* Where the path's value, or its key, is in a text whose outermost value is an object: the last one
 * where a key is given twice. Where the text ends before the path does, the last step that is
 * there. The text may have the faults that config_read_wrong reads over. */
void config_locate(const struct config_layer *layer, const struct config_path *path,
	enum config_place place, struct config_position *position);

/* Where in the layer's text the byte is. */
void config_count(const struct config_layer *layer, const char *at,
	struct config_position *position);

static inline bool config_is_one_of(char byte, const char *set)
{
	return byte != '\0' && strchr(set, byte) != NULL;
}

/* Past a comment that starts there: JSON has none, but people write them. The same byte where none
 * does. */
const char *config_skip_comment(const char *at, const char *end);

/* A number as the file has it, at most size - 1 bytes; "" where the path leads to nothing. */
void config_locate_number(const struct config_layer *layer, const struct config_path *path,
	char *text, size_t size);

/* Editors write it before UTF-8, JSON does not have it. It takes no column. */
#define CONFIG_BOM "\xef\xbb\xbf"

/* Adds an error at the path's place in the layer; layer NULL = it is in no file. */
void config_report(struct err_list *errors, const struct config_layer *layer,
	const struct config_path *path, enum config_place place, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The same at a byte of the layer's text. */
void config_report_at(struct err_list *errors, const struct config_layer *layer,
	const struct config_path *path, const char *at, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* '?' for control characters, which could steer the terminal that shows the error, and for what is
 * no UTF-8, which JSON does not take. */
void config_make_printable(char *text);

#define CONFIG_QUOTE_SIZE 64
/* The value as it was written, cut to be short; "a list" or "an object" for those. */
void config_quote(const json_t *value, char text[CONFIG_QUOTE_SIZE]);
/* A name in double quotes, cut to be short, without bytes that would upset a terminal. */
void config_quote_name(const char *name, char text[CONFIG_QUOTE_SIZE]);

#endif
