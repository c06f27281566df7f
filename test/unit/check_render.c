/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of the children, the links they run on, the MTU that clients are told. */
#include <errno.h>

#include "unit/render_scene.h"

static struct render_scene scene;

static void open_scene(void)
{
	render_scene_open(&scene);
}

static void close_scene(void)
{
	render_scene_close(&scene);
}

typedef int (*render_fn)(const struct render_input *input, struct child_arguments *arguments,
	struct err *err);

/* The words, one a line. */
static void expect(render_fn render, const char *wanted)
{
	struct child_arguments arguments = {0};
	char text[4096] = "";
	size_t length = 0;

	ck_assert_int_eq(render(&scene.input, &arguments, &scene.err), 0);
	for (size_t i = 0; i < arguments.count; i++) {
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s\n",
			arguments.words[i]);
	}
	ck_assert_str_eq(text, wanted);
	child_arguments_free(&arguments);
}

static void expect_refused(render_fn render, const char *reason)
{
	struct child_arguments arguments = {0};

	memset(&scene.err, 0, sizeof(scene.err));
	ck_assert_int_eq(render(&scene.input, &arguments, &scene.err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(scene.err.text, reason));
	ck_assert_uint_eq(arguments.count, 0);
}

#define BABELD_RULES                                                                               \
	"-C\nredistribute proto 110 deny\n"                                                        \
	"-C\nredistribute ip fd70::/16 deny\n"                                                     \
	"-C\nredistribute ip 10.13.0.0/16 eq 16 proto 109 allow\n"                                 \
	"-C\nredistribute ip fd0d:fe46:8ce8::/64 eq 64 proto 109 allow\n"                          \
	"-C\nredistribute ip fc00::/7 allow\n"                                                     \
	"-C\nredistribute ip 2000::/3 allow\n"                                                     \
	"-C\nredistribute ip ::/0 le 0 allow\n"                                                    \
	"-C\nredistribute ip 10.0.0.0/8 allow\n"                                                   \
	"-C\nredistribute ip 172.16.0.0/12 le 24 allow\n"                                          \
	"-C\nredistribute ip 0.0.0.0/0 le 0 allow\n"

#define BABELD_BEGIN                                                                               \
	"\n-I\n\n-S\n/var/lib/meshd/babeld.state\n-G\n/run/meshd/babeld.sock\n"                    \
	"-c\n/run/meshd/babeld.conf\n-C\nskip-kernel-setup true\n"

#define BABELD_END "-C\nredistribute local deny\n-C\nredistribute deny\nmeshd-none\n"

START_TEST(babeld_default)
{
	expect(render_babeld, "/usr/sbin/babeld" BABELD_BEGIN BABELD_RULES BABELD_END);
}
END_TEST

START_TEST(babeld_libremesh)
{
	struct network_config announce = network_of("", "192.168.7.0/24", -1);

	render_scene_libremesh(&scene);
	scene.scene.config.babeld.announce = &announce;
	scene.scene.config.babeld.announce_count = 1;
	strcpy(scene.scene.config.babeld.program.path, "/opt/bin/babeld");
	expect(render_babeld, "/opt/bin/babeld" BABELD_BEGIN "-w\n" BABELD_RULES
			      "-C\nredistribute ip 192.168.7.0/24 allow\n" BABELD_END);
}
END_TEST

#define BABELD_TABLES                                                                              \
	"-C\nimport-table 254\n-C\nimport-table 175\n-C\nimport-table 176\n"                       \
	"-C\ninstall ip 0.0.0.0/0 eq 0 table 172\n-C\ninstall ip ::/0 eq 0 table 172\n"

/* The rules with the ways to the Internet, whose announcement costs METRIC or is just allowed. */
#define BABELD_WAYS(action)                                                                        \
	"-C\nredistribute proto 110 deny\n"                                                        \
	"-C\nredistribute ip fd70::/16 deny\n"                                                     \
	"-C\nredistribute ip 10.13.0.0/16 eq 16 proto 109 allow\n"                                 \
	"-C\nredistribute ip fd0d:fe46:8ce8::/64 eq 64 proto 109 allow\n"                          \
	"-C\nredistribute local ip fd6d:6573:6864::/48 eq 128 allow\n"                             \
	"-C\nredistribute ip fd6d:6573:6864::/48 eq 128 proto 109 metric 65534\n"                  \
	"-C\nredistribute ip fd6d:6573:6864::/48 deny\n"                                           \
	"-C\nredistribute ip fc00::/7 allow\n"                                                     \
	"-C\nredistribute ip 2000::/3 allow\n"                                                     \
	"-C\nredistribute ip ::/0 eq 0 proto 7 " action "\n"                                       \
	"-C\nredistribute ip ::/0 eq 0 proto 109 metric 65534\n"                                   \
	"-C\nredistribute ip ::/0 eq 0 deny\n"                                                     \
	"-C\nredistribute ip 10.0.0.0/8 allow\n"                                                   \
	"-C\nredistribute ip 172.16.0.0/12 le 24 allow\n"                                          \
	"-C\nredistribute ip 0.0.0.0/0 eq 0 proto 7 " action "\n"                                  \
	"-C\nredistribute ip 0.0.0.0/0 eq 0 proto 109 metric 65534\n"                              \
	"-C\nredistribute ip 0.0.0.0/0 eq 0 deny\n"

/* Only what babeld announces in its own table counts: a default route in the main one does not, nor
 * what stands in meshd's tables. */
START_TEST(babeld_gateway)
{
	struct uplink_config uplinks[3] = {{.name = "wan0",
						   .metric = 256,
						   .share = UPLINK_SHARE_SPARE},
		{.name = "wan1", .metric = 128},
		{.name = "wan2", .metric = 96, .share = UPLINK_SHARE_NEVER}};
	struct config *config = &scene.scene.config;
	struct network_config any = network_of("", "0.0.0.0/0", 8);

	config->gateway.enabled = true;
	expect(render_babeld,
		"/usr/sbin/babeld" BABELD_BEGIN BABELD_TABLES BABELD_WAYS("allow") BABELD_END);
	config->uplinks = uplinks;
	config->uplink_count = 3;
	expect(render_babeld,
		"/usr/sbin/babeld" BABELD_BEGIN BABELD_TABLES BABELD_WAYS("metric 128") BABELD_END);
	/* Announced besides: other networks within it, but no other default route. */
	config->uplink_count = 0;
	config->babeld.announce = &any;
	config->babeld.announce_count = 1;
	expect(render_babeld,
		"/usr/sbin/babeld" BABELD_BEGIN BABELD_TABLES BABELD_WAYS(
			"allow") "-C\nredistribute ip 0.0.0.0/0 eq 0 proto 7 allow\n"
				 "-C\nredistribute ip 0.0.0.0/0 eq 0 proto 109 metric 65534\n"
				 "-C\nredistribute ip 0.0.0.0/0 eq 0 deny\n"
				 "-C\nredistribute ip 0.0.0.0/0 le 8 allow\n" BABELD_END);
}
END_TEST

START_TEST(bmx7)
{
	expect(render_bmx7, "/usr/sbin/bmx7\nruntimeDir=/run/meshd/bmx7\n"
			    "plugin=bmx7_json.so\nplugin=bmx7_tun.so\n"
			    "nodeRsaKey=6\n/keyPath=/var/lib/meshd/bmx7/rsa.der\nautoSysctl=0\n"
			    "descSqnPath=/var/lib/meshd/bmx7/descSqn\n"
			    "jsonUpdateInterval=10000000\ntunOutTimeout=0\n"
			    "dbgMuteTimeout=1000000\nsyslog=0\ndebug=0\n");
}
END_TEST

START_TEST(alfred)
{
	scene.scene.config.alfred.sync_period = 1050;
	expect(render_alfred, "/usr/sbin/alfred\n-f\n-i\nbr-lan\n-b\nnone\n-u\n"
			      "/run/meshd/alfred.sock\n-p\n1.050\n");
}
END_TEST

START_TEST(dnsmasq)
{
	expect(render_dnsmasq, "/usr/sbin/dnsmasq\n-k\n-C\n/run/meshd/dnsmasq.conf\n");
}
END_TEST

/* What is given to the running daemons is in no argument: a link, a name or a role that changes
 * restarts nobody. */
START_TEST(arguments_stay)
{
	static const render_fn renders[] = {render_babeld, render_bmx7, render_alfred,
		render_dnsmasq};
	struct child_arguments before[4] = {{0}};

	render_scene_libremesh(&scene);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(renders[i](&scene.input, &before[i], &scene.err), 0);
	}
	add_link_config(&scene.scene.config, "eth1");
	add_observed(&scene.scene, "eth1", "a8:40:41:1f:73:ab");
	strcpy(scene.scene.config.node.hostname, "spire");
	scene.scene.config.alfred.role = ALFRED_ROLE_PRIMARY;
	scene.scene.config.dhcp.mtu = 1400;
	render_scene_build(&scene);
	for (size_t i = 0; i < 4; i++) {
		struct child_arguments after = {0};
		ck_assert_int_eq(renders[i](&scene.input, &after, &scene.err), 0);
		ck_assert(child_arguments_equal(&before[i], &after));
		child_arguments_free(&after);
		child_arguments_free(&before[i]);
	}
}
END_TEST

/* A directory whose socket still fits, and the next longer one. */
START_TEST(long_paths)
{
	static const struct {
		render_fn render;
		size_t room; /* of the directory */
	} cases[] = {{render_babeld, 107 - sizeof("/babeld.sock") + 1},
		{render_bmx7, 107 - sizeof("/bmx7/sock") + 1},
		{render_alfred, 107 - sizeof("/alfred.sock") + 1},
		{render_dnsmasq, 199 - sizeof("/dnsmasq.conf") + 1}};
	struct child_arguments arguments = {0};
	char dir[256];

	for (size_t i = 0; i < 4; i++) {
		memset(dir, 'a', sizeof(dir));
		dir[0] = '/';
		dir[cases[i].room] = '\0';
		scene.input.run_dir = dir;
		ck_assert_int_eq(cases[i].render(&scene.input, &arguments, &scene.err), 0);
		child_arguments_free(&arguments);
		dir[cases[i].room] = 'a';
		dir[cases[i].room + 1] = '\0';
		expect_refused(cases[i].render, "is too long");
	}
}
END_TEST

START_TEST(strange_paths)
{
	static const char *const dirs[] = {"/run/my mesh", "/run/a,b", "/run/a\nuser=root",
		"/run/#1", "run", ""};

	for (size_t i = 0; i < 6; i++) {
		scene.input.run_dir = dirs[i];
		expect_refused(render_babeld, "the directory");
		expect_refused(render_bmx7, "the directory");
		expect_refused(render_alfred, "the directory");
		expect_refused(render_dnsmasq, "the directory");
	}
	scene.input.run_dir = "/run/meshd";
	scene.input.state_dir = "/var/lib/my mesh";
	expect_refused(render_babeld, "the directory");
	expect_refused(render_bmx7, "the directory");
	scene.input.state_dir = "/var/lib/meshd";
	strcpy(scene.scene.config.lan.bridge, "br0,eth0");
	expect_refused(render_alfred, "interface name");
}
END_TEST

static void expect_devices(enum link_protocol protocol, const char *wanted)
{
	char(*names)[IFNAMSIZ] = NULL;
	char text[128] = "";
	size_t length = 0;
	size_t count = 0;

	ck_assert_int_eq(render_devices(&scene.input, protocol, &names, &count), 0);
	for (size_t i = 0; i < count; i++) {
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s ", names[i]);
	}
	ck_assert_str_eq(text, wanted);
	free(names);
}

START_TEST(devices)
{
	struct config *config = &scene.scene.config;

	expect_devices(PROTOCOL_BABELD, "eth0.17 ");
	expect_devices(PROTOCOL_BMX7, "");
	add_link_config(config, "wlan*");
	config->links[1].protocols = PROTOCOL_BATADV | PROTOCOL_BMX7;
	add_observed(&scene.scene, "wlan0", "a8:40:41:1f:73:ab");
	config->bmx7.enabled = true;
	render_scene_build(&scene);
	expect_devices(PROTOCOL_BABELD, "eth0.17 ");
	expect_devices(PROTOCOL_BMX7, "eth0.18 wlan0.18 ");
	config->bmx7.vlan = 17; /* one VLAN for both */
	render_scene_build(&scene);
	expect_devices(PROTOCOL_BABELD, "eth0.17 ");
	expect_devices(PROTOCOL_BMX7, "eth0.17 wlan0.17 ");
	config->babeld.enabled = false;
	render_scene_build(&scene);
	expect_devices(PROTOCOL_BABELD, "");
}
END_TEST

START_TEST(devices_untagged)
{
	struct config *config = &scene.scene.config;

	config->babeld.vlan = 0;
	add_link_config(config, "wlan*");
	add_observed(&scene.scene, "wlan0", "a8:40:41:1f:73:ab");
	add_link_config(config, "wlan1");
	config->links[2].protocols = PROTOCOL_BATADV;
	add_observed(&scene.scene, "wlan1", "a8:40:41:1f:73:ac");
	render_scene_build(&scene);
	expect_devices(PROTOCOL_BABELD, "eth0 wlan0 ");
}
END_TEST

START_TEST(client_mtu)
{
	struct config *config = &scene.scene.config;

	ck_assert_int_eq(render_client_mtu(&scene.input), 1500);
	config->lan.mtu = 1492;
	ck_assert_int_eq(render_client_mtu(&scene.input), 1492);
	config->lan.mtu = 9000;
	ck_assert_int_eq(render_client_mtu(&scene.input), 1500);
	config->babeld.mtu = 1470;
	render_scene_build(&scene);
	ck_assert_int_eq(render_client_mtu(&scene.input), 1470);
	config->bmx7.enabled = true; /* its tunnels have an IPv6 header more */
	config->bmx7.mtu = 1500;
	render_scene_build(&scene);
	ck_assert_int_eq(render_client_mtu(&scene.input), 1460);
	config->bmx7.mtu = 1300;
	render_scene_build(&scene);
	ck_assert_int_eq(render_client_mtu(&scene.input), 1280);
	config->dhcp.mtu = 1350;
	ck_assert_int_eq(render_client_mtu(&scene.input), 1350);
}
END_TEST

/* Without fragments batman-adv carries what its smallest link leaves. */
START_TEST(client_mtu_without_fragments)
{
	struct config *config = &scene.scene.config;

	object_give(&config->batadv.settings, MESH_FRAGMENTATION, fragmentation, 0);
	((struct link *)state_find_link(&scene.scene.observed, "eth0"))->max_mtu = 1500;
	render_scene_build(&scene);
	ck_assert_int_eq(render_client_mtu(&scene.input), (int)want(&scene.scene, "bat0")->mtu);
	ck_assert_int_lt(render_client_mtu(&scene.input), 1450);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("render");
	TCase *tests = tcase_create("render");

	tcase_add_checked_fixture(tests, open_scene, close_scene);
	tcase_add_test(tests, babeld_default);
	tcase_add_test(tests, babeld_libremesh);
	tcase_add_test(tests, babeld_gateway);
	tcase_add_test(tests, bmx7);
	tcase_add_test(tests, alfred);
	tcase_add_test(tests, dnsmasq);
	tcase_add_test(tests, arguments_stay);
	tcase_add_test(tests, long_paths);
	tcase_add_test(tests, strange_paths);
	tcase_add_test(tests, devices);
	tcase_add_test(tests, devices_untagged);
	tcase_add_test(tests, client_mtu);
	tcase_add_test(tests, client_mtu_without_fragments);
	suite_add_tcase(suite, tests);
	return suite;
}
