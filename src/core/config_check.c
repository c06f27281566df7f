/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One layer by itself: known keys, right types, ranges, words and texts. */
#include <stdio.h>
#include <string.h>

#include "core/config_reader.h"

#define SHOWN_SIZE 352 /* all keys of batadv */

struct check {
	const struct config_layer *layer;
	struct err_list *errors;
	struct config_path path;
};

static void check_members(struct check *check, const struct config_key *parent, json_t *object);

/* A number with a fraction as it was written: it may stand for one that is too large. */
static void quote_value(const struct check *check, const json_t *value,
	char written[CONFIG_QUOTE_SIZE])
{
	char number[CONFIG_QUOTE_SIZE * 2] = "";

	config_quote(value, written);
	/* Not for one that is only counted: it reads the text from its start. */
	if (json_is_real(value) && check->errors->count < ERR_LIST_MAX) {
		config_locate_number(check->layer, &check->path, number, sizeof(number));
	}
	if (number[0] != '\0') {
		snprintf(written, CONFIG_QUOTE_SIZE, "%.40s%s", number,
			strlen(number) > 40 ? "..." : "");
	}
}

static bool refuse_as(struct check *check, const json_t *value, const char *right, const char *hint)
{
	char written[CONFIG_QUOTE_SIZE];

	quote_value(check, value, written);
	config_report(check->errors, check->layer, &check->path, CONFIG_AT_VALUE,
		"is %s, must be %s%s", written, right, hint);
	return false;
}

/* hint is added to the end. */
static bool refuse(struct check *check, const struct config_key *key, const json_t *value,
	const char *hint)
{
	char right[SHOWN_SIZE];

	config_key_describe(key, right, sizeof(right));
	return refuse_as(check, value, right, hint);
}

static bool refuse_word(struct check *check, const struct config_key *key, const json_t *value)
{
	const char *near =
		json_is_string(value) ? config_word_nearest(key, json_string_value(value)) : NULL;
	char right[SHOWN_SIZE] = "";
	char hint[80] = "";

	if (near != NULL) {
		snprintf(hint, sizeof(hint), "; did you mean \"%s\"?", near);
	}
	if (key->kind != CONFIG_FLAGS) {
		return refuse(check, key, value, hint);
	}
	config_words_describe(key, right, sizeof(right)); /* the key is a list of such words */
	return refuse_as(check, value, right, hint);
}

static bool is_word(const struct config_key *key, const json_t *value)
{
	return json_is_string(value) && config_word_find(key, json_string_value(value)) != NULL;
}

static bool in_range(const struct config_key *key, int64_t number)
{
	for (size_t i = 0; i < key->taken_count; i++) {
		if (number == key->taken[i]) {
			return false;
		}
	}
	return number >= key->minimum && number <= key->maximum;
}

static bool check_number(struct check *check, const struct config_key *key, const json_t *value)
{
	if (is_word(key, value) ||
		(json_is_integer(value) && in_range(key, json_integer_value(value)))) {
		return true;
	}
	if (json_is_string(value)) {
		const char *text = json_string_value(value);

		if (text[0] != '\0' && strspn(text, "-0123456789") == strlen(text)) {
			return refuse(check, key, value, "; write a number without quotes");
		}
		return refuse_word(check, key, value);
	}
	return refuse(check, key, value, "");
}

static bool check_hex(struct check *check, const struct config_key *key, const json_t *value)
{
	int64_t number = json_integer_value(value);

	if (!json_is_integer(value) &&
		!(json_is_string(value) &&
			config_parse_hex(json_string_value(value), key->maximum, &number))) {
		return refuse(check, key, value, "");
	}
	return in_range(key, number) || refuse(check, key, value, "");
}

static bool check_bandwidth(struct check *check, const struct config_key *key, const json_t *value)
{
	int64_t kbit = json_integer_value(value);

	if (!json_is_integer(value) &&
		!(json_is_string(value) &&
			config_parse_bandwidth(json_string_value(value), &kbit))) {
		return refuse(check, key, value, "");
	}
	return (in_range(key, kbit) && kbit % CONFIG_BANDWIDTH_UNIT == 0) ||
	       refuse(check, key, value, "");
}

/* At most so many has an item of a list, or a name in a map. */
static int64_t item_bytes(const struct config_key *key)
{
	size_t most = key->elements->name_max;

	return most > 0 ? (int64_t)most : CONFIG_NAME_MAX;
}

/* Is this text right for the key? Said at the value, or at the key when the text is one. */
static bool check_text(struct check *check, const struct config_key *key, const char *text,
	enum config_place place)
{
	bool is_item = key->kind != CONFIG_TEXT;
	int64_t least = is_item ? 1 : key->minimum;
	int64_t most = is_item ? item_bytes(key) : key->maximum;
	int64_t length = (int64_t)strlen(text);
	char written[CONFIG_QUOTE_SIZE];
	struct err why = {0};

	if (length < least || length > most) {
		config_quote_name(text, written);
		config_report(check->errors, check->layer, &check->path, place,
			"%s has %lld bytes, it must have %lld to %lld: %s", written,
			(long long)length, (long long)least, (long long)most, key->what);
		return false;
	}
	if (key->check != NULL && !key->check(text, &why)) {
		config_quote_name(text, written);
		config_report(check->errors, check->layer, &check->path, place,
			"%s is not right: %s", written, why.text);
		return false;
	}
	return true;
}

/* Is the array's last checked item there before? Lists are short, see their maximum. */
static bool is_repeated(const json_t *list, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (json_equal(json_array_get(list, i), json_array_get(list, index))) {
			return true;
		}
	}
	return false;
}

static bool check_item(struct check *check, const struct config_key *key, const json_t *list,
	size_t index)
{
	const json_t *item = json_array_get(list, index);
	char written[CONFIG_QUOTE_SIZE];

	if (key->kind == CONFIG_FLAGS && !is_word(key, item)) {
		return refuse_word(check, key, item);
	}
	if (!json_is_string(item)) {
		quote_value(check, item, written);
		config_report(check->errors, check->layer, &check->path, CONFIG_AT_VALUE,
			"is %s, must be a text: %s", written, key->what);
		return false;
	}
	if (is_repeated(list, index)) {
		config_quote(item, written);
		config_report(check->errors, check->layer, &check->path, CONFIG_AT_VALUE,
			"%s is in this list before; remove one", written);
		return false;
	}
	return key->kind == CONFIG_FLAGS ||
	       check_text(check, key, json_string_value(item), CONFIG_AT_VALUE);
}

static bool check_list(struct check *check, const struct config_key *key, const json_t *value)
{
	int64_t most = key->kind == CONFIG_FLAGS ? (int64_t)key->word_count : key->maximum;
	size_t size = json_array_size(value);
	bool all = true;

	if (!json_is_array(value)) {
		return refuse(check, key, value, json_is_string(value) ? "; put it in [ ]" : "");
	}
	if ((int64_t)size > most) {
		config_report(check->errors, check->layer, &check->path, CONFIG_AT_VALUE,
			"has %zu entries, at most %lld are allowed", size, (long long)most);
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		config_path_push_index(&check->path, i);
		all = check_item(check, key, value, i) && all;
		config_path_pop(&check->path);
	}
	return all;
}

static bool check_map(struct check *check, const struct config_key *key, json_t *value)
{
	if (!json_is_object(value)) {
		return refuse(check, key, value, "");
	}
	check_members(check, key, value);
	if ((int64_t)json_object_size(value) > key->maximum) {
		config_report(check->errors, check->layer, &check->path, CONFIG_AT_VALUE,
			"has %zu entries, at most %lld are allowed", json_object_size(value),
			(long long)key->maximum);
		return false;
	}
	return true;
}

/* False when the value is to be taken out. What an object holds is taken out of the object. */
static bool check_value(struct check *check, const struct config_key *key, json_t *value)
{
	switch (key->kind) {
	case CONFIG_OBJECT:
		if (!json_is_object(value)) {
			return refuse(check, key, value, "");
		}
		check_members(check, key, value);
		return true;
	case CONFIG_MAP:
		return check_map(check, key, value);
	case CONFIG_LIST:
	case CONFIG_FLAGS:
		return check_list(check, key, value);
	case CONFIG_BOOL:
		return json_is_boolean(value) || refuse(check, key, value, "");
	case CONFIG_NUMBER:
		return check_number(check, key, value);
	case CONFIG_HEX:
		return check_hex(check, key, value);
	case CONFIG_BANDWIDTH:
		return check_bandwidth(check, key, value);
	case CONFIG_WORD:
	case CONFIG_WORD_TEXT:
		return is_word(key, value) || refuse_word(check, key, value);
	case CONFIG_TEXT:
		if (!json_is_string(value)) {
			return refuse(check, key, value, "");
		}
		return is_word(key, value) ||
		       check_text(check, key, json_string_value(value), CONFIG_AT_VALUE);
	case CONFIG_IGNORED:
		return json_is_string(value) || refuse(check, key, value, "");
	}
	return false;
}

/* The names of the object's keys, as many whole ones as fit. */
static void list_keys(const struct config_key *parent, char *text, size_t size)
{
	static const char more[] = ", ...";

	text[0] = '\0';
	for (size_t i = 0; i < parent->child_count; i++) {
		const char *name = parent->children[i].name;
		bool is_last = i + 1 == parent->child_count;
		size_t room = size - strlen(text) - (is_last ? 0 : strlen(more));

		if (strlen(name) + strlen(", ") >= room) {
			text_append(text, size, "%s", more);
			return;
		}
		text_append(text, size, "%s%s", i == 0 ? "" : ", ", name);
	}
}

/* Where a key belongs that is on the outermost level: people forget a level of braces. */
struct homes {
	const char *name;
	const char *known; /* as the table has it */
	char text[SHOWN_SIZE];
	size_t count;
	char last[96]; /* not in text yet: "or" comes before the last one */
};

/* "into \"batadv\"", "into an entry of \"links\"" */
static void add_home(struct homes *homes, const struct config_key *home, const char *section)
{
	const char *known = config_key_same(home, homes->name);

	if (known == NULL) {
		return;
	}
	if (homes->count > 0) {
		text_append(homes->text, sizeof(homes->text), "%s%s", homes->count > 1 ? ", " : "",
			homes->last);
	}
	snprintf(homes->last, sizeof(homes->last), "into %s\"%s%s%s\"",
		home->kind == CONFIG_MAP ? "an entry of " : "", section,
		section[0] != '\0' ? "." : "", home->name);
	homes->known = known;
	homes->count++;
}

static void find_homes(struct homes *homes)
{
	for (size_t i = 0; i < config_root.child_count; i++) {
		const struct config_key *section = &config_root.children[i];

		add_home(homes, section, "");
		for (size_t j = 0; j < section->child_count; j++) {
			add_home(homes, &section->children[j], section->name);
		}
	}
	if (homes->count > 0) {
		text_append(homes->text, sizeof(homes->text), "%s%s",
			homes->count > 1 ? " or " : "", homes->last);
	}
}

static void hint_unknown(const struct config_key *parent, const char *name, char *hint, size_t size)
{
	const char *near = config_key_nearest(parent, name);
	struct homes homes = {.name = name};
	char known[SHOWN_SIZE];

	if (parent == &config_root && config_key_same(parent, name) == NULL) {
		find_homes(&homes);
	}
	if (homes.count > 0) {
		bool is_same = strcmp(homes.known, name) == 0;

		snprintf(hint, size, "; it belongs %s%s%s%s", homes.text, is_same ? "" : " as \"",
			is_same ? "" : homes.known, is_same ? "" : "\"");
	} else if (near != NULL) {
		snprintf(hint, size, "; did you mean \"%s\"?", near);
	} else {
		list_keys(parent, known, sizeof(known));
		snprintf(hint, size, "; known here: %s", known);
	}
}

static void report_unknown(struct check *check, const struct config_key *parent, const char *name)
{
	char written[CONFIG_QUOTE_SIZE];
	char hint[SHOWN_SIZE + 96] = "";

	config_quote_name(name, written);
	if (check->errors->count < ERR_LIST_MAX) { /* else it is only counted */
		hint_unknown(parent, name, hint, sizeof(hint));
	}
	config_report(check->errors, check->layer, &check->path, CONFIG_AT_KEY, "unknown key %s%s",
		written, hint);
}

/* An entry of a map: its name, and the object of its settings. */
static bool check_entry(struct check *check, const struct config_key *map, const char *name,
	json_t *value)
{
	char written[CONFIG_QUOTE_SIZE];

	if (!check_text(check, map, name, CONFIG_AT_KEY)) {
		return false;
	}
	if (json_is_null(value)) {
		return true;
	}
	if (!json_is_object(value)) {
		quote_value(check, value, written);
		config_report(check->errors, check->layer, &check->path, CONFIG_AT_VALUE,
			"is %s, must be an object, { } when nothing is to be set", written);
		return false;
	}
	/* The entry's keys are the map's children, as an object's are. */
	struct config_key entry = {.kind = CONFIG_OBJECT,
		.children = map->children,
		.child_count = map->child_count};
	check_members(check, &entry, value);
	return true;
}

static bool check_member(struct check *check, const struct config_key *parent, const char *name,
	json_t *value)
{
	if (parent->kind == CONFIG_MAP) {
		return check_entry(check, parent, name, value);
	}
	const struct config_key *key = config_key_find(parent, name);

	if (key == NULL) {
		report_unknown(check, parent, name);
		return false;
	}
	return json_is_null(value) || check_value(check, key, value);
}

/* Not deeper than the table of keys: objects that it does not know are not entered. */
static void check_members(struct check *check, const struct config_key *parent, json_t *object)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value)
	{
		config_path_push_key(&check->path, name);
		bool is_right = check_member(check, parent, name, value);
		config_path_pop(&check->path);
		if (!is_right) {
			json_object_del(object, name);
		}
	}
}

void config_check_tree(const struct config_layer *layer, json_t *tree, struct err_list *errors)
{
	struct check check = {.layer = layer, .errors = errors};

	check_members(&check, &config_root, tree);
}
