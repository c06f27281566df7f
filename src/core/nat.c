/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/nat.h"

#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define TCP_SYN 0x02

struct names {
	const char (*items)[IFNAMSIZ];
	size_t count;
};

static bool has_name(const struct names *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names->items[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* The name, or NULL where it is empty or was there before. */
static const char *name_at(const struct names *names, size_t index)
{
	const char *name = names->items[index];

	return name[0] == '\0' || has_name(names, index, name) ? NULL : name;
}

static size_t count_names(const struct names *names)
{
	size_t count = 0;

	for (size_t i = 0; i < names->count; i++) {
		count += name_at(names, i) != NULL;
	}
	return count;
}

static int add_masquerade(struct ruleset *nat, const struct names *links, uint8_t family)
{
	const char *version = family == NFPROTO_IPV4 ? "4" : "6";
	int error = 0;

	for (size_t i = 0; i < links->count && error == 0; i++) {
		const char *link = name_at(links, i);
		if (link == NULL) {
			continue;
		}
		struct nft_rule rule = {.chain = NAT_CHAIN_MASQUERADE,
			.verdict = NFT_VERDICT_MASQUERADE};
		snprintf(rule.name, sizeof(rule.name), "masquerade-ipv%s-%s", version, link);
		nft_rule_add_match(&rule, NFT_FIELD_NFPROTO, &family);
		nft_rule_add_link(&rule, NFT_FIELD_OIF, link);
		error = ruleset_add_rule(nat, &rule);
	}
	return error;
}

/* Both directions, and what goes through tunnels too: each SYN is clamped to the MTU of the route
 * it takes and of the route back to its sender. */
static int add_clamp(struct ruleset *nat)
{
	static const uint8_t tcp = IPPROTO_TCP;
	static const uint8_t syn = TCP_SYN;
	struct nft_rule rule = {.chain = NAT_CHAIN_FORWARD,
		.name = "clamp-mss",
		.verdict = NFT_VERDICT_CLAMP_MSS};

	nft_rule_add_match(&rule, NFT_FIELD_L4PROTO, &tcp);
	nft_rule_add_match(&rule, NFT_FIELD_TCP_FLAGS, &syn)->mask[0] = TCP_SYN;
	return ruleset_add_rule(nat, &rule);
}

/* The number keeps names apart where two long ones would not fit. */
static int add_counter(struct ruleset *nat, const char *prefix, const char *uplink, const char *lan,
	size_t number)
{
	bool down = strcmp(prefix, NAT_OWN_DOWN) == 0;
	struct nft_rule rule = {.chain = NAT_CHAIN_FORWARD};

	if (number == 0) {
		snprintf(rule.name, sizeof(rule.name), "%s%s", prefix, uplink);
	} else {
		snprintf(rule.name, sizeof(rule.name), "%s%s%c%zu", prefix, uplink, NAT_SEPARATOR,
			number + 1);
	}
	nft_rule_add_link(&rule, NFT_FIELD_IIF, down ? uplink : lan);
	nft_rule_add_link(&rule, NFT_FIELD_OIF, down ? lan : uplink);
	return ruleset_add_rule(nat, &rule);
}

static int add_counters(struct ruleset *nat, const char *uplink, const struct names *lan)
{
	size_t number = 0;
	int error = 0;

	for (size_t i = 0; i < lan->count && error == 0; i++) {
		const char *link = name_at(lan, i);
		if (link == NULL) {
			continue;
		}
		error = add_counter(nat, NAT_OWN_DOWN, uplink, link, number);
		if (error == 0) {
			error = add_counter(nat, NAT_OWN_UP, uplink, link, number);
		}
		number++;
	}
	return error;
}

/* The uplinks are those of three lists; each counts once. */
static int add_all_counters(struct ruleset *nat, const struct names lists[3],
	const struct names *lan)
{
	int error = 0;

	for (size_t list = 0; list < 3; list++) {
		for (size_t i = 0; i < lists[list].count && error == 0; i++) {
			const char *uplink = name_at(&lists[list], i);
			bool before = false;
			for (size_t other = 0; other < list && uplink != NULL; other++) {
				before = before ||
					 has_name(&lists[other], lists[other].count, uplink);
			}
			if (uplink != NULL && !before) {
				error = add_counters(nat, uplink, lan);
			}
		}
	}
	return error;
}

static int add_chains(struct ruleset *nat, bool masquerades)
{
	static const struct nft_chain postrouting = {NAT_CHAIN_MASQUERADE, "nat",
		NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC};
	static const struct nft_chain forward = {NAT_CHAIN_FORWARD, "filter", NF_INET_FORWARD,
		NF_IP_PRI_MANGLE};
	int error = masquerades ? ruleset_add_chain(nat, &postrouting) : 0;

	return error == 0 ? ruleset_add_chain(nat, &forward) : error;
}

int nat_build(const struct nat_request *request, struct ruleset *nat)
{
	CLEANUP(ruleset_free) struct ruleset built = {.present = true};
	const struct names lists[3] = {
		{request->masquerade_ipv4, request->masquerade_ipv4_count},
		{request->masquerade_ipv6, request->masquerade_ipv6_count},
		{request->uplinks, request->uplink_count},
	};
	const struct names lan = {request->lan, request->lan_count};

	int error = add_chains(&built, count_names(&lists[0]) + count_names(&lists[1]) > 0);
	if (error == 0) {
		error = add_masquerade(&built, &lists[0], NFPROTO_IPV4);
	}
	if (error == 0) {
		error = add_masquerade(&built, &lists[1], NFPROTO_IPV6);
	}
	if (error == 0) {
		error = add_clamp(&built);
	}
	if (error == 0) {
		error = add_all_counters(&built, lists, &lan);
	}
	if (error == 0) {
		*nat = built;
		built = (struct ruleset){0};
	}
	return error;
}
