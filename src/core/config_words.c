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

/* The nearest so far of what was written. */
struct nearest {
	const char *written;
	const char *name;
	unsigned int distance;
};

static void nearest_start(struct nearest *nearest, const char *written)
{
	size_t length = strlen(written);

	/* A third of the letters may be wrong, two in short names. */
	*nearest = (struct nearest){.written = written,
		.distance = (unsigned int)(length < 9 ? 3 : length / 3 + 1)};
}

static void nearest_try(struct nearest *nearest, const char *name)
{
	unsigned int distance = text_distance(nearest->written, name);

	if (distance < nearest->distance && distance < strlen(name)) {
		nearest->distance = distance;
		nearest->name = name;
	}
}

const char *config_key_nearest(const struct config_key *parent, const char *name)
{
	struct nearest nearest;

	if (strlen(name) > NEAR_LENGTH_MAX) {
		return NULL;
	}
	nearest_start(&nearest, name);
	for (size_t i = 0; i < parent->child_count; i++) {
		nearest_try(&nearest, parent->children[i].name);
	}
	return nearest.name;
}

const char *config_word_nearest(const struct config_key *key, const char *word)
{
	struct nearest nearest;

	if (strlen(word) > NEAR_LENGTH_MAX) {
		return NULL;
	}
	nearest_start(&nearest, word);
	for (size_t i = 0; i < key->word_count; i++) {
		nearest_try(&nearest, key->words[i].word);
	}
	return nearest.name;
}

/* "a", "b" or "c" */
static void append_words(const struct config_key *key, char *text, size_t size)
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
		append_words(key, text, size);
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
		append_words(key, text, size);
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
		append_words(key, text, size);
	}
}
