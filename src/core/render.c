/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/render.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/render_parts.h"

#define IPV6_HEADER    40   /* what ip6_tunnel adds (Linux: tunnel MTU = link MTU - 40) */
#define CLIENT_MTU_MIN 1280 /* RFC 8200 */
#define CLIENT_MTU_MAX 1500

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

int render_path(const char *dir, const char *name, char *path, size_t size, struct err *err)
{
	static const char plain[] = LETTERS DIGITS "/._-+@:~";
	int length = snprintf(path, size, "%s/%s", dir, name);

	if (dir[0] != '/' || strspn(dir, plain) != strlen(dir)) {
		err_set(err,
			"the directory \"%.*s\" has characters that the daemons would misread; "
			"use an absolute path of letters, digits and . _ - + @ : ~",
			(int)text_cut(dir, 100), dir);
		return -EINVAL;
	}
	if (length < 0 || (size_t)length >= size) {
		err_set(err, "the path %.*s.../%s is too long; at most %zu bytes are possible",
			(int)text_cut(dir, 60), dir, name, size - 1);
		return -EINVAL;
	}
	return 0;
}

int render_check_link(const char *name, const char *key, struct err *err)
{
	if (name[0] != '\0' && name[0] != '-' &&
		strspn(name, LETTERS DIGITS "._-") == strlen(name)) {
		return 0;
	}
	text_copy(err->path, sizeof(err->path), key);
	err_set(err,
		"the daemons would misread the interface name \"%.*s\"; use letters, digits and "
		". _ -",
		(int)text_cut(name, 40), name);
	return -EINVAL;
}

bool render_name_is_valid(const char *name)
{
	size_t length = strcspn(name, ".");

	if (strlen(name) > 253) {
		return false;
	}
	while (text_is_label(name, length)) {
		if (name[length] == '\0') {
			return true;
		}
		name += length + 1;
		length = strcspn(name, ".");
	}
	return false;
}

int render_words(struct child_arguments *arguments, const char *const *words)
{
	int rc = 0;

	while (rc == 0 && *words != NULL) {
		rc = child_arguments_add(arguments, "%s", *words++);
	}
	return rc;
}

int render_program(struct child_arguments *arguments, enum child_name name,
	const struct program_config *program)
{
	if (program->path[0] != '\0') {
		return child_arguments_add(arguments, "%s", program->path);
	}
	return child_arguments_add(arguments, "/usr/sbin/%s", child_name_text(name));
}

void render_add(struct render_text *text, const char *format, ...)
{
	char *part = NULL;
	va_list list;

	va_start(list, format);
	int length = vasprintf(&part, format, list);
	va_end(list);
	char *longer = length < 0 ? NULL : realloc(text->text, text->length + (size_t)length + 1);
	if (longer == NULL) {
		text->no_memory = true;
	} else {
		memcpy(longer + text->length, part, (size_t)length + 1);
		text->text = longer;
		text->length += (size_t)length;
	}
	if (length >= 0) {
		free(part);
	}
}

/* Does the alias of a VLAN that meshd makes name the protocol? See core/desired.h. */
static bool alias_has(const struct link *link, const char *protocol)
{
	size_t prefix = strlen(STATE_ALIAS_PREFIX);

	if (link->kind != LINK_VLAN || strncmp(link->alias, STATE_ALIAS_PREFIX, prefix) != 0) {
		return false;
	}
	const char *roles = link->alias + prefix;
	size_t length = strlen(protocol);
	const char *plus = strchr(roles, '+');
	bool is_first = strncmp(roles, protocol, length) == 0 &&
			(roles[length] == '\0' || roles[length] == '+');

	return is_first || (plus != NULL && strcmp(plus + 1, protocol) == 0);
}

/* Without a VLAN the protocol runs on the link itself, which is desired by name or as borrowed. */
static bool runs_untagged(const struct config *config, const struct link *link,
	enum link_protocol protocol)
{
	if (!(link->head.flags & OBJECT_BORROWED)) {
		return false;
	}
	for (int globs = 0; globs <= 1; globs++) {
		for (size_t i = 0; i < config->link_count; i++) {
			const struct link_config *entry = &config->links[i];
			if (text_is_glob(entry->name) == (globs == 1) &&
				fnmatch(entry->name, link->name, 0) == 0) {
				return (entry->protocols & protocol) != 0;
			}
		}
	}
	return false;
}

static const struct layer3_config *layer3_of(const struct config *config,
	enum link_protocol protocol)
{
	return protocol == PROTOCOL_BMX7 ? &config->bmx7 : &config->babeld;
}

static bool runs_on(const struct config *config, const struct link *link,
	enum link_protocol protocol)
{
	if (layer3_of(config, protocol)->vlan == 0) {
		return runs_untagged(config, link, protocol);
	}
	return alias_has(link, protocol == PROTOCOL_BMX7 ? "bmx7" : "babeld");
}

int render_devices(const struct render_input *input, enum link_protocol protocol,
	char (**names)[IFNAMSIZ], size_t *count)
{
	size_t links = state_count(input->desired, OBJECT_LINK);
	char(*found)[IFNAMSIZ] = calloc(links + 1, sizeof(*found));
	size_t used = 0;

	if (found == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; layer3_of(input->config, protocol)->enabled && i < links; i++) {
		const struct link *link = state_at(input->desired, OBJECT_LINK, i);
		if (runs_on(input->config, link, protocol)) {
			text_copy(found[used++], IFNAMSIZ, link->name);
		}
	}
	*names = found;
	*count = used;
	return 0;
}

/* The smaller of mtu and what crosses the protocol's links, less its own headers. */
static int below_links(const struct render_input *input, enum link_protocol protocol, int header,
	int mtu)
{
	const struct config *config = input->config;

	if (!layer3_of(config, protocol)->enabled) {
		return mtu;
	}
	for (size_t i = 0; i < state_count(input->desired, OBJECT_LINK); i++) {
		const struct link *link = state_at(input->desired, OBJECT_LINK, i);
		/* A link that keeps its MTU is not given one; it is an Ethernet's then. */
		int room = object_has(link, LINK_MTU) ? (int)link->mtu : CLIENT_MTU_MAX;

		if (runs_on(config, link, protocol) && room - header < mtu) {
			mtu = room - header;
		}
	}
	return mtu;
}

int render_client_mtu(const struct render_input *input)
{
	const struct config *config = input->config;
	const struct link *mesh = state_find_link(input->desired, config->batadv.device);
	int mtu = config->lan.mtu < CLIENT_MTU_MAX ? config->lan.mtu : CLIENT_MTU_MAX;

	if (config->dhcp.mtu != MTU_AUTO) {
		return config->dhcp.mtu;
	}
	/* The mesh interface is as large as its hardifs let it be without fragments, or 1500. */
	if (mesh != NULL && object_has(mesh, LINK_MTU) && (int)mesh->mtu < mtu) {
		mtu = (int)mesh->mtu;
	}
	mtu = below_links(input, PROTOCOL_BABELD, 0, mtu);
	mtu = below_links(input, PROTOCOL_BMX7, IPV6_HEADER, mtu);
	return mtu > CLIENT_MTU_MIN ? mtu : CLIENT_MTU_MIN;
}
