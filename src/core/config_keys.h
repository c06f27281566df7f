/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of all keys of the configuration. The checks, the reading into struct config and the
 * JSON Schema are made from it, so a key exists in all three or in none. */
#ifndef CORE_CONFIG_KEYS_H
#define CORE_CONFIG_KEYS_H

#include <jansson.h>

#include "core/config.h"

enum config_kind {
	CONFIG_OBJECT, /* children are its keys */
	CONFIG_MAP,    /* names of the writer's choice, each an object of children */
	CONFIG_LIST,   /* array of texts */
	CONFIG_FLAGS,  /* array of words, stored as the OR of their values */
	CONFIG_BOOL,
	CONFIG_NUMBER,    /* integer, or one of words */
	CONFIG_HEX,       /* integer, or text in hexadecimal */
	CONFIG_BANDWIDTH, /* kbit/s, or text with a unit; stored in units of 100 kbit/s */
	CONFIG_WORD,      /* one of words, stored as its value */
	CONFIG_WORD_TEXT, /* one of words, stored as the word */
	CONFIG_TEXT,      /* text, or one of words, which are stored as "" */
	CONFIG_IGNORED,   /* any text, not stored */
};

struct config_word {
	const char *word;
	int64_t value;
};

#define CONFIG_NAME_MAX 63
#define IPV6_MTU_MIN    1280 /* RFC 8200; on a smaller link Linux has no IPv6 at all */

/* The array that a map or a list becomes. */
struct config_elements {
	size_t size;
	size_t count_offset; /* of the member that counts; the key's own offset is the pointer's */
	void (*set_name)(void *element, const char *name);
	size_t name_max; /* bytes of a name or text, 0 = CONFIG_NAME_MAX */
};

/* Fills why and returns false when the text is wrong. Lengths and words are checked before. */
typedef bool (*config_text_fn)(const char *text, struct err *why);
/* Fills the key's member from a text that was checked. */
typedef void (*config_store_fn)(void *member, const char *text);

struct config_key {
	const char *name;
	const char *doc; /* one line, for the schema */
	enum config_kind kind;
	int64_t minimum; /* NUMBER, HEX; BANDWIDTH: kbit/s; TEXT: bytes */
	int64_t maximum; /* the same; LIST and MAP: items */
	const char *unit;
	const struct config_word *words;
	size_t word_count;
	const char *what;    /* TEXT, items of LIST, names of MAP: what is right, for errors */
	const char *pattern; /* the same for the schema: both POSIX ERE and ECMA 262; may let pass
				what check refuses, never the reverse */
	config_text_fn check;
	config_store_fn store; /* TEXT, WORD_TEXT: NULL = the member is the text itself */
	const int64_t *taken;  /* NUMBER: wrong within the range */
	size_t taken_count;
	const char *fallback; /* JSON, in force when no layer gives the key; NULL = not given */
	size_t offset;        /* of the member, in struct config or in the map's element */
	size_t size;
	bool is_setting; /* sets bit has_bit of the object_head at head_offset */
	unsigned int has_bit;
	size_t head_offset;
	const struct config_elements *elements;
	const struct config_key *children;
	size_t child_count;
};

/* The whole configuration, a CONFIG_OBJECT. */
extern const struct config_key config_root;

const struct config_key *config_key_find(const struct config_key *parent, const char *name);
const struct config_word *config_word_find(const struct config_key *key, const char *word);
/* The child of parent whose name is nearest, NULL when none is near. One that differs only in
 * capital letters is nearer than any other. */
const char *config_key_nearest(const struct config_key *parent, const char *name);
/* The child of parent that differs in capital letters at most; NULL when none does. */
const char *config_key_same(const struct config_key *parent, const char *name);
const char *config_word_nearest(const struct config_key *key, const char *word);
/* What values are right, in words: "an integer from 1 to 255". */
void config_key_describe(const struct config_key *key, char *text, size_t size);
/* Adds the key's words: "\"a\", \"b\" or \"c\"". */
void config_words_describe(const struct config_key *key, char *text, size_t size);

/* "0x1f" -> 31, with at most as many digits as maximum has. False when it is none. */
bool config_parse_hex(const char *text, int64_t maximum, int64_t *value);
/* Digits that maximum has in hexadecimal. */
int config_hex_digits(int64_t maximum);
/* "10Mbit", "1.5Mbit", "500kbit" -> kbit/s. False when it is none. */
bool config_parse_bandwidth(const char *text, int64_t *kbit);
#define CONFIG_BANDWIDTH_PATTERN "^[0-9]{1,12}([.][0-9])?[kMG]bit$"
#define CONFIG_BANDWIDTH_UNIT    100 /* kbit/s */

bool config_check_profile(const char *text, struct err *why);
bool config_check_hostname(const char *text, struct err *why);
bool config_check_ipv4(const char *text, struct err *why);
bool config_check_ipv6(const char *text, struct err *why);
bool config_check_anycast_mac(const char *text, struct err *why);
bool config_check_anycast_ipv4(const char *text, struct err *why);
bool config_check_anycast_ipv6(const char *text, struct err *why);
/* The name of an interface that meshd makes. */
bool config_check_device(const char *text, struct err *why);
/* The name of an interface that is there. */
bool config_check_link(const char *text, struct err *why);
bool config_check_link_or_glob(const char *text, struct err *why);
bool config_check_vid(const char *text, struct err *why);
/* An absolute path. */
bool config_check_program(const char *text, struct err *why);
/* A network of IPv4 or IPv6, host bits zero. */
bool config_check_network(const char *text, struct err *why);
/* A name that both daemons take for a network. */
bool config_check_network_name(const char *text, struct err *why);
/* The address of one machine. */
bool config_check_host_ipv4(const char *text, struct err *why);
bool config_check_host_ipv6(const char *text, struct err *why);
bool config_check_host_ip(const char *text, struct err *why);
bool config_check_host_mac(const char *text, struct err *why);
/* RFC 1123: one label; labels with dots between them. */
bool config_check_host_name(const char *text, struct err *why);
bool config_check_domain(const char *text, struct err *why);
/* "ADDRESS:PORT", "[ADDRESS]:PORT" */
bool config_check_tcp_target(const char *text, struct err *why);
/* "URL", "URL STATUS" or "URL STATUS TEXT" */
bool config_check_http_target(const char *text, struct err *why);
/* The address in a target's text that was checked; false when it has a name instead. */
bool config_target_address(enum probe_kind kind, const char *text, struct ip *ip);
/* The name, the id or the link of a gateway. */
bool config_check_gateway_name(const char *text, struct err *why);
/* Is the address in the network? Host bits of the network do not count. */
bool config_network_holds(const struct prefix *network, const struct ip *ip);
/* "FIRST-LAST" */
bool config_check_pool(const char *text, struct err *why);
/* Splits it; false when it is none. */
bool config_parse_pool(const char *text, struct ip *first, struct ip *last);

#endif
