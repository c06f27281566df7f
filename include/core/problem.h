/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keeps the node from being as configured, in words for the person who can help. */
#ifndef CORE_PROBLEM_H
#define CORE_PROBLEM_H

#include <stddef.h>

#include <jansson.h>

enum problem_kind {
	PROBLEM_NO_PRIMARY, /* no link whose MAC could name the node */
	PROBLEM_LINK_MISSING,
	PROBLEM_NO_CARRIER,
	PROBLEM_NAME_TAKEN, /* a foreign interface has the name */
	PROBLEM_IN_THE_WAY, /* a foreign rule or route stands in the place of ours */
	PROBLEM_MTU_REFUSED,
	PROBLEM_FRAGMENTATION, /* full-size frames will be fragmented */
	PROBLEM_SWITCH_PORT,   /* a switch chip's port both bridged and meshing */
	PROBLEM_MODULE_MISSING,
	PROBLEM_UNSUPPORTED,     /* this kernel has no such setting */
	PROBLEM_SSID,            /* LibreMesh's shell would derive another id */
	PROBLEM_OPERATION,       /* the kernel refused an operation */
	PROBLEM_WAR,             /* another program undoes our changes */
	PROBLEM_CONFIG,          /* the newest configuration is bad; the one before is in force */
	PROBLEM_PROGRAM_MISSING, /* a program that the configuration needs is not installed */
	PROBLEM_CHILD_FAILS,     /* it ends, hangs or grows again and again */
	PROBLEM_GATEWAY,         /* the ways to the Internet are configured in an odd way */
	PROBLEM_ODD_SETTING,     /* a setting works against another */
	PROBLEM_KINDS,
};

enum problem_severity {
	PROBLEM_NOTE,    /* worth knowing; the node works */
	PROBLEM_WARNING, /* part of the node waits */
	PROBLEM_ERROR,
};

struct problem {
	enum problem_kind kind;
	char object[64]; /* what it is about: "eth1", "br-lan" */
	char text[256];  /* what is wrong */
	char hint[192];  /* what would help, or "" */
};

struct problem_list {
	struct problem *items;
	size_t count;
	size_t capacity;
};

/* Adds one, unless the same kind and object is there already. 0 or -ENOMEM. */
int problem_add(struct problem_list *list, enum problem_kind kind, const char *object,
	const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));
void problem_list_free(struct problem_list *list);
/* "link-missing", ... */
const char *problem_kind_name(enum problem_kind kind);
enum problem_severity problem_severity(enum problem_kind kind);
const char *problem_severity_name(enum problem_severity severity);
/* [{"kind","severity","object","text","hint"}] */
json_t *problem_list_to_json(const struct problem_list *list);

#endif
