/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meshctl derive as a person or a script sees it. The values themselves: check_identity.c. */
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

Suite *check_suite(void)
{
	const TTest *const tests[] = {test_mac_of_one_station};
	Suite *suite = suite_create("derive");
	TCase *tcase = tcase_create("derive");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(tcase, tests[i]);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}
