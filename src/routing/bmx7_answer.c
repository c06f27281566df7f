/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/bmx7_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* jansson's own limit on depth is 2048; a section has 4. */

static int take_json(struct bmx7_answer *answer, const char *text, size_t length)
{
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	const char *name;
	json_t *section;
	int result = 0;

	if (!json_is_object(root)) {
		json_decref(root);
		return -EINVAL;
	}
	json_object_foreach (root, name, section) {
		result = result < 0 ? result : bmx7_section_take(answer, name, section);
	}
	json_decref(root);
	return result;
}

static void take_error(struct bmx7_answer *answer, const char *text, size_t length)
{
	char line[sizeof(answer->error)];
	size_t kept = length < sizeof(line) ? length : sizeof(line) - 1;

	if (answer->error[0] == '\0') {
		memcpy(line, text, kept);
		line[kept] = '\0';
		routing_state_copy_name(answer->error, sizeof(answer->error), line);
	}
}

static int take_line(struct bmx7_answer *answer, const char *text, size_t length)
{
	if (length > 0 && text[0] == '{') {
		return take_json(answer, text, length);
	}
	if (length >= 5 && memcmp(text, "ERROR", 5) == 0) {
		take_error(answer, text, length);
	}
	return 0; /* "INFO ..." echoes what changed */
}

/* Our own announcements are in no section: those of the parameters are what it announces. */
static int add_own_networks(struct bmx7_answer *answer)
{
	const struct bmx7_options *options = &answer->options;
	struct routing_state *state = &answer->state;
	bool has_device = bmx7_options_find(options, "tunDev", NULL) != NULL;
	const struct bmx7_option *parent = NULL;
	int result = 0;

	for (size_t i = 0; i < options->count && result == 0 && has_device; i++) {
		const struct bmx7_option *option = &options->items[i];
		struct routing_network network = {.own = true};
		struct prefix prefix;
		parent = option->child ? parent : option;
		if (parent == NULL) {
			continue; /* a child without a parent is no bmx7's */
		}
		bool in_device = strcmp(parent->name, "tunDev") == 0;
		bool announces = strcmp(option->name, "/network") == 0 ||
				 strcmp(option->name, "/tun4Address") == 0 ||
				 strcmp(option->name, "/tun6Address") == 0;
		if (!announces || prefix_parse(option->value, &prefix) < 0 ||
			(!in_device && strcmp(parent->name, "tunIn") != 0)) {
			continue;
		}
		const char *bandwidth = bmx7_options_child(options, parent, "/bandwidth");
		network.bandwidth = bandwidth == NULL ? 0 : bmx7_rate_parse(bandwidth);
		network.network = prefix_network(&prefix);
		text_copy(network.id, sizeof(network.id), state->id);
		result = routing_state_add_network(state, &network);
	}
	return result;
}

static int take_lines(struct bmx7_answer *answer, const char *text, size_t length)
{
	const char *end = text + length;
	int result = 0;

	while (text < end && result == 0) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop == NULL ? end : stop) - text);
		if (line >= 11 && memcmp(text, "PARAMETERS:", 11) == 0) {
			result = bmx7_options_parse(text, (size_t)(end - text), &answer->options);
			answer->has_options = result == 0;
			break;
		}
		result = take_line(answer, text, line);
		text += line + 1;
	}
	return result < 0 ? result : add_own_networks(answer);
}

int bmx7_answer_parse(const char *text, size_t length, struct bmx7_answer *answer)
{
	struct bmx7_answer parsed = {.success = length > 0 && text[length - 1] == '$'};
	int result = take_lines(&parsed, text, parsed.success ? length - 1 : length);

	if (result < 0) {
		bmx7_answer_free(&parsed);
		return result == -ENOMEM ? result : -EINVAL;
	}
	*answer = parsed;
	return 0;
}

void bmx7_answer_free(struct bmx7_answer *answer)
{
	free(answer->interfaces);
	free(answer->tunnels);
	routing_state_free(&answer->state);
	bmx7_options_free(&answer->options);
	*answer = (struct bmx7_answer){0};
}
