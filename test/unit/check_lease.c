/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/cleanup.h"
#include "unit/check_main.h"
#include "unit/lease_scene.h"

struct pair {
	struct scene_node a;
	struct scene_node b;
};

static void open_pair(struct pair *pair)
{
	scene_open(&pair->a, 1);
	scene_open(&pair->b, 2);
}

static void close_pair(struct pair *pair)
{
	scene_close(&pair->a);
	scene_close(&pair->b);
}

/* Both read their files, tell each other and resolve. */
static void meet(struct pair *pair, double time)
{
	scene_read_file(&pair->a, time);
	scene_read_file(&pair->b, time);
	scene_tell(&pair->a, &pair->b, time);
	scene_tell(&pair->b, &pair->a, time);
	scene_resolve(&pair->a, time);
	scene_resolve(&pair->b, time);
}

START_TEST(a_lease_is_a_reservation_elsewhere)
{
	struct pair pair;

	open_pair(&pair);
	scene_lease(&pair.a, 20, 1, "Laptop", 10);
	meet(&pair, 10);
	ck_assert(scene_is_reserved(&pair.b, 20, 1));
	ck_assert(scene_has_name(&pair.b, "laptop", 20));
	ck_assert(scene_has_name(&pair.b, "node-1", 0xff01));
	ck_assert_ptr_null(scene_find(&pair.a, 20));
	ck_assert(pair.b.output->changed);
	ck_assert(!pair.b.output->reservations_removed);
	/* Nothing new: nothing to write. */
	meet(&pair, 12);
	ck_assert(!pair.b.output->changed);
	close_pair(&pair);
}
END_TEST

START_TEST(a_released_lease_goes_everywhere)
{
	struct pair pair;

	open_pair(&pair);
	scene_lease(&pair.a, 20, 1, "laptop", 10);
	meet(&pair, 10);
	pair.a.row_count = 0;
	meet(&pair, 60);
	ck_assert_ptr_null(scene_find(&pair.b, 20));
	ck_assert(pair.b.output->reservations_removed);
	ck_assert(pair.b.output->names_removed);
	close_pair(&pair);
}
END_TEST

START_TEST(an_expired_lease_goes_by_itself)
{
	struct pair pair;

	open_pair(&pair);
	scene_lease(&pair.a, 20, 1, "", 10);
	meet(&pair, 10);
	scene_resolve(&pair.b, 3500);
	ck_assert(scene_is_reserved(&pair.b, 20, 1));
	scene_resolve(&pair.b, 3700);
	ck_assert_ptr_null(scene_find(&pair.b, 20));
	close_pair(&pair);
}
END_TEST

START_TEST(the_earlier_lease_wins)
{
	struct pair pair;

	open_pair(&pair);
	scene_lease(&pair.a, 20, 9, "", 10);
	scene_read_file(&pair.a, 10);
	scene_lease(&pair.b, 20, 1, "", 100);
	scene_read_file(&pair.b, 100);
	meet(&pair, 110);
	ck_assert(scene_is_reserved(&pair.b, 20, 9));
	ck_assert_ptr_null(scene_find(&pair.a, 20));
	ck_assert_uint_eq(lease_book_conflict_total(pair.a.book), 1);
	ck_assert_uint_eq(lease_book_conflict_total(pair.b.book), 1);
	const struct lease_conflict *conflict = lease_book_conflict(pair.b.book, 0);
	struct mac loser = scene_mac(0xcc, 1);
	ck_assert_mem_eq(&conflict->loser.mac, &loser, sizeof(loser));
	ck_assert_ptr_null(lease_book_conflict(pair.b.book, 1));
	/* It has to last a moment before anything is ended. */
	ck_assert_uint_eq(pair.b.output->end_count, 0);
	meet(&pair, 115);
	ck_assert_uint_eq(pair.a.output->end_count, 0);
	ck_assert_uint_eq(pair.b.output->end_count, 1);
	ck_assert_int_eq(pair.b.output->ends[0].reason, LEASE_END_CONFLICT);
	ck_assert_mem_eq(&pair.b.output->ends[0].mac, &loser, sizeof(loser));
	ck_assert_uint_eq(lease_book_conflict_total(pair.b.book), 1);
	scene_release(&pair.b, &pair.b.output->ends[0].ip);
	meet(&pair, 120);
	ck_assert_uint_eq(pair.b.output->end_count, 0);
	ck_assert_uint_eq(pair.a.book->result.quarrel_count, 0);
	ck_assert(scene_is_reserved(&pair.b, 20, 9));
	close_pair(&pair);
}
END_TEST

START_TEST(of_equal_begins_the_lower_mac_wins)
{
	struct pair pair;

	open_pair(&pair);
	scene_lease(&pair.a, 20, 9, "", 10);
	scene_lease(&pair.b, 20, 1, "", 10);
	meet(&pair, 10);
	ck_assert(scene_is_reserved(&pair.a, 20, 1));
	ck_assert_ptr_null(scene_find(&pair.b, 20));
	close_pair(&pair);
}
END_TEST

START_TEST(a_client_that_walks_keeps_its_priority)
{
	struct pair pair;
	struct scene_node c;

	open_pair(&pair);
	scene_open(&c, 3);
	scene_lease(&pair.a, 20, 1, "laptop", 10);
	meet(&pair, 10);
	/* It walks to b at 2000 and is renewed there; c gave its address away at 500, out of sight.
	 */
	scene_lease(&c, 20, 7, "", 500);
	scene_read_file(&c, 500);
	scene_lease(&pair.b, 20, 1, "laptop", 2000);
	meet(&pair, 2000);
	ck_assert_uint_eq(lease_book_conflict_total(pair.a.book), 0);
	ck_assert(scene_is_reserved(&pair.a, 20, 1));
	meet(&pair, 2020);
	/* a forgets the lease; b goes on with its begin. */
	pair.a.row_count = 0;
	meet(&pair, 3615);
	ck_assert(scene_is_reserved(&pair.a, 20, 1));
	scene_read_file(&c, 3620);
	scene_tell(&pair.b, &c, 3620);
	scene_tell(&c, &pair.b, 3620);
	scene_resolve(&c, 3620);
	scene_resolve(&pair.b, 3620);
	ck_assert(scene_is_reserved(&c, 20, 1));
	ck_assert(!scene_is_reserved(&pair.b, 20, 7));
	scene_close(&c);
	close_pair(&pair);
}
END_TEST

START_TEST(a_release_also_ends_the_lease_where_the_client_came_from)
{
	struct pair pair;

	open_pair(&pair);
	scene_lease(&pair.a, 20, 1, "", 10);
	meet(&pair, 10);
	scene_lease(&pair.b, 20, 1, "", 500);
	meet(&pair, 500);
	pair.b.row_count = 0;
	meet(&pair, 600);
	ck_assert_uint_eq(pair.a.output->end_count, 1);
	ck_assert_int_eq(pair.a.output->ends[0].reason, LEASE_END_WITHDRAWN);
	ck_assert_ptr_null(scene_find(&pair.b, 20));
	pair.a.row_count = 0;
	meet(&pair, 610);
	ck_assert_uint_eq(pair.a.output->end_count, 0);
	ck_assert_uint_eq(pair.a.book->ended_count, 0);
	/* A lease after the withdrawal is not ended by it. */
	scene_lease(&pair.a, 20, 1, "", 700);
	meet(&pair, 700);
	ck_assert(scene_is_reserved(&pair.b, 20, 1));
	close_pair(&pair);
}
END_TEST

START_TEST(a_node_address_is_never_a_client_s)
{
	struct pair pair;
	struct lease_settings settings = scene_settings(1);
	struct lease_now now = {.boot = 1000, .wall = SCENE_WALL};

	open_pair(&pair);
	settings.ipv4.ip = scene_ip(20);
	settings.block_nodes = true;
	lease_book_set(pair.a.book, &settings, &now);
	settings = scene_settings(2);
	settings.block_nodes = true;
	now.boot = 2000;
	lease_book_set(pair.b.book, &settings, &now);
	scene_lease(&pair.b, 20, 1, "", 10);
	meet(&pair, 10);
	meet(&pair, 20);
	ck_assert(scene_is_blocked(&pair.b, 20));
	ck_assert(scene_is_blocked(&pair.a, 20));
	ck_assert_uint_eq(pair.b.output->end_count, 1);
	ck_assert_uint_eq(lease_book_conflict_total(pair.b.book), 1);
	close_pair(&pair);
}
END_TEST

START_TEST(a_static_host_keeps_its_address_and_mac)
{
	struct pair pair;
	struct lease_host hosts[] = {
		{.mac = scene_mac(0xcc, 1), .ip = scene_ip(20), .name = "printer"},
		{.mac = scene_mac(0xcc, 2), .name = ""},
	};
	struct lease_settings settings = scene_settings(1);
	struct lease_now now = {.boot = 1000, .wall = SCENE_WALL};

	open_pair(&pair);
	settings.hosts = hosts;
	settings.host_count = 2;
	lease_book_set(pair.a.book, &settings, &now);
	scene_lease(&pair.b, 20, 5, "printer", 10); /* the static address */
	scene_lease(&pair.b, 21, 1, "", 10);        /* the static host elsewhere */
	scene_lease(&pair.b, 22, 2, "", 10);        /* a static MAC without address */
	scene_lease(&pair.b, 23, 6, "printer", 10);
	meet(&pair, 10);
	ck_assert_ptr_null(scene_find(&pair.a, 20));
	ck_assert(scene_is_blocked(&pair.a, 21));
	ck_assert(scene_is_blocked(&pair.a, 22));
	ck_assert(scene_is_reserved(&pair.a, 23, 6));
	ck_assert(!scene_has_name(&pair.a, "printer", 23));
	ck_assert_uint_eq(lease_book_conflict_total(pair.a.book), 1);
	close_pair(&pair);
}
END_TEST

START_TEST(a_mac_has_one_reservation)
{
	struct pair pair;
	struct scene_node c;

	open_pair(&pair);
	scene_open(&c, 3);
	scene_lease(&pair.a, 20, 1, "", 10);
	scene_read_file(&pair.a, 10);
	scene_lease(&pair.b, 30, 1, "", 500);
	scene_read_file(&pair.b, 500);
	scene_tell(&pair.a, &c, 500);
	scene_tell(&pair.b, &c, 500);
	scene_resolve(&c, 500);
	ck_assert(scene_is_reserved(&c, 30, 1));
	ck_assert(scene_is_blocked(&c, 20));
	scene_close(&c);
	close_pair(&pair);
}
END_TEST

START_TEST(names_belong_to_the_first)
{
	struct pair pair;
	struct scene_node c;

	open_pair(&pair);
	scene_open(&c, 3);
	scene_lease(&pair.a, 20, 9, "phone", 10);
	scene_lease(&pair.a, 21, 8, "node-2", 10);
	scene_lease(&pair.a, 22, 7, "wpad", 10);
	scene_lease(&pair.a, 23, 6, "node-3", 10);
	scene_read_file(&pair.a, 10);
	scene_lease(&pair.b, 30, 1, "PHONE", 500);
	scene_read_file(&pair.b, 500);
	scene_tell(&pair.a, &c, 500);
	scene_tell(&pair.b, &c, 500);
	scene_resolve(&c, 500);
	ck_assert(scene_has_name(&c, "phone", 20));
	ck_assert(!scene_has_name(&c, "phone", 30));
	ck_assert(scene_has_name(&c, "node-2", 0xff02));
	ck_assert(!scene_has_name(&c, "node-2", 21));
	ck_assert(!scene_has_name(&c, "wpad", 22));
	ck_assert(!scene_has_name(&c, "node-3", 23));
	ck_assert_uint_eq(c.book->dropped[LEASE_REASON_NAME_TAKEN], 4);
	scene_close(&c);
	close_pair(&pair);
}
END_TEST

/* c hears of both nodes before the second has taken over the begin of the first. */
START_TEST(a_lease_at_two_nodes_is_as_old_as_the_older)
{
	struct pair pair;
	struct scene_node c;

	open_pair(&pair);
	scene_open(&c, 3);
	scene_lease(&pair.a, 20, 1, "", 10);
	scene_read_file(&pair.a, 10);
	scene_lease(&c, 20, 7, "", 500);
	scene_read_file(&c, 500);
	scene_lease(&pair.b, 20, 1, "", 2000);
	scene_read_file(&pair.b, 2000);
	scene_tell(&pair.a, &c, 2000);
	scene_tell(&pair.b, &c, 2000);
	scene_resolve(&c, 2000);
	ck_assert(scene_is_reserved(&c, 20, 1));
	scene_close(&c);
	close_pair(&pair);
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

START_TEST(json_has_what_the_methods_promise)
{
	struct pair pair;

	open_pair(&pair);
	scene_lease(&pair.a, 20, 1, "laptop", 10);
	scene_lease(&pair.b, 30, 2, "", 10);
	meet(&pair, 10);
	struct lease_now now = scene_now(&pair.b, 20);
	json_t *leases = lease_book_leases_to_json(pair.b.book, &now);
	json_t *first = json_array_get(json_object_get(leases, "leases"), 0);
	json_t *second = json_array_get(json_object_get(leases, "leases"), 1);
	ck_assert_str_eq(json_string_value(json_object_get(first, "origin")), "own");
	ck_assert_str_eq(json_string_value(json_object_get(first, "ip")), "10.1.0.30");
	ck_assert_str_eq(json_string_value(json_object_get(second, "node")), "node-1");
	ck_assert_int_eq(json_integer_value(json_object_get(second, "age")), 10);
	ck_assert_int_eq(json_integer_value(json_object_get(second, "expires_in")), 3590);
	json_decref(leases);
	json_t *nodes = lease_book_nodes_to_json(pair.b.book, &now);
	ck_assert_uint_eq(json_array_size(json_object_get(nodes, "nodes")), 2);
	first = json_array_get(json_object_get(nodes, "nodes"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(first, "name")), "node-2");
	ck_assert(json_is_true(json_object_get(first, "self")));
	json_decref(nodes);
	json_t *all = lease_book_to_json(pair.b.book, &now);
	ck_assert_int_eq(json_integer_value(json_object_get(all, "nodes")), 2);
	json_decref(all);
	close_pair(&pair);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("lease");
	TCase *tests = tcase_create("lease");

	tcase_add_test(tests, a_lease_is_a_reservation_elsewhere);
	tcase_add_test(tests, a_released_lease_goes_everywhere);
	tcase_add_test(tests, an_expired_lease_goes_by_itself);
	tcase_add_test(tests, the_earlier_lease_wins);
	tcase_add_test(tests, of_equal_begins_the_lower_mac_wins);
	tcase_add_test(tests, a_client_that_walks_keeps_its_priority);
	tcase_add_test(tests, a_release_also_ends_the_lease_where_the_client_came_from);
	tcase_add_test(tests, a_node_address_is_never_a_client_s);
	tcase_add_test(tests, a_static_host_keeps_its_address_and_mac);
	tcase_add_test(tests, a_mac_has_one_reservation);
	tcase_add_test(tests, names_belong_to_the_first);
	tcase_add_test(tests, a_lease_at_two_nodes_is_as_old_as_the_older);
	tcase_add_test(tests, a_node_that_does_not_know_the_time_neither_wins_nor_loses);
	tcase_add_test(tests, clocks_do_not_decide);
	tcase_add_test(tests, a_clock_that_jumps_ends_no_lease);
	tcase_add_test(tests, begins_outlive_restarts);
	tcase_add_test(tests, a_bad_store_is_refused);
	tcase_add_test(tests, publication_is_coalesced);
	tcase_add_test(tests, json_has_what_the_methods_promise);
	suite_add_tcase(suite, tests);
	return suite;
}
