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

static bool link_matches(const struct bmx7_route *wanted, const char *link)
{
	return (wanted->link == NULL || strcmp(link, wanted->link) == 0) &&
	       (wanted->not_link == NULL || strcmp(link, wanted->not_link) != 0);
}

static bool metric_matches(const struct bmx7_route *wanted, const char *word, int base)
{
	return wanted->metric == 0 || strtoul(word, NULL, base) == wanted->metric;
}

/* ipv6_route: destination, length, source, length, next hop, metric, references, use, flags,
 * device. The addresses of the machine itself are among them, with RTF_LOCAL. */
static bool has_ipv6_route(const char *text, const struct bmx7_route *wanted)
{
	char line[PROC_LINE_MAX];
	char *words[WORDS_MAX];
	char destination[33];
	char length[4];

	hex_format(&wanted->destination.ip, destination);
	snprintf(length, sizeof(length), "%02x", wanted->destination.length);
	for (size_t count; (count = next_line(&text, line, words)) > 0;) {
		/* "lo" stands for refusing ones too, such as the kernel's own last route. */
		if (count == 10 && strcmp(words[0], destination) == 0 &&
			strcmp(words[1], length) == 0 && strcmp(words[9], "lo") != 0 &&
			link_matches(wanted, words[9]) && metric_matches(wanted, words[5], 16) &&
			words[8][0] != '8') {
			return true;
		}
	}
	return false;
}

/* route: device, destination, gateway, flags, references, use, metric, mask, ...; numbers are in
 * the machine's order of the bytes as they lie in memory. */
static bool has_ipv4_route(const char *text, const struct bmx7_route *wanted)
{
	char line[PROC_LINE_MAX];
	char *words[WORDS_MAX];
	uint32_t address;
	struct prefix mask = {.ip = {.family = AF_INET, .bytes = {0xff, 0xff, 0xff, 0xff}},
		.length = wanted->destination.length};
	uint32_t mask_bytes;

	mask = prefix_network(&mask);
	memcpy(&address, wanted->destination.ip.bytes, sizeof(address));
	memcpy(&mask_bytes, mask.ip.bytes, sizeof(mask_bytes));
	for (size_t count; (count = next_line(&text, line, words)) > 0;) {
		if (count >= 8 && link_matches(wanted, words[0]) &&
			metric_matches(wanted, words[6], 10) &&
			strtoul(words[1], NULL, 16) == address &&
			strtoul(words[7], NULL, 16) == mask_bytes &&
			strcmp(words[0], "Iface") != 0) {
			return true;
		}
	}
	return false;
}

bool bmx7_faults_has_route(const struct bmx7_machine *machine, const struct bmx7_route *wanted)
{
	if (wanted->destination.ip.family == AF_INET) {
		return has_ipv4_route(machine->ipv4_routes, wanted);
	}
	return has_ipv6_route(machine->ipv6_routes, wanted);
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

static void say_missing(const struct prefix *destination, uint32_t metric, char *text, size_t size)
{
	char network[PREFIX_TEXT_SIZE];

	prefix_format(destination, network);
	snprintf(text, size,
		"bmx7's route to %s is not in the kernel: deleted, or hidden by another of metric "
		"%u",
		network, metric == 0 ? 1024 : metric);
}

/* Learns all nodes anew: their routes are back after some 7 s. */
static int mend_mesh_routes(const struct bmx7_machine *machine, const struct bmx7_answer *answer,
	struct bmx7_commands *commands, char *text, size_t size)
{
	for (size_t i = 0; i < answer->state.route_count; i++) {
		const struct routing_route *route = &answer->state.routes[i];
		struct bmx7_route wanted = {.destination = route->destination, .link = route->link};
		if (route->via.family != 0 && !bmx7_faults_has_route(machine, &wanted)) {
			say_missing(&route->destination, 0, text, size);
			return bmx7_commands_add(commands, "flushAll");
		}
	}
	return 0;
}

/* Is it gone, and does that matter? */
static bool tunnel_lost_route(const struct bmx7_machine *machine, const struct bmx7_tunnel *tunnel)
{
	struct bmx7_route own = {.destination = tunnel->route,
		.link = tunnel->link,
		.metric = tunnel->metric};
	struct bmx7_route other = {.destination = tunnel->route,
		.not_link = tunnel->link,
		.metric = tunnel->metric};

	if (bmx7_faults_has_route(machine, &own)) {
		return false;
	}
	/* Where a table of ours goes before, a default route that took the place of bmx7's has no
	 * effect; mending would only take the tunnel down. */
	return tunnel->route.length > 0 || machine->defaults_matter ||
	       !bmx7_faults_has_route(machine, &other);
}

/* A search that is removed is missing from the next look, so that the difference adds it again. All
 * that lost their route at once: each is a search of its own. */
static int mend_tunnels(const struct bmx7_machine *machine, const struct bmx7_answer *answer,
	struct bmx7_commands *commands, char *text, size_t size)
{
	int result = 0;

	for (size_t i = 0; i < answer->tunnel_count && result == 0; i++) {
		const struct bmx7_tunnel *tunnel = &answer->tunnels[i];
		char command[sizeof(tunnel->search) + 16];
		bool said = false;
		snprintf(command, sizeof(command), "tunOut=-%s", tunnel->search);
		for (size_t k = 0; k < commands->count; k++) {
			said = said || strcmp(commands->items[k], command) == 0;
		}
		if (said || bmx7_options_find(&answer->options, "tunOut", tunnel->search) == NULL ||
			!tunnel_lost_route(machine, tunnel)) {
			continue;
		}
		say_missing(&tunnel->route, tunnel->metric, text, size);
		result = bmx7_commands_add(commands, "%s", command);
	}
	return result;
}

int bmx7_faults_find(const struct bmx7_machine *machine, const struct bmx7_answer *answer,
	struct bmx7_commands *commands, char *text, size_t size)
{
	text[0] = '\0';
	/* One kind at a time: the others may follow from it. Routes that somebody deleted stay
	 * away: bmx7 never looks. */
	int result = mend_devices(machine, answer, commands, text, size);
	if (result == 0 && commands->count == 0) {
		result = mend_mesh_routes(machine, answer, commands, text, size);
	}
	if (result == 0 && commands->count == 0) {
		result = mend_tunnels(machine, answer, commands, text, size);
	}
	return result;
}
