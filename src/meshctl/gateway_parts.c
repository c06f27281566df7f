/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the list of gateways, "why" and the status have in common. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "meshctl/print_gateway.h"
#include "meshctl/status_sections.h"
#include "meshctl/wrap.h"

#define NUMBER_MAX  1e15 /* a double has all whole numbers up to there */
#define HEAD_INDENT 6

const char *const gateway_families[2] = {"ipv4", "ipv6"};

const char *gateway_family_title(const char *family)
{
	return strcmp(family, "ipv4") == 0 ? "IPv4" : strcmp(family, "ipv6") == 0 ? "IPv6" : family;
}

long long gateway_number(const json_t *json, const char *name)
{
	double number = json_number_value(json_object_get(json, name));

	if (!(number > -NUMBER_MAX)) {
		return number <= -NUMBER_MAX ? (long long)-NUMBER_MAX : 0;
	}
	number = number < NUMBER_MAX ? number : NUMBER_MAX;
	return (long long)(number < 0 ? number - 0.5 : number + 0.5);
}

const char *gateway_age(const json_t *json, const char *name, char text[HUMAN_SIZE])
{
	long long seconds = gateway_number(json, name);

	if (!json_is_number(json_object_get(json, name))) {
		text[0] = '\0';
		return text;
	}
	return human_seconds(seconds > 0 ? seconds : 0, text);
}

const char *gateway_name(const json_t *entry, char text[GATEWAY_TEXT_MAX])
{
	const char *kind = status_text(entry, "kind");
	const char *name = status_text(entry, "name");
	const char *id = status_text(entry, "id");

	if (strcmp(kind, "uplink") == 0) {
		snprintf(text, GATEWAY_TEXT_MAX, "uplink %s", id);
	} else if (strcmp(kind, "hop") == 0 && name[0] == '\0') {
		snprintf(text, GATEWAY_TEXT_MAX, "Babel's own");
	} else {
		snprintf(text, GATEWAY_TEXT_MAX, "%s", name[0] != '\0' ? name : id);
	}
	return text;
}

bool gateway_kernel_differs(const json_t *family)
{
	return json_is_false(json_object_get(json_object_get(family, "kernel"), "agrees"));
}

static void describe_kernel(const json_t *kernel, char text[GATEWAY_TEXT_MAX])
{
	const char *link = status_text(kernel, "link");
	const char *via = status_text(kernel, "via");
	const char *error = status_text(kernel, "error");
	long long table = gateway_number(kernel, "table");

	text[0] = '\0';
	if (link[0] == '\0') {
		text_append(text, GATEWAY_TEXT_MAX, "has no way%s%s", error[0] != '\0' ? ": " : "",
			error);
		return;
	}
	text_append(text, GATEWAY_TEXT_MAX, "sends by %s", link);
	if (via[0] != '\0') {
		text_append(text, GATEWAY_TEXT_MAX, " to %s", via);
	}
	if (table > 0) {
		text_append(text, GATEWAY_TEXT_MAX, ", table %lld", table);
	}
}

static void print_kernel(const json_t *family, const struct status_view *view)
{
	const json_t *kernel = json_object_get(family, "kernel");
	bool differs = gateway_kernel_differs(family);
	char does[GATEWAY_TEXT_MAX];
	char text[GATEWAY_TEXT_MAX + 64];

	if (!json_is_object(kernel)) {
		return;
	}
	describe_kernel(kernel, does);
	snprintf(text, sizeof(text),
		differs ? "BUT the kernel does otherwise: it %s" : "the kernel %s", does);
	fprintf(view->to, "%*s", HEAD_INDENT, "");
	wrap_print(view->to, view->colour, differs ? PRINT_BAD : PRINT_DIM, HEAD_INDENT, text);
}

/* "g2 by babeld through gw4-..., since 12 min (score)" */
static void describe_use(const json_t *family, char text[GATEWAY_TEXT_MAX])
{
	const json_t *in_use = json_object_get(family, "in_use");
	const char *kind = status_text(in_use, "kind");
	const char *link = status_text(in_use, "link");
	const char *rule = status_text(family, "rule");
	bool through_mesh = strcmp(kind, "bmx7") == 0 || strcmp(kind, "babeld") == 0;
	char name[GATEWAY_TEXT_MAX];
	char age[HUMAN_SIZE];

	text[0] = '\0';
	if (json_is_object(in_use)) {
		text_append(text, GATEWAY_TEXT_MAX, "%s", gateway_name(in_use, name));
	} else {
		text_append(text, GATEWAY_TEXT_MAX, "no way to the Internet");
	}
	if (through_mesh) {
		text_append(text, GATEWAY_TEXT_MAX, " by %s", kind);
	}
	if (link[0] != '\0' && strcmp(kind, "uplink") != 0) {
		text_append(text, GATEWAY_TEXT_MAX, " through %s", link);
	}
	if (gateway_age(family, "since", age)[0] != '\0') {
		text_append(text, GATEWAY_TEXT_MAX,
			json_is_object(in_use) ? ", since %s" : " for %s", age);
	}
	if (rule[0] != '\0' && strcmp(rule, "none") != 0) {
		text_append(text, GATEWAY_TEXT_MAX, " (%s)", rule);
	}
}

void gateway_print_head(const json_t *family, const char *title, const struct status_view *view)
{
	bool any = json_is_object(json_object_get(family, "in_use"));
	char text[GATEWAY_TEXT_MAX];

	describe_use(family, text);
	print_styled(view->to, view->colour, PRINT_BOLD, "%s: ", title);
	wrap_print(view->to, view->colour, any ? PRINT_GOOD : PRINT_WARNING, HEAD_INDENT, text);
	print_kernel(family, view);
}

static void append_names(char text[GATEWAY_TEXT_MAX], const json_t *names, const char *verb)
{
	size_t index;
	json_t *name;

	json_array_foreach (names, index, name) {
		const char *word = json_string_value(name);
		text_append(text, GATEWAY_TEXT_MAX, "%s%s", index == 0 ? verb : ", ",
			word == NULL ? "?" : word);
	}
}

void gateway_choice_text(const json_t *choice, char text[GATEWAY_TEXT_MAX])
{
	const char *mode = status_text(choice, "mode");

	text[0] = '\0';
	if (strcmp(mode, "use") == 0) {
		text_append(text, GATEWAY_TEXT_MAX, "use %s, %s", status_text(choice, "use"),
			status_flag(choice, "strict") ? "and none while it is dead"
						      : "or another while it is dead");
	} else if (strcmp(mode, "local-only") == 0) {
		text_append(text, GATEWAY_TEXT_MAX, "only uplinks of this node");
	} else {
		text_append(text, GATEWAY_TEXT_MAX, "the best one, automatically");
	}
	append_names(text, json_object_get(choice, "prefer"), "; prefers ");
	append_names(text, json_object_get(choice, "avoid"), "; avoids ");
	if (status_flag(choice, "never_share")) {
		text_append(text, GATEWAY_TEXT_MAX, "; shares no uplink");
	}
}

bool gateway_is_well(const json_t *result)
{
	bool known = false;
	bool any = false;
	const char *name;
	json_t *family;

	if (json_is_false(json_object_get(result, "choosing"))) {
		return true;
	}
	json_object_foreach (json_object_get(result, "families"), name, family) {
		if (gateway_kernel_differs(family)) {
			return false;
		}
		known = true;
		any = any || json_is_object(json_object_get(family, "in_use"));
	}
	return any || !known;
}
