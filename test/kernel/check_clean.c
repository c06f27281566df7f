/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is cleaned away whoever made it, and what stays. Needs root; without it the tests pass by
 * doing nothing and say so. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/fixture.h"
#include "unit/check_main.h"

static void setup(void)
{
	open_room();
	if (room.ready) {
		run("ip link set v0 up; ip link set v1 up; ip address add 192.0.2.77/24 dev v0;"
		    "ip -6 address add 2001:db8::77/64 dev v0 nodad");
	}
}

static const char others[] = "for table in 70 main local; do ip route show table $table;"
			     " ip -6 route show table $table; done";

START_TEST(test_table_is_emptied)
{
	if (!room.ready) {
		return;
	}
	run("for table in 172 70 254; do for net in default 203.0.113.0/24; do"
	    " ip route add $net via 192.0.2.1 dev v0 proto 42 table $table; done;"
	    " ip route add unreachable 203.0.114.0/24 proto 109 table $table;"
	    " ip -6 route add default via fe80::1 dev v0 proto 42 table $table;"
	    " ip -6 route add 2001:db8:9::/48 dev v0 proto 42 table $table;"
	    " ip -6 route add unreachable 2001:db8:8::/48 table $table; done;"
	    "ip rule add priority 1011 lookup 172");
	run("test $(ip route show table 172 | wc -l) = 3");
	run("test $(ip -6 route show table 172 | wc -l) = 3");
	CLEANUP(cleanup_free) char *before = output_of(others);
	ck_assert_int_eq(kernel_clean_table(room.kernel, 172), 0);
	run("test -z \"$(ip route show table 172 2>/dev/null)\" &&"
	    "test -z \"$(ip -6 route show table 172 2>/dev/null)\"");
	CLEANUP(cleanup_free) char *after = output_of(others);
	ck_assert_str_eq(before, after);
	ck_assert_ptr_nonnull(strstr(after, "2001:db8:9::/48 dev v0"));
	run("ip rule | grep -q '^1011:.from all lookup 172'");
	ck_assert_int_eq(kernel_clean_table(room.kernel, 172), 0);
	ck_assert_int_eq(kernel_clean_table(room.kernel, 77), 0); /* never was there */
}
END_TEST

START_TEST(test_routing_of_a_killed_daemon)
{
	if (!room.ready) {
		return;
	}
	run("for table in 70 71; do ip -6 rule add priority $table lookup $table;"
	    " ip rule add priority $table lookup $table;"
	    " ip route add 203.0.113.0/24 dev v0 table $table;"
	    " ip -6 route add 2001:db8:9::/48 via 2001:db8::1 dev v0 table $table;"
	    " ip -6 route add default dev v0 metric 5 table $table; done;"
	    "ip -6 rule add from 2001:db8::77 priority 70 lookup 71");
	ck_assert_int_eq(kernel_clean_routing(room.kernel, 70, 70), 0);
	run("! ip -6 rule | grep -q '^70:'");
	run("test -z \"$(ip -6 route show table 70 2>/dev/null)\"");
	run("ip -6 rule | grep -q '^71:.from all lookup 71' && ip -6 rule | grep -q '^32766:' &&"
	    "test $(ip -6 rule | wc -l) = 3");
	run("test $(ip -6 route show table 71 | wc -l) = 2");
	/* The daemon's IPv4 is not this one's to clean. */
	run("ip rule | grep -q '^70:' && ip route show table 70 | grep -q 203.0.113.0/24");
	run("ip -6 route | grep -q 2001:db8::/64");
	ck_assert_int_eq(kernel_clean_routing(room.kernel, 70, 70), 0);
	run("test $(ip -6 rule | wc -l) = 3");
}
END_TEST

START_TEST(test_link_kinds)
{
	static const char *const kinds[] = {"bridge", "veth"};

	if (!room.ready) {
		return;
	}
	CLEANUP(cleanup_free) char *before = output_of("ip link");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		ck_assert_int_eq(kernel_load_link_kind(room.kernel, kinds[i]), 0);
		ck_assert_int_eq(kernel_load_link_kind(room.kernel, kinds[i]), 0);
	}
	ck_assert_int_eq(kernel_load_link_kind(room.kernel, "nonesuch"), -EOPNOTSUPP);
	CLEANUP(cleanup_free) char *after = output_of("ip link");
	ck_assert_str_eq(before, after);
}
END_TEST

/* The module makes ip6tnl0 in each namespace, and the kernel refuses another one without
 * addresses. */
START_TEST(test_tunnel_kind)
{
	if (!room.ready) {
		return;
	}
	if (kernel_load_link_kind(room.kernel, "ip6tnl") == -EOPNOTSUPP) {
		fprintf(stderr, "skipped: no module ip6_tunnel\n");
		return;
	}
	run("ip link show ip6tnl0 >/dev/null");
	run("! ip link add probe type ip6tnl 2>/dev/null"); /* so that the next means something */
	ck_assert_int_eq(kernel_load_link_kind(room.kernel, "ip6tnl"), 0);
	run("ip link show ip6tnl0 >/dev/null && ! ip link show meshd-probe 2>/dev/null");
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("cleaning the running kernel");
	TCase *tests = tcase_create("clean");

	tcase_add_checked_fixture(tests, setup, close_room);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, test_table_is_emptied);
	tcase_add_test(tests, test_routing_of_a_killed_daemon);
	tcase_add_test(tests, test_link_kinds);
	tcase_add_test(tests, test_tunnel_kind);
	suite_add_tcase(suite, tests);
	return suite;
}
