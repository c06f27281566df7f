/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of the whole configuration share. */
#ifndef CORE_CONFIG_WHOLE_H
#define CORE_CONFIG_WHOLE_H

#include "core/config_reader.h"

struct config_whole {
	const struct config_reader *reader;
	const struct config *config;
	bool is_complete; /* nothing was taken out: what is missing was never there */
};

/* The one of two paths that was written later; the first when no layer tells them apart. */
struct config_path config_whole_later(const struct config_whole *whole, struct config_path first,
	struct config_path second);
/* Adds an error where the last layer wrote the path. */
void config_whole_report(const struct config_whole *whole, struct config_path path,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Can two names or patterns mean one interface? Of two patterns only equal ones are known to. */
bool config_names_overlap(const char *a, const char *b);
/* Can the interface or the pattern be what the entry of links rules over? */
bool config_link_takes(const struct config *config, const struct link_config *link,
	const char *name);

/* The node's addresses where they are the same for any MAC; family 0 where they are not. */
void config_static_addresses(const struct config *config, struct ip *ipv4, struct ip *ipv6);

/* The cloud's VLAN, which its SSID decides unless it is given; -1 when it is not known. */
int config_cloud_vlan(const struct config *config);

/* The names of interfaces. */
void config_check_names(const struct config_whole *whole);
/* Who the node is. */
void config_check_identity(const struct config_whole *whole);
/* The mesh links. */
void config_check_links(const struct config_whole *whole);
/* What the daemons are told. */
void config_check_children(const struct config_whole *whole);
/* The ways to the Internet. */
void config_check_ways(const struct config_whole *whole);
/* Their part of config_warn. */
int config_warn_ways(const struct config *config, struct problem_list *problems);

#endif
