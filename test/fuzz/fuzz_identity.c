/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: a byte of flags, a MAC, then up to five texts parted by NUL: SSID, hostname, IPv4, IPv6
 * and anycast MAC. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity.h"

#define TEXTS      5
#define FLAGS_SIZE 7

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void check_names(const char *base, uint16_t vid)
{
	char name[IFNAMSIZ];
	char again[IFNAMSIZ];

	identity_vlan_name(base, vid, name);
	identity_vlan_name(base, vid, again);
	expect(name[IFNAMSIZ - 1] == '\0' && strcmp(name, again) == 0);
	expect(!ifname_is_valid(base) || ifname_is_valid(name));
}

static void check_identity(const struct identity_request *request, const struct identity *identity)
{
	struct prefix network = prefix_network(&identity->subnet_ipv4);

	expect(identity->cloud_vlan >= 29 && identity->cloud_vlan <= 284);
	expect(memcmp(&network, &identity->subnet_ipv4, sizeof(network)) == 0);
	if (request->has_mac) {
		network = prefix_network(&identity->node_ipv4);
		expect(memcmp(&network, &identity->subnet_ipv4, sizeof(network)) == 0);
		network = prefix_network(&identity->node_ipv6);
		expect(memcmp(&network, &identity->subnet_ipv6, sizeof(network)) == 0);
		expect(!ip_is_special(&identity->node_ipv4.ip));
		expect(!ip_is_special(&identity->node_ipv6.ip));
		expect(identity->hostname[0] != '\0');
	}
	if (request->has_mac && request->anycast) {
		expect(memcmp(&identity->node_ipv4.ip, &identity->anycast_ipv4.ip,
			       sizeof(struct ip)) != 0);
		expect(memcmp(&identity->node_ipv6.ip, &identity->anycast_ipv6.ip,
			       sizeof(struct ip)) != 0);
	}
	expect(strlen(identity->hostname) <= 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *texts[TEXTS] = {"", "", "", "", ""};
	struct identity_request request = {0};
	struct identity identity;
	struct err err = {0};
	char ssid[SSID_TEXT_SIZE];

	if (size < FLAGS_SIZE) {
		return 0;
	}
	size_t left = size - FLAGS_SIZE;
	char *text = calloc(1, left + 1);
	if (text == NULL) {
		return 0;
	}
	memcpy(text, bytes + FLAGS_SIZE, left);
	const char *at = text;
	for (size_t i = 0; i < TEXTS && at <= text + left; i++) {
		texts[i] = at;
		at += strlen(at) + 1;
	}
	request.has_mac = (bytes[0] & 1) != 0;
	request.anycast = (bytes[0] & 2) != 0;
	memcpy(request.mac.bytes, bytes + 1, sizeof(request.mac.bytes));
	request.ssid = texts[0];
	request.hostname = texts[1];
	request.ipv4 = texts[2];
	request.ipv6 = texts[3];
	request.anycast_mac = texts[4];

	check_names(texts[0], (uint16_t)(bytes[1] << 4 | bytes[2] >> 4));
	identity_ssid_warning(texts[0]);
	if (identity_derive(&request, &identity, &err) == 0) {
		check_identity(&request, &identity);
		if (identity_expand_ssid(texts[1], &identity, ssid, &err) == 0) {
			expect(strlen(ssid) <= 32);
		}
	} else {
		expect(err.text[0] != '\0');
	}
	free(text);
	return 0;
}
