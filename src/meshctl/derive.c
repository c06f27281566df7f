/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/derive.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "control/print.h"
#include "meshctl/command.h"
#include "meshctl/derive_print.h"
#include "meshctl/usage.h"

#define COMMAND        "derive"
#define SSID_MAX       (DERIVE_NAME_SIZE - 1)
#define RADIO_SSID_MAX (SSID_TEXT_SIZE - 1)

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
	      "  --ssid SSID             SSID of the cloud's access points, at most 127 bytes\n"
	      "  --mac MAC               MAC of the node's primary link\n"
	      "  --hostname TEMPLATE     default LiMe-%M4%M5%M6\n"
	      "  --ipv4 TEMPLATE         ADDRESS/MASK[/RANGE], default 10.%N1.0.0/16\n"
	      "  --ipv6 TEMPLATE         ADDRESS/MASK[/RANGE], default fd%N1:%N2%N3:%N4%N5::/64\n"
	      "  --anycast-mac TEMPLATE  default aa:aa:aa:%N1:%N2:aa\n"
	      "  --no-anycast            the first host of the subnet is free for a node\n"
	      "  --interface NAME        show the VLAN name and hardif MAC of a link (repeatable)\n"
	      "  --ssid-template T       show the SSID of a radio, such as MyCommunity/%H\n"
	      "  --json                  print JSON\n"
	      "Templates: %N1..%N6 network id, %M1..%M6 MAC, %m1..%m6 hash of the MAC, %H "
	      "hostname\n"
	      "(in SSIDs). The defaults are LibreMesh's templates. A node takes those of its\n"
	      "configuration, and " DERIVE_DEFAULT_PROFILE ".\n",
		to);
}

/* Says it; -1. */
static int refuse(const char *reason, const char *word)
{
	usage_fail(COMMAND, reason, word);
	return -1;
}

static int add_interface(struct derive_options *options, const char *name)
{
	if (!ifname_is_valid(name)) {
		return refuse("--interface takes 1 to 15 characters without /, :, % and "
			      "blanks, not",
			name);
	}
	if (options->interface_count == DERIVE_INTERFACES_MAX) {
		return refuse("too many --interface, from", name);
	}
	options->interfaces[options->interface_count++] = name;
	return 0;
}

static int set_mac(struct derive_options *options, const char *text)
{
	if (mac_parse(text, &options->request.mac) < 0) {
		return refuse("--mac takes six pairs of hexadecimal digits such as "
			      "a8:40:41:1f:73:aa, not",
			text);
	}
	/* A link never has such a MAC: what is derived from it is no node's. */
	if (mac_is_zero(&options->request.mac) || (options->request.mac.bytes[0] & 1) != 0) {
		return refuse(
			"--mac takes the MAC of one station, whose first byte is even and which is "
			"not all zero, not",
			text);
	}
	options->request.has_mac = true;
	return 0;
}

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
		return -1;
	}
}

/* 0, or -1 when what is wrong was said. */
static int read_options(struct derive_options *options, int argc, char **argv)
{
	int option = 0;

	optind = 0; /* the caller may have read options of its own */
	while ((option = getopt_long(argc, argv, USAGE_SHORT_OPTIONS "h", long_options, NULL)) !=
		-1) {
		if (option == '?' || option == ':') {
			usage_fail_option(COMMAND, option, long_options, argv);
			return -1;
		}
		if (set_option(options, option) < 0) {
			return -1;
		}
	}
	if (options->help) {
		return 0;
	}
	if (optind < argc) {
		return refuse("no such argument", argv[optind]);
	}
	if (options->request.ssid == NULL) {
		return refuse("--ssid is missing", NULL);
	}
	if (strlen(options->request.ssid) > SSID_MAX) {
		char reason[112];

		snprintf(reason, sizeof(reason),
			"--ssid takes at most %zu bytes, as cloud.ssid does, and this has %zu",
			SSID_MAX, strlen(options->request.ssid));
		return refuse(reason, NULL);
	}
	if (options->interface_count > 0 && !options->request.has_mac) {
		return refuse("--interface needs --mac", NULL);
	}
	return 0;
}

static int say_error(const struct err *err)
{
	print_styled(stderr, false, PRINT_PLAIN, "meshctl " COMMAND ": %s", err->text);
	print_end(stderr);
	return EXIT_CODE_FAILURE;
}

static void __attribute__((format(printf, 2, 3)))
warn(struct derived *derived, const char *format, ...)
{
	char *warning = derived->warnings[derived->warning_count++];
	va_list args;

	va_start(args, format);
	vsnprintf(warning, DERIVE_WARNING_SIZE, format, args);
	va_end(args);
	print_styled(stderr, false, PRINT_PLAIN, "meshctl " COMMAND ": warning: %s", warning);
	print_end(stderr);
}

static bool is_utf8(const char *text)
{
	json_t *json = json_string(text);
	bool is_text = json != NULL;

	json_decref(json);
	return is_text;
}

/* At most DERIVE_WARNINGS_MAX. */
static void warn_of_ssid(struct derived *derived)
{
	const char *ssid = derived->options.request.ssid;
	const char *radio = derived->options.ssid_template;
	const char *shell = identity_ssid_warning(ssid);
	size_t length = strlen(ssid);

	if (shell != NULL) {
		warn(derived, "%s", shell);
	}
	if (length > RADIO_SSID_MAX) {
		warn(derived,
			"the SSID has %zu bytes, a radio can send %d; it shows the first %d, the "
			"cloud is derived from all of them",
			length, RADIO_SSID_MAX, RADIO_SSID_MAX);
	}
	if (!is_utf8(ssid)) {
		warn(derived, "the SSID is no UTF-8, and meshd.json takes no other");
	}
	if (radio != NULL && is_utf8(radio) && !is_utf8(derived->radio_ssid)) {
		warn(derived, "the radio's SSID is cut within a character, to %d bytes",
			RADIO_SSID_MAX);
	}
}

static void set_default(const char **template, const char *standard)
{
	if (*template == NULL || (*template)[0] == '\0') {
		*template = standard;
	}
}

/* The same that identity_derive() takes, named here so that they can be shown. */
static void set_defaults(struct identity_request *request)
{
	set_default(&request->hostname, identity_default_hostname);
	set_default(&request->ipv4, identity_default_ipv4);
	set_default(&request->ipv6, identity_default_ipv6);
	set_default(&request->anycast_mac, identity_default_anycast_mac);
}

static int derive_all(struct derived *derived, struct err *err)
{
	const struct derive_options *options = &derived->options;

	int result = identity_derive(&options->request, &derived->identity, err);
	if (result < 0 || options->ssid_template == NULL) {
		return result;
	}
	return identity_expand_ssid(options->ssid_template, &derived->identity, derived->radio_ssid,
		err);
}

int derive_main(int argc, char **argv)
{
	struct derived derived = {.options.request.anycast = true};
	struct err err = {0};

	if (read_options(&derived.options, argc, argv) < 0) {
		return EXIT_CODE_USAGE;
	}
	if (derived.options.help) {
		print_usage(stdout);
		return EXIT_CODE_OK;
	}
	set_defaults(&derived.options.request);
	if (derive_all(&derived, &err) < 0) {
		return say_error(&err);
	}
	warn_of_ssid(&derived);
	if (!derived.options.json) {
		derive_print_text(&derived);
	} else if (derive_print_json(&derived) < 0) {
		err_set(&err, "the JSON could not be written");
		return say_error(&err);
	}
	return EXIT_CODE_OK;
}
