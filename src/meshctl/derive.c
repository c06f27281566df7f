/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/derive.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "core/identity.h"
#include "core/json_text.h"
#include "meshctl/command.h"
#include "meshctl/usage.h"

#define COMMAND        "derive"
#define INTERFACES_MAX 32

struct derive_options {
	struct identity_request request;
	const char *interfaces[INTERFACES_MAX];
	size_t interface_count;
	const char *ssid_template;
	char ssid_text[SSID_TEXT_SIZE]; /* what ssid_template gives */
	bool json;
	bool help;
};

enum long_option {
	OPTION_SSID = 256,
	OPTION_MAC,
	OPTION_HOSTNAME,
	OPTION_IPV4,
	OPTION_IPV6,
	OPTION_ANYCAST_MAC,
	OPTION_NO_ANYCAST,
	OPTION_INTERFACE,
	OPTION_SSID_TEMPLATE,
	OPTION_JSON,
};

static const struct option long_options[] = {
	{"ssid", required_argument, NULL, OPTION_SSID},
	{"mac", required_argument, NULL, OPTION_MAC},
	{"hostname", required_argument, NULL, OPTION_HOSTNAME},
	{"ipv4", required_argument, NULL, OPTION_IPV4},
	{"ipv6", required_argument, NULL, OPTION_IPV6},
	{"anycast-mac", required_argument, NULL, OPTION_ANYCAST_MAC},
	{"no-anycast", no_argument, NULL, OPTION_NO_ANYCAST},
	{"interface", required_argument, NULL, OPTION_INTERFACE},
	{"ssid-template", required_argument, NULL, OPTION_SSID_TEMPLATE},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void print_usage(FILE *to)
{
	fputs("usage: meshctl derive --ssid SSID [--mac MAC] [options]\n"
	      "Prints what a node derives from its cloud's SSID and its own MAC; needs no daemon.\n"
	      "  --ssid SSID           SSID of the cloud's access points\n"
	      "  --mac MAC             MAC of the node's primary link\n"
	      "  --hostname TEMPLATE   default LiMe-%M4%M5%M6\n"
	      "  --ipv4 TEMPLATE       ADDRESS/MASK[/RANGE], default 10.%N1.0.0/16\n"
	      "  --ipv6 TEMPLATE       ADDRESS/MASK[/RANGE], default fd%N1:%N2%N3:%N4%N5::/64\n"
	      "  --anycast-mac TEMPLATE  default aa:aa:aa:%N1:%N2:aa\n"
	      "  --no-anycast          the first host of the subnet is free for a node\n"
	      "  --interface NAME      show the VLAN name and hardif MAC of a link (repeatable)\n"
	      "  --ssid-template T     show the SSID of a radio, such as MyCommunity/%H\n"
	      "  --json                print JSON\n"
	      "Templates: %N1..%N6 network id, %M1..%M6 MAC, %m1..%m6 hash of the MAC, %H "
	      "hostname\n"
	      "(in SSIDs).\n",
		to);
}

static int add_interface(struct derive_options *options, const char *name)
{
	if (!ifname_is_valid(name)) {
		return usage_fail(COMMAND,
			"--interface takes 1 to 15 characters without /, :, % and "
			"blanks, not",
			name);
	}
	if (options->interface_count == INTERFACES_MAX) {
		return usage_fail(COMMAND, "too many --interface, from", name);
	}
	options->interfaces[options->interface_count++] = name;
	return 0;
}

static int set_mac(struct derive_options *options, const char *text)
{
	if (mac_parse(text, &options->request.mac) < 0) {
		return usage_fail(COMMAND,
			"--mac takes six pairs of hexadecimal digits such as "
			"a8:40:41:1f:73:aa, not",
			text);
	}
	/* A link never has such a MAC: what is derived from it is no node's. */
	if (mac_is_zero(&options->request.mac) || (options->request.mac.bytes[0] & 1) != 0) {
		return usage_fail(COMMAND,
			"--mac takes the MAC of one station, whose first byte is even and which is "
			"not all zero, not",
			text);
	}
	options->request.has_mac = true;
	return 0;
}

/* 0, or the exit code. */
static int set_option(struct derive_options *options, int option)
{
	struct identity_request *request = &options->request;

	switch (option) {
	case OPTION_SSID:
		request->ssid = optarg;
		return 0;
	case OPTION_MAC:
		return set_mac(options, optarg);
	case OPTION_HOSTNAME:
		request->hostname = optarg;
		return 0;
	case OPTION_IPV4:
		request->ipv4 = optarg;
		return 0;
	case OPTION_IPV6:
		request->ipv6 = optarg;
		return 0;
	case OPTION_ANYCAST_MAC:
		request->anycast_mac = optarg;
		return 0;
	case OPTION_NO_ANYCAST:
		request->anycast = false;
		return 0;
	case OPTION_INTERFACE:
		return add_interface(options, optarg);
	case OPTION_SSID_TEMPLATE:
		options->ssid_template = optarg;
		return 0;
	case OPTION_JSON:
		options->json = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		return EXIT_CODE_USAGE;
	}
}

/* 0, or the exit code. */
static int read_options(struct derive_options *options, int argc, char **argv)
{
	int option = 0;

	optind = 0; /* the caller may have read options of its own */
	while ((option = getopt_long(argc, argv, USAGE_SHORT_OPTIONS "h", long_options, NULL)) !=
		-1) {
		if (option == '?' || option == ':') {
			return usage_fail_option(COMMAND, option, long_options, argv);
		}
		int code = set_option(options, option);
		if (code != 0) {
			return code;
		}
	}
	if (options->help) {
		return 0;
	}
	if (optind < argc) {
		return usage_fail(COMMAND, "no such argument", argv[optind]);
	}
	if (options->request.ssid == NULL) {
		return usage_fail(COMMAND, "--ssid is missing", NULL);
	}
	if (options->interface_count > 0 && !options->request.has_mac) {
		return usage_fail(COMMAND, "--interface needs --mac", NULL);
	}
	return 0;
}

static void print_row(const char *label, const char *value)
{
	printf("%-20s %s\n", label, value[0] != '\0' ? value : "-");
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

static void print_cloud(const struct derive_options *options, const struct identity *identity)
{
	const uint8_t *n = identity->network;
	char text[80];

	print_row("SSID", options->request.ssid);
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

static void print_text(const struct derive_options *options, const struct identity *identity)
{
	print_cloud(options, identity);
	if (identity->has_node) {
		print_mac("node MAC", &identity->mac);
	}
	print_row("hostname", identity->hostname);
	if (identity->has_node) {
		print_prefix("node IPv4", &identity->node_ipv4);
		print_prefix("node IPv6", &identity->node_ipv6);
	}
	if (options->ssid_template != NULL) {
		print_row("radio SSID", options->ssid_text);
	}
	for (size_t i = 0; i < options->interface_count; i++) {
		struct mac mac = identity_interface_mac(options->interfaces[i], &identity->mac);
		char name[IFNAMSIZ];
		char text[MAC_TEXT_SIZE];

		identity_vlan_name(options->interfaces[i], identity->cloud_vlan, name);
		mac_format(&mac, text);
		printf("%-20s %-15s  %s\n", i == 0 ? "hardif" : "", name, text);
	}
}

static json_t *json_network_id(const struct identity *identity)
{
	const uint8_t *n = identity->network;
	char hex[13];

	snprintf(hex, sizeof(hex), "%02x%02x%02x%02x%02x%02x", n[0], n[1], n[2], n[3], n[4], n[5]);
	return json_pack("{s:s, s:[iiiiii]}", "hex", hex, "bytes", n[0], n[1], n[2], n[3], n[4],
		n[5]);
}

static json_t *json_interfaces(const struct derive_options *options,
	const struct identity *identity)
{
	json_t *list = json_array();

	for (size_t i = 0; i < options->interface_count; i++) {
		struct mac mac = identity_interface_mac(options->interfaces[i], &identity->mac);
		char name[IFNAMSIZ];

		identity_vlan_name(options->interfaces[i], identity->cloud_vlan, name);
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:o}", "name",
				json_text_or_null(options->interfaces[i]), "vlan_name",
				json_text_or_null(name), "hardif_mac", json_mac(&mac)));
	}
	return list;
}

static int print_json(const struct derive_options *options, const struct identity *identity)
{
	char link_local[IP_TEXT_SIZE];

	ip_format(&identity->anycast_link_local, link_local);
	json_t *root = json_pack("{s:o, s:o, s:o, s:i, s:{s:o, s:o}, s:{s:o, s:o, s:o, s:s}, s:o}",
		"ssid", json_text_or_null(options->request.ssid), "warning",
		json_text_or_null(identity_ssid_warning(options->request.ssid)), "network_id",
		json_network_id(identity), "cloud_vlan", identity->cloud_vlan, "subnet", "ipv4",
		json_prefix(&identity->subnet_ipv4), "ipv6", json_prefix(&identity->subnet_ipv6),
		"anycast", "mac", json_mac(&identity->anycast_mac), "ipv4",
		json_prefix(&identity->anycast_ipv4), "ipv6", json_prefix(&identity->anycast_ipv6),
		"link_local", link_local, "hostname", json_text_or_null(identity->hostname));
	if (root == NULL) {
		return -1;
	}
	if (identity->has_node) {
		json_object_set_new(root, "node",
			json_pack("{s:o, s:o, s:o}", "mac", json_mac(&identity->mac), "ipv4",
				json_prefix(&identity->node_ipv4), "ipv6",
				json_prefix(&identity->node_ipv6)));
		json_object_set_new(root, "interfaces", json_interfaces(options, identity));
	}
	if (options->ssid_template != NULL) {
		json_object_set_new(root, "radio_ssid", json_text_or_null(options->ssid_text));
	}
	int rc = json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
	return rc;
}

static int say_error(const struct err *err)
{
	fprintf(stderr, "meshctl derive: %s\n", err->text);
	return EXIT_CODE_FAILURE;
}

int derive_main(int argc, char **argv)
{
	struct derive_options options = {.request = {.anycast = true}};
	struct identity identity = {0};
	struct err err = {0};

	int code = read_options(&options, argc, argv);
	if (code != 0) {
		return code;
	}
	if (options.help) {
		print_usage(stdout);
		return EXIT_CODE_OK;
	}
	if (identity_derive(&options.request, &identity, &err) < 0) {
		return say_error(&err);
	}
	if (options.ssid_template != NULL && identity_expand_ssid(options.ssid_template, &identity,
						     options.ssid_text, &err) < 0) {
		return say_error(&err);
	}
	const char *warning = identity_ssid_warning(options.request.ssid);
	if (warning != NULL) {
		fprintf(stderr, "meshctl derive: warning: %s\n", warning);
	}
	if (options.json) {
		if (print_json(&options, &identity) < 0) {
			fprintf(stderr, "meshctl derive: the JSON could not be written\n");
			return EXIT_CODE_FAILURE;
		}
	} else {
		print_text(&options, &identity);
	}
	return EXIT_CODE_OK;
}
