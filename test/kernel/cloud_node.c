/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One node's sharing without the rest of meshd: the cloud room with a poll loop of its own, driven
 * by lines on standard input, each answered by one line. For cloud_cases.py.
 *
 *     cloud_node RUN_DIR STATE_DIR NUMBER ROLE PERIOD PRIMARIES_MAX LINK */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cloud/cloud.h"

struct node {
	struct cloud *cloud;
	pid_t dnsmasq;
	unsigned int reloads;
	bool asked;
	bool asked_dnsmasq;
	double asked_at;
	double answers_at; /* when alfred is asked by itself; as the supervisor does */
	bool watch;
	bool answers;
	double changed_at;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void say_json(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	printf("%s\n", text == NULL ? "null" : text);
	free(text);
	json_decref(json);
}

static void on_answer(void *context, bool works)
{
	struct node *node = context;

	if (node->asked) {
		node->asked = false;
		printf("{\"works\":%s,\"seconds\":%.3f}\n", works ? "true" : "false",
			now() - node->asked_at);
	}
	if (node->watch && works != node->answers) {
		node->answers = works;
		node->changed_at = now();
		cloud_on_alfred(node->cloud, works, now());
	}
}

static void on_dnsmasq_answer(void *context, bool works)
{
	struct node *node = context;

	if (node->asked_dnsmasq) {
		node->asked_dnsmasq = false;
		printf("{\"works\":%s,\"seconds\":%.3f}\n", works ? "true" : "false",
			now() - node->asked_at);
	}
}

static void on_reload_wanted(void *context)
{
	struct node *node = context;

	node->reloads++;
	if (node->dnsmasq > 0) {
		kill(node->dnsmasq, SIGHUP);
	}
}

static bool obey(struct node *node, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, "leases") == 0) {
		say_json(cloud_leases_to_json(node->cloud, now()));
	} else if (strcmp(line, "nodes") == 0) {
		say_json(cloud_nodes_to_json(node->cloud, now()));
	} else if (strcmp(line, "cloud") == 0) {
		say_json(cloud_to_json(node->cloud, now()));
	} else if (strcmp(line, "state") == 0) {
		printf("{\"answers\":%s,\"since\":%.3f,\"reloads\":%u}\n",
			node->answers ? "true" : "false", now() - node->changed_at, node->reloads);
	} else if (strncmp(line, "dnsmasq ", 8) == 0) {
		node->dnsmasq = atoi(line + 8);
		printf("{}\n");
	} else if (strcmp(line, "ask") == 0) {
		node->asked = true;
		node->asked_at = now();
		cloud_ask(node->cloud, now());
	} else if (strcmp(line, "ask-dnsmasq") == 0) {
		node->asked_dnsmasq = true;
		node->asked_at = now();
		cloud_ask_dnsmasq(node->cloud, now());
	} else {
		return false;
	}
	return true;
}

static void make_wish(struct cloud_wish *wish, char **argv)
{
	unsigned int number = (unsigned int)atoi(argv[3]);

	*wish = (struct cloud_wish){.mac.bytes = {2, 0, 0, 0, (uint8_t)(number >> 8),
					    (uint8_t)number},
		.source.bytes = {2, 1, 0, 0, (uint8_t)(number >> 8), (uint8_t)number},
		.share = true,
		.serve = true,
		.lease_seconds = 3600,
		.primaries_max = (unsigned int)atoi(argv[6]),
		.sync_seconds = atof(argv[5]),
		.type = 77};
	snprintf(wish->hostname, sizeof(wish->hostname), "node%u", number);
	snprintf(wish->version, sizeof(wish->version), "test");
	snprintf(wish->domain, sizeof(wish->domain), "mesh.test");
	snprintf(wish->release_link, sizeof(wish->release_link), "%s", argv[7]);
	prefix_parse("10.13.0.0/16", &wish->ipv4);
	wish->ipv4.ip = ip_add(&wish->ipv4.ip, 10 + number);
	ip_parse("10.13.0.1", &wish->server);
	ip_parse("10.13.64.0", &wish->pool_first);
	ip_parse("10.13.255.254", &wish->pool_last);
	wish->role = strcmp(argv[4], "primary") == 0     ? CLOUD_ROLE_PRIMARY
		     : strcmp(argv[4], "secondary") == 0 ? CLOUD_ROLE_SECONDARY
							 : CLOUD_ROLE_AUTO;
}

/* A turn of the loop. False when standard input ended. */
static bool turn(struct node *node)
{
	double deadline = fmin(cloud_deadline(node->cloud), node->answers_at);
	double wait = fmax(deadline - now(), 0);
	struct pollfd fds[] = {{.fd = cloud_fd(node->cloud), .events = POLLIN},
		{.fd = STDIN_FILENO, .events = POLLIN}};
	char line[256];

	if (poll(fds, 2, (int)fmin(ceil(wait * 1000), 60000)) < 0 && errno != EINTR) {
		return false;
	}
	if (fds[0].revents != 0) {
		cloud_on_readable(node->cloud, now());
	}
	if (cloud_deadline(node->cloud) <= now()) {
		cloud_on_timer(node->cloud, now());
	}
	if (node->answers_at <= now()) {
		node->answers_at = now() + (node->answers ? 2.0 : 0.25);
		cloud_ask(node->cloud, now());
	}
	if (fds[1].revents != 0) {
		return fgets(line, sizeof(line), stdin) != NULL && obey(node, line);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct node node = {.watch = true, .changed_at = now()};
	const struct cloud_listener listener = {on_answer, on_dnsmasq_answer, on_reload_wanted,
		&node};
	struct cloud_wish wish;
	struct err err = {0};

	if (argc != 8) {
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	make_wish(&wish, argv);
	if (cloud_open(&node.cloud, argv[1], argv[2], &listener, &err) < 0 ||
		cloud_set_wish(node.cloud, &wish, now(), &err) < 0) {
		fprintf(stderr, "cloud_node: %s\n", err.text);
		return 1;
	}
	node.answers_at = now();
	while (turn(&node)) {
	}
	cloud_close(node.cloud);
	return 0;
}
