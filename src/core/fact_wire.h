/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in a packed fact, docs/leases.md. */
#ifndef CORE_FACT_WIRE_H
#define CORE_FACT_WIRE_H

#define FACT_AT_MAGIC         0
#define FACT_AT_VERSION       4
#define FACT_AT_MINOR         5
#define FACT_AT_HEADER_LENGTH 6
#define FACT_AT_AUTHOR        8
#define FACT_AT_SOURCE        14
#define FACT_AT_INCARNATION   20
#define FACT_AT_SEQUENCE      28
#define FACT_AT_PUBLISHED     32
#define FACT_AT_WALL          40
#define FACT_AT_IPV4          48
#define FACT_AT_IPV4_LENGTH   52
#define FACT_AT_IPV6_LENGTH   53
#define FACT_AT_IPV6          54
#define FACT_AT_FLAGS         70
#define FACT_AT_RESERVED      71
#define FACT_AT_LEASE_TOTAL   72
#define FACT_AT_TEXTS         76

#define FACT_MAGIC_TEXT   "mshd"
#define FACT_MINOR        0
#define FACT_SECTION_HEAD 5    /* type, length */
#define FACT_NO_LENGTH    0xff /* prefix length: there is no address */

enum fact_section {
	FACT_SECTION_LEASES = 1,
	FACT_SECTION_WITHDRAWALS = 2,
};

#endif
