/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

int text_hex_value(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	if (digit >= 'a' && digit <= 'f') {
		return digit - 'a' + 10;
	}
	if (digit >= 'A' && digit <= 'F') {
		return digit - 'A' + 10;
	}
	return -1;
}

int mac_parse(const char *text, struct mac *mac)
{
	struct mac parsed;

	if (strlen(text) != MAC_TEXT_SIZE - 1) {
		return -EINVAL;
	}
	for (size_t i = 0; i < sizeof(parsed.bytes); i++) {
		int high = text_hex_value(text[3 * i]);
		int low = text_hex_value(text[3 * i + 1]);
		char after = text[3 * i + 2];

		if (high < 0 || low < 0 || after != (i + 1 < sizeof(parsed.bytes) ? ':' : '\0')) {
			return -EINVAL;
		}
		parsed.bytes[i] = (uint8_t)(high * 16 + low);
	}
	*mac = parsed;
	return 0;
}

void mac_format(const struct mac *mac, char text[MAC_TEXT_SIZE])
{
	const uint8_t *b = mac->bytes;

	snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		b[5]);
}

bool mac_is_zero(const struct mac *mac)
{
	static const struct mac zero;

	return memcmp(mac, &zero, sizeof(zero)) == 0;
}

struct ip mac_link_local(const struct mac *mac)
{
	const uint8_t *b = mac->bytes;

	return (struct ip){
		.family = AF_INET6,
		.bytes = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, b[0] ^ 0x02, b[1], b[2], 0xff, 0xfe, b[3],
			b[4], b[5]},
	};
}

int ip_parse(const char *text, struct ip *ip)
{
	struct ip parsed = {0};

	if (inet_pton(AF_INET, text, parsed.bytes) == 1) {
		parsed.family = AF_INET;
	} else if (inet_pton(AF_INET6, text, parsed.bytes) == 1) {
		parsed.family = AF_INET6;
	} else {
		return -EINVAL;
	}
	*ip = parsed;
	return 0;
}

void ip_format(const struct ip *ip, char text[IP_TEXT_SIZE])
{
	if (ip->family == 0 || inet_ntop(ip->family, ip->bytes, text, IP_TEXT_SIZE) == NULL) {
		text[0] = '\0';
	}
}

unsigned int ip_bits(const struct ip *ip)
{
	switch (ip->family) {
	case AF_INET:
		return 32;
	case AF_INET6:
		return 128;
	default:
		return 0;
	}
}

/* Decimal digits only, no sign, no leading zero. */
static int length_parse(const char *text, unsigned int max, uint8_t *length)
{
	unsigned int value = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0')) {
		return -EINVAL;
	}
	for (size_t i = 0; i < digits; i++) {
		value = value * 10 + (unsigned int)(text[i] - '0');
	}
	if (value > max) {
		return -EINVAL;
	}
	*length = (uint8_t)value;
	return 0;
}

int prefix_parse(const char *text, struct prefix *prefix)
{
	char address[IP_TEXT_SIZE];
	struct prefix parsed = {0};
	const char *slash = strchr(text, '/');

	if (slash == NULL || (size_t)(slash - text) >= sizeof(address)) {
		return -EINVAL;
	}
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	int rc = ip_parse(address, &parsed.ip);
	if (rc < 0) {
		return rc;
	}
	rc = length_parse(slash + 1, ip_bits(&parsed.ip), &parsed.length);
	if (rc < 0) {
		return rc;
	}
	*prefix = parsed;
	return 0;
}

void prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE])
{
	char address[IP_TEXT_SIZE];

	ip_format(&prefix->ip, address);
	if (address[0] == '\0') {
		text[0] = '\0';
		return;
	}
	snprintf(text, PREFIX_TEXT_SIZE, "%s/%u", address, prefix->length);
}

struct prefix prefix_network(const struct prefix *prefix)
{
	struct prefix network = *prefix;
	unsigned int kept = prefix->length % 8; /* bits of the first byte that is not whole */

	for (size_t i = prefix->length / 8; i < sizeof(network.ip.bytes); i++) {
		network.ip.bytes[i] &= (uint8_t)(0xff00U >> kept);
		kept = 0;
	}
	return network;
}

bool ip_is_zero(const struct ip *ip)
{
	static const struct ip zero;

	return memcmp(ip->bytes, zero.bytes, sizeof(zero.bytes)) == 0;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, ip_bits(a) / 8) == 0;
}

bool ip_is_special(const struct ip *ip)
{
	static const struct prefix networks[] = {{{AF_INET, {0}}, 8}, {{AF_INET, {127}}, 8},
		{{AF_INET, {224}}, 3}, {{AF_INET6, {0}}, 127}, {{AF_INET6, {0xfe, 0x80}}, 10},
		{{AF_INET6, {0xff}}, 8}};

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		struct prefix around = {*ip, networks[i].length};

		around = prefix_network(&around);
		if (memcmp(&around, &networks[i], sizeof(around)) == 0) {
			return true;
		}
	}
	return false;
}

struct ip ip_add(const struct ip *ip, uint32_t number)
{
	struct ip sum = *ip;
	uint64_t carry = number;

	for (unsigned int i = ip_bits(ip) / 8; i-- > 0 && carry > 0;) {
		carry += sum.bytes[i];
		sum.bytes[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return sum;
}

bool ifname_is_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= IFNAMSIZ || strcmp(name, ".") == 0 ||
		strcmp(name, "..") == 0) {
		return false;
	}
	/* The kernel reads '%' as a pattern ("eth%d"), and its isspace() knows Latin-1's 0xa0. */
	return strpbrk(name, "/:% \t\n\v\f\r\xa0") == NULL;
}

bool text_is_label(const char *text, size_t length)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	return length >= 1 && length <= TEXT_LABEL_MAX && strspn(text, allowed) >= length &&
	       text[0] != '-' && text[length - 1] != '-';
}

bool text_is_printable(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] < ' ' || text[i] > '~') {
			return false;
		}
	}
	return true;
}

bool text_has_control(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
			return true;
		}
	}
	return false;
}

bool text_is_glob(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

bool text_copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);

	if (size == 0) {
		return false;
	}
	size_t kept = length < size ? length : size - 1;
	memcpy(to, from, kept);
	memset(to + kept, 0, size - kept);
	return kept == length;
}

void text_append(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + length, size - length, format, arguments);
	va_end(arguments);
}

size_t text_cut(const char *text, size_t max)
{
	size_t length = strnlen(text, max + 1);

	if (length <= max) {
		return length;
	}
	/* A byte 10xxxxxx continues a character; at most three of them follow a first byte. */
	for (size_t cut = max; cut > 0 && max - cut < 4; cut--) {
		if (((unsigned char)text[cut] & 0xc0) != 0x80) {
			return cut;
		}
	}
	return max;
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* One row of the table of distances: current[j] from previous (one letter of a less) and before
 * (two letters less, for swapped neighbours). i counts the letters of a, from 1. */
static void distance_row(const char *a, size_t i, const char *b, unsigned int *rows[3])
{
	unsigned int *before = rows[0];
	unsigned int *previous = rows[1];
	unsigned int *current = rows[2];

	current[0] = (unsigned int)i;
	for (size_t j = 1; b[j - 1] != '\0'; j++) {
		unsigned int changed = a[i - 1] == b[j - 1] ? 0 : 1;
		unsigned int best = least(previous[j], current[j - 1]) + 1;

		best = least(best, previous[j - 1] + changed);
		if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
			best = least(best, before[j - 2] + 1);
		}
		current[j] = best;
	}
}

unsigned int text_distance(const char *a, const char *b)
{
	size_t a_length = strlen(a);
	size_t b_length = strlen(b);
	CLEANUP(cleanup_free) unsigned int *cells = calloc(3 * (b_length + 1), sizeof(*cells));

	if (cells == NULL) {
		return (unsigned int)(a_length > b_length ? a_length : b_length);
	}
	unsigned int *rows[3] = {cells, cells + b_length + 1, cells + 2 * (b_length + 1)};

	for (size_t j = 0; j <= b_length; j++) {
		rows[2][j] = (unsigned int)j;
	}
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *oldest = rows[0];

		rows[0] = rows[1];
		rows[1] = rows[2];
		rows[2] = oldest;
		distance_row(a, i, b, rows);
	}
	return rows[2][b_length];
}
