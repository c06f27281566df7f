/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "control/print.h"

#define LINE_COLUMNS 96
#define FIELD_INDENT 6

struct printer {
	FILE *to;
	bool colour;
	int column;
};

struct verb {
	const char *name;
	const char *sign;
	enum print_style style;
	const char *word; /* in the last line */
};

enum { VERB_CREATE, VERB_SET, VERB_DELETE, VERBS };

static const struct verb verbs[VERBS] = {
	[VERB_CREATE] = {"create", "+", PRINT_GOOD, "to create"},
	[VERB_SET] = {"set", "~", PRINT_WARNING, "to change"},
	[VERB_DELETE] = {"delete", "-", PRINT_BAD, "to delete"},
};

static const char *member(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text == NULL ? "" : text;
}

static const struct verb *find_verb(const json_t *op)
{
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, member(op, "verb")) == 0) {
			return &verbs[i];
		}
	}
	return &verbs[VERB_SET];
}

/* A new link is named by what it is ("vlan", "bridge"), anything else by its type. */
static const char *op_type(const json_t *op)
{
	const json_t *fields = json_object_get(op, "fields");
	const char *type = member(op, "type");

	for (size_t i = 0; strcmp(type, "link") == 0 && i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);
		if (strcmp(member(field, "field"), "kind") == 0) {
			return member(field, "becomes");
		}
	}
	return type;
}

/* Members that only meshd itself needs, the same on every new object. */
static bool is_noise(const char *field)
{
	static const char *const names[] = {"kind", "alias", "group", "up", "addr_gen_mode"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], field) == 0) {
			return true;
		}
	}
	return false;
}

/* Starts a new line where the text would not fit. */
static void print_piece(struct printer *printer, const char *text)
{
	int length = (int)strlen(text);

	if (printer->column > FIELD_INDENT && printer->column + 2 + length > LINE_COLUMNS) {
		print_end(printer->to);
		printer->column =
			print_styled(printer->to, false, PRINT_PLAIN, "%*s", FIELD_INDENT, "");
	} else {
		printer->column += print_styled(printer->to, false, PRINT_PLAIN, "  ");
	}
	printer->column += print_styled(printer->to, false, PRINT_PLAIN, "%s", text);
}

/* Rules of the table: which go, which come. */
static void print_rules(const struct printer *printer, const json_t *fields)
{
	size_t index;
	json_t *field;

	json_array_foreach (fields, index, field) {
		bool gone = json_object_get(field, "was") != NULL;
		const struct verb *verb = &verbs[gone ? VERB_DELETE : VERB_CREATE];
		print_end(printer->to);
		print_styled(printer->to, printer->colour, verb->style, "%*s%s rule %s",
			FIELD_INDENT - 2, "", verb->sign, member(field, gone ? "was" : "becomes"));
	}
}

static void print_fields(struct printer *printer, const json_t *op, bool creates)
{
	const json_t *fields = json_object_get(op, "fields");
	size_t index;
	json_t *field;

	if (strcmp(member(op, "type"), "ruleset") == 0) {
		print_rules(printer, fields);
		return;
	}
	json_array_foreach (fields, index, field) {
		const char *name = member(field, "field");
		const char *becomes = member(field, "becomes");
		char text[320];
		if (creates && (is_noise(name) || strcmp(becomes, "none") == 0)) {
			continue;
		}
		if (creates) {
			snprintf(text, sizeof(text), "%s %s", name, becomes);
		} else {
			snprintf(text, sizeof(text), "%s: %s -> %s", name, member(field, "was"),
				becomes);
		}
		print_piece(printer, text);
	}
}

static void print_op(struct printer *printer, const json_t *op)
{
	const struct verb *verb = find_verb(op);
	const char *message = member(op, "message");

	printer->column = print_styled(printer->to, printer->colour, verb->style, "%s %s %s",
		verb->sign, op_type(op), member(op, "object"));
	print_fields(printer, op, verb == &verbs[VERB_CREATE]);
	print_end(printer->to);
	if (json_object_get(op, "error") != NULL) {
		print_styled(printer->to, printer->colour, PRINT_BAD, "%*srefused: %s%s%s",
			FIELD_INDENT - 2, "", member(op, "error"), message[0] != '\0' ? ": " : "",
			message);
		print_end(printer->to);
	}
}

void print_plan(const json_t *plan, bool colour, FILE *to)
{
	struct printer printer = {.to = to, .colour = colour};
	size_t counts[VERBS] = {0};
	size_t index;
	json_t *op;

	if (json_array_size(plan) == 0) {
		print_styled(to, colour, PRINT_GOOD, "nothing differs");
		print_end(to);
		return;
	}
	json_array_foreach (plan, index, op) {
		print_op(&printer, op);
		counts[find_verb(op) - verbs]++;
	}
	for (size_t i = 0; i < VERBS; i++) {
		print_styled(to, colour, PRINT_BOLD, "%s%zu %s", i == 0 ? "" : ", ", counts[i],
			verbs[i].word);
	}
	print_end(to);
}
