/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which way a node takes to the Internet: out of all ways that there are, of one family. Pure and
 * deterministic: the same question and memory give the same decision. */
#ifndef CORE_GATEWAY_H
#define CORE_GATEWAY_H

#include "core/path.h"

enum gateway_kind {
	GATEWAY_UPLINK,     /* an uplink of this node */
	GATEWAY_BMX7,       /* a node that announces a default route by bmx7, through its tunnel */
	GATEWAY_BABELD,     /* a meshd node that offers a tunnel end in Babel */
	GATEWAY_BABELD_HOP, /* Babel's own default route, hop by hop: who gets the packet is decided
			       anew by every node on the way */
};

struct gateway_key {
	enum gateway_kind kind;
	char id[64]; /* uplink: the link; bmx7: node id; babeld: the node's MAC; hop: router id */
};

struct gateway_candidate {
	struct gateway_key key;
	char name[64];       /* hostname where it is known, "" */
	char link[IFNAMSIZ]; /* device that packets leave by, "" = none made yet */
	struct ip via;       /* next hop on it, family 0 = none */
	struct ip endpoint;  /* babeld: the tunnel's far end */
	uint64_t path;       /* bit/s of the way through the mesh, 0 = not known; uplinks: 0 */
	uint64_t bandwidth;  /* bit/s announced or configured, 0 = not known */
	int priority;        /* uplinks: configured, lower goes first */
	bool probed;         /* path of its probes follows; else its health is unknown */
	struct path health;
};

enum gateway_mode { GATEWAY_AUTO, GATEWAY_USE, GATEWAY_LOCAL_ONLY };

#define GATEWAY_NAMES_MAX 16
/* What the user wants. Names match a candidate's name (without regard to case) or id (also its
 * beginning, of 4 or more characters); an uplink's is its link or "local". */
struct gateway_choice {
	enum gateway_mode mode;
	char use[64]; /* of GATEWAY_USE */
	bool strict;  /* GATEWAY_USE: rather none than another */
	char prefer[GATEWAY_NAMES_MAX][64];
	size_t prefer_count;
	char avoid[GATEWAY_NAMES_MAX][64]; /* used when nothing else works */
	size_t avoid_count;
	bool never_share;
};

struct gateway_rules {
	unsigned int hysteresis; /* percent that another must be better */
	double hold_down;        /* seconds that it must have been */
	double return_after;     /* seconds that an own uplink must have been up before it is taken
				    again after it failed */
	double half_life;        /* of the penalties, to be shown */
	double probe_next;       /* seconds between probes through the next best gateways */
};

/* Why the candidate in use is the one; in the order in which they decide. */
enum gateway_rule {
	GATEWAY_RULE_NONE,       /* there is no way */
	GATEWAY_RULE_ONLY,       /* the only usable one */
	GATEWAY_RULE_USE,        /* the user said so */
	GATEWAY_RULE_FALLBACK,   /* the user's is not usable */
	GATEWAY_RULE_STRICT,     /* the user's is not usable and no other is wanted */
	GATEWAY_RULE_PREFER,     /* the user prefers it, or avoids the others */
	GATEWAY_RULE_OWN,        /* an uplink of its own goes first */
	GATEWAY_RULE_PRIORITY,   /* of two uplinks, the first by priority */
	GATEWAY_RULE_SCORE,      /* the best score */
	GATEWAY_RULE_HYSTERESIS, /* another is better, but not by so much */
	GATEWAY_RULE_HOLD_DOWN,  /* another is better, but not for so long */
	GATEWAY_RULE_TIE,        /* equal: the first by kind and id */
	GATEWAY_RULE_LEFT,       /* the one in use was not usable any more (only in the log) */
	GATEWAY_RULES,
};
const char *gateway_rule_text(enum gateway_rule rule); /* "score", ... */
const char *gateway_kind_text(enum gateway_kind kind); /* "uplink", "bmx7", "babeld", "hop" */

#define GATEWAY_LOG_MAX   64
#define GATEWAY_TEXT_SIZE 256

/* One change of what is in use. */
struct gateway_event {
	double time;             /* monotonic */
	struct gateway_key from; /* id "" = none */
	struct gateway_key to;
	char from_name[64];
	char to_name[64];
	enum gateway_rule rule;        /* that decided for the new one */
	char reason[PATH_REASON_SIZE]; /* why the old one was left, "" = it was only worse */
};

/* What is remembered from one decision to the next, of one family. */
struct gateway_memory {
	struct gateway_key in_use; /* id "" = none */
	char in_use_name[64];
	double since;
	struct gateway_key challenger; /* better than the one in use, since: */
	double challenger_since;
	double unknown_since; /* the one in use has had no verdict since, 0 = it has one */
	struct gateway_event log[GATEWAY_LOG_MAX]; /* a ring */
	size_t log_next; /* index of the next entry; those with no id at all are not used yet */
	uint64_t changes;
};

/* A candidate in the order of preference, with every part of its score. */
struct gateway_rank {
	size_t candidate; /* index in the question */
	bool usable;
	char why_not[PATH_REASON_SIZE]; /* when it is not */
	double score; /* bit/s: of path and bandwidth the smaller known one, times the following */
	double stability;      /* 0..1: what the penalty leaves */
	double preference;     /* as in use: 1 + hysteresis; else 1 */
	int user_class;        /* 2 use, 1 prefer, 0, -1 avoid */
	double probe_interval; /* seconds between probes that it should get, 0 = none */
};

struct gateway_question {
	const struct gateway_candidate *candidates;
	size_t count;
	const struct gateway_choice *choice;
	const struct gateway_rules *rules;
	const struct path_rules *path_rules;
	double now;
};

struct gateway_decision {
	struct gateway_rank *order; /* each candidate once: the usable ones first */
	size_t count;
	ptrdiff_t in_use; /* index in order, -1 = none */
	bool block;       /* no other way may be taken: local-only, or strict */
	enum gateway_rule rule;
	char explanation[GATEWAY_TEXT_SIZE]; /* for a person: what decided, with the figures */
	char flip[GATEWAY_TEXT_SIZE];        /* and what would change it */
	double next; /* when to decide again though nothing happens, INFINITY = never */
};

/* Decides, and notes in memory what changed. 0 or -ENOMEM. */
int gateway_decide(const struct gateway_question *question, struct gateway_memory *memory,
	struct gateway_decision *decision);
void gateway_decision_free(struct gateway_decision *decision);
bool gateway_key_equal(const struct gateway_key *a, const struct gateway_key *b);
/* Does the user's word mean this candidate? */
bool gateway_name_matches(const char *name, const struct gateway_candidate *candidate);

/* Memory over restarts. Times in seconds before now. */
json_t *gateway_memory_to_json(const struct gateway_memory *memory, double now);
bool gateway_memory_from_json(const json_t *json, double now, struct gateway_memory *memory);
/* {"mode":"auto|use|local-only","use","strict","prefer":[],"avoid":[],"never_share"} */
json_t *gateway_choice_to_json(const struct gateway_choice *choice);
bool gateway_choice_from_json(const json_t *json, struct gateway_choice *choice);

/* What the method "gateway" says of one family, see docs/control.md. unix_now: the same instant as
 * question->now, for the log's times. NULL when memory ends. */
json_t *gateway_family_to_json(const struct gateway_question *question,
	const struct gateway_memory *memory, const struct gateway_decision *decision,
	double unix_now);

/* --- the sign of an offer in Babel --- */

/* A gateway is known in Babel by an address of its own that it announces: fd6d:6573:6864 ("meshd"),
 * then the family (4 or 6) and the bandwidth in 16 bits, then its MAC and 16 zero bits. It is the
 * end of the tunnel too. */
#define GATEWAY_OFFER_NETWORK "fd6d:6573:6864::/48"
/* family is AF_INET or AF_INET6; bandwidth in bit/s, 0 = not known, told to within 1 % up to 250
 * Gbit/s. An address of family 0 when family or MAC are none. */
struct ip gateway_offer_encode(uint8_t family, uint64_t bandwidth, const struct mac *mac);
/* False when it is none. */
bool gateway_offer_decode(const struct ip *address, uint8_t *family, uint64_t *bandwidth,
	struct mac *mac);

#endif
