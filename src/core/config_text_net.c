/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which texts are right: networks, addresses and names that the daemons are told. */
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "core/config_keys.h"

#define NETWORK_NAME_MAX 16

#define DIGITS "0123456789"

bool config_check_program(const char *text, struct err *why)
{
	size_t length = strlen(text);

	if (text_has_control(text, length)) {
		err_set(why, "a path has no control characters");
		return false;
	}
	if (text[0] != '/' || text[length - 1] == '/') {
		err_set(why, "an absolute path is needed, such as \"/usr/sbin/NAME\", or \"auto\"");
		return false;
	}
	return true;
}

bool config_check_network(const char *text, struct err *why)
{
	char right[PREFIX_TEXT_SIZE];
	struct prefix prefix;

	if (prefix_parse(text, &prefix) < 0) {
		err_set(why, "a network is ADDRESS/LENGTH, such as \"10.0.0.0/8\" or "
			     "\"fd00::/8\"");
		return false;
	}
	struct prefix network = prefix_network(&prefix);
	if (memcmp(&network, &prefix, sizeof(prefix)) != 0) {
		prefix_format(&network, right);
		err_set(why, "this is an address in a network; the network is \"%s\"", right);
		return false;
	}
	return true;
}

bool config_check_network_name(const char *text, struct err *why)
{
	size_t length = strlen(text);

	if (length == 0 || length > NETWORK_NAME_MAX ||
		strspn(text, "abcdefghijklmnopqrstuvwxyz" DIGITS "_") != length) {
		err_set(why, "the name of a network is made of a-z, 0-9 and '_', at most %d",
			NETWORK_NAME_MAX);
		return false;
	}
	return true;
}

bool config_network_holds(const struct prefix *network, const struct ip *ip)
{
	struct prefix around = {*ip, network->length};
	struct prefix wanted = prefix_network(network);

	around = prefix_network(&around);
	return memcmp(&around, &wanted, sizeof(wanted)) == 0;
}

/* family 0 = either. */
static bool check_address(const char *text, uint8_t family, const char *wanted, struct err *why)
{
	struct ip ip;

	if (ip_parse(text, &ip) < 0 || (family != 0 && ip.family != family)) {
		err_set(why, "this is not %s", wanted);
		return false;
	}
	if (ip_is_special(&ip)) {
		err_set(why, "no other machine can be reached by this address; give %s of one",
			wanted);
		return false;
	}
	return true;
}

bool config_check_host_ipv4(const char *text, struct err *why)
{
	return check_address(text, AF_INET, "an IPv4 address such as \"10.13.200.7\"", why);
}

bool config_check_host_ipv6(const char *text, struct err *why)
{
	return check_address(text, AF_INET6, "an IPv6 address such as \"fd0d:fe46:8ce8::7\"", why);
}

bool config_check_host_ip(const char *text, struct err *why)
{
	return check_address(text, 0, "an IP address such as \"9.9.9.9\"", why);
}

bool config_check_host_mac(const char *text, struct err *why)
{
	struct mac mac;

	if (mac_parse(text, &mac) < 0) {
		err_set(why, "a MAC is six pairs of hexadecimal digits with ':' between them, such "
			     "as \"02:ab:46:1f:73:aa\"");
		return false;
	}
	if (mac_is_zero(&mac) || (mac.bytes[0] & 1)) {
		err_set(why, "no machine has this MAC; it is that of none or of a group");
		return false;
	}
	return true;
}

bool config_check_host_name(const char *text, struct err *why)
{
	if (!text_is_label(text, strlen(text))) {
		err_set(why,
			"a machine's name is made of letters, digits and '-', with '-' neither "
			"first nor last, at most %d; the domain is dhcp.domain",
			TEXT_LABEL_MAX);
		return false;
	}
	if (strcasecmp(text, "localhost") == 0) {
		err_set(why, "every machine calls itself that; choose another name");
		return false;
	}
	return true;
}

bool config_check_domain(const char *text, struct err *why)
{
	const char *label = text;
	size_t length = strcspn(label, ".");
	bool right = text_is_label(label, length);

	while (right && label[length] == '.') {
		label += length + 1;
		length = strcspn(label, ".");
		right = text_is_label(label, length);
	}
	if (!right) {
		err_set(why, "a name is made of letters, digits and '-', with '-' neither first "
			     "nor last, and '.' between its parts");
		return false;
	}
	if (strspn(label, DIGITS) == length) {
		err_set(why, "the last part of a name is no number");
		return false;
	}
	return true;
}

bool config_parse_pool(const char *text, struct ip *first, struct ip *last)
{
	char start[IP_TEXT_SIZE];
	const char *dash = strchr(text, '-');

	if (dash == NULL || (size_t)(dash - text) >= sizeof(start)) {
		return false;
	}
	memcpy(start, text, (size_t)(dash - text));
	start[dash - text] = '\0';
	return ip_parse(start, first) == 0 && ip_parse(dash + 1, last) == 0 &&
	       first->family == AF_INET && last->family == AF_INET;
}

bool config_check_pool(const char *text, struct err *why)
{
	struct ip first;
	struct ip last;

	if (!config_parse_pool(text, &first, &last)) {
		err_set(why, "a pool is the first and the last IPv4 address with '-' between them, "
			     "such as \"10.13.128.0-10.13.255.253\", or \"auto\"");
		return false;
	}
	if (memcmp(first.bytes, last.bytes, 4) > 0) {
		err_set(why, "the first address comes after the last; exchange them");
		return false;
	}
	return true;
}
