/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one node tells the others of its cloud: who it is, its leases, and the leases that ended
 * early. One dataset a node, compact and versioned; docs/leases.md has it byte by byte.
 * Most rooms need core/lease.h only. */
#ifndef CORE_FACT_H
#define CORE_FACT_H

#include "base/text.h"

#define FACT_VERSION    1     /* a higher one is not understood */
#define FACT_SIZE_MAX   65489 /* the largest that alfred carries between nodes */
#define FACT_NAME_SIZE  64    /* a label of RFC 1123 and NUL */
#define FACT_LEASES_MAX 4096  /* of one author */
#define FACT_ENDED_MAX  512   /* withdrawals of one author */
#define FACT_FOREVER    UINT32_MAX
#define FACT_AGE_MAX    315360000 /* seconds; an older lease is a lie */

/* Times are whole seconds of cloud time (docs/leases.md) as the author reckons it; addresses are
 * IPv4 in host order. */
struct fact_lease {
	uint32_t address;
	struct mac mac;
	int64_t begin;
	int64_t renewed;
	uint32_t remaining; /* seconds left when published; FACT_FOREVER */
	char name[FACT_NAME_SIZE];
};

/* The client gave the lease back (or somebody took it) at that time. */
struct fact_withdrawal {
	uint32_t address;
	struct mac mac;
	int64_t time;
};

enum fact_flag {
	FACT_PRIMARY = 1 << 0,   /* alfred's role */
	FACT_NO_NAMES = 1 << 1,  /* the leases' names had no room */
	FACT_LEFT_OUT = 1 << 2,  /* so many leases that the newest had no room */
	FACT_NO_SERVER = 1 << 3, /* this node serves no DHCP */
};

struct fact {
	struct mac author;
	struct mac source;    /* what alfred names the dataset by */
	uint64_t incarnation; /* random, new at each start of the author's meshd */
	uint32_t sequence;
	int64_t published;  /* cloud time */
	int64_t wall;       /* the author's own clock at that moment, unix seconds */
	struct prefix ipv4; /* the node's own; family 0 = none */
	struct prefix ipv6;
	uint8_t flags;        /* enum fact_flag */
	uint32_t lease_total; /* with those left out */
	char hostname[FACT_NAME_SIZE];
	char version[32];
	struct fact_lease *leases; /* by address, none twice */
	size_t lease_count;
	struct fact_withdrawal *withdrawals; /* by address, then MAC */
	size_t withdrawal_count;
};

enum fact_fault {
	FACT_GOOD,
	FACT_SIZE,      /* too large */
	FACT_MAGIC,     /* not ours */
	FACT_NEWER,     /* a version that is not understood */
	FACT_MALFORMED, /* cut off, or a count or an order that cannot be */
};

/* Packs the fact; leases and withdrawals have to be sorted. Where room ends, first the names are
 * left out, then the leases that began last: flags and lease_total of the packed form tell, and
 * *left_out counts those leases. *bytes is malloc'd. 0 or -ENOMEM. */
int fact_build(const struct fact *fact, uint8_t **bytes, size_t *length, size_t *left_out);
/* Reads everything but leases and withdrawals. Texts are cleaned: a name that is none is "". */
enum fact_fault fact_decode_header(const uint8_t *bytes, size_t length, struct fact *fact);
/* Reads all of it; *names_dropped counts leases whose name was no good and is left out. 0, -ENOMEM,
 * or -EINVAL with *fault. fact is written only on 0; free it with fact_free. */
int fact_decode(const uint8_t *bytes, size_t length, struct fact *fact, enum fact_fault *fault,
	unsigned int *names_dropped);
void fact_free(struct fact *fact);

/* A label of RFC 1123 that may stand in a hosts file: letters, digits, inner hyphens, not digits
 * only, at most 63; copied in lower case. False (and name "") when it is none. */
bool fact_name(const char *text, size_t length, char name[FACT_NAME_SIZE]);

#endif
