/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/refusal.h"

#include <stdlib.h>
#include <string.h>

#define RETRY 300.0 /* seconds */

void refusal_list_forget(struct refusal_list *list, const struct state *observed, double now)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct refusal *refusal = &list->items[i];
		const struct link *link = state_find_link(observed, refusal->mtu.link);
		if (link != NULL && link->head.ifindex == refusal->ifindex &&
			refusal->until > now) {
			list->items[kept++] = *refusal;
		}
	}
	list->count = kept;
}

static bool remember(struct refusal_list *list, const struct op *op, double now)
{
	const struct link *desired = op->desired;
	struct refusal *items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (items == NULL) {
		return false;
	}
	list->items = items;
	struct refusal *refusal = &items[list->count++];
	memset(refusal, 0, sizeof(*refusal));
	text_copy(refusal->mtu.link, sizeof(refusal->mtu.link), desired->name);
	refusal->mtu.mtu = desired->mtu;
	refusal->ifindex = object_head(op->observed)->ifindex;
	refusal->until = now + RETRY;
	return true;
}

bool refusal_list_note(struct refusal_list *list, const struct plan *plan, double now)
{
	bool any = false;

	plan_foreach (op, plan) {
		if (op->error != 0 && op->type == OBJECT_LINK && op->verb == OP_SET &&
			(op->fields & FIELD_BIT(LINK_MTU)) &&
			(object_head(op->desired)->flags & OBJECT_BORROWED)) {
			any |= remember(list, op, now);
		}
	}
	return any;
}

double refusal_list_next(const struct refusal_list *list)
{
	double next = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (next == 0 || list->items[i].until < next) {
			next = list->items[i].until;
		}
	}
	return next;
}

void refusal_list_free(struct refusal_list *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}
