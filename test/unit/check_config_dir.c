/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a configuration, in directories that each test makes; and the files that meshd
 * ships. */
#include <ftw.h>
#include <linux/batman_adv.h>
#include <linux/if_ether.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control/config_dir.h"
#include "core/config_keys.h"
#include "unit/config_reading.h"

#define PROFILES SOURCE_DIR "/conf/profiles"

static char dir[32];

static void make_dir(void)
{
	strcpy(dir, "/tmp/check_config.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
	(void)status;
	(void)flag;
	(void)walk;
	return remove(path);
}

static void remove_dir(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(in_dir(name), "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

static struct reading read_dir(const char *profiles)
{
	struct reading reading = {.errors = {0}};

	reading.result = config_dir_read(dir, profiles, &reading.config, &reading.errors);
	return reading;
}

/* One error: of the file, with words of its text. */
static void expect_dir_error(const char *start, const char *words)
{
	struct reading reading = read_dir(PROFILES);
	char expected[320];

	snprintf(expected, sizeof(expected), "%s/%s", dir, start);
	expect_error(&reading, 0, expected);
	ck_assert_uint_eq(reading.errors.count, 1);
	ck_assert_msg(strstr(reading.errors.items[0].text, words) != NULL, "%s",
		reading.errors.items[0].text);
	reading_free(&reading);
}

START_TEST(test_order)
{
	write_file("meshd.json", "{\"cloud\": {\"ssid\": \"main\", \"vlan\": 40}}");
	ck_assert_int_eq(mkdir(in_dir("meshd.d"), 0755), 0);
	write_file("meshd.d/20.json",
		"{\"cloud\": {\"ssid\": \"twenty\"}, \"babeld\": {\"vlan\": 20}}");
	write_file("meshd.d/10.json",
		"{\"cloud\": {\"ssid\": \"ten\", \"vlan\": 41}, \"babeld\": {\"vlan\": 19}}");
	write_file("meshd.d/30.json.bak", "no JSON");
	write_file("meshd.d/.40.json", "no JSON");
	write_file("meshd.d/json", "no JSON");
	struct reading reading = read_dir(PROFILES);
	expect_ok(&reading);
	ck_assert_str_eq(reading.config.cloud.ssid, "twenty");
	ck_assert_int_eq(reading.config.cloud.vlan, 41);
	ck_assert_int_eq(reading.config.babeld.vlan, 20);
	ck_assert_uint_eq(reading.config.batadv.settings.orig_interval, 1000);
	reading_free(&reading);
	write_file("meshd.d/30.json", "{\"profile\": \"libremesh\"}");
	reading = read_dir(PROFILES);
	expect_ok(&reading);
	ck_assert_str_eq(reading.config.profile, "libremesh");
	ck_assert_uint_eq(reading.config.batadv.settings.orig_interval, 2000);
	reading_free(&reading);
	write_file("meshd.d/30.json", "{\n\"batadv\": {\"gw_mode\": \"server\"}}");
	expect_dir_error("meshd.d/30.json:2:23: $.batadv.gw_mode: ", "gw_mode");
}
END_TEST

START_TEST(test_missing)
{
	expect_dir_error("meshd.json: is missing; create it", "\"ssid\"");
	write_file("meshd.json", SSID);
	struct reading reading = read_dir(PROFILES);
	expect_ok(&reading);
	reading_free(&reading);
	/* What else there is gets checked all the same. */
	ck_assert_int_eq(unlink(in_dir("meshd.json")), 0);
	ck_assert_int_eq(mkdir(in_dir("meshd.d"), 0755), 0);
	write_file("meshd.d/1.json", "{\"x\": 1}");
	reading = read_dir(PROFILES);
	ck_assert_uint_eq(reading.errors.count, 2);
	reading_free(&reading);
}
END_TEST

START_TEST(test_not_regular)
{
	ck_assert_int_eq(mkdir(in_dir("meshd.json"), 0755), 0);
	expect_dir_error("meshd.json: ", "is no regular file");
	ck_assert_int_eq(rmdir(in_dir("meshd.json")), 0);
	ck_assert_int_eq(mkfifo(in_dir("meshd.json"), 0644), 0);
	expect_dir_error("meshd.json: ", "is no regular file");
	ck_assert_int_eq(unlink(in_dir("meshd.json")), 0);
	write_file("meshd.json", SSID);
	write_file("meshd.d", "");
	expect_dir_error("meshd.d: ", "cannot be read as a directory");
	ck_assert_int_eq(unlink(in_dir("meshd.d")), 0);
	ck_assert_int_eq(mkdir(in_dir("meshd.d"), 0755), 0);
	ck_assert_int_eq(symlink("nowhere", in_dir("meshd.d/1.json")), 0);
	expect_dir_error("meshd.d/1.json: ", "is a link to a file that is not there");
	ck_assert_int_eq(unlink(in_dir("meshd.d/1.json")), 0);
	ck_assert_int_eq(symlink("1.json", in_dir("meshd.d/1.json")), 0);
	expect_dir_error("meshd.d/1.json: ", "is a link that leads back to itself");
}
END_TEST

/* The same words wherever the link is. */
START_TEST(test_links)
{
	ck_assert_int_eq(symlink("nowhere", in_dir("meshd.json")), 0);
	expect_dir_error("meshd.json: is a link to a file that is not there",
		"; remove it or make that file");
	ck_assert_int_eq(unlink(in_dir("meshd.json")), 0);
	ck_assert_int_eq(symlink("meshd.json", in_dir("meshd.json")), 0);
	expect_dir_error("meshd.json: is a link that leads back to itself",
		"; put a file in its place");
	ck_assert_int_eq(unlink(in_dir("meshd.json")), 0);
	write_file("meshd.json", SSID);
	ck_assert_int_eq(symlink("nowhere", in_dir("default.json")), 0);
	struct reading reading = read_dir(dir);
	char expected[128];
	snprintf(expected, sizeof(expected), "%s/default.json: is a link to a file that", dir);
	expect_error(&reading, 0, expected);
	ck_assert_uint_eq(reading.errors.count, 1);
	reading_free(&reading);
}
END_TEST

START_TEST(test_unreadable)
{
	if (geteuid() == 0) {
		/* Nobody's: the right to read is not root's alone to lack. */
		ck_assert_int_eq(chmod(dir, 0755), 0);
	}
	write_file("meshd.json", SSID);
	ck_assert_int_eq(chmod(in_dir("meshd.json"), 0), 0);
	if (geteuid() != 0 || seteuid(65534) == 0) {
		expect_dir_error("meshd.json: cannot be read: Permission denied",
			"; meshd needs the right to read it");
	}
	ck_assert(getuid() != 0 || seteuid(0) == 0);
}
END_TEST

START_TEST(test_large)
{
	write_file("meshd.json", SSID);
	ck_assert_int_eq(truncate(in_dir("meshd.json"), CONFIG_FILE_MAX + 1), 0);
	expect_dir_error("meshd.json:1:1: $: ", "larger than 1024 KiB");
	ck_assert_int_eq(truncate(in_dir("meshd.json"), (off_t)1 << 40), 0);
	expect_dir_error("meshd.json:1:1: $: ", "larger than 1024 KiB");
}
END_TEST

START_TEST(test_profile)
{
	write_file("meshd.json", "{\"cloud\": {\"ssid\": \"a\"},\n\"profile\": \"libremsh\"}");
	expect_dir_error("meshd.json:2:12: $.profile: there is no profile \"libremsh\"",
		"did you mean \"libremesh\"?; there are: default, l2-only, l3-only, libremesh");
	write_file("meshd.json", "{\"cloud\": {\"ssid\": \"a\"}, \"profile\": \"zzzzzzzz\"}");
	expect_dir_error("meshd.json:1:37: $.profile: there is no profile \"zzzzzzzz\"",
		"; there are: default, l2-only, l3-only, libremesh");
	write_file("meshd.json", SSID);
	struct reading reading = read_dir("/nowhere");
	expect_error(&reading, 0,
		"there is no profile \"default\", and none at all in /nowhere: No such file or "
		"directory; install them there");
	reading_free(&reading);
}
END_TEST

/* What the warnings of a right configuration say, and as what lines. */
START_TEST(test_warnings)
{
	struct problem_list warnings = {0};
	char *printed = NULL;
	size_t size = 0;

	write_file("meshd.json",
		"{\"cloud\": {\"ssid\": \"a$b and more than a radio can ever send\"}}");
	struct reading reading = read_dir(PROFILES);
	expect_ok(&reading);
	ck_assert_int_eq(config_warn(&reading.config, &warnings), 0);
	reading_free(&reading);
	ck_assert_uint_eq(warnings.count, 2);
	FILE *to = open_memstream(&printed, &size);
	config_dir_print_warnings(&warnings, to);
	ck_assert_int_eq(fclose(to), 0);
	ck_assert_ptr_nonnull(
		strstr(printed, "warning: the SSID has 39 bytes, a radio can send 32; "));
	ck_assert_ptr_nonnull(strstr(printed, "\nwarning: LibreMesh's shell changes $, "));
	free(printed);
	problem_list_free(&warnings);
	write_file("meshd.json", SSID);
	reading = read_dir(PROFILES);
	expect_ok(&reading);
	ck_assert_int_eq(config_warn(&reading.config, &warnings), 0);
	ck_assert_uint_eq(warnings.count, 0);
	reading_free(&reading);
}
END_TEST

START_TEST(test_errors_as_json)
{
	write_file("meshd.json", "{\"cloud\": {\"ssid\": \"a\", \"vlan\": 5000}}");
	struct reading reading = read_dir(PROFILES);
	struct err *other = err_list_add(&reading.errors);
	json_t *errors;
	const char *file, *path, *text;
	int line, column;

	ck_assert_ptr_nonnull(other);
	err_set(other, "nowhere");
	errors = config_dir_errors_to_json(&reading.errors);
	ck_assert_int_eq(json_unpack(errors,
				 "[{s:s, s:i, s:i, s:s, s:s !}, {s:n, s:n, s:n, s:n, s:s !} !]",
				 "file", &file, "line", &line, "column", &column, "path", &path,
				 "text", &text, "file", "line", "column", "path", "text", &text),
		0);
	ck_assert_str_eq(file, in_dir("meshd.json"));
	ck_assert_int_eq(line, 1);
	ck_assert_int_eq(column, 33);
	ck_assert_str_eq(path, "$.cloud.vlan");
	ck_assert_str_eq(text, "nowhere");
	json_decref(errors);
	reading_free(&reading);
}
END_TEST

/* A profile gives every key, but for those that only a node or a kernel has. */
static void expect_complete(const char *profile, const json_t *tree)
{
	static const char *const left_out[] = {"$schema", "profile", "cloud.ssid",
		"batadv.gw_sel_class", "batadv.log_level", "gateway.use"};
	char path[64];

	for (size_t i = 0; i < config_root.child_count; i++) {
		const struct config_key *section = &config_root.children[i];
		const json_t *given = json_object_get(tree, section->name);
		size_t keys = section->kind == CONFIG_OBJECT ? section->child_count : 0;

		for (size_t j = 0; j < keys; j++) {
			const char *key = section->children[j].name;
			bool is_left_out = false;

			snprintf(path, sizeof(path), "%s.%s", section->name, key);
			for (size_t k = 0; k < ARRAY_SIZE(left_out); k++) {
				is_left_out = is_left_out || strcmp(path, left_out[k]) == 0;
			}
			ck_assert_msg(is_left_out == (json_object_get(given, key) == NULL),
				"%s: %s", profile, path);
		}
	}
}

START_TEST(test_shipped_profiles)
{
	static const struct {
		const char *name;
		bool batadv, bmx7, babeld, alfred;
		const char *ipv4;
	} profiles[] = {{"default", true, false, true, true, "10.%N1.0.0/16/17"},
		{"libremesh", true, true, true, true, "10.%N1.0.0/16"},
		{"l2-only", true, false, false, true, "10.%N1.0.0/16/17"},
		{"l3-only", false, false, true, false, "10.%N1.0.0/16/17"}};
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		snprintf(text, sizeof(text), PROFILES "/%s.json", profiles[i].name);
		json_t *tree = json_load_file(text, JSON_REJECT_DUPLICATES, NULL);
		ck_assert_ptr_nonnull(tree);
		expect_complete(profiles[i].name, tree);
		json_decref(tree);
		snprintf(text, sizeof(text), "{\"cloud\": {\"ssid\": \"a\"}, \"profile\": \"%s\"}",
			profiles[i].name);
		write_file("meshd.json", text);
		struct reading reading = read_dir(PROFILES);
		const struct config *config = &reading.config;
		expect_ok(&reading);
		ck_assert_str_eq(config->profile, profiles[i].name);
		ck_assert(config->batadv.enabled == profiles[i].batadv);
		ck_assert(config->bmx7.enabled == profiles[i].bmx7);
		ck_assert(config->babeld.enabled == profiles[i].babeld);
		ck_assert(config->alfred.enabled == profiles[i].alfred);
		ck_assert(config->bmx7.supervise && config->babeld.supervise);
		ck_assert(config->anycast.enabled && config->dhcp.enabled);
		ck_assert_str_eq(config->cloud.ipv4, profiles[i].ipv4);
		ck_assert_int_eq(config->batadv.mtu, 1532);
		ck_assert_uint_eq(config->batadv.settings.head.has,
			(FIELD_BIT(MESH_FIELD_COUNT) - 1) & ~FIELD_BIT(MESH_LOG_LEVEL));
		reading_free(&reading);
	}
}
END_TEST

/* The values of LibreMesh, as its routers have them. */
START_TEST(test_libremesh)
{
	write_file("meshd.json", "{\"cloud\": {\"ssid\": \"a\"}, \"profile\": \"libremesh\"}");
	struct reading reading = read_dir(PROFILES);
	const struct config *config = &reading.config;
	const struct mesh *mesh = &config->batadv.settings;

	expect_ok(&reading);
	ck_assert_uint_eq(config->cloud.vlan_protocol, ETH_P_8021AD);
	ck_assert_int_eq(config->cloud.vlan, VLAN_AUTO);
	ck_assert_str_eq(config->batadv.algorithm, "BATMAN_IV");
	ck_assert_uint_eq(mesh->orig_interval, 2000);
	ck_assert_uint_eq(mesh->bridge_loop_avoidance, 1);
	ck_assert_uint_eq(mesh->multicast_forceflood, 1);
	ck_assert_str_eq(reading.config.node.hostname, "LiMe-%M4%M5%M6");
	ck_assert_uint_eq(mesh->distributed_arp_table, 0);
	ck_assert_uint_eq(mesh->gw_mode, BATADV_GW_MODE_CLIENT);
	ck_assert_uint_eq(mesh->fragmentation, 1);
	ck_assert_uint_eq(mesh->hop_penalty, 30);
	ck_assert_uint_eq(mesh->aggregated_ogms, 1);
	ck_assert_uint_eq(mesh->ap_isolation, 0);
	ck_assert_uint_eq(mesh->bonding, 0);
	ck_assert_uint_eq(mesh->multicast_fanout, 16);
	ck_assert_uint_eq(mesh->gw_sel_class, 20);
	ck_assert_uint_eq(mesh->gw_bandwidth_down, 100);
	ck_assert_uint_eq(mesh->gw_bandwidth_up, 20);
	ck_assert_int_eq(config->babeld.vlan, 17);
	ck_assert_int_eq(config->babeld.mtu, MTU_INHERIT);
	ck_assert_int_eq(config->bmx7.vlan, 18);
	ck_assert_int_eq(config->bmx7.mtu, 1500);
	ck_assert_str_eq(config->anycast.mac, "aa:aa:aa:%N1:%N2:aa");
	ck_assert_int_eq(config->lan.mtu, 1500);
	reading_free(&reading);
}
END_TEST

static void expect_networks(const struct layer3_config *layer3, const char *const (*expected)[2],
	size_t count)
{
	ck_assert_uint_eq(layer3->network_count, count);
	for (size_t i = 0; i < count; i++) {
		const struct network_config *network = &layer3->networks[i];
		char text[PREFIX_TEXT_SIZE];
		char both[PREFIX_TEXT_SIZE + 16];

		prefix_format(&network->network, text);
		snprintf(both, sizeof(both), "%s %d", text, network->max_length);
		ck_assert_str_eq(network->name, expected[i][0]);
		ck_assert_str_eq(both, expected[i][1]);
	}
}

/* What LibreMesh tells its daemons. */
START_TEST(test_libremesh_children)
{
	static const char *const search[][2] = {{"nodes", "172.16.0.0/12 -1"},
		{"clouds", "10.0.0.0/8 -1"}, {"inet4", "0.0.0.0/0 0"}, {"inet6", "::/0 0"},
		{"publicv6", "2000::/3 64"}};
	static const char *const rules[][2] = {{"clouds6", "fc00::/7 -1"},
		{"publicv6", "2000::/3 -1"}, {"inet6", "::/0 0"}, {"clouds", "10.0.0.0/8 -1"},
		{"nodes", "172.16.0.0/12 -1"}, {"inet4", "0.0.0.0/0 0"}};
	static const char *const names[] = {"thisnode.info", "minodo.info", "meuno.info"};
	static const char *const resolvers[] = {"4.2.2.2", "141.1.1.1", "2001:470:20::2"};

	write_file("meshd.json", "{\"cloud\": {\"ssid\": \"a\"}, \"profile\": \"libremesh\"}");
	struct reading reading = read_dir(PROFILES);
	const struct config *config = &reading.config;
	expect_ok(&reading);
	expect_networks(&config->bmx7, search, ARRAY_SIZE(search));
	expect_networks(&config->babeld, rules, ARRAY_SIZE(rules));
	ck_assert_int_eq(config->babeld_link_type, BABELD_LINK_WIRELESS);
	ck_assert_int_eq(config->dhcp.mtu, 1350);
	ck_assert_int_eq(config->dhcp.lease_time, 3600);
	ck_assert_int_eq(config->dhcp.ra_interval, 120);
	ck_assert_str_eq(config->dhcp.domain, "thisnode.info");
	ck_assert_uint_eq(config->dhcp.name_count, 3);
	ck_assert_uint_eq(config->dhcp.resolver_count, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(config->dhcp.names[i].text, names[i]);
		ck_assert_str_eq(config->dhcp.resolvers[i].text, resolvers[i]);
	}
	/* What its routers ask, before what all ask. */
	ck_assert_str_eq(config->probes.targets[PROBE_PING][0].text, "8.8.8.8");
	ck_assert_str_eq(config->probes.targets[PROBE_PING][5].text, "2001:470:20::2");
	ck_assert_str_eq(config->probes.targets[PROBE_HTTP][0].text,
		"http://detectportal.firefox.com/success.txt 200 success");
	reading_free(&reading);
}
END_TEST

START_TEST(test_shipped_example)
{
	json_t *example = json_load_file(SOURCE_DIR "/conf/meshd.json.example", 0, NULL);
	CLEANUP(cleanup_free) char *text = json_dumps(example, 0);

	ck_assert_ptr_nonnull(text);
	json_decref(example);
	write_file("meshd.json", text);
	struct reading reading = read_dir(PROFILES);
	expect_ok(&reading);
	ck_assert_uint_eq(reading.config.link_count, 2);
	reading_free(&reading);
}
END_TEST

static void expect_in_manual(const char *manual, const struct config_key *parent)
{
	char item[128];

	for (size_t i = 0; i < parent->child_count; i++) {
		const struct config_key *key = &parent->children[i];

		snprintf(item, sizeof(item), "\n.It Cm %s", key->name);
		const char *found = strstr(manual, item);
		while (found != NULL && strchr(" \n", found[strlen(item)]) == NULL) {
			found = strstr(found + 1, item);
		}
		ck_assert_msg(found != NULL, "meshd.json(5) lacks %s", key->name);
		expect_in_manual(manual, key);
	}
}

START_TEST(test_manual)
{
	FILE *file = fopen(SOURCE_DIR "/docs/man/meshd.json.5", "r");
	CLEANUP(cleanup_free) char *manual = NULL;
	size_t size = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(getdelim(&manual, &size, '\0', file), 0);
	fclose(file);
	expect_in_manual(manual, &config_root);
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_order, test_missing, test_not_regular, test_links,
		test_unreadable, test_large, test_warnings, test_errors_as_json, test_profile,
		test_shipped_profiles, test_libremesh, test_libremesh_children,
		test_shipped_example, test_manual};
	Suite *suite = suite_create("config_dir");
	TCase *tcase = tcase_create("config_dir");

	tcase_add_checked_fixture(tcase, make_dir, remove_dir);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
