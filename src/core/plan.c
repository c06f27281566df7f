/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/json_text.h"

struct op *plan_add(struct plan *plan)
{
	if (plan->count == plan->capacity) {
		size_t capacity = plan->capacity == 0 ? 32 : plan->capacity * 2;
		struct op *ops = reallocarray(plan->ops, capacity, sizeof(*ops));
		if (ops == NULL) {
			return NULL;
		}
		plan->ops = ops;
		plan->capacity = capacity;
	}
	struct op *op = &plan->ops[plan->count++];
	memset(op, 0, sizeof(*op));
	return op;
}

/* A counting sort: stable, and the phases are few. */
int plan_sort(struct plan *plan)
{
	size_t starts[PHASES + 1] = {0};
	struct op *sorted = calloc(plan->count + 1, sizeof(*sorted));

	if (sorted == NULL) {
		return -ENOMEM;
	}
	plan_foreach (op, plan) {
		starts[op->phase + 1]++;
	}
	for (int phase = 0; phase < PHASES; phase++) {
		starts[phase + 1] += starts[phase];
	}
	plan_foreach (op, plan) {
		sorted[starts[op->phase]++] = *op;
	}
	free(plan->ops);
	plan->ops = sorted;
	plan->capacity = plan->count + 1;
	return 0;
}

void plan_free(struct plan *plan)
{
	plan_foreach (op, plan) {
		free(op->message);
	}
	free(plan->ops);
	memset(plan, 0, sizeof(*plan));
}

const void *op_object(const struct op *op)
{
	return op->desired != NULL ? op->desired : op->observed;
}

const char *op_verb_name(enum op_verb verb)
{
	static const char *const names[] =
		{[OP_CREATE] = "create", [OP_SET] = "set", [OP_DELETE] = "delete"};

	return names[verb];
}

static void add_field(json_t *fields, const struct op *op, size_t field)
{
	char text[OBJECT_TEXT_SIZE];
	json_t *json = json_object();

	json_object_set_new(json, "field",
		json_string(object_classes[op->type].fields[field].name));
	if (op->verb == OP_SET && op->observed != NULL) {
		object_format_field(op->type, op->observed, field, text);
		json_object_set_new(json, "was", json_text(text));
	}
	object_format_field(op->type, op_object(op), field, text);
	json_object_set_new(json, "becomes", json_text(text));
	json_array_append_new(fields, json);
}

/* The table is replaced as a whole; what a person wants to know is which rules differ. */
static void add_rules(json_t *fields, const struct ruleset *these, const struct ruleset *those,
	const char *member)
{
	for (size_t i = 0; i < these->rule_count; i++) {
		bool found = false;
		for (size_t j = 0; j < those->rule_count && !found; j++) {
			found = nft_rule_equal(&these->rules[i], &those->rules[j]);
		}
		if (!found) {
			json_array_append_new(fields,
				json_pack("{s:s, s:o}", "field", "rule", member,
					json_text(these->rules[i].name)));
		}
	}
}

static json_t *op_fields(const struct op *op)
{
	json_t *fields = json_array();

	if (op->type == OBJECT_RULESET || op->type == OBJECT_NAT) {
		static const struct ruleset none;
		const struct ruleset *desired = op->desired != NULL ? op->desired : &none;
		const struct ruleset *observed = op->observed != NULL ? op->observed : &none;
		add_rules(fields, observed, desired, "was");
		add_rules(fields, desired, observed, "becomes");
		return fields;
	}
	if (op->verb == OP_DELETE) {
		return fields;
	}
	for (size_t field = 0; field < object_classes[op->type].field_count; field++) {
		if (op->fields & FIELD_BIT(field)) {
			add_field(fields, op, field);
		}
	}
	return fields;
}

json_t *plan_to_json(const struct plan *plan)
{
	json_t *array = json_array();
	char text[OBJECT_TEXT_SIZE];

	plan_foreach (op, plan) {
		object_format_key(op->type, op_object(op), text);
		json_t *json = json_pack("{s:s, s:s, s:o, s:o}", "verb", op_verb_name(op->verb),
			"type", object_classes[op->type].name, "object", json_text(text), "fields",
			op_fields(op));
		if (op->error != 0) {
			json_object_set_new(json, "error",
				json_string(strerrordesc_np(-op->error)));
		}
		if (op->message != NULL) {
			json_object_set_new(json, "message", json_text(op->message));
		}
		json_array_append_new(array, json);
	}
	return array;
}
