/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The children's arguments. A change of arguments restarts a child, so they hold only what it
 * takes at its start alone, or what must be there before anything else is; devices, tunnels, names
 * and roles are given to the running program (routing/routing.h, cloud/cloud.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/render_parts.h"

/* babeld does not start without an interface, so it is named one that never is. */
#define BABELD_NO_INTERFACE "meshd-none"
#define BMX7_MESH_NETWORK   "fd70::/16"

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
	char statement[128];
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

static int add_networks(struct child_arguments *arguments, const struct network_config *networks,
	size_t count)
{
	char rest[32];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (networks[i].max_length < 0) {
			snprintf(rest, sizeof(rest), " allow");
		} else {
			snprintf(rest, sizeof(rest), " le %d allow", networks[i].max_length);
		}
		rc = add_redistribute(arguments, &networks[i].network, rest);
	}
	return rc;
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
	if (rc == 0) {
		rc = add_networks(arguments, config->babeld.networks, config->babeld.network_count);
	}
	if (rc == 0) {
		rc = add_networks(arguments, config->babeld.announce,
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

	int rc = render_path(input->run_dir, CHILD_BABELD_SOCKET, socket, sizeof(socket), err);
	if (rc == 0) {
		rc = render_path(input->state_dir, CHILD_BABELD_STATE, state, sizeof(state), err);
	}
	if (rc < 0) {
		return rc;
	}
	/* A fixed router id would shut the node out for minutes after a crash: the sequence number
	 * is lost then (babeld takes its state file away at the start) and the others wait until
	 * their memory of a newer one expires. A new id has no past. */
	const char *const words[] = {"-I", "", "-S", state, "-G", socket, "-c", "/dev/null", "-r",
		"-C", "skip-kernel-setup true",
		/* "default type" does not reach interfaces that come at run time; -w does. */
		input->config->babeld_link_type == BABELD_LINK_WIRELESS ? "-w" : NULL, NULL};

	rc = render_program(&built, CHILD_BABELD, &input->config->babeld.program);
	if (rc == 0) {
		rc = render_words(&built, words);
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

int render_bmx7(const struct render_input *input, struct child_arguments *arguments,
	struct err *err)
{
	CLEANUP(child_arguments_free)
	struct child_arguments built = {0};
	char run_dir[RENDER_PATH_SIZE];
	char socket[RENDER_SOCKET_SIZE];
	char key[RENDER_PATH_SIZE - 10]; /* with its option in one word */
	char sequence[RENDER_PATH_SIZE - 12];

	int rc = render_path(input->run_dir, CHILD_BMX7_DIR "/sock", socket, sizeof(socket), err);
	if (rc == 0) {
		rc = render_path(input->run_dir, CHILD_BMX7_DIR, run_dir, sizeof(run_dir), err);
	}
	if (rc == 0) {
		rc = render_path(input->state_dir, CHILD_BMX7_KEY, key, sizeof(key), err);
	}
	if (rc == 0) {
		rc = render_path(input->state_dir, CHILD_BMX7_SEQUENCE, sequence, sizeof(sequence),
			err);
	}
	if (rc == 0) {
		rc = render_program(&built, CHILD_BMX7, &input->config->bmx7.program);
	}
	/* In the order that bmx7 demands. */
	if (rc == 0) {
		rc = child_arguments_add(&built, "runtimeDir=%s", run_dir);
	}
	const char *const plugins[] = {"plugin=bmx7_json.so", "plugin=bmx7_tun.so", "nodeRsaKey=6",
		NULL};
	if (rc == 0) {
		rc = render_words(&built, plugins);
	}
	if (rc == 0) {
		rc = child_arguments_add(&built, "/keyPath=%s", key);
	}
	if (rc == 0) {
		rc = child_arguments_add(&built, "autoSysctl=0");
	}
	if (rc == 0) {
		rc = child_arguments_add(&built, "descSqnPath=%s", sequence);
	}
	const char *const rest[] = {"jsonUpdateInterval=10000000", "tunOutTimeout=0",
		"dbgMuteTimeout=1000000", "syslog=0", "debug=0", NULL};
	if (rc == 0) {
		rc = render_words(&built, rest);
	}
	if (rc == 0) {
		*arguments = built;
		built = (struct child_arguments){0};
	}
	return rc;
}

int render_alfred(const struct render_input *input, struct child_arguments *arguments,
	struct err *err)
{
	const struct config *config = input->config;
	CLEANUP(child_arguments_free)
	struct child_arguments built = {0};
	char socket[RENDER_SOCKET_SIZE];
	char period[32];

	int rc = render_path(input->run_dir, CHILD_ALFRED_SOCKET, socket, sizeof(socket), err);
	rc = rc < 0 ? rc : render_check_link(config->lan.bridge, "$.lan.bridge", err);
	if (rc < 0) {
		return rc;
	}
	snprintf(period, sizeof(period), "%d.%03d", config->alfred.sync_period / 1000,
		config->alfred.sync_period % 1000);
	const char *const words[] = {"-f", "-i", config->lan.bridge, "-b", "none", "-u", socket,
		"-p", period, NULL};

	rc = render_program(&built, CHILD_ALFRED, &config->alfred.program);
	if (rc == 0) {
		rc = render_words(&built, words);
	}
	if (rc == 0) {
		*arguments = built;
		built = (struct child_arguments){0};
	}
	return rc;
}

int render_dnsmasq(const struct render_input *input, struct child_arguments *arguments,
	struct err *err)
{
	CLEANUP(child_arguments_free)
	struct child_arguments built = {0};
	char file[RENDER_PATH_SIZE];

	int rc = render_path(input->run_dir, CHILD_DNSMASQ_CONFIG, file, sizeof(file), err);
	if (rc < 0) {
		return rc;
	}
	const char *const words[] = {"-k", "-C", file, NULL};

	rc = render_program(&built, CHILD_DNSMASQ, &input->config->dhcp.program);
	if (rc == 0) {
		rc = render_words(&built, words);
	}
	if (rc == 0) {
		*arguments = built;
		built = (struct child_arguments){0};
	}
	return rc;
}
