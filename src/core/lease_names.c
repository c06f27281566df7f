/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names: of nodes, and of leases as long as nothing better has them. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/lease_work.h"

/* A node whose name counts. */
struct named_node {
	const char *name;
	const struct lease_node *node;
};

static int compare_named(const void *left, const void *right)
{
	const struct named_node *a = left;
	const struct named_node *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : lease_compare_mac(&a->node->author, &b->node->author);
}

static int compare_node_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct named_node *)entry)->name);
}

/* Of nodes with the same name the one with the lower MAC has it; what the configuration names has
 * its name before all. */
static size_t collect_nodes(const struct lease_work *work, struct named_node *nodes)
{
	const struct lease_book *book = work->book;
	size_t count = 0;
	size_t single = 0;

	for (size_t i = 0; i < book->node_count; i++) {
		const struct lease_node *node = &book->nodes[i];

		if (node->hostname[0] != '\0' && lease_node_is_trusted(node, work->now) &&
			!lease_is_reserved_name(book, node->hostname)) {
			nodes[count++] = (struct named_node){node->hostname, node};
		}
	}
	qsort(nodes, count, sizeof(*nodes), compare_named);
	for (size_t i = 0; i < count; i++) {
		if (single == 0 || strcmp(nodes[single - 1].name, nodes[i].name) != 0) {
			nodes[single++] = nodes[i];
		}
	}
	return single;
}

static void add_label(struct lease_result *result, const struct mac *author, const struct ip *ip,
	const char *name)
{
	struct lease_label *label = &result->labels[result->label_count++];

	label->author = *author;
	label->ip = *ip;
	text_copy(label->name, sizeof(label->name), name);
}

static void add_node_labels(struct lease_result *result, const struct lease_node *node)
{
	struct ip ipv4 = lease_ip(node->ipv4);

	if (node->has_ipv4) {
		add_label(result, &node->author, &ipv4, node->hostname);
	}
	if (node->ipv6.family != 0) {
		add_label(result, &node->author, &node->ipv6, node->hostname);
	}
}

static int compare_claimant(const void *left, const void *right)
{
	const struct lease_group *a = *(struct lease_group *const *)left;
	const struct lease_group *b = *(struct lease_group *const *)right;
	int order = strcmp(a->name, b->name);

	if (order != 0) {
		return order;
	}
	if (a->begin != b->begin) {
		return a->begin < b->begin ? -1 : 1;
	}
	order = lease_compare_mac(&a->mac, &b->mac);
	return order != 0 ? order : a->address < b->address ? -1 : a->address > b->address;
}

/* Leases with a name, those that have the best right to the same name first. */
static size_t order_claimants(struct lease_work *work)
{
	size_t count = 0;

	for (size_t i = 0; i < work->group_count; i++) {
		struct lease_group *group = &work->groups[i];

		if (!group->lost && group->name[0] != '\0') {
			work->order[count++] = group;
		}
	}
	qsort(work->order, count, sizeof(struct lease_group *), compare_claimant);
	return count;
}

static bool is_leased_here(const struct lease_group *group)
{
	return group->own != NULL && !group->own->orphan && !group->own->imported;
}

static int compare_label(const void *left, const void *right)
{
	const struct lease_label *a = left;
	const struct lease_label *b = right;
	int order = lease_compare_mac(&a->author, &b->author);

	if (order == 0) {
		order = memcmp(&a->ip, &b->ip, sizeof(a->ip));
	}
	return order != 0 ? order : strcmp(a->name, b->name);
}

static void add_lease_labels(struct lease_work *work, const struct named_node *nodes, size_t count)
{
	struct lease_result *result = work->result;
	size_t claimants = order_claimants(work);
	const char *before = "";

	for (size_t i = 0; i < claimants; i++) {
		const struct lease_group *group = work->order[i];
		bool taken = strcmp(group->name, before) == 0 ||
			     lease_is_reserved_name(work->book, group->name) ||
			     (count > 0 && bsearch(group->name, nodes, count, sizeof(*nodes),
						   compare_node_name) != NULL);

		before = group->name;
		if (taken) {
			result->names_taken++;
		} else if (!is_leased_here(group)) {
			struct ip ip = lease_ip(group->address);
			struct mac author = lease_line_author(work, group);
			add_label(result, &author, &ip, group->name);
		}
	}
}

int lease_names_build(struct lease_work *work)
{
	struct lease_book *book = work->book;
	struct lease_result *result = work->result;
	CLEANUP(cleanup_free)
	struct named_node *nodes = calloc(book->node_count + 1, sizeof(*nodes));

	result->labels =
		calloc(work->group_count + 2 * book->node_count + 1, sizeof(*result->labels));
	if (nodes == NULL || result->labels == NULL) {
		return -ENOMEM;
	}
	size_t count = collect_nodes(work, nodes);
	for (size_t i = 0; i < count; i++) {
		add_node_labels(result, nodes[i].node);
	}
	add_lease_labels(work, nodes, count);
	qsort(result->labels, result->label_count, sizeof(*result->labels), compare_label);
	if (result->names_taken > book->result.names_taken) {
		book->dropped[LEASE_REASON_NAME_TAKEN] +=
			result->names_taken - book->result.names_taken;
	}
	return 0;
}
