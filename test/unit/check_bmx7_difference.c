/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "routing/bmx7_faults.h"
#include "unit/check_main.h"

#define RUNNING                                                                                    \
	"PARAMETERS:\n"                                                                            \
	" runtimeDir             /tmp/bx/b/run        (/var/run/bmx7) \n"                          \
	" plugin                 bmx7_tun.so          (0) \n"                                      \
	" hostname               nodeb                (0) \n"                                      \
	" dev                    ba                   (0) \n"                                      \
	" dev                    bc                   (0) \n"                                      \
	" tunDev                 main                 (0) \n"                                      \
	"    /tun4Address        10.2.0.1/16          (0) \n"                                      \
	" tunIn                  n0a4d_16             (0) \n"                                      \
	"    /network            10.77.0.0/16         (0) \n"                                      \
	" tunOut                 inet4                (0) \n"                                      \
	"    /network            0.0.0.0/0            (0) \n"                                      \
	"    /maxPrefixLen       0                    (128) \n"                                    \
	"    /setProto           110                  (0) \n"

struct scene {
	char links[4][IFNAMSIZ];
	struct prefix announce[4];
	struct routing_search search[4];
	struct routing_wish wish;
};

/* What RUNNING is the answer to. */
static void set_scene(struct scene *scene)
{
	*scene = (struct scene){
		.links = {"ba", "bc"},
		.search = {{.name = "inet4"}},
		.wish = {.link_count = 2,
			.announce_count = 2,
			.search_count = 1,
			.hostname = "nodeb"},
	};
	prefix_parse("10.2.0.0/16", &scene->announce[0]); /* the tunnel device's */
	prefix_parse("10.77.0.0/16", &scene->announce[1]);
	prefix_parse("0.0.0.0/0", &scene->search[0].network);
	prefix_parse("10.2.0.1/16", &scene->wish.tunnel_ipv4);
	scene->wish.links = scene->links;
	scene->wish.announce = scene->announce;
	scene->wish.search = scene->search;
}

/* The difference as one text, commands with ';' behind. */
static void check_difference(const char *running, const struct routing_wish *wish, bool tunnels,
	const char *expected)
{
	struct bmx7_options options;
	struct bmx7_commands commands = {0};
	char text[4096] = "";

	ck_assert_int_eq(bmx7_options_parse(running, strlen(running), &options), 0);
	ck_assert_int_eq(bmx7_difference(&options, wish, tunnels, &commands), 0);
	for (size_t i = 0; i < commands.count; i++) {
		strcat(strcat(text, commands.items[i]), ";");
	}
	ck_assert_str_eq(text, expected);
	bmx7_commands_free(&commands);
	bmx7_options_free(&options);
}

START_TEST(nothing_to_say)
{
	struct scene scene;

	set_scene(&scene);
	check_difference(RUNNING, &scene.wish, true, "");
}
END_TEST

START_TEST(fresh_daemon_gets_all)
{
	struct scene scene;

	set_scene(&scene);
	check_difference("PARAMETERS:\n plugin x (0) \n", &scene.wish, true,
		"hostname=nodeb;dev=ba;dev=bc;tunDev=main /tun4Address=10.2.0.1/16;"
		"tunIn=n0a4d_16 /network=10.77.0.0/16;"
		"tunOut=inet4 /network=0.0.0.0/0 /setProto=110 /maxPrefixLen=0;");
	check_difference("PARAMETERS:\n plugin x (0) \n", &scene.wish, false,
		"hostname=nodeb;dev=ba;dev=bc;");
}
END_TEST

START_TEST(only_what_differs_is_said)
{
	struct scene scene;

	set_scene(&scene);
	strcpy(scene.links[1], "bd");
	strcpy(scene.wish.hostname, "other");
	prefix_parse("fd00:1::1/64", &scene.wish.tunnel_ipv6);
	prefix_parse("2001:db8::/48", &scene.announce[1]);
	scene.search[0].max_length = 32;
	check_difference(RUNNING, &scene.wish, true,
		"hostname=other;dev=bd;dev=-bc;tunDev=main /tun6Address=fd00:1::1/64;"
		"tunIn=-n0a4d_16;tunIn=s20010db80000_48 /network=2001:db8::/48;"
		"tunOut=inet4 /maxPrefixLen=-;");
}
END_TEST

START_TEST(what_is_not_wished_goes)
{
	struct scene scene;
	struct routing_wish none = {0};

	set_scene(&scene);
	check_difference(RUNNING, &none, true,
		"dev=-ba;dev=-bc;tunDev=-main;tunIn=-n0a4d_16;tunOut=-inet4;");
	/* Another hand's sub-options too. */
	check_difference(RUNNING "    /gwName             g2                   (0) \n", &scene.wish,
		true, "tunOut=inet4 /gwName=-;");
}
END_TEST

START_TEST(what_kills_bmx7_is_never_said)
{
	struct scene scene;

	set_scene(&scene);
	memset(scene.wish.hostname, 'h', 63);
	scene.wish.hostname[63] = '\0';
	strcpy(scene.wish.hostname, "-x");
	strcpy(scene.links[0], "a b");
	strcpy(scene.search[0].name, "in et");
	check_difference("PARAMETERS:\n", &scene.wish, true,
		"dev=bc;tunDev=main /tun4Address=10.2.0.1/16;"
		"tunIn=n0a4d_16 /network=10.77.0.0/16;");
}
END_TEST

START_TEST(parameters_are_read_strictly)
{
	static const char *const wrong[] = {"", "plugin x\n", "PARAMETERS:\n dev\n",
		"PARAMETERS:\n    /network 1 (0)\n", "PARAMETERS:\n dev e\x01 (0)\n"};
	struct bmx7_options options;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(bmx7_options_parse(wrong[i], strlen(wrong[i]), &options) == -EINVAL,
			"%s", wrong[i]);
	}
	ck_assert_int_eq(bmx7_options_parse(RUNNING, strlen(RUNNING), &options), 0);
	const struct bmx7_option *device = bmx7_options_find(&options, "TUNDEV", NULL);
	ck_assert_ptr_nonnull(device);
	ck_assert_str_eq(bmx7_options_child(&options, device, "/tun4Address"), "10.2.0.1/16");
	ck_assert_ptr_null(bmx7_options_child(&options, device, "/network"));
	bmx7_options_free(&options);
}
END_TEST

START_TEST(names_are_those_of_the_network)
{
	static const char *const pairs[][2] = {{"0.0.0.0/0", "n00_0"}, {"10.13.0.0/16", "n0a0d_16"},
		{"10.13.128.0/17", "n0a0d80_17"}, {"fd00:1::/64", "sfd00000100000000_64"},
		{"2001:db8::1/128", "s20010db8000000000000000000000001_128"}};
	char name[BMX7_NAME_SIZE];
	struct prefix network;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		prefix_parse(pairs[i][0], &network);
		bmx7_announcement_name(&network, name);
		ck_assert_str_eq(name, pairs[i][1]);
	}
}
END_TEST

START_TEST(faults_are_found)
{
	char addresses[] = "fd70991eb92467f2cfde16f46cf6e7fb 06 10 00 80       bc\n"
			   "fe80000000000000c81f3efffee523fb 03 40 20 80       ba\n"
			   "fe80000000000000c81f3efffee523fc 04 40 20 c0       new\n";
	char ipv6[] =
		"fd70370fb7c9bfc625b66ec582d40605 80 00000000000000000000000000000000 00 "
		"fe800000000000005490d4fffebdad5f 00000400 00000001 00000000 00000003       bc\n"
		"20010db8000200000000000000000001 80 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000000 00000002 00000000 80200001   X7main\n";
	char ipv4[] = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n"
		      "X7Out_BA378FB3\t0000010A\t00000000\t0001\t0\t0\t1024\t0000FFFF\t0\t0\t0\n"
		      "eth0\t00000000\t00000000\t0001\t0\t0\t1024\t00000000\t0\t0\t0\n";
	struct bmx7_machine machine = {addresses, ipv6, ipv4};
	struct ip primary;
	struct prefix prefix;

	ip_parse("fd70:991e:b924:67f2:cfde:16f4:6cf6:e7fb", &primary);
	ck_assert(bmx7_faults_lost_address(&machine, "ba", &primary));
	ck_assert(!bmx7_faults_lost_address(&machine, "bc", &primary));
	ck_assert(!bmx7_faults_lost_address(&machine, "new", &primary));
	ck_assert(!bmx7_faults_lost_address(&machine, "gone", &primary));
	prefix_parse("fd70:370f:b7c9:bfc6:25b6:6ec5:82d4:605/128", &prefix);
	ck_assert(bmx7_faults_has_route(&machine, &prefix, "bc"));
	ck_assert(!bmx7_faults_has_route(&machine, &prefix, "ba"));
	prefix_parse("2001:db8:2::1/128", &prefix);
	ck_assert(!bmx7_faults_has_route(&machine, &prefix, "X7*"));
	prefix_parse("10.1.0.0/16", &prefix);
	ck_assert(bmx7_faults_has_route(&machine, &prefix, "X7*"));
	prefix_parse("0.0.0.0/0", &prefix);
	ck_assert(!bmx7_faults_has_route(&machine, &prefix, "X7*"));
}
END_TEST

static void check_fault(struct routing_route *route, const char *parameters, const char *command)
{
	char none[] = "";
	struct bmx7_machine machine = {none, none, none};
	struct bmx7_answer answer = {.state = {.routes = route, .route_count = 1}};
	struct bmx7_commands commands = {0};
	char text[160];

	ck_assert_int_eq(bmx7_options_parse(parameters, strlen(parameters), &answer.options), 0);
	ck_assert_int_eq(bmx7_faults_find(&machine, &answer, &commands, text, sizeof(text)), 0);
	ck_assert_uint_eq(commands.count, 1);
	ck_assert_str_eq(commands.items[0], command);
	ck_assert(text[0] != '\0');
	bmx7_commands_free(&commands);
	bmx7_options_free(&answer.options);
}

START_TEST(faults_are_mended_by_the_least)
{
	struct routing_route route = {.link = "X7Out_1"};

	prefix_parse("10.3.0.0/16", &route.destination);
	check_fault(&route,
		RUNNING " tunOut                 nodes                (0) \n"
			"    /network            10.0.0.0/8           (0) \n",
		"tunOut=-nodes");
	prefix_parse("fd70::1/128", &route.destination);
	ip_parse("fe80::1", &route.via);
	check_fault(&route, RUNNING, "flushAll");
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("bmx7_difference");
	TCase *tcase = tcase_create("difference");

	tcase_add_test(tcase, nothing_to_say);
	tcase_add_test(tcase, fresh_daemon_gets_all);
	tcase_add_test(tcase, only_what_differs_is_said);
	tcase_add_test(tcase, what_is_not_wished_goes);
	tcase_add_test(tcase, what_kills_bmx7_is_never_said);
	tcase_add_test(tcase, parameters_are_read_strictly);
	tcase_add_test(tcase, names_are_those_of_the_network);
	tcase_add_test(tcase, faults_are_found);
	tcase_add_test(tcase, faults_are_mended_by_the_least);
	suite_add_tcase(suite, tcase);
	return suite;
}
