/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/identity_host.h"

#include <string.h>
#include <sys/socket.h>

/* Sets bits first..last of the address, counted from the left. */
static struct ip set_bits(struct ip ip, unsigned int first, unsigned int last)
{
	for (unsigned int bit = first; bit <= last; bit++) {
		ip.bytes[bit / 8] |= (uint8_t)(0x80U >> (bit % 8));
	}
	return ip;
}

/* A network without host bits set gets the MAC's last three bytes added; else it is static. */
struct ip identity_host(const struct prefix *address, const struct mac *mac)
{
	struct prefix network = prefix_network(address);
	unsigned int host_bits = ip_bits(&address->ip) - address->length;
	uint32_t suffix =
		(uint32_t)mac->bytes[3] << 16 | (uint32_t)mac->bytes[4] << 8 | mac->bytes[5];

	if (memcmp(&network, address, sizeof(network)) != 0) {
		return address->ip;
	}
	if (host_bits < 24) {
		suffix &= (1U << host_bits) - 1;
	}
	return ip_add(&address->ip, suffix);
}

/* Moves a node's IPv4 address off the addresses that are nobody's, or everybody's: shared, NULL
 * when there is none. */
static struct ip avoid_ipv4(const struct ip *ip, const struct prefix *subnet,
	const struct ip *shared)
{
	struct ip broadcast = set_bits(subnet->ip, subnet->length, 31);
	struct ip last = set_bits(subnet->ip, subnet->length, 30);

	/* /31 and /32 have neither network nor broadcast address (RFC 3021). */
	if (subnet->length > 30 || (!ip_equal(ip, &subnet->ip) && !ip_equal(ip, &broadcast) &&
					   !(shared != NULL && ip_equal(ip, shared)))) {
		return *ip;
	}
	if (shared != NULL && ip_equal(&last, shared)) {
		last = set_bits(subnet->ip, subnet->length, 29);
		last = ip_add(&last, 1);
	}
	return last;
}

/* The same for IPv6, where only the shared address is in the way. Generated addresses end below
 * 2^24, so the places above are free. */
static struct ip avoid_ipv6(const struct ip *ip, const struct prefix *subnet,
	const struct ip *shared)
{
	struct ip last = set_bits(subnet->ip, subnet->length, 127);
	struct ip above = 128U - subnet->length > 24 ? ip_add(ip, 1U << 24) : last;

	if (shared == NULL || (!ip_equal(ip, &subnet->ip) && !ip_equal(ip, shared))) {
		return *ip;
	}
	if (!ip_equal(&above, shared)) {
		return above;
	}
	return ip_equal(&last, shared) ? set_bits(subnet->ip, subnet->length, 126) : last;
}

struct ip identity_host_avoid(const struct ip *ip, const struct prefix *subnet,
	const struct ip *shared)
{
	return ip->family == AF_INET ? avoid_ipv4(ip, subnet, shared)
				     : avoid_ipv6(ip, subnet, shared);
}
