/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a way to the Internet is in use. */
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/print_gateway.h"
#include "meshctl/status_sections.h"
#include "meshctl/table.h"
#include "meshctl/wrap.h"

#define INDENT  2
#define TEXT_AT 14

static void print_sentence(const struct status_view *view, const char *label, const char *text)
{
	if (text[0] != '\0') {
		print_styled(view->to, view->colour, PRINT_BOLD, "%*s%-*s", INDENT, "",
			TEXT_AT - INDENT, label);
		wrap_print(view->to, view->colour, PRINT_PLAIN, TEXT_AT, text);
	}
}

static void add_side(struct table *table, const json_t *side)
{
	char name[GATEWAY_TEXT_MAX];

	if (json_is_object(side)) {
		table_add_text(table, PRINT_PLAIN, gateway_name(side, name));
	} else {
		table_add(table, PRINT_DIM, "none");
	}
}

static void print_decisions(const json_t *family, const struct status_view *view)
{
	static const char *const titles[] = {"ago", "from", "to", "rule", "because"};
	struct table table CLEANUP(table_free) = {.wraps = true};
	const json_t *decisions = json_object_get(family, "decisions");
	char age[HUMAN_SIZE];
	size_t index;
	json_t *decision;

	if (json_array_size(decisions) == 0) {
		return;
	}
	print_end(view->to);
	table_add_titles(&table, titles, ARRAY_SIZE(titles));
	json_array_foreach (decisions, index, decision) {
		const char *reason = status_text(decision, "reason");
		table_add_text(&table, PRINT_PLAIN, gateway_age(decision, "age", age));
		add_side(&table, json_object_get(decision, "from"));
		add_side(&table, json_object_get(decision, "to"));
		table_add_text(&table, PRINT_PLAIN, status_text(decision, "rule"));
		table_add(&table, PRINT_PLAIN, "%s", reason);
		table_end_row(&table);
	}
	table_print(&table, view->to, view->colour, INDENT);
}

static void print_why(const json_t *family, const char *title, const json_t *choice,
	const struct status_view *view)
{
	long long changes = gateway_number(family, "changes");
	char text[GATEWAY_TEXT_MAX];

	gateway_print_head(family, title, view);
	print_sentence(view, "Why", status_text(family, "explanation"));
	print_sentence(view, "Change if", status_text(family, "flip"));
	if (json_is_object(choice)) {
		gateway_choice_text(choice, text);
		print_sentence(view, "User wants", text);
	}
	snprintf(text, sizeof(text), "%lld so far", changes);
	print_sentence(view, "Changes", text);
	print_decisions(family, view);
}

void print_gateway_why(const json_t *result, const struct status_view *view)
{
	const json_t *families = json_object_get(result, "families");
	const json_t *choice = json_object_get(result, "choice");
	bool first = true;

	for (size_t i = 0; i < ARRAY_SIZE(gateway_families); i++) {
		const json_t *family = json_object_get(families, gateway_families[i]);
		if (!json_is_object(family)) {
			continue;
		}
		if (!first) {
			print_end(view->to);
		}
		print_why(family, gateway_family_title(gateway_families[i]), choice, view);
		first = false;
	}
}
