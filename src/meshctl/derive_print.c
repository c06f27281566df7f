/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/derive_print.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "control/print.h"
#include "core/json_text.h"

static void print_row(const char *label, const char *value)
{
	/* A name may hold what a terminal obeys. */
	print_styled(stdout, false, PRINT_PLAIN, "%-20s %s", label, value[0] != '\0' ? value : "-");
	print_end(stdout);
}

static void print_prefix(const char *label, const struct prefix *prefix)
{
	char text[PREFIX_TEXT_SIZE];

	prefix_format(prefix, text);
	print_row(label, text);
}

static void print_mac(const char *label, const struct mac *mac)
{
	char text[MAC_TEXT_SIZE];

	mac_format(mac, text);
	print_row(label, text);
}

static void print_cloud(const struct derived *derived)
{
	const struct identity *identity = &derived->identity;
	const uint8_t *n = identity->network;
	char text[80];

	print_row("SSID", derived->options.request.ssid);
	snprintf(text, sizeof(text), "%02x %02x %02x %02x %02x %02x  (%u %u %u %u %u %u)", n[0],
		n[1], n[2], n[3], n[4], n[5], n[0], n[1], n[2], n[3], n[4], n[5]);
	print_row("network id", text);
	snprintf(text, sizeof(text), "%u", identity->cloud_vlan);
	print_row("cloud VLAN", text);
	print_prefix("subnet IPv4", &identity->subnet_ipv4);
	print_prefix("subnet IPv6", &identity->subnet_ipv6);
	print_mac("anycast MAC", &identity->anycast_mac);
	print_prefix("anycast IPv4", &identity->anycast_ipv4);
	print_prefix("anycast IPv6", &identity->anycast_ipv6);
	ip_format(&identity->anycast_link_local, text);
	print_row("anycast link-local", text);
}

static void print_interface(const char *label, const char *base, const struct identity *identity)
{
	struct mac mac = identity_interface_mac(base, &identity->mac);
	char name[IFNAMSIZ];
	char text[MAC_TEXT_SIZE];

	identity_vlan_name(base, identity->cloud_vlan, name);
	mac_format(&mac, text);
	print_styled(stdout, false, PRINT_PLAIN, "%-20s %-15s  %s", label, name, text);
	print_end(stdout);
}

/* Is the template LibreMesh's? option: what gives another. */
static bool print_template(const char *label, const char *template, const char *standard,
	const char *option)
{
	bool is_standard = strcmp(template, standard) == 0;

	print_styled(stdout, false, PRINT_PLAIN, "%-20s %s  (%s)", label, template,
		is_standard ? "LibreMesh's" : option);
	print_end(stdout);
	return is_standard;
}

/* Who knows a node by other addresses than those above is told why. */
static void print_templates(const struct identity_request *request)
{
	bool is_standard = print_template("hostname template", request->hostname,
		identity_default_hostname, "--hostname");

	is_standard |=
		print_template("IPv4 template", request->ipv4, identity_default_ipv4, "--ipv4");
	is_standard |=
		print_template("IPv6 template", request->ipv6, identity_default_ipv6, "--ipv6");
	is_standard |= print_template("anycast template", request->anycast_mac,
		identity_default_anycast_mac, "--anycast-mac");
	if (is_standard) {
		puts("A node takes the templates of its configuration: --ipv4, --ipv6, --hostname "
		     "and\n"
		     "--anycast-mac give them here; " DERIVE_DEFAULT_PROFILE ".");
	}
}

void derive_print_text(const struct derived *derived)
{
	const struct derive_options *options = &derived->options;
	const struct identity *identity = &derived->identity;

	print_cloud(derived);
	if (identity->has_node) {
		print_mac("node MAC", &identity->mac);
	}
	print_row("hostname", identity->hostname);
	if (identity->has_node) {
		print_prefix("node IPv4", &identity->node_ipv4);
		print_prefix("node IPv6", &identity->node_ipv6);
	}
	if (options->ssid_template != NULL) {
		print_row("radio SSID", derived->radio_ssid);
	}
	for (size_t i = 0; i < options->interface_count; i++) {
		print_interface(i == 0 ? "hardif" : "", options->interfaces[i], identity);
	}
	print_templates(&options->request);
}

static json_t *json_network_id(const struct identity *identity)
{
	const uint8_t *n = identity->network;
	char hex[13];

	snprintf(hex, sizeof(hex), "%02x%02x%02x%02x%02x%02x", n[0], n[1], n[2], n[3], n[4], n[5]);
	return json_pack("{s:s, s:[iiiiii]}", "hex", hex, "bytes", n[0], n[1], n[2], n[3], n[4],
		n[5]);
}

/* The bytes of a name: not every one is UTF-8, which a JSON string has to be. */
static json_t *json_hex(const char *name)
{
	char hex[2 * DERIVE_NAME_SIZE + 1] = "";
	size_t length = strlen(name);

	for (size_t i = 0; i < length && i < DERIVE_NAME_SIZE; i++) {
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)name[i]);
	}
	return json_string(hex);
}

static json_t *json_interface(const char *base, const struct identity *identity)
{
	struct mac mac = identity_interface_mac(base, &identity->mac);
	char name[IFNAMSIZ];

	identity_vlan_name(base, identity->cloud_vlan, name);
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", json_text_or_null(base), "name_hex",
		json_hex(base), "vlan_name", json_text_or_null(name), "vlan_name_hex",
		json_hex(name), "hardif_mac", json_mac(&mac));
}

static json_t *json_interfaces(const struct derived *derived)
{
	json_t *list = json_array();

	for (size_t i = 0; i < derived->options.interface_count; i++) {
		json_array_append_new(list,
			json_interface(derived->options.interfaces[i], &derived->identity));
	}
	return list;
}

static json_t *json_cloud(const struct identity *identity)
{
	char link_local[IP_TEXT_SIZE];

	ip_format(&identity->anycast_link_local, link_local);
	return json_pack("{s:o, s:i, s:{s:o, s:o}, s:{s:o, s:o, s:o, s:s}}", "network_id",
		json_network_id(identity), "cloud_vlan", identity->cloud_vlan, "subnet", "ipv4",
		json_prefix(&identity->subnet_ipv4), "ipv6", json_prefix(&identity->subnet_ipv6),
		"anycast", "mac", json_mac(&identity->anycast_mac), "ipv4",
		json_prefix(&identity->anycast_ipv4), "ipv6", json_prefix(&identity->anycast_ipv6),
		"link_local", link_local);
}

static json_t *json_node(const struct identity *identity)
{
	return json_pack("{s:o, s:o, s:o}", "mac", json_mac(&identity->mac), "ipv4",
		json_prefix(&identity->node_ipv4), "ipv6", json_prefix(&identity->node_ipv6));
}

static json_t *json_templates(const struct derive_options *options)
{
	const struct identity_request *request = &options->request;
	const char *ssid = options->ssid_template;

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "hostname", json_text(request->hostname),
		"ipv4", json_text(request->ipv4), "ipv6", json_text(request->ipv6), "anycast_mac",
		json_text(request->anycast_mac), "ssid",
		ssid != NULL ? json_text(ssid) : json_null());
}

static json_t *json_warnings(const struct derived *derived)
{
	json_t *list = json_array();

	for (size_t i = 0; i < derived->warning_count; i++) {
		json_array_append_new(list, json_text(derived->warnings[i]));
	}
	return list;
}

static json_t *derived_json(const struct derived *derived)
{
	const struct derive_options *options = &derived->options;
	const struct identity *identity = &derived->identity;
	const char *ssid = options->request.ssid;
	json_t *root = json_pack("{s:o, s:o, s:o, s:o}", "ssid", json_text_or_null(ssid),
		"ssid_hex", json_hex(ssid), "warning",
		json_text_or_null(identity_ssid_warning(ssid)), "warnings", json_warnings(derived));

	json_object_update_new(root, json_cloud(identity));
	json_object_set_new(root, "templates", json_templates(options));
	json_object_set_new(root, "hostname", json_text_or_null(identity->hostname));
	if (identity->has_node) {
		json_object_set_new(root, "node", json_node(identity));
		json_object_set_new(root, "interfaces", json_interfaces(derived));
	}
	if (options->ssid_template != NULL) {
		json_object_set_new(root, "radio_ssid", json_text_or_null(derived->radio_ssid));
		json_object_set_new(root, "radio_ssid_hex", json_hex(derived->radio_ssid));
	}
	return root;
}

int derive_print_json(const struct derived *derived)
{
	json_t *root CLEANUP(cleanup_json) = derived_json(derived);

	if (json_dumpf(root, stdout, JSON_INDENT(2)) < 0) {
		return -1;
	}
	putchar('\n');
	return 0;
}
