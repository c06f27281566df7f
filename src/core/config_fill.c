/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the merged and checked tree to struct config, by the table of keys. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/config_reader.h"
#include "core/json_text.h"

static int fill_members(const struct config_key *parent, const json_t *object, void *base);

static void store(void *base, const struct config_key *key, int64_t number)
{
	void *to = (char *)base + key->offset;

	if (key->size == sizeof(uint8_t)) {
		uint8_t value = (uint8_t)number;
		memcpy(to, &value, sizeof(value));
	} else if (key->size == sizeof(uint16_t)) {
		uint16_t value = (uint16_t)number;
		memcpy(to, &value, sizeof(value));
	} else if (key->size == sizeof(int64_t)) {
		memcpy(to, &number, sizeof(number));
	} else {
		/* int and uint32_t alike: the low bytes of two's complement */
		uint32_t value = (uint32_t)number;
		memcpy(to, &value, sizeof(value));
	}
}

static int64_t number_of(const struct config_key *key, const json_t *value)
{
	int64_t number = json_integer_value(value);

	if (json_is_boolean(value)) {
		number = json_is_true(value);
	} else if (json_is_string(value)) {
		const char *text = json_string_value(value);
		const struct config_word *word = config_word_find(key, text);

		if (word != NULL) {
			number = word->value;
		} else if (key->kind == CONFIG_BANDWIDTH) {
			config_parse_bandwidth(text, &number);
		} else {
			config_parse_hex(text, key->maximum, &number);
		}
	}
	return key->kind == CONFIG_BANDWIDTH ? number / CONFIG_BANDWIDTH_UNIT : number;
}

static int64_t flags_of(const struct config_key *key, const json_t *list)
{
	int64_t flags = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		flags |= config_word_find(key, word)->value;
	}
	return flags;
}

static void store_text(void *base, const struct config_key *key, const json_t *value)
{
	const char *text = json_string_value(value);
	bool is_word = key->kind == CONFIG_TEXT && config_word_find(key, text) != NULL;
	char *member = (char *)base + key->offset;

	if (key->store != NULL && !is_word) {
		key->store(member, text);
	} else {
		text_copy(member, key->size, is_word ? "" : text);
	}
}

/* Makes the array of a map or list; its elements are named and zero else. NULL when memory ends. */
static char *store_array(void *base, const struct config_key *key, size_t count)
{
	char *array = calloc(count + 1, key->elements->size);

	if (array != NULL) {
		memcpy((char *)base + key->offset, &array, sizeof(array));
		memcpy((char *)base + key->elements->count_offset, &count, sizeof(count));
	}
	return array;
}

static int fill_list(const struct config_key *key, const json_t *list, void *base)
{
	size_t count = json_array_size(list);
	char *element = store_array(base, key, count);

	for (size_t i = 0; element != NULL && i < count; i++) {
		key->elements->set_name(element, json_string_value(json_array_get(list, i)));
		element += key->elements->size;
	}
	return element != NULL ? 0 : -ENOMEM;
}

static int fill_map(const struct config_key *key, json_t *map, void *base)
{
	char *element = store_array(base, key, json_object_size(map));
	const char *name;
	json_t *value;

	if (element == NULL) {
		return -ENOMEM;
	}
	json_object_foreach (map, name, value) {
		key->elements->set_name(element, name);
		int result = fill_members(key, value, element);
		if (result < 0) {
			return result;
		}
		element += key->elements->size;
	}
	return 0;
}

static int fill_value(const struct config_key *key, json_t *value, void *base)
{
	switch (key->kind) {
	case CONFIG_OBJECT:
		return fill_members(key, value, base);
	case CONFIG_MAP:
		return fill_map(key, value, base);
	case CONFIG_LIST:
		return fill_list(key, value, base);
	case CONFIG_FLAGS:
		store(base, key, flags_of(key, value));
		break;
	case CONFIG_BOOL:
	case CONFIG_NUMBER:
	case CONFIG_HEX:
	case CONFIG_BANDWIDTH:
	case CONFIG_WORD:
		store(base, key, number_of(key, value));
		break;
	case CONFIG_WORD_TEXT:
	case CONFIG_TEXT:
		store_text(base, key, value);
		break;
	case CONFIG_IGNORED:
		break;
	}
	if (key->is_setting) {
		struct object_head *head = (void *)((char *)base + key->head_offset);
		head->has |= FIELD_BIT(key->has_bit);
	}
	return 0;
}

/* A fallback as a value. There are a hundred, nearly all of them one word; a parser made anew for
 * each was a fifth of the way from the start to the first operation. */
static json_t *parse_fallback(const char *text)
{
	size_t length = strlen(text);
	char *end;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		return json_boolean(text[0] == 't');
	}
	if (length >= 2 && text[0] == '"' && strchr(text, '\\') == NULL) {
		return json_stringn(text + 1, length - 2);
	}
	long long number = strtoll(text, &end, 10);

	if (end != text && *end == '\0') {
		return json_integer(number);
	}
	return json_loads(text, JSON_DECODE_ANY, NULL);
}

/* value NULL: no layer gives the key. */
static int fill_key(const struct config_key *key, json_t *value, void *base)
{
	if (value != NULL) {
		return fill_value(key, value, base);
	}
	if (key->fallback != NULL) {
		CLEANUP(cleanup_json)
		json_t *fallback = parse_fallback(key->fallback);
		return fallback != NULL ? fill_value(key, fallback, base) : -ENOMEM;
	}
	/* An object that is not given still has its keys' fallbacks. */
	return key->kind == CONFIG_OBJECT ? fill_members(key, NULL, base) : 0;
}

static int fill_members(const struct config_key *parent, const json_t *object, void *base)
{
	int result = 0;

	for (size_t i = 0; i < parent->child_count && result == 0; i++) {
		const struct config_key *key = &parent->children[i];
		result = fill_key(key, json_object_get(object, key->name), base);
	}
	return result;
}

/* batman-adv's own defaults, which differ by algorithm and so are in no profile. */
static void fill_gw_sel_class(struct config *config)
{
	struct mesh *settings = &config->batadv.settings;

	if (!object_has(settings, MESH_GW_SEL_CLASS)) {
		bool is_v = strcmp(config->batadv.algorithm, "BATMAN_V") == 0;
		object_give(settings, MESH_GW_SEL_CLASS, gw_sel_class, is_v ? 50 : 20);
	}
}

int config_fill(const json_t *tree, struct config *config)
{
	int result = fill_members(&config_root, tree, config);

	if (result == 0) {
		fill_gw_sel_class(config);
	}
	return result;
}
