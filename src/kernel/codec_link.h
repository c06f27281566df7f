/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct link as messages of linux/rtnetlink.h and back. Names of other links are numbers there:
 * the caller turns one into the other. */
#ifndef KERNEL_CODEC_LINK_H
#define KERNEL_CODEC_LINK_H

#include <libmnl/libmnl.h>

#include "core/state.h"

struct link_numbers {
	uint32_t link;
	uint32_t lower;  /* 0: none, or in another namespace */
	uint32_t master; /* 0: none */
};

/* Decodes RTM_NEWLINK into a zeroed link, all but lower and master, whose numbers it gives.
 * 0, or -EINVAL when it is no message about a link itself (bridge port, no name). */
int codec_link_decode(const struct nlmsghdr *message, struct link *link,
	struct link_numbers *numbers);

/* The kind of an IFLA_INFO_KIND. */
enum link_kind codec_link_kind(const char *name);

/* Who owns it, by alias and group: OBJECT_OWNED or 0. */
uint32_t codec_link_flags(const struct link *link);

/* The three messages a link is made with. In each, only the given fields are written (bits of enum
 * link_field), and none of another message's, so the same calls serve create and set:
 * - create: kind, lower and what the kernel takes together with them. The link is ours from this
 *   message on (IFLA_GROUP) and still down.
 * - set: what is to be right before the link goes up.
 * - rise: up or down, and the settings of a port, which exist once the master has taken it. */
void codec_link_create(struct nlmsghdr *message, const struct link *link, uint64_t fields,
	const struct link_numbers *numbers);
void codec_link_set(struct nlmsghdr *message, const struct link *link, uint64_t fields,
	const struct link_numbers *numbers);
void codec_link_rise(struct nlmsghdr *message, const struct link *link, uint64_t fields,
	const struct link_numbers *numbers);

/* Fields that each of them writes. In codec_link_set() also those of the first. */
extern const uint64_t codec_link_create_fields;
extern const uint64_t codec_link_set_fields;
extern const uint64_t codec_link_rise_fields;

#endif
