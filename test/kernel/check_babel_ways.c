/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways to the Internet that real babelds tell each other, with meshd's rules: c offers, b and a
 * take. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/trio.h"
#include "unit/check_main.h"
#include "unit/render_scene.h"

/* Seconds. What comes is told at babeld's leisure, what goes at once. */
#define OFFERED         7.0
#define WITHDRAWN       1.0
/* babeld's own, unlike the other tests'. */
#define HELLO_INTERVALS "-h 4 -H 4 "
#define OFFER           "fd6d:6573:6864:4b0:200:0:3:0"

static char link_names[][IFNAMSIZ] = {"ba", "bc"};

static bool possible(void)
{
	char reason[64];

	if (!trio_is_possible(PROTOCOL_BABELD, reason, sizeof(reason))) {
		printf("  skipped: %s\n", reason);
		return false;
	}
	return true;
}

/* All statements that meshd gives to babeld. */
static void render_statements(char *text, size_t size)
{
	static struct render_scene scene;
	struct uplink_config uplink = {.metric = 128};
	struct child_arguments arguments = {0};
	size_t length = (size_t)snprintf(text, size, HELLO_INTERVALS);

	render_scene_open(&scene);
	scene.scene.config.gateway.enabled = true;
	scene.scene.config.uplinks = &uplink;
	scene.scene.config.uplink_count = 1;
	ck_assert_int_eq(render_babeld(&scene.input, &arguments, &scene.err), 0);
	for (size_t i = 0; i + 1 < arguments.count; i++) {
		if (strcmp(arguments.words[i], "-C") == 0) {
			length += (size_t)snprintf(text + length, size - length, "-C '%s' ",
				arguments.words[i + 1]);
		}
	}
	ck_assert_uint_lt(length, size);
	child_arguments_free(&arguments);
	scene.scene.config.uplinks = NULL;
	scene.scene.config.uplink_count = 0;
	render_scene_close(&scene);
}

static void start(struct trio *trio)
{
	struct routing_wish wish = {.links = link_names, .link_count = 2, .hostname = "middle"};
	char statements[4096];

	render_statements(statements, sizeof(statements));
	trio_start(trio, PROTOCOL_BABELD, statements);
	ck_assert_int_eq(routing_set_wish(trio->routing, trio->protocol, &wish, trio_now()), 0);
}

static const struct routing_route *find(const struct trio *trio, const char *network)
{
	struct prefix prefix;

	ck_assert_int_eq(prefix_parse(network, &prefix), 0);
	return routing_state_find_route(trio_state(trio), &prefix);
}

static bool is_installed(const struct trio *trio, const char *network)
{
	const struct routing_route *route = find(trio, network);

	return route != NULL && route->installed;
}

static bool has_both_lans(struct trio *trio)
{
	return is_installed(trio, "10.1.0.0/16") && is_installed(trio, "10.3.0.0/16");
}

static bool has_all_ways(struct trio *trio)
{
	return is_installed(trio, "0.0.0.0/0") && is_installed(trio, "::/0") &&
	       is_installed(trio, OFFER "/128");
}

static bool has_no_ways(struct trio *trio)
{
	return find(trio, "0.0.0.0/0") == NULL && find(trio, "::/0") == NULL &&
	       find(trio, OFFER "/128") == NULL;
}

/* Has the command's output, in a node, this text? */
static bool says(const struct trio *trio, enum trio_node node, const char *command,
	const char *text)
{
	char *output = node == NODE_B ? trio_output("%s 2>&1", command)
				      : trio_output("nsenter -t %d -n %s 2>&1", trio->holders[node],
						command);
	bool found = strstr(output, text) != NULL;

	free(output);
	return found;
}

/* And the node beyond too. */
static bool a_has_all_ways(struct trio *trio)
{
	return says(trio, NODE_A, "ip route show table 172", "default") &&
	       says(trio, NODE_A, "ip -6 route show table 172", "default via") &&
	       says(trio, NODE_A, "ip -6 route show", OFFER);
}

/* The listener was told too. */
static void wait_promptly(struct trio *trio, bool (*holds)(struct trio *trio), double most,
	const char *what)
{
	double begin = trio_now();
	int changes = trio->changes;

	while ((!holds(trio) || trio->changes == changes) && trio_now() < begin + 10) {
		trio_turn(trio, 0.01);
	}
	double seconds = trio_now() - begin;
	printf("  %s: %.2f s\n", what, seconds);
	ck_assert_msg(seconds < most, "%s: %.2f s", what, seconds);
}

static void check_tables(const struct trio *trio, enum trio_node node)
{
	ck_assert(!says(trio, node, "ip route show default", "default"));
	ck_assert(!says(trio, node, "ip -6 route show default", "via"));
	ck_assert(says(trio, node, "ip route show table 172", "proto babel"));
}

static const char *const offers[] = {
	"ip route add default dev lan proto 7 table 175 metric 1",
	"ip -6 route add default dev lan proto 7 table 175 metric 1",
	"ip addr add " OFFER "/128 dev lan nodad",
};
static const char *const withdrawals[] = {
	"ip route del default table 175",
	"ip -6 route del default table 175",
	"ip addr del " OFFER "/128 dev lan",
};
/* Some ms later, see docs/routing.md. */
static const char *const retractions[] = {
	"ip route add unreachable default proto 109 table 176",
	"ip -6 route add unreachable default proto 109 table 176",
	"ip -6 route add unreachable " OFFER "/128 proto 109 table 176",
};

static void run_all(const struct trio *trio, const char *const commands[3])
{
	for (size_t i = 0; i < 3; i++) {
		trio_run_in(trio, NODE_C, commands[i]);
	}
}

START_TEST(offered_and_withdrawn)
{
	struct trio trio;

	if (!possible()) {
		return;
	}
	start(&trio);
	/* What the system or meshd's own tables have is no offer. */
	trio_run_in(&trio, NODE_C, "ip route add default dev lan proto dhcp metric 100");
	trio_run_in(&trio, NODE_C, "ip route add default dev lan proto 7 table 171");
	trio_run_in(&trio, NODE_C, "ip route add 10.77.0.0/16 dev lan proto static table 174");
	trio_wait(&trio, 60, has_both_lans, "networks of both");
	trio_turn(&trio, 3);
	ck_assert(has_no_ways(&trio) && find(&trio, "10.77.0.0/16") == NULL);
	run_all(&trio, offers);
	wait_promptly(&trio, has_all_ways, OFFERED, "offered");
	ck_assert_uint_ge(find(&trio, "0.0.0.0/0")->metric, 96 + 128);
	ck_assert_uint_lt(find(&trio, OFFER "/128")->metric, 128 + 96);
	trio_wait(&trio, 10, a_has_all_ways, "and heard two hops away");
	check_tables(&trio, NODE_B);
	check_tables(&trio, NODE_A);
	run_all(&trio, withdrawals);
	run_all(&trio, retractions);
	wait_promptly(&trio, has_no_ways, WITHDRAWN, "withdrawn");
	ck_assert(!says(&trio, NODE_B, "ip route show table 172", "default"));
	ck_assert(!says(&trio, NODE_B, "ip -6 route show table 172", "default"));
	trio_turn(&trio, 5);
	ck_assert(has_no_ways(&trio));
	run_all(&trio, offers);
	trio_run_in(&trio, NODE_C, "ip route flush table 176");
	trio_run_in(&trio, NODE_C, "ip -6 route flush table 176");
	wait_promptly(&trio, has_all_ways, OFFERED, "offered again");
	trio_stop(&trio);
}
END_TEST

/* The gateway's babeld dies: nobody says so, its hellos stay away. */
START_TEST(gateway_dies)
{
	struct trio trio;

	if (!possible()) {
		return;
	}
	start(&trio);
	trio_wait(&trio, 60, has_both_lans, "networks of both");
	run_all(&trio, offers);
	trio_wait(&trio, 10, has_all_ways, "offered");
	trio_kill_daemon(&trio, NODE_C, SIGKILL);
	trio_wait(&trio, 60, has_no_ways, "dead gateway left");
	trio_stop(&trio);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("babel_ways");
	TCase *tcase = tcase_create("babeld");

	tcase_set_timeout(tcase, 200);
	tcase_add_test(tcase, offered_and_withdrawn);
	tcase_add_test(tcase, gateway_dies);
	suite_add_tcase(suite, tcase);
	return suite;
}
