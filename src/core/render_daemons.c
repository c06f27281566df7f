/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The children's arguments. A change of arguments restarts a child, so they hold only what it
 * takes at its start alone, or what must be there before anything else is; devices, tunnels, names
 * and roles are given to the running program (routing/routing.h, cloud/cloud.h). */
#include <stdio.h>

#include "base/cleanup.h"
#include "core/render_parts.h"

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
