/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/json_text.h"

static const struct {
	const char *name;
	enum problem_severity severity;
} kinds[PROBLEM_KINDS] = {
	[PROBLEM_NO_PRIMARY] = {"no-primary-link", PROBLEM_WARNING},
	[PROBLEM_LINK_MISSING] = {"link-missing", PROBLEM_WARNING},
	[PROBLEM_NO_CARRIER] = {"no-carrier", PROBLEM_WARNING},
	[PROBLEM_NAME_TAKEN] = {"name-taken", PROBLEM_ERROR},
	[PROBLEM_IN_THE_WAY] = {"in-the-way", PROBLEM_ERROR},
	[PROBLEM_MTU_REFUSED] = {"mtu-refused", PROBLEM_WARNING},
	[PROBLEM_FRAGMENTATION] = {"fragmentation", PROBLEM_NOTE},
	[PROBLEM_SWITCH_PORT] = {"switch-port", PROBLEM_ERROR},
	[PROBLEM_MODULE_MISSING] = {"module-missing", PROBLEM_ERROR},
	[PROBLEM_UNSUPPORTED] = {"unsupported", PROBLEM_NOTE},
	[PROBLEM_SSID] = {"ssid", PROBLEM_NOTE},
	[PROBLEM_OPERATION] = {"operation-failed", PROBLEM_ERROR},
	[PROBLEM_WAR] = {"undone-by-another", PROBLEM_ERROR},
	[PROBLEM_CONFIG] = {"configuration", PROBLEM_ERROR},
	[PROBLEM_PROGRAM_MISSING] = {"program-missing", PROBLEM_WARNING},
	[PROBLEM_CHILD_FAILS] = {"child-fails", PROBLEM_ERROR},
	[PROBLEM_GATEWAY] = {"gateway", PROBLEM_NOTE},
	[PROBLEM_ODD_SETTING] = {"odd-setting", PROBLEM_WARNING},
};

static bool problem_is_known(const struct problem_list *list, enum problem_kind kind,
	const char *object)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].kind == kind && strcmp(list->items[i].object, object) == 0) {
			return true;
		}
	}
	return false;
}

int problem_add(struct problem_list *list, enum problem_kind kind, const char *object,
	const char *hint, const char *format, ...)
{
	if (problem_is_known(list, kind, object)) {
		return 0;
	}
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
		struct problem *items = reallocarray(list->items, capacity, sizeof(*items));
		if (items == NULL) {
			return -ENOMEM;
		}
		list->items = items;
		list->capacity = capacity;
	}
	struct problem *problem = &list->items[list->count++];
	va_list arguments;

	memset(problem, 0, sizeof(*problem));
	problem->kind = kind;
	text_copy(problem->object, sizeof(problem->object), object);
	text_copy(problem->hint, sizeof(problem->hint), hint);
	va_start(arguments, format);
	vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
	return 0;
}

void problem_list_free(struct problem_list *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}

const char *problem_kind_name(enum problem_kind kind)
{
	return kinds[kind].name;
}

enum problem_severity problem_severity(enum problem_kind kind)
{
	return kinds[kind].severity;
}

const char *problem_severity_name(enum problem_severity severity)
{
	static const char *const names[] =
		{[PROBLEM_NOTE] = "note", [PROBLEM_WARNING] = "warning", [PROBLEM_ERROR] = "error"};

	return names[severity];
}

json_t *problem_list_to_json(const struct problem_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct problem *problem = &list->items[i];
		json_array_append_new(array,
			json_pack("{s:s, s:s, s:o, s:o, s:o}", "kind",
				problem_kind_name(problem->kind), "severity",
				problem_severity_name(problem_severity(problem->kind)), "object",
				json_text(problem->object), "text", json_text(problem->text),
				"hint", json_text(problem->hint)));
	}
	return array;
}
