/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq's lease file (lease.c there): a line "EXPIRY MAC IP NAME CLIENT-ID" for each IPv4 lease,
 * then a line "duid ..." and those of DHCPv6, which are of no use here. EXPIRY is wall clock time,
 * 0 for ever. dnsmasq keeps the file open, and to change it cuts it to nothing and writes it anew,
 * so that a reader may see any part of it. */
#ifndef CLOUD_LEASE_FILE_H
#define CLOUD_LEASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define LEASE_FILE_MAX      ((size_t)8 * 1024 * 1024)
#define LEASE_CLIENT_ID_MAX 255

struct lease_line {
	int64_t expiry;
	struct mac mac;
	struct ip ip;
	char hostname[64]; /* "" = none, or none that RFC 1123 allows */
	uint8_t client_id[LEASE_CLIENT_ID_MAX];
	size_t client_id_length; /* 0 = none */
};

struct lease_reader {
	const char *text;
	size_t length;
	size_t at;
	unsigned int left_out; /* lines that are no Ethernet client's IPv4 lease */
};

/* The next lease: 1, 0 at the end, -EAGAIN when the text ends within a line: it was read while it
 * was being written. */
int lease_file_next(struct lease_reader *reader, struct lease_line *line);
/* Reads the whole file; a missing one is empty. *text is malloc'd. 0, -EAGAIN when it changed
 * meanwhile, -EFBIG, or -errno. */
int lease_file_read(const char *path, char **text, size_t *length);

#endif
