/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CORE_JSON_TEXT_H
#define CORE_JSON_TEXT_H

#include <jansson.h>

#include "base/text.h"

/* A JSON string of any bytes: names and aliases of the kernel need not be UTF-8, and a text that
 * was cut may end within a character. Where it is no UTF-8, every byte past ASCII becomes '?'. NULL
 * only when memory ends. */
json_t *json_text(const char *text);
/* The text; null where it is NULL, "" or no UTF-8. */
json_t *json_text_or_null(const char *text);

json_t *json_mac(const struct mac *mac);
/* null for none, and for NULL. */
json_t *json_ip(const struct ip *ip);
json_t *json_prefix(const struct prefix *prefix);

/* For CLEANUP() locals. */
static inline void cleanup_json(json_t **json)
{
	json_decref(*json);
}

#endif
