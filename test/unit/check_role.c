/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "cloud/role.h"
#include "unit/check_main.h"

static struct mac mac_of(unsigned int number)
{
	return (struct mac){{2, 0, 0, 0, (uint8_t)(number >> 8), (uint8_t)number}};
}

/* Which of count nodes are elected; returns how many. */
static size_t elect(bool *elected, size_t count, unsigned int most)
{
	uint64_t ranks[400];
	size_t primaries = 0;

	for (size_t i = 0; i < count; i++) {
		struct mac mac = mac_of((unsigned int)i);
		ranks[i] = role_rank(&mac);
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t others[400];
		size_t known = 0;
		for (size_t j = 0; j < count; j++) {
			if (j != i) {
				others[known++] = ranks[j];
			}
		}
		elected[i] = role_is_elected(ranks[i], others, known, most);
		primaries += elected[i];
	}
	return primaries;
}

START_TEST(everybody_chooses_the_same)
{
	bool elected[400];

	for (size_t count = 1; count < 60; count++) {
		ck_assert_uint_eq(elect(elected, count, 4), count < 4 ? count : 4);
	}
	ck_assert_uint_eq(elect(elected, 300, 16), 16);
}
END_TEST

START_TEST(a_newcomer_changes_two_at_most)
{
	bool before[400];
	bool after[400];

	for (size_t count = 1; count < 100; count++) {
		size_t changed = 0;
		elect(before, count, 4);
		elect(after, count + 1, 4);
		for (size_t i = 0; i < count; i++) {
			changed += before[i] != after[i];
		}
		ck_assert_uint_le(changed, 1);
	}
}
END_TEST

START_TEST(the_first_choice_is_at_once)
{
	struct role role;
	struct mac mac = mac_of(1);

	role_start(&role, &mac, 100);
	ck_assert(role.primary);
	role_adopt(&role, false);
	ck_assert(!role.primary);
	ck_assert(role_choose(&role, true));
	role_adopt(&role, false);
	ck_assert(role.primary);
	ck_assert(!role_choose(&role, true));
}
END_TEST

START_TEST(a_choice_has_to_hold)
{
	struct role role;
	struct mac mac = mac_of(1);

	role_start(&role, &mac, 0);
	role_choose(&role, true);
	for (double now = 0; now < 1000; now += 1) {
		role_on_news(&role, now);
		ck_assert(!role_update(&role, ((int)now / 10) % 2 == 0, now));
	}
	double left = 1000;
	ck_assert(!role_update(&role, true, left));
	while (!role_update(&role, false, left) && left < 1100) {
		left += 1;
	}
	ck_assert_double_ge(left, 1000 + ROLE_SETTLE_SECONDS);
	ck_assert_double_le(left, 1000 + ROLE_SETTLE_SECONDS + 11);
	ck_assert(!role.primary);
}
END_TEST

START_TEST(a_deaf_secondary_helps_itself)
{
	struct role role;
	struct mac mac = mac_of(1);
	double now = 0;

	role_start(&role, &mac, 0);
	role_choose(&role, false);
	while (!role_update(&role, false, now) && now < 1000) {
		now += 1;
	}
	ck_assert(role.primary);
	ck_assert_double_le(now, ROLE_LOST_SECONDS + 12);
	/* It stays so while it hears nobody, however long. */
	for (; now < 2000; now += 1) {
		ck_assert(!role_update(&role, false, now));
	}
	/* What its own daemon remembers is no proof; news are. */
	role_on_heard(&role, now);
	ck_assert(!role_update(&role, false, now));
	role_on_news(&role, now);
	ck_assert(role_update(&role, false, now));
	ck_assert(!role.primary);
	ck_assert(!role_update(&role, false, now + 1));
}
END_TEST

START_TEST(a_secondary_without_news_helps_itself)
{
	struct role role;
	struct mac mac = mac_of(1);
	double now = 0;

	role_start(&role, &mac, 0);
	role_choose(&role, false);
	for (; now < ROLE_SILENT_SECONDS; now += 1) {
		role_on_heard(&role, now);
		ck_assert(!role_update(&role, false, now));
	}
	for (; now < ROLE_SILENT_SECONDS + 12; now += 1) {
		role_on_heard(&role, now);
		role_update(&role, false, now);
	}
	ck_assert(role.primary);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("role");
	TCase *tests = tcase_create("role");

	tcase_add_test(tests, everybody_chooses_the_same);
	tcase_add_test(tests, a_newcomer_changes_two_at_most);
	tcase_add_test(tests, the_first_choice_is_at_once);
	tcase_add_test(tests, a_choice_has_to_hold);
	tcase_add_test(tests, a_deaf_secondary_helps_itself);
	tcase_add_test(tests, a_secondary_without_news_helps_itself);
	suite_add_tcase(suite, tests);
	return suite;
}
