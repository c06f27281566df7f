/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which texts are right, and the numbers that texts stand for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/config_keys.h"
#include "core/identity.h"

#define HOSTNAME_SHOWN_MAX 32 /* what identity_derive keeps of a hostname */

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define SPACES " \t\n\v\f\r"

/* Stands for any node when a template is tried. */
static const struct mac dummy_mac = {{0x02, 0x10, 0x20, 0x12, 0x34, 0x56}};

bool config_parse_hex(const char *text, int64_t maximum, int64_t *value)
{
	if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) {
		return false;
	}
	size_t digits = strspn(text + 2, DIGITS "abcdefABCDEF");
	if (digits == 0 || digits > (size_t)config_hex_digits(maximum) ||
		text[2 + digits] != '\0') {
		return false;
	}
	*value = strtoll(text, NULL, 16);
	return true;
}

int config_hex_digits(int64_t maximum)
{
	int digits = 1;

	while ((maximum >>= 4) > 0) {
		digits++;
	}
	return digits;
}

bool config_parse_bandwidth(const char *text, int64_t *kbit)
{
	static const struct {
		const char *name;
		uint64_t kbit;
	} units[] = {{"kbit", 1}, {"Mbit", 1000}, {"Gbit", 1000000}};
	uint64_t tenths;

	size_t digits = strspn(text, DIGITS);
	if (digits == 0 || digits > 12) {
		return false;
	}
	tenths = strtoull(text, NULL, 10) * 10;
	const char *at = text + digits;
	if (*at == '.') {
		if (at[1] < '0' || at[1] > '9') {
			return false;
		}
		tenths += (uint64_t)(at[1] - '0');
		at += 2;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		/* 13 digits times 10^6 stay below 2^64. A remainder is no multiple of 100 kbit/s
		 * either, -1 keeps it wrong. */
		if (strcmp(at, units[i].name) == 0) {
			uint64_t whole = tenths * units[i].kbit;
			*kbit = whole % 10 == 0 ? (int64_t)(whole / 10) : -1;
			return true;
		}
	}
	return false;
}

/* Takes out of what identity_derive says the template, which the caller quotes, and the value that
 * it has for the node that stands for any. */
static void forget_node(const char *template, struct err *why)
{
	const size_t shown = 80; /* of the template, in identity_template.c */
	const char *quoted = strstr(why->text, " template \"");
	struct err rest = {0};

	if (quoted == NULL) {
		return;
	}
	const char *after = strstr(quoted + text_cut(template, shown), "\": ");
	const char *reason = after != NULL ? after + strlen("\": ") : why->text;
	const char *end = reason[0] == '"' ? strchr(reason + 1, '"') : NULL;
	int length = end != NULL ? (int)(end - reason - 1) : 0;
	char value[sizeof(why->text)];

	snprintf(value, sizeof(value), "%.*s", length, reason + 1);
	if (length > 0 && strstr(template, value) == NULL) {
		err_set(&rest, "what it stands for%s", end + 1);
	} else {
		err_set(&rest, "%s", reason);
	}
	text_copy(why->text, sizeof(why->text), rest.text);
}

/* Is there an identity by the request, which has one template, for any node? */
static bool can_derive(const struct identity_request *wanted, struct err *why)
{
	struct identity_request request = *wanted;
	struct identity identity;

	request.ssid = "-";
	request.has_mac = true;
	request.mac = dummy_mac;
	if (identity_derive(&request, &identity, why) == 0) {
		return true;
	}
	const char *templates[] = {wanted->ipv4, wanted->ipv6, wanted->anycast_mac,
		wanted->hostname};
	for (size_t i = 0; i < ARRAY_SIZE(templates); i++) {
		if (templates[i] != NULL) {
			forget_node(templates[i], why);
		}
	}
	return false;
}

bool config_check_profile(const char *text, struct err *why)
{
	if (strspn(text, LOWER DIGITS "_-") != strlen(text) || text[0] == '-' || text[0] == '_') {
		err_set(why, "a profile's name is made of a-z, 0-9, '-' and '_' and starts with a "
			     "letter or digit");
		return false;
	}
	return true;
}

bool config_check_hostname(const char *text, struct err *why)
{
	size_t length = strlen(text);
	size_t shown = 0;

	for (size_t i = 0; i < length; i++) {
		shown += text[i] != '%'; /* each token "%M4" becomes two digits */
	}
	if (strspn(text, LOWER UPPER DIGITS "-%") != length || text[0] == '-' ||
		text[length - 1] == '-') {
		err_set(why,
			"a hostname is made of letters, digits and '-', with '-' neither first "
			"nor last; %%M1..%%M6 and %%m1..%%m6 stand for bytes of the MAC");
		return false;
	}
	if (shown > HOSTNAME_SHOWN_MAX) {
		err_set(why, "a hostname has at most %d characters, this one %zu",
			HOSTNAME_SHOWN_MAX, shown);
		return false;
	}
	return can_derive(&(struct identity_request){.hostname = text}, why);
}

/* Is there an address for every node and, when all are to have it, the anycast address? The latter
 * is checked on the whole configuration. */
bool config_check_ipv4(const char *text, struct err *why)
{
	return can_derive(&(struct identity_request){.ipv4 = text}, why);
}

bool config_check_ipv6(const char *text, struct err *why)
{
	return can_derive(&(struct identity_request){.ipv6 = text}, why);
}

bool config_check_anycast_mac(const char *text, struct err *why)
{
	return can_derive(&(struct identity_request){.anycast_mac = text}, why);
}

/* Is it all the clients of its network at once? */
static bool is_broadcast(const struct prefix *prefix, const struct prefix *network)
{
	if (prefix->ip.family != AF_INET || prefix->length > 30) {
		return false;
	}
	struct ip last = ip_add(&network->ip, UINT32_MAX >> prefix->length);
	return ip_equal(&last, &prefix->ip);
}

static bool check_anycast(const char *text, uint8_t family, const char *example, struct err *why)
{
	struct prefix prefix;

	if (prefix_parse(text, &prefix) < 0 || prefix.ip.family != family || prefix.length == 0) {
		err_set(why,
			"the address must be followed by the length of its network, such as "
			"\"%s\"",
			example);
		return false;
	}
	if (ip_is_special(&prefix.ip)) {
		err_set(why,
			"no machine can be reached by this address from another; give one such as "
			"\"%s\"",
			example);
		return false;
	}
	struct prefix network = prefix_network(&prefix);
	if (is_broadcast(&prefix, &network)) {
		err_set(why,
			"this is the broadcast address of the network; give a host's, such as "
			"\"%s\"",
			example);
		return false;
	}
	if (prefix.length + 1U < ip_bits(&prefix.ip) && ip_equal(&network.ip, &prefix.ip)) {
		err_set(why,
			"this is the address of the network itself; give a host's, such as "
			"\"%s\"",
			example);
		return false;
	}
	return true;
}

bool config_check_anycast_ipv4(const char *text, struct err *why)
{
	return check_anycast(text, AF_INET, "10.13.0.1/16", why);
}

bool config_check_anycast_ipv6(const char *text, struct err *why)
{
	return check_anycast(text, AF_INET6, "fd0d:fe46:8ce8::1/64", why);
}

bool config_check_device(const char *text, struct err *why)
{
	/* Names that sysctl keeps for itself, and the loopback's. */
	static const char *const taken[] = {"all", "default", "lo"};

	if (!ifname_is_valid(text) || strspn(text, LOWER UPPER DIGITS "_.@+-") != strlen(text)) {
		err_set(why, "an interface's name is made of letters, digits and '_', '.', '@', "
			     "'+', '-', at most 15");
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		if (strcmp(text, taken[i]) == 0) {
			err_set(why, "Linux keeps this name for itself; choose another");
			return false;
		}
	}
	return true;
}

bool config_check_link(const char *text, struct err *why)
{
	if (text_is_glob(text)) {
		err_set(why, "one interface is needed here, no pattern");
		return false;
	}
	if (!ifname_is_valid(text)) {
		err_set(why, "an interface's name has 1 to 15 bytes, without '/', ':', '%%' and "
			     "blanks");
		return false;
	}
	if (strcmp(text, "lo") == 0) {
		err_set(why, "lo leads to this machine only; name an interface that others are "
			     "behind");
		return false;
	}
	return true;
}

/* A set of a glob, which at points to the '[' of, as fnmatch(3) reads it: its ']', or NULL when
 * there is none. *reversed becomes true when a range in it ends before it begins. */
static const char *set_end(const char *at, bool *reversed)
{
	const char *first = at + 1 + strspn(at + 1, "!^");

	/* A ']' right after '[' or "[!" belongs to the set. */
	for (at = first; *at != '\0' && (*at != ']' || at == first); at++) {
		if (at[0] == '[' && at[1] != '\0' && strchr(":.=", at[1]) != NULL) {
			const char close[] = {at[1], ']', '\0'};
			const char *end = strstr(at + 2, close);
			at = end != NULL ? end + 1 : at;
			continue;
		}
		at += at[0] == '\\' && at[1] != '\0';
		if (at[1] == '-' && at[2] != '\0' && strchr("]\\[", at[2]) == NULL) {
			*reversed = *reversed || (unsigned char)at[0] > (unsigned char)at[2];
			at += 2;
		}
	}
	return *at == ']' ? at : NULL;
}

/* Bytes of the shortest name that a glob matches; -1 when a set in it is open or reversed, so that
 * it matches nothing that is meant. */
static int glob_least(const char *glob)
{
	bool reversed = false;
	int least = 0;

	for (const char *at = glob; *at != '\0' && !reversed; at++) {
		const char *end = *at == '['                     ? set_end(at, &reversed)
				  : *at == '\\' && at[1] != '\0' ? at + 1
								 : at;

		if (end == NULL) {
			return -1;
		}
		least += *at != '*';
		at = end;
	}
	return reversed ? -1 : least;
}

bool config_check_link_or_glob(const char *text, struct err *why)
{
	if (!text_is_glob(text)) {
		return config_check_link(text, why);
	}
	int least = glob_least(text);
	if (least < 0) {
		err_set(why, "a set in a pattern is \"[\", single characters or ranges that go up, "
			     "and \"]\", such as \"wlan[0-9]\"");
		return false;
	}
	if (strpbrk(text, "/" SPACES) != NULL || least >= IFNAMSIZ) {
		err_set(why,
			"no interface can have a name that this matches: names have at most 15 "
			"bytes, without '/' and blanks");
		return false;
	}
	return true;
}

bool config_check_vid(const char *text, struct err *why)
{
	size_t digits = strspn(text, DIGITS);

	if (digits == 0 || digits > 4 || text[digits] != '\0' || text[0] == '0' ||
		strtol(text, NULL, 10) > 4094) {
		err_set(why, "a VLAN's number is 1 to 4094, such as \"100\"");
		return false;
	}
	return true;
}
