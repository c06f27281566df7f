/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/ruleset.h"

/* Arrays grow at powers of two, so the count alone tells when they are full. */
static void *array_grow(void *items, size_t count, size_t size)
{
	if (count > 0 && (count & (count - 1)) != 0) {
		return items;
	}
	return reallocarray(items, count > 0 ? 2 * count : 1, size);
}

enum nft_table object_table(enum object_type type)
{
	return type == OBJECT_NAT ? NFT_TABLE_INET : NFT_TABLE_BRIDGE;
}

const char *ruleset_table_name(enum nft_table table)
{
	return table == NFT_TABLE_INET ? "inet " RULESET_TABLE : "bridge " RULESET_TABLE;
}

int ruleset_add_chain(struct ruleset *ruleset, const struct nft_chain *chain)
{
	struct nft_chain *chains =
		array_grow(ruleset->chains, ruleset->chain_count, sizeof(*chains));
	if (!chains) {
		return -ENOMEM;
	}
	ruleset->chains = chains;
	chains[ruleset->chain_count++] = *chain;
	return 0;
}

int ruleset_add_rule(struct ruleset *ruleset, const struct nft_rule *rule)
{
	struct nft_rule *rules = array_grow(ruleset->rules, ruleset->rule_count, sizeof(*rules));
	if (!rules) {
		return -ENOMEM;
	}
	ruleset->rules = rules;
	rules[ruleset->rule_count++] = *rule;
	return 0;
}

struct nft_match *nft_rule_add_match(struct nft_rule *rule, enum nft_field field, const void *value)
{
	struct nft_match *match = &rule->matches[rule->match_count++];
	size_t length = ruleset_field_length(field);

	match->field = field;
	memcpy(match->value, value, length);
	memset(match->mask, 0xff, length);
	return match;
}

void nft_rule_add_link(struct nft_rule *rule, enum nft_field field, const char *link)
{
	char name[IFNAMSIZ] = ""; /* as long as the match */

	text_copy(name, sizeof(name), link);
	nft_rule_add_match(rule, field, name);
}

static bool match_equal(const struct nft_match *a, const struct nft_match *b)
{
	return a->field == b->field && memcmp(a->value, b->value, sizeof(a->value)) == 0 &&
	       memcmp(a->mask, b->mask, sizeof(a->mask)) == 0;
}

bool nft_rule_equal(const struct nft_rule *a, const struct nft_rule *b)
{
	if (a->foreign || b->foreign || a->match_count != b->match_count ||
		a->verdict != b->verdict || strcmp(a->chain, b->chain) != 0 ||
		strcmp(a->name, b->name) != 0 || strcmp(a->target, b->target) != 0) {
		return false;
	}
	for (size_t i = 0; i < a->match_count; i++) {
		if (!match_equal(&a->matches[i], &b->matches[i])) {
			return false;
		}
	}
	return true;
}

static const struct nft_chain *find_chain(const struct ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->chain_count; i++) {
		if (strcmp(ruleset->chains[i].name, name) == 0) {
			return &ruleset->chains[i];
		}
	}
	return NULL;
}

/* The next rule of the chain at or after *at, which is left behind it. */
static const struct nft_rule *next_rule(const struct ruleset *ruleset, const char *chain,
	size_t *at)
{
	while (*at < ruleset->rule_count) {
		const struct nft_rule *rule = &ruleset->rules[(*at)++];

		if (strcmp(rule->chain, chain) == 0) {
			return rule;
		}
	}
	return NULL;
}

static bool chain_equal(const struct ruleset *a, const struct ruleset *b,
	const struct nft_chain *chain)
{
	const struct nft_chain *other = find_chain(b, chain->name);
	const struct nft_rule *rule;
	size_t at_a = 0, at_b = 0;

	if (!other || strcmp(chain->type, other->type) != 0 || chain->hook != other->hook ||
		chain->priority != other->priority) {
		return false;
	}
	while ((rule = next_rule(a, chain->name, &at_a))) {
		const struct nft_rule *twin = next_rule(b, chain->name, &at_b);

		if (!twin || !nft_rule_equal(rule, twin)) {
			return false;
		}
	}
	return next_rule(b, chain->name, &at_b) == NULL;
}

/* The order of the chains does not matter: the kernel runs them by hook and priority. */
bool ruleset_equal(const struct ruleset *a, const struct ruleset *b)
{
	if (a->present != b->present || a->chain_count != b->chain_count ||
		a->rule_count != b->rule_count) {
		return false;
	}
	for (size_t i = 0; i < a->chain_count; i++) {
		if (!chain_equal(a, b, &a->chains[i])) {
			return false;
		}
	}
	return true;
}

/* FNV-1a */
static uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < size; i++) {
		digest = (digest ^ byte[i]) * UINT64_C(0x100000001b3);
	}
	return digest;
}

static uint64_t digest_rule(uint64_t digest, const struct nft_rule *rule)
{
	digest = digest_bytes(digest, rule->chain, strlen(rule->chain) + 1);
	digest = digest_bytes(digest, rule->name, strlen(rule->name) + 1);
	digest = digest_bytes(digest, rule->target, strlen(rule->target) + 1);
	digest = digest_bytes(digest, rule->matches, rule->match_count * sizeof(rule->matches[0]));
	return digest_bytes(digest, &rule->verdict, sizeof(rule->verdict));
}

uint64_t ruleset_digest(const struct ruleset *ruleset)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < ruleset->chain_count; i++) {
		const struct nft_chain *chain = &ruleset->chains[i];

		digest = digest_bytes(digest, chain->name, strlen(chain->name) + 1);
		digest = digest_bytes(digest, chain->type, strlen(chain->type) + 1);
		digest = digest_bytes(digest, &chain->hook, sizeof(chain->hook));
		digest = digest_bytes(digest, &chain->priority, sizeof(chain->priority));
	}
	for (size_t i = 0; i < ruleset->rule_count; i++) {
		digest = digest_rule(digest, &ruleset->rules[i]);
	}
	return digest;
}

int ruleset_copy(struct ruleset *to, const struct ruleset *from)
{
	CLEANUP(ruleset_free) struct ruleset copy = {.present = from->present};

	for (size_t i = 0; i < from->chain_count; i++) {
		if (ruleset_add_chain(&copy, &from->chains[i]) < 0) {
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < from->rule_count; i++) {
		if (ruleset_add_rule(&copy, &from->rules[i]) < 0) {
			return -ENOMEM;
		}
	}
	*to = copy;
	copy = (struct ruleset){0};
	return 0;
}

void ruleset_free(struct ruleset *ruleset)
{
	free(ruleset->chains);
	free(ruleset->rules);
	*ruleset = (struct ruleset){0};
}
