/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and names as bytes, and their text. Every struct here is made of bytes only, so that
 * memcmp() compares it and a zeroed one means "none". */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mac {
	uint8_t bytes[6];
};

/* family is AF_INET (first 4 bytes used, the rest zero), AF_INET6 or 0 for none. Network order. */
struct ip {
	uint8_t family;
	uint8_t bytes[16];
};

/* An address with the length of its network; host bits are kept. */
struct prefix {
	struct ip ip;
	uint8_t length;
};

#define MAC_TEXT_SIZE    18
#define IP_TEXT_SIZE     46
#define PREFIX_TEXT_SIZE 50
#define TEXT_LABEL_MAX   63 /* RFC 1123 */

/* "aa:bb:cc:dd:ee:ff", hexadecimal in either case, exactly six pairs. 0 or -EINVAL. */
int mac_parse(const char *text, struct mac *mac);
void mac_format(const struct mac *mac, char text[MAC_TEXT_SIZE]);
bool mac_is_zero(const struct mac *mac);
/* The EUI-64 link-local address fe80::/64 of a MAC (RFC 4291, appendix A). */
struct ip mac_link_local(const struct mac *mac);

/* IPv4 or IPv6 text. 0 or -EINVAL. */
int ip_parse(const char *text, struct ip *ip);
void ip_format(const struct ip *ip, char text[IP_TEXT_SIZE]);
/* 32 or 128; 0 for none. */
unsigned int ip_bits(const struct ip *ip);
/* All bytes zero: none, 0.0.0.0 or ::. */
bool ip_is_zero(const struct ip *ip);
/* The same address of the same family. */
bool ip_equal(const struct ip *a, const struct ip *b);
/* Not the address of one machine that others can reach: this host or network (0.0.0.0/8, ::),
 * loopback, link-local IPv6, a group, or IPv4 from 240.0.0.0 on. */
bool ip_is_special(const struct ip *ip);

/* "ADDRESS/LENGTH"; the length is required. 0 or -EINVAL. */
int prefix_parse(const char *text, struct prefix *prefix);
void prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE]);
/* The same prefix with all host bits zero. */
struct prefix prefix_network(const struct prefix *prefix);
/* ip + number, host arithmetic on the last 32 bits of the address, wrapping within the address. */
struct ip ip_add(const struct ip *ip, uint32_t number);

/* What the kernel takes as an interface name: 1 to 15 bytes, no '/', ':', '%' (a pattern to it) or
 * white space, not "." or "..". */
bool ifname_is_valid(const char *name);
/* Are the first length bytes of the text one label of a host name (RFC 1123): 1 to 63 letters,
 * digits and inner hyphens? The text has at least so many. */
bool text_is_label(const char *text, size_t length);
/* Are the first length bytes ASCII that can be seen, or blanks? */
bool text_is_printable(const char *text, size_t length);
/* Is one of the first length bytes a control character of ASCII? */
bool text_has_control(const char *text, size_t length);
/* Of a hexadecimal digit in either case; -1 for anything else. */
int text_hex_value(char digit);
/* Has the text a glob's special character (* ? [)? */
bool text_is_glob(const char *text);
/* Copies at most size - 1 bytes, always ends with NUL and zero-fills the rest. False when the
 * text was cut. */
bool text_copy(char *to, size_t size, const char *from);
/* Adds to a text of size bytes, which may be full already; what does not fit is left out. */
void text_append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* At most max, the length to which text can be cut without cutting through a UTF-8 character. */
size_t text_cut(const char *text, size_t max);
/* Damerau-Levenshtein distance (no letter is moved twice), for "did you mean". */
unsigned int text_distance(const char *a, const char *b);

#endif
