/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meshctl derive as a person or a script sees it. The values themselves: check_identity.c. */
#include <stdbool.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "unit/check_main.h"
#include "unit/meshctl_run.h"

#define LONG_SSID(ten) ten ten ten ten ten ten ten ten ten ten ten ten
#define SSID_120       LONG_SSID("0123456789")

static void expect_usage(struct run run, const char *said)
{
	ck_assert_int_eq(run.code, 4);
	ck_assert_str_eq(run.out, "");
	ck_assert_msg(strstr(run.err, said) != NULL, "\"%s\" is not in: %s", said, run.err);
	run_free(&run);
}

START_TEST(test_mac_of_one_station)
{
	static const char *const macs[] = {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff",
		"01:00:5e:00:00:01", "33:33:00:00:00:01"};

	for (size_t i = 0; i < ARRAY_SIZE(macs); i++) {
		expect_usage(RUN("derive", "--ssid", "x", "--mac", macs[i]),
			"--mac takes the MAC of one station");
	}
}
END_TEST

static json_t *derive_json(struct run *run)
{
	json_t *json = json_loads(run->out, 0, NULL);

	ck_assert_msg(run->code == 0 && json != NULL, "%s%s", run->err, run->out);
	return json;
}

/* The bounds and the warning that cloud.ssid has. */
START_TEST(test_ssid_length)
{
	struct run run = RUN("derive", "--ssid", "01234567890123456789012345678901");

	ck_assert_int_eq(run.code, 0);
	ck_assert_str_eq(run.err, "");
	run_free(&run);
	run = RUN("derive", "--json", "--ssid", "012345678901234567890123456789012");
	ck_assert_str_eq(run.err,
		"meshctl derive: warning: the SSID has 33 bytes, a radio can send 32; it shows the "
		"first 32, the cloud is derived from all of them\n");
	json_t *json = derive_json(&run);
	const json_t *warnings = json_object_get(json, "warnings");
	ck_assert_uint_eq(json_array_size(warnings), 1);
	ck_assert_int_eq(strncmp(json_string_value(json_array_get(warnings, 0)), "the SSID has 33",
				 15),
		0);
	ck_assert(json_is_null(json_object_get(json, "warning")));
	json_decref(json);
	run_free(&run);
	run = RUN("derive", "--ssid", SSID_120 "1234567");
	ck_assert_int_eq(run.code, 0);
	run_free(&run);
	expect_usage(RUN("derive", "--ssid", SSID_120 "12345678"),
		"--ssid takes at most 127 bytes, as cloud.ssid does, and this has 128");
}
END_TEST

START_TEST(test_warnings)
{
	struct run run = RUN("derive", "--json", "--ssid", "a$b");
	json_t *json = derive_json(&run);
	const json_t *warnings = json_object_get(json, "warnings");

	ck_assert_uint_eq(json_array_size(warnings), 1);
	ck_assert(json_equal(json_array_get(warnings, 0), json_object_get(json, "warning")));
	ck_assert(strstr(run.err, "warning: LibreMesh's shell") != NULL);
	json_decref(json);
	run_free(&run);
}
END_TEST

static void expect_member(const json_t *json, const char *name, const char *text)
{
	const json_t *member = json_object_get(json, name);

	ck_assert_msg(member != NULL, "%s is missing", name);
	if (text == NULL) {
		ck_assert(json_is_null(member));
	} else {
		ck_assert_str_eq(json_string_value(member), text);
	}
}

/* A JSON text is UTF-8; an SSID is any bytes. */
START_TEST(test_json_loses_nothing)
{
	struct run run = RUN("derive", "--json", "--ssid", "caf\xe9", "--mac", "02:00:00:ab:c0:01",
		"--ssid-template", "0123456789012345678901234567890\xc3\xa9", "--interface",
		"wl\xe9");
	json_t *json = derive_json(&run);
	const json_t *interface = json_array_get(json_object_get(json, "interfaces"), 0);

	expect_member(json, "ssid", NULL);
	expect_member(json, "ssid_hex", "636166e9");
	expect_member(json, "radio_ssid", NULL);
	expect_member(json, "radio_ssid_hex",
		"30313233343536373839303132333435363738393031323334353637383930c3");
	expect_member(interface, "name", NULL);
	expect_member(interface, "name_hex", "776ce9");
	expect_member(interface, "vlan_name", NULL);
	expect_member(interface, "vlan_name_hex", "776ce92e313238");
	ck_assert(strstr(run.err, "warning: the SSID is no UTF-8, and meshd.json takes no other") !=
		  NULL);
	ck_assert(strstr(run.err, "warning: the radio's SSID is cut within a character") != NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "warnings")), 2);
	json_decref(json);
	run_free(&run);
	run = RUN("derive", "--json", "--ssid", "caf\xc3\xa9", "--ssid-template", "a\001");
	json = derive_json(&run);
	expect_member(json, "ssid", "caf\xc3\xa9");
	expect_member(json, "ssid_hex", "636166c3a9");
	expect_member(json, "radio_ssid", "a\001");
	expect_member(json, "radio_ssid_hex", "6101");
	ck_assert_str_eq(run.err, "");
	json_decref(json);
	run_free(&run);
}
END_TEST

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if (((unsigned char)*text < ' ' && *text != '\n') || *text == 0x7f) {
			return true;
		}
	}
	return false;
}

/* What is said goes to a terminal. */
START_TEST(test_text_has_no_controls)
{
	struct run run = RUN("derive", "--ssid", "a\033[2Jb\nc", "--mac", "02:00:00:ab:c0:01",
		"--ssid-template", "r\033[2J", "--interface", "wl\033\001", "--hostname",
		"h\033[2J");

	ck_assert_int_eq(run.code, 0);
	ck_assert(!has_control(run.out));
	ck_assert(strstr(run.out, "SSID                 a?[2Jb?c\n") != NULL);
	ck_assert(strstr(run.out, "radio SSID           r?[2J\n") != NULL);
	ck_assert(strstr(run.out, " wl??.") != NULL);
	run_free(&run);
	run = RUN("derive", "--ssid", "x", "--ipv4", "10.\033[2J.0.0/16");
	ck_assert_int_eq(run.code, 1);
	ck_assert(!has_control(run.err));
	run_free(&run);
	run = RUN("derive", "--ssid", "x", "--interface", "a/\033", "--mac", "02:00:00:ab:c0:01");
	ck_assert_int_eq(run.code, 4);
	ck_assert(!has_control(run.err));
	run_free(&run);
}
END_TEST

#define NODE "derive", "--ssid", "LibreMesh.org", "--mac", "02:00:00:ab:c0:01"

static void expect_line(const char *text, const char *line)
{
	ck_assert_msg(strstr(text, line) != NULL, "\"%s\" is not in:\n%s", line, text);
}

/* Nothing tells people that the default profile has other templates, unless this does. */
START_TEST(test_text_names_templates)
{
	struct run run = RUN(NODE);

	expect_line(run.out, "node IPv4            10.13.192.1/16\n");
	expect_line(run.out, "hostname             LiMe-abc001\n");
	expect_line(run.out, "\nhostname template    LiMe-%M4%M5%M6  (LibreMesh's)\n");
	expect_line(run.out, "\nIPv4 template        10.%N1.0.0/16  (LibreMesh's)\n");
	expect_line(run.out, "\nIPv6 template        fd%N1:%N2%N3:%N4%N5::/64  (LibreMesh's)\n");
	expect_line(run.out, "\nanycast template     aa:aa:aa:%N1:%N2:aa  (LibreMesh's)\n");
	expect_line(run.out, "A node takes the templates of its configuration: --ipv4, --ipv6");
	run_free(&run);
	run = RUN(NODE, "--ipv4", "10.%N1.0.0/16/17", "--hostname", "mill", "--ipv6", "fd00::/64",
		"--anycast-mac", "aa:aa:aa:%N1:%N2:bb");
	expect_line(run.out, "node IPv4            10.13.64.1/16\n");
	expect_line(run.out, "\nhostname template    mill  (--hostname)\n");
	expect_line(run.out, "\nIPv4 template        10.%N1.0.0/16/17  (--ipv4)\n");
	expect_line(run.out, "\nIPv6 template        fd00::/64  (--ipv6)\n");
	expect_line(run.out, "\nanycast template     aa:aa:aa:%N1:%N2:bb  (--anycast-mac)\n");
	ck_assert(strstr(run.out, "LibreMesh's") == NULL);
	run_free(&run);
}
END_TEST

START_TEST(test_json_names_templates)
{
	struct run run = RUN(NODE, "--json", "--ipv4", "10.%N1.0.0/16/17");
	json_t *json = derive_json(&run);
	const json_t *templates = json_object_get(json, "templates");

	expect_member(templates, "hostname", "LiMe-%M4%M5%M6");
	expect_member(templates, "ipv4", "10.%N1.0.0/16/17");
	expect_member(templates, "ipv6", "fd%N1:%N2%N3:%N4%N5::/64");
	expect_member(templates, "anycast_mac", "aa:aa:aa:%N1:%N2:aa");
	expect_member(templates, "ssid", NULL);
	json_decref(json);
	run_free(&run);
}
END_TEST

/* The help and the text tell what the default profile has. */
START_TEST(test_default_profile_is_told)
{
	json_t *profile = json_load_file(SOURCE_DIR "/conf/profiles/default.json", 0, NULL);
	const json_t *cloud = json_object_get(profile, "cloud");
	const json_t *anycast = json_object_get(profile, "anycast");
	struct run run = RUN(NODE);
	char option[80];

	snprintf(option, sizeof(option), "--ipv4 %s",
		json_string_value(json_object_get(cloud, "ipv4")));
	expect_line(run.out, option);
	run_free(&run);
	run = RUN("derive", "--help");
	expect_line(run.out, option);
	expect_line(run.out, "LibreMesh's templates");
	run_free(&run);
	/* Where they are the same, nothing needs to be told. */
	ck_assert_str_eq(json_string_value(json_object_get(cloud, "ipv6")),
		"fd%N1:%N2%N3:%N4%N5::/64");
	ck_assert_str_eq(json_string_value(json_object_get(anycast, "mac")), "aa:aa:aa:%N1:%N2:aa");
	json_decref(profile);
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_mac_of_one_station, test_ssid_length, test_warnings,
		test_json_loses_nothing, test_text_has_no_controls, test_text_names_templates,
		test_json_names_templates, test_default_profile_is_told};
	Suite *suite = suite_create("derive");
	TCase *tcase = tcase_create("derive");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
