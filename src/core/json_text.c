/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/json_text.h"

#include <string.h>

#include "base/cleanup.h"

json_t *json_text(const char *text)
{
	json_t *json = json_string(text);

	if (json != NULL) {
		return json;
	}
	CLEANUP(cleanup_free)
	char *plain = strdup(text);
	if (plain == NULL) {
		return NULL;
	}
	for (char *byte = plain; *byte != '\0'; byte++) {
		if ((unsigned char)*byte >= 0x80) {
			*byte = '?';
		}
	}
	return json_string(plain);
}
