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
#include "core/nat.h"
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

struct reading {
	struct ruleset rulesets[NFT_TABLES];
	bool dormant[NFT_TABLES];
	uint32_t generation; /* counts up with every transaction, of any table; 0 is none */
};

struct nft {
	struct netlink request;
	struct mnl_socket *events; /* NULL before nft_listen() */
	struct reading last;
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

static void free_reading(struct reading *reading)
{
	for (unsigned int table = 0; table < NFT_TABLES; table++) {
		ruleset_free(&reading->rulesets[table]);
	}
	*reading = (struct reading){0};
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
	free_reading(&nft->last);
	free(nft);
}

/* What is read or listened to: the families of our tables. */
static const uint8_t families[NFT_TABLES] = {
	[NFT_TABLE_BRIDGE] = NFPROTO_BRIDGE,
	[NFT_TABLE_INET] = NFPROTO_INET,
};

/* Which of our tables the message is about, NFT_TABLES for none. In every kind of nftables message
 * but NEWGEN attribute 1 names the table. */
static unsigned int find_table(const struct nlmsghdr *message)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	unsigned int table = 0;
	struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*head)) {
		return NFT_TABLES;
	}
	while (table < NFT_TABLES && families[table] != head->nfgen_family) {
		table++;
	}
	mnl_attr_for_each (attr, message, sizeof(*head)) {
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME &&
			mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0) {
			return strcmp(mnl_attr_get_str(attr), RULESET_TABLE) == 0 ? table
										  : NFT_TABLES;
		}
	}
	return NFT_TABLES;
}

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
	unsigned int table = find_table(message);
	struct nlattr *attr;

	if (table == NFT_TABLES) {
		return 0;
	}
	reading->rulesets[table].present = true;
	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_TABLE_FLAGS &&
			mnl_attr_validate(attr, MNL_TYPE_U32) == 0) {
			reading->dormant[table] =
				ntohl(mnl_attr_get_u32(attr)) & NFT_TABLE_F_DORMANT;
		}
	}
	return 0;
}

/* The kernel dumps the chains of all tables. */
static int on_chain(const struct nlmsghdr *message, void *context)
{
	struct reading *reading = context;
	unsigned int table = find_table(message);
	struct nft_chain chain;

	if (table == NFT_TABLES || reading->rulesets[table].chain_count >= CHAINS_MAX) {
		return 0;
	}
	struct nftnl_chain *from = nftnl_chain_alloc();

	if (!from) {
		return -ENOMEM;
	}
	int error = nftnl_chain_nlmsg_parse(message, from) < 0 ? -EBADMSG : 0;

	if (error == 0) {
		codec_nft_decode_chain(from, &chain);
		error = ruleset_add_chain(&reading->rulesets[table], &chain);
	}
	nftnl_chain_free(from);
	return error;
}

static int parse_rule(const struct nlmsghdr *message, struct nft_rule *rule)
{
	struct nftnl_rule *from = nftnl_rule_alloc();

	if (!from) {
		return -ENOMEM;
	}
	/* It fails at expressions that libnftnl does not know, which no rule of ours has. */
	bool parsed = nftnl_rule_nlmsg_parse(message, from) == 0;

	codec_nft_decode_rule(from, rule);
	rule->foreign = rule->foreign || !parsed;
	nftnl_rule_free(from);
	return 0;
}

static int on_rule(const struct nlmsghdr *message, void *context)
{
	struct reading *reading = context;
	unsigned int table = find_table(message);
	struct nft_rule rule;

	if (table == NFT_TABLES || reading->rulesets[table].rule_count >= RULES_MAX) {
		return 0;
	}
	int error = parse_rule(message, &rule);

	return error < 0 ? error : ruleset_add_rule(&reading->rulesets[table], &rule);
}

struct question {
	uint16_t type;
	uint16_t flags;
	uint8_t family;
	netlink_each_fn *each;
};

static int ask(struct nft *nft, const struct question *question, void *context)
{
	char buffer[256] = {0};
	struct nlmsghdr *message =
		nftnl_nlmsg_build_hdr(buffer, question->type, question->family, 0, 0);

	/* Only a dump of rules takes a table. */
	if (question->type == NFT_MSG_GETRULE) {
		mnl_attr_put_strz(message, NFTA_RULE_TABLE, RULESET_TABLE);
	}
	return netlink_request(&nft->request, message, question->flags, question->each, context);
}

/* A dump of rules ends with the first table of the name, so each family has its own. */
static int read_rules(struct nft *nft, struct reading *reading)
{
	int error = 0;

	for (unsigned int table = 0; table < NFT_TABLES && error == 0; table++) {
		const struct question rules = {NFT_MSG_GETRULE, NLM_F_DUMP, families[table],
			on_rule};

		if (reading->rulesets[table].present) {
			error = ask(nft, &rules, reading);
		}
	}
	return error;
}

static int read_tables(struct nft *nft, struct reading *reading)
{
	static const struct question tables = {NFT_MSG_GETTABLE, NLM_F_DUMP, NFPROTO_UNSPEC,
		on_table};
	static const struct question chains = {NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_UNSPEC,
		on_chain};
	int error = ask(nft, &tables, reading);
	bool any = false;

	for (unsigned int table = 0; table < NFT_TABLES; table++) {
		any = any || reading->rulesets[table].present;
	}
	if (error == 0 && any) {
		error = ask(nft, &chains, reading);
	}
	if (error == 0) {
		error = read_rules(nft, reading);
	}
	for (unsigned int table = 0; table < NFT_TABLES; table++) {
		if (reading->dormant[table]) {
			ruleset_free(&reading->rulesets[table]);
			reading->rulesets[table].present = true;
		}
	}
	return error;
}

static int copy_reading(struct reading *to, const struct reading *from)
{
	free_reading(to);
	for (unsigned int table = 0; table < NFT_TABLES; table++) {
		if (ruleset_copy(&to->rulesets[table], &from->rulesets[table]) < 0) {
			free_reading(to);
			return -ENOMEM;
		}
	}
	to->generation = from->generation;
	return 0;
}

/* While the kernel commits a transaction, readers see a mixture, all of it marked with the new
 * generation already. So what was read counts only when it stands between two moments of the same
 * generation at which no transaction was running. */
static int read_settled(struct nft *nft, struct reading *reading)
{
	int error = nft_transaction_settle(&nft->request, reading->generation);

	if (error == 0) {
		error = read_tables(nft, reading);
	}
	if (error == 0) {
		error = nft_transaction_settle(&nft->request, reading->generation);
	}
	return error;
}

static int read_once(struct nft *nft, bool counters, struct reading *reading)
{
	static const struct question generation = {NFT_MSG_GETGEN, NLM_F_ACK, NFPROTO_UNSPEC,
		on_generation};
	int error = ask(nft, &generation, reading);

	/* EINVAL: the kernel has no nf_tables, so no table of ours either. */
	if (error < 0) {
		return error == -EINVAL ? 0 : error;
	}
	if (!counters && reading->generation != 0 && reading->generation == nft->last.generation) {
		return copy_reading(reading, &nft->last);
	}
	error = read_settled(nft, reading);
	if (error == 0) {
		(void)copy_reading(&nft->last, reading); /* without, the next one reads again */
	}
	return error;
}

int nft_read(struct nft *nft, bool counters, struct ruleset rulesets[NFT_TABLES])
{
	int error = -EINTR;

	for (int i = 0; i < READ_TRIES && error == -EINTR; i++) {
		struct reading reading = {0};

		error = read_once(nft, counters, &reading);
		if (error == 0) {
			memcpy(rulesets, reading.rulesets, sizeof(reading.rulesets));
			return 0;
		}
		free_reading(&reading);
	}
	return error;
}

/* A sum over the rules of a name. */
struct counting {
	const char *name;
	uint64_t bytes;
	bool found;
};

static int on_counter(const struct nlmsghdr *message, void *context)
{
	struct counting *counting = context;
	size_t length = strlen(counting->name);
	struct nft_rule rule;
	int error = parse_rule(message, &rule);

	if (error == 0 && !rule.foreign && strncmp(rule.name, counting->name, length) == 0 &&
		(rule.name[length] == '\0' || rule.name[length] == NAT_SEPARATOR)) {
		counting->found = true;
		counting->bytes += rule.bytes;
	}
	return error;
}

int nft_count(struct nft *nft, const char *rule, uint64_t *bytes)
{
	static const struct question rules = {NFT_MSG_GETRULE, NLM_F_DUMP, NFPROTO_INET,
		on_counter};
	int error = -EINTR;

	for (int i = 0; i < READ_TRIES && error == -EINTR; i++) {
		struct counting counting = {.name = rule};

		error = ask(nft, &rules, &counting);
		if (error == 0) {
			*bytes = counting.bytes;
			return counting.found ? 0 : -ENOENT;
		}
	}
	return error;
}

int nft_replace(struct nft *nft, const struct nft_change *changes, size_t count, char *message,
	size_t size)
{
	return nft_transaction_run(&nft->request, changes, count, message, size);
}

int nft_event_fd(const struct nft *nft)
{
	return nft->events ? mnl_socket_get_fd(nft->events) : -1;
}

static bool concerns_us(const struct nlmsghdr *message)
{
	return NFNL_SUBSYS_ID(message->nlmsg_type) == NFNL_SUBSYS_NFTABLES &&
	       NFNL_MSG_TYPE(message->nlmsg_type) != NFT_MSG_NEWGEN &&
	       find_table(message) != NFT_TABLES;
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
