/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks that lie, restarts, and when to speak. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "unit/check_main.h"
#include "unit/lease_scene.h"

/* Clocks that are years off, one unset, one drifting: what counts is who was first. */
START_TEST(clocks_do_not_decide)
{
	struct scene_node nodes[4];
	static const double off[] = {0, -50 * 365.25 * 86400, 3 * 365.25 * 86400, -700};

	for (unsigned int i = 0; i < 4; i++) {
		scene_open(&nodes[i], i + 1);
		nodes[i].wall += off[i];
		/* Opened anew, so that it has never seen another clock. */
		scene_close(&nodes[i]);
		scene_open_at(&nodes[i], i + 1, 100 + i, "boot", 0);
	}
	/* The unset clock leases last, which its own time would make first, and the one from the
	 * future leases first. */
	scene_lease(&nodes[2], 20, 3, "", 100);
	scene_read_file(&nodes[2], 100);
	scene_lease(&nodes[3], 20, 4, "", 200);
	scene_read_file(&nodes[3], 200);
	scene_lease(&nodes[0], 20, 9, "", 300);
	scene_read_file(&nodes[0], 300);
	scene_lease(&nodes[1], 20, 1, "", 400);
	scene_read_file(&nodes[1], 400);
	for (double time = 500; time < 504; time += 2) {
		for (size_t i = 0; i < 16; i++) {
			if (i / 4 != i % 4) {
				scene_tell(&nodes[i / 4], &nodes[i % 4], time);
			}
		}
	}
	for (size_t i = 0; i < 4; i++) {
		scene_resolve(&nodes[i], 505);
		ck_assert_msg(i == 2 || scene_is_reserved(&nodes[i], 20, 3), "node %zu", i);
		struct lease_now now = scene_now(&nodes[i], 505);
		ck_assert_double_lt(fabs(lease_book_cloud_time(nodes[i].book, &now) -
					    lease_book_cloud_time(nodes[0].book,
						    &(struct lease_now){nodes[0].boot + 505, 0})),
			11);
	}
	ck_assert_ptr_null(scene_find(&nodes[2], 20));
	for (size_t i = 0; i < 4; i++) {
		scene_close(&nodes[i]);
	}
}
END_TEST

/* Its clock is not set and it has not heard the others yet: its leases count by their age. */
START_TEST(a_node_that_does_not_know_the_time_neither_wins_nor_loses)
{
	struct pair pair;

	open_pair(&pair);
	pair.a.wall = 5;
	scene_close(&pair.a);
	scene_open_at(&pair.a, 1, 100, "boot", 0);
	scene_lease(&pair.a, 20, 1, "", 300);
	scene_lease(&pair.a, 21, 1, "", 300);
	scene_read_file(&pair.a, 300);
	scene_lease(&pair.b, 20, 2, "", 200);
	scene_read_file(&pair.b, 200);
	scene_lease(&pair.b, 21, 3, "", 400);
	scene_read_file(&pair.b, 400);
	scene_tell(&pair.a, &pair.b, 500);
	scene_resolve(&pair.b, 500);
	ck_assert_ptr_null(scene_find(&pair.b, 20));
	ck_assert(scene_find(&pair.b, 21) != NULL);
	close_pair(&pair);
}
END_TEST

/* dnsmasq believes the clock and forgets its leases; the clients do not know. */
START_TEST(a_clock_that_jumps_ends_no_lease)
{
	struct pair pair;

	open_pair(&pair);
	scene_lease(&pair.a, 20, 1, "", 10);
	meet(&pair, 10);
	pair.a.wall += 86400;
	pair.a.row_count = 0;
	meet(&pair, 100);
	ck_assert(scene_is_reserved(&pair.b, 20, 1));
	ck_assert(scene_is_reserved(&pair.a, 20, 1));
	ck_assert_uint_eq(pair.a.book->ended_count, 0);
	/* It is over when it would have been. */
	meet(&pair, 3700);
	ck_assert_ptr_null(scene_find(&pair.b, 20));
	/* Backwards: the row seems to run for years. */
	scene_lease(&pair.a, 21, 2, "", 4000);
	pair.a.wall -= 50 * 365 * 86400.0;
	meet(&pair, 4000);
	ck_assert(scene_is_reserved(&pair.b, 21, 2));
	scene_resolve(&pair.b, 7700);
	ck_assert_ptr_null(scene_find(&pair.b, 21));
	close_pair(&pair);
}
END_TEST

START_TEST(begins_outlive_restarts)
{
	struct pair pair;

	open_pair(&pair);
	scene_lease(&pair.a, 20, 9, "", 10);
	scene_lease(&pair.a, 21, 8, "", 10);
	scene_read_file(&pair.a, 10);
	ck_assert(lease_book_is_dirty(pair.a.book));
	for (int reboot = 0; reboot < 2; reboot++) {
		double time = 1000 + 1000 * reboot;
		struct lease_now now = scene_now(&pair.a, time);
		CLEANUP(cleanup_free) char *text = lease_book_export(pair.a.book, &now);
		ck_assert(!lease_book_is_dirty(pair.a.book));
		scene_close(&pair.a);
		if (reboot == 1) {
			pair.a.boot = -time - 60;
		}
		scene_open_at(&pair.a, 1, 77 + (uint64_t)reboot, reboot == 1 ? "other" : "boot",
			time + 60);
		now = scene_now(&pair.a, time + 60);
		ck_assert_int_eq(lease_book_import(pair.a.book, text, &now), 0);
		scene_lease(&pair.a, 20, 9, "", time + 60);
		scene_read_file(&pair.a, time + 60);
	}
	scene_lease(&pair.b, 20, 1, "", 500);
	scene_read_file(&pair.b, 500);
	meet(&pair, 2100);
	ck_assert(scene_is_reserved(&pair.b, 20, 9));
	struct mac client = scene_mac(0xcc, 9);
	struct lease_own *own = lease_own_find(pair.a.book, 0x0a010014, &client);
	ck_assert_ptr_nonnull(own);
	ck_assert_double_lt(fabs(own->begin - (pair.a.boot + 10)), 2);
	close_pair(&pair);
}
END_TEST

START_TEST(a_bad_store_is_refused)
{
	struct scene_node node;
	static const char *const bad[] = {"", "{", "[]", "{}", "{\"version\":2}"};

	scene_open(&node, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct lease_now now = scene_now(&node, 0);
		ck_assert_int_lt(lease_book_import(node.book, bad[i], &now), 0);
	}
	struct lease_now now = scene_now(&node, 0);
	ck_assert_int_eq(lease_book_import(node.book,
				 "{\"version\":1,\"leases\":[1,{\"ip\":\"x\"},{\"ip\":\"10.1.0.9\","
				 "\"mac\":\"02:00:00:00:00:01\",\"age\":-5,\"left\":1e99}]}",
				 &now),
		0);
	ck_assert_uint_eq(node.book->own_count, 0);
	scene_close(&node);
}
END_TEST

START_TEST(publication_is_coalesced)
{
	struct scene_node node;
	uint8_t *bytes;
	size_t length;

	scene_open(&node, 1);
	node.boot = 0;
	scene_lease(&node, 20, 1, "", 100);
	scene_read_file(&node, 100);
	ck_assert_double_le(lease_book_publish_at(node.book), 100);
	struct lease_now now = scene_now(&node, 100);
	lease_book_publish(node.book, &now, &bytes, &length);
	free(bytes);
	/* Nothing to say: in time. */
	ck_assert_double_ge(lease_book_publish_at(node.book), 250);
	ck_assert_double_le(lease_book_publish_at(node.book), 300);
	/* A change right after: a second after the last. */
	scene_lease(&node, 21, 2, "", 100.3);
	scene_read_file(&node, 100.3);
	ck_assert_double_eq(lease_book_publish_at(node.book), 101);
	now = scene_now(&node, 101);
	lease_book_publish(node.book, &now, &bytes, &length);
	free(bytes);
	/* A renewal may wait, a change after a quiet second not. */
	scene_lease(&node, 21, 2, "", 110);
	scene_read_file(&node, 110);
	ck_assert_double_eq(lease_book_publish_at(node.book), 120);
	scene_lease(&node, 22, 3, "", 111);
	scene_read_file(&node, 111);
	ck_assert_double_eq(lease_book_publish_at(node.book), 111);
	lease_book_republish(node.book);
	ck_assert_double_le(lease_book_publish_at(node.book), 0);
	scene_close(&node);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("lease_time");
	TCase *tests = tcase_create("lease_time");

	tcase_add_test(tests, clocks_do_not_decide);
	tcase_add_test(tests, a_node_that_does_not_know_the_time_neither_wins_nor_loses);
	tcase_add_test(tests, a_clock_that_jumps_ends_no_lease);
	tcase_add_test(tests, begins_outlive_restarts);
	tcase_add_test(tests, a_bad_store_is_refused);
	tcase_add_test(tests, publication_is_coalesced);
	suite_add_tcase(suite, tests);
	return suite;
}
