/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dnsmasq's configuration. Numbers come from structs; every name and path is checked before it is
 * written, so that no text can begin a line of its own. See docs/dhcp.md for what and why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/render_parts.h"

/* On one node; a flood of invented clients fills no more memory than this. */
#define LEASES_MAX      20000
#define RA_MTU_MIN      1280 /* RFC 8200 */
/* Router lifetime: RFC 4861 allows 9000 s. */
#define RA_LIFETIME_MAX 9000
#define RA_INTERVALS    3
#define PREFIX_LIFETIME 86400

struct lines {
	const struct render_input *input;
	const struct config *config;
	const struct identity *identity;
	struct render_text text;
	struct err *err;
	char gateway[IP_TEXT_SIZE];
	char gateway6[IP_TEXT_SIZE];
};

static int refuse(struct lines *lines, const char *path, const char *what, const char *name)
{
	text_copy(lines->err->path, sizeof(lines->err->path), path);
	err_set(lines->err,
		"%s \"%.*s\" is no host name; use letters, digits and dashes, such as \"printer\"",
		what, (int)text_cut(name, 80), name);
	return -EINVAL;
}

static int add_general(struct lines *lines)
{
	const char *device = lines->config->anycast.device;

	int rc = render_check_link(device, "$.anycast.device", lines->err);
	if (rc < 0) {
		return rc;
	}
	render_add(&lines->text,
		"# Written by meshd; whatever is changed here is lost.\n"
		"user=dnsmasq\n"
		"group=nogroup\n"
		"pid-file\n"
		"log-facility=-\n"
		"interface=%s\n"
		"except-interface=lo\n"
		"bind-dynamic\n"
		"no-hosts\n"
		"cache-size=1000\n",
		device);
	return 0;
}

static int add_resolvers(struct lines *lines)
{
	const struct config *config = lines->config;
	char text[IP_TEXT_SIZE];
	struct ip ip;

	if (config->dhcp.resolver_count > 0) {
		render_add(&lines->text, "no-resolv\n");
	}
	for (size_t i = 0; i < config->dhcp.resolver_count; i++) {
		if (ip_parse(config->dhcp.resolvers[i].text, &ip) < 0) {
			text_copy(lines->err->path, sizeof(lines->err->path), "$.dhcp.resolvers");
			err_set(lines->err, "\"%s\" is not an address",
				config->dhcp.resolvers[i].text);
			return -EINVAL;
		}
		ip_format(&ip, text);
		render_add(&lines->text, "server=%s\n", text);
	}
	return 0;
}

static int add_domain(struct lines *lines)
{
	const char *domain = lines->config->dhcp.domain;

	render_add(&lines->text, "domain-needed\nbogus-priv\n");
	if (domain[0] == '\0') {
		return 0;
	}
	if (!render_name_is_valid(domain)) {
		return refuse(lines, "$.dhcp.domain", "the domain", domain);
	}
	render_add(&lines->text, "domain=%s\nlocal=/%s/\nexpand-hosts\n", domain, domain);
	return 0;
}

/* NAME and NAME.DOMAIN to the addresses that are not "". */
static void add_record(struct lines *lines, const char *name, const char *ipv4, const char *ipv6)
{
	const char *domain = lines->config->dhcp.domain;
	size_t length = strlen(name);
	size_t tail = strlen(domain);
	/* A name within the domain is complete. */
	bool complete = tail == 0 ||
			(length >= tail && strcasecmp(name + length - tail, domain) == 0 &&
				(length == tail || name[length - tail - 1] == '.')) ||
			strchr(name, '.') != NULL;

	render_add(&lines->text, "host-record=%s", name);
	if (!complete) {
		render_add(&lines->text, ",%s.%s", name, domain);
	}
	if (ipv4[0] != '\0') {
		render_add(&lines->text, ",%s", ipv4);
	}
	if (ipv6[0] != '\0') {
		render_add(&lines->text, ",%s", ipv6);
	}
	render_add(&lines->text, "\n");
}

static bool is_given_name(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->dhcp.name_count; i++) {
		if (strcasecmp(config->dhcp.names[i].text, name) == 0) {
			return true;
		}
	}
	return false;
}

/* The node's own name never means the anycast address, so it goes before. */
static void add_anycast_name(struct lines *lines, const char *name)
{
	if (name[0] != '\0' && strcasecmp(name, lines->identity->hostname) != 0) {
		add_record(lines, name, lines->gateway, lines->gateway6);
	}
}

static int add_anycast_names(struct lines *lines)
{
	const struct config *config = lines->config;

	if (!is_given_name(config, CONFIG_ANYCAST_NAME)) {
		add_anycast_name(lines, CONFIG_ANYCAST_NAME);
	}
	if (!is_given_name(config, config->dhcp.domain)) {
		add_anycast_name(lines, config->dhcp.domain);
	}
	for (size_t i = 0; i < config->dhcp.name_count; i++) {
		const char *name = config->dhcp.names[i].text;

		if (!render_name_is_valid(name)) {
			return refuse(lines, "$.dhcp.names", "the name", name);
		}
		add_anycast_name(lines, name);
	}
	return 0;
}

static int add_node_name(struct lines *lines)
{
	const struct identity *identity = lines->identity;
	char ipv4[IP_TEXT_SIZE];
	char ipv6[IP_TEXT_SIZE];

	if (!render_name_is_valid(identity->hostname)) {
		return refuse(lines, "$.node.hostname", "the node's name", identity->hostname);
	}
	ip_format(&identity->node_ipv4.ip, ipv4);
	ip_format(&identity->node_ipv6.ip, ipv6);
	add_record(lines, identity->hostname, ipv4, ipv6);
	return 0;
}

static int add_host(struct lines *lines, const struct host_config *host)
{
	char ipv4[IP_TEXT_SIZE] = "";
	char ipv6[IP_TEXT_SIZE] = "";
	char mac[MAC_TEXT_SIZE];

	if (!render_name_is_valid(host->name)) {
		return refuse(lines, "$.dhcp.hosts", "the host", host->name);
	}
	if (strcasecmp(host->name, lines->identity->hostname) == 0) {
		snprintf(lines->err->path, sizeof(lines->err->path), "$.dhcp.hosts.%s", host->name);
		err_set(lines->err, "%s is this node's own name; choose another", host->name);
		return -EINVAL;
	}
	if (host->ipv4.family == AF_INET) {
		ip_format(&host->ipv4, ipv4);
	}
	if (host->ipv6.family == AF_INET6) {
		ip_format(&host->ipv6, ipv6);
	}
	if (!mac_is_zero(&host->mac)) {
		mac_format(&host->mac, mac);
		render_add(&lines->text, "dhcp-host=%s%s%s,%s\n", mac, ipv4[0] != '\0' ? "," : "",
			ipv4, host->name);
	}
	if (ipv4[0] != '\0' || ipv6[0] != '\0') {
		add_record(lines, host->name, ipv4, ipv6);
	}
	return 0;
}

static int add_names(struct lines *lines)
{
	const struct config *config = lines->config;
	char names_dir[RENDER_PATH_SIZE];

	int rc = add_anycast_names(lines);
	rc = rc < 0 ? rc : add_node_name(lines);
	for (size_t i = 0; rc == 0 && i < config->dhcp.host_count; i++) {
		rc = add_host(lines, &config->dhcp.hosts[i]);
	}
	if (rc == 0) {
		rc = render_path(lines->input->run_dir, CHILD_DNSMASQ_NAMES, names_dir,
			sizeof(names_dir), lines->err);
	}
	if (rc == 0) {
		render_add(&lines->text, "hostsdir=%s\n", names_dir);
	}
	return rc;
}

static void format_mask(uint8_t length, char text[IP_TEXT_SIZE])
{
	struct ip mask = {.family = AF_INET};

	for (unsigned int bit = 0; bit < length; bit++) {
		mask.bytes[bit / 8] |= (uint8_t)(0x80U >> (bit % 8));
	}
	ip_format(&mask, text);
}

static int add_dhcp_files(struct lines *lines)
{
	char hosts_dir[RENDER_PATH_SIZE];
	char leases[RENDER_PATH_SIZE];

	int rc = render_path(lines->input->run_dir, CHILD_DNSMASQ_HOSTS, hosts_dir,
		sizeof(hosts_dir), lines->err);
	if (rc == 0) {
		rc = render_path(lines->input->state_dir, CHILD_DNSMASQ_LEASES, leases,
			sizeof(leases), lines->err);
	}
	if (rc == 0) {
		render_add(&lines->text,
			"dhcp-hostsdir=%s\n"
			"dhcp-leasefile=%s\n"
			"dhcp-lease-max=%d\n",
			hosts_dir, leases, LEASES_MAX);
	}
	return rc;
}

/* The node's own address, where the pool has it in: a client that asks for it by name of its
 * number would get it. */
static void add_own_reservation(struct lines *lines)
{
	struct mac mac = identity_interface_mac(lines->config->lan.bridge, &lines->identity->mac);
	char mac_text[MAC_TEXT_SIZE];
	char ip_text[IP_TEXT_SIZE];

	mac_format(&mac, mac_text);
	ip_format(&lines->identity->node_ipv4.ip, ip_text);
	render_add(&lines->text, "dhcp-host=%s,%s\n", mac_text, ip_text);
}

static int add_dhcp(struct lines *lines, int client_mtu)
{
	char first_text[IP_TEXT_SIZE];
	char last_text[IP_TEXT_SIZE];
	char mask[IP_TEXT_SIZE];
	struct ip first;
	struct ip last;
	bool overlaps;

	int rc = render_pool(lines->input, &first, &last, &overlaps, lines->err);
	if (rc < 0) {
		return rc;
	}
	ip_format(&first, first_text);
	ip_format(&last, last_text);
	format_mask(lines->identity->subnet_ipv4.length, mask);
	render_add(&lines->text,
		"dhcp-authoritative\n"
		"dhcp-range=%s,%s,%s,%d\n"
		"dhcp-option=option:router,%s\n"
		"dhcp-option=option:dns-server,%s\n"
		"dhcp-option-force=option:mtu,%d\n",
		first_text, last_text, mask, lines->config->dhcp.lease_time, lines->gateway,
		lines->gateway, client_mtu);
	/* A client of this name would become everybody's proxy (CERT VU#598349). */
	render_add(&lines->text, "dhcp-name-match=set:wpad-ignore,wpad\n"
				 "dhcp-ignore-names=tag:wpad-ignore\n");
	if (overlaps) {
		add_own_reservation(lines);
	}
	render_add(&lines->text, "quiet-dhcp\nquiet-dhcp6\nquiet-ra\n");
	return add_dhcp_files(lines);
}

/* Who has no way out must not draw the clients' packets: lifetime 0 (RFC 4861, 6.2.3). */
static void add_router_advertisements(struct lines *lines, int client_mtu, bool no_way)
{
	const struct config *config = lines->config;
	struct prefix network = prefix_network(&lines->identity->anycast_ipv6);
	int whole = config->dhcp.ra_interval * RA_INTERVALS;
	int lifetime = whole < RA_LIFETIME_MAX ? whole : RA_LIFETIME_MAX;
	char prefix[IP_TEXT_SIZE];

	if (!config->dhcp.ra) {
		return;
	}
	ip_format(&network.ip, prefix);
	render_add(&lines->text,
		"enable-ra\n"
		"ra-param=%s,mtu:%d,%d,%d\n"
		"dhcp-range=%s,ra-stateless,ra-names,%u,%d\n"
		"dhcp-option=option6:dns-server,[%s]\n",
		config->anycast.device, client_mtu > RA_MTU_MIN ? client_mtu : RA_MTU_MIN,
		config->dhcp.ra_interval, no_way ? 0 : lifetime, prefix, network.length,
		PREFIX_LIFETIME, lines->gateway6);
	if (config->dhcp.domain[0] != '\0') {
		render_add(&lines->text, "dhcp-option=option6:domain-search,%s\n",
			config->dhcp.domain);
	}
}

int render_dnsmasq_config(const struct render_input *input, int client_mtu, char **text,
	struct err *err)
{
	struct lines lines = {.input = input,
		.config = input->config,
		.identity = input->identity,
		.err = err};

	ip_format(&input->identity->anycast_ipv4.ip, lines.gateway);
	ip_format(&input->identity->anycast_ipv6.ip, lines.gateway6);
	int rc = add_general(&lines);
	rc = rc < 0 ? rc : add_resolvers(&lines);
	rc = rc < 0 ? rc : add_domain(&lines);
	rc = rc < 0 ? rc : add_names(&lines);
	rc = rc < 0 ? rc : add_dhcp(&lines, client_mtu);
	if (rc == 0) {
		add_router_advertisements(&lines, client_mtu, input->no_ipv6_way);
	}
	if (rc == 0 && lines.text.no_memory) {
		rc = -ENOMEM;
	}
	if (rc < 0) {
		free(lines.text.text);
		return rc;
	}
	*text = lines.text.text;
	return 0;
}
