/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* One object, made unique by the number of the link below it: a link that comes back is another
 * link, and what stands on it starts afresh. */
struct guard_entry {
	enum object_type type;
	uint32_t ifindex;
	char key[64];
	unsigned int heals; /* since window_start */
	double window_start;
	double last;
	double wait; /* length of the last truce or retry, 0 = none yet */
	double blocked_until;
	bool at_war;             /* else the wait is for a failure */
	bool deleted;            /* the last op on it took it away */
	uint64_t ruleset;        /* else, of a table: what the last op made it */
	struct problem *problem; /* why it failed; owned, NULL at war */
};

struct guard_identity {
	enum object_type type;
	uint32_t ifindex;
	char key[64];
};

static uint32_t link_number(const struct state *observed, const char *name)
{
	const struct link *link = state_find_link(observed, name);

	return link != NULL ? link->head.ifindex : 0;
}

/* The link whose number makes the object unique. */
static const char *anchor(const struct op *op)
{
	const void *object = op_object(op);
	const char *link = op->type == OBJECT_LINK ? ((const struct link *)object)->lower
						   : object_link(op->type, object);

	return link != NULL ? link : "";
}

static struct guard_identity identify(const struct state *observed, const struct op *op)
{
	struct guard_identity identity = {.type = op->type};
	size_t size = object_classes[op->type].key_size;

	identity.ifindex = link_number(observed, anchor(op));
	if (op->type == OBJECT_LINK && op->verb == OP_SET && identity.ifindex == 0) {
		identity.ifindex = object_head(op->observed)->ifindex;
	}
	if (op->type < OBJECT_SETS) {
		memcpy(identity.key, object_key(op->type, op_object(op)),
			size < sizeof(identity.key) ? size : sizeof(identity.key));
	}
	return identity;
}

static struct guard_entry *find_entry(const struct guard *guard,
	const struct guard_identity *identity)
{
	for (size_t i = 0; i < guard->count; i++) {
		struct guard_entry *entry = &guard->entries[i];
		if (entry->type == identity->type && entry->ifindex == identity->ifindex &&
			memcmp(entry->key, identity->key, sizeof(entry->key)) == 0) {
			return entry;
		}
	}
	return NULL;
}

static struct guard_entry *quietest_entry(const struct guard *guard)
{
	struct guard_entry *quietest = &guard->entries[0];

	for (size_t i = 1; i < guard->count; i++) {
		if (guard->entries[i].last < quietest->last) {
			quietest = &guard->entries[i];
		}
	}
	return quietest;
}

static struct guard_entry *add_entry(struct guard *guard, const struct guard_identity *identity)
{
	struct guard_entry *entry;

	if (guard->count < GUARD_ENTRIES) {
		struct guard_entry *entries =
			reallocarray(guard->entries, guard->count + 1, sizeof(*entries));
		if (entries == NULL) {
			return NULL;
		}
		guard->entries = entries;
		entry = &entries[guard->count++];
	} else {
		entry = quietest_entry(guard);
		free(entry->problem);
	}
	memset(entry, 0, sizeof(*entry));
	entry->type = identity->type;
	entry->ifindex = identity->ifindex;
	memcpy(entry->key, identity->key, sizeof(entry->key));
	return entry;
}

static bool link_is_there(const struct state *observed, uint32_t ifindex)
{
	for (size_t i = 0; i < state_count(observed, OBJECT_LINK); i++) {
		if (object_head(state_at(observed, OBJECT_LINK, i))->ifindex == ifindex) {
			return true;
		}
	}
	return false;
}

/* Entries that have been quiet for long say nothing any more, nor do those of a link that is gone:
 * its number does not come back. */
static void forget_old(struct guard *guard, const struct state *observed, double now)
{
	size_t kept = 0;

	for (size_t i = 0; i < guard->count; i++) {
		const struct guard_entry *entry = &guard->entries[i];
		bool recent = now - entry->last < GUARD_WINDOW + entry->wait + GUARD_TRUCE_FIRST;
		if (recent && (entry->ifindex == 0 || link_is_there(observed, entry->ifindex))) {
			guard->entries[kept++] = *entry;
		} else {
			free(entry->problem);
		}
	}
	guard->count = kept;
}

/* Is it as wanted, or as unwanted, as when the entry was last noted? */
static bool is_same_mind(const struct guard_entry *entry, const struct state *desired)
{
	if (entry->type >= OBJECT_SETS) {
		const struct ruleset *table =
			entry->type == OBJECT_NAT ? &desired->nat : &desired->ruleset;
		return table->present != entry->deleted &&
		       (entry->deleted || ruleset_digest(table) == entry->ruleset);
	}
	return (state_find(desired, entry->type, entry->key) == NULL) == entry->deleted;
}

void guard_follow(struct guard *guard, const struct state *desired)
{
	size_t kept = 0;

	for (size_t i = 0; i < guard->count; i++) {
		const struct guard_entry *entry = &guard->entries[i];
		if (is_same_mind(entry, desired)) {
			guard->entries[kept++] = *entry;
		} else {
			free(entry->problem);
		}
	}
	guard->count = kept;
}

static void lengthen_wait(struct guard_entry *entry, double now, double first, double last)
{
	entry->wait = entry->wait == 0 ? first : entry->wait * 2;
	if (entry->wait > last) {
		entry->wait = last;
	}
	entry->blocked_until = now + entry->wait;
}

static int note_failure(struct guard_entry *entry, double now, const struct problem *problem)
{
	if (entry->problem == NULL) {
		entry->problem = malloc(sizeof(*entry->problem));
	}
	if (entry->problem == NULL) {
		return -ENOMEM;
	}
	*entry->problem = *problem;
	entry->at_war = false;
	lengthen_wait(entry, now, GUARD_RETRY_FIRST, GUARD_RETRY_LAST);
	return 0;
}

static void end_failure(struct guard_entry *entry)
{
	free(steal_ptr(entry->problem));
	if (!entry->at_war) {
		entry->wait = 0;
	}
}

static void note_success(struct guard_entry *entry, double now)
{
	end_failure(entry);
	if (now - entry->window_start > GUARD_WINDOW + entry->wait) {
		entry->window_start = now;
		entry->heals = 0;
		entry->wait = 0;
		entry->at_war = false;
	}
	entry->heals++;
	if (entry->heals > GUARD_HEALS) {
		entry->at_war = true;
		lengthen_wait(entry, now, GUARD_TRUCE_FIRST, GUARD_TRUCE_LAST);
	}
}

/* What stands on a link that was not there when the plan was made comes with that link. It is no
 * heal by itself, however often the link goes and comes. */
static bool comes_with_link(const struct guard_identity *identity, const struct op *op)
{
	return identity->ifindex == 0 && anchor(op)[0] != '\0';
}

int guard_note(struct guard *guard, const struct state *observed, const struct op *op, double now,
	const struct problem *problem)
{
	struct guard_identity identity = identify(observed, op);
	struct guard_entry *entry = find_entry(guard, &identity);

	if (problem == NULL && comes_with_link(&identity, op)) {
		if (entry != NULL) {
			end_failure(entry);
		}
		return 0;
	}
	if (entry == NULL) {
		entry = add_entry(guard, &identity);
		if (entry == NULL) {
			return -ENOMEM;
		}
		entry->window_start = now;
	}
	entry->last = now;
	entry->deleted = op->verb == OP_DELETE;
	if (op->type >= OBJECT_SETS && !entry->deleted) {
		entry->ruleset = ruleset_digest(op->desired);
	}
	if (problem != NULL) {
		return note_failure(entry, now, problem);
	}
	note_success(entry, now);
	return 0;
}

static bool needs_link(const struct op *op, const char *name)
{
	if (op->type == OBJECT_LINK && op->desired != NULL) {
		const struct link *link = op->desired;
		return strcmp(link->lower, name) == 0 || strcmp(link->master, name) == 0;
	}
	return op->type != OBJECT_LINK && strcmp(anchor(op), name) == 0;
}

static void drop_op(struct plan *plan, size_t index)
{
	free(plan->ops[index].message);
	memmove(&plan->ops[index], &plan->ops[index + 1],
		(plan->count - index - 1) * sizeof(*plan->ops));
	plan->count--;
}

/* A link that is not made takes the ops that stand on it along. Returns where to go on. */
static size_t drop_with_dependents(struct plan *plan, size_t index)
{
	const struct op *op = &plan->ops[index];
	char name[IFNAMSIZ] = "";

	if (op->type == OBJECT_LINK && op->verb == OP_CREATE) {
		text_copy(name, sizeof(name), object_key(OBJECT_LINK, op_object(op)));
	}
	drop_op(plan, index);
	if (name[0] == '\0') {
		return index;
	}
	for (size_t i = 0; i < plan->count;) {
		i = needs_link(&plan->ops[i], name) ? drop_with_dependents(plan, i) : i + 1;
	}
	return 0; /* some may have stood before */
}

static void add_entry_problem(const struct guard_entry *entry, const struct op *op, double now,
	const char *suspect, struct problem_list *problems)
{
	char object[OBJECT_TEXT_SIZE];

	if (entry->problem != NULL) {
		problem_add(problems, entry->problem->kind, entry->problem->object,
			entry->problem->hint, "%s", entry->problem->text);
		return;
	}
	object_format_key(op->type, op_object(op), object);
	problem_add(problems, PROBLEM_WAR, object,
		suspect != NULL ? suspect : "find the program that changes it and tell it not to",
		"another program keeps undoing %s %s; left alone for %.0f s",
		object_classes[op->type].name, object, entry->blocked_until - now);
}

double guard_filter(struct guard *guard, const struct state *observed, struct plan *plan,
	double now, struct problem_list *problems)
{
	forget_old(guard, observed, now);
	for (size_t i = 0; i < plan->count && guard->count > 0;) {
		const struct op *op = &plan->ops[i];
		struct guard_identity identity = identify(observed, op);
		const struct guard_entry *entry = find_entry(guard, &identity);

		if (entry == NULL || entry->blocked_until <= now) {
			i++;
			continue;
		}
		add_entry_problem(entry, op, now, guard->suspect, problems);
		i = drop_with_dependents(plan, i);
	}
	return guard_next(guard, now);
}

double guard_next(const struct guard *guard, double now)
{
	double next = 0;

	for (size_t i = 0; i < guard->count; i++) {
		double at = guard->entries[i].blocked_until;
		if (at > now && (next == 0 || at < next)) {
			next = at;
		}
	}
	return next;
}

void guard_free(struct guard *guard)
{
	for (size_t i = 0; i < guard->count; i++) {
		free(guard->entries[i].problem);
	}
	free(guard->entries);
	memset(guard, 0, sizeof(*guard));
}
