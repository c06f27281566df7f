/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing/babeld_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define WORDS_MAX 40

/* A decimal or hexadecimal number, digits only. */
static int parse_number(const char *word, int base, uint64_t max, uint64_t *number)
{
	const char *digits = base == 16 ? "0123456789abcdef" : "0123456789";
	size_t length = strlen(word);

	if (length == 0 || length > 16 || strspn(word, digits) != length) {
		return -EINVAL;
	}
	uint64_t value = strtoull(word, NULL, base);
	if (value > max) {
		return -EINVAL;
	}
	*number = value;
	return 0;
}

static int parse_cost(const char *word, uint32_t *cost)
{
	uint64_t number;
	int result = parse_number(word, 10, UINT32_MAX, &number);

	if (result == 0) {
		*cost = (uint32_t)number;
	}
	return result;
}

static int parse_link(const char *word, char link[IFNAMSIZ])
{
	if (!ifname_is_valid(word)) {
		return -EINVAL;
	}
	text_copy(link, IFNAMSIZ, word);
	return 0;
}

static int parse_bool(const char *word, const char *yes, const char *no, bool *value)
{
	if (strcmp(word, yes) != 0 && strcmp(word, no) != 0) {
		return -EINVAL;
	}
	*value = strcmp(word, yes) == 0;
	return 0;
}

/* "aa:bb:cc:dd:ee:ff:00:11" */
static int parse_id(const char *word, char *id, size_t size)
{
	if (strlen(word) != 23) {
		return -EINVAL;
	}
	for (size_t i = 0; i < 23; i++) {
		bool right =
			i % 3 == 2 ? word[i] == ':' : strchr("0123456789abcdef", word[i]) != NULL;
		if (!right) {
			return -EINVAL;
		}
	}
	text_copy(id, size, word);
	return 0;
}

static int take_up(const char *word, struct babeld_line *line)
{
	return parse_bool(word, "true", "false", &line->up);
}

static int take_link(const char *word, struct babeld_line *line)
{
	return parse_link(word, line->link);
}

static int take_address(const char *word, struct babeld_line *line)
{
	return ip_parse(word, &line->address);
}

static int take_reach(const char *word, struct babeld_line *line)
{
	uint64_t number;
	int result = parse_number(word, 16, UINT16_MAX, &number);

	if (result == 0) {
		line->reach = (uint16_t)number;
	}
	return result;
}

static int take_rxcost(const char *word, struct babeld_line *line)
{
	return parse_cost(word, &line->rxcost);
}

static int take_txcost(const char *word, struct babeld_line *line)
{
	return parse_cost(word, &line->txcost);
}

static int take_cost(const char *word, struct babeld_line *line)
{
	return parse_cost(word, &line->cost);
}

static int take_metric(const char *word, struct babeld_line *line)
{
	return parse_cost(word, &line->metric);
}

static int take_prefix(const char *word, struct babeld_line *line)
{
	return prefix_parse(word, &line->prefix);
}

/* Of length 0: from anywhere. */
static int take_source(const char *word, struct babeld_line *line)
{
	int result = prefix_parse(word, &line->source);

	if (result == 0 && line->source.length == 0) {
		line->source = (struct prefix){0};
	}
	return result;
}

static int take_installed(const char *word, struct babeld_line *line)
{
	return parse_bool(word, "yes", "no", &line->installed);
}

static int take_id(const char *word, struct babeld_line *line)
{
	return parse_id(word, line->id, sizeof(line->id));
}

/* The words that lead a value, by kind; those that are not here are passed over with their value
 * (rtt, ureach, refmetric, ...). */
struct field {
	const char *name;
	int (*take)(const char *word, struct babeld_line *line);
	bool needed;
};

#define FIELDS_MAX 8

static const struct field fields[BABELD_KIND_COUNT][FIELDS_MAX] = {
	[BABELD_INTERFACE] = {{"up", take_up, true}},
	[BABELD_NEIGHBOUR] = {{"address", take_address, true}, {"if", take_link, true},
		{"reach", take_reach, true}, {"rxcost", take_rxcost, true},
		{"txcost", take_txcost, true}, {"cost", take_cost, true}},
	[BABELD_XROUTE] = {{"prefix", take_prefix, true}, {"from", take_source, true},
		{"metric", take_metric, true}},
	[BABELD_ROUTE] = {{"prefix", take_prefix, true}, {"from", take_source, true},
		{"installed", take_installed, true}, {"id", take_id, true},
		{"metric", take_metric, true}, {"via", take_address, true},
		{"if", take_link, true}},
};

static int take_fields(char *const *words, size_t count, struct babeld_line *line)
{
	unsigned int taken = 0;
	unsigned int needed = 0;

	for (size_t i = 0; i + 1 < count; i += 2) {
		for (size_t f = 0; f < FIELDS_MAX && fields[line->kind][f].name != NULL; f++) {
			const struct field *field = &fields[line->kind][f];
			if (strcmp(words[i], field->name) != 0) {
				continue;
			}
			if ((taken & 1U << f) != 0 || field->take(words[i + 1], line) < 0) {
				return -EINVAL;
			}
			taken |= 1U << f;
		}
	}
	for (size_t f = 0; f < FIELDS_MAX; f++) {
		needed |= fields[line->kind][f].needed ? 1U << f : 0;
	}
	return count % 2 == 0 && (taken & needed) == needed ? 0 : -EINVAL;
}

/* words[0] is the verb, words[1] the kind, words[2] the key. */
static int parse_object(char *const *words, size_t count, struct babeld_line *line)
{
	static const char *const verbs[] =
		{[BABELD_ADD] = "add", [BABELD_CHANGE] = "change", [BABELD_FLUSH] = "flush"};
	static const char *const kinds[BABELD_KIND_COUNT] = {[BABELD_INTERFACE] = "interface",
		[BABELD_NEIGHBOUR] = "neighbour",
		[BABELD_XROUTE] = "xroute",
		[BABELD_ROUTE] = "route"};
	size_t verb = 0;
	size_t kind = 0;

	while (verb < ARRAY_SIZE(verbs) && strcmp(words[0], verbs[verb]) != 0) {
		verb++;
	}
	while (count >= 3 && kind < ARRAY_SIZE(kinds) && strcmp(words[1], kinds[kind]) != 0) {
		kind++;
	}
	if (verb == ARRAY_SIZE(verbs) || count < 3 || kind == ARRAY_SIZE(kinds)) {
		return -EINVAL;
	}
	line->verb = (enum babeld_verb)verb;
	line->kind = (enum babeld_kind)kind;
	int result = 0;
	if (line->kind == BABELD_INTERFACE) {
		result = parse_link(words[2], line->link);
	} else if (line->kind != BABELD_XROUTE) {
		result = parse_number(words[2], 16, UINT64_MAX, &line->key);
	}
	return result < 0 ? result : take_fields(words + 3, count - 3, line);
}

/* Answers and what the greeting consists of. */
static int parse_word(char *const *words, size_t count, const char *rest, struct babeld_line *line)
{
	static const struct {
		const char *word;
		enum babeld_kind kind;
		size_t words; /* exactly; 0: any number */
	} known[] = {
		{"ok", BABELD_OK, 1},
		{"no", BABELD_NO, 0},
		{"bad", BABELD_BAD, 1},
		{"BABEL", BABELD_GREETING, 2},
		{"version", BABELD_VERSION, 2},
		{"host", BABELD_OTHER, 0},
		{"my-id", BABELD_MY_ID, 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(words[0], known[i].word) != 0 ||
			(known[i].words != 0 && known[i].words != count)) {
			continue;
		}
		line->kind = known[i].kind;
		text_copy(line->text, sizeof(line->text), rest);
		return line->kind == BABELD_MY_ID && count > 1
			       ? parse_id(words[1], line->text, sizeof(line->text))
			       : 0;
	}
	return -EINVAL;
}

int babeld_line_parse(const char *text, size_t length, struct babeld_line *line)
{
	char copy[BABELD_LINE_MAX + 1];
	char *words[WORDS_MAX] = {0};
	size_t count = 0;
	struct babeld_line parsed;

	memset(&parsed, 0, sizeof(parsed)); /* the padding too, for memcmp */
	if (length == 0 || length > BABELD_LINE_MAX || !text_is_printable(text, length)) {
		return -EINVAL;
	}
	memcpy(copy, text, length);
	copy[length] = '\0';
	char *rest = strchr(copy, ' ');
	char after[BABELD_LINE_MAX + 1] = "";
	text_copy(after, sizeof(after), rest == NULL ? "" : rest + 1);
	char *save = NULL;
	for (char *word = strtok_r(copy, " ", &save); word != NULL;
		word = strtok_r(NULL, " ", &save)) {
		if (count == WORDS_MAX) {
			return -EINVAL;
		}
		words[count++] = word;
	}
	if (count == 0 || (parse_word(words, count, after, &parsed) < 0 &&
				  parse_object(words, count, &parsed) < 0)) {
		return -EINVAL;
	}
	*line = parsed;
	return 0;
}
