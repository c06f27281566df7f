/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A DHCPRELEASE to our own dnsmasq in a client's name, which is how a lease is ended from outside
 * (RFC 2131 3.1, 4.4.4). */
#ifndef CLOUD_RELEASE_H
#define CLOUD_RELEASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "cloud/lease_file.h"

#define RELEASE_SIZE_MAX (240 + 3 + 6 + 2 + LEASE_CLIENT_ID_MAX + 1)

/* The message that releases the lease at the server. Returns its size. */
size_t release_build(uint8_t message[RELEASE_SIZE_MAX], const struct lease_line *lease,
	const struct ip *server, uint32_t id);
/* Sends it from the link's address to port 67 of the server: dnsmasq believes it only when it comes
 * in on the link it serves. 0 or -errno. */
int release_send(const char *link, const struct lease_line *lease, const struct ip *server,
	uint32_t id);

#endif
