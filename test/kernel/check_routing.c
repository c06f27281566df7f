/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The routing room with real daemons: one case list, babeld and bmx7. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/shell.h"
#include "kernel/trio.h"
#include "routing/bmx7_options.h"
#include "unit/check_main.h"

static const enum link_protocol protocols[] = {PROTOCOL_BABELD, PROTOCOL_BMX7};

static char link_names[][IFNAMSIZ] = {"ba", "bc"};

/* Says so and returns false where this case cannot be tried. */
static bool possible(enum link_protocol protocol)
{
	char reason[64];

	if (!trio_is_possible(protocol, reason, sizeof(reason))) {
		printf("  skipped: %s\n", reason);
		return false;
	}
	printf("  %s\n", protocol == PROTOCOL_BABELD ? "babeld" : "bmx7");
	return true;
}

static void wish_links(struct trio *trio, size_t count)
{
	struct routing_wish wish = {.links = link_names, .link_count = count, .hostname = "middle"};

	ck_assert_int_eq(routing_set_wish(trio->routing, trio->protocol, &wish, trio_now()), 0);
}

static size_t count_neighbours(const struct trio *trio, const char *link)
{
	const struct routing_state *state = trio_state(trio);
	size_t count = 0;

	for (size_t i = 0; i < state->neighbour_count; i++) {
		count += strcmp(state->neighbours[i].link, link) == 0 ? 1 : 0;
	}
	return state->answers ? count : 0;
}

/* Of routes that the kernel must have. */
static size_t count_installed(const struct trio *trio)
{
	const struct routing_state *state = trio_state(trio);
	size_t count = 0;

	for (size_t i = 0; i < state->route_count; i++) {
		bool works = trio->protocol == PROTOCOL_BMX7 || state->routes[i].metric < 65535;
		count += state->routes[i].installed && works ? 1 : 0;
	}
	return state->answers ? count : 0;
}

static bool has_one_side(struct trio *trio)
{
	return count_neighbours(trio, "ba") == 1 && count_neighbours(trio, "bc") == 0 &&
	       count_installed(trio) == 1;
}

static bool has_both_sides(struct trio *trio)
{
	return count_neighbours(trio, "ba") == 1 && count_neighbours(trio, "bc") == 1 &&
	       count_installed(trio) == 2;
}

static bool answers(struct trio *trio)
{
	return trio_state(trio)->answers;
}

static bool answers_no_more(struct trio *trio)
{
	return !trio_state(trio)->answers;
}

static bool got_answer(struct trio *trio)
{
	return trio->answers > 0;
}

static bool is_in_kernel(const struct routing_route *route, const char *routes)
{
	char destination[PREFIX_TEXT_SIZE];
	char via[IP_TEXT_SIZE];
	char line[160];

	prefix_format(&route->destination, destination);
	ip_format(&route->via, via);
	if (route->destination.length == 128) {
		destination[strlen(destination) - strlen("/128")] = '\0';
	}
	snprintf(line, sizeof(line), "%s via %s%s dev %s ", destination,
		route->destination.ip.family == AF_INET ? "inet6 " : "", via, route->link);
	return strstr(routes, line) != NULL;
}

/* Every route that the daemon says is installed is in the kernel, and no other of its own. */
static bool agrees_with_kernel(struct trio *trio)
{
	const struct routing_state *state = trio_state(trio);
	bool babeld = trio->protocol == PROTOCOL_BABELD;
	char *routes = babeld ? trio_output("ip -o route show proto babel; "
					    "ip -o -6 route show proto babel")
			      : trio_output("ip -o -6 route show table 70");
	size_t lines = 0;

	for (const char *c = routes; *c != '\0'; c++) {
		lines += *c == '\n' ? 1 : 0;
	}
	bool agrees = lines == count_installed(trio);
	for (size_t i = 0; i < state->route_count; i++) {
		const struct routing_route *route = &state->routes[i];
		agrees = agrees && (!route->installed || is_in_kernel(route, routes));
	}
	free(routes);
	return agrees;
}

/* What is shown is at most a second old. */
static void compare_with_kernel(struct trio *trio)
{
	trio_wait(trio, 5, agrees_with_kernel, "as ip route");
}

/* Asked again, there is nothing to say. */
static void check_nothing_to_say(const struct trio *trio, size_t link_count)
{
	struct routing_wish wish = {.links = link_names,
		.link_count = link_count,
		.hostname = "middle"};
	struct bmx7_options options;
	struct bmx7_commands commands;

	ck_assert_str_eq(routing_refusal(trio->routing, trio->protocol), "");
	if (trio->protocol == PROTOCOL_BABELD) {
		return;
	}
	char *text = trio_bmx7_parameters(trio);
	ck_assert_int_eq(bmx7_options_parse(text, strlen(text) - 1, &options), 0);
	ck_assert_int_eq(bmx7_difference(&options, &wish, true, &commands), 0);
	ck_assert_msg(commands.count == 0, "%s in %s", commands.items[0], text);
	bmx7_options_free(&options);
	free(text);
}

/* Of several times six seconds in which nothing happens. A link that was just added is still being
 * learnt: its cost changes now and then. */
static int fewest_changes(struct trio *trio)
{
	int fewest = INT_MAX;

	for (int i = 0; i < 5 && fewest > 1; i++) {
		int before = trio->changes;
		trio_turn(trio, 6);
		fewest = trio->changes - before < fewest ? trio->changes - before : fewest;
	}
	return fewest;
}

START_TEST(links_come_and_go)
{
	struct trio trio;

	if (!possible(protocols[_i])) {
		return;
	}
	trio_start(&trio, protocols[_i], "");
	wish_links(&trio, 1);
	trio_wait(&trio, 60, has_one_side, "first link, its neighbour and route");
	compare_with_kernel(&trio);
	wish_links(&trio, 2);
	trio_wait(&trio, 60, has_both_sides, "second link added");
	compare_with_kernel(&trio);
	check_nothing_to_say(&trio, 2);
	wish_links(&trio, 1);
	trio_wait(&trio, 60, has_one_side, "second link taken away");
	compare_with_kernel(&trio);
	wish_links(&trio, 2);
	trio_wait(&trio, 60, has_both_sides, "and added again");
	compare_with_kernel(&trio);
	check_nothing_to_say(&trio, 2);
	ck_assert_int_le(fewest_changes(&trio), 1);
	trio_stop(&trio);
}
END_TEST

START_TEST(hung_and_killed)
{
	struct trio trio;

	if (!possible(protocols[_i])) {
		return;
	}
	trio_start(&trio, protocols[_i], "");
	wish_links(&trio, 2);
	trio_wait(&trio, 60, has_both_sides, "two links");
	routing_ask(trio.routing, trio.protocol, trio_now());
	trio_wait(&trio, 3.2, got_answer, "asked");
	ck_assert(trio.works);
	trio.answers = 0;
	kill(trio.daemons[NODE_B], SIGSTOP);
	routing_ask(trio.routing, trio.protocol, trio_now());
	trio_wait(&trio, 3.2, got_answer, "asked while it hangs");
	ck_assert(!trio.works);
	trio.answers = 0;
	kill(trio.daemons[NODE_B], SIGCONT);
	trio_wait(&trio, 10, answers, "answers again");
	routing_ask(trio.routing, trio.protocol, trio_now());
	trio_wait(&trio, 3.2, got_answer, "asked after it hung");
	ck_assert(trio.works);
	trio_kill_daemon(&trio, NODE_B, SIGKILL);
	trio_wait(&trio, 7, answers_no_more, "killed");
	ck_assert_uint_eq(trio_state(&trio)->neighbour_count, 2);
	if (trio.protocol == PROTOCOL_BMX7) {
		/* What its supervisor does (bmx7 takes the old rule for a missing feature). */
		run("ip -6 rule del pref 70; ip -6 route flush table 70");
	}
	trio_start_daemon(&trio, NODE_B);
	trio_wait(&trio, 90, has_both_sides, "started again");
	check_nothing_to_say(&trio, 2);
	trio_stop(&trio);
}
END_TEST

START_TEST(announcements)
{
	struct routing_announcement announce[2] = {0};
	struct trio trio;
	struct routing_wish wish = {.links = link_names,
		.link_count = 2,
		.announce = announce,
		.announce_count = 2,
		.hostname = "middle"};

	if (!possible(protocols[_i])) {
		return;
	}
	trio_start(&trio, protocols[_i], "");
	prefix_parse("10.2.0.1/16", &announce[0].network);
	prefix_parse("10.99.0.0/16", &announce[1].network);
	ck_assert_int_eq(routing_set_wish(trio.routing, trio.protocol, &wish, trio_now()), 0);
	trio_wait(&trio, 60, has_both_sides, "two links");
	if (trio.protocol == PROTOCOL_BABELD) {
		/* Its own network it announces; the other has no route. */
		trio_turn(&trio, 12);
		ck_assert_ptr_nonnull(strstr(routing_refusal(trio.routing, trio.protocol),
			"10.99.0.0/16 is not"));
		ck_assert(trio_state(&trio)->networks[0].own);
		run("ip route add 10.99.0.0/16 dev lan proto static");
		trio_turn(&trio, 2);
		ck_assert_str_eq(routing_refusal(trio.routing, trio.protocol), "");
	} else {
		char *text = trio_bmx7_parameters(&trio);
		ck_assert_ptr_nonnull(strstr(text, "n0a63_16"));
		ck_assert_ptr_nonnull(strstr(text, "n0a02_16"));
		free(text);
		wish.announce_count = 1;
		routing_set_wish(trio.routing, trio.protocol, &wish, trio_now());
		trio_turn(&trio, 1);
		text = trio_bmx7_parameters(&trio);
		ck_assert_ptr_null(strstr(text, "n0a63_16"));
		free(text);
	}
	trio_stop(&trio);
}
END_TEST

/* Tunnels: bmx7 only, and only where the kernel has them. */

static bool tunnels_are_possible(void)
{
	char missing[64];

	if (!possible(PROTOCOL_BMX7)) {
		return false;
	}
	if (!routing_bmx7_has_needs(missing, sizeof(missing))) {
		printf("  skipped: no %s\n", missing);
		return false;
	}
	return true;
}

/* The node's IPv4 address is the tunnel's. options: see trio_start(). */
static void start_with_tunnels(struct trio *trio, struct routing_wish *wish, const char *options)
{
	trio_start(trio, PROTOCOL_BMX7, options);
	prefix_parse("10.2.0.1/16", &wish->tunnel_ipv4);
	run("ip addr del 10.2.0.1/16 dev lan");
	ck_assert_int_eq(routing_set_wish(trio->routing, trio->protocol, wish, trio_now()), 0);
}

static bool has_tunnels(struct trio *trio)
{
	const struct routing_state *state = trio_state(trio);
	size_t count = 0;

	for (size_t i = 0; i < state->network_count; i++) {
		count += state->networks[i].tunnel[0] != '\0' ? 1 : 0;
	}
	return count == 2;
}

static bool has_kernel_route(struct trio *trio)
{
	char *text = trio_output("ip route show 10.1.0.0/16; ip -6 route show table 70");
	size_t tunnels = strstr(text, "10.1.0.0/16 dev X7Out") != NULL;
	size_t routes = strstr(text, "dev ba") != NULL && strstr(text, "dev bc") != NULL;

	(void)trio;
	free(text);
	return tunnels + routes == 2;
}

static bool has_address(struct trio *trio)
{
	char *text = trio_output("ip -6 addr show dev ba");
	bool has = strstr(text, "fd70:") != NULL;

	free(text);
	return has && count_neighbours(trio, "ba") == 1;
}

static bool has_refusal(struct trio *trio)
{
	return strstr(routing_refusal(trio->routing, trio->protocol), "X7main") != NULL;
}

START_TEST(tunnels)
{
	struct routing_announcement announce[1] = {0};
	struct routing_search search[1] = {{.name = "nodes", .max_length = 32}};
	struct trio trio;
	struct routing_wish wish = {.links = link_names,
		.link_count = 2,
		.announce = announce,
		.announce_count = 1,
		.search = search,
		.search_count = 1,
		.hostname = "middle"};

	if (!tunnels_are_possible()) {
		return;
	}
	prefix_parse("10.2.0.1/16", &announce[0].network);
	prefix_parse("10.0.0.0/8", &search[0].network);
	start_with_tunnels(&trio, &wish,
		"tunDev=main /tun4Address=10.%d.0.1/16 tunOut=n /network=10.0.0.0/8");
	trio_wait(&trio, 60, has_tunnels, "tunnels to both");
	trio_wait(&trio, 60, has_kernel_route, "and their routes in the kernel");
	trio_turn(&trio, 6);
	run("ip route del 10.1.0.0/16");
	trio_wait(&trio, 90, has_kernel_route, "deleted route into a tunnel is back");
	trio_turn(&trio, 32);
	run("ip -6 route flush table 70");
	trio_wait(&trio, 90, has_kernel_route, "deleted mesh routes are back");
	run("ip -6 addr flush dev ba scope global");
	trio_wait(&trio, 120, has_address, "deleted address is back");
	trio_wait(&trio, 60, has_tunnels, "tunnels to both");
	run("ip link del X7main");
	trio_wait(&trio, 30, has_refusal, "deleted tunnel device is said");
	routing_ask(trio.routing, trio.protocol, trio_now());
	trio_wait(&trio, 3.2, got_answer, "asked");
	ck_assert(!trio.works);
	trio_stop(&trio);
}
END_TEST

/* Two gateways, a and c: both may have their tunnels at once, whichever bmx7 itself would take. */

static const struct routing_network *find_way(const struct trio *trio, const char *name)
{
	const struct routing_state *state = trio_state(trio);

	for (size_t i = 0; i < state->network_count; i++) {
		const struct routing_network *network = &state->networks[i];
		if (network->network.length == 0 && strcmp(network->name, name) == 0) {
			return network;
		}
	}
	return NULL;
}

static bool has_both_ways(struct trio *trio)
{
	return find_way(trio, "node-a") != NULL && find_way(trio, "node-c") != NULL;
}

static bool has_one_way(struct trio *trio)
{
	return find_way(trio, "node-a") == NULL && find_way(trio, "node-c") != NULL;
}

static bool has_both_tunnels(struct trio *trio)
{
	return has_both_ways(trio) && find_way(trio, "node-a")->tunnel[0] != '\0' &&
	       find_way(trio, "node-c")->tunnel[0] != '\0';
}

static void wish_pin(struct routing_wish *wish, const struct trio *trio, const char *name,
	uint32_t metric)
{
	struct routing_search *search = &wish->search[wish->search_count++];

	*search = (struct routing_search){.metric = metric};
	snprintf(search->name, sizeof(search->name), "pin_%s", name);
	prefix_parse("0.0.0.0/0", &search->network);
	text_copy(search->gateway, sizeof(search->gateway), find_way(trio, name)->id);
}

static void check_routes(const char *const *devices, const char *const *metrics, size_t count)
{
	char *text = trio_output("ip route show default");
	char line[96];

	for (size_t i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "default dev %s proto 110 metric %s", devices[i],
			metrics[i]);
		ck_assert_msg(strstr(text, line) != NULL, "%s: %s", line, text);
	}
	free(text);
}

START_TEST(pins)
{
	struct routing_search search[3] = {{.name = "inet4", .rating = 1}};
	struct trio trio;
	struct routing_wish wish = {.links = link_names,
		.link_count = 2,
		.search = search,
		.search_count = 1,
		.hostname = "middle"};

	if (!tunnels_are_possible()) {
		return;
	}
	prefix_parse("0.0.0.0/0", &search[0].network);
	start_with_tunnels(&trio, &wish,
		"tunDev=main /tun4Address=10.%d.0.1/16 "
		"tunIn=inet4 /network=0.0.0.0/0 /bandwidth=10000000");
	trio_wait(&trio, 60, has_both_ways, "two gateways");
	ck_assert(!has_both_tunnels(&trio));
	ck_assert_uint_eq(find_way(&trio, "node-a")->bandwidth, 9437000);
	wish_pin(&wish, &trio, "node-a", 1101);
	wish_pin(&wish, &trio, "node-c", 1102);
	trio_turn(&trio, 1.5);
	int changes = trio.changes;
	double begin = trio_now();
	ck_assert_int_eq(routing_set_wish(trio.routing, trio.protocol, &wish, begin), 0);
	while (trio_now() < begin + 3 && (!has_both_tunnels(&trio) || trio.changes == changes)) {
		trio_turn(&trio, 0.01);
	}
	printf("  both tunnels: %.2f s\n", trio_now() - begin);
	ck_assert_msg(trio_now() < begin + 1, "%.2f s", trio_now() - begin);
	const char *devices[] = {find_way(&trio, "node-a")->tunnel,
		find_way(&trio, "node-c")->tunnel};
	static const char *const metrics[] = {"1101", "1102"};
	check_routes(devices, metrics, 2);
	ck_assert_str_eq(routing_refusal(trio.routing, trio.protocol), "");
	/* A foreign default route in front of all changes nothing. */
	run("ip route add default dev lan metric 1101 || ip route append default dev lan "
	    "metric 1101");
	trio_turn(&trio, 35);
	ck_assert_str_eq(routing_refusal(trio.routing, trio.protocol), "");
	run_format("bmx7 runtimeDir=%s/a/bmx7 -c tunIn=-inet4", trio.dir);
	trio_wait(&trio, 6, has_one_way, "a withdraws");
	trio_stop(&trio);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("routing");
	TCase *tcase = tcase_create("daemons");

	tcase_set_timeout(tcase, 500);
	tcase_add_loop_test(tcase, links_come_and_go, 0, 2);
	tcase_add_loop_test(tcase, hung_and_killed, 0, 2);
	tcase_add_loop_test(tcase, announcements, 0, 2);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("tunnels");
	tcase_set_timeout(tcase, 500);
	tcase_add_test(tcase, tunnels);
	tcase_add_test(tcase, pins);
	suite_add_tcase(suite, tcase);
	return suite;
}
