/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user says about the way to the Internet. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "loop/gateways.h"

#define SAYS_SIZE 320

static const char *text_of(const json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

static bool is_true(const json_t *params, const char *name)
{
	return json_is_true(json_object_get(params, name));
}

/* Is there such a node? If not, error names those that there are. */
static bool is_known(const struct gateways *gateways, const char *node, struct request_error *error)
{
	char names[160] = "";

	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		const struct gateways_family *of = &gateways->families[family];
		for (size_t i = 0; i < of->count; i++) {
			const struct gateway_candidate *candidate = &of->candidates[i];
			const char *name =
				candidate->name[0] != '\0' ? candidate->name : candidate->key.id;
			if (gateway_name_matches(node, candidate)) {
				return true;
			}
			size_t used = strlen(names);
			if (strstr(names, name) == NULL &&
				used + strlen(name) + 3 < sizeof(names)) {
				snprintf(names + used, sizeof(names) - used, "%s%s",
					used == 0 ? "" : ", ", name);
			}
		}
	}
	request_fail(error, REQUEST_BAD_PARAMS,
		"choose one of them, or say it with --force for one that will come",
		"no gateway is named \"%.60s\"; there %s%.120s", node,
		names[0] == '\0' ? "is none" : "are: ", names);
	return false;
}

static void forget_name(char names[][64], size_t *count, const char *node)
{
	for (size_t i = 0; i < *count;) {
		if (strcasecmp(names[i], node) == 0) {
			memmove(names[i], names[i + 1], (*count - i - 1) * sizeof(names[0]));
			(*count)--;
		} else {
			i++;
		}
	}
}

static bool add_name(char names[][64], size_t *count, const char *node, struct request_error *error)
{
	forget_name(names, count, node);
	if (*count >= GATEWAY_NAMES_MAX) {
		request_fail(error, REQUEST_BAD_PARAMS, "meshctl gateway forget NODE",
			"%d names are as many as can be kept", GATEWAY_NAMES_MAX);
		return false;
	}
	text_copy(names[(*count)++], 64, node);
	return true;
}

static bool choose_use(const json_t *params, const char *node, struct gateway_choice *choice,
	char says[SAYS_SIZE])
{
	choice->mode = GATEWAY_USE;
	choice->strict = is_true(params, "strict");
	text_copy(choice->use, sizeof(choice->use), node);
	snprintf(says, SAYS_SIZE,
		choice->strict ? "%.64s is used; when it does not work, there is no way to the "
				 "Internet"
			       : "%.64s is used while it works; when it does not, the next best is",
		node);
	return true;
}

/* What the parameters say is put into choice. False with error. */
static bool choose_named(const json_t *params, struct gateway_choice *choice,
	struct request_error *error, char says[SAYS_SIZE])
{
	const char *prefer = text_of(params, "prefer");
	const char *avoid = text_of(params, "avoid");
	const char *use = text_of(params, "use");

	if (use != NULL) {
		return choose_use(params, use, choice, says);
	}
	if (prefer != NULL) {
		forget_name(choice->avoid, &choice->avoid_count, prefer);
		snprintf(says, SAYS_SIZE, "%.64s goes before all others while it works", prefer);
		return add_name(choice->prefer, &choice->prefer_count, prefer, error);
	}
	forget_name(choice->prefer, &choice->prefer_count, avoid);
	snprintf(says, SAYS_SIZE, "%.64s is used only when no other works", avoid);
	return add_name(choice->avoid, &choice->avoid_count, avoid, error);
}

static void choose_unnamed(const json_t *params, struct gateway_choice *choice,
	char says[SAYS_SIZE])
{
	const char *forget = text_of(params, "forget");

	if (forget != NULL) {
		forget_name(choice->prefer, &choice->prefer_count, forget);
		forget_name(choice->avoid, &choice->avoid_count, forget);
		snprintf(says, SAYS_SIZE, "%.64s is judged like all others", forget);
	} else if (is_true(params, "auto")) {
		choice->mode = GATEWAY_AUTO;
		choice->strict = false;
		choice->use[0] = '\0';
		snprintf(says, SAYS_SIZE, "the best gateway is used");
	} else if (is_true(params, "local_only")) {
		choice->mode = GATEWAY_LOCAL_ONLY;
		snprintf(says, SAYS_SIZE,
			"only uplinks of this node are used; when none works, there is no way to "
			"the Internet");
	} else {
		choice->never_share = is_true(params, "never_share");
		snprintf(says, SAYS_SIZE,
			choice->never_share
				? "the mesh is offered no uplink of this node"
				: "the mesh is offered the uplinks of this node that work");
	}
}

/* How many of the things to be said are there? One is right. */
static size_t count_words(const json_t *params)
{
	static const char *const words[] = {"use", "auto", "prefer", "avoid", "forget",
		"never_share", "local_only", "reset"};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		count += json_object_get(params, words[i]) != NULL;
	}
	return count;
}

static bool is_name(const char *node, struct request_error *error)
{
	if (node[0] != '\0' && strlen(node) < sizeof(((struct gateway_choice *)0)->use)) {
		return true;
	}
	request_fail(error, REQUEST_BAD_PARAMS, "a name of 1 to 63 bytes",
		"that is no node's name");
	return false;
}

static bool take_params(struct gateways *gateways, const json_t *params,
	struct request_error *error, char says[SAYS_SIZE])
{
	static const char *const named[] = {"use", "prefer", "avoid"};
	const char *node = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(named) && node == NULL; i++) {
		node = text_of(params, named[i]);
	}
	if (is_true(params, "reset")) {
		gateways->commanded = false;
		gateways->choice = gateways->configured;
		snprintf(says, SAYS_SIZE, "the configuration's choice is in force again");
		return true;
	}
	struct gateway_choice choice = gateways->choice;
	if (node == NULL) {
		choose_unnamed(params, &choice, says);
	} else if (!is_name(node, error) ||
		   (!is_true(params, "force") && !is_known(gateways, node, error)) ||
		   !choose_named(params, &choice, error, says)) {
		return false;
	}
	gateways->choice = choice;
	gateways->commanded = true;
	return true;
}

json_t *gateways_choose(struct gateways *gateways, const json_t *params,
	struct request_error *error)
{
	struct gateway_choice before = gateways->choice;
	bool commanded = gateways->commanded;
	char says[SAYS_SIZE] = "";

	if (count_words(params) != 1) {
		request_fail(error, REQUEST_BAD_PARAMS,
			"use, auto, prefer, avoid, forget, never_share, local_only or reset",
			"one thing at a time is to be said");
		return NULL;
	}
	if (!take_params(gateways, params, error, says)) {
		return NULL;
	}
	int result = gateways_save_choice(gateways);
	if (result < 0) {
		gateways->choice = before;
		gateways->commanded = commanded;
		request_fail(error, REQUEST_FAILED, "is there room, and may meshd write there?",
			"%s/gateway.json cannot be written, so nothing changed: %s",
			gateways->state_dir, strerrordesc_np(-result));
		return NULL;
	}
	log_notice("gateway", "chosen: %s", says);
	gateways->look_again(gateways->context);
	return json_pack("{s:o, s:s}", "choice", gateways_choice_to_json(gateways), "says", says);
}
