/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of print_status() about programs and what they bring. */
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/status_sections.h"

/* A child that is off is not worth a word. */
static bool child_is_shown(const json_t *child)
{
	return strcmp(status_text(child, "state"), "off") != 0;
}

static void print_child(const json_t *child, const struct status_view *view, bool first)
{
	const char *state = status_text(child, "state");
	const char *waits = status_text(child, "waiting_for");
	bool runs = strcmp(state, "running") == 0;
	bool bad = strcmp(state, "missing") == 0 || strcmp(state, "back-off") == 0;
	enum print_style style = bad ? PRINT_BAD : PRINT_WARNING;

	print_styled(view->to, view->colour, PRINT_PLAIN, "%s%s ", first ? "  " : ", ",
		status_text(child, "name"));
	print_styled(view->to, view->colour, runs ? PRINT_GOOD : style, "%s", state);
	if (!runs && waits[0] != '\0') {
		print_styled(view->to, view->colour, PRINT_DIM, " (%s)", waits);
	}
}

static void print_children_line(const json_t *status, const struct status_view *view)
{
	const json_t *children = json_object_get(status, "children");
	bool first = true;
	size_t index;
	json_t *child;

	json_array_foreach (children, index, child) {
		if (!child_is_shown(child)) {
			continue;
		}
		if (first) {
			status_print_label(view, "Children");
		}
		print_child(child, view, first);
		first = false;
	}
	if (!first) {
		print_end(view->to);
	}
}

static bool cloud_is_shared(const json_t *status)
{
	size_t index;
	json_t *child;

	json_array_foreach (json_object_get(status, "children"), index, child) {
		if (strcmp(status_text(child, "name"), "alfred") == 0) {
			return child_is_shown(child);
		}
	}
	return false;
}

static void print_sharing_line(const json_t *status, const struct status_view *view)
{
	const json_t *sharing = json_object_get(status, "cloud_sharing");
	const json_t *alfred = json_object_get(sharing, "alfred");
	const json_t *counts = json_object_get(sharing, "counts");
	long long conflicts = status_number(sharing, "conflicts");
	long long own = status_number(counts, "own");
	long long nodes = status_number(counts, "nodes");
	const char *role = status_text(alfred, "role");

	if (counts == NULL || !cloud_is_shared(status)) {
		return;
	}
	status_print_label(view, "Sharing");
	print_styled(view->to, view->colour, PRINT_PLAIN,
		"  %lld own lease%s, %lld of others, %lld node%s", own, own == 1 ? "" : "s",
		status_number(counts, "remote"), nodes, nodes == 1 ? "" : "s");
	if (role[0] != '\0') {
		print_styled(view->to, view->colour, PRINT_DIM, "  alfred is %s", role);
	}
	if (conflicts > 0) {
		print_styled(view->to, view->colour, PRINT_WARNING, "  %lld conflict%s so far",
			conflicts, conflicts == 1 ? "" : "s");
	}
	print_end(view->to);
}

static void print_protocol(const json_t *entry, const struct status_view *view, bool first)
{
	const json_t *routing = json_object_get(entry, "routing");
	size_t neighbours = json_array_size(json_object_get(routing, "neighbours"));
	size_t routes = json_array_size(json_object_get(routing, "routes"));
	bool answers = status_flag(routing, "answers");

	print_styled(view->to, view->colour, PRINT_PLAIN, "%s%s", first ? "  " : ", ",
		status_text(entry, "protocol"));
	if (!answers) {
		print_styled(view->to, view->colour, PRINT_WARNING, " does not answer");
		return;
	}
	print_styled(view->to, view->colour, neighbours > 0 ? PRINT_GOOD : PRINT_WARNING,
		" %zu neighbour%s", neighbours, neighbours == 1 ? "" : "s");
	print_styled(view->to, view->colour, PRINT_PLAIN, " and %zu route%s", routes,
		routes == 1 ? "" : "s");
}

static void print_layer3_line(const json_t *status, const struct status_view *view)
{
	bool first = true;
	size_t index;
	json_t *entry;

	json_array_foreach (json_object_get(status, "layer3"), index, entry) {
		if (json_object_get(entry, "routing") == NULL) {
			continue;
		}
		if (first) {
			status_print_label(view, "Layer 3");
		}
		print_protocol(entry, view, first);
		first = false;
	}
	if (!first) {
		print_end(view->to);
	}
}

void status_print_services(const json_t *status, const struct status_view *view)
{
	print_layer3_line(status, view);
	print_sharing_line(status, view);
	print_children_line(status, view);
}
