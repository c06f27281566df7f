/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names made from templates, and what is said about templates that are wrong. */
#include <errno.h>
#include <string.h>

#include <check.h>

#include "unit/check_main.h"
#include "unit/identity_scene.h"

static const char *const hostnames[][2] = {
	{NULL, "LiMe-1f73aa"},
	{"", "LiMe-1f73aa"},
	{"node-%M1%M2%M3%M4%M5%M6", "node-a840411f73aa"},
	{"n%m1%m2%m3%m4%m5%m6", "n654007287252"},
	{"My Roof", "My-Roof"},
	{"a_b.c/d", "abcd"},
	{"--a--b--", "a--b"},
	{" a ", "a"},
	{"caf\xc3\xa9", "caf"},
	{"012345678901234567890123456789012345", "01234567890123456789012345678901"},
	{"0123456789012345678901234567890--x", "0123456789012345678901234567890"},
};

START_TEST(hostnames_are_sanitized)
{
	struct identity_request request = request_of("a8:40:41:1f:73:aa");

	request.hostname = hostnames[_i][0];
	struct identity identity = derive(&request);
	ck_assert_str_eq(identity.hostname, hostnames[_i][1]);
}
END_TEST

static const char *const ssids[][2] = {
	{"LibreMesh.org/%H", "LibreMesh.org/LiMe-1f73aa"},
	{"x-%M5%M6-%m1", "x-73aa-65"},
	{"100% free %N1 %", "100% free %N1 %"},
	{"%H%H%H%H", "LiMe-1f73aaLiMe-1f73aaLiMe-1f73a"},
	{"", ""},
};

START_TEST(radio_ssids_expand)
{
	struct identity_request request = request_of("a8:40:41:1f:73:aa");
	struct identity identity = derive(&request);
	char ssid[SSID_TEXT_SIZE];
	struct err err = {0};

	ck_assert_int_eq(identity_expand_ssid(ssids[_i][0], &identity, ssid, &err), 0);
	ck_assert_str_eq(ssid, ssids[_i][1]);
}
END_TEST

START_TEST(radio_ssid_needs_what_it_names)
{
	struct identity_request request = request_of(NULL);
	struct identity identity = derive(&request);
	char ssid[SSID_TEXT_SIZE];
	struct err err = {0};

	ck_assert_int_eq(identity_expand_ssid("a/%M6", &identity, ssid, &err), -EINVAL);
	ck_assert_str_eq(err.text, "ssid template \"a/%M6\": %M6 needs the node's MAC");
	ck_assert_int_eq(identity_expand_ssid("a/%H", &identity, ssid, &err), -EINVAL);
	ck_assert_str_eq(err.text, "ssid template \"a/%H\": %H needs the node's hostname");
}
END_TEST

/* Which member of the request is wrong, with what, and words the error must have. */
struct fault {
	enum { IPV4, IPV6, MAC, HOSTNAME, SSID } member;
	const char *template;
	const char *path;
	const char *words;
};

static const struct fault faults[] = {
	{IPV4, "10.%N7.0.0/16", "$.cloud.ipv4",
		"ipv4 template \"10.%N7.0.0/16\": \"%N7\" means nothing here; use %N1..%N6, "
		"%M1..%M6 or %m1..%m6, such as \"10.%N1.0.0/16\""},
	{IPV4, "10.%N0.0.0/16", "$.cloud.ipv4", "\"%N0\" means nothing here"},
	{IPV4, "10.%N", "$.cloud.ipv4", "/MASK"},
	{IPV4, "10.%/16", "$.cloud.ipv4", "means nothing here"},
	{IPV4, "10.%H.0.0/16", "$.cloud.ipv4", "\"%H.\" means nothing here"},
	{IPV4, "10.0.0.0", "$.cloud.ipv4", "end it with /MASK"},
	{IPV4, "10.0.0.0/", "$.cloud.ipv4", "a number from 1 to 32"},
	{IPV4, "10.0.0.0/0", "$.cloud.ipv4", "a number from 1 to 32"},
	{IPV4, "10.0.0.0/33", "$.cloud.ipv4", "a number from 1 to 32"},
	{IPV4, "10.0.0.0/%N1", "$.cloud.ipv4", "a number from 1 to 32"},
	{IPV4, "10.0.0.0/4294967312", "$.cloud.ipv4", "a number from 1 to 32"},
	{IPV4, "10.0.0.0/016", "$.cloud.ipv4", "a number from 1 to 32 without a leading zero"},
	{IPV4, "10.0.0.0/16/024", "$.cloud.ipv4", "a number from 16 to 32 without a leading zero"},
	{IPV6, "fd00::/064", "$.cloud.ipv6", "a number from 1 to 128 without a leading zero"},
	{IPV4, "10.0.0.0/16/", "$.cloud.ipv4",
		"RANGE in /MASK/RANGE must be a number from 16 to 32"},
	{IPV4, "10.0.0.0/16/8", "$.cloud.ipv4", "range /8 is larger than the network /16"},
	{IPV4, "10.0.0.0/16/17/18", "$.cloud.ipv4", "\"/18\" after the length"},
	{IPV4, "10.0.0.0/16x", "$.cloud.ipv4", "\"x\" after the length"},
	{IPV4, "10.0.0/16", "$.cloud.ipv4", "\"10.0.0\" is not an IPv4 address"},
	{IPV4, "10.1%N2.0.0/16", "$.cloud.ipv4", "\"10.1254.0.0\" is not an IPv4 address"},
	{IPV4, "fd00::/16", "$.cloud.ipv4", "\"fd00::\" is not an IPv4 address"},
	{IPV4, "10.0.0.0/31", "$.cloud.ipv4", "no room for the anycast address"},
	{IPV4, "127.%N1.0.0/16", "$.cloud.ipv4",
		"127.13.0.0/16 is no network of nodes that others can reach; such as "
		"\"10.%N1.0.0/16\""},
	{IPV4, "0.0.0.0/8", "$.cloud.ipv4", "0.0.0.0/8 is no network of nodes"},
	{IPV4, "224.0.0.0/4", "$.cloud.ipv4", "224.0.0.0/4 is no network of nodes"},
	{IPV4, "255.255.%N1.0/24", "$.cloud.ipv4", "255.255.13.0/24 is no network of nodes"},
	{IPV4, "127.0.0.0/5/8", "$.cloud.ipv4", "127.31.115.170 is no address of a node"},
	{IPV6, "ff02::/64", "$.cloud.ipv6", "ff02::/64 is no network of nodes"},
	{IPV6, "fe80::/64", "$.cloud.ipv6", "fe80::/64 is no network of nodes"},
	{IPV6, "::/64", "$.cloud.ipv6", "::/64 is no network of nodes"},
	{IPV6, "::5/64", "$.cloud.ipv6", "::/64 is no network of nodes"},
	{IPV6, "10.0.0.0/16", "$.cloud.ipv6", "\"10.0.0.0\" is not an IPv6 address"},
	{IPV6, "fd%N1:%N2%N3%N4::/64", "$.cloud.ipv6", "is not an IPv6 address"},
	{IPV6, "fd00::/129", "$.cloud.ipv6", "a number from 1 to 128"},
	{IPV6, "fd00::/127", "$.cloud.ipv6", "no room for the anycast address"},
	{MAC, "aa:aa:aa:%M1:%N2:aa", "$.anycast.mac", "the same on every node"},
	{MAC, "aa:aa:aa:%N1", "$.anycast.mac", "\"aa:aa:aa:0d\" is not a MAC"},
	{MAC, "ab:aa:aa:%N1:%N2:aa", "$.anycast.mac", "the first byte must be even"},
	{MAC, "00:00:00:00:00:00", "$.anycast.mac", "not all zero"},
	{HOSTNAME, "node-%N1", "$.node.hostname", "use %M1..%M6 or %m1..%m6"},
	{HOSTNAME, "_._", "$.node.hostname", "no letter or digit"},
	{HOSTNAME, "%\xe2\x82\xac", "$.node.hostname", "\"%\" means nothing here"},
	{SSID, "", "$.cloud.ssid", "the SSID is empty"},
	{SSID, NULL, "$.cloud.ssid", "the SSID is empty"},
};

START_TEST(faults_are_explained)
{
	const struct fault *fault = &faults[_i];
	struct identity_request request = request_of("a8:40:41:1f:73:aa");
	const char **const members[] = {[IPV4] = &request.ipv4,
		[IPV6] = &request.ipv6,
		[MAC] = &request.anycast_mac,
		[HOSTNAME] = &request.hostname,
		[SSID] = &request.ssid};
	struct identity identity = {.cloud_vlan = 7};
	struct err err = {0};

	*members[fault->member] = fault->template;
	ck_assert_int_eq(identity_derive(&request, &identity, &err), -EINVAL);
	ck_assert_str_eq(err.path, fault->path);
	ck_assert_msg(strstr(err.text, fault->words) != NULL, "%s", err.text);
	ck_assert_uint_eq(identity.cloud_vlan, 7);
}
END_TEST

START_TEST(network_from_an_unknown_mac_is_refused)
{
	struct identity_request request = request_of(NULL);
	struct identity identity;
	struct err err = {0};

	request.ipv4 = "10.%M6.0.0/16";
	ck_assert_int_eq(identity_derive(&request, &identity, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "the network depends on the node's MAC") != NULL, "%s",
		err.text);
	ck_assert_msg(strstr(err.text, "after the first 16 bits") != NULL, "%s", err.text);
}
END_TEST

START_TEST(overlong_templates_are_refused)
{
	char template[2000];
	struct identity_request request = request_of("a8:40:41:1f:73:aa");
	struct identity identity;
	struct err err = {0};

	memset(template, 'a', sizeof(template));
	template[sizeof(template) - 1] = '\0';
	request.hostname = template;
	ck_assert_int_eq(identity_derive(&request, &identity, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "more than 255 characters") != NULL, "%s", err.text);
	request.hostname = NULL;
	memcpy(template + sizeof(template) - 4, "/16", 3);
	request.ipv4 = template;
	ck_assert_int_eq(identity_derive(&request, &identity, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "more than 255 characters") != NULL, "%s", err.text);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *check_suite(void)
{
	Suite *suite = suite_create("identity_template");
	TCase *names = tcase_create("names");
	TCase *errors = tcase_create("errors");

	tcase_add_loop_test(names, hostnames_are_sanitized, 0, COUNT(hostnames));
	tcase_add_loop_test(names, radio_ssids_expand, 0, COUNT(ssids));
	tcase_add_test(names, radio_ssid_needs_what_it_names);
	tcase_add_loop_test(errors, faults_are_explained, 0, COUNT(faults));
	tcase_add_test(errors, network_from_an_unknown_mac_is_refused);
	tcase_add_test(errors, overlong_templates_are_refused);
	suite_add_tcase(suite, names);
	suite_add_tcase(suite, errors);
	return suite;
}
