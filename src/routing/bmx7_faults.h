/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bmx7 does not notice or not mend by itself, found by comparing what it says with what
 * /proc shows. Pure: the texts are the caller's. */
#ifndef ROUTING_BMX7_FAULTS_H
#define ROUTING_BMX7_FAULTS_H

#include "routing/bmx7_answer.h"

/* Of one look at the machine; each text ends with NUL. */
struct bmx7_machine {
	char *addresses;      /* /proc/net/if_inet6 */
	char *ipv6_routes;    /* /proc/net/ipv6_route, every table */
	char *ipv4_routes;    /* /proc/net/route, table main */
	bool defaults_matter; /* no table of ours goes before, see struct routing_wish */
};

/* Is the device ready for bmx7 (a link-local address that is no longer tentative), but without
 * bmx7's own address? */
bool bmx7_faults_lost_address(const struct bmx7_machine *machine, const char *link,
	const struct ip *primary);
/* A route that may be there. */
struct bmx7_route {
	struct prefix destination;
	const char *link;     /* its device, NULL = any */
	const char *not_link; /* any device but this one, NULL = none */
	uint32_t metric;      /* 0 = any */
};
/* IPv6: in any table. */
bool bmx7_faults_has_route(const struct bmx7_machine *machine, const struct bmx7_route *wanted);

/* The commands that mend what is wrong: bmx7 puts back what it is made to forget, and what we
 * removed is missing from the next look, so that the difference adds it again. text says what is
 * wrong, "" when nothing is. 0 or -ENOMEM. */
int bmx7_faults_find(const struct bmx7_machine *machine, const struct bmx7_answer *answer,
	struct bmx7_commands *commands, char *text, size_t size);

#endif
