/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What meshctl says of a wrong call: the same way for each of its commands. */

#include "base/cleanup.h"
#include "unit/check_main.h"
#include "unit/meshctl_run.h"

struct fault {
	const char *words[6];
	const char *said;
};

static const struct fault faults[] = {
	{{"--colour"}, "meshctl: no such option: --colour\nTry: meshctl --help\n"},
	{{"dance"}, "meshctl: no such command: dance\nTry: meshctl --help\n"},
	{{"status", "--colour"},
		"meshctl status: no such option: --colour\nTry: meshctl status --help\n"},
	{{"status", "-x"}, "meshctl status: no such option: -x\nTry: meshctl status --help\n"},
	{{"status", "--json", "-jx"},
		"meshctl status: no such option: -j\nTry: meshctl status --help\n"},
	{{"status", "--all", "-jx"},
		"meshctl status: no such option: -j\nTry: meshctl status --help\n"},
	{{"status", "--json=yes"},
		"meshctl status: this option takes no value: --json=yes\nTry: meshctl status "
		"--help\n"},
	{{"status", "--s"},
		"meshctl status: this option is short for several: --s\nTry: meshctl status "
		"--help\n"},
	{{"status", "--own"},
		"meshctl status: this command does not take that option\nTry: meshctl "
		"status --help\n"},
	{{"status", "all"}, "meshctl status: no such argument: all\nTry: meshctl status --help\n"},
	{{"check", "--profiles"},
		"meshctl check: this option needs a value: --profiles\nTry: meshctl check "
		"--help\n"},
	{{"restart"}, "meshctl restart: the name of a child is missing, see meshctl children\nTry: "
		      "meshctl restart --help\n"},
	{{"gateway", "swim"},
		"meshctl gateway: no such action: swim\nTry: meshctl gateway --help\n"},
	{{"gateway", "--colour"},
		"meshctl gateway: no such option: --colour\nTry: meshctl gateway --help\n"},
	{{"derive", "--colour"},
		"meshctl derive: no such option: --colour\nTry: meshctl derive --help\n"},
	{{"derive", "--ssid"},
		"meshctl derive: this option needs a value: --ssid\nTry: meshctl derive --help\n"},
	{{"derive"}, "meshctl derive: --ssid is missing\nTry: meshctl derive --help\n"},
	{{"derive", "--ssid", "x", "y"},
		"meshctl derive: no such argument: y\nTry: meshctl derive --help\n"},
	{{"derive", "--no-\033[2J"},
		"meshctl derive: no such option: --no-?[2J\nTry: meshctl derive --help\n"},
};

START_TEST(test_faults)
{
	const struct fault *fault = &faults[_i];
	struct run run = run_meshctl(fault->words);

	ck_assert_str_eq(run.err, fault->said);
	ck_assert_str_eq(run.out, "");
	ck_assert_int_eq(run.code, 4);
	run_free(&run);
}
END_TEST

/* A script that asked for JSON gets some, whatever happens. */
START_TEST(test_nobody_answers)
{
	static const char *const commands[] = {"status", "plan", "reload", "nodes"};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct run run = RUN("--socket", "/nowhere/sock", "--json", commands[i]);
		ck_assert_int_eq(run.code, 3);
		ck_assert_str_eq(run.out, "{\n  \"message\": \"meshd is not running (no socket at "
					  "/nowhere/sock)\"\n}\n");
		run_free(&run);
	}
	struct run version = RUN("--socket", "/nowhere/sock", "--json", "version");
	ck_assert_int_eq(version.code, 3);
	ck_assert_ptr_nonnull(strstr(version.out, "\"meshd\": null"));
	ck_assert_ptr_null(strstr(version.out, "message"));
	run_free(&version);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("usage");
	TCase *tcase = tcase_create("usage");

	tcase_add_test(tcase, test_nobody_answers);
	tcase_add_loop_test(tcase, test_faults, 0, (int)ARRAY_SIZE(faults));
	suite_add_tcase(suite, tcase);
	return suite;
}
