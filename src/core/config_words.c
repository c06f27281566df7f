/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding keys and words, and saying what would be right. */
#include <stdio.h>
#include <string.h>

#include "core/config_keys.h"

/* A longer word is no slip of anybody's finger. */
#define NEAR_LENGTH_MAX 48

const struct config_key *config_key_find(const struct config_key *parent, const char *name)
{
	for (size_t i = 0; i < parent->child_count; i++) {
		if (strcmp(parent->children[i].name, name) == 0) {
			return &parent->children[i];
		}
	}
	return NULL;
}

const struct config_word *config_word_find(const struct config_key *key, const char *word)
{
	for (size_t i = 0; i < key->word_count; i++) {
		if (strcmp(key->words[i].word, word) == 0) {
			return &key->words[i];
		}
	}
	return NULL;
}

/* How near a name is to what was written; the lower the nearer. */
enum nearness {
	NEAR_SAME,      /* but for capital letters, or '-' in place of '_' */
	NEAR_SLIP,      /* a few wrong letters */
	NEAR_SAME_WORD, /* "orig" for "orig_interval", "lan_ports" for "ports" */
	NEAR_NOT,
};

/* The nearest so far of what was written. */
struct nearest {
	char written[NEAR_LENGTH_MAX + 1];
	const char *name;
	enum nearness nearness;
	unsigned int distance; /* letters: wrong ones, or of other words */
};

/* Writes the name in small letters, with '_' between words; what does not fit is left out. */
static void fold(char folded[NEAR_LENGTH_MAX + 1], const char *name)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ- ";
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz__";
	size_t i = 0;

	for (; i < NEAR_LENGTH_MAX && name[i] != '\0'; i++) {
		const char *capital = strchr(capitals, name[i]);

		folded[i] = name[i];
		if (capital != NULL) {
			folded[i] = plain[capital - capitals];
		}
	}
	folded[i] = '\0';
}

/* So many letters at the start of both are the same. */
static size_t common_start(const char *a, const char *b)
{
	size_t length = 0;

	while (a[length] != '\0' && a[length] == b[length]) {
		length++;
	}
	return length;
}

/* The letters that both have in common from the start of a word in each. */
static size_t common_letters(const char *a, const char *b)
{
	size_t most = 0;

	for (const char *in_a = a; *in_a != '\0'; in_a++) {
		for (const char *in_b = b; *in_b != '\0'; in_b++) {
			bool starts =
				(in_a == a || in_a[-1] == '_') && (in_b == b || in_b[-1] == '_');
			size_t length = starts ? common_start(in_a, in_b) : 0;

			most = length > most ? length : most;
		}
	}
	return most;
}

/* Is what is common enough to be what was meant? Two fifths of the shorter name are: "algo" of
 * "algorithm". */
static bool is_same_word(size_t common, size_t written, size_t name)
{
	size_t shorter = written < name ? written : name;

	return common >= 4 && common * 5 >= shorter * 2;
}

static bool nearest_start(struct nearest *nearest, const char *written)
{
	if (strlen(written) > NEAR_LENGTH_MAX) {
		return false;
	}
	*nearest = (struct nearest){.nearness = NEAR_NOT};
	fold(nearest->written, written);
	return true;
}

static void nearest_try(struct nearest *nearest, const char *name)
{
	char folded[NEAR_LENGTH_MAX + 1];

	fold(folded, name);
	size_t length = strlen(nearest->written);
	size_t common = common_letters(nearest->written, folded);
	unsigned int distance = text_distance(nearest->written, folded);
	/* A third of the letters may be wrong, two in short names. */
	bool is_slip = distance < (length < 9 ? 3 : length / 3 + 1) && distance < strlen(folded);
	enum nearness nearness = distance == 0 ? NEAR_SAME : is_slip ? NEAR_SLIP : NEAR_NOT;

	if (nearness == NEAR_NOT && is_same_word(common, length, strlen(folded))) {
		nearness = NEAR_SAME_WORD;
		distance = NEAR_LENGTH_MAX - (unsigned int)common;
	}
	if (nearness < nearest->nearness ||
		(nearness == nearest->nearness && distance < nearest->distance)) {
		nearest->nearness = nearness;
		nearest->distance = distance;
		nearest->name = name;
	}
}

const char *config_key_same(const struct config_key *parent, const char *name)
{
	char folded[NEAR_LENGTH_MAX + 1];
	char other[NEAR_LENGTH_MAX + 1];

	fold(folded, name);
	for (size_t i = 0; i < parent->child_count && strlen(name) <= NEAR_LENGTH_MAX; i++) {
		fold(other, parent->children[i].name);
		if (strcmp(other, folded) == 0) {
			return parent->children[i].name;
		}
	}
	return NULL;
}

const char *config_key_nearest(const struct config_key *parent, const char *name)
{
	struct nearest nearest;

	if (!nearest_start(&nearest, name)) {
		return NULL;
	}
	for (size_t i = 0; i < parent->child_count; i++) {
		nearest_try(&nearest, parent->children[i].name);
	}
	return nearest.name;
}

const char *config_word_nearest(const struct config_key *key, const char *word)
{
	struct nearest nearest;

	if (!nearest_start(&nearest, word)) {
		return NULL;
	}
	for (size_t i = 0; i < key->word_count; i++) {
		nearest_try(&nearest, key->words[i].word);
	}
	return nearest.name;
}

void config_words_describe(const struct config_key *key, char *text, size_t size)
{
	for (size_t i = 0; i < key->word_count; i++) {
		const char *joint = i == 0 ? "" : i + 1 == key->word_count ? " or " : ", ";

		text_append(text, size, "%s\"%s\"", joint, key->words[i].word);
	}
}

/* " but 158, 159 and 160, which others use" */
static void append_taken(const struct config_key *key, char *text, size_t size)
{
	for (size_t i = 0; i < key->taken_count; i++) {
		const char *joint = i == 0 ? " but " : i + 1 == key->taken_count ? " and " : ", ";

		text_append(text, size, "%s%lld", joint, (long long)key->taken[i]);
	}
	if (key->taken_count > 0) {
		text_append(text, size, ", which others use");
	}
}

void config_key_describe(const struct config_key *key, char *text, size_t size)
{
	long long least = (long long)key->minimum;
	long long most = (long long)key->maximum;

	text[0] = '\0';
	switch (key->kind) {
	case CONFIG_OBJECT:
	case CONFIG_MAP:
		text_append(text, size, "an object, { ... }");
		return;
	case CONFIG_LIST:
		text_append(text, size, "a list [ ... ] of %s", key->what);
		return;
	case CONFIG_FLAGS:
		text_append(text, size, "a list [ ... ] of ");
		config_words_describe(key, text, size);
		return;
	case CONFIG_BOOL:
		text_append(text, size, "true or false");
		return;
	case CONFIG_NUMBER:
		text_append(text, size, "an integer from %lld to %lld%s%s%s", least, most,
			key->unit != NULL ? " (" : "", key->unit != NULL ? key->unit : "",
			key->unit != NULL ? ")" : "");
		append_taken(key, text, size);
		break;
	case CONFIG_HEX:
		text_append(text, size,
			"an integer from %lld to %lld or a text \"0x0\" to \"0x%llx\"", least, most,
			most);
		return;
	case CONFIG_BANDWIDTH:
		text_append(text, size,
			"an integer from %lld to %lld (kbit/s), a multiple of %d, or a text such "
			"as "
			"\"10Mbit\" or \"500kbit\"",
			least, most, CONFIG_BANDWIDTH_UNIT);
		return;
	case CONFIG_WORD:
	case CONFIG_WORD_TEXT:
		config_words_describe(key, text, size);
		return;
	case CONFIG_TEXT:
		text_append(text, size, "%s", key->what);
		break;
	case CONFIG_IGNORED:
		text_append(text, size, "a text");
		return;
	}
	if (key->word_count > 0) {
		text_append(text, size, " or ");
		config_words_describe(key, text, size);
	}
}
