/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "core/render.h"
#include "routing/bmx7_options.h"

/* Never sent, each because bmx7 dies of it: a tableRule without a slash, unicastHna with an IPv4
 * prefix, names longer than below (heap overrun, SIGSEGV). tunOut and tunIn are all that we need
 * of the first two. */
#define HOSTNAME_MAX 63 /* 78 characters: SIGSEGV */
#define OWN_NAME_MAX 31

#define RATING_OWN    100
#define RATING_MAX    10000 /* far larger ones overflow and are sorted last */
#define METRIC_OWN    1024
#define BANDWIDTH_MIN 960 /* bmx7 refuses others */
#define BANDWIDTH_MAX 200000000000

int bmx7_commands_add(struct bmx7_commands *commands, const char *format, ...)
{
	va_list arguments;

	if ((commands->count & (commands->count - 1)) == 0) {
		void *items = reallocarray(commands->items,
			commands->count == 0 ? 1 : commands->count * 2, BMX7_COMMAND_SIZE);
		if (items == NULL) {
			return -ENOMEM;
		}
		commands->items = items;
	}
	va_start(arguments, format);
	vsnprintf(commands->items[commands->count], BMX7_COMMAND_SIZE, format, arguments);
	va_end(arguments);
	commands->count++;
	return 0;
}

void bmx7_commands_free(struct bmx7_commands *commands)
{
	free(commands->items);
	*commands = (struct bmx7_commands){0};
}

void bmx7_announcement_name(const struct prefix *network, char name[BMX7_NAME_SIZE])
{
	if (network->length == 0) {
		/* LibreMesh's names. */
		snprintf(name, BMX7_NAME_SIZE, network->ip.family == AF_INET ? "inet4" : "inet6");
		return;
	}
	size_t bytes = (network->length + 7U) / 8;
	int length = snprintf(name, BMX7_NAME_SIZE, network->ip.family == AF_INET ? "n" : "s");

	for (size_t i = 0; i < bytes && i < sizeof(network->ip.bytes); i++) {
		length += snprintf(name + length, BMX7_NAME_SIZE - (size_t)length, "%02x",
			network->ip.bytes[i]);
	}
	snprintf(name + length, BMX7_NAME_SIZE - (size_t)length, "_%u", network->length);
}

/* What bmx7 takes as a name: letters, digits, '-', '_', and '.' inside. '-' first means "delete".
 */
static bool name_is_valid(const char *name, size_t max)
{
	size_t length = strnlen(name, max + 1);

	return length > 0 && length <= max && name[0] != '-' && name[0] != '.' &&
	       name[length - 1] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		       length;
}

/* Of an interface: what the words of bmx7's socket can carry. */
static bool link_is_valid(const char *link)
{
	if (!ifname_is_valid(link) || link[0] == '-') {
		return false;
	}
	for (const char *c = link; *c != '\0'; c++) {
		if (*c <= ' ' || *c > '~') {
			return false;
		}
	}
	return true;
}

static bool prefix_is(const char *text, const struct prefix *wanted)
{
	struct prefix is;

	return text != NULL && prefix_parse(text, &is) == 0 && memcmp(&is, wanted, sizeof(is)) == 0;
}

static int difference_of_devices(const struct bmx7_options *options,
	const struct routing_wish *wish, struct bmx7_commands *commands)
{
	int result = 0;

	for (size_t i = 0; i < wish->link_count && result == 0; i++) {
		if (link_is_valid(wish->links[i]) &&
			bmx7_options_find(options, "dev", wish->links[i]) == NULL) {
			result = bmx7_commands_add(commands, "dev=%s", wish->links[i]);
		}
	}
	for (size_t o = 0; o < options->count && result == 0; o++) {
		const struct bmx7_option *option = &options->items[o];
		bool wished = strcasecmp(option->name, "dev") != 0;
		for (size_t i = 0; i < wish->link_count && !wished; i++) {
			wished = strcmp(option->value, wish->links[i]) == 0;
		}
		if (!wished) {
			result = bmx7_commands_add(commands, "dev=-%s", option->value);
		}
	}
	return result;
}

/* Appends " /name=value", or " /name=-" where it is set and not wished. */
static void add_address(char *command, size_t size, const char *name, const char *is,
	const struct prefix *wanted)
{
	char text[PREFIX_TEXT_SIZE];
	size_t length = strlen(command);

	if (wanted->ip.family != 0 && !prefix_is(is, wanted)) {
		prefix_format(wanted, text);
		snprintf(command + length, size - length, " %s=%s", name, text);
	} else if (wanted->ip.family == 0 && is != NULL) {
		snprintf(command + length, size - length, " %s=-", name);
	}
}

/* Any word about tunDev tears down and rebuilds every tunnel: none without need. */
static int difference_of_tunnel_device(const struct bmx7_options *options,
	const struct routing_wish *wish, struct bmx7_commands *commands)
{
	const char *name = BMX7_TUNNEL_DEVICE;
	bool wished = wish->tunnel_ipv4.ip.family != 0 || wish->tunnel_ipv6.ip.family != 0;
	const struct bmx7_option *device = bmx7_options_find(options, "tunDev", name);
	const char *ipv4 =
		device == NULL ? NULL : bmx7_options_child(options, device, "/tun4Address");
	const char *ipv6 =
		device == NULL ? NULL : bmx7_options_child(options, device, "/tun6Address");
	char words[BMX7_COMMAND_SIZE - 64] = "";
	int result = 0;

	if (wished) {
		add_address(words, sizeof(words), "/tun4Address", ipv4, &wish->tunnel_ipv4);
		add_address(words, sizeof(words), "/tun6Address", ipv6, &wish->tunnel_ipv6);
	}
	for (size_t o = 0; o < options->count && result == 0; o++) {
		const struct bmx7_option *option = &options->items[o];
		if (strcasecmp(option->name, "tunDev") == 0 &&
			(!wished || strcmp(option->value, name) != 0)) {
			result = bmx7_commands_add(commands, "tunDev=-%s", option->value);
		}
	}
	if (result == 0 && wished && (device == NULL || words[0] != '\0')) {
		result = bmx7_commands_add(commands, "tunDev=%s%s", name, words);
	}
	return result;
}

/* Is it announced by tunDev already? */
static bool tunnel_announces(const struct routing_wish *wish, const struct prefix *network)
{
	struct prefix ipv4 = prefix_network(&wish->tunnel_ipv4);
	struct prefix ipv6 = prefix_network(&wish->tunnel_ipv6);

	return memcmp(&ipv4, network, sizeof(ipv4)) == 0 ||
	       memcmp(&ipv6, network, sizeof(ipv6)) == 0;
}

/* Children that we would not have given are reset: " /gwName=-". known ends with NULL. */
static void reset_children(const struct bmx7_options *options, const struct bmx7_option *parent,
	const char *const *known, char *words, size_t size)
{
	const struct bmx7_option *end = options->items + options->count;

	for (const struct bmx7_option *o = parent + 1; o < end && o->child; o++) {
		size_t k = 0;
		size_t length = strlen(words);
		while (known[k] != NULL && strcasecmp(known[k], o->name) != 0) {
			k++;
		}
		if (known[k] == NULL && length + strlen(o->name) + 4 < size) {
			snprintf(words + length, size - length, " %s=-", o->name);
		}
	}
}

/* Appends " /name=value", or " /name=-": only what is set can be reset. */
static void add_word(char *words, size_t size, const char *name, const char *value)
{
	size_t length = strlen(words);

	snprintf(words + length, size - length, " %s=%s", name, value);
}

/* A number of which bmx7 has its own idea while it is not set. */
struct number {
	const char *name;
	const char *is; /* NULL = not set */
	uint64_t wished;
	uint64_t own;
};

static void add_number(char *words, size_t size, const struct number *number)
{
	uint64_t value = number->is == NULL ? number->own : strtoull(number->is, NULL, 10);
	char text[24];

	if (number->wished == value) {
		return;
	}
	snprintf(text, sizeof(text), "%" PRIu64, number->wished);
	add_word(words, size, number->name, number->wished == number->own ? "-" : text);
}

/* What others hear of a bandwidth: bmx7 tells them its highest four bits. */
static uint64_t told_bandwidth(uint64_t bandwidth)
{
	unsigned int shift = 0;

	while (bandwidth >> shift > 15) {
		shift++;
	}
	return bandwidth >> shift << shift;
}

/* Every other bandwidth makes a new description, which the whole mesh hears: none for what it
 * would not hear of. */
static void add_bandwidth(char *words, size_t size, const char *is, uint64_t wished)
{
	char text[24];

	if (wished == 0 && is != NULL) {
		add_word(words, size, "/bandwidth", "-");
	}
	if (wished == 0) {
		return;
	}
	wished = wished < BANDWIDTH_MIN ? BANDWIDTH_MIN : wished;
	wished = wished > BANDWIDTH_MAX ? BANDWIDTH_MAX : wished;
	if (is == NULL || told_bandwidth(strtoull(is, NULL, 10)) != told_bandwidth(wished)) {
		snprintf(text, sizeof(text), "%" PRIu64, wished);
		add_word(words, size, "/bandwidth", text);
	}
}

static bool announcement_is_wished(const struct routing_wish *wish, const char *name)
{
	for (size_t i = 0; i < wish->announce_count; i++) {
		struct prefix network = prefix_network(&wish->announce[i].network);
		char wanted[BMX7_NAME_SIZE];
		bmx7_announcement_name(&network, wanted);
		if (!tunnel_announces(wish, &network) && strcmp(name, wanted) == 0) {
			return true;
		}
	}
	return false;
}

/* The words after "tunIn=NAME", "" when it is as wished. */
static void announcement_words(const struct bmx7_options *options, const struct bmx7_option *is,
	const struct routing_announcement *announcement, char *words, size_t size)
{
	static const char *const known[] = {"/network", "/bandwidth", NULL};
	struct prefix network = prefix_network(&announcement->network);
	const char *bandwidth = is == NULL ? NULL : bmx7_options_child(options, is, "/bandwidth");
	char text[PREFIX_TEXT_SIZE];

	if (is == NULL || !prefix_is(bmx7_options_child(options, is, "/network"), &network)) {
		prefix_format(&network, text);
		add_word(words, size, "/network", text);
	}
	add_bandwidth(words, size, bandwidth, announcement->bandwidth);
	if (is != NULL) {
		reset_children(options, is, known, words, size);
	}
}

/* Every node of a cloud announces the cloud's networks under the same names: an answer may enter
 * the cloud at any of them. */
static int difference_of_announcements(const struct bmx7_options *options,
	const struct routing_wish *wish, struct bmx7_commands *commands)
{
	int result = 0;

	for (size_t o = 0; o < options->count && result == 0; o++) {
		const struct bmx7_option *option = &options->items[o];
		if (strcasecmp(option->name, "tunIn") == 0 &&
			!announcement_is_wished(wish, option->value)) {
			result = bmx7_commands_add(commands, "tunIn=-%s", option->value);
		}
	}
	for (size_t i = 0; i < wish->announce_count && result == 0; i++) {
		struct prefix network = prefix_network(&wish->announce[i].network);
		char name[BMX7_NAME_SIZE];
		char words[BMX7_COMMAND_SIZE - 64] = "";
		bmx7_announcement_name(&network, name);
		if (network.ip.family == 0 || tunnel_announces(wish, &network)) {
			continue;
		}
		announcement_words(options, bmx7_options_find(options, "tunIn", name),
			&wish->announce[i], words, sizeof(words));
		if (words[0] != '\0') {
			result = bmx7_commands_add(commands, "tunIn=%s%s", name, words);
		}
	}
	return result;
}

/* What bmx7 would refuse, or not take as it is meant, is left out. */
static bool search_is_valid(const struct routing_search *search)
{
	return name_is_valid(search->name, OWN_NAME_MAX) && search->network.ip.family != 0 &&
	       (search->gateway[0] == '\0' || routing_state_is_node_id(search->gateway)) &&
	       search->metric <= INT32_MAX;
}

/* The words after "tunOut=NAME", "" when it is as wished. */
static void search_words(const struct bmx7_options *options, const struct bmx7_option *is,
	const struct routing_search *search, char *words, size_t size)
{
	static const char *const names[] = {"/network", "/setProto", "/maxPrefixLen", "/gwId",
		"/rating", "/ipMetric", NULL};
	enum { NETWORK, SET_PROTO, MAX_LENGTH, GATEWAY, RATING, METRIC, WORDS };
	struct prefix network = prefix_network(&search->network);
	bool bounded = search->max_length < ip_bits(&network.ip);
	const char *set[WORDS] = {0};
	char text[PREFIX_TEXT_SIZE];

	for (size_t i = 0; i < WORDS && is != NULL; i++) {
		set[i] = bmx7_options_child(options, is, names[i]);
	}
	uint32_t rating = search->rating > RATING_MAX ? RATING_MAX : search->rating;
	const struct number numbers[] = {{names[SET_PROTO], set[SET_PROTO], CHILD_BMX7_PROTOCOL, 0},
		{names[RATING], set[RATING], rating == 0 ? RATING_OWN : rating, RATING_OWN},
		{names[METRIC], set[METRIC], search->metric == 0 ? METRIC_OWN : search->metric,
			METRIC_OWN}};
	if (!prefix_is(set[NETWORK], &network)) {
		prefix_format(&network, text);
		add_word(words, size, names[NETWORK], text);
	}
	/* So that babeld, which would announce them as its own, knows bmx7's routes. */
	add_number(words, size, &numbers[0]);
	snprintf(text, sizeof(text), "%u", search->max_length);
	if (bounded && (set[MAX_LENGTH] == NULL || strcmp(set[MAX_LENGTH], text) != 0)) {
		add_word(words, size, names[MAX_LENGTH], text);
	} else if (!bounded && set[MAX_LENGTH] != NULL) {
		add_word(words, size, names[MAX_LENGTH], "-");
	}
	if (search->gateway[0] != '\0' &&
		(set[GATEWAY] == NULL || strcasecmp(set[GATEWAY], search->gateway) != 0)) {
		add_word(words, size, names[GATEWAY], search->gateway);
	} else if (search->gateway[0] == '\0' && set[GATEWAY] != NULL) {
		add_word(words, size, names[GATEWAY], "-");
	}
	add_number(words, size, &numbers[1]);
	add_number(words, size, &numbers[2]);
	if (is != NULL) {
		reset_children(options, is, names, words, size);
	}
}

static bool search_is_wished(const struct routing_wish *wish, const char *name)
{
	for (size_t i = 0; i < wish->search_count; i++) {
		if (strcmp(name, wish->search[i].name) == 0) {
			return search_is_valid(&wish->search[i]);
		}
	}
	return false;
}

/* New ones first: a tunnel that another search will need stands until that one holds it. */
static int difference_of_searches(const struct bmx7_options *options,
	const struct routing_wish *wish, struct bmx7_commands *commands)
{
	int result = 0;

	for (size_t i = 0; i < wish->search_count && result == 0; i++) {
		const struct routing_search *search = &wish->search[i];
		char words[BMX7_COMMAND_SIZE - 64] = "";
		if (!search_is_valid(search)) {
			continue;
		}
		search_words(options, bmx7_options_find(options, "tunOut", search->name), search,
			words, sizeof(words));
		if (words[0] != '\0') {
			result = bmx7_commands_add(commands, "tunOut=%s%s", search->name, words);
		}
	}
	for (size_t o = 0; o < options->count && result == 0; o++) {
		const struct bmx7_option *option = &options->items[o];
		if (strcasecmp(option->name, "tunOut") == 0 &&
			!search_is_wished(wish, option->value)) {
			result = bmx7_commands_add(commands, "tunOut=-%s", option->value);
		}
	}
	return result;
}

int bmx7_difference(const struct bmx7_options *options, const struct routing_wish *wish,
	bool tunnels, struct bmx7_commands *commands)
{
	struct bmx7_commands built = {0};
	int result = 0;

	/* The hostname first: the options of one message have an order. */
	if (name_is_valid(wish->hostname, HOSTNAME_MAX) &&
		bmx7_options_find(options, "hostname", wish->hostname) == NULL) {
		result = bmx7_commands_add(&built, "hostname=%s", wish->hostname);
	}
	if (result == 0) {
		result = difference_of_devices(options, wish, &built);
	}
	if (result == 0 && tunnels) {
		result = difference_of_tunnel_device(options, wish, &built);
	}
	if (result == 0 && tunnels) {
		result = difference_of_announcements(options, wish, &built);
	}
	if (result == 0 && tunnels) {
		result = difference_of_searches(options, wish, &built);
	}
	if (result < 0) {
		bmx7_commands_free(&built);
		return result;
	}
	*commands = built;
	return 0;
}
