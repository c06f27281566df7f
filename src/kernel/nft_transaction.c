/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_transaction.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <libnftnl/common.h>

#include "base/cleanup.h"
#include "core/ruleset.h"
#include "kernel/codec_nft.h"

#define MESSAGES_MAX   4096
/* A rule of NFT_MATCHES_MAX matches with masks takes about 1500 bytes, a chain less. */
#define MESSAGE_MAX    (CODEC_NFT_MAX + 48)
#define ENVELOPE_COUNT 2 /* begin and end */
#define TABLE_COUNT    3 /* add, delete, add */

/* The messages of one replacement; their sequence numbers follow each other. */
struct transaction {
	struct netlink *netlink;
	const struct nft_change *changes;
	size_t change_count;
	char *bytes;
	size_t used;
	uint32_t first; /* sequence number of the begin */
	uint32_t last;  /* of the message that asks for an acknowledgement, the begin's when none
			   does */
};

static void free_transaction(struct transaction *transaction)
{
	free(transaction->bytes);
}

static char *transaction_end(const struct transaction *transaction)
{
	return transaction->bytes + transaction->used;
}

static uint32_t next_sequence(struct transaction *transaction)
{
	return ++transaction->netlink->sequence;
}

static void put(struct transaction *transaction, const struct nlmsghdr *message)
{
	transaction->used += MNL_ALIGN(message->nlmsg_len);
}

static struct nlmsghdr *begin_message(struct transaction *transaction, enum nft_table table,
	uint16_t type, uint16_t flags)
{
	uint16_t family = table == NFT_TABLE_INET ? NFPROTO_INET : NFPROTO_BRIDGE;

	return nftnl_nlmsg_build_hdr(transaction_end(transaction), type, family, flags,
		next_sequence(transaction));
}

/* Without NFTA_TABLE_FLAGS: a table that is there is not changed before it is deleted. */
static struct nlmsghdr *put_table(struct transaction *transaction, enum nft_table table,
	uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = begin_message(transaction, table, type, flags);

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, RULESET_TABLE);
	put(transaction, message);
	return message;
}

static struct nlmsghdr *put_chain(struct transaction *transaction, enum nft_table table,
	const struct nft_chain *chain)
{
	struct nlmsghdr *message =
		begin_message(transaction, table, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	codec_nft_put_chain(message, chain);
	put(transaction, message);
	return message;
}

/* NULL when the rule cannot be written. */
static struct nlmsghdr *put_rule(struct transaction *transaction, enum nft_table table,
	const struct nft_rule *rule)
{
	struct nlmsghdr *message =
		begin_message(transaction, table, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	if (codec_nft_put_rule(message, rule) < 0) {
		return NULL;
	}
	put(transaction, message);
	return message;
}

/* Messages about the table itself; chains and rules follow. */
static size_t count_table(const struct nft_change *change)
{
	if (!change->wanted) {
		return TABLE_COUNT - 1;
	}
	return change->is_there ? TABLE_COUNT : 1;
}

/* Adding before deleting makes the delete good whether or not the table is there. Returns the last
 * message, NULL when a rule cannot be written. */
static struct nlmsghdr *put_change(struct transaction *transaction, const struct nft_change *change)
{
	const struct ruleset *ruleset = change->wanted;
	uint16_t flags = NLM_F_CREATE | NLM_F_EXCL;
	struct nlmsghdr *message = NULL;

	if (count_table(change) > 1) {
		put_table(transaction, change->table, NFT_MSG_NEWTABLE, NLM_F_CREATE);
		message = put_table(transaction, change->table, NFT_MSG_DELTABLE, 0);
		flags = NLM_F_CREATE;
	}
	if (!ruleset) {
		return message;
	}
	message = put_table(transaction, change->table, NFT_MSG_NEWTABLE, flags);
	for (size_t i = 0; i < ruleset->chain_count; i++) {
		message = put_chain(transaction, change->table, &ruleset->chains[i]);
	}
	for (size_t i = 0; i < ruleset->rule_count && message; i++) {
		message = put_rule(transaction, change->table, &ruleset->rules[i]);
	}
	return message;
}

/* Only the last message before the end asks for an acknowledgement: older kernels send none for the
 * end itself, and errors come unasked. */
static int fill(struct transaction *transaction)
{
	transaction->first = next_sequence(transaction);
	put(transaction, nftnl_batch_begin(transaction_end(transaction), transaction->first));
	struct nlmsghdr *message = put_change(transaction, &transaction->changes[0]);

	for (size_t i = 1; i < transaction->change_count && message; i++) {
		message = put_change(transaction, &transaction->changes[i]);
	}
	if (!message) {
		return -EINVAL;
	}
	message->nlmsg_flags |= NLM_F_ACK;
	transaction->last = message->nlmsg_seq;
	put(transaction, nftnl_batch_end(transaction_end(transaction), next_sequence(transaction)));
	return 0;
}

/* How many messages a change takes. */
static size_t count_messages(const struct nft_change *change)
{
	const struct ruleset *ruleset = change->wanted;
	size_t count = count_table(change);

	return ruleset ? count + ruleset->chain_count + ruleset->rule_count : count;
}

/* What the message with this index within its change would have made. */
static void format_object(const struct nft_change *change, size_t index, char *text, size_t size)
{
	const struct ruleset *ruleset = change->wanted;
	const char *table = ruleset_table_name(change->table);

	if (index < count_table(change)) {
		snprintf(text, size, "table %s", table);
		return;
	}
	index -= count_table(change);
	if (index < ruleset->chain_count) {
		snprintf(text, size, "chain %s in table %s", ruleset->chains[index].name, table);
	} else {
		const struct nft_rule *rule = &ruleset->rules[index - ruleset->chain_count];

		snprintf(text, size, "rule %s in chain %s of table %s", rule->name, rule->chain,
			table);
	}
}

/* Finds the change that the message with this number belongs to. */
static void find_object(const struct transaction *transaction, uint32_t sequence, char *text,
	size_t size)
{
	size_t index = sequence - transaction->first - 1; /* behind the begin */

	for (size_t i = 0; i < transaction->change_count; i++) {
		size_t count = count_messages(&transaction->changes[i]);

		if (index < count) {
			format_object(&transaction->changes[i], index, text, size);
			return;
		}
		index -= count;
	}
	snprintf(text, size, "the nftables transaction");
}

/* The extended ack's text, or NULL; errors come without the refused message (NETLINK_CAP_ACK). */
static const char *extended_text(const struct nlmsghdr *ack)
{
	struct nlattr *attr;

	if (!(ack->nlmsg_flags & NLM_F_ACK_TLVS) || !(ack->nlmsg_flags & NLM_F_CAPPED)) {
		return NULL;
	}
	mnl_attr_for_each (attr, ack, sizeof(struct nlmsgerr)) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
			mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0) {
			return mnl_attr_get_str(attr);
		}
	}
	return NULL;
}

struct outcome {
	bool ended;
	int error; /* the first one: what follows it is often its consequence */
	char *message;
	size_t size;
};

static void take_ack(const struct transaction *transaction, const struct nlmsghdr *ack,
	struct outcome *outcome)
{
	const struct nlmsgerr *result = mnl_nlmsg_get_payload(ack);
	uint32_t end = transaction->netlink->sequence;
	char object[OBJECT_TEXT_SIZE];

	if (ack->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(ack) < sizeof(*result) ||
		ack->nlmsg_seq - transaction->first > end - transaction->first) {
		return;
	}
	/* An error with the begin's number is about the transaction as a whole. */
	outcome->ended = outcome->ended || ack->nlmsg_seq == transaction->last ||
			 ack->nlmsg_seq == transaction->first;
	if (result->error == 0 || outcome->error != 0) {
		return;
	}
	const char *text = extended_text(ack);

	outcome->error = result->error;
	find_object(transaction, ack->nlmsg_seq, object, sizeof(object));
	snprintf(outcome->message, outcome->size, "%s: %s%s%s", object, strerror(-result->error),
		text ? ": " : "", text ? text : "");
}

/* The kernel has done the whole transaction within sendmsg(), its answers are waiting. */
static int receive_outcome(const struct transaction *transaction, struct outcome *outcome)
{
	struct netlink *netlink = transaction->netlink;
	int fd = mnl_socket_get_fd(netlink->socket);

	while (!outcome->ended) {
		ssize_t received = recv(fd, netlink->buffer, netlink->receive_size, MSG_DONTWAIT);

		if (received < 0 && errno == EINTR) {
			continue;
		}
		if (received < 0) {
			bool silent = errno == EAGAIN && transaction->last == transaction->first;

			return silent ? 0 : errno == EAGAIN ? -EBADMSG : -errno;
		}
		int left = (int)received;

		for (const struct nlmsghdr *ack = (void *)netlink->buffer; mnl_nlmsg_ok(ack, left);
			ack = mnl_nlmsg_next(ack, &left)) {
			take_ack(transaction, ack, outcome);
		}
	}
	return outcome->error;
}

static int run(struct transaction *transaction, struct outcome *outcome)
{
	struct mnl_socket *socket = transaction->netlink->socket;

	if (mnl_socket_sendto(socket, transaction->bytes, transaction->used) < 0) {
		return -errno;
	}
	return receive_outcome(transaction, outcome);
}

int nft_transaction_run(struct netlink *netlink, const struct nft_change *changes, size_t count,
	char *message, size_t size)
{
	CLEANUP(free_transaction)
	struct transaction transaction = {.netlink = netlink,
		.changes = changes,
		.change_count = count};
	struct outcome outcome = {.message = message, .size = size};
	size_t messages = ENVELOPE_COUNT;

	snprintf(message, size, "%s", "");
	for (size_t i = 0; i < count; i++) {
		messages += count_messages(&changes[i]);
	}
	transaction.bytes = messages <= MESSAGES_MAX ? malloc(messages * MESSAGE_MAX) : NULL;
	int error = transaction.bytes ? fill(&transaction) : -ENOMEM;

	if (error == 0) {
		error = run(&transaction, &outcome);
	}
	if (error < 0 && outcome.error == 0) {
		snprintf(message, size, "the nftables transaction: %s", strerror(-error));
	}
	return error;
}

int nft_transaction_settle(struct netlink *netlink, uint32_t generation)
{
	char bytes[128] = {0};
	struct transaction transaction = {.netlink = netlink, .bytes = bytes};
	struct outcome outcome = {0};

	transaction.first = transaction.last = next_sequence(&transaction);
	struct nlmsghdr *message = nftnl_batch_begin(bytes, transaction.first);

	mnl_attr_put_u32(message, NFNL_BATCH_GENID, htonl(generation));
	put(&transaction, message);
	put(&transaction,
		nftnl_batch_end(transaction_end(&transaction), next_sequence(&transaction)));
	int error = run(&transaction, &outcome);

	return error == -ERESTART ? -EINTR : error;
}
