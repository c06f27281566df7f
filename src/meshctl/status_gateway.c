/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of print_status() about the ways to the Internet. */
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/print_gateway.h"
#include "meshctl/status_sections.h"

static void print_way(const json_t *family, const char *title, const struct status_view *view,
	bool first)
{
	const json_t *in_use = json_object_get(family, "in_use");
	const char *kind = status_text(in_use, "kind");
	bool by_daemon = strcmp(kind, "bmx7") == 0 || strcmp(kind, "babeld") == 0;
	char name[GATEWAY_TEXT_MAX];
	char age[HUMAN_SIZE];

	print_styled(view->to, view->colour, PRINT_PLAIN, "%s%s ", first ? "  " : "; ", title);
	if (json_is_object(in_use)) {
		print_styled(view->to, view->colour, PRINT_GOOD, "%s", gateway_name(in_use, name));
		print_styled(view->to, view->colour, PRINT_DIM, "%s%s", by_daemon ? " by " : "",
			by_daemon ? kind : "");
	} else {
		print_styled(view->to, view->colour, PRINT_WARNING, "none");
	}
	if (gateway_age(family, "since", age)[0] != '\0') {
		print_styled(view->to, view->colour, PRINT_DIM, " for %s", age);
	}
	if (gateway_kernel_differs(family)) {
		print_styled(view->to, view->colour, PRINT_BAD, " (the kernel does otherwise)");
	}
}

static void print_ways_line(const json_t *gateway, const struct status_view *view)
{
	const json_t *families = json_object_get(gateway, "families");
	bool first = true;

	for (size_t i = 0; i < ARRAY_SIZE(gateway_families); i++) {
		const json_t *family = json_object_get(families, gateway_families[i]);
		if (!json_is_object(family)) {
			continue;
		}
		if (first) {
			status_print_label(view, "Internet");
		}
		print_way(family, gateway_family_title(gateway_families[i]), view, first);
		first = false;
	}
	if (!first) {
		print_end(view->to);
	}
}

static void print_uplink_state(const json_t *uplink, const struct status_view *view, bool first)
{
	const char *health = status_text(json_object_get(uplink, "path"), "health");
	bool up = strcmp(health, "up") == 0;
	bool down = strcmp(health, "down") == 0;

	print_styled(view->to, view->colour, PRINT_PLAIN, "%s%s %s ", first ? "  " : "; ",
		status_text(uplink, "link"), gateway_family_title(status_text(uplink, "family")));
	print_styled(view->to, view->colour,
		up     ? PRINT_GOOD
		: down ? PRINT_BAD
		       : PRINT_WARNING,
		"%s", health[0] != '\0' ? health : "unknown");
	if (status_flag(uplink, "offered")) {
		print_styled(view->to, view->colour, PRINT_DIM, ", offered");
	}
}

static void print_uplinks_line(const json_t *gateway, const struct status_view *view)
{
	const json_t *uplinks = json_object_get(gateway, "uplinks");
	size_t index;
	json_t *uplink;

	if (json_array_size(uplinks) == 0) {
		return;
	}
	status_print_label(view, "Uplinks");
	json_array_foreach (uplinks, index, uplink) {
		print_uplink_state(uplink, view, index == 0);
	}
	print_end(view->to);
}

/* What the user chose, when it is not the usual. */
static void print_choice_line(const json_t *gateway, const struct status_view *view)
{
	const json_t *choice = json_object_get(gateway, "choice");
	const char *mode = status_text(choice, "mode");
	bool usual = (mode[0] == '\0' || strcmp(mode, "auto") == 0) &&
		     json_array_size(json_object_get(choice, "prefer")) == 0 &&
		     json_array_size(json_object_get(choice, "avoid")) == 0 &&
		     !status_flag(choice, "never_share");
	char text[GATEWAY_TEXT_MAX];

	if (!usual) {
		gateway_choice_text(choice, text);
		status_print_label(view, "Choice");
		print_styled(view->to, view->colour, PRINT_PLAIN, "  %s", text);
		print_end(view->to);
	}
}

void status_print_gateway(const json_t *status, const struct status_view *view)
{
	const json_t *gateway = json_object_get(status, "gateway");

	print_ways_line(gateway, view);
	print_uplinks_line(gateway, view);
	print_choice_line(gateway, view);
}
