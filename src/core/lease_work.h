/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One resolve in progress. Everything is worked out anew from what the nodes say; the result before
 * only tells what changed and keeps lines in the files where they are. */
#ifndef CORE_LEASE_WORK_H
#define CORE_LEASE_WORK_H

#include "core/lease_book.h"

/* What one author says of one address and client. */
struct lease_entry {
	uint32_t address;
	struct mac mac;
	int64_t begin;
	int64_t renewed;
	double expires;
	const char *name;
	const struct mac *author;
	const struct lease_node *node; /* NULL: our own */
	struct lease_own *own;
};

/* All entries of one address and client: one lease, at however many nodes. */
struct lease_group {
	uint32_t address;
	struct mac mac;
	int64_t begin;   /* the earliest */
	int64_t renewed; /* the latest */
	double expires;  /* the latest */
	const char *name;
	const struct lease_entry *entries; /* the holder's first */
	size_t entry_count;
	struct lease_own *own; /* when it is in our lease file */
	bool own_holds;
	bool lost;      /* its address */
	bool contested; /* the address has a loser */
	bool latest;    /* of its MAC's leases that did not lose */
};

/* An address that is a node's own. */
struct lease_node_address {
	uint32_t address;
	const struct mac *author;
};

struct lease_work {
	struct lease_book *book;
	const struct lease_now *now;
	struct lease_entry *entries; /* by address, MAC, the holder first */
	size_t entry_count;
	struct lease_group *groups; /* by address, MAC */
	size_t group_count;
	struct lease_group **order;                /* room for an order of the groups */
	struct lease_node_address *node_addresses; /* each once */
	size_t node_address_count;
	struct lease_result *result;
};

/* lease_rule.c */
/* Decides which group has which address. 0 or -ENOMEM. */
int lease_rule_apply(struct lease_work *work);

/* lease_names.c */
int lease_names_build(struct lease_work *work);
/* Is the node's word on its name and address still good? */
bool lease_node_is_trusted(const struct lease_node *node, const struct lease_now *now);

/* lease_lines.c */
int lease_lines_build(struct lease_work *work);
/* In whose file the group's line is. */
struct mac lease_line_author(const struct lease_work *work, const struct lease_group *group);

/* lease_shown.c */
/* The leases as people see them. 0 or -ENOMEM. */
int lease_shown_build(struct lease_work *work);

/* lease_files.c */
/* What the result looks like from outside, and how it differs from the one before. 0 or -ENOMEM. */
int lease_files_build(struct lease_book *book, struct lease_result *result);

#endif
