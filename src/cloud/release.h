/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two datagrams to our own dnsmasq: a DHCPRELEASE in a client's name, which is how a lease is ended
 * from outside (RFC 2131 3.1, 4.4.4), and a DNS question, which shows that it works. */
#ifndef CLOUD_RELEASE_H
#define CLOUD_RELEASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "cloud/lease_file.h"

#define RELEASE_SIZE_MAX  (240 + 3 + 6 + 2 + LEASE_CLIENT_ID_MAX + 1)
#define QUESTION_SIZE_MAX (12 + 256 + 4)

/* The message that releases the lease at the server. Returns its size. */
size_t release_build(uint8_t message[RELEASE_SIZE_MAX], const struct lease_line *lease,
	const struct ip *server, uint32_t id);
/* Sends it from the link's address to port 67 of the server: dnsmasq believes it only when it comes
 * in on the link it serves. 0 or -errno. */
int release_send(const char *link, const struct lease_line *lease, const struct ip *server,
	uint32_t id);

/* A question for the IPv4 address of a name (RFC 1035 4.1). Returns its size, or -EINVAL when the
 * name is none. */
int question_build(uint8_t message[QUESTION_SIZE_MAX], const char *name, uint16_t id);
/* Is it an answer to the question with the id, whatever it says? */
bool question_is_answered(const uint8_t *bytes, size_t length, uint16_t id);
/* Sends the question to port 53 of the server; *fd is a non-blocking socket to read the answer
 * from, the caller's to close. 0 or -errno. */
int question_send(const char *name, const struct ip *server, uint16_t id, int *fd);

#endif
