/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of the ways to the Internet: uplinks, probes, and the choice among all ways. */
#include <string.h>

#include "core/config_keys_table.h"
#include "core/gateway.h"

#define TARGETS_MAX  16
#define PERCENT_MAX  1000
#define SECONDS_MAX  3600
#define PENALTY_MAX  1000000
#define INTERVAL_MIN 200
#define INTERVAL_MAX 3600000

/* A target's operator may fail, or have its reasons to answer no more: so each list has several,
 * no two of one company in a family, and each of them has an address of either family. In turn:
 * Quad9 (a foundation), Cloudflare, RIPE's root server, DNS.SB. */
#define PING_TARGETS                                                                               \
	"[\"9.9.9.9\", \"1.1.1.1\", \"193.0.14.129\", \"185.222.222.222\", "                       \
	"\"2620:fe::fe\", \"2606:4700:4700::1111\", \"2001:7fd::1\", \"2a09::\"]"
/* The web's port where it is open, as providers that open nothing else open that. */
#define TCP_TARGETS                                                                                \
	"[\"9.9.9.9:443\", \"1.1.1.1:443\", \"193.0.14.129:53\", \"185.222.222.222:443\", "        \
	"\"[2620:fe::fe]:443\", \"[2606:4700:4700::1111]:443\", \"[2001:7fd::1]:53\", "            \
	"\"[2a09::]:443\"]"
/* The names of http's targets are asked for here too, so these have to be open resolvers, which a
 * root server is not: Quad9, Cloudflare, DNS.SB, AdGuard's without a filter. */
#define DNS_TARGETS                                                                                \
	"[\"9.9.9.9\", \"1.1.1.1\", \"185.222.222.222\", \"94.140.14.140\", "                      \
	"\"2620:fe::fe\", \"2606:4700:4700::1111\", \"2a09::\", \"2a10:50c0::1:ff\"]"
/* What Debian, Mozilla, GNOME and Google have for this purpose. */
#define HTTP_TARGETS                                                                               \
	"[\"http://network-test.debian.org/nm 200 NetworkManager is online\", "                    \
	"\"http://detectportal.firefox.com/success.txt 200 success\", "                            \
	"\"http://nmcheck.gnome.org/check_network_status.txt 200 NetworkManager is online\", "     \
	"\"http://connectivitycheck.gstatic.com/generate_204\"]"

#define TCP_PATTERN  "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[1-9][0-9]{0,4}$"
#define HTTP_PATTERN "^http://[^ \t\n\v\f\r#]+( [2-5][0-9]{2}( [^\n]+)?)?$"
#define NODE_PATTERN "^[^ \t\n\v\f\r]{1,63}$"
#define NODE_WHAT    "names of gateways such as \"roof-1f73\", or \"local\""

static const struct config_word shares[] = {{"yes", UPLINK_SHARE_YES},
	{"never", UPLINK_SHARE_NEVER}, {"spare", UPLINK_SHARE_SPARE}};
static const struct config_word masquerades[] = {{"yes", 0}, {"no", 0}, {"ipv4", 0}, {"ipv6", 0}};
static const struct config_word modes[] = {{"auto", GATEWAY_AUTO}, {"use", GATEWAY_USE},
	{"local-only", GATEWAY_LOCAL_ONLY}};

static void set_uplink_name(void *element, const char *name)
{
	struct uplink_config *uplink = element;

	text_copy(uplink->name, sizeof(uplink->name), name);
}

static void set_target(void *element, const char *text)
{
	struct probe_target *target = element;

	text_copy(target->text, sizeof(target->text), text);
}

static void set_node(void *element, const char *text)
{
	struct text_config *item = element;

	text_copy(item->text, sizeof(item->text), text);
}

/* One word, two members: the whole element is the key's. */
static void store_masquerade(void *member, const char *word)
{
	struct uplink_config *uplink = member;
	bool both = strcmp(word, "yes") == 0;

	uplink->masquerade_ipv4 = both || strcmp(word, "ipv4") == 0;
	uplink->masquerade_ipv6 = both || strcmp(word, "ipv6") == 0;
}

const struct config_elements config_uplink_elements = {.size = sizeof(struct uplink_config),
	.count_offset = offsetof(struct config, uplink_count),
	.set_name = set_uplink_name};

#define TARGET_ELEMENTS(symbol)                                                                    \
	{                                                                                          \
		.size = sizeof(struct probe_target),                                               \
		.count_offset = offsetof(struct config, probes.target_count[symbol]),              \
		.set_name = set_target, .name_max = sizeof(((struct probe_target *)0)->text) - 1   \
	}

static const struct config_elements target_elements[PROBE_KINDS] = {
	[PROBE_PING] = TARGET_ELEMENTS(PROBE_PING),
	[PROBE_TCP] = TARGET_ELEMENTS(PROBE_TCP),
	[PROBE_DNS] = TARGET_ELEMENTS(PROBE_DNS),
	[PROBE_HTTP] = TARGET_ELEMENTS(PROBE_HTTP),
};
static const struct config_elements prefer_elements = {.size = sizeof(struct text_config),
	.count_offset = offsetof(struct config, gateway.prefer_count),
	.set_name = set_node};
static const struct config_elements avoid_elements = {.size = sizeof(struct text_config),
	.count_offset = offsetof(struct config, gateway.avoid_count),
	.set_name = set_node};

const struct config_key config_uplink_keys[] = {
	{.name = "ipv4",
		.kind = CONFIG_BOOL,
		IN(uplink_config, ipv4),
		.doc = "Whether the uplink is used for IPv4.",
		.fallback = "true"},
	{.name = "ipv6",
		.kind = CONFIG_BOOL,
		IN(uplink_config, ipv6),
		.doc = "Whether the uplink is used for IPv6.",
		.fallback = "true"},
	{.name = "down",
		.kind = CONFIG_BANDWIDTH,
		RANGE(0, KBIT_MAX),
		IN(uplink_config, down),
		.doc = "The uplink's bandwidth for downloads, which other nodes choose by; 0 is "
		       "not known.",
		.fallback = "0"},
	{.name = "up",
		.kind = CONFIG_BANDWIDTH,
		RANGE(0, KBIT_MAX),
		IN(uplink_config, up),
		.doc = "The uplink's bandwidth for uploads; 0 is not known.",
		.fallback = "0"},
	{.name = "priority",
		.kind = CONFIG_NUMBER,
		RANGE(0, 255),
		IN(uplink_config, priority),
		.doc = "Of two uplinks that work, this node takes the one with the lower number.",
		.fallback = "100"},
	{.name = "share",
		.kind = CONFIG_WORD,
		IN(uplink_config, share),
		WORDS(shares),
		.doc = "Whether the mesh may use the uplink: always, never, or while this node's "
		       "own users need less than cap of it.",
		.fallback = "\"yes\""},
	{.name = "cap",
		.kind = CONFIG_NUMBER,
		RANGE(1, 100),
		.unit = "percent of down and up",
		IN(uplink_config, cap),
		.doc = "With share \"spare\": how much the node's own users may need before the "
		       "mesh has to go elsewhere.",
		.fallback = "50"},
	{.name = "masquerade",
		.kind = CONFIG_WORD_TEXT,
		.offset = 0,
		.size = sizeof(struct uplink_config),
		.store = store_masquerade,
		WORDS(masquerades),
		.doc = "Whether what leaves by the uplink gets this node's address: in both "
		       "families, in none, or in one.",
		.fallback = "\"yes\""},
	{.name = "metric",
		.kind = CONFIG_NUMBER,
		RANGE(0, 65534),
		IN(uplink_config, metric),
		.doc = "What babeld adds to the cost of the default route that it announces for "
		       "the uplink.",
		.fallback = "0"},
};

#define TARGETS(symbol)                                                                            \
	.kind = CONFIG_LIST, RANGE(0, TARGETS_MAX), ARRAY_AT(probes.targets[symbol]),              \
	.elements = &target_elements[symbol]

#define NEED_KEY(key, symbol)                                                                      \
	{                                                                                          \
		.name = (key), .kind = CONFIG_NUMBER, RANGE(0, TARGETS_MAX),                       \
		AT(probes.need[symbol]),                                                           \
		.doc = "How many targets of " key " have to answer in a round; with 0 none is "    \
		       "asked.",                                                                   \
		.fallback = "1"                                                                    \
	}

static const struct config_key need_keys[] = {
	NEED_KEY("ping", PROBE_PING),
	NEED_KEY("tcp", PROBE_TCP),
	NEED_KEY("dns", PROBE_DNS),
	NEED_KEY("http", PROBE_HTTP),
};

#define INTERVAL_KEY(key, member, text, standard)                                                  \
	{                                                                                          \
		.name = (key), .kind = CONFIG_NUMBER, RANGE(INTERVAL_MIN, INTERVAL_MAX),           \
		.unit = "milliseconds", AT(probes.member), .doc = (text), .fallback = (standard)   \
	}

const struct config_key config_probes_keys[] = {
	{.name = "ping",
		TARGETS(PROBE_PING),
		.doc = "Addresses that are asked by ICMP echo.",
		.what = "IP addresses such as \"9.9.9.9\"",
		.pattern = IP_PATTERN,
		.check = config_check_host_ip,
		.fallback = PING_TARGETS},
	{.name = "tcp",
		TARGETS(PROBE_TCP),
		.doc = "Addresses and ports that take TCP connections.",
		.what = "addresses with a port such as \"9.9.9.9:443\" or \"[2620:fe::fe]:443\"",
		.pattern = TCP_PATTERN,
		.check = config_check_tcp_target,
		.fallback = TCP_TARGETS},
	{.name = "dns",
		TARGETS(PROBE_DNS),
		.doc = "Open DNS resolvers, which are asked for dns_name and for the names in "
		       "http.",
		.what = "IP addresses such as \"9.9.9.9\"",
		.pattern = IP_PATTERN,
		.check = config_check_host_ip,
		.fallback = DNS_TARGETS},
	{.name = "http",
		TARGETS(PROBE_HTTP),
		.doc = "Web pages: URL, STATUS that is answered (204 when not given) and TEXT that "
		       "the page begins with (any when not given). Another answer is that of a "
		       "captive portal.",
		.what = "texts \"URL [STATUS [TEXT]]\" such as "
			"\"http://detectportal.firefox.com/success.txt 200 success\"",
		.pattern = HTTP_PATTERN,
		.check = config_check_http_target,
		.fallback = HTTP_TARGETS},
	{.name = "need",
		.kind = CONFIG_OBJECT,
		CHILDREN(need_keys),
		.doc = "How many targets of each kind have to answer. ping and tcp stand in for "
		       "each other, as some providers filter ICMP."},
	{.name = "dns_name",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, probes.dns_name),
		.doc = "The name that the targets of dns are asked for.",
		.what = "a name such as \"debian.org\"",
		.pattern = DOMAIN_PATTERN,
		.check = config_check_domain,
		.fallback = "\"debian.org\""},
	{.name = "timeout",
		.kind = CONFIG_NUMBER,
		RANGE(INTERVAL_MIN, 30000),
		.unit = "milliseconds",
		AT(probes.timeout),
		.doc = "After which a round ends, whoever has not answered.",
		.fallback = "2000"},
	INTERVAL_KEY("interval", interval,
		"Time between the starts of two rounds while the way is well.", "5000"),
	INTERVAL_KEY("interval_doubtful", interval_doubtful,
		"The same while it is not known, or after a round that was not good.", "1000"),
	INTERVAL_KEY("interval_down", interval_down,
		"The same at most while the way is down: it grows from interval_doubtful to this.",
		"30000"),
	{.name = "rise",
		.kind = CONFIG_NUMBER,
		RANGE(1, 100),
		AT(probes.rise),
		.doc = "Good rounds in a row after which a way that was down is up.",
		.fallback = "3"},
	{.name = "fall",
		.kind = CONFIG_NUMBER,
		RANGE(1, 100),
		AT(probes.fall),
		.doc = "Bad rounds in a row after which a way is down.",
		.fallback = "2"},
	{.name = "flap_penalty",
		.kind = CONFIG_NUMBER,
		RANGE(0, PENALTY_MAX),
		AT(probes.flap_penalty),
		.doc = "Added to a way's penalty each time that it goes down; 0 forgives "
		       "everything.",
		.fallback = "1000"},
	{.name = "flap_suppress",
		.kind = CONFIG_NUMBER,
		RANGE(1, PENALTY_MAX),
		AT(probes.flap_suppress),
		.doc = "Penalty from which on a way is not used, even when it is up.",
		.fallback = "2500"},
	{.name = "flap_reuse",
		.kind = CONFIG_NUMBER,
		RANGE(1, PENALTY_MAX),
		AT(probes.flap_reuse),
		.doc = "Penalty below which such a way is used again.",
		.fallback = "1000"},
	{.name = "flap_half_life",
		.kind = CONFIG_NUMBER,
		RANGE(1, 86400),
		.unit = "seconds",
		AT(probes.flap_half_life),
		.doc = "Time in which half of a penalty goes.",
		.fallback = "60"},
};

#define NODES_KEY(key, text)                                                                       \
	{                                                                                          \
		.name = #key, .kind = CONFIG_LIST, RANGE(0, GATEWAY_NAMES_MAX),                    \
		ARRAY_AT(gateway.key), .elements = &key##_elements, .doc = (text),                 \
		.what = NODE_WHAT, .pattern = NODE_PATTERN, .check = config_check_gateway_name,    \
		.fallback = "[]"                                                                   \
	}

#define SECONDS_KEY(key, least, text, standard)                                                    \
	{                                                                                          \
		.name = #key, .kind = CONFIG_NUMBER, RANGE(least, SECONDS_MAX), .unit = "seconds", \
		AT(gateway.key), .doc = (text), .fallback = (standard)                             \
	}

const struct config_key config_gateway_keys[] = {
	{.name = "enabled",
		.kind = CONFIG_BOOL,
		AT(gateway.enabled),
		.doc = "Whether meshd decides which way to the Internet this node takes; false "
		       "leaves it to the daemons and to the system.",
		.fallback = "true"},
	{.name = "mode",
		.kind = CONFIG_WORD,
		AT(gateway.mode),
		WORDS(modes),
		.doc = "The best way, the one of the gateway named in use, or only the uplinks of "
		       "this node.",
		.fallback = "\"auto\""},
	{.name = "use",
		.kind = CONFIG_TEXT,
		TEXT_BYTES(1, gateway.use),
		.doc = "The gateway of mode \"use\": a node's name, its id or at least the first 4 "
		       "characters of that, an uplink, or \"local\" for any uplink of this node.",
		.what = "the name of a gateway such as \"roof-1f73\", or \"local\"",
		.pattern = NODE_PATTERN,
		.check = config_check_gateway_name},
	{.name = "fallback",
		.kind = CONFIG_BOOL,
		AT(gateway.fallback),
		.doc = "Whether another way is taken while the gateway of mode \"use\" is dead.",
		.fallback = "true"},
	NODES_KEY(prefer, "Gateways that go before others, named as in use."),
	NODES_KEY(avoid, "Gateways that are taken only when no other works."),
	{.name = "share",
		.kind = CONFIG_BOOL,
		AT(gateway.share),
		.doc = "Whether this node offers its uplinks to the mesh; false overrides share of "
		       "each uplink.",
		.fallback = "true"},
	{.name = "hysteresis",
		.kind = CONFIG_NUMBER,
		RANGE(0, PERCENT_MAX),
		.unit = "percent",
		AT(gateway.hysteresis),
		.doc = "How much better another gateway must be than the one in use.",
		.fallback = "20"},
	SECONDS_KEY(hold_down, 0, "For how long it must have been better.", "20"),
	SECONDS_KEY(return_after, 0,
		"For how long an uplink of this node must have been up again before it is taken "
		"instead of a gateway of the mesh.",
		"20"),
	SECONDS_KEY(probe_next, 5,
		"How often the way through the gateway that would be next is probed.", "30"),
};
