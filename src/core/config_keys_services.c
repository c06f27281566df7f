/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of alfred and dnsmasq. */
#include "core/config_keys_table.h"

#define HOSTS_MAX     1024
#define NAMES_MAX     64
#define RESOLVERS_MAX 16

#define HOST_NAME_PATTERN "^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"

/* Below are bat-hosts, and what LibreMesh and others took next. */
#define TYPE_MIN 68
/* Gluon's nodeinfo, statistics and neighbours. */
static const int64_t taken_types[] = {158, 159, 160};

static const struct config_word roles[] = {{"auto", ALFRED_ROLE_AUTO},
	{"primary", ALFRED_ROLE_PRIMARY}, {"secondary", ALFRED_ROLE_SECONDARY}};
static const struct config_word mtu_words[] = {{"auto", MTU_AUTO}};

static void store_mac(void *member, const char *text)
{
	mac_parse(text, member);
}

static void store_ip(void *member, const char *text)
{
	ip_parse(text, member);
}

static void set_host_name(void *element, const char *name)
{
	struct host_config *host = element;

	text_copy(host->name, sizeof(host->name), name);
}

static void set_text(void *element, const char *text)
{
	struct text_config *item = element;

	text_copy(item->text, sizeof(item->text), text);
}

static const struct config_elements host_elements = {.size = sizeof(struct host_config),
	.count_offset = offsetof(struct config, dhcp.host_count),
	.set_name = set_host_name};
static const struct config_elements name_elements = {.size = sizeof(struct text_config),
	.count_offset = offsetof(struct config, dhcp.name_count),
	.set_name = set_text};
static const struct config_elements resolver_elements = {.size = sizeof(struct text_config),
	.count_offset = offsetof(struct config, dhcp.resolver_count),
	.set_name = set_text};

const struct config_key config_alfred_keys[] = {
	{.name = "enabled",
		.kind = CONFIG_BOOL,
		AT(alfred.enabled),
		.doc = "Whether alfred runs, and with it the sharing of leases, names and facts "
		       "between the nodes of the cloud.",
		.fallback = "true"},
	PROGRAM_KEYS(alfred, "alfred"),
	{.name = "role",
		.kind = CONFIG_WORD,
		AT(alfred.role),
		WORDS(roles),
		.doc = "A primary keeps all facts of the cloud, a secondary asks one; \"auto\" has "
		       "the nodes choose at most primaries_max primaries.",
		.fallback = "\"auto\""},
	{.name = "primaries_max",
		.kind = CONFIG_NUMBER,
		RANGE(2, 64),
		AT(alfred.primaries_max),
		.doc = "How many nodes of the cloud are primaries where the role is \"auto\"; the "
		       "same on all nodes.",
		.fallback = "8"},
	{.name = "sync_period",
		.kind = CONFIG_NUMBER,
		RANGE(100, 60000),
		.unit = "milliseconds",
		AT(alfred.sync_period),
		.doc = "How often primaries exchange what is new.",
		.fallback = "2000"},
	{.name = "type",
		.kind = CONFIG_NUMBER,
		RANGE(TYPE_MIN, 255),
		.taken = taken_types,
		.taken_count = ARRAY_SIZE(taken_types),
		AT(alfred.type),
		.doc = "alfred's number of the kind of facts that are meshd's; the same on all "
		       "nodes of the cloud.",
		.fallback = "109"},
};

static const struct config_key host_keys[] = {
	{.name = "mac",
		.kind = CONFIG_TEXT,
		RANGE(17, MAC_TEXT_SIZE - 1),
		IN(host_config, mac),
		.doc = "The machine's MAC: it always gets the address of ipv4, which must be "
		       "given.",
		.what = "a MAC such as \"02:ab:46:1f:73:aa\"",
		.pattern = "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$",
		.check = config_check_host_mac,
		.store = store_mac},
	{.name = "ipv4",
		.kind = CONFIG_TEXT,
		RANGE(1, IP_TEXT_SIZE - 1),
		IN(host_config, ipv4),
		.doc = "The IPv4 address that the name has.",
		.what = "an IPv4 address such as \"10.13.200.7\"",
		.pattern = "^[0-9.]+$",
		.check = config_check_host_ipv4,
		.store = store_ip},
	{.name = "ipv6",
		.kind = CONFIG_TEXT,
		RANGE(1, IP_TEXT_SIZE - 1),
		IN(host_config, ipv6),
		.doc = "The IPv6 address that the name has.",
		.what = "an IPv6 address such as \"fd0d:fe46:8ce8::7\"",
		.pattern = IP_PATTERN,
		.check = config_check_host_ipv6,
		.store = store_ip},
};

const struct config_key config_dhcp_keys[] = {
	{.name = "enabled",
		.kind = CONFIG_BOOL,
		AT(dhcp.enabled),
		.doc = "Whether dnsmasq runs on the shared gateway; needs anycast.",
		.fallback = "true"},
	PROGRAM_KEYS(dhcp, "dnsmasq"),
	{.name = "pool",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, dhcp.pool),
		.doc = "The first and the last IPv4 address that clients get; \"auto\" is the part "
		       "of the cloud's network in which no node makes its address, or all of it "
		       "where there is none. The same on all nodes of the cloud.",
		.what = "two addresses such as \"10.13.128.0-10.13.255.253\"",
		.pattern = "^(auto|[0-9.]+-[0-9.]+)$",
		.check = config_check_pool,
		WORDS(config_auto_text),
		.fallback = "\"auto\""},
	{.name = "lease_time",
		.kind = CONFIG_NUMBER,
		RANGE(120, 604800),
		.unit = "seconds",
		AT(dhcp.lease_time),
		.doc = "For how long a client has its address before it must ask again.",
		.fallback = "3600"},
	{.name = "mtu",
		.kind = CONFIG_NUMBER,
		RANGE(1280, 9000),
		.unit = "bytes",
		AT(dhcp.mtu),
		WORDS(mtu_words),
		.doc = "MTU that clients are told by DHCP and router advertisements; \"auto\" is "
		       "what crosses the mesh without fragments.",
		.fallback = "\"auto\""},
	{.name = "domain",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, dhcp.domain),
		.doc = "The domain of all names of the cloud.",
		.what = "a domain such as \"mesh.internal\"",
		.pattern = DOMAIN_PATTERN,
		.check = config_check_domain,
		.fallback = "\"mesh.internal\""},
	{.name = "names",
		.kind = CONFIG_LIST,
		RANGE(0, NAMES_MAX),
		ARRAY_AT(dhcp.names),
		.elements = &name_elements,
		.doc = "Names of the shared gateway's address, so of the node that a client is at.",
		.what = "names such as \"thisnode\" or \"thisnode.info\"",
		.pattern = DOMAIN_PATTERN,
		.check = config_check_domain,
		.fallback = "[\"thisnode\"]"},
	{.name = "resolvers",
		.kind = CONFIG_LIST,
		RANGE(0, RESOLVERS_MAX),
		ARRAY_AT(dhcp.resolvers),
		.elements = &resolver_elements,
		.doc = "DNS servers that are asked for all other names; none: those of the "
		       "machine's /etc/resolv.conf.",
		.what = "IP addresses such as \"9.9.9.9\"",
		.pattern = IP_PATTERN,
		.check = config_check_host_ip,
		.fallback = "[]"},
	{.name = "hosts",
		.kind = CONFIG_MAP,
		RANGE(0, HOSTS_MAX),
		ARRAY_AT(dhcp.hosts),
		.elements = &host_elements,
		CHILDREN(host_keys),
		.doc = "Machines of the cloud whose address is always the same, by name: each "
		       "with mac and ipv4, or for a mere name with ipv4 or ipv6.",
		.what = "the name of a machine, such as \"printer\"",
		.pattern = HOST_NAME_PATTERN,
		.check = config_check_host_name,
		.fallback = "{}"},
	{.name = "ra",
		.kind = CONFIG_BOOL,
		AT(dhcp.ra),
		.doc = "Router advertisements, from which clients make their IPv6 addresses.",
		.fallback = "true"},
	{.name = "ra_interval",
		.kind = CONFIG_NUMBER,
		RANGE(4, 1800),
		.unit = "seconds",
		AT(dhcp.ra_interval),
		.doc = "How often they are sent unasked.",
		.fallback = "120"},
};
