/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "routing/babeld_file.h"
#include "unit/check_main.h"

static const struct mac mac = {{0x02, 0xaa, 0xbb, 0x0c, 0xdd, 0xee}};

static void read_file(const char *directory, char text[96])
{
	char path[96];

	snprintf(path, sizeof(path), "%s/babeld.conf", directory);
	FILE *file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	text[fread(text, 1, 95, file)] = '\0';
	fclose(file);
}

START_TEST(each_start_has_its_own_id)
{
	char directory[] = "/tmp/babeld_file.XXXXXX";
	char before[96] = "";
	char text[96];
	char path[96];
	char copy[96];
	unsigned int tail[2];
	struct err err = {0};

	ck_assert_ptr_nonnull(mkdtemp(directory));
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(babeld_file_prepare(directory, &mac, &err), 0);
		read_file(directory, text);
		ck_assert_str_ne(text, before);
		ck_assert_int_eq(sscanf(text, "router-id 02:aa:bb:0c:dd:ee:%2x:%2x", &tail[0],
					 &tail[1]),
			2);
		snprintf(copy, sizeof(copy), "router-id 02:aa:bb:0c:dd:ee:%02x:%02x\n", tail[0],
			tail[1]);
		ck_assert_str_eq(text, copy);
		strcpy(before, text);
	}
	/* Nothing else is left. */
	snprintf(path, sizeof(path), "%s/babeld.conf", directory);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

START_TEST(what_cannot_be_is_said)
{
	static const struct mac none = {{0}};
	struct err err = {0};
	char longest[600];

	ck_assert_int_eq(babeld_file_prepare("/tmp", &none, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "MAC"));
	ck_assert_int_eq(babeld_file_prepare("/nowhere/at/all", &mac, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all/babeld.conf"));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(babeld_file_prepare(longest, &mac, &err), -ENAMETOOLONG);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("babeld_file");
	TCase *tcase = tcase_create("file");

	tcase_add_test(tcase, each_start_has_its_own_id);
	tcase_add_test(tcase, what_cannot_be_is_said);
	suite_add_tcase(suite, tcase);
	return suite;
}
