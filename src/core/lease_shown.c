/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "core/lease_work.h"

static void show(struct lease_result *result, const struct lease_group *group)
{
	struct lease_shown *shown = &result->shown[result->shown_count++];

	*shown = (struct lease_shown){
		.address = group->address,
		.mac = group->mac,
		.author = *group->entries->author,
		.begin = group->begin,
		.expires = group->expires,
		.own = group->own_holds,
		.conflict = group->contested,
	};
	text_copy(shown->name, sizeof(shown->name), group->name);
}

int lease_shown_build(struct lease_work *work)
{
	struct lease_result *result = work->result;

	result->shown = calloc(work->group_count + 1, sizeof(*result->shown));
	if (result->shown == NULL) {
		return -ENOMEM;
	}
	for (int own = 1; own >= 0; own--) {
		for (size_t i = 0; i < work->group_count; i++) {
			if (work->groups[i].own_holds == (own == 1)) {
				show(result, &work->groups[i]);
			}
		}
	}
	return 0;
}
