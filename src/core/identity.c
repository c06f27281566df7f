/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/identity.h"

#include <errno.h>
#include <md5.h>
#include <string.h>
#include <sys/socket.h>

#include "core/identity_host.h"
#include "core/identity_template.h"

#define HOSTNAME_LENGTH_MAX 32
#define VLAN_HASH_LENGTH    6

const char identity_default_ipv4[] = "10.%N1.0.0/16";
const char identity_default_ipv6[] = "fd%N1:%N2%N3:%N4%N5::/64";
const char identity_default_anycast_mac[] = "aa:aa:aa:%N1:%N2:aa";
const char identity_default_hostname[] = "LiMe-%M4%M5%M6";

/* One derivation: what was asked, and the values of the tokens. */
struct derivation {
	const struct identity_request *request;
	struct template_values values;
	uint8_t mac_hash[MD5_DIGEST_LENGTH];
};

/* LibreMesh hashes what "echo" prints, which ends in a newline. */
static void hash_line(const char *line, uint8_t digest[MD5_DIGEST_LENGTH])
{
	MD5_CTX context;

	MD5Init(&context);
	MD5Update(&context, (const uint8_t *)line, strlen(line));
	MD5Update(&context, (const uint8_t *)"\n", 1);
	MD5Final(digest, &context);
}

void identity_network_id(const char *ssid, uint8_t network[6])
{
	uint8_t digest[MD5_DIGEST_LENGTH];

	hash_line(ssid, digest);
	memcpy(network, digest, 6);
}

uint16_t identity_cloud_vlan(const uint8_t network[6])
{
	return (uint16_t)(29 + (uint8_t)(network[0] - 13));
}

struct mac identity_interface_mac(const char *name, const struct mac *primary)
{
	uint8_t digest[MD5_DIGEST_LENGTH];
	const uint8_t *m = primary->bytes;

	hash_line(name, digest);
	return (struct mac){{0x02, digest[1], digest[2], m[3], m[4], m[5]}};
}

const char *identity_ssid_warning(const char *ssid)
{
	if (strncmp(ssid, "-n", 2) == 0 || strncmp(ssid, "-e", 2) == 0) {
		return "LibreMesh's shell takes an SSID that starts with -n or -e for an option of "
		       "echo and derives another network id from it";
	}
	if (strpbrk(ssid, "$`\"\\") != NULL) {
		return "LibreMesh's shell changes $, `, \" and \\ in an SSID and derives another "
		       "network id from it";
	}
	return NULL;
}

void identity_vlan_name(const char *base, uint16_t vid, char name[IFNAMSIZ])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	char number[8];
	char hash[VLAN_HASH_LENGTH + 1] = "";
	uint8_t digest[MD5_DIGEST_LENGTH];
	size_t base_length = strlen(base);
	MD5_CTX context;

	snprintf(number, sizeof(number), ".%u", vid);
	size_t number_length = strlen(number);
	memset(name, 0, IFNAMSIZ);
	if (base_length + number_length < IFNAMSIZ) {
		text_copy(name, IFNAMSIZ, base);
		text_copy(name + base_length, IFNAMSIZ - base_length, number);
		return;
	}
	MD5Init(&context);
	MD5Update(&context, (const uint8_t *)base, base_length);
	MD5Update(&context, (const uint8_t *)number, number_length);
	MD5Final(digest, &context);
	for (size_t i = 0; i < VLAN_HASH_LENGTH; i++) {
		hash[i] = digits[digest[i] % 32];
	}
	size_t room = IFNAMSIZ - 1 - number_length - 1 - VLAN_HASH_LENGTH;

	snprintf(name, IFNAMSIZ, "%.*s-%s%s", (int)text_cut(base, room), base, hash, number);
}

/* The template's address, the tokens replaced by values. */
static int expand_address(const struct address_template *template,
	const struct template_values *values, struct prefix *address, struct err *err)
{
	char text[TEMPLATE_TEXT_SIZE];
	bool is_ipv4 = template->kind == TEMPLATE_IPV4;

	int rc = template_expand(template->kind, template->text, values, text, err);
	if (rc < 0) {
		return rc;
	}
	if (ip_parse(text, &address->ip) < 0 ||
		address->ip.family != (is_ipv4 ? AF_INET : AF_INET6)) {
		return template_error(template->kind, template->text, err,
			"\"%.*s\" is not an %s address; such as \"%s\"", (int)text_cut(text, 60),
			text, is_ipv4 ? "IPv4" : "IPv6",
			is_ipv4 ? identity_default_ipv4 : identity_default_ipv6);
	}
	address->length = template->mask;
	return 0;
}

static bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The network of the template, which without a MAC must not depend on one: shown by two MACs that
 * differ in every bit. */
static int derive_subnet(const struct address_template *template,
	const struct template_values *values, struct prefix *subnet, struct err *err)
{
	static const uint8_t low[MD5_DIGEST_LENGTH];
	static const uint8_t high[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct template_values guess = *values;
	struct prefix first = {0};
	struct prefix second = {0};

	if (guess.mac == NULL) {
		guess.mac = low;
		guess.mac_hash = low;
	}
	int rc = expand_address(template, &guess, &first, err);
	if (rc < 0) {
		return rc;
	}
	first = prefix_network(&first);
	if (values->mac == NULL) {
		guess.mac = high;
		guess.mac_hash = high;
		rc = expand_address(template, &guess, &second, err);
		if (rc < 0) {
			return rc;
		}
		second = prefix_network(&second);
		if (!prefix_equal(&first, &second)) {
			return template_error(template->kind, template->text, err,
				"the network depends on the node's MAC, which is not known; use "
				"%%M "
				"and %%m only after the first %u bits, or give the MAC",
				template->mask);
		}
	}
	*subnet = first;
	return 0;
}

/* The addresses that come from one template. */
struct addresses {
	struct prefix subnet;
	struct prefix anycast;
	struct prefix node;
};

/* Nobody is reached in loopback's network, or by the address of a group. */
static int check_reach(const struct address_template *template, const struct prefix *subnet,
	const struct ip *node, struct err *err)
{
	const char *example =
		template->kind == TEMPLATE_IPV4 ? identity_default_ipv4 : identity_default_ipv6;
	char text[PREFIX_TEXT_SIZE];

	if (ip_is_special(&subnet->ip)) {
		prefix_format(subnet, text);
		return template_error(template->kind, template->text, err,
			"%s is no network of nodes that others can reach; such as \"%s\"", text,
			example);
	}
	if (node->family != 0 && ip_is_special(node)) {
		ip_format(node, text);
		return template_error(template->kind, template->text, err,
			"%s is no address of a node that others can reach; such as \"%s\"", text,
			example);
	}
	return 0;
}

/* The shared address: the given one, else the first host. */
static int derive_shared(const struct address_template *template,
	const struct identity_request *request, struct addresses *addresses, struct err *err)
{
	bool is_ipv4 = template->kind == TEMPLATE_IPV4;
	unsigned int longest = ip_bits(&addresses->subnet.ip) - 2;
	const struct prefix *given = is_ipv4 ? &request->anycast_ipv4 : &request->anycast_ipv6;

	if (template->mask > longest && request->anycast) {
		return template_error(template->kind, template->text, err,
			"a /%u has no room for the anycast address and a node; use at most /%u",
			template->mask, longest);
	}
	if (given->ip.family != 0) {
		addresses->anycast = *given;
	} else if (template->mask <= longest) {
		addresses->anycast.ip = ip_add(&addresses->subnet.ip, 1);
		addresses->anycast.length = is_ipv4 ? template->mask : 64;
	}
	return 0;
}

static int derive_node(const struct address_template *template, const struct derivation *derivation,
	struct addresses *addresses, struct err *err)
{
	const struct identity_request *request = derivation->request;
	const struct ip *shared = request->anycast ? &addresses->anycast.ip : NULL;
	struct prefix node = {0};

	int rc = expand_address(template, &derivation->values, &node, err);
	if (rc < 0) {
		return rc;
	}
	node.length = template->range;
	node.ip = identity_host(&node, &request->mac);
	node.ip = identity_host_avoid(&node.ip, &addresses->subnet, shared);
	node.length = template->mask;
	addresses->node = node;
	return 0;
}

static int derive_addresses(enum template_kind kind, const char *text,
	const struct derivation *derivation, struct addresses *addresses, struct err *err)
{
	struct address_template template = {.kind = kind, .text = text};

	int rc = template_read_lengths(&template, err);
	if (rc < 0) {
		return rc;
	}
	rc = derive_subnet(&template, &derivation->values, &addresses->subnet, err);
	if (rc < 0) {
		return rc;
	}
	rc = derive_shared(&template, derivation->request, addresses, err);
	if (rc == 0 && derivation->request->has_mac) {
		rc = derive_node(&template, derivation, addresses, err);
	}
	return rc < 0 ? rc : check_reach(&template, &addresses->subnet, &addresses->node.ip, err);
}

static int derive_anycast_mac(const char *template, const struct template_values *values,
	struct mac *mac, struct err *err)
{
	char text[TEMPLATE_TEXT_SIZE];
	struct mac parsed;

	int rc = template_expand(TEMPLATE_ANYCAST_MAC, template, values, text, err);
	if (rc < 0) {
		return rc;
	}
	if (mac_parse(text, &parsed) < 0) {
		return template_error(TEMPLATE_ANYCAST_MAC, template, err,
			"\"%.*s\" is not a MAC; write six pairs of hexadecimal digits, such as "
			"\"%s\"",
			(int)text_cut(text, 60), text, identity_default_anycast_mac);
	}
	if ((parsed.bytes[0] & 1) != 0 || mac_is_zero(&parsed)) {
		return template_error(TEMPLATE_ANYCAST_MAC, template, err,
			"\"%s\" is not the MAC of one station; the first byte must be even, and "
			"not "
			"all zero",
			text);
	}
	*mac = parsed;
	return 0;
}

/* LibreMesh's rule: blanks become dashes, what is no letter, digit or dash goes, dashes at the ends
 * go, 32 characters stay; and a dash that this brings to the end goes too. */
static void sanitize_hostname(const char *text, char hostname[HOSTNAME_SIZE])
{
	size_t length = 0;

	memset(hostname, 0, HOSTNAME_SIZE);
	for (; *text != '\0' && length < HOSTNAME_LENGTH_MAX; text++) {
		char letter = *text;

		if (letter == ' ') {
			letter = '-';
		}
		bool is_kept = (letter >= 'a' && letter <= 'z') ||
			       (letter >= 'A' && letter <= 'Z') ||
			       (letter >= '0' && letter <= '9') || (letter == '-' && length > 0);

		if (is_kept) {
			hostname[length++] = letter;
		}
	}
	while (length > 0 && hostname[length - 1] == '-') {
		hostname[--length] = '\0';
	}
}

static int derive_hostname(const struct derivation *derivation, char hostname[HOSTNAME_SIZE],
	struct err *err)
{
	const char *template = derivation->request->hostname;
	char text[TEMPLATE_TEXT_SIZE];

	if (template == NULL || template[0] == '\0') {
		template = identity_default_hostname;
	}
	if (!derivation->request->has_mac && template_uses_mac(template)) {
		memset(hostname, 0, HOSTNAME_SIZE);
		return 0;
	}
	int rc = template_expand(TEMPLATE_HOSTNAME, template, &derivation->values, text, err);
	if (rc < 0) {
		return rc;
	}
	sanitize_hostname(text, hostname);
	if (hostname[0] == '\0') {
		return template_error(TEMPLATE_HOSTNAME, template, err,
			"no letter or digit (a-z, A-Z, 0-9) is in it; such as \"%s\"",
			identity_default_hostname);
	}
	return 0;
}

static const char *template_or(const char *template, const char *fallback)
{
	return template != NULL && template[0] != '\0' ? template : fallback;
}

/* MD5 of the MAC as LibreMesh's %m sees it: 12 lower-case digits and a newline. */
static void hash_mac(const struct mac *mac, uint8_t digest[MD5_DIGEST_LENGTH])
{
	const uint8_t *b = mac->bytes;
	char digits[13];

	snprintf(digits, sizeof(digits), "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
		b[5]);
	hash_line(digits, digest);
}

/* All that templates give: addresses, anycast MAC, hostname. */
static int derive_templates(const struct derivation *derivation, struct identity *identity,
	struct err *err)
{
	const struct identity_request *request = derivation->request;
	struct addresses ipv4 = {0};
	struct addresses ipv6 = {0};

	int rc = derive_addresses(TEMPLATE_IPV4, template_or(request->ipv4, identity_default_ipv4),
		derivation, &ipv4, err);
	if (rc < 0) {
		return rc;
	}
	rc = derive_addresses(TEMPLATE_IPV6, template_or(request->ipv6, identity_default_ipv6),
		derivation, &ipv6, err);
	if (rc < 0) {
		return rc;
	}
	rc = derive_anycast_mac(template_or(request->anycast_mac, identity_default_anycast_mac),
		&derivation->values, &identity->anycast_mac, err);
	if (rc < 0) {
		return rc;
	}
	identity->subnet_ipv4 = ipv4.subnet;
	identity->subnet_ipv6 = ipv6.subnet;
	identity->anycast_ipv4 = ipv4.anycast;
	identity->anycast_ipv6 = ipv6.anycast;
	identity->node_ipv4 = ipv4.node;
	identity->node_ipv6 = ipv6.node;
	return derive_hostname(derivation, identity->hostname, err);
}

int identity_derive(const struct identity_request *request, struct identity *identity,
	struct err *err)
{
	struct derivation derivation = {.request = request};
	struct identity derived;

	if (request->ssid == NULL || request->ssid[0] == '\0') {
		text_copy(err->path, sizeof(err->path), "$.cloud.ssid");
		err_set(err,
			"the SSID is empty; give the one of the community's access points, such "
			"as \"LibreMesh.org\"");
		return -EINVAL;
	}
	/* Zero between the members too, so that identities compare as bytes. */
	memset(&derived, 0, sizeof(derived));
	identity_network_id(request->ssid, derived.network);
	derived.cloud_vlan = identity_cloud_vlan(derived.network);
	derivation.values.network = derived.network;
	if (request->has_mac) {
		hash_mac(&request->mac, derivation.mac_hash);
		derivation.values.mac = request->mac.bytes;
		derivation.values.mac_hash = derivation.mac_hash;
		derived.has_node = true;
		derived.mac = request->mac;
	}
	int rc = derive_templates(&derivation, &derived, err);
	if (rc < 0) {
		return rc;
	}
	derived.anycast_link_local = mac_link_local(&derived.anycast_mac);
	memcpy(identity, &derived, sizeof(derived));
	return 0;
}

int identity_expand_ssid(const char *template, const struct identity *identity,
	char ssid[SSID_TEXT_SIZE], struct err *err)
{
	uint8_t mac_hash[MD5_DIGEST_LENGTH];
	struct template_values values = {.hostname = identity->hostname};
	char text[TEMPLATE_TEXT_SIZE];

	if (identity->has_node) {
		hash_mac(&identity->mac, mac_hash);
		values.mac = identity->mac.bytes;
		values.mac_hash = mac_hash;
	}
	int rc = template_expand(TEMPLATE_SSID, template, &values, text, err);
	if (rc < 0) {
		return rc;
	}
	text_copy(ssid, SSID_TEXT_SIZE, text);
	return 0;
}
