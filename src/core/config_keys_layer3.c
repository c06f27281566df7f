/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of the layer-3 protocols and their daemons. */
#include "core/config_keys_table.h"

#define NETWORKS_MAX         64  /* looked for, or let through */
#define ANNOUNCED_MAX        256 /* by one node, besides its cloud's */
#define NETWORK_PATTERN      "^[0-9A-Fa-f:.]+/[0-9]{1,3}$"
#define NETWORK_NAME_PATTERN "^[a-z0-9_]{1,16}$"
#define NETWORK_NAME_WHAT    "a name such as \"clouds\": a-z, 0-9 and '_'"

/* LibreMesh's five of bmx7, and the IPv6 networks of other clouds, which it leaves out. */
#define SEARCH                                                                                     \
	"{\"nodes\": {\"network\": \"172.16.0.0/12\"}, "                                           \
	"\"clouds\": {\"network\": \"10.0.0.0/8\"}, "                                              \
	"\"clouds6\": {\"network\": \"fd00::/8\", \"max_length\": 64}, "                           \
	"\"inet4\": {\"network\": \"0.0.0.0/0\", \"max_length\": 0}, "                             \
	"\"inet6\": {\"network\": \"::/0\", \"max_length\": 0}, "                                  \
	"\"publicv6\": {\"network\": \"2000::/3\", \"max_length\": 64}}"
/* LibreMesh's rules of babeld. */
#define REDISTRIBUTE                                                                               \
	"{\"clouds6\": {\"network\": \"fc00::/7\"}, "                                              \
	"\"publicv6\": {\"network\": \"2000::/3\"}, "                                              \
	"\"inet6\": {\"network\": \"::/0\", \"max_length\": 0}, "                                  \
	"\"clouds\": {\"network\": \"10.0.0.0/8\"}, "                                              \
	"\"nodes\": {\"network\": \"172.16.0.0/12\"}, "                                            \
	"\"inet4\": {\"network\": \"0.0.0.0/0\", \"max_length\": 0}}"

static const struct config_word mtu_words[] = {{"auto", MTU_AUTO}, {"inherit", MTU_INHERIT}};
static const struct config_word length_words[] = {{"any", -1}};
static const struct config_word link_types[] = {{"auto", BABELD_LINK_AUTO},
	{"wired", BABELD_LINK_WIRED}, {"wireless", BABELD_LINK_WIRELESS}};

static void store_network(void *member, const char *text)
{
	prefix_parse(text, member);
}

static void set_network_name(void *element, const char *name)
{
	struct network_config *network = element;

	text_copy(network->name, sizeof(network->name), name);
}

/* An item of announce: the network is its own name. */
static void set_announced(void *element, const char *text)
{
	struct network_config *network = element;

	prefix_parse(text, &network->network);
	network->max_length = -1;
}

static const struct config_key network_keys[] = {
	{.name = "network",
		.kind = CONFIG_TEXT,
		RANGE(1, PREFIX_TEXT_SIZE - 1),
		IN(network_config, network),
		.doc = "The network, or what the networks that are meant lie in. Required.",
		.what = "a network such as \"10.0.0.0/8\" or \"fd00::/8\"",
		.pattern = NETWORK_PATTERN,
		.check = config_check_network,
		.store = store_network},
	{.name = "max_length",
		.kind = CONFIG_NUMBER,
		RANGE(0, 128),
		IN(network_config, max_length),
		WORDS(length_words),
		.doc = "Up to which length of their prefix networks within it are meant; 0 with "
		       "0.0.0.0/0 or ::/0 means the default route only.",
		.fallback = "\"any\""},
};

#define ELEMENTS(protocol, list, count, setter)                                                    \
	static const struct config_elements protocol##_##list = {                                  \
		.size = sizeof(struct network_config),                                             \
		.count_offset = offsetof(struct config, protocol.count),                           \
		.set_name = setter,                                                                \
	}

ELEMENTS(bmx7, networks, network_count, set_network_name);
ELEMENTS(bmx7, announced, announce_count, set_announced);
ELEMENTS(babeld, networks, network_count, set_network_name);
ELEMENTS(babeld, announced, announce_count, set_announced);

#define LAYER3_KEYS(protocol, standard_enabled, standard_vlan)                                     \
	{.name = "enabled",                                                                        \
		.kind = CONFIG_BOOL,                                                               \
		AT(protocol.enabled),                                                              \
		.doc = "Whether " #protocol " runs and the mesh links get its VLAN.",              \
		.fallback = standard_enabled},                                                     \
		{.name = "supervise",                                                              \
			.kind = CONFIG_BOOL,                                                       \
			AT(protocol.supervise),                                                    \
			.doc = "Whether meshd starts " #protocol " and keeps it running; false "   \
			       "only makes its VLANs.",                                            \
			.fallback = "true"},                                                       \
		{.name = "vlan",                                                                   \
			.kind = CONFIG_NUMBER,                                                     \
			RANGE(0, 4094),                                                            \
			AT(protocol.vlan),                                                         \
			.doc = "The VLAN of " #protocol " on the mesh links, the same in all "     \
			       "clouds; 0 is untagged.",                                           \
			.fallback = standard_vlan},                                                \
		{.name = "mtu",                                                                    \
			.kind = CONFIG_NUMBER,                                                     \
			RANGE(IPV6_MTU_MIN, 65535),                                                \
			.unit = "bytes",                                                           \
			AT(protocol.mtu),                                                          \
			WORDS(mtu_words),                                                          \
			.doc = "MTU of that VLAN; \"auto\" is as large as the link lets it be up " \
			       "to 1500, \"inherit\" the link's own, 1496 on wired links, as "     \
			       "LibreMesh.",                                                       \
			.fallback = "\"auto\""},                                                   \
		PROGRAM_KEYS(protocol, #protocol),                                                 \
	{                                                                                          \
		.name = "announce", .kind = CONFIG_LIST, RANGE(0, ANNOUNCED_MAX),                  \
		ARRAY_AT(protocol.announce), .elements = &protocol##_announced,                    \
		.doc = "Networks that this node announces besides its own addresses and the "      \
		       "cloud's networks.",                                                        \
		.what = "networks such as \"192.168.7.0/24\"", .pattern = NETWORK_PATTERN,         \
		.check = config_check_network, .fallback = "[]"                                    \
	}

/* The key's name differs, what it holds does not. */
#define NETWORKS_KEY(protocol)                                                                     \
	.kind = CONFIG_MAP, RANGE(0, NETWORKS_MAX), ARRAY_AT(protocol.networks),                   \
	.elements = &protocol##_networks, CHILDREN(network_keys), .what = NETWORK_NAME_WHAT,       \
	.pattern = NETWORK_NAME_PATTERN, .check = config_check_network_name

const struct config_key config_bmx7_keys[] = {
	LAYER3_KEYS(bmx7, "false", "18"),
	{.name = "search",
		NETWORKS_KEY(bmx7),
		.doc = "What bmx7 looks for among the networks that others announce, by names of "
		       "the writer's choice; what none of these takes gets no route.",
		.fallback = SEARCH},
};

const struct config_key config_babeld_keys[] = {
	LAYER3_KEYS(babeld, "true", "17"),
	{.name = "redistribute",
		NETWORKS_KEY(babeld),
		.doc = "Which of the node's routes babeld may announce, by names of the writer's "
		       "choice; all others it keeps to itself.",
		.fallback = REDISTRIBUTE},
	{.name = "link_type",
		.kind = CONFIG_WORD,
		AT(babeld_link_type),
		WORDS(link_types),
		.doc = "How babeld measures the links: a wired one is there or not, of a wireless "
		       "one the losses count; \"auto\" lets babeld look, which takes a VLAN on "
		       "a radio for a wire.",
		.fallback = "\"wireless\""},
};
