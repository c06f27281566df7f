/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked: the targets of the configuration, read from their texts. */
#ifndef UPLINK_TARGETS_H
#define UPLINK_TARGETS_H

#include "core/config.h"

#define TARGETS_MAX 16 /* of one kind; what is over is left out */

/* A part of a target's text. */
struct target_part {
	uint8_t start;
	uint8_t length;
};

struct target {
	enum probe_kind kind;
	char text[192]; /* as in the configuration */
	struct ip ip;   /* family 0: http, a name to be resolved */
	uint16_t port;  /* host order; 0: ping */
	/* http: */
	char name[128]; /* of the host, "" = it is an address */
	struct target_part url;
	struct target_part authority; /* for "Host:" */
	struct target_part path;      /* length 0 = "/" */
	struct target_part body;      /* the answer's body begins with it; length 0 = any */
	int status;
};

/* In the order of the kinds, then of the configuration. */
struct target_list {
	struct target *items;
	size_t count;
};

/* 0 or -EINVAL. */
int target_parse(enum probe_kind kind, const char *text, struct target *target);
/* Texts that are no targets are left out. 0 or -ENOMEM. */
int target_list_read(const struct probes_config *probes, struct target_list *list);
void target_list_free(struct target_list *list);
/* Can it be asked over a way of this family? A name needs a DNS target of the family. */
bool target_is_for(const struct target_list *list, const struct target *target, uint8_t family);

#endif
