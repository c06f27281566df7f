/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datasets of other nodes come in: who may say what, and how much of it. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "core/lease_book.h"

#define TOKENS_MAX   20.0  /* changes at once that an author may make ... */
#define TOKENS_RATE  2.0   /* ... and in a second thereafter; a good one makes one */
#define SOURCE_ALIVE 300.0 /* an author may only come under another source after such silence */

void lease_node_free(struct lease_node *node)
{
	free(node->claims);
	free(node->withdrawals);
	memset(node, 0, sizeof(*node));
}

static int refuse(struct lease_book *book, enum lease_reason reason, enum lease_taken *taken)
{
	book->dropped[reason]++;
	*taken = LEASE_REFUSED;
	return 0;
}

static int refuse_fault(struct lease_book *book, enum fact_fault fault, enum lease_taken *taken)
{
	static const enum lease_reason reasons[] = {
		[FACT_GOOD] = LEASE_REASON_MALFORMED,
		[FACT_SIZE] = LEASE_REASON_SIZE,
		[FACT_MAGIC] = LEASE_REASON_MAGIC,
		[FACT_NEWER] = LEASE_REASON_VERSION,
		[FACT_MALFORMED] = LEASE_REASON_MALFORMED,
	};

	return refuse(book, reasons[fault], taken);
}

/* The index of the author, or where it would be. */
static size_t find_place(const struct lease_book *book, const struct mac *author)
{
	size_t low = 0;
	size_t high = book->node_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lease_compare_mac(&book->nodes[middle].author, author) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static struct lease_node *find_node(const struct lease_book *book, const struct mac *author)
{
	size_t place = find_place(book, author);

	return place < book->node_count &&
			       lease_compare_mac(&book->nodes[place].author, author) == 0
		       ? &book->nodes[place]
		       : NULL;
}

static void remove_node(struct lease_book *book, size_t index)
{
	book->claim_total -= book->nodes[index].claim_count;
	lease_node_free(&book->nodes[index]);
	memmove(&book->nodes[index], &book->nodes[index + 1],
		(book->node_count - index - 1) * sizeof(*book->nodes));
	book->node_count--;
}

static bool has_live_claim(const struct lease_node *node, double now)
{
	for (size_t i = 0; i < node->claim_count; i++) {
		if (node->claims[i].expires > now) {
			return true;
		}
	}
	return false;
}

void lease_node_forget_silent(struct lease_book *book, double now)
{
	for (size_t i = book->nodes != NULL ? book->node_count : 0; i-- > 0;) {
		const struct lease_node *node = &book->nodes[i];
		double silence = now - node->received;

		if (silence > LEASE_NODE_FORGET &&
			(silence > LEASE_NODE_DEAD || !has_live_claim(node, now))) {
			remove_node(book, i);
		}
	}
}

/* Room for one more: the node that has been silent longest goes when it is silent for long. */
static bool make_room(struct lease_book *book, double now)
{
	size_t quietest = 0;

	lease_node_forget_silent(book, now);
	if (book->node_count < LEASE_NODES_MAX) {
		return true;
	}
	for (size_t i = 1; i < book->node_count; i++) {
		if (book->nodes[i].received < book->nodes[quietest].received) {
			quietest = i;
		}
	}
	if (now - book->nodes[quietest].received <= LEASE_NODE_KEEP) {
		return false;
	}
	remove_node(book, quietest);
	return true;
}

static struct lease_node *add_node(struct lease_book *book, const struct mac *author)
{
	struct lease_node *nodes =
		reallocarray(book->nodes, book->node_count + 1, sizeof(*book->nodes));

	if (nodes == NULL) {
		return NULL;
	}
	book->nodes = nodes;
	size_t place = find_place(book, author);
	memmove(&nodes[place + 1], &nodes[place], (book->node_count - place) * sizeof(*nodes));
	memset(&nodes[place], 0, sizeof(*nodes));
	nodes[place].author = *author;
	nodes[place].tokens = TOKENS_MAX;
	book->node_count++;
	return &nodes[place];
}

/* An older copy, or one from before the author's restart? Starts are told apart by random numbers,
 * which have no order; an earlier start that goes on counting was no earlier one. */
static bool is_stale(const struct lease_node *node, const struct fact *fact)
{
	if (fact->incarnation == node->incarnation) {
		return (int32_t)(fact->sequence - node->sequence) < 0;
	}
	for (size_t i = 0; i < LEASE_PAST_MAX; i++) {
		const struct lease_past *past = &node->past[i];

		if (past->incarnation == fact->incarnation &&
			(int32_t)(fact->sequence - past->sequence) <= 0) {
			return true;
		}
	}
	return false;
}

/* Keeps the start that ends now among the past ones, in its old place if it has one. */
static void remember_start(struct lease_node *node, const struct fact *fact)
{
	struct lease_past ending = {node->incarnation, node->sequence};

	for (size_t i = 0; i < LEASE_PAST_MAX; i++) {
		if (node->past[i].incarnation == fact->incarnation) {
			node->past[i] = ending;
			return;
		}
	}
	node->past[node->past_next++ % LEASE_PAST_MAX] = ending;
}

static bool take_token(struct lease_node *node, double now)
{
	double tokens = node->tokens + (now - node->tokens_at) * TOKENS_RATE;

	node->tokens = tokens > TOKENS_MAX ? TOKENS_MAX : tokens;
	node->tokens_at = now;
	if (node->tokens < 1) {
		return false;
	}
	node->tokens -= 1;
	return true;
}

static bool in_network(const struct prefix *own, const struct ip *ip)
{
	struct prefix theirs = {.ip = *ip, .length = own->length};
	struct prefix network = prefix_network(own);

	if (own->ip.family == 0 || own->ip.family != ip->family) {
		return false;
	}
	theirs = prefix_network(&theirs);
	return memcmp(&theirs, &network, sizeof(network)) == 0;
}

/* Addresses of a node: those that may be a node's are believed. */
static void take_addresses(struct lease_book *book, struct lease_node *node,
	const struct fact *fact)
{
	const struct lease_settings *settings = &book->settings;
	const struct ip *ipv4 = &fact->ipv4.ip;
	bool anycast = memcmp(ipv4, &settings->anycast, sizeof(*ipv4)) == 0;

	node->has_ipv4 = ipv4->family == AF_INET && !anycast && in_network(&settings->ipv4, ipv4);
	node->ipv4 = node->has_ipv4 ? lease_address(ipv4) : 0;
	if (ipv4->family == AF_INET && !node->has_ipv4) {
		book->dropped[LEASE_REASON_NODE_ADDRESS]++;
	}
	memset(&node->ipv6, 0, sizeof(node->ipv6));
	if (in_network(&settings->ipv6, &fact->ipv6.ip)) {
		node->ipv6 = fact->ipv6.ip;
	} else if (fact->ipv6.ip.family != 0) {
		book->dropped[LEASE_REASON_NODE_ADDRESS]++;
	}
}

static enum lease_reason check_lease(const struct lease_book *book, const struct fact_lease *lease)
{
	if (!lease_check_mac(&lease->mac)) {
		return LEASE_REASON_MAC;
	}
	if (lease->renewed < lease->begin) {
		return LEASE_REASON_TIME;
	}
	return lease_check_address(book, lease->address);
}

static size_t take_leases(struct lease_book *book, const struct fact *fact, double now,
	struct lease_claim *claims)
{
	size_t count = 0;

	for (size_t i = 0; i < fact->lease_count; i++) {
		const struct fact_lease *lease = &fact->leases[i];
		enum lease_reason reason = check_lease(book, lease);

		if (reason != LEASE_REASONS) {
			book->dropped[reason]++;
			continue;
		}
		struct lease_claim *claim = &claims[count++];
		claim->address = lease->address;
		claim->mac = lease->mac;
		claim->begin = lease->begin;
		claim->renewed = lease->renewed;
		claim->expires = lease->remaining == FACT_FOREVER ? INFINITY
								  : now + (double)lease->remaining;
		memcpy(claim->name, lease->name, sizeof(claim->name));
	}
	return count;
}

static int compare_begin(const void *left, const void *right)
{
	const struct lease_claim *a = left;
	const struct lease_claim *b = right;

	if (a->begin != b->begin) {
		return a->begin < b->begin ? -1 : 1;
	}
	return a->address < b->address ? -1 : a->address > b->address;
}

/* No more than fits beside the other authors' leases. */
static size_t limit_claims(struct lease_book *book, const struct lease_node *node,
	struct lease_claim *claims, size_t count)
{
	size_t others = book->claim_total - node->claim_count;
	size_t room = LEASE_MAX - others;

	if (count <= room) {
		return count;
	}
	qsort(claims, count, sizeof(*claims), compare_begin);
	book->dropped[LEASE_REASON_LEASES] += count - room;
	return room;
}

static void take_header(struct lease_node *node, const struct fact *fact, double now)
{
	if (node->sample_count > 0 && fact->incarnation != node->incarnation) {
		remember_start(node, fact);
	}
	node->source = fact->source;
	node->incarnation = fact->incarnation;
	node->sequence = fact->sequence;
	node->received = now;
	node->flags = fact->flags;
	node->lease_total = fact->lease_total;
	memcpy(node->hostname, fact->hostname, sizeof(node->hostname));
	memcpy(node->version, fact->version, sizeof(node->version));
}

static int take_fact(struct lease_book *book, struct fact *fact, const struct lease_now *now)
{
	CLEANUP(cleanup_free)
	struct lease_claim *claims = calloc(fact->lease_count + 1, sizeof(*claims));
	struct lease_node *node = find_node(book, &fact->author);

	if (claims == NULL) {
		return -ENOMEM;
	}
	if (node == NULL) {
		node = add_node(book, &fact->author);
	}
	if (node == NULL) {
		return -ENOMEM;
	}
	take_token(node, now->boot);
	take_header(node, fact, now->boot);
	take_addresses(book, node, fact);
	lease_clock_sample(node, fact, now);
	size_t count = take_leases(book, fact, now->boot, claims);
	count = limit_claims(book, node, claims, count);
	book->claim_total += count - node->claim_count;
	free(node->claims);
	free(node->withdrawals);
	node->claims = steal_ptr(claims);
	node->claim_count = count;
	node->withdrawals = steal_ptr(fact->withdrawals);
	node->withdrawal_count = fact->withdrawal_count;
	lease_clock_update(book, now);
	lease_mark_resolve(book, now);
	return 0;
}

/* One source has one author: the old one is a node that got another primary link. */
static void forget_other_authors(struct lease_book *book, const struct fact *fact)
{
	for (size_t i = book->node_count; i-- > 0;) {
		const struct lease_node *node = &book->nodes[i];

		if (lease_compare_mac(&node->source, &fact->source) == 0 &&
			lease_compare_mac(&node->author, &fact->author) != 0) {
			remove_node(book, i);
		}
	}
}

/* LEASE_REASONS when the header may come from that source. */
static enum lease_reason check_header(const struct lease_book *book, const struct mac *source,
	const struct fact *fact, const struct lease_now *now)
{
	const struct lease_node *node = find_node(book, &fact->author);

	if (lease_compare_mac(&fact->source, source) != 0) {
		return LEASE_REASON_SOURCE;
	}
	if (lease_compare_mac(&fact->author, &book->settings.mac) == 0) {
		return LEASE_REASON_SELF;
	}
	if (!lease_check_mac(&fact->author) || !lease_check_mac(source)) {
		return LEASE_REASON_AUTHOR;
	}
	if (node == NULL) {
		return LEASE_REASONS;
	}
	if (lease_compare_mac(&node->source, source) != 0 &&
		now->boot - node->received < SOURCE_ALIVE) {
		return LEASE_REASON_AUTHOR;
	}
	return is_stale(node, fact) ? LEASE_REASON_STALE : LEASE_REASONS;
}

/* Which of the known authors has said exactly this already? */
static bool is_known(const struct lease_node *node, const struct fact *fact)
{
	return node != NULL && node->incarnation == fact->incarnation &&
	       node->sequence == fact->sequence;
}

/* One over the usual five parameters: each says another thing. */
/* NOLINTNEXTLINE(readability-function-size) */
int lease_book_take(struct lease_book *book, const struct mac *source, const uint8_t *bytes,
	size_t length, const struct lease_now *now, enum lease_taken *taken)
{
	CLEANUP(fact_free) struct fact fact = {0};
	enum lease_taken ignored;
	unsigned int names = 0;

	taken = taken != NULL ? taken : &ignored;
	*taken = LEASE_UNCHANGED;
	if (lease_compare_mac(source, &book->settings.source) == 0) {
		return 0;
	}
	enum fact_fault fault = fact_decode_header(bytes, length, &fact);
	if (fault != FACT_GOOD) {
		return refuse_fault(book, fault, taken);
	}
	enum lease_reason reason = check_header(book, source, &fact, now);
	if (reason != LEASE_REASONS) {
		return refuse(book, reason, taken);
	}
	struct lease_node *node = find_node(book, &fact.author);
	if (is_known(node, &fact)) {
		return 0;
	}
	if (node != NULL && node->tokens + (now->boot - node->tokens_at) * TOKENS_RATE < 1) {
		*taken = LEASE_LATER;
		book->dropped[LEASE_REASON_FLOOD]++;
		return 0;
	}
	int rc = fact_decode(bytes, length, &fact, &fault, &names);
	if (rc == -EINVAL) {
		return refuse_fault(book, fault, taken);
	}
	if (rc < 0) {
		return rc;
	}
	forget_other_authors(book, &fact);
	if (find_node(book, &fact.author) == NULL && !make_room(book, now->boot)) {
		return refuse(book, LEASE_REASON_NODES, taken);
	}
	book->dropped[LEASE_REASON_NAME] += names;
	*taken = LEASE_TAKEN;
	return take_fact(book, &fact, now);
}
