/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "routing/bmx7_options.h"
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
	struct routing_announcement announce[4];
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
	prefix_parse("10.2.0.0/16", &scene->announce[0].network); /* the tunnel device's */
	prefix_parse("10.77.0.0/16", &scene->announce[1].network);
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
	prefix_parse("2001:db8::/48", &scene.announce[1].network);
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
	static const char *const pairs[][2] = {{"0.0.0.0/0", "inet4"}, {"::/0", "inet6"},
		{"10.13.0.0/16", "n0a0d_16"}, {"10.13.128.0/17", "n0a0d80_17"},
		{"fd00:1::/64", "sfd00000100000000_64"},
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

#define GATEWAY_A "94FBAD361EC0401419E3F043B43A4BEA079657B83352D85A09CA643B"
#define GATEWAY_B "1CBB7C33ACDF5EC29947413FC609AE6ADF553372C5B24B800CC0C865"

/* As bmx7 printed them (its defaults in parentheses). */
#define PIN                                                                                        \
	" tunOut                 i4_94FBAD36          (0) \n"                                      \
	"    /network            0.0.0.0/0            (0) \n"                                      \
	"    /setProto           110                  (0) \n"                                      \
	"    /maxPrefixLen       0                    (128) \n"                                    \
	"    /gwId               " GATEWAY_A " (0) \n"                                             \
	"    /ipMetric           1101                 (1024) \n"

static void add_pin(struct scene *scene, const char *name, const char *gateway, uint32_t metric)
{
	struct routing_search *search = &scene->search[scene->wish.search_count++];

	*search = (struct routing_search){.metric = metric};
	strcpy(search->name, name);
	strcpy(search->gateway, gateway);
	prefix_parse("0.0.0.0/0", &search->network);
}

START_TEST(pin_is_said_with_all_its_words)
{
	struct scene scene;

	set_scene(&scene);
	scene.search[0].rating = 1;
	add_pin(&scene, "i4_94FBAD36", GATEWAY_A, 1101);
	check_difference(RUNNING, &scene.wish, true,
		"tunOut=inet4 /rating=1;"
		"tunOut=i4_94FBAD36 /network=0.0.0.0/0 /setProto=110 /maxPrefixLen=0 "
		"/gwId=" GATEWAY_A " /ipMetric=1101;");
	/* Said once; the letters of an id have no case, 100 and 1024 are bmx7's own. */
	check_difference(RUNNING "    /rating             1                    (100) \n" PIN,
		&scene.wish, true, "");
	strcpy(scene.search[1].gateway, "94fbad361ec0401419e3f043b43a4bea079657b83352d85a09ca643b");
	scene.search[1].rating = 100;
	check_difference(RUNNING "    /rating             1                    (100) \n" PIN,
		&scene.wish, true, "");
}
END_TEST

START_TEST(pin_changes_and_goes)
{
	struct scene scene;

	set_scene(&scene);
	add_pin(&scene, "i4_94FBAD36", GATEWAY_B, 1102);
	scene.search[1].rating = 20000; /* so large a one would overflow */
	check_difference(RUNNING PIN, &scene.wish, true,
		"tunOut=i4_94FBAD36 /gwId=" GATEWAY_B " /rating=10000 /ipMetric=1102;");
	scene.search[1] = (struct routing_search){.name = "i4_94FBAD36", .metric = 1024};
	prefix_parse("0.0.0.0/0", &scene.search[1].network);
	check_difference(RUNNING PIN, &scene.wish, true, "tunOut=i4_94FBAD36 /gwId=- /ipMetric=-;");
	/* The new one is there before the old one goes: their tunnel may be the same. */
	scene.wish.search_count = 1;
	add_pin(&scene, "next", GATEWAY_A, 1102);
	check_difference(RUNNING PIN, &scene.wish, true,
		"tunOut=next /network=0.0.0.0/0 /setProto=110 /maxPrefixLen=0 /gwId=" GATEWAY_A
		" /ipMetric=1102;tunOut=-i4_94FBAD36;");
}
END_TEST

/* An id that bmx7 would refuse, or take as a shorter one. */
START_TEST(pin_to_no_node_is_not_said)
{
	static const char *const wrong[] = {"94FBAD36", GATEWAY_A "0",
		"94FBAD361EC0401419E3F043B43A4BEA079657B83352D85A09CA643 ",
		"94FBAD361EC0401419E3F043B43A4BEA079657B83352D85A09CA643G", "-"};
	struct scene scene;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		set_scene(&scene);
		add_pin(&scene, "pin", wrong[i], 0);
		check_difference(RUNNING, &scene.wish, true, "");
		/* A search with the wrong node goes; it would else lead anywhere. */
		add_pin(&scene, "i4_94FBAD36", wrong[i], 0);
		check_difference(RUNNING PIN, &scene.wish, true, "tunOut=-i4_94FBAD36;");
	}
}
END_TEST

START_TEST(default_route_is_announced_with_its_bandwidth)
{
	static const char with[] = RUNNING " tunIn                  inet6                (0) \n"
					   "    /network            ::/0                 (0) \n"
					   "    /bandwidth          10000000             (0) \n";
	static const struct {
		uint64_t bandwidth;
		const char *said;
	} changes[] = {{10000000, ""}, {9437184, ""}, /* what others see of 10000000 */
		{9437183, "tunIn=inet6 /bandwidth=9437183;"},
		{10485760, "tunIn=inet6 /bandwidth=10485760;"}, {1, "tunIn=inet6 /bandwidth=960;"},
		{UINT64_MAX, "tunIn=inet6 /bandwidth=200000000000;"},
		{0, "tunIn=inet6 /bandwidth=-;"}};
	struct scene scene;

	set_scene(&scene);
	prefix_parse("::/0", &scene.announce[2].network);
	scene.announce[2].bandwidth = 50000000;
	scene.wish.announce_count = 3;
	check_difference(RUNNING, &scene.wish, true,
		"tunIn=inet6 /network=::/0 /bandwidth=50000000;");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		scene.announce[2].bandwidth = changes[i].bandwidth;
		check_difference(with, &scene.wish, true, changes[i].said);
	}
	scene.wish.announce_count = 2;
	check_difference(with, &scene.wish, true, "tunIn=-inet6;");
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
	tcase_add_test(tcase, pin_is_said_with_all_its_words);
	tcase_add_test(tcase, pin_changes_and_goes);
	tcase_add_test(tcase, pin_to_no_node_is_not_said);
	tcase_add_test(tcase, default_route_is_announced_with_its_bandwidth);
	suite_add_tcase(suite, tcase);
	return suite;
}
