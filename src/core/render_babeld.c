/* SPDX-License-Identifier: GPL-2.0-or-later */
/* babeld's arguments: the tables that it reads and writes, and what it may announce. A change
 * restarts it, so they follow from the configuration alone. */
#include <stdio.h>

#include "base/cleanup.h"
#include "core/gateway.h"
#include "core/render_parts.h"

/* babeld does not start without an interface, so it is named one that never is. */
#define BABELD_NO_INTERFACE "meshd-none"
#define BMX7_MESH_NETWORK   "fd70::/16"
#define WITHDRAWN_METRIC    65534 /* one less than Babel's infinity */

/* "-C", STATEMENT */
static int add_statement(struct child_arguments *arguments, const char *statement)
{
	const char *const words[] = {"-C", statement, NULL};

	return render_words(arguments, words);
}

/* lengths: " eq 16", " le 24" or "". */
static int add_redistribute(struct child_arguments *arguments, const struct prefix *network,
	const char *rest)
{
	char statement[192];
	char text[PREFIX_TEXT_SIZE];

	prefix_format(network, text);
	snprintf(statement, sizeof(statement), "redistribute ip %s%s", text, rest);
	return add_statement(arguments, statement);
}

static int add_cloud_network(struct child_arguments *arguments, const struct prefix *network)
{
	char rest[48];

	/* Its route is meshd's own, see core/desired.h. */
	snprintf(rest, sizeof(rest), " eq %u proto %d allow", network->length, STATE_PROTOCOL);
	return add_redistribute(arguments, network, rest);
}

/* What the announced default route costs more than the way through the mesh. */
static int offer_metric(const struct config *config)
{
	int metric = -1;

	for (size_t i = 0; i < config->uplink_count; i++) {
		const struct uplink_config *uplink = &config->uplinks[i];
		if (uplink->share != UPLINK_SHARE_NEVER &&
			(metric < 0 || uplink->metric < metric)) {
			metric = uplink->metric;
		}
	}
	return metric < 0 ? 0 : metric;
}

/* babeld before 1.12.2 forgets to tell its neighbours that a route of the kernel is gone (it tells
 * them so of another one), who keep it for a minute. So what is withdrawn is announced for some
 * seconds more, from STATE_TABLE_WITHDRAWN, at a cost that no neighbour can add to: to them that is
 * a retraction. */
static int add_withdrawn(struct child_arguments *arguments, const struct prefix *network,
	unsigned int length)
{
	char rest[64];

	snprintf(rest, sizeof(rest), " eq %u proto %d metric %d", length, STATE_PROTOCOL,
		WITHDRAWN_METRIC);
	return add_redistribute(arguments, network, rest);
}

/* Of default routes only that of STATE_TABLE_OFFER, which is there while an uplink truly works;
 * one in the main table only says that somebody gave this node an address. */
static int add_default(const struct config *config, struct child_arguments *arguments,
	const struct prefix *network)
{
	int metric = offer_metric(config);
	char action[24] = "allow";
	char rest[64];

	if (metric > 0) {
		snprintf(action, sizeof(action), "metric %d", metric);
	}
	snprintf(rest, sizeof(rest), " eq 0 proto %d %s", STATE_PROTOCOL_OFFER, action);
	int rc = add_redistribute(arguments, network, rest);
	if (rc == 0) {
		rc = add_withdrawn(arguments, network, 0);
	}
	return rc < 0 ? rc : add_redistribute(arguments, network, " eq 0 deny");
}

static int add_networks(const struct config *config, struct child_arguments *arguments,
	const struct network_config *networks, size_t count)
{
	char rest[32];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct network_config *network = &networks[i];
		if (network->network.length == 0 && config->gateway.enabled) {
			rc = add_default(config, arguments, &network->network);
			if (rc < 0 || network->max_length == 0) {
				continue;
			}
		}
		if (network->max_length < 0) {
			snprintf(rest, sizeof(rest), " allow");
		} else {
			snprintf(rest, sizeof(rest), " le %d allow", network->max_length);
		}
		rc = add_redistribute(arguments, &network->network, rest);
	}
	return rc;
}

/* The address that stands for this node's uplink (core/gateway.h), while it is there. */
static int add_offers(struct child_arguments *arguments)
{
	struct prefix network;
	int rc = prefix_parse(GATEWAY_OFFER_NETWORK, &network);

	if (rc == 0) {
		rc = add_statement(arguments,
			"redistribute local ip " GATEWAY_OFFER_NETWORK " eq 128 allow");
	}
	if (rc == 0) {
		rc = add_withdrawn(arguments, &network, 128);
	}
	return rc < 0 ? rc : add_redistribute(arguments, &network, " deny");
}

/* Which tables babeld reads and writes. Other ones it does not see, so that what stands in meshd's
 * is never announced. */
static int add_tables(struct child_arguments *arguments)
{
	char imported[2][48];
	char installed[2][64];

	/* One that is named takes the place of the usual one. */
	snprintf(imported[0], sizeof(imported[0]), "import-table %d", STATE_TABLE_OFFER);
	snprintf(imported[1], sizeof(imported[1]), "import-table %d", STATE_TABLE_WITHDRAWN);
	snprintf(installed[0], sizeof(installed[0]), "install ip 0.0.0.0/0 eq 0 table %d",
		STATE_TABLE_BABELD);
	snprintf(installed[1], sizeof(installed[1]), "install ip ::/0 eq 0 table %d",
		STATE_TABLE_BABELD);
	const char *const words[] = {"-C", "import-table 254", "-C", imported[0], "-C", imported[1],
		"-C", installed[0], "-C", installed[1], NULL};

	return render_words(arguments, words);
}

/* babeld takes no rules at run time. The first that matches decides. */
static int add_redistribute_rules(const struct render_input *input,
	struct child_arguments *arguments)
{
	const struct config *config = input->config;
	char bmx7_tunnels[48];
	int rc;

	/* What bmx7 knows reaches others by bmx7: a node in between would promise it at no cost. */
	snprintf(bmx7_tunnels, sizeof(bmx7_tunnels), "redistribute proto %d deny",
		CHILD_BMX7_PROTOCOL);
	rc = add_statement(arguments, bmx7_tunnels);
	if (rc == 0) {
		rc = add_statement(arguments, "redistribute ip " BMX7_MESH_NETWORK " deny");
	}
	if (rc == 0) {
		rc = add_cloud_network(arguments, &input->identity->subnet_ipv4);
	}
	if (rc == 0) {
		rc = add_cloud_network(arguments, &input->identity->subnet_ipv6);
	}
	if (rc == 0 && config->gateway.enabled) {
		rc = add_offers(arguments);
	}
	if (rc == 0) {
		rc = add_networks(config, arguments, config->babeld.networks,
			config->babeld.network_count);
	}
	if (rc == 0) {
		rc = add_networks(config, arguments, config->babeld.announce,
			config->babeld.announce_count);
	}
	if (rc == 0) {
		rc = add_statement(arguments, "redistribute local deny");
	}
	return rc < 0 ? rc : add_statement(arguments, "redistribute deny");
}

int render_babeld(const struct render_input *input, struct child_arguments *arguments,
	struct err *err)
{
	CLEANUP(child_arguments_free)
	struct child_arguments built = {0};
	char socket[RENDER_SOCKET_SIZE];
	char state[RENDER_PATH_SIZE];
	char file[RENDER_PATH_SIZE];

	int rc = render_path(input->run_dir, CHILD_BABELD_SOCKET, socket, sizeof(socket), err);
	if (rc == 0) {
		rc = render_path(input->state_dir, CHILD_BABELD_STATE, state, sizeof(state), err);
	}
	if (rc == 0) {
		rc = render_path(input->run_dir, CHILD_BABELD_CONFIG, file, sizeof(file), err);
	}
	if (rc < 0) {
		return rc;
	}
	/* The file holds the router id, another one at each start: see routing/babeld_file.h. */
	const char *const words[] = {"-I", "", "-S", state, "-G", socket, "-c", file, "-C",
		"skip-kernel-setup true",
		/* "default type" does not reach interfaces that come at run time; -w does. */
		input->config->babeld_link_type == BABELD_LINK_WIRELESS ? "-w" : NULL, NULL};

	rc = render_program(&built, CHILD_BABELD, &input->config->babeld.program);
	if (rc == 0) {
		rc = render_words(&built, words);
	}
	if (rc == 0 && input->config->gateway.enabled) {
		rc = add_tables(&built);
	}
	if (rc == 0) {
		rc = add_redistribute_rules(input, &built);
	}
	if (rc == 0) {
		rc = child_arguments_add(&built, "%s", BABELD_NO_INTERFACE);
	}
	if (rc == 0) {
		*arguments = built;
		built = (struct child_arguments){0};
	}
	return rc;
}
