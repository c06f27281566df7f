/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command "gateway": what is, why, and what the user wants. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "meshctl/command.h"
#include "meshctl/print_gateway.h"
#include "meshctl/status_sections.h"
#include "meshctl/usage.h"
#include "meshctl/wrap.h"

/* What a word after "gateway" takes, besides --json. */
enum action_bit {
	ACTION_NODE = 1 << 0, /* needs a NODE */
	ACTION_STRICT = 1 << 1,
	ACTION_FORCE = 1 << 2,
	ACTION_FAMILY = 1 << 3,
	ACTION_ALL = 1 << 4,
};

struct action {
	const char *word; /* NULL: none was given */
	const char *member;
	bool value; /* of a member without a NODE */
	unsigned int takes;
	void (*print)(const json_t *result, const struct status_view *view); /* NULL: chooses */
};

static const struct action actions[] = {
	{NULL, NULL, false, ACTION_FAMILY | ACTION_ALL, print_gateway},
	{"why", NULL, false, ACTION_FAMILY, print_gateway_why},
	{"use", "use", false, ACTION_NODE | ACTION_STRICT | ACTION_FORCE, NULL},
	{"auto", "auto", true, 0, NULL},
	{"prefer", "prefer", false, ACTION_NODE | ACTION_FORCE, NULL},
	{"avoid", "avoid", false, ACTION_NODE | ACTION_FORCE, NULL},
	{"forget", "forget", false, ACTION_NODE, NULL},
	{"never-share", "never_share", true, 0, NULL},
	{"share", "never_share", false, 0, NULL},
	{"local-only", "local_only", true, 0, NULL},
	{"reset", "reset", true, 0, NULL},
};

static const struct action *find_action(const char *word)
{
	for (size_t i = 1; i < ARRAY_SIZE(actions); i++) {
		if (word != NULL && strcmp(actions[i].word, word) == 0) {
			return &actions[i];
		}
	}
	return word == NULL ? &actions[0] : NULL;
}

static bool is_family(const char *word)
{
	return strcmp(word, gateway_families[0]) == 0 || strcmp(word, gateway_families[1]) == 0;
}

/* An exit code. */
static int check_options(const struct options *options, const struct action *action)
{
	const struct {
		bool given;
		unsigned int bit;
		const char *name;
	} given[] = {
		{options->strict, ACTION_STRICT, "--strict"},
		{options->force, ACTION_FORCE, "--force"},
		{options->family != NULL, ACTION_FAMILY, "--family"},
		{options->all, ACTION_ALL, "--all"},
	};

	if ((action->takes & ACTION_NODE) != 0 && options->second == NULL) {
		return usage_fail("gateway", "this needs a NODE, see meshctl gateway",
			options->operand);
	}
	if ((action->takes & ACTION_NODE) == 0 && options->second != NULL) {
		return usage_fail("gateway", "no such argument", options->second);
	}
	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		if (given[i].given && (action->takes & given[i].bit) == 0) {
			return usage_fail("gateway", "this does not take that option",
				given[i].name);
		}
	}
	if (options->family != NULL && !is_family(options->family)) {
		return usage_fail("gateway", "a family is ipv4 or ipv6, not", options->family);
	}
	return EXIT_CODE_OK;
}

/* Leaves only what is of one family. */
static void keep_family(json_t *result, const char *family)
{
	static const char *const by_family[] = {"families", "offer", "way_out"};
	const json_t *uplinks = json_object_get(result, "uplinks");
	const char *other = gateway_families[strcmp(family, gateway_families[0]) == 0];
	json_t *kept = json_array();
	size_t index;
	json_t *uplink;

	for (size_t i = 0; i < ARRAY_SIZE(by_family); i++) {
		json_object_del(json_object_get(result, by_family[i]), other);
	}
	if (strcmp(family, "ipv6") != 0) {
		json_object_del(result, "router_lifetime_zero");
	}
	json_array_foreach (uplinks, index, uplink) {
		if (strcmp(status_text(uplink, "family"), family) == 0) {
			json_array_append(kept, uplink);
		}
	}
	json_object_set_new(result, "uplinks", kept);
}

static int show(const struct options *options, const struct action *action)
{
	json_t *result CLEANUP(cleanup_json) = NULL;
	struct status_view view = command_view(options);
	int code = command_call(options, "gateway", &result);

	if (code != EXIT_CODE_OK) {
		return code;
	}
	if (options->family != NULL) {
		keep_family(result, options->family);
	}
	if (options->json) {
		command_print_json(result);
	} else {
		action->print(result, &view);
	}
	return gateway_is_well(result) ? EXIT_CODE_OK : EXIT_CODE_ATTENTION;
}

/* "use auto" is what "auto" is. */
static json_t *make_params(const struct options *options, const struct action *action)
{
	bool is_use = strcmp(action->member, "use") == 0;
	json_t *params;

	if (is_use && strcmp(options->second, "auto") == 0) {
		return json_pack("{s:b}", "auto", 1);
	}
	params = (action->takes & ACTION_NODE) != 0
			 ? json_pack("{s:s}", action->member, options->second)
			 : json_pack("{s:b}", action->member, action->value);
	if (is_use) {
		json_object_set_new(params, "strict", json_boolean(options->strict));
	}
	if (options->force) {
		json_object_set_new(params, "force", json_true());
	}
	return params;
}

static int choose(const struct options *options, const struct action *action)
{
	json_t *result CLEANUP(cleanup_json) = NULL;
	json_t *params CLEANUP(cleanup_json) = make_params(options, action);
	struct command_request request = {.method = "gateway.choose", .params = params};
	int code;

	if (params == NULL) {
		return usage_fail("gateway", "that NODE is not UTF-8 text", NULL);
	}
	code = command_ask(options, &request, &result);
	if (code != EXIT_CODE_OK) {
		return code;
	}
	if (options->json) {
		command_print_json(result);
	} else {
		const char *says = status_text(result, "says");
		wrap_print(stdout, false, PRINT_PLAIN, 0, says[0] != '\0' ? says : "done");
	}
	return EXIT_CODE_OK;
}

int command_gateway(const struct options *options)
{
	const struct action *action = find_action(options->operand);

	if (action == NULL) {
		return usage_fail("gateway", "no such action", options->operand);
	}
	int code = check_options(options, action);
	if (code != EXIT_CODE_OK) {
		return code;
	}
	return action->print != NULL ? show(options, action) : choose(options, action);
}
