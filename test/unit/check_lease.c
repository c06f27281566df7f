/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "unit/check_main.h"
#include "unit/lease_scene.h"

static struct pair pair;

static void setup(void)
{
	open_pair(&pair);
}

static void teardown(void)
{
	close_pair(&pair);
}

START_TEST(a_lease_is_a_reservation_elsewhere)
{
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
}
END_TEST

START_TEST(a_released_lease_goes_everywhere)
{
	scene_lease(&pair.a, 20, 1, "laptop", 10);
	meet(&pair, 10);
	pair.a.row_count = 0;
	meet(&pair, 60);
	ck_assert_ptr_null(scene_find(&pair.b, 20));
	ck_assert(pair.b.output->reservations_removed);
	ck_assert(pair.b.output->names_removed);
}
END_TEST

START_TEST(an_expired_lease_goes_by_itself)
{
	scene_lease(&pair.a, 20, 1, "", 10);
	meet(&pair, 10);
	scene_resolve(&pair.b, 3500);
	ck_assert(scene_is_reserved(&pair.b, 20, 1));
	scene_resolve(&pair.b, 3700);
	ck_assert_ptr_null(scene_find(&pair.b, 20));
}
END_TEST

START_TEST(the_earlier_lease_wins)
{
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
}
END_TEST

START_TEST(of_equal_begins_the_lower_mac_wins)
{
	scene_lease(&pair.a, 20, 9, "", 10);
	scene_lease(&pair.b, 20, 1, "", 10);
	meet(&pair, 10);
	ck_assert(scene_is_reserved(&pair.a, 20, 1));
	ck_assert_ptr_null(scene_find(&pair.b, 20));
}
END_TEST

START_TEST(a_client_that_walks_keeps_its_priority)
{
	struct scene_node c;

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
}
END_TEST

START_TEST(a_release_also_ends_the_lease_where_the_client_came_from)
{
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
}
END_TEST

START_TEST(a_node_address_is_never_a_client_s)
{
	struct lease_settings settings = scene_settings(1);
	struct lease_now now = {.boot = 1000, .wall = SCENE_WALL};

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
}
END_TEST

START_TEST(a_static_host_keeps_its_address_and_mac)
{
	struct lease_host hosts[] = {
		{.mac = scene_mac(0xcc, 1), .ip = scene_ip(20), .name = "printer"},
		{.mac = scene_mac(0xcc, 2), .name = ""},
	};
	struct lease_settings settings = scene_settings(1);
	struct lease_now now = {.boot = 1000, .wall = SCENE_WALL};

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
}
END_TEST

static void hear_both(struct scene_node *node, double time)
{
	scene_tell(&pair.a, node, time);
	scene_tell(&pair.b, node, time);
	scene_resolve(node, time);
}

START_TEST(a_mac_has_one_reservation)
{
	struct scene_node c;

	scene_open(&c, 3);
	scene_lease(&pair.a, 20, 1, "", 10);
	scene_read_file(&pair.a, 10);
	scene_lease(&pair.b, 30, 1, "", 500);
	scene_read_file(&pair.b, 500);
	hear_both(&c, 500);
	ck_assert(scene_is_reserved(&c, 30, 1));
	ck_assert(scene_is_blocked(&c, 20));
	scene_close(&c);
}
END_TEST

START_TEST(names_belong_to_the_first)
{
	struct scene_node c;

	scene_open(&c, 3);
	scene_lease(&pair.a, 20, 9, "phone", 10);
	scene_lease(&pair.a, 21, 8, "node-2", 10);
	scene_lease(&pair.a, 22, 7, "wpad", 10);
	scene_lease(&pair.a, 23, 6, "node-3", 10);
	scene_read_file(&pair.a, 10);
	scene_lease(&pair.b, 30, 1, "PHONE", 500);
	scene_read_file(&pair.b, 500);
	hear_both(&c, 500);
	ck_assert(scene_has_name(&c, "phone", 20));
	ck_assert(!scene_has_name(&c, "phone", 30));
	ck_assert(scene_has_name(&c, "node-2", 0xff02));
	ck_assert(!scene_has_name(&c, "node-2", 21));
	ck_assert(!scene_has_name(&c, "wpad", 22));
	ck_assert(!scene_has_name(&c, "node-3", 23));
	ck_assert_uint_eq(c.book->dropped[LEASE_REASON_NAME_TAKEN], 4);
	scene_close(&c);
}
END_TEST

/* c hears of both nodes before the second has taken over the begin of the first. */
START_TEST(a_lease_at_two_nodes_is_as_old_as_the_older)
{
	struct scene_node c;

	scene_open(&c, 3);
	scene_lease(&pair.a, 20, 1, "", 10);
	scene_read_file(&pair.a, 10);
	scene_lease(&c, 20, 7, "", 500);
	scene_read_file(&c, 500);
	scene_lease(&pair.b, 20, 1, "", 2000);
	scene_read_file(&pair.b, 2000);
	hear_both(&c, 2000);
	ck_assert(scene_is_reserved(&c, 20, 1));
	scene_close(&c);
}
END_TEST

START_TEST(json_has_what_the_methods_promise)
{
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
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("lease");
	TCase *tests = tcase_create("lease");

	tcase_add_checked_fixture(tests, setup, teardown);
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
	tcase_add_test(tests, json_has_what_the_methods_promise);
	suite_add_tcase(suite, tests);
	return suite;
}
