/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of keys, the schema, and what is stored: all know the same keys.
 * With MESHD_WRITE_SCHEMA set, the test writes conf/meshd.schema.json instead of comparing it. */
#include <inttypes.h>
#include <linux/batman_adv.h>
#include <linux/if_ether.h>
#include <regex.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "core/config_keys.h"
#include "unit/config_reading.h"

#define SCHEMA SOURCE_DIR "/conf/meshd.schema.json"

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	ck_assert_msg(file != NULL, "%s is missing", path);
	ck_assert_int_ge(getdelim(&text, &size, '\0', file), 0);
	fclose(file);
	return text;
}

/* A validator for the words of JSON Schema that config_schema() uses; others fail the test. */
static bool is_valid(const json_t *schema, const json_t *value);

static bool type_matches(const char *type, const json_t *value)
{
	return (strcmp(type, "object") == 0 && json_is_object(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value)) ||
	       (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
	       (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
	       (strcmp(type, "null") == 0 && json_is_null(value));
}

static bool any_matches(const json_t *list, const json_t *value, bool types)
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

static bool pattern_matches(const char *pattern, const char *text)
{
	regex_t regex;

	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

static bool members_match(const json_t *schema, const char *word, const json_t *rule, json_t *value)
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

static bool items_match(const json_t *rule, const json_t *list)
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

static bool items_differ(const json_t *list)
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

static bool rule_holds(const json_t *schema, const char *word, const json_t *rule,
	const json_t *value)
{
	json_int_t bound = json_integer_value(rule);
	json_int_t number = json_integer_value(value);

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

static bool is_valid(const json_t *schema, const json_t *value)
{
	static const char *const known[] = {"$schema", "title", "description", "type", "enum",
		"minimum", "maximum", "multipleOf", "pattern", "minLength", "maxLength", "items",
		"maxItems", "uniqueItems", "maxProperties", "properties", "propertyNames",
		"additionalProperties"};
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

START_TEST(test_schema_file)
{
	json_t *schema = config_schema();
	CLEANUP(cleanup_free) char *made = json_dumps(schema, JSON_INDENT(2));

	ck_assert_ptr_nonnull(made);
	json_decref(schema);
	if (getenv("MESHD_WRITE_SCHEMA") != NULL) {
		FILE *file = fopen(SCHEMA, "w");
		ck_assert_ptr_nonnull(file);
		fprintf(file, "%s\n", made);
		ck_assert_int_eq(fclose(file), 0);
		return;
	}
	CLEANUP(cleanup_free) char *there = read_all(SCHEMA);
	ck_assert_msg(strncmp(made, there, strlen(made)) == 0 && strlen(there) == strlen(made) + 1,
		"%s is not what config_schema() gives; run this test with "
		"MESHD_WRITE_SCHEMA=1 in the environment",
		SCHEMA);
}
END_TEST

/* "a": {"b": VALUE} over a whole configuration, by the parser and by the schema. */
struct verdict {
	bool parser;
	bool schema;
};

static struct verdict judge(const char *settings)
{
	struct err_list errors = {0};
	struct config_layer one = layer("1", settings);
	json_t *schema = config_schema();
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
static void expect_key(const char *section, const char *key, const char *value, bool right)
{
	char settings[512];

	snprintf(settings, sizeof(settings),
		strcmp(section, "links") == 0   ? "{\"%s\": {\"eth1\": {\"%s\": %s}}}"
		: strcmp(section, "vlans") == 0 ? "{\"batadv\": {\"%s\": {\"7\": {\"%s\": %s}}}}"
						: "{\"%s\": {\"%s\": %s}}",
		section, key, value);
	struct verdict verdict = judge(settings);
	ck_assert_msg(verdict.parser == right, "parser: %s", settings);
	ck_assert_msg(verdict.schema == right, "schema: %s", settings);
}

static void expect_bounds(const char *section, const struct config_key *key)
{
	int64_t step = key->kind == CONFIG_BANDWIDTH ? CONFIG_BANDWIDTH_UNIT : 1;
	const struct {
		int64_t number;
		bool right;
	} numbers[] = {{key->minimum - step, false}, {key->minimum, true}, {key->maximum, true},
		{key->maximum + step, false}, {key->minimum + 1, step == 1}};
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		snprintf(text, sizeof(text), "%" PRId64, numbers[i].number);
		expect_key(section, key->name, text, numbers[i].right);
	}
}

static void expect_words(const char *section, const struct config_key *key)
{
	char text[64];

	for (size_t i = 0; i < key->word_count; i++) {
		bool listed = key->kind == CONFIG_FLAGS;
		snprintf(text, sizeof(text), listed ? "[\"%s\"]" : "\"%s\"", key->words[i].word);
		expect_key(section, key->name, text, true);
		snprintf(text, sizeof(text), listed ? "[\"%s?\"]" : "\"%s?\"", key->words[i].word);
		expect_key(section, key->name, text, false);
	}
}

/* What the key's kind takes, and what it does not. */
static void expect_types(const char *section, const struct config_key *key)
{
	bool number = key->kind == CONFIG_NUMBER || key->kind == CONFIG_HEX ||
		      key->kind == CONFIG_BANDWIDTH;
	bool list = key->kind == CONFIG_LIST || key->kind == CONFIG_FLAGS;

	expect_key(section, key->name, "null", true);
	expect_key(section, key->name, "true", key->kind == CONFIG_BOOL);
	expect_key(section, key->name, "false", key->kind == CONFIG_BOOL);
	expect_key(section, key->name, "1500.5", false);
	expect_key(section, key->name, "[]", list);
	expect_key(section, key->name, "[3]", false);
	expect_key(section, key->name, "{}", key->kind == CONFIG_MAP);
	expect_key(section, key->name, "\"?/ ?\"", strcmp(key->name, "ssid") == 0);
	expect_key(section, key->name, "\"\"", false);
	if (!number) {
		expect_key(section, key->name, "1", false);
	}
}

static size_t expect_section(const char *section, const struct config_key *parent)
{
	size_t keys = 0;

	for (size_t i = 0; i < parent->child_count; i++) {
		const struct config_key *key = &parent->children[i];

		expect_types(section, key);
		expect_words(section, key);
		if (key->kind == CONFIG_NUMBER || key->kind == CONFIG_HEX ||
			key->kind == CONFIG_BANDWIDTH) {
			expect_bounds(section, key);
		}
		if (key->kind == CONFIG_MAP) {
			keys += expect_section(key->name, key);
		}
		keys++;
	}
	return keys;
}

START_TEST(test_every_key)
{
	size_t keys = 0;

	for (size_t i = 0; i < config_root.child_count; i++) {
		const struct config_key *key = &config_root.children[i];
		keys += expect_section(key->name, key);
	}
	ck_assert_uint_eq(keys, 2 + 5 + 5 + 6 + 5 + 23 + 1 + 3 + 3);
}
END_TEST

/* Every setting that batman-adv has is a key of that name. */
START_TEST(test_every_setting)
{
	const struct config_key *batadv = config_key_find(&config_root, "batadv");
	const struct config_key *links = config_key_find(&config_root, "links");
	const struct object_class *mesh = &object_classes[OBJECT_MESH];
	const struct object_class *hardif = &object_classes[OBJECT_HARDIF];

	ck_assert_uint_eq(mesh->field_count, MESH_FIELD_COUNT);
	for (size_t i = 0; i < mesh->field_count; i++) {
		const struct config_key *key = config_key_find(batadv, mesh->fields[i].name);
		ck_assert_msg(key != NULL && key->is_setting && key->has_bit == i &&
				      key->size == mesh->fields[i].size,
			"batadv.%s", mesh->fields[i].name);
	}
	for (size_t i = 0; i < hardif->field_count; i++) {
		const struct config_key *key = config_key_find(links, hardif->fields[i].name);
		ck_assert_msg(key != NULL && key->is_setting && key->has_bit == i &&
				      key->size == hardif->fields[i].size,
			"links.%s", hardif->fields[i].name);
	}
}
END_TEST

START_TEST(test_texts)
{
	static const struct {
		const char *section, *key, *value;
		bool right;
	} cases[] = {
		{"batadv", "isolation_mark", "\"0x10\"", true},
		{"batadv", "isolation_mark", "\"0xFFffFFff\"", true},
		{"batadv", "isolation_mark", "\"0x1ffffffff\"", false},
		{"batadv", "isolation_mark", "\"10\"", false},
		{"batadv", "isolation_mark", "\"0x\"", false},
		{"batadv", "log_level", "\"0xff\"", true},
		{"batadv", "log_level", "\"0x100\"", false},
		{"batadv", "gw_bandwidth_up", "\"10Mbit\"", true},
		{"batadv", "gw_bandwidth_up", "\"1.5Mbit\"", true},
		{"batadv", "gw_bandwidth_up", "\"500kbit\"", true},
		{"batadv", "gw_bandwidth_up", "\"429Gbit\"", true},
		{"batadv", "gw_bandwidth_up", "\"10 Mbit\"", false},
		{"batadv", "gw_bandwidth_up", "\"10M\"", false},
		{"batadv", "gw_bandwidth_up", "\"1.25Mbit\"", false},
		{"batadv", "gw_bandwidth_up", "\"-1Mbit\"", false},
		{"links", "protocols", "[\"batadv\", \"bmx7\", \"babeld\"]", true},
		{"links", "protocols", "[\"batadv\", \"batadv\"]", false},
		{"lan", "ports", "[\"eth0\", \"wlan*\", \"[el]*\"]", true},
		{"lan", "ports", "[\"eth0\", \"eth0\"]", false},
		{"lan", "ports", "[\"\"]", false},
		{"lan", "bridge", "\"a.very-long_one\"", true},
		{"lan", "bridge", "\"a.very-long_one1\"", false},
		{"lan", "bridge", "\"br lan\"", false},
		{"batadv", "vlans", "{\"1\": {}, \"4094\": null}", true},
		{"batadv", "vlans", "{\"0\": {}}", false},
		{"batadv", "vlans", "{\"01\": {}}", false},
		{"batadv", "vlans", "{\"4095\": {}}", false},
		{"batadv", "vlans", "{\"x\": null}", false},
		{"batadv", "vlans", "{\"1\": 3}", false},
		{"batadv", "vlans", "{\"1\": {\"x\": 3}}", false},
		{"node", "hostname", "\"roof-%M5%m6\"", true},
		{"node", "hostname", "\"under_score\"", false},
		{"node", "hostname", "\"%N1\"", false},
		{"node", "primary_link", "\"eth*\"", false},
		{"cloud", "ipv4", "\"10.%N1.%M5.0/16/24\"", true},
		{"cloud", "ipv6", "\"fd%N1::/64\"", true},
		{"anycast", "mac", "\"02:00:00:%N1:%N2:00\"", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		expect_key(cases[i].section, cases[i].key, cases[i].value, cases[i].right);
	}
	/* What only the parser sees. */
	struct verdict verdict = judge("{\"batadv\": {\"gw_bandwidth_up\": \"150kbit\"}}");
	ck_assert(!verdict.parser && verdict.schema);
	verdict = judge("{\"batadv\": {\"gw_bandwidth_up\": \"430000Gbit\"}}");
	ck_assert(!verdict.parser && verdict.schema);
	verdict = judge("{\"batadv\": {\"gw_bandwidth_up\": \"0.1kbit\"}}");
	ck_assert(!verdict.parser && verdict.schema);
}
END_TEST

static void expect_stored(const char *settings, const void *value, size_t offset, size_t size)
{
	struct reading reading = read_texts(SSID, settings, NULL);

	expect_ok(&reading);
	ck_assert_msg(memcmp((const char *)&reading.config + offset, value, size) == 0, "%s",
		settings);
	reading_free(&reading);
}

#define STORED(settings, type, member, number)                                                     \
	do {                                                                                       \
		type expected = (number);                                                          \
		_Static_assert(sizeof(expected) == sizeof(((struct config *)0)->member), "size");  \
		expect_stored(settings, &expected, offsetof(struct config, member),                \
			sizeof(expected));                                                         \
	} while (0)

/* Each value of each kind arrives in its member; the numbers differ, so does a swapped member. */
START_TEST(test_stored)
{
	STORED("{\"batadv\": {\"isolation_mark\": \"0xfedcba98\"}}", uint32_t,
		batadv.settings.isolation_mark, 0xfedcba98);
	STORED("{\"batadv\": {\"isolation_mask\": 4294967295}}", uint32_t,
		batadv.settings.isolation_mask, 0xffffffff);
	STORED("{\"batadv\": {\"gw_bandwidth_down\": 12300}}", uint32_t,
		batadv.settings.gw_bandwidth_down, 123);
	STORED("{\"batadv\": {\"gw_bandwidth_up\": \"1.5Mbit\"}}", uint32_t,
		batadv.settings.gw_bandwidth_up, 15);
	STORED("{\"batadv\": {\"gw_mode\": \"client\"}}", uint8_t, batadv.settings.gw_mode,
		BATADV_GW_MODE_CLIENT);
	STORED("{\"batadv\": {\"hop_penalty\": 255}}", uint8_t, batadv.settings.hop_penalty, 255);
	STORED("{\"batadv\": {\"log_level\": 129}}", uint32_t, batadv.settings.log_level, 129);
	STORED("{\"batadv\": {\"orig_interval\": 2147483647}}", uint32_t,
		batadv.settings.orig_interval, INT32_MAX);
	STORED("{\"batadv\": {\"multicast_fanout\": 4294967295}}", uint32_t,
		batadv.settings.multicast_fanout, UINT32_MAX);
	STORED("{\"batadv\": {\"network_coding\": true}}", uint8_t, batadv.settings.network_coding,
		1);
	STORED("{\"batadv\": {\"mtu\": 65535}}", int, batadv.mtu, 65535);
	STORED("{\"cloud\": {\"vlan\": 0}}", int, cloud.vlan, 0);
	STORED("{\"cloud\": {\"vlan_protocol\": \"802.1ad\"}}", uint16_t, cloud.vlan_protocol,
		ETH_P_8021AD);
	STORED("{\"bmx7\": {\"mtu\": \"inherit\"}}", int, bmx7.mtu, MTU_INHERIT);
	STORED("{\"babeld\": {\"mtu\": 1400}}", int, babeld.mtu, 1400);
	STORED("{\"babeld\": {\"enabled\": false}}", bool, babeld.enabled, false);
	STORED("{\"lan\": {\"stp\": true}}", bool, lan.stp, true);
	STORED("{\"lan\": {\"multicast_snooping\": false}}", bool, lan.multicast_snooping, false);
	STORED("{\"lan\": {\"multicast_querier\": true}}", bool, lan.multicast_querier, true);
}
END_TEST

START_TEST(test_stored_links)
{
	struct reading reading = read_texts(SSID,
		"{\"links\": {\"wlan*\": {\"protocols\": [\"babeld\", \"bmx7\"], \"mtu\": 1600, "
		"\"hop_penalty\": 1, \"elp_interval\": 20, \"throughput_override\": \"20Mbit\"}, "
		"\"eth1\": {\"protocols\": []}}}",
		NULL);
	const struct link_config *link = reading.config.links;

	expect_ok(&reading);
	ck_assert_uint_eq(reading.config.link_count, 2);
	ck_assert_str_eq(link->name, "wlan*");
	ck_assert_uint_eq(link->protocols, PROTOCOL_BABELD | PROTOCOL_BMX7);
	ck_assert_int_eq(link->mtu, 1600);
	ck_assert_uint_eq(link->hardif.hop_penalty, 1);
	ck_assert_uint_eq(link->hardif.elp_interval, 20);
	ck_assert_uint_eq(link->hardif.throughput_override, 200);
	ck_assert_uint_eq(link[1].protocols, 0);
	reading_free(&reading);
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_schema_file, test_every_key, test_every_setting,
		test_texts, test_stored, test_stored_links};
	Suite *suite = suite_create("config_schema");
	TCase *tcase = tcase_create("config_schema");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
