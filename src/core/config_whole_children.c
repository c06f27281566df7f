/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemons are told must fit together, and fit the cloud. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/config_whole.h"
#include "core/identity.h"

#define SLAAC_LENGTH 64 /* RFC 4862 and RFC 2464: a client adds 64 bits to a /64 */

static bool same_ip(const struct ip *a, const struct ip *b)
{
	return a->family != 0 && ip_equal(a, b);
}

/* What was taken out for being wrong is not said to be missing. */
static void report_missing(const struct config_whole *whole, struct config_path path,
	const char *text)
{
	if (whole->is_complete) {
		config_whole_report(whole, path, "%s", text);
	}
}

static void check_networks(const struct config_whole *whole, const char *section, const char *key,
	const struct layer3_config *layer3)
{
	for (size_t i = 0; i < layer3->network_count; i++) {
		const struct network_config *entry = &layer3->networks[i];
		int bits = (int)ip_bits(&entry->network.ip);
		struct config_path path = config_path_of(section, key, entry->name, NULL);

		if (bits == 0) {
			report_missing(whole, path,
				"has no network; give one, such as \"network\": \"10.0.0.0/8\"");
		} else if (entry->max_length >= 0 && (entry->max_length < entry->network.length ||
							     entry->max_length > bits)) {
			struct config_path length = path;
			config_path_push_key(&length, "max_length");
			config_path_push_key(&path, "network");
			config_whole_report(whole, config_whole_later(whole, length, path),
				"max_length %d takes no network in a /%d; %d to %d is right, or "
				"\"any\"",
				entry->max_length, entry->network.length, entry->network.length,
				bits);
		}
	}
}

/* The networks of the cloud and its shared gateway, as far as they need no MAC. */
struct cloud {
	struct prefix ipv4;
	struct ip gateway;  /* family 0 = there is none */
	struct ip gateway6; /* the same */
	uint8_t length6;    /* of the gateway's network */
};

static bool derive_cloud(const struct config *config, struct cloud *cloud)
{
	struct identity_request request = config_identity_request(config);
	struct identity identity;
	struct err why;

	request.hostname = NULL;
	if (config->cloud.ssid[0] == '\0' || identity_derive(&request, &identity, &why) < 0) {
		return false;
	}
	*cloud = (struct cloud){.ipv4 = identity.subnet_ipv4,
		.gateway = identity.anycast_ipv4.ip,
		.gateway6 = identity.anycast_ipv6.ip,
		.length6 = identity.anycast_ipv6.length};
	return true;
}

/* Why no client can have the address, or NULL. */
static const char *unusable(const struct cloud *cloud, const struct ip *ip)
{
	struct prefix network = prefix_network(&cloud->ipv4);
	uint32_t hosts = (uint32_t)(UINT64_C(1) << (32 - network.length));
	struct ip broadcast = ip_add(&network.ip, hosts - 1);

	if (!config_network_holds(&network, ip)) {
		return "outside of the cloud's network";
	}
	if (same_ip(&cloud->gateway, ip)) {
		return "the shared gateway's address in";
	}
	if (network.length > 30) {
		return NULL;
	}
	return same_ip(&network.ip, ip)  ? "the address of the network itself,"
	       : same_ip(&broadcast, ip) ? "the broadcast address of"
					 : NULL;
}

static bool between(const struct ip *ip, const struct ip *first, const struct ip *last)
{
	return ip->family == first->family && memcmp(ip->bytes, first->bytes, 4) >= 0 &&
	       memcmp(ip->bytes, last->bytes, 4) <= 0;
}

static void refuse_pool(const struct config_whole *whole, const struct ip *ip, const char *reason)
{
	struct config_path path = config_path_of("dhcp", "pool", NULL);
	char address[IP_TEXT_SIZE];

	ip_format(ip, address);
	path = config_whole_later(whole, path, config_path_of("cloud", "ipv4", NULL));
	config_whole_report(whole,
		config_whole_later(whole, path, config_path_of("cloud", "ssid", NULL)),
		"%s in the pool is %s; choose a pool without it", address, reason);
}

static void check_pool(const struct config_whole *whole, const struct cloud *cloud)
{
	const struct config *config = whole->config;
	char network[PREFIX_TEXT_SIZE];
	char reason[128];
	struct ip first;
	struct ip last;
	struct ip own;
	struct ip own6;

	if (!config_parse_pool(config->dhcp.pool, &first, &last)) {
		return;
	}
	const struct ip *ends[] = {&first, &last};
	prefix_format(&cloud->ipv4, network);
	config_static_addresses(config, &own, &own6);
	for (size_t i = 0; i < 2; i++) {
		const char *wrong = unusable(cloud, ends[i]);

		if (wrong != NULL) {
			snprintf(reason, sizeof(reason), "%s %s", wrong, network);
			refuse_pool(whole, ends[i], reason);
			return;
		}
	}
	if (between(&cloud->gateway, &first, &last)) {
		refuse_pool(whole, &cloud->gateway, "the shared gateway's address");
	} else if (between(&own, &first, &last)) {
		refuse_pool(whole, &own, "this node's own address, which cloud.ipv4 gives");
	}
}

static struct config_path host_path(const struct host_config *host, const char *key)
{
	return config_path_of("dhcp", "hosts", host->name, key, NULL);
}

static void check_host(const struct config_whole *whole, const struct cloud *cloud,
	const struct host_config *host)
{
	bool has_mac = !mac_is_zero(&host->mac);
	char network[PREFIX_TEXT_SIZE];
	char address[IP_TEXT_SIZE];

	if (!has_mac && host->ipv4.family == 0 && host->ipv6.family == 0) {
		report_missing(whole, host_path(host, NULL),
			"has no address; give mac and ipv4 for an address that the machine gets, "
			"or ipv4 or ipv6 for a mere name");
		return;
	}
	if (has_mac && host->ipv4.family == 0) {
		report_missing(whole, host_path(host, "mac"),
			"is given without ipv4; give the address that this machine always gets");
		return;
	}
	const char *wrong = has_mac && cloud != NULL ? unusable(cloud, &host->ipv4) : NULL;
	if (wrong != NULL) {
		ip_format(&host->ipv4, address);
		prefix_format(&cloud->ipv4, network);
		config_whole_report(whole, host_path(host, "ipv4"),
			"%s is %s %s; no client can get it, choose another", address, wrong,
			network);
	}
}

/* What two machines have in common that only one can have, or NULL. */
static const char *clash_of(const struct host_config *a, const struct host_config *b)
{
	if (strcasecmp(a->name, b->name) == 0) {
		return "name";
	}
	if (!mac_is_zero(&a->mac) && memcmp(&a->mac, &b->mac, sizeof(a->mac)) == 0) {
		return "mac";
	}
	return same_ip(&a->ipv4, &b->ipv4) ? "ipv4" : same_ip(&a->ipv6, &b->ipv6) ? "ipv6" : NULL;
}

static void check_two_hosts(const struct config_whole *whole, const struct host_config *first,
	const struct host_config *second)
{
	const char *clash = clash_of(first, second);

	if (clash == NULL) {
		return;
	}
	const char *key = strcmp(clash, "name") == 0 ? NULL : clash;
	config_whole_report(whole,
		config_whole_later(whole, host_path(second, key), host_path(first, key)),
		"%s and %s have the same %s; each machine needs its own", first->name, second->name,
		clash);
}

static bool is_gateways_name(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->dhcp.name_count; i++) {
		if (strcasecmp(config->dhcp.names[i].text, name) == 0) {
			return true;
		}
	}
	return strcasecmp(CONFIG_ANYCAST_NAME, name) == 0 ||
	       strcasecmp(config->dhcp.domain, name) == 0;
}

/* A name that is made from the MAC, or the machine's, is compared once it is known. */
static void check_host_name(const struct config_whole *whole, const struct host_config *host)
{
	const struct config *config = whole->config;

	if (is_gateways_name(config, host->name)) {
		config_whole_report(whole,
			config_whole_later(whole, host_path(host, NULL),
				config_path_of("dhcp", "names", NULL)),
			"%s is a name of the shared gateway too (\"" CONFIG_ANYCAST_NAME
			"\", dhcp.domain, dhcp.names); choose another",
			host->name);
	}
	if (strcasecmp(config->node.hostname, host->name) == 0) {
		config_whole_report(whole,
			config_whole_later(whole, host_path(host, NULL),
				config_path_of("node", "hostname", NULL)),
			"%s is this node's own name, see node.hostname; choose another here or "
			"there",
			host->name);
	}
}

static void check_hosts(const struct config_whole *whole, const struct cloud *cloud)
{
	const struct config *config = whole->config;

	for (size_t i = 0; i < config->dhcp.host_count; i++) {
		const struct host_config *host = &config->dhcp.hosts[i];

		check_host(whole, cloud, host);
		for (size_t j = 0; j < i; j++) {
			check_two_hosts(whole, &config->dhcp.hosts[j], host);
		}
		check_host_name(whole, host);
	}
}

static void check_resolvers(const struct config_whole *whole, const struct cloud *cloud)
{
	const struct config *config = whole->config;

	for (size_t i = 0; i < config->dhcp.resolver_count; i++) {
		struct config_path path = config_path_of("dhcp", "resolvers", NULL);
		struct ip ip = {0};

		ip_parse(config->dhcp.resolvers[i].text, &ip);
		if (same_ip(&cloud->gateway, &ip) || same_ip(&cloud->gateway6, &ip)) {
			config_path_push_index(&path, i);
			config_whole_report(whole, path,
				"%s is the shared gateway, so the node would ask itself; give a "
				"server outside of the cloud",
				config->dhcp.resolvers[i].text);
		}
	}
}

static void check_dhcp(const struct config_whole *whole)
{
	const struct config *config = whole->config;
	struct cloud cloud;

	if (!config->anycast.enabled) {
		config_whole_report(whole,
			config_whole_later(whole, config_path_of("anycast", "enabled", NULL),
				config_path_of("dhcp", "enabled", NULL)),
			"dhcp serves clients on the shared gateway, which is off; set "
			"dhcp.enabled to false, or anycast.enabled to true");
	}
	if (config->dhcp.mtu != MTU_AUTO && config->dhcp.mtu > config->lan.mtu) {
		config_whole_report(whole,
			config_whole_later(whole, config_path_of("dhcp", "mtu", NULL),
				config_path_of("lan", "mtu", NULL)),
			"dhcp.mtu %d is more than the bridge carries, lan.mtu is %d",
			config->dhcp.mtu, config->lan.mtu);
	}
	bool is_known = derive_cloud(config, &cloud);
	check_hosts(whole, is_known ? &cloud : NULL);
	if (!is_known) {
		return;
	}
	check_pool(whole, &cloud);
	check_resolvers(whole, &cloud);
	if (config->dhcp.ra && config->anycast.enabled && cloud.length6 != SLAAC_LENGTH) {
		config_whole_report(whole,
			config_whole_later(whole, config_path_of("anycast", "ipv6", NULL),
				config_path_of("dhcp", "ra", NULL)),
			"clients make their addresses in a /%d only, not in a /%d; give one, or "
			"set dhcp.ra to false",
			SLAAC_LENGTH, cloud.length6);
	}
}

void config_check_children(const struct config_whole *whole)
{
	const struct config *config = whole->config;

	check_networks(whole, "bmx7", "search", &config->bmx7);
	check_networks(whole, "babeld", "redistribute", &config->babeld);
	if (config->dhcp.enabled) {
		check_dhcp(whole);
	}
}
