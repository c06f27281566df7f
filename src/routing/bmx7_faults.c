/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/bmx7_faults.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define WORDS_MAX      12
#define PROC_LINE_MAX  256
#define FLAG_TENTATIVE 0x40 /* IFA_F_TENTATIVE */
#define FLAG_FAILED    0x08 /* IFA_F_DADFAILED */

/* Splits the next line into its words; 0 at the end. line holds them. */
static size_t next_line(const char **text, char line[PROC_LINE_MAX], char *words[WORDS_MAX])
{
	while (**text != '\0') {
		size_t length = strcspn(*text, "\n");
		size_t kept = length < PROC_LINE_MAX ? length : PROC_LINE_MAX - 1;
		size_t count = 0;
		char *save = NULL;
		memcpy(line, *text, kept);
		line[kept] = '\0';
		*text += length + ((*text)[length] == '\n' ? 1 : 0);
		for (char *word = strtok_r(line, " \t", &save); word != NULL && count < WORDS_MAX;
			word = strtok_r(NULL, " \t", &save)) {
			words[count++] = word;
		}
		if (count > 0) {
			return count;
		}
	}
	return 0;
}

/* An address as /proc prints it: 32 digits without colons. */
static void hex_format(const struct ip *ip, char text[33])
{
	for (size_t i = 0; i < sizeof(ip->bytes); i++) {
		snprintf(text + 2 * i, 3, "%02x", ip->bytes[i]);
	}
}

/* if_inet6: address, index, length, scope, flags, device. */
bool bmx7_faults_lost_address(const struct bmx7_machine *machine, const char *link,
	const struct ip *primary)
{
	const char *text = machine->addresses;
	char line[PROC_LINE_MAX];
	char *words[WORDS_MAX];
	char own[33];
	bool ready = false;

	hex_format(primary, own);
	for (size_t count; (count = next_line(&text, line, words)) > 0;) {
		if (count != 6 || strcmp(words[5], link) != 0) {
			continue;
		}
		if (strcmp(words[0], own) == 0) {
			return false;
		}
		unsigned long flags = strtoul(words[4], NULL, 16);
		ready = ready || (strncmp(words[0], "fe80", 4) == 0 &&
					 (flags & (FLAG_TENTATIVE | FLAG_FAILED)) == 0);
	}
	return ready;
}

static bool link_matches(const char *link, const char *pattern)
{
	size_t length = strlen(pattern);

	if (length > 0 && pattern[length - 1] == '*') {
		return strncmp(link, pattern, length - 1) == 0;
	}
	return strcmp(link, pattern) == 0;
}

/* ipv6_route: destination, length, source, length, next hop, metric, references, use, flags,
 * device. The addresses of the machine itself are among them, with RTF_LOCAL. */
static bool has_ipv6_route(const char *text, const struct prefix *destination, const char *link)
{
	char line[PROC_LINE_MAX];
	char *words[WORDS_MAX];
	char wanted[33];
	char length[4];

	hex_format(&destination->ip, wanted);
	snprintf(length, sizeof(length), "%02x", destination->length);
	for (size_t count; (count = next_line(&text, line, words)) > 0;) {
		if (count == 10 && strcmp(words[0], wanted) == 0 && strcmp(words[1], length) == 0 &&
			link_matches(words[9], link) && words[8][0] != '8') {
			return true;
		}
	}
	return false;
}

/* route: device, destination, gateway, flags, references, use, metric, mask, ...; numbers are in
 * the machine's order of the bytes as they lie in memory. */
static bool has_ipv4_route(const char *text, const struct prefix *destination, const char *link)
{
	char line[PROC_LINE_MAX];
	char *words[WORDS_MAX];
	uint32_t address;
	struct prefix mask = {.ip = {.family = AF_INET, .bytes = {0xff, 0xff, 0xff, 0xff}},
		.length = destination->length};
	uint32_t mask_bytes;

	mask = prefix_network(&mask);
	memcpy(&address, destination->ip.bytes, sizeof(address));
	memcpy(&mask_bytes, mask.ip.bytes, sizeof(mask_bytes));
	for (size_t count; (count = next_line(&text, line, words)) > 0;) {
		if (count >= 8 && link_matches(words[0], link) &&
			strtoul(words[1], NULL, 16) == address &&
			strtoul(words[7], NULL, 16) == mask_bytes &&
			strcmp(words[0], "Iface") != 0) {
			return true;
		}
	}
	return false;
}

bool bmx7_faults_has_route(const struct bmx7_machine *machine, const struct prefix *destination,
	const char *link)
{
	if (destination->ip.family == AF_INET) {
		return has_ipv4_route(machine->ipv4_routes, destination, link);
	}
	return has_ipv6_route(machine->ipv6_routes, destination, link);
}

/* The search (tunOut) that a tunnel's route came from: the one whose network holds it, the
 * narrowest first. NULL: none. */
static const struct bmx7_option *find_search(const struct bmx7_options *options,
	const struct prefix *network)
{
	const struct bmx7_option *best = NULL;
	int best_length = -1;

	for (size_t i = 0; i < options->count; i++) {
		const struct bmx7_option *option = &options->items[i];
		const char *text = strcasecmp(option->name, "tunOut") == 0
					   ? bmx7_options_child(options, option, "/network")
					   : NULL;
		struct prefix search;
		if (text == NULL || prefix_parse(text, &search) < 0 ||
			search.ip.family != network->ip.family || search.length > network->length ||
			search.length <= best_length) {
			continue;
		}
		struct prefix inside = {.ip = network->ip, .length = search.length};
		inside = prefix_network(&inside);
		search = prefix_network(&search);
		if (memcmp(&inside, &search, sizeof(inside)) == 0) {
			best = option;
			best_length = search.length;
		}
	}
	return best;
}

static int mend_devices(const struct bmx7_machine *machine, const struct bmx7_answer *answer,
	struct bmx7_commands *commands, char *text, size_t size)
{
	int result = 0;

	for (size_t i = 0; i < answer->interface_count && result == 0; i++) {
		const struct bmx7_interface *interface = &answer->interfaces[i];
		/* A device that lost bmx7's address stays DOWN until it is taken away and given
		 * again. */
		if (interface->up ||
			!bmx7_faults_lost_address(machine, interface->name, &answer->primary)) {
			continue;
		}
		snprintf(text, size, "%s lost bmx7's address and is given to it anew",
			interface->name);
		result = bmx7_commands_add(commands, "dev=-%s", interface->name);
	}
	return result;
}

int bmx7_faults_find(const struct bmx7_machine *machine, const struct bmx7_answer *answer,
	struct bmx7_commands *commands, char *text, size_t size)
{
	const struct routing_state *state = &answer->state;
	bool flush = false;

	text[0] = '\0';
	int result = mend_devices(machine, answer, commands, text, size);
	/* Routes that somebody deleted stay away: bmx7 never looks. */
	for (size_t i = 0; i < state->route_count && result == 0 && commands->count == 0; i++) {
		const struct routing_route *route = &state->routes[i];
		bool tunnel = route->via.family == 0;
		char network[PREFIX_TEXT_SIZE];
		if (bmx7_faults_has_route(machine, &route->destination,
			    tunnel ? "X7*" : route->link)) {
			continue;
		}
		prefix_format(&route->destination, network);
		snprintf(text, size,
			"bmx7's route to %s is not in the kernel: deleted, or hidden "
			"by another of metric 1024",
			network);
		const struct bmx7_option *search =
			tunnel ? find_search(&answer->options, &route->destination) : NULL;
		if (search != NULL) {
			result = bmx7_commands_add(commands, "tunOut=-%s", search->value);
		} else if (!tunnel && !flush) {
			/* Learns all nodes anew: their routes are back after some 7 s. */
			flush = true;
			result = bmx7_commands_add(commands, "flushAll");
		}
	}
	return result;
}
