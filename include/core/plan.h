/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ordered list of operations that makes the observed network the desired one. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include <jansson.h>

#include "core/state.h"

enum op_verb {
	OP_CREATE,
	OP_SET,
	OP_DELETE,
};

/* Ops run in this order; ops of one phase do not depend on each other. Phases next to each other
 * that use the same netlink protocol go out in one batch. */
enum op_phase {
	PHASE_RULESET, /* nftables first: its rules match names, so nothing ever leaks */
	PHASE_SYSCTL,
	PHASE_DELETE_RULE,
	PHASE_DELETE_ROUTE,
	PHASE_DELETE_ADDRESS,
	PHASE_DELETE_LINK,
	PHASE_CREATE_BRIDGE,
	PHASE_CREATE_MESH,
	PHASE_MESH,         /* mesh settings, before the first hardif is attached */
	PHASE_SET_BASE,     /* links below others: MTU and up before their VLANs */
	PHASE_CREATE_UPPER, /* VLANs, macvlan */
	PHASE_SET_UPPER,
	PHASE_ADDRESS,
	PHASE_REROUTE, /* ways to the Internet whose place another one takes in the next phase */
	PHASE_ROUTE,
	PHASE_RULE,
	PHASE_HARDIF,
	PHASES,
};

/* desired and observed point into the states the plan was made from; either may be NULL. */
struct op {
	enum op_verb verb;
	enum object_type type;
	enum op_phase phase;
	const void *desired;
	const void *observed;
	uint64_t fields;  /* SET: the fields that differ. CREATE: those given. */
	uint32_t ifindex; /* CREATE of a link: the number it shall have, so that later ops of the
			     same batch can name it */
	/* Written by apply: */
	bool done;
	int error;        /* 0 or -errno */
	bool consequence; /* failed only because the link it needs could not be made */
	char *message;    /* the kernel's extended ack, or NULL */
};

struct plan {
	struct op *ops;
	size_t count;
	size_t capacity;
};

struct op *plan_add(struct plan *plan);
/* By phase, and within a phase as added. 0 or -ENOMEM. */
int plan_sort(struct plan *plan);
void plan_free(struct plan *plan);
/* The object of an op: desired, else observed. */
const void *op_object(const struct op *op);
const char *op_verb_name(enum op_verb verb);

/* An empty plan has no array to count from. */
#define plan_foreach(item, plan)                                                                   \
	for (struct op *item = (plan)->ops; item != NULL && item < (plan)->ops + (plan)->count;    \
		item++)

/* [{"verb","type","object","fields":[{"field","was","becomes"}],"error"?,"message"?}], the form of
 * meshctl plan --json. */
json_t *plan_to_json(const struct plan *plan);

#endif
