/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Echo requests and their replies (RFC 792, RFC 4443) as raw sockets give them. */
#ifndef UPLINK_ICMP_H
#define UPLINK_ICMP_H

#include "base/text.h"

/* <netinet/ip_icmp.h> has a struct ip of its own, <linux/icmp.h> does not go together with
 * <net/if.h>. */
#define ICMP4_ECHO_REPLY 0

#define ICMP_ECHO_SECRET 16
#define ICMP_ECHO_SIZE   (8 + ICMP_ECHO_SECRET)

/* What tells our reply from others. */
struct icmp_echo {
	uint16_t id;
	uint16_t sequence; /* of the newest request; every one from 1 on counts */
	uint8_t secret[ICMP_ECHO_SECRET];
};

/* ICMPv6's checksum is the kernel's work. */
void icmp_echo_build(const struct icmp_echo *echo, uint8_t family, uint8_t message[ICMP_ECHO_SIZE]);
/* Of IPv4 the bytes begin with the IP header, of IPv6 with ICMPv6's. */
bool icmp_echo_is_answered(const struct icmp_echo *echo, uint8_t family, const uint8_t *bytes,
	size_t length);
/* Is this the beginning (at least the ICMP header) of one of our requests, as it comes back within
 * an ICMP error? */
bool icmp_echo_is_request(const struct icmp_echo *echo, uint8_t family, const uint8_t *bytes,
	size_t length);

#endif
