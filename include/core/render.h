/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the children are told: argument lists and dnsmasq's configuration. */
#ifndef CORE_RENDER_H
#define CORE_RENDER_H

#include "base/err.h"
#include "core/child.h"
#include "core/config.h"
#include "core/identity.h"
#include "core/state.h"

/* What a rendering reads; everything borrowed. */
struct render_input {
	const struct config *config;
	const struct identity *identity; /* has_node */
	const struct state *desired;     /* sorted */
	bool no_ipv6_way;                /* to the Internet: clients are told of no router */
	const char *run_dir;             /* sockets and what may be lost */
	const char *state_dir;           /* what has to outlive a reboot: keys, leases */
};

/* The VLAN (or link) names on which a layer-3 protocol (PROTOCOL_BMX7, PROTOCOL_BABELD) runs, of
 * those desired, in order. *names is malloc'd. 0 or -ENOMEM. */
int render_devices(const struct render_input *input, enum link_protocol protocol,
	char (**names)[IFNAMSIZ], size_t *count);

/* Each: 0, -ENOMEM, or -EINVAL with err (what the program would not take, such as a socket path
 * that is too long). The first word is the configured program, or /usr/sbin/NAME. */
int render_babeld(const struct render_input *input, struct child_arguments *arguments,
	struct err *err);
int render_bmx7(const struct render_input *input, struct child_arguments *arguments,
	struct err *err);
/* Always a secondary at its start; the role is given to the running alfred by its socket, so that
 * a change of role is no change of arguments. */
int render_alfred(const struct render_input *input, struct child_arguments *arguments,
	struct err *err);
int render_dnsmasq(const struct render_input *input, struct child_arguments *arguments,
	struct err *err);
/* The text of RUN_DIR/dnsmasq.conf, malloc'd. client_mtu: see render_client_mtu. */
int render_dnsmasq_config(const struct render_input *input, int client_mtu, char **text,
	struct err *err);
/* The MTU that clients are told: the configured one, or the largest that crosses every mesh link
 * and the layer-3 daemons' tunnels without fragments. */
int render_client_mtu(const struct render_input *input);
/* The pool of addresses that clients get: the configured one, or the part of the cloud's network
 * that no node derives its address from, or (LibreMesh) all of it. overlaps: nodes' own addresses
 * may lie in it, so that they need reservations. 0 or -EINVAL with err. */
int render_pool(const struct render_input *input, struct ip *first, struct ip *last, bool *overlaps,
	struct err *err);

/* Files and sockets of the children, in RUN_DIR or STATE_DIR: */
#define CHILD_BABELD_SOCKET  "babeld.sock"     /* RUN_DIR */
#define CHILD_BABELD_STATE   "babeld.state"    /* STATE_DIR */
#define CHILD_BABELD_CONFIG  "babeld.conf"     /* RUN_DIR: its router id, routing/babeld_file.h */
#define CHILD_BMX7_DIR       "bmx7"            /* RUN_DIR; its socket is "bmx7/sock" */
#define CHILD_BMX7_KEY       "bmx7/rsa.der"    /* STATE_DIR */
#define CHILD_BMX7_SEQUENCE  "bmx7/descSqn"    /* STATE_DIR */
#define CHILD_ALFRED_SOCKET  "alfred.sock"     /* RUN_DIR */
#define CHILD_DNSMASQ_CONFIG "dnsmasq.conf"    /* RUN_DIR */
#define CHILD_DNSMASQ_HOSTS  "dnsmasq.hosts.d" /* RUN_DIR: dhcp-hostsdir, reservations */
#define CHILD_DNSMASQ_NAMES  "dnsmasq.names.d" /* RUN_DIR: hostsdir, names of nodes and leases */
#define CHILD_DNSMASQ_LEASES "dnsmasq.leases"  /* STATE_DIR */

/* Protocol number (rtm_protocol) of the routes into bmx7's tunnels, its setProto: babeld must not
 * announce them as its own. */
#define CHILD_BMX7_PROTOCOL 110

#endif
