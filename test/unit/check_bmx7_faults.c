/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts are those of /proc/net, shortened. */
#include <stdio.h>
#include <string.h>

#include "routing/bmx7_faults.h"
#include "unit/check_main.h"

#define SEARCH(name, network) " tunOut " name " (0) \n    /network " network " (0) \n"
#define RUNNING                                                                                    \
	"PARAMETERS:\n" SEARCH("nodes", "10.0.0.0/8") SEARCH("inet4", "0.0.0.0/0")                 \
		SEARCH("pin", "0.0.0.0/0") SEARCH("next", "0.0.0.0/0") SEARCH("inet6", "::/0")
#define HEADING "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n"
#define DEFAULT(link, metric)                                                                      \
	link "\t00000000\t00000000\t0001\t0\t0\t" metric "\t00000000\t0\t0\t0\n"
#define DEFAULT6(link, metric)                                                                     \
	"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "                 \
	"00000000000000000000000000000000 " metric " 00000001 00000000 00000001 " link "\n"

static bool has_route(const struct bmx7_machine *machine, const struct prefix *destination,
	const char *link, uint32_t metric)
{
	struct bmx7_route route = {.destination = *destination, .link = link, .metric = metric};

	return bmx7_faults_has_route(machine, &route);
}

START_TEST(faults_are_found)
{
	char addresses[] = "fd70991eb92467f2cfde16f46cf6e7fb 06 10 00 80       bc\n"
			   "fe80000000000000c81f3efffee523fb 03 40 20 80       ba\n"
			   "fe80000000000000c81f3efffee523fc 04 40 20 c0       new\n";
	char ipv6[] =
		"fd70370fb7c9bfc625b66ec582d40605 80 00000000000000000000000000000000 00 "
		"fe800000000000005490d4fffebdad5f 00000400 00000001 00000000 00000003       bc\n"
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
		"20010db8000200000000000000000001 80 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000000 00000002 00000000 80200001   X7main\n";
	char ipv4[] = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n"
		      "X7Out_BA378FB3\t0000010A\t00000000\t0001\t0\t0\t1024\t0000FFFF\t0\t0\t0\n"
		      "eth0\t00000000\t00000000\t0001\t0\t0\t1024\t00000000\t0\t0\t0\n";
	struct bmx7_machine machine = {addresses, ipv6, ipv4, false};
	struct ip primary;
	struct prefix prefix;

	ip_parse("fd70:991e:b924:67f2:cfde:16f4:6cf6:e7fb", &primary);
	ck_assert(bmx7_faults_lost_address(&machine, "ba", &primary));
	ck_assert(!bmx7_faults_lost_address(&machine, "bc", &primary));
	ck_assert(!bmx7_faults_lost_address(&machine, "new", &primary));
	ck_assert(!bmx7_faults_lost_address(&machine, "gone", &primary));
	prefix_parse("fd70:370f:b7c9:bfc6:25b6:6ec5:82d4:605/128", &prefix);
	ck_assert(has_route(&machine, &prefix, "bc", 0));
	ck_assert(has_route(&machine, &prefix, "bc", 1024));
	ck_assert(!has_route(&machine, &prefix, "bc", 1025));
	ck_assert(!has_route(&machine, &prefix, "ba", 0));
	prefix_parse("2001:db8:2::1/128", &prefix);
	ck_assert(!has_route(&machine, &prefix, "X7main", 0));
	prefix_parse("10.1.0.0/16", &prefix);
	ck_assert(has_route(&machine, &prefix, "X7Out_BA378FB3", 1024));
	ck_assert(!has_route(&machine, &prefix, "X7Out_BA378FB4", 1024));
	ck_assert(!has_route(&machine, &prefix, "X7Out_BA378FB3", 1025));
	prefix_parse("0.0.0.0/0", &prefix);
	ck_assert(!has_route(&machine, &prefix, "X7Out_BA378FB3", 0));
	ck_assert(has_route(&machine, &prefix, NULL, 1024));
	prefix_parse("::/0", &prefix);
	ck_assert(!has_route(&machine, &prefix, NULL, 0));
}
END_TEST

struct scene {
	struct bmx7_answer answer;
	struct bmx7_tunnel tunnels[4];
	struct bmx7_machine machine;
	bool defaults_matter;
	char none[1];
};

static void add_tunnel(struct scene *scene, const char *search, const char *route, const char *link,
	uint32_t metric)
{
	struct bmx7_tunnel *tunnel = &scene->tunnels[scene->answer.tunnel_count++];

	*tunnel = (struct bmx7_tunnel){.metric = metric};
	strcpy(tunnel->search, search);
	strcpy(tunnel->link, link);
	prefix_parse(route, &tunnel->route);
	scene->answer.tunnels = scene->tunnels;
}

/* Commands with ';' behind. */
static void check_faults(struct scene *scene, char *ipv4_routes, char *ipv6_routes,
	const char *expected, const char *word)
{
	struct bmx7_commands commands = {0};
	char said[256] = "";
	char text[160];

	scene->machine = (struct bmx7_machine){scene->none, ipv6_routes, ipv4_routes,
		scene->defaults_matter};
	ck_assert_int_eq(bmx7_options_parse(RUNNING, strlen(RUNNING), &scene->answer.options), 0);
	ck_assert_int_eq(bmx7_faults_find(&scene->machine, &scene->answer, &commands, text,
				 sizeof(text)),
		0);
	for (size_t i = 0; i < commands.count; i++) {
		strcat(strcat(said, commands.items[i]), ";");
	}
	ck_assert_str_eq(said, expected);
	ck_assert_msg(strstr(text, word) != NULL && (expected[0] == '\0') == (text[0] == '\0'),
		"%s", text);
	bmx7_commands_free(&commands);
	bmx7_options_free(&scene->answer.options);
}

START_TEST(faults_are_mended_by_the_least)
{
	struct routing_route route = {.link = "ba"};
	struct scene scene = {0};
	char none[] = "";

	add_tunnel(&scene, "nodes", "10.3.0.0/16", "X7Out_1", 1024);
	add_tunnel(&scene, "nodes", "10.4.0.0/16", "X7Out_2", 1024);
	check_faults(&scene, none, none, "tunOut=-nodes;", "10.3.0.0/16");
	/* What another hand took away meanwhile is not said. */
	strcpy(scene.tunnels[0].search, "gone");
	strcpy(scene.tunnels[1].search, "gone");
	check_faults(&scene, none, none, "", "");
	prefix_parse("fd70::1/128", &route.destination);
	ip_parse("fe80::1", &route.via);
	scene.answer.state.routes = &route;
	scene.answer.state.route_count = 1;
	check_faults(&scene, none, none, "flushAll;", "fd70::1/128");
}
END_TEST

/* The chosen gateway, the next best one, and bmx7's own choice, which is one of them. */
START_TEST(several_searches_for_one_network)
{
	char whole[] = HEADING DEFAULT("X7Out_1", "1024") DEFAULT("X7Out_2", "1025");
	char next_lost[] = HEADING DEFAULT("X7Out_1", "1024");
	char other_metric[] = HEADING DEFAULT("X7Out_1", "1024") DEFAULT("X7Out_2", "1026");
	char none[] = "";
	struct scene scene = {0};

	add_tunnel(&scene, "pin", "0.0.0.0/0", "X7Out_1", 1024);
	add_tunnel(&scene, "next", "0.0.0.0/0", "X7Out_2", 1025);
	check_faults(&scene, whole, none, "", "");
	check_faults(&scene, next_lost, none, "tunOut=-next;", "1025");
	check_faults(&scene, other_metric, none, "tunOut=-next;", "1025");
	check_faults(&scene, none, none, "tunOut=-pin;tunOut=-next;", "0.0.0.0/0");
}
END_TEST

START_TEST(foreign_default_route_matters_to_no_table_of_ours)
{
	char foreign[] = HEADING DEFAULT("eth0", "1024");
	char foreign6[] = DEFAULT6("eth0", "00000400");
	char none[] = "";
	struct scene scene = {0};

	add_tunnel(&scene, "inet4", "0.0.0.0/0", "X7Out_1", 1024);
	add_tunnel(&scene, "inet6", "::/0", "X7Out_1", 1024);
	check_faults(&scene, foreign, foreign6, "", "");
	check_faults(&scene, foreign, none, "tunOut=-inet6;", "::/0");
	scene.defaults_matter = true;
	check_faults(&scene, foreign, foreign6, "tunOut=-inet4;tunOut=-inet6;", "hidden");
	/* Other networks matter always. */
	char hidden[] = HEADING "eth0\t0000030A\t00000000\t0001\t0\t0\t1024\t0000FFFF\t0\t0\t0\n";
	scene = (struct scene){0};
	add_tunnel(&scene, "nodes", "10.3.0.0/16", "X7Out_1", 1024);
	check_faults(&scene, hidden, none, "tunOut=-nodes;", "10.3.0.0/16");
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("bmx7_faults");
	TCase *tcase = tcase_create("faults");

	tcase_add_test(tcase, faults_are_found);
	tcase_add_test(tcase, faults_are_mended_by_the_least);
	tcase_add_test(tcase, several_searches_for_one_network);
	tcase_add_test(tcase, foreign_default_route_matters_to_no_table_of_ours);
	suite_add_tcase(suite, tcase);
	return suite;
}
