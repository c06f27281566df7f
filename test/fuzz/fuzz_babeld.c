/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of babeld's local socket, into a table and a state. */
#include <stdlib.h>
#include <string.h>

#include "routing/babeld_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct babeld_table table = {0};
	struct routing_state state;
	size_t start = 0;

	while (start < size) {
		const char *end = memchr(text + start, '\n', size - start);
		size_t length = end == NULL ? size - start : (size_t)(end - text) - start;
		struct babeld_line line;
		if (babeld_line_parse(text + start, length, &line) == 0 &&
			line.kind < BABELD_KIND_COUNT) {
			(void)babeld_table_take(&table, &line);
		}
		start += length + 1;
	}
	if (babeld_table_to_state(&table, "", &state) == 0) {
		routing_state_sort(&state);
		json_t *json = routing_state_to_json(&state);
		if (json == NULL) {
			abort();
		}
		json_decref(json);
		routing_state_free(&state);
	}
	babeld_table_free(&table);
	return 0;
}
