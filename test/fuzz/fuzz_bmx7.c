/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bmx7 answers, and what follows from it: state, JSON, difference, faults. */
#include <stdlib.h>
#include <string.h>

#include "routing/bmx7_faults.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct bmx7_answer *answer, char *text)
{
	char links[1][IFNAMSIZ] = {"eth0.12"};
	struct routing_search search = {.name = "nodes"};
	struct routing_wish wish = {.links = links,
		.link_count = 1,
		.search = &search,
		.search_count = 1,
		.hostname = "node"};
	struct bmx7_machine machine = {text, text, text, false};
	struct bmx7_commands commands = {0};
	struct bmx7_commands mending = {0};
	char why[64];

	prefix_parse("10.0.0.0/8", &search.network);
	if (bmx7_difference(&answer->options, &wish, true, &commands) == 0) {
		for (size_t i = 0; i < commands.count; i++) {
			/* One line, of words that bmx7 takes. */
			if (strpbrk(commands.items[i], "\n\r") != NULL) {
				abort();
			}
		}
		bmx7_commands_free(&commands);
	}
	(void)bmx7_faults_find(&machine, answer, &mending, why, sizeof(why));
	bmx7_commands_free(&mending);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bmx7_answer answer;
	char *text = malloc(size + 1);

	if (text == NULL) {
		return 0;
	}
	memcpy(text, data, size);
	text[size] = '\0';
	if (bmx7_answer_parse(text, size, &answer) == 0) {
		routing_state_sort(&answer.state);
		json_t *json = routing_state_to_json(&answer.state);
		if (json == NULL) {
			abort(); /* a text that is not UTF-8 came through */
		}
		json_decref(json);
		compare(&answer, text);
		bmx7_answer_free(&answer);
	}
	free(text);
	return 0;
}
