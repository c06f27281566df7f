/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the configuration says about who the node is: the templates together, with the SSID. */
#include <stdio.h>
#include <string.h>

#include "core/config_whole.h"
#include "core/identity.h"

/* Stands for any node. */
static const struct mac dummy_mac = {{0x02, 0x10, 0x20, 0x12, 0x34, 0x56}};

struct identity_request config_identity_request(const struct config *config)
{
	struct identity_request request = {.ssid = config->cloud.ssid,
		.hostname = config->node.hostname,
		.ipv4 = config->cloud.ipv4,
		.ipv6 = config->cloud.ipv6,
		.anycast_mac = config->anycast.mac,
		.anycast = config->anycast.enabled};

	/* "" is no prefix and leaves them zero. */
	(void)prefix_parse(config->anycast.ipv4, &request.anycast_ipv4);
	(void)prefix_parse(config->anycast.ipv6, &request.anycast_ipv6);
	return request;
}

void config_static_addresses(const struct config *config, struct ip *ipv4, struct ip *ipv6)
{
	struct identity_request request = {.ssid = config->cloud.ssid,
		.has_mac = true,
		.mac = dummy_mac,
		.ipv4 = config->cloud.ipv4,
		.ipv6 = config->cloud.ipv6};
	struct identity first;
	struct identity second;
	struct err why;

	memset(ipv4, 0, sizeof(*ipv4));
	memset(ipv6, 0, sizeof(*ipv6));
	if (identity_derive(&request, &first, &why) < 0) {
		return;
	}
	request.mac.bytes[5]++;
	if (identity_derive(&request, &second, &why) < 0) {
		return;
	}
	if (memcmp(&first.node_ipv4, &second.node_ipv4, sizeof(first.node_ipv4)) == 0) {
		*ipv4 = first.node_ipv4.ip;
	}
	if (memcmp(&first.node_ipv6, &second.node_ipv6, sizeof(first.node_ipv6)) == 0) {
		*ipv6 = first.node_ipv6.ip;
	}
}

/* A node steps aside from the shared address where its own is made from its MAC. */
static void check_own_address(const struct config_whole *whole, const char *key,
	const struct ip *own, const struct prefix *shared)
{
	char address[IP_TEXT_SIZE];

	if (own->family == 0 || !ip_equal(own, &shared->ip)) {
		return;
	}
	ip_format(own, address);
	config_whole_report(whole,
		config_whole_later(whole, config_path_of("anycast", key, NULL),
			config_path_of("cloud", key, NULL)),
		"%s is the address that cloud.%s gives every node; choose another here or there",
		address, key);
}

void config_check_identity(const struct config_whole *whole)
{
	const struct config *config = whole->config;
	struct identity_request request = config_identity_request(config);
	struct identity identity;
	struct err err = {0};
	struct ip ipv4;
	struct ip ipv6;
	char section[32] = "";
	char key[32] = "";

	if (config->cloud.ssid[0] == '\0') {
		return;
	}
	request.has_mac = true;
	request.mac = dummy_mac;
	if (identity_derive(&request, &identity, &err) < 0) {
		/* "$.cloud.ipv4" is a path of ours. */
		sscanf(err.path, "$.%31[^.].%31s", section, key);
		config_whole_report(whole, config_path_of(section, key, NULL), "%s", err.text);
		return;
	}
	config_static_addresses(config, &ipv4, &ipv6);
	if (config->anycast.enabled) {
		check_own_address(whole, "ipv4", &ipv4, &request.anycast_ipv4);
		check_own_address(whole, "ipv6", &ipv6, &request.anycast_ipv6);
	}
}
