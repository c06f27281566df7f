/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of keys, the schema, and what is stored: all know the same keys.
 * With MESHD_WRITE_SCHEMA set, the test writes conf/meshd.schema.json instead of comparing it. */
#include <inttypes.h>
#include <linux/batman_adv.h>
#include <linux/if_ether.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "core/config_keys.h"
#include "core/gateway.h"
#include "unit/config_judge.h"

#define SCHEMA  SOURCE_DIR "/conf/meshd.schema.json"
#define PROFILE SOURCE_DIR "/conf/profiles/default.json"

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

static json_t *load_profile(void)
{
	json_t *profile = json_load_file(PROFILE, 0, NULL);

	ck_assert_msg(profile != NULL, "%s", PROFILE);
	return profile;
}

START_TEST(test_schema_file)
{
	json_t *profile = load_profile();
	json_t *schema = config_schema(profile);
	CLEANUP(cleanup_free) char *made = json_dumps(schema, JSON_INDENT(2));

	ck_assert_ptr_nonnull(made);
	json_decref(schema);
	json_decref(profile);
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
	expect_key(section, key->name, "{}", key->kind == CONFIG_MAP || key->kind == CONFIG_OBJECT);
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
		if (key->kind == CONFIG_MAP || key->kind == CONFIG_OBJECT) {
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
	ck_assert_uint_eq(keys,
		2 + 5 + 5 + 6 + 5 + 23 + 1 + (8 + 2) + (9 + 2) + 7 + (12 + 3) + 9 + (16 + 4) + 11);
}
END_TEST

static json_t *members_of(const json_t *schema)
{
	const json_t *entry = json_object_get(schema, "additionalProperties");

	return json_object_get(json_is_object(entry) ? entry : schema, "properties");
}

/* The default is what is in force where nothing but the default profile is below: its value, or the
 * table's. section: NULL for keys of the outermost level, whose values are not tried. */
static size_t expect_default(const char *section, const struct config_key *key,
	const json_t *schema, const json_t *in_profile)
{
	const json_t *shown = json_object_get(schema, "default");
	json_t *fallback =
		key->fallback == NULL ? NULL : json_loads(key->fallback, JSON_DECODE_ANY, NULL);
	const json_t *expected = in_profile != NULL ? in_profile : fallback;

	if (key->kind == CONFIG_OBJECT) {
		expected = NULL;
	}
	ck_assert_msg(expected == NULL ? shown == NULL : json_equal(expected, shown), "%s",
		key->name);
	json_decref(fallback);
	if (shown == NULL) {
		return 0;
	}
	CLEANUP(cleanup_free) char *text = json_dumps(shown, JSON_ENCODE_ANY);
	if (section != NULL) {
		expect_key(section, key->name, text, true);
	}
	return 1;
}

static size_t expect_defaults(const char *section, const struct config_key *parent,
	const json_t *schema, const json_t *profile)
{
	size_t count = 0;

	for (size_t i = 0; i < parent->child_count; i++) {
		const struct config_key *key = &parent->children[i];
		const json_t *own = json_object_get(members_of(schema), key->name);
		const json_t *in_profile = json_object_get(profile, key->name);

		ck_assert_msg(own != NULL, "%s", key->name);
		count += expect_default(section, key, own, in_profile);
		/* The profile's entries of a map are no defaults of others. */
		count += expect_defaults(key->name, key, own,
			key->kind == CONFIG_MAP ? NULL : in_profile);
	}
	return count;
}

START_TEST(test_defaults)
{
	json_t *profile = load_profile();
	json_t *schema = config_schema(profile);
	size_t settings = json_object_size(json_object_get(profile, "batadv"));

	size_t count = expect_defaults(NULL, &config_root, schema, profile);
	json_decref(schema);
	schema = config_schema(NULL);
	size_t without = expect_defaults(NULL, &config_root, schema, NULL);
	json_decref(schema);
	/* The settings of the mesh interface have a value only in a profile; five of the keys
	 * there are none. */
	ck_assert_uint_eq(count - without, settings - 5);
	ck_assert_uint_gt(without, 90);
	json_decref(profile);
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
	STORED("{\"babeld\": {\"supervise\": false}}", bool, babeld.supervise, false);
	STORED("{\"bmx7\": {\"memory_max\": 7}}", int, bmx7.program.memory_max, 7);
	STORED("{\"babeld\": {\"memory_max\": 8}}", int, babeld.program.memory_max, 8);
	STORED("{\"alfred\": {\"memory_max\": 9}}", int, alfred.program.memory_max, 9);
	STORED("{\"dhcp\": {\"memory_max\": 0}}", int, dhcp.program.memory_max, 0);
	STORED("{\"babeld\": {\"link_type\": \"wired\"}}", int, babeld_link_type,
		BABELD_LINK_WIRED);
	STORED("{\"alfred\": {\"enabled\": false}}", bool, alfred.enabled, false);
	STORED("{\"alfred\": {\"role\": \"secondary\"}}", int, alfred.role, ALFRED_ROLE_SECONDARY);
	STORED("{\"alfred\": {\"primaries_max\": 3}}", int, alfred.primaries_max, 3);
	STORED("{\"alfred\": {\"sync_period\": 60000}}", int, alfred.sync_period, 60000);
	STORED("{\"alfred\": {\"type\": 255}}", int, alfred.type, 255);
	STORED("{\"dhcp\": {\"enabled\": false}}", bool, dhcp.enabled, false);
	STORED("{\"dhcp\": {\"lease_time\": 121}}", int, dhcp.lease_time, 121);
	STORED("{\"dhcp\": {\"mtu\": 1281}}", int, dhcp.mtu, 1281);
	STORED("{\"dhcp\": {\"ra\": false}}", bool, dhcp.ra, false);
	STORED("{\"dhcp\": {\"ra_interval\": 5}}", int, dhcp.ra_interval, 5);
	STORED("{\"lan\": {\"stp\": true}}", bool, lan.stp, true);
	STORED("{\"lan\": {\"multicast_snooping\": false}}", bool, lan.multicast_snooping, false);
	STORED("{\"lan\": {\"multicast_querier\": true}}", bool, lan.multicast_querier, true);
}
END_TEST

START_TEST(test_stored_ways)
{
	STORED("{\"probes\": {\"timeout\": 201}}", int, probes.timeout, 201);
	STORED("{\"probes\": {\"interval\": 3600000}}", int, probes.interval, 3600000);
	STORED("{\"probes\": {\"interval_doubtful\": 202}}", int, probes.interval_doubtful, 202);
	STORED("{\"probes\": {\"interval_down\": 1003}}", int, probes.interval_down, 1003);
	STORED("{\"probes\": {\"rise\": 4}}", int, probes.rise, 4);
	STORED("{\"probes\": {\"fall\": 5}}", int, probes.fall, 5);
	STORED("{\"probes\": {\"flap_penalty\": 6}}", int, probes.flap_penalty, 6);
	STORED("{\"probes\": {\"flap_suppress\": 1007}}", int, probes.flap_suppress, 1007);
	STORED("{\"probes\": {\"flap_reuse\": 8}}", int, probes.flap_reuse, 8);
	STORED("{\"probes\": {\"flap_half_life\": 9}}", int, probes.flap_half_life, 9);
	STORED("{\"probes\": {\"need\": {\"ping\": 2}}}", int, probes.need[PROBE_PING], 2);
	STORED("{\"probes\": {\"need\": {\"tcp\": 3}}}", int, probes.need[PROBE_TCP], 3);
	STORED("{\"probes\": {\"need\": {\"dns\": 4}}}", int, probes.need[PROBE_DNS], 4);
	STORED("{\"probes\": {\"need\": {\"http\": 0}}}", int, probes.need[PROBE_HTTP], 0);
	STORED("{\"gateway\": {\"enabled\": false}}", bool, gateway.enabled, false);
	STORED("{\"gateway\": {\"mode\": \"local-only\"}}", int, gateway.mode, GATEWAY_LOCAL_ONLY);
	STORED("{\"gateway\": {\"fallback\": false}}", bool, gateway.fallback, false);
	STORED("{\"gateway\": {\"share\": false}}", bool, gateway.share, false);
	STORED("{\"gateway\": {\"hysteresis\": 1000}}", int, gateway.hysteresis, 1000);
	STORED("{\"gateway\": {\"hold_down\": 0}}", int, gateway.hold_down, 0);
	STORED("{\"gateway\": {\"return_after\": 1}}", int, gateway.return_after, 1);
	STORED("{\"gateway\": {\"probe_next\": 5}}", int, gateway.probe_next, 5);
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
	const TTest *const tests[] = {test_schema_file, test_defaults, test_every_key,
		test_every_setting, test_stored, test_stored_ways, test_stored_links};
	Suite *suite = suite_create("config_schema");
	TCase *tcase = tcase_create("config_schema");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
