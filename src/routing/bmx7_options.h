/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bmx7's configuration as it runs (the text that "parameters" prints) and what has to be said to it
 * so that it becomes the one wished. Pure. */
#ifndef ROUTING_BMX7_OPTIONS_H
#define ROUTING_BMX7_OPTIONS_H

#include "routing/routing.h"

/* bmx7 refuses words of 200 or more bytes. */
struct bmx7_option {
	char name[32]; /* "dev"; "/network" follows its parent */
	char value[200];
	bool child;
};

struct bmx7_options {
	struct bmx7_option *items;
	size_t count;
};

/* What has to be said, one object a command. */
#define BMX7_COMMAND_SIZE 400
struct bmx7_commands {
	char (*items)[BMX7_COMMAND_SIZE];
	size_t count;
};

/* Takes the lines from "PARAMETERS:" on. 0, -EINVAL (no such text, or not what bmx7 prints),
 * -E2BIG or -ENOMEM. */
int bmx7_options_parse(const char *text, size_t length, struct bmx7_options *options);
void bmx7_options_free(struct bmx7_options *options);
/* The first option of that name and (unless NULL) value; NULL when there is none. */
const struct bmx7_option *bmx7_options_find(const struct bmx7_options *options, const char *name,
	const char *value);
/* The value of a parent's child, NULL when it has none. */
const char *bmx7_options_child(const struct bmx7_options *options, const struct bmx7_option *parent,
	const char *name);

/* tunnels: bmx7 has the tun plugin and the machine what tunnels need; else nothing is said about
 * them. 0 or -ENOMEM. */
int bmx7_difference(const struct bmx7_options *options, const struct routing_wish *wish,
	bool tunnels, struct bmx7_commands *commands);
void bmx7_commands_free(struct bmx7_commands *commands);
int bmx7_commands_add(struct bmx7_commands *commands, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The name of the announcement (tunIn) of a network: "n0a01_16", the bytes that matter; of a
 * default route "inet4" or "inet6". */
#define BMX7_NAME_SIZE 40
void bmx7_announcement_name(const struct prefix *network, char name[BMX7_NAME_SIZE]);

#define BMX7_TUNNEL_DEVICE "main" /* the kernel's X7main */

#endif
