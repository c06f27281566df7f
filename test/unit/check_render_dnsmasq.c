/* SPDX-License-Identifier: GPL-2.0-or-later */
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

static char *render(void)
{
	char *text = NULL;

	ck_assert_int_eq(render_dnsmasq_config(&scene.input, render_client_mtu(&scene.input), &text,
				 &scene.err),
		0);
	return text;
}

static void expect(const char *wanted)
{
	char *text = render();

	ck_assert_str_eq(text, wanted);
	free(text);
}

static void expect_line(const char *line, bool wanted)
{
	char *text = render();
	const char *at = strstr(text, line);

	ck_assert_msg((at != NULL && at[-1] == '\n' && at[strlen(line)] == '\n') == wanted,
		"%s in %s", line, text);
	free(text);
}

static void expect_refused(const char *path, const char *reason)
{
	char *text = NULL;

	memset(&scene.err, 0, sizeof(scene.err));
	ck_assert_int_eq(render_dnsmasq_config(&scene.input, 1500, &text, &scene.err), -EINVAL);
	ck_assert_ptr_null(text);
	ck_assert_str_eq(scene.err.path, path);
	ck_assert_msg(strstr(scene.err.text, reason) != NULL, "%s", scene.err.text);
}

#define GENERAL                                                                                    \
	"# Written by meshd; whatever is changed here is lost.\n"                                  \
	"user=dnsmasq\ngroup=nogroup\npid-file\nlog-facility=-\n"                                  \
	"interface=anygw\nexcept-interface=lo\nbind-dynamic\nno-hosts\ncache-size=1000\n"
#define DOMAIN(name) "domain-needed\nbogus-priv\ndomain=" name "\nlocal=/" name "/\nexpand-hosts\n"
#define GATEWAY      ",10.13.0.1,fd0d:fe46:8ce8::1\n"
#define DHCP(pool, mtu)                                                                            \
	"hostsdir=/run/meshd/dnsmasq.names.d\n"                                                    \
	"dhcp-authoritative\ndhcp-range=" pool ",255.255.0.0,3600\n"                               \
	"dhcp-option=option:router,10.13.0.1\ndhcp-option=option:dns-server,10.13.0.1\n"           \
	"dhcp-option-force=option:mtu," mtu "\n"                                                   \
	"dhcp-name-match=set:wpad-ignore,wpad\ndhcp-ignore-names=tag:wpad-ignore\n"
#define FILES                                                                                      \
	"quiet-dhcp\nquiet-dhcp6\nquiet-ra\n"                                                      \
	"dhcp-hostsdir=/run/meshd/dnsmasq.hosts.d\n"                                               \
	"dhcp-leasefile=/var/lib/meshd/dnsmasq.leases\ndhcp-lease-max=20000\n"
#define RA(mtu, domain)                                                                            \
	"enable-ra\nra-param=anygw,mtu:" mtu ",120,360\n"                                          \
	"dhcp-range=fd0d:fe46:8ce8::,ra-stateless,ra-names,64,86400\n"                             \
	"dhcp-option=option6:dns-server,[fd0d:fe46:8ce8::1]\n"                                     \
	"dhcp-option=option6:domain-search," domain "\n"

START_TEST(default_profile)
{
	expect(GENERAL DOMAIN(
		"mesh.internal") "host-record=anygw,anygw.mesh.internal" GATEWAY
				 "host-record=mesh.internal" GATEWAY
				 "host-record=thisnode,thisnode.mesh.internal" GATEWAY
				 "host-record=tower,tower.mesh.internal,10.13.115.170,fd0d:fe46:"
				 "8ce8::1f:73aa\n" DHCP("10.13.128.0,10.13.255.253", "1500")
					 FILES RA("1500", "mesh.internal"));
}
END_TEST

START_TEST(libremesh_profile)
{
	render_scene_libremesh(&scene);
	expect(GENERAL
		"no-resolv\nserver=4.2.2.2\nserver=141.1.1.1\nserver=2001:470:20::2\n" DOMAIN(
			"thisnode.info") "host-record=anygw,anygw.thisnode.info" GATEWAY
					 "host-record=thisnode.info" GATEWAY
					 "host-record=minodo.info" GATEWAY
					 "host-record=meuno.info" GATEWAY
					 "host-record=tower,tower.thisnode.info,10.13.115.170,fd0d:"
					 "fe46:8ce8::1f:73aa\n" DHCP("10.13.0.2,10.13.255.254",
						 "1350") "dhcp-host=02:0c:59:1f:73:aa,10.13.115."
							 "170\n" FILES RA("1350", "thisnode.info"));
}
END_TEST

START_TEST(static_hosts)
{
	struct host_config hosts[2] = {{.name = "printer"}, {.name = "nas.example.org"}};

	ck_assert_int_eq(mac_parse("02:00:00:00:99:01", &hosts[0].mac), 0);
	ck_assert_int_eq(ip_parse("10.13.5.5", &hosts[0].ipv4), 0);
	ck_assert_int_eq(ip_parse("fd0d:fe46:8ce8::5", &hosts[1].ipv6), 0);
	scene.scene.config.dhcp.hosts = hosts;
	scene.scene.config.dhcp.host_count = 2;
	expect_line("dhcp-host=02:00:00:00:99:01,10.13.5.5,printer", true);
	expect_line("host-record=printer,printer.mesh.internal,10.13.5.5", true);
	expect_line("host-record=nas.example.org,fd0d:fe46:8ce8::5", true);
	strcpy(hosts[0].name, "Tower");
	expect_refused("$.dhcp.hosts.Tower", "own name");
}
END_TEST

/* The node's name is never the shared address, whatever the configuration says. */
START_TEST(own_name_wins)
{
	strcpy(scene.scene.config.node.hostname, "ThisNode");
	render_scene_build(&scene);
	expect_line("host-record=thisnode,thisnode.mesh.internal,10.13.0.1,fd0d:fe46:8ce8::1",
		false);
	expect_line("host-record=ThisNode,ThisNode.mesh.internal,10.13.115.170,"
		    "fd0d:fe46:8ce8::1f:73aa",
		true);
}
END_TEST

START_TEST(bounds)
{
	struct config *config = &scene.scene.config;

	config->dhcp.ra_interval = 1800;
	config->dhcp.mtu = 576;
	config->dhcp.domain[0] = '\0';
	expect_line("ra-param=anygw,mtu:1280,1800,5400", true);
	expect_line("dhcp-option-force=option:mtu,576", true);
	expect_line("host-record=tower,10.13.115.170,fd0d:fe46:8ce8::1f:73aa", true);
	expect_line("expand-hosts", false);
	config->dhcp.ra_interval = 4000;
	expect_line("ra-param=anygw,mtu:1280,4000,9000", true);
	config->dhcp.ra = false;
	expect_line("enable-ra", false);
	expect_line("dhcp-range=fd0d:fe46:8ce8::,ra-stateless,ra-names,64,86400", false);
	strcpy(config->cloud.ipv4, "10.%N1.64.0/18/19");
	render_scene_build(&scene);
	expect_line("dhcp-range=10.13.96.0,10.13.127.253,255.255.192.0,3600", true);
}
END_TEST

static const char *const bad_names[] = {"", "a b", "a,b", "a\nuser=root", "a/b", "-a", "a-", "a..b",
	".a", "a.", "a_b", "caf\xc3\xa9", "a#b", "a\rb", "a\"b", "a=b"};

/* No text gets a line of its own. */
START_TEST(bad_texts)
{
	struct config *config = &scene.scene.config;
	struct host_config host = {.name = ""};
	const char *bad = bad_names[_i];

	strcpy(scene.names[0].text, bad);
	expect_refused("$.dhcp.names", "no host name");
	strcpy(scene.names[0].text, "thisnode");
	strcpy(host.name, bad);
	config->dhcp.hosts = &host;
	config->dhcp.host_count = 1;
	expect_refused("$.dhcp.hosts", "no host name");
	config->dhcp.host_count = 0;
	strcpy(scene.scene.identity.hostname, bad);
	expect_refused("$.node.hostname", "no host name");
	strcpy(scene.scene.identity.hostname, "tower");
	strcpy(config->dhcp.domain, bad);
	if (bad[0] != '\0') {
		expect_refused("$.dhcp.domain", "no host name");
	}
}
END_TEST

START_TEST(bad_resolver)
{
	strcpy(scene.resolvers[0].text, "1.2.3.4\nuser=root");
	scene.scene.config.dhcp.resolver_count = 1;
	expect_refused("$.dhcp.resolvers", "not an address");
}
END_TEST

START_TEST(bad_places)
{
	scene.input.run_dir = "/run/a\nb";
	expect_refused("", "the directory");
	scene.input.run_dir = "/run/meshd";
	scene.input.state_dir = "/var/lib/a,b";
	expect_refused("", "the directory");
	scene.input.state_dir = "/var/lib/meshd";
	strcpy(scene.scene.config.anycast.device, "any,lo");
	expect_refused("$.anycast.device", "interface name");
	strcpy(scene.scene.config.anycast.device, "anygw");
	strcpy(scene.scene.config.dhcp.pool, "10.13.0.1-10.13.0.9");
	expect_refused("$.dhcp.pool", "gateway");
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("render_dnsmasq");
	TCase *tests = tcase_create("dnsmasq");

	tcase_add_checked_fixture(tests, open_scene, close_scene);
	tcase_add_test(tests, default_profile);
	tcase_add_test(tests, libremesh_profile);
	tcase_add_test(tests, static_hosts);
	tcase_add_test(tests, own_name_wins);
	tcase_add_test(tests, bounds);
	tcase_add_loop_test(tests, bad_texts, 0, sizeof(bad_names) / sizeof(bad_names[0]));
	tcase_add_test(tests, bad_resolver);
	tcase_add_test(tests, bad_places);
	suite_add_tcase(suite, tests);
	return suite;
}
