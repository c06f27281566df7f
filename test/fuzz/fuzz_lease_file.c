/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: what may lie in dnsmasq's lease file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cloud/lease_file.h"
#include "cloud/release.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(bool holds)
{
	if (!holds) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct lease_reader reader = {.text = (const char *)bytes, .length = size};
	struct ip server = {.family = AF_INET, .bytes = {10, 13, 0, 1}};
	uint8_t message[RELEASE_SIZE_MAX];
	struct lease_line line;

	while (lease_file_next(&reader, &line) == 1) {
		expect(reader.at <= size);
		expect(line.ip.family == AF_INET && line.expiry >= 0);
		expect(line.client_id_length <= LEASE_CLIENT_ID_MAX);
		expect(line.hostname[0] == '\0' ||
			text_is_label(line.hostname, strlen(line.hostname)));
		expect(release_build(message, &line, &server, 1) <= sizeof(message));
	}
	return 0;
}
