/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON Schema of the table of keys. null is right everywhere a key is, see RFC 7396. */
#include <stdio.h>

#include "core/config_keys.h"

static json_t *members_schema(const struct config_key *parent, const json_t *profile);

/* Sets unless memory has ended before: then schema is NULL, and so it stays. */
static void put(json_t **schema, const char *name, json_t *value)
{
	if (json_object_set_new(*schema, name, value) < 0) {
		json_decref(*schema);
		*schema = NULL;
	}
}

static void put_text(json_t **schema, const char *name, const char *text)
{
	put(schema, name, json_string(text));
}

static void put_types(json_t **schema, const char *first, const char *second)
{
	json_t *types = json_array();

	json_array_append_new(types, json_string(first));
	if (second != NULL) {
		json_array_append_new(types, json_string(second));
	}
	json_array_append_new(types, json_string("null"));
	put(schema, "type", types);
}

static void put_range(json_t **schema, const struct config_key *key)
{
	put(schema, "minimum", json_integer(key->minimum));
	put(schema, "maximum", json_integer(key->maximum));
}

static json_t *words_array(const struct config_key *key)
{
	json_t *words = json_array();

	for (size_t i = 0; i < key->word_count; i++) {
		json_array_append_new(words, json_string(key->words[i].word));
	}
	return words;
}

static void put_list(json_t **schema, const struct config_key *key)
{
	json_t *item = json_object();

	put_text(&item, "type", "string");
	put_types(schema, "array", NULL);
	if (key->kind == CONFIG_FLAGS) {
		put(&item, "enum", words_array(key));
		put(schema, "maxItems", json_integer((json_int_t)key->word_count));
	} else {
		put_text(&item, "pattern", key->pattern);
		put(schema, "maxItems", json_integer(key->maximum));
	}
	put(schema, "items", item);
	put(schema, "uniqueItems", json_true());
}

static void put_map(json_t **schema, const struct config_key *key)
{
	json_t *names = json_object();
	json_t *entry = json_object();

	put_text(&names, "pattern", key->pattern);
	put_types(schema, "object", NULL);
	put(schema, "maxProperties", json_integer(key->maximum));
	put(schema, "propertyNames", names);
	put_types(&entry, "object", NULL);
	/* What entries the profile has is no default of another one. */
	put(&entry, "properties", members_schema(key, NULL));
	put(&entry, "additionalProperties", json_false());
	put(schema, "additionalProperties", entry);
}

/* "^(auto|inherit)$" */
static void put_words_pattern(json_t **schema, const struct config_key *key)
{
	char pattern[128] = "";
	size_t length = 0;

	for (size_t i = 0; i < key->word_count && length < sizeof(pattern); i++) {
		length += (size_t)snprintf(pattern + length, sizeof(pattern) - length, "%s%s",
			i == 0 ? "^(" : "|", key->words[i].word);
	}
	put(schema, "pattern", json_sprintf("%s)$", pattern));
}

static void put_taken(json_t **schema, const struct config_key *key)
{
	json_t *none = json_object();
	json_t *numbers = json_array();

	for (size_t i = 0; i < key->taken_count; i++) {
		json_array_append_new(numbers, json_integer(key->taken[i]));
	}
	put(&none, "enum", numbers);
	put(schema, "not", none);
}

static void put_number(json_t **schema, const struct config_key *key)
{
	put_types(schema, "integer", key->word_count > 0 ? "string" : NULL);
	put_range(schema, key);
	if (key->taken_count > 0) {
		put_taken(schema, key);
	}
	if (key->word_count > 0) {
		put_words_pattern(schema, key);
	}
}

static void put_text_rules(json_t **schema, const struct config_key *key)
{
	put_types(schema, "string", NULL);
	/* The parser counts bytes, a schema characters: never more. */
	put(schema, "minLength", json_integer(key->minimum));
	put(schema, "maxLength", json_integer(key->maximum));
	if (key->pattern != NULL) {
		put_text(schema, "pattern", key->pattern);
	}
}

static void put_rules(json_t **schema, const struct config_key *key, const json_t *profile)
{
	json_t *words;

	switch (key->kind) {
	case CONFIG_OBJECT:
		put_types(schema, "object", NULL);
		put(schema, "properties", members_schema(key, profile));
		put(schema, "additionalProperties", json_false());
		break;
	case CONFIG_MAP:
		put_map(schema, key);
		break;
	case CONFIG_LIST:
	case CONFIG_FLAGS:
		put_list(schema, key);
		break;
	case CONFIG_BOOL:
		put_types(schema, "boolean", NULL);
		break;
	case CONFIG_NUMBER:
		put_number(schema, key);
		break;
	case CONFIG_HEX:
		put_types(schema, "integer", "string");
		put_range(schema, key);
		put(schema, "pattern",
			json_sprintf("^0[xX][0-9a-fA-F]{1,%d}$", config_hex_digits(key->maximum)));
		break;
	case CONFIG_BANDWIDTH:
		put_types(schema, "integer", "string");
		put_range(schema, key);
		put(schema, "multipleOf", json_integer(CONFIG_BANDWIDTH_UNIT));
		put_text(schema, "pattern", CONFIG_BANDWIDTH_PATTERN);
		break;
	case CONFIG_WORD:
	case CONFIG_WORD_TEXT:
		words = words_array(key);
		json_array_append_new(words, json_null());
		put(schema, "enum", words);
		break;
	case CONFIG_TEXT:
		put_text_rules(schema, key);
		break;
	case CONFIG_IGNORED:
		put_types(schema, "string", NULL);
		break;
	}
}

static void put_description(json_t **schema, const struct config_key *key)
{
	if (key->kind == CONFIG_BANDWIDTH) {
		put(schema, "description",
			json_sprintf("%s An integer in kbit/s, or a text such as \"10Mbit\" or "
				     "\"500kbit\"; in steps of %d kbit/s.",
				key->doc, CONFIG_BANDWIDTH_UNIT));
	} else if (key->kind == CONFIG_HEX) {
		put(schema, "description",
			json_sprintf("%s An integer, or a text in hexadecimal such as \"0x10\".",
				key->doc));
	} else if (key->unit != NULL) {
		put(schema, "description", json_sprintf("%s In %s.", key->doc, key->unit));
	} else {
		put_text(schema, "description", key->doc);
	}
}

/* An object has those of its keys. */
static void put_default(json_t **schema, const struct config_key *key, json_t *given)
{
	if (key->kind == CONFIG_OBJECT) {
		return;
	}
	if (given != NULL) {
		put(schema, "default", json_deep_copy(given));
	} else if (key->fallback != NULL) {
		put(schema, "default", json_loads(key->fallback, JSON_DECODE_ANY, NULL));
	}
}

/* profile: the object that the default profile has here, or NULL. */
static json_t *members_schema(const struct config_key *parent, const json_t *profile)
{
	json_t *members = json_object();

	for (size_t i = 0; i < parent->child_count; i++) {
		json_t *schema = json_object();

		const struct config_key *key = &parent->children[i];
		json_t *given = json_object_get(profile, key->name);

		put_description(&schema, key);
		put_default(&schema, key, given);
		put_rules(&schema, key, given);
		put(&members, key->name, schema);
	}
	return members;
}

json_t *config_schema(const json_t *profile)
{
	json_t *schema = json_object();

	put_text(&schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
	put_text(&schema, "title", "meshd.json");
	put(&schema, "description",
		json_sprintf("%s A default is what the default profile has.", config_root.doc));
	put_text(&schema, "type", "object");
	put(&schema, "properties", members_schema(&config_root, profile));
	put(&schema, "additionalProperties", json_false());
	return schema;
}
