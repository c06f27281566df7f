/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses from texts that are right. */
#ifndef UNIT_ADDRESSES_H
#define UNIT_ADDRESSES_H

#include <check.h>

#include "base/text.h"

static inline struct mac mac_of(const char *text)
{
	struct mac mac = {{0}};

	ck_assert_int_eq(mac_parse(text, &mac), 0);
	return mac;
}

static inline struct ip ip_of(const char *text)
{
	struct ip ip = {0};

	ck_assert_int_eq(ip_parse(text, &ip), 0);
	return ip;
}

static inline struct prefix prefix_of(const char *text)
{
	struct prefix prefix = {0};

	ck_assert_int_eq(prefix_parse(text, &prefix), 0);
	return prefix;
}

#endif
