/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/gateway.h"
#include "unit/check_main.h"

static const struct mac node = {{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};

static uint64_t round_trip(uint64_t bandwidth)
{
	struct ip address = gateway_offer_encode(AF_INET, bandwidth, &node);
	uint8_t family = 0;
	uint64_t read = 0;
	struct mac mac;

	ck_assert(gateway_offer_decode(&address, &family, &read, &mac));
	ck_assert_int_eq(family, AF_INET);
	ck_assert(memcmp(&mac, &node, sizeof(mac)) == 0);
	return read;
}

static void check_near(uint64_t bandwidth)
{
	double read = (double)round_trip(bandwidth);
	double wanted = (double)bandwidth;

	ck_assert_msg(read >= wanted * 0.99 && read <= wanted * 1.01, "%.0f became %.0f", wanted,
		read);
}

START_TEST(bandwidths)
{
	for (uint64_t i = 0; i < 256; i++) {
		ck_assert_uint_eq(round_trip(i), i);
	}
	for (uint64_t i = 256; i < 100000; i++) {
		check_near(i);
	}
	for (int i = 0; i < 100000; i++) {
		uint64_t wild = (uint64_t)rand() << 31 ^ (uint64_t)rand();
		check_near(wild >> (28 + rand() % 28) | 1);
	}
	check_near(UINT64_C(10000000000));
	check_near(UINT64_C(250000000000));
	/* More than that is the most. */
	ck_assert_uint_eq(round_trip(UINT64_MAX), round_trip(UINT64_C(1000000000000)));
	ck_assert_uint_ge(round_trip(UINT64_MAX), UINT64_C(270000000000));
}
END_TEST

START_TEST(bandwidth_order_is_kept)
{
	uint64_t last = 0;

	for (uint64_t i = 1; i < UINT64_C(300000000000); i += 1 + i / 300) {
		uint64_t read = round_trip(i);
		ck_assert_uint_ge(read, last);
		last = read;
	}
}
END_TEST

START_TEST(address_form)
{
	struct ip address = gateway_offer_encode(AF_INET6, 0, &node);
	char text[IP_TEXT_SIZE];
	uint8_t family;
	uint64_t bandwidth;
	struct mac mac;

	ip_format(&address, text);
	ck_assert_str_eq(text, "fd6d:6573:6864:6000:211:2233:4455:0");
	ck_assert(gateway_offer_decode(&address, &family, &bandwidth, &mac));
	ck_assert(family == AF_INET6 && bandwidth == 0);
}
END_TEST

START_TEST(garbage_is_refused)
{
	static const char *const bad[] = {"fd6d:6573:6864:5000:211:2233:4455:0",
		"fd6d:6573:6864:0:211:2233:4455:0", "fd6d:6573:6864:4000:211:2233:4455:1",
		"fd6d:6573:6864:4000:211:2233:4455:100",
		"fd6d:6573:6864:4000::", "fd6d:6573:6864:4000:311:2233:4455:0",
		"fd6d:6573:6865:4000:211:2233:4455:0", "fd6e:6573:6864:4000:211:2233:4455:0",
		"fd6d:6573:6864:f000:211:2233:4455:0", "::", "10.0.0.1"};
	static const struct mac zero;
	static const struct mac group = {{0x33, 0x33, 0, 0, 0, 1}};
	uint8_t family = 77;
	uint64_t bandwidth = 77;
	struct mac mac = node;
	struct ip address = {0};

	ck_assert(!gateway_offer_decode(&address, &family, &bandwidth, &mac));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(ip_parse(bad[i], &address), 0);
		ck_assert_msg(!gateway_offer_decode(&address, &family, &bandwidth, &mac), "%s",
			bad[i]);
	}
	ck_assert(family == 77 && bandwidth == 77 && memcmp(&mac, &node, sizeof(mac)) == 0);
	ck_assert_int_eq(gateway_offer_encode(AF_INET, 1, &zero).family, 0);
	ck_assert_int_eq(gateway_offer_encode(AF_INET, 1, &group).family, 0);
	ck_assert_int_eq(gateway_offer_encode(AF_UNIX, 1, &node).family, 0);
}
END_TEST

/* What is taken for an offer is one: encoded again it is the same address. */
START_TEST(decoded_is_canonical)
{
	struct ip address = gateway_offer_encode(AF_INET, 1, &node);

	for (unsigned int code = 0; code < 0x10000; code++) {
		uint8_t family;
		uint64_t bandwidth;
		struct mac mac;
		address.bytes[6] = (uint8_t)(code >> 8);
		address.bytes[7] = (uint8_t)code;
		if (gateway_offer_decode(&address, &family, &bandwidth, &mac)) {
			struct ip again = gateway_offer_encode(family, bandwidth, &mac);
			ck_assert_msg(memcmp(&again, &address, sizeof(again)) == 0, "%04x", code);
		} else {
			ck_assert(code >> 12 != 4 && code >> 12 != 6);
		}
	}
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("gateway_offer");
	TCase *tests = tcase_create("gateway_offer");

	tcase_add_test(tests, bandwidths);
	tcase_add_test(tests, bandwidth_order_is_kept);
	tcase_add_test(tests, address_form);
	tcase_add_test(tests, garbage_is_refused);
	tcase_add_test(tests, decoded_is_canonical);
	suite_add_tcase(suite, tests);
	return suite;
}
