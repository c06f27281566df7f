/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parser and the schema say of a configuration: they must agree. */
#ifndef UNIT_CONFIG_JUDGE_H
#define UNIT_CONFIG_JUDGE_H

#include <regex.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "unit/config_reading.h"

/* A validator for the words of JSON Schema that config_schema() uses; others fail the test. */
static inline bool is_valid(const json_t *schema, const json_t *value);

static inline bool type_matches(const char *type, const json_t *value)
{
	return (strcmp(type, "object") == 0 && json_is_object(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value)) ||
	       (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
	       (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
	       (strcmp(type, "null") == 0 && json_is_null(value));
}

static inline bool any_matches(const json_t *list, const json_t *value, bool types)
{
	size_t index;
	const json_t *item;

	if (!json_is_array(list)) {
		return type_matches(json_string_value(list), value);
	}
	json_array_foreach (list, index, item) {
		if (types ? type_matches(json_string_value(item), value)
			  : json_equal(item, value)) {
			return true;
		}
	}
	return false;
}

static inline bool pattern_matches(const char *pattern, const char *text)
{
	regex_t regex;

	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

static inline bool members_match(const json_t *schema, const char *word, const json_t *rule,
	json_t *value)
{
	json_t *properties = json_object_get(schema, "properties");
	const char *name;
	json_t *member;

	json_object_foreach (value, name, member) {
		const json_t *known = json_object_get(properties, name);
		json_t *text = json_string(name);
		bool matches = strcmp(word, "properties") == 0
				       ? known == NULL || is_valid(known, member)
			       : strcmp(word, "propertyNames") == 0 ? is_valid(rule, text)
			       : known != NULL                      ? true
								    : is_valid(rule, member);
		json_decref(text);
		if (!matches) {
			return false;
		}
	}
	return true;
}

static inline bool items_match(const json_t *rule, const json_t *list)
{
	size_t index;
	const json_t *item;

	json_array_foreach (list, index, item) {
		if (!is_valid(rule, item)) {
			return false;
		}
	}
	return true;
}

static inline bool items_differ(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		for (size_t j = 0; j < i; j++) {
			if (json_equal(json_array_get(list, i), json_array_get(list, j))) {
				return false;
			}
		}
	}
	return true;
}

static inline bool rule_holds(const json_t *schema, const char *word, const json_t *rule,
	const json_t *value)
{
	json_int_t bound = json_integer_value(rule);
	json_int_t number = json_integer_value(value);

	if (strcmp(word, "not") == 0) {
		return !is_valid(rule, value);
	}
	if (strcmp(word, "type") == 0 || strcmp(word, "enum") == 0) {
		return any_matches(rule, value, word[0] == 't');
	}
	if (json_is_integer(value)) {
		return strcmp(word, "minimum") == 0      ? number >= bound
		       : strcmp(word, "maximum") == 0    ? number <= bound
		       : strcmp(word, "multipleOf") == 0 ? number % bound == 0
							 : true;
	}
	if (json_is_string(value)) {
		const char *text = json_string_value(value);
		return strcmp(word, "pattern") == 0 ? pattern_matches(json_string_value(rule), text)
		       : strcmp(word, "minLength") == 0 ? (json_int_t)strlen(text) >= bound
		       : strcmp(word, "maxLength") == 0 ? (json_int_t)strlen(text) <= bound
							: true;
	}
	if (json_is_array(value)) {
		return strcmp(word, "items") == 0      ? items_match(rule, value)
		       : strcmp(word, "maxItems") == 0 ? (json_int_t)json_array_size(value) <= bound
		       : strcmp(word, "uniqueItems") == 0 ? items_differ(value)
							  : true;
	}
	if (json_is_object(value) && strcmp(word, "maxProperties") == 0) {
		return (json_int_t)json_object_size(value) <= bound;
	}
	if (json_is_object(value) && (strstr(word, "ropert") != NULL)) {
		return members_match(schema, word, rule, (json_t *)(uintptr_t)value);
	}
	return true;
}

static inline bool is_valid(const json_t *schema, const json_t *value)
{
	static const char *const known[] = {"$schema", "title", "description", "type", "enum",
		"minimum", "maximum", "multipleOf", "pattern", "minLength", "maxLength", "items",
		"maxItems", "uniqueItems", "maxProperties", "properties", "propertyNames",
		"additionalProperties", "not", "default"};
	json_t *rules = (json_t *)(uintptr_t)schema;
	const char *word;
	json_t *rule;

	if (json_is_boolean(schema)) {
		return json_is_true(schema);
	}
	json_object_foreach (rules, word, rule) {
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
			is_known = is_known || strcmp(known[i], word) == 0;
		}
		ck_assert_msg(is_known, "no test for \"%s\"", word);
		if (!rule_holds(schema, word, rule, value)) {
			return false;
		}
	}
	return true;
}

/* "a": {"b": VALUE} over a whole configuration, by the parser and by the schema. */
struct verdict {
	bool parser;
	bool schema;
};

static inline struct verdict judge(const char *settings)
{
	struct err_list errors = {0};
	struct config_layer one = layer("1", settings);
	json_t *schema = config_schema(NULL);
	json_t *value = json_loads(settings, 0, NULL);

	ck_assert_msg(value != NULL, "%s is no JSON", settings);
	struct verdict verdict = {.parser = config_check(&one, 1, &errors) == 0,
		.schema = is_valid(schema, value)};
	err_list_free(&errors);
	json_decref(schema);
	json_decref(value);
	return verdict;
}

/* Parser and schema agree that the key's value is right or wrong. */
static inline void expect_key(const char *section, const char *key, const char *value, bool right)
{
	/* Maps and objects: the section they are in, and the name of an entry. */
	static const char *const maps[][3] = {{"links", "", "\"eth1\": {"},
		{"vlans", "\"batadv\": {", "\"7\": {"}, {"search", "\"bmx7\": {", "\"a\": {"},
		{"redistribute", "\"babeld\": {", "\"a\": {"}, {"hosts", "\"dhcp\": {", "\"a\": {"},
		{"uplinks", "", "\"wan0\": {"}, {"need", "\"probes\": {", ""}};
	const char *before = "";
	const char *entry = "";
	char settings[1024];

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		if (strcmp(section, maps[i][0]) == 0) {
			before = maps[i][1];
			entry = maps[i][2];
		}
	}
	snprintf(settings, sizeof(settings), "{%s\"%s\": {%s\"%s\": %s}%s%s}", before, section,
		entry, key, value, entry[0] != '\0' ? "}" : "", before[0] != '\0' ? "}" : "");
	struct verdict verdict = judge(settings);
	ck_assert_msg(verdict.parser == right, "parser: %s", settings);
	ck_assert_msg(verdict.schema == right, "schema: %s", settings);
}

#endif
