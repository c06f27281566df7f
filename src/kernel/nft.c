/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>

#include "base/cleanup.h"
#include "core/ruleset.h"
#include "kernel/codec_nft.h"
#include "kernel/netlink.h"
#include "kernel/nft_transaction.h"

#define READ_TRIES         5
#define CHAINS_MAX         64
#define RULES_MAX          4096
#define EVENT_BUFFER_SIZE  16384 /* the kernel joins notifications up to a page */
#define EVENTS_PER_CALL    64
#define LISTEN_BUFFER_SIZE (1 << 20)

struct nft {
	struct netlink request;
	struct mnl_socket *events; /* NULL before nft_listen() */
};

int nft_open(struct nft **out)
{
	struct nft *nft = calloc(1, sizeof(*nft));

	if (!nft) {
		return -ENOMEM;
	}
	int error = netlink_open(&nft->request, NETLINK_NETFILTER);

	if (error < 0) {
		nft_close(nft);
		return error;
	}
	*out = nft;
	return 0;
}

int nft_listen(struct nft *nft)
{
	struct mnl_socket *events = NULL;

	if (nft->events) {
		return 0;
	}
	int error = netlink_open_listener(&events, NETLINK_NETFILTER, LISTEN_BUFFER_SIZE);

	if (error == 0) {
		error = netlink_join(events, NFNLGRP_NFTABLES);
	}
	if (error == 0) {
		nft->events = steal_ptr(events);
	}
	if (events) {
		mnl_socket_close(events);
	}
	return error;
}

void nft_close(struct nft *nft)
{
	if (!nft) {
		return;
	}
	if (nft->events) {
		mnl_socket_close(nft->events);
	}
	netlink_close(&nft->request);
	free(nft);
}

struct reading {
	struct ruleset ruleset;
	uint32_t generation; /* counts up with every transaction, of any table */
	bool dormant;
};

static int on_generation(const struct nlmsghdr *message, void *context)
{
	struct reading *reading = context;
	struct nlattr *attr;

	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_GEN_ID &&
			mnl_attr_validate(attr, MNL_TYPE_U32) == 0) {
			reading->generation = ntohl(mnl_attr_get_u32(attr));
		}
	}
	return 0;
}

static int on_table(const struct nlmsghdr *message, void *context)
{
	struct reading *reading = context;
	struct nlattr *attr;

	reading->ruleset.present = true;
	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_TABLE_FLAGS &&
			mnl_attr_validate(attr, MNL_TYPE_U32) == 0) {
			reading->dormant = ntohl(mnl_attr_get_u32(attr)) & NFT_TABLE_F_DORMANT;
		}
	}
	return 0;
}

static int keep_chain(struct ruleset *ruleset, const struct nftnl_chain *from)
{
	const char *table = nftnl_chain_get_str(from, NFTNL_CHAIN_TABLE);
	struct nft_chain chain;

	/* The kernel dumps the chains of all bridge tables. */
	if (!table || strcmp(table, RULESET_TABLE) != 0 || ruleset->chain_count >= CHAINS_MAX) {
		return 0;
	}
	codec_nft_decode_chain(from, &chain);
	return ruleset_add_chain(ruleset, &chain);
}

static int on_chain(const struct nlmsghdr *message, void *context)
{
	struct reading *reading = context;
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain) {
		return -ENOMEM;
	}
	int error = nftnl_chain_nlmsg_parse(message, chain) < 0
			    ? -EBADMSG
			    : keep_chain(&reading->ruleset, chain);
	nftnl_chain_free(chain);
	return error;
}

static int on_rule(const struct nlmsghdr *message, void *context)
{
	struct reading *reading = context;
	struct nft_rule rule;

	if (reading->ruleset.rule_count >= RULES_MAX) {
		return 0;
	}
	struct nftnl_rule *from = nftnl_rule_alloc();

	if (!from) {
		return -ENOMEM;
	}
	/* It fails at expressions that libnftnl does not know, which no rule of ours has. */
	bool parsed = nftnl_rule_nlmsg_parse(message, from) == 0;

	codec_nft_decode_rule(from, &rule);
	rule.foreign = rule.foreign || !parsed;
	nftnl_rule_free(from);
	return ruleset_add_rule(&reading->ruleset, &rule);
}

static int ask(struct nft *nft, uint16_t type, uint16_t flags, netlink_each_fn *each,
	struct reading *reading)
{
	char buffer[256] = {0};
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer, type, NFPROTO_BRIDGE, 0, 0);

	/* Attribute 1 of both; a dump of chains takes no table. */
	if (type == NFT_MSG_GETTABLE || type == NFT_MSG_GETRULE) {
		mnl_attr_put_strz(message, NFTA_TABLE_NAME, RULESET_TABLE);
	}
	return netlink_request(&nft->request, message, flags, each, reading);
}

static int read_table(struct nft *nft, struct reading *reading)
{
	int error = ask(nft, NFT_MSG_GETTABLE, NLM_F_ACK, on_table, reading);

	if (error == -ENOENT) {
		return 0;
	}
	if (error == 0) {
		error = ask(nft, NFT_MSG_GETCHAIN, NLM_F_DUMP, on_chain, reading);
	}
	if (error == 0) {
		error = ask(nft, NFT_MSG_GETRULE, NLM_F_DUMP, on_rule, reading);
	}
	if (error == 0 && reading->dormant) {
		ruleset_free(&reading->ruleset);
		reading->ruleset.present = true;
	}
	return error;
}

/* While the kernel commits a transaction, readers see a mixture, all of it marked with the new
 * generation already. So what was read counts only when it stands between two moments of the same
 * generation at which no transaction was running. */
static int read_once(struct nft *nft, struct reading *reading)
{
	int error = ask(nft, NFT_MSG_GETGEN, NLM_F_ACK, on_generation, reading);

	/* EINVAL: the kernel has no nf_tables, so no table of ours either. */
	if (error == -EINVAL) {
		return 0;
	}
	if (error == 0) {
		error = nft_transaction_settle(&nft->request, reading->generation);
	}
	if (error == 0) {
		error = read_table(nft, reading);
	}
	if (error == 0) {
		error = nft_transaction_settle(&nft->request, reading->generation);
	}
	return error;
}

int nft_read(struct nft *nft, struct ruleset *ruleset)
{
	int error = -EINTR;

	for (int i = 0; i < READ_TRIES && error == -EINTR; i++) {
		struct reading reading = {0};

		error = read_once(nft, &reading);
		if (error == 0) {
			*ruleset = reading.ruleset;
			return 0;
		}
		ruleset_free(&reading.ruleset);
	}
	return error;
}

int nft_replace(struct nft *nft, const struct ruleset *ruleset, char *message, size_t size)
{
	return nft_transaction_run(&nft->request, ruleset, message, size);
}

int nft_event_fd(const struct nft *nft)
{
	return nft->events ? mnl_socket_get_fd(nft->events) : -1;
}

/* In every kind of nftables message but NEWGEN attribute 1 names the table. */
static bool concerns_us(const struct nlmsghdr *message)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	struct nlattr *attr;

	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
		NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN ||
		mnl_nlmsg_get_payload_len(message) < sizeof(*head) ||
		head->nfgen_family != NFPROTO_BRIDGE) {
		return false;
	}
	mnl_attr_for_each (attr, message, sizeof(*head)) {
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME &&
			mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0) {
			return strcmp(mnl_attr_get_str(attr), RULESET_TABLE) == 0;
		}
	}
	return false;
}

int nft_on_readable(struct nft *nft)
{
	_Alignas(struct nlmsghdr) char buffer[EVENT_BUFFER_SIZE];
	int fd = nft_event_fd(nft);
	int changed = 0;

	for (int i = 0; i < EVENTS_PER_CALL; i++) {
		ssize_t received = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT | MSG_TRUNC);

		if (received < 0 && errno == EAGAIN) {
			break;
		}
		if (received < 0) {
			return -errno;
		}
		if ((size_t)received > sizeof(buffer)) {
			changed = 1; /* cut: it may have been ours */
			continue;
		}
		int left = (int)received;

		for (const struct nlmsghdr *message = (const void *)buffer;
			mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			changed = changed || concerns_us(message);
		}
	}
	return changed;
}
