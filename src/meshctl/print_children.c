/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/human.h"
#include "meshctl/print_services.h"
#include "meshctl/status_sections.h"

#define TEXT_SIZE   160
#define WORDS_SHOWN ((size_t)5) /* of the last lines of a child that is not well */

void print_heading(const struct status_view *view, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	print_styled(view->to, view->colour, PRINT_BOLD, "%s", text);
	print_end(view->to);
}

static bool has_state(const json_t *child, const char *state)
{
	return strcmp(status_text(child, "state"), state) == 0;
}

bool children_are_well(const json_t *result)
{
	size_t index;
	json_t *child;

	json_array_foreach (json_object_get(result, "children"), index, child) {
		if (status_flag(child, "wanted") && !has_state(child, "running")) {
			return false;
		}
	}
	return true;
}

static enum print_style state_style(const char *state)
{
	static const struct {
		const char *state;
		enum print_style style;
	} styles[] = {
		{"running", PRINT_GOOD},
		{"off", PRINT_DIM},
		{"missing", PRINT_BAD},
		{"back-off", PRINT_BAD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(styles); i++) {
		if (strcmp(styles[i].state, state) == 0) {
			return styles[i].style;
		}
	}
	return PRINT_WARNING;
}

/* How it ended, as a person says it: "status 1", "killed by KILL (hung)". */
static void describe_end(const json_t *end, char text[TEXT_SIZE])
{
	const char *signal = status_text(end, "signal");
	const char *reason = status_text(end, "reason");
	const json_t *status = json_object_get(end, "status");
	bool plain = reason[0] == '\0' || strcmp(reason, "exited") == 0;

	if (json_is_integer(json_object_get(end, "pid")) && status_number(end, "pid") == 0) {
		snprintf(text, TEXT_SIZE, "could not be started");
	} else if (signal[0] != '\0') {
		snprintf(text, TEXT_SIZE, "killed by %s", signal);
	} else if (json_is_integer(status)) {
		snprintf(text, TEXT_SIZE, "status %lld", status_number(end, "status"));
	} else {
		snprintf(text, TEXT_SIZE, "nobody knows how");
	}
	if (!plain) {
		size_t length = strlen(text);
		snprintf(text + length, TEXT_SIZE - length, " (%s)", reason);
	}
}

static const json_t *last_end(const json_t *child)
{
	const json_t *exits = json_object_get(child, "exits");
	size_t count = json_array_size(exits);

	return count == 0 ? NULL : json_array_get(exits, count - 1);
}

static const char *age_of(const struct status_view *view, long long since, char text[HUMAN_SIZE])
{
	long long seconds = (long long)view->now - since;

	return human_seconds(seconds > 0 ? seconds : 0, text);
}

static void add_memory(struct table *table, const json_t *child)
{
	long long most = status_number(child, "memory_max");
	char used[HUMAN_SIZE];
	char bound[HUMAN_SIZE];

	if (!json_is_integer(json_object_get(child, "memory"))) {
		table_add_text(table, PRINT_PLAIN, "");
		return;
	}
	human_bytes(status_number(child, "memory"), used);
	if (most > 0) {
		table_add(table, PRINT_PLAIN, "%s of %s", used, human_bytes(most, bound));
	} else {
		table_add(table, PRINT_PLAIN, "%s", used);
	}
}

/* What it waits for, when it is tried again, how it ended last. */
static void add_remark(struct table *table, const json_t *child, const struct status_view *view)
{
	const char *waits = status_text(child, "waiting_for");
	const json_t *next = json_object_get(child, "next_try");
	const json_t *end = last_end(child);
	char age[HUMAN_SIZE];
	char how[TEXT_SIZE];

	if (waits[0] != '\0') {
		table_add(table, PRINT_PLAIN, "%s%s",
			has_state(child, "waiting") ? "waits for " : "", waits);
	} else if (has_state(child, "missing")) {
		table_add(table, PRINT_PLAIN, "not installed");
	} else if (json_is_number(next)) {
		table_add(table, PRINT_PLAIN, "tries again in %s",
			human_seconds((long long)(json_number_value(next) + 0.5), age));
	} else if (end != NULL) {
		describe_end(end, how);
		table_add(table, PRINT_DIM, "last ended %s ago: %s",
			age_of(view, status_number(end, "time"), age), how);
	} else if (status_flag(child, "adopted")) {
		table_add(table, PRINT_DIM, "adopted");
	}
}

static void add_child(struct table *table, const json_t *child, const struct status_view *view)
{
	const char *state = status_text(child, "state");
	long long since = status_number(child, "since");
	char age[HUMAN_SIZE];

	table_add_text(table, PRINT_PLAIN, status_text(child, "name"));
	table_add_text(table, state_style(state), state);
	if (status_number(child, "pid") > 0) {
		table_add(table, PRINT_PLAIN, "%lld", status_number(child, "pid"));
	} else {
		table_add_text(table, PRINT_PLAIN, "");
	}
	table_add_text(table, PRINT_PLAIN, since > 0 ? age_of(view, since, age) : "");
	table_add(table, PRINT_PLAIN, "%lld", status_number(child, "restarts"));
	add_memory(table, child);
	add_remark(table, child, view);
	table_end_row(table);
}

static void print_words(const json_t *end, const struct status_view *view)
{
	const json_t *words = json_object_get(end, "output");
	size_t count = json_array_size(words);
	size_t first = view->all || count <= WORDS_SHOWN ? 0 : count - WORDS_SHOWN;

	for (size_t i = first; i < count; i++) {
		const char *line = json_string_value(json_array_get(words, i));
		print_styled(view->to, view->colour, PRINT_DIM, "    %s", line == NULL ? "" : line);
		print_end(view->to);
	}
}

static void print_child_end(const json_t *child, const json_t *end, const struct status_view *view)
{
	char age[HUMAN_SIZE];
	char how[TEXT_SIZE];

	describe_end(end, how);
	print_end(view->to);
	print_styled(view->to, view->colour, PRINT_BOLD, "%s", status_text(child, "name"));
	print_styled(view->to, view->colour, PRINT_PLAIN, " ended %s ago: %s%s",
		age_of(view, status_number(end, "time"), age), how,
		json_array_size(json_object_get(end, "output")) > 0 ? "; its last words:" : "");
	print_end(view->to);
	print_words(end, view);
}

/* The last end of those that are not well; with --all every end of every child. */
static void print_ends(const json_t *child, const struct status_view *view)
{
	const json_t *exits = json_object_get(child, "exits");
	size_t count = json_array_size(exits);
	bool troubled = status_flag(child, "wanted") && !has_state(child, "running");
	size_t first = view->all ? 0 : count - (count > 0 && troubled);

	for (size_t i = first; i < count; i++) {
		print_child_end(child, json_array_get(exits, i), view);
	}
}

void print_children(const json_t *result, const struct status_view *view)
{
	static const char *const titles[] = {"child", "state", "pid", "for", "restarts", "memory",
		""};
	struct table table CLEANUP(table_free) = {.right = 1u << 2 | 1u << 4 | 1u << 5};
	const json_t *children = json_object_get(result, "children");
	size_t index;
	json_t *child;

	if (json_array_size(children) == 0) {
		print_heading(view, "No children");
		return;
	}
	table_add_titles(&table, titles, ARRAY_SIZE(titles));
	json_array_foreach (children, index, child) {
		add_child(&table, child, view);
	}
	table_print(&table, view->to, view->colour, 0);
	json_array_foreach (children, index, child) {
		print_ends(child, view);
	}
}
