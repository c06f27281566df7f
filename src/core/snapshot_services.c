/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the children, the cloud and the layer-3 daemons add to the status. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/snapshot.h"

/* Only what a glance needs; the method "children" tells the rest. */
static json_t *child_to_json(const json_t *child)
{
	static const char *const members[] = {"name", "state", "wanted", "pid", "waiting_for"};
	json_t *brief = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		json_t *value = json_object_get(child, members[i]);
		json_object_set_new(brief, members[i],
			value != NULL ? json_deep_copy(value) : json_null());
	}
	return brief;
}

static json_t *children_to_brief(const json_t *children)
{
	json_t *list = json_array();
	size_t index;
	json_t *child;

	json_array_foreach (children, index, child) {
		json_array_append_new(list, child_to_json(child));
	}
	return list;
}

static const json_t *find_protocol(const json_t *list, const char *name)
{
	size_t index;
	json_t *entry;

	json_array_foreach (list, index, entry) {
		const char *protocol = json_string_value(json_object_get(entry, "protocol"));
		if (protocol != NULL && strcmp(protocol, name) == 0) {
			return entry;
		}
	}
	return NULL;
}

static int add_routing(json_t *status, const json_t *routing)
{
	size_t index;
	json_t *entry;

	json_array_foreach (json_object_get(status, "layer3"), index, entry) {
		const char *name = json_string_value(json_object_get(entry, "protocol"));
		const json_t *state = name == NULL ? NULL : find_protocol(routing, name);
		if (state != NULL &&
			json_object_set_new(entry, "routing", json_deep_copy(state)) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

int snapshot_add_services(json_t *status, const struct snapshot_services *services)
{
	if (services->children != NULL && json_object_set_new(status, "children",
						  children_to_brief(services->children)) != 0) {
		return -ENOMEM;
	}
	if (services->cloud != NULL && json_object_set_new(status, "cloud_sharing",
					       json_deep_copy(services->cloud)) != 0) {
		return -ENOMEM;
	}
	return add_routing(status, services->routing);
}
