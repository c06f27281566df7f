/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/services.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/render.h"
#include "loop/clock.h"
#include "loop/wishes.h"
#include "routing/babeld_file.h"
#include "routing/bmx7_files.h"

#define BMX7_RULE_PRIORITY 70
#define BMX7_TABLE         70
#define LOAD_AGAIN         60. /* seconds until a missing module is asked for again */

static const enum link_protocol child_protocols[CHILDREN] =
	{[CHILD_BABELD] = PROTOCOL_BABELD, [CHILD_BMX7] = PROTOCOL_BMX7};

static enum child_name protocol_child(enum link_protocol protocol)
{
	return protocol == PROTOCOL_BABELD ? CHILD_BABELD : CHILD_BMX7;
}

/* --- what the children's keeper asks of us --- */

/* A killed bmx7 leaves its rule, which the next one takes for a missing kernel feature, and its
 * table, which then hides the new routes. */
static void before_bmx7(struct services *services)
{
	struct err err = {0};
	int result = kernel_clean_routing(services->kernel, BMX7_RULE_PRIORITY, BMX7_TABLE);

	if (result < 0) {
		log_warning("bmx7", "cannot remove what an earlier bmx7 left: %s",
			strerrordesc_np(-result));
	}
	if (bmx7_files_prepare(services->run_dir, services->state_dir, &err) < 0) {
		log_error("bmx7", "%s", err.text);
	} else if (err.text[0] != '\0') {
		log_warning("bmx7", "%s", err.text);
	}
}

static void before_start(void *context, enum child_name name)
{
	struct services *services = context;

	if (name == CHILD_BMX7) {
		before_bmx7(services);
	} else if (name == CHILD_BABELD) {
		struct err err = {0};
		char path[320];
		/* What a killed one left there it would leave, too. */
		(void)kernel_clean_table(services->kernel, STATE_TABLE_BABELD);
		if (babeld_file_prepare(services->run_dir, &services->mac, &err) < 0) {
			log_error("babeld", "%s", err.text);
		}
		/* babeld cannot bind its socket where a killed one left its own. */
		snprintf(path, sizeof(path), "%s/%s", services->run_dir, CHILD_BABELD_SOCKET);
		(void)unlink(path);
	}
}

static void ask(void *context, enum child_name name)
{
	struct services *services = context;
	double now = clock_now();

	switch (name) {
	case CHILD_BABELD:
	case CHILD_BMX7:
		routing_ask(services->routing, child_protocols[name], now);
		break;
	case CHILD_ALFRED:
		cloud_ask(services->cloud, now);
		break;
	case CHILD_DNSMASQ:
		cloud_ask_dnsmasq(services->cloud, now);
		break;
	case CHILDREN:
		break;
	}
}

static void on_reload_wanted(void *context)
{
	struct services *services = context;

	/* One that has just started would die of the signal. */
	services->reload_due = !children_answers(services->children, CHILD_DNSMASQ);
	if (!services->reload_due) {
		(void)children_signal(services->children, CHILD_DNSMASQ, SIGHUP);
	}
}

static void on_child_change(void *context, enum child_name name, bool answers)
{
	struct services *services = context;
	double now = clock_now();

	if (name == CHILD_ALFRED) {
		cloud_on_alfred(services->cloud, answers, now);
	} else if (name == CHILD_DNSMASQ) {
		if (answers && services->reload_due) {
			on_reload_wanted(services);
		}
	} else {
		routing_refresh(services->routing, child_protocols[name], now);
	}
	services->look_again(services->context);
}

/* --- what the rooms tell --- */

static void on_routing_answer(void *context, enum link_protocol protocol, bool works)
{
	struct services *services = context;

	children_on_answer(services->children, protocol_child(protocol), works);
}

static void on_routing_change(void *context, enum link_protocol protocol)
{
	struct services *services = context;

	(void)protocol;
	gateways_on_routing(services->gateways);
}

static void on_alfred_answer(void *context, bool works)
{
	struct services *services = context;

	children_on_answer(services->children, CHILD_ALFRED, works);
}

static void on_dnsmasq_answer(void *context, bool works)
{
	struct services *services = context;

	children_on_answer(services->children, CHILD_DNSMASQ, works);
}

/* Something that a cycle takes up, or that its log tells. */
static void on_news(void *context)
{
	struct services *services = context;

	services->look_again(services->context);
}

static void on_patience_over(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct services *services = timer->data;

	(void)loop;
	(void)events;
	services->look_again(services->context);
}

static int routing_fd_of(const void *room)
{
	return routing_fd(room);
}

static void routing_readable(void *room, double now)
{
	routing_on_readable(room, now);
}

static double routing_deadline_of(const void *room)
{
	return routing_deadline(room);
}

static void routing_timer(void *room, double now)
{
	routing_on_timer(room, now);
}

static int cloud_fd_of(const void *room)
{
	return cloud_fd(room);
}

static void cloud_readable(void *room, double now)
{
	cloud_on_readable(room, now);
}

static double cloud_deadline_of(const void *room)
{
	return cloud_deadline(room);
}

static void cloud_timer(void *room, double now)
{
	cloud_on_timer(room, now);
}

static const struct room_door routing_door = {routing_fd_of, routing_readable, routing_deadline_of,
	routing_timer};
static const struct room_door cloud_door = {cloud_fd_of, cloud_readable, cloud_deadline_of,
	cloud_timer};

/* --- wishes --- */

/* A running child that lost what it waits for is given time: links come back. */
static bool is_patient(struct services *services, enum child_name name, const char *waits_for)
{
	double now = clock_now();

	if (waits_for[0] == '\0' || !children_answers(services->children, name)) {
		services->missing_since[name] = 0;
		return false;
	}
	if (services->missing_since[name] == 0) {
		services->missing_since[name] = now;
	}
	double left = services->missing_since[name] + CHILD_PATIENCE - now;
	/* For the first of them; its cycle starts the timer for the next. */
	if (left > 0 && !ev_is_active(&services->patience_timer)) {
		ev_timer_set(&services->patience_timer, left, 0.);
		ev_timer_start(services->loop, &services->patience_timer);
	}
	return left > 0;
}

static void wish_child(struct services *services, const struct wish_input *input,
	enum child_name name)
{
	struct child_wish wish = {0};
	struct err err = {0};
	int result = wish_make_child(input, name, &wish, &err);

	if (result < 0) {
		problem_add(&services->problems, PROBLEM_CONFIG, child_name_text(name),
			"change meshd.json", "%s cannot be started: %s", child_name_text(name),
			err.text[0] != '\0' ? err.text : strerrordesc_np(-result));
		wish.wanted = false;
	}
	if (is_patient(services, name, wish.waits_for)) {
		wish.waits_for[0] = '\0';
	}
	children_wish(services->children, name, &wish);
	child_arguments_free(&wish.arguments);
}

static void wish_routing(struct services *services, const struct wish_input *input,
	enum link_protocol protocol)
{
	CLEANUP(wish_routing_free) struct wish_routing wish = {0};
	int result = wish_make_routing(input, protocol, &wish);

	if (result >= 0) {
		result = routing_set_wish(services->routing, protocol,
			wish.wanted ? &wish.routing : NULL, clock_now());
	}
	if (result < 0) {
		problem_add(&services->problems, PROBLEM_OPERATION, "layer 3", "", "%s",
			strerrordesc_np(-result));
	}
}

static void wish_cloud(struct services *services, const struct wish_input *input)
{
	CLEANUP(wish_cloud_free) struct wish_cloud wish = {0};
	struct err err = {0};
	int result = wish_make_cloud(input, &wish, &err);

	if (result >= 0) {
		result = cloud_set_wish(services->cloud, &wish.cloud, clock_now(), &err);
	}
	if (result < 0) {
		problem_add(&services->problems, PROBLEM_CONFIG, "leases", "change meshd.json",
			"leases cannot be shared: %s",
			err.text[0] != '\0' ? err.text : strerrordesc_np(-result));
	}
}

static void offer_dnsmasq_config(struct services *services, const struct wish_input *input)
{
	CLEANUP(cleanup_free) char *text = NULL;
	struct err err = {0};

	if (!input->render.config->dhcp.enabled || !input->render.config->anycast.enabled) {
		return;
	}
	int result = render_dnsmasq_config(&input->render, render_client_mtu(&input->render), &text,
		&err);
	if (result < 0) {
		problem_add(&services->problems, PROBLEM_CONFIG, "dnsmasq", "change meshd.json",
			"dnsmasq cannot be configured: %s",
			err.text[0] != '\0' ? err.text : strerrordesc_np(-result));
		return;
	}
	dnsmasq_config_offer(services->dnsmasq_config, input->render.config->dhcp.program.path,
		text);
}

/* bmx7 does not load the module that its tunnels need. */
static void load_tunnels(struct services *services, const struct config *config)
{
	char missing[128] = "";
	double now = clock_now();

	if (!config_supervises(&config->bmx7) || now < services->load_at ||
		routing_bmx7_has_needs(missing, sizeof(missing))) {
		return;
	}
	services->load_at = now + LOAD_AGAIN;
	int result = kernel_load_link_kind(services->kernel, "ip6tnl");
	if (result < 0) {
		log_warning("bmx7", "this kernel has no ip6_tunnel: %s", strerrordesc_np(-result));
	}
}

void services_on_observed(void *context, const struct reconcile_view *view)
{
	struct services *services = context;

	gateways_on_observed(services->gateways, view);
}

void services_on_view(void *context, const struct reconcile_view *view)
{
	struct services *services = context;
	struct wish_input input = {.render = {.config = view->config,
					   .identity = view->identity,
					   .desired = view->desired,
					   .run_dir = services->run_dir,
					   .state_dir = services->state_dir},
		.observed = view->observed,
		.gateway = &services->gateways->wants};

	if (view->identity == NULL) {
		return; /* nothing of an earlier run is torn down either */
	}
	problem_list_free(&services->problems);
	services->mac = view->identity->mac;
	gateways_on_view(services->gateways, view);
	input.render.no_ipv6_way = !services->gateways->wants.ipv6_way;
	wish_cloud(services, &input);
	offer_dnsmasq_config(services, &input);
	uint64_t version = dnsmasq_config_version(services->dnsmasq_config);
	snprintf(services->dnsmasq_environment, sizeof(services->dnsmasq_environment),
		"MESHD_DNSMASQ_CONFIG=%016llx", (unsigned long long)version);
	input.dnsmasq_environment = version == 0 ? NULL : services->dnsmasq_environment;
	load_tunnels(services, view->config);
	wish_routing(services, &input, PROTOCOL_BABELD);
	wish_routing(services, &input, PROTOCOL_BMX7);
	for (enum child_name name = 0; name < CHILDREN; name++) {
		wish_child(services, &input, name);
	}
}

/* --- problems --- */

static int routing_problem(const struct services *services, enum link_protocol protocol,
	struct problem_list *problems)
{
	const char *name = child_name_text(protocol_child(protocol));
	const char *refusal = routing_refusal(services->routing, protocol);

	return refusal[0] == '\0' ? 0
				  : problem_add(problems, PROBLEM_CHILD_FAILS, name, "",
					    "%s refuses: %s", name, refusal);
}

int services_problems(const struct services *services, struct problem_list *problems)
{
	int result = 0;

	for (size_t i = 0; i < services->problems.count && result == 0; i++) {
		const struct problem *problem = &services->problems.items[i];
		result = problem_add(problems, problem->kind, problem->object, problem->hint, "%s",
			problem->text);
	}
	if (result == 0) {
		result = children_problems(services->children, problems);
	}
	if (result == 0) {
		result = gateways_problems(services->gateways, problems);
	}
	if (result == 0) {
		result = routing_problem(services, PROTOCOL_BABELD, problems);
	}
	if (result == 0) {
		result = routing_problem(services, PROTOCOL_BMX7, problems);
	}
	if (result == 0) {
		result = cloud_problems(services->cloud, problems);
	}
	return result < 0 ? result : dnsmasq_config_problems(services->dnsmasq_config, problems);
}

/* --- life --- */

static int open_rooms(struct services *services, struct err *err)
{
	struct routing_listener routing = {.on_change = on_routing_change,
		.on_answer = on_routing_answer,
		.context = services};
	struct cloud_listener cloud = {.on_answer = on_alfred_answer,
		.on_dnsmasq_answer = on_dnsmasq_answer,
		.on_reload_wanted = on_reload_wanted,
		.context = services};
	struct children_listener children = {.before_start = before_start,
		.ask = ask,
		.on_change = on_child_change,
		.on_problem = on_news,
		.context = services};
	int result = routing_open(&services->routing, services->run_dir, &routing, err);

	if (result == 0) {
		result = cloud_open(&services->cloud, services->run_dir, services->state_dir,
			&cloud, err);
	}
	if (result == 0) {
		result = dnsmasq_config_open(&services->dnsmasq_config, services->loop,
			services->run_dir, on_news, services);
	}
	if (result == 0) {
		result = children_open(&services->children, services->loop, services->run_dir,
			&children, err);
	}
	return result;
}

int services_open(struct services *services, struct ev_loop *loop, struct kernel *kernel,
	struct err *err)
{
	services->loop = loop;
	services->kernel = kernel;
	/* Large, and mostly never touched: zeroed pages that are not read cost nothing. */
	services->gateways = calloc(1, sizeof(*services->gateways));
	if (services->gateways == NULL) {
		return -ENOMEM;
	}
	services->gateways->kernel = kernel;
	services->gateways->run_dir = services->run_dir;
	services->gateways->state_dir = services->state_dir;
	services->gateways->look_again = services->look_again;
	services->gateways->context = services->context;
	ev_timer_init(&services->patience_timer, on_patience_over, CHILD_PATIENCE, 0.);
	services->patience_timer.data = services;
	int result = open_rooms(services, err);
	services->gateways->routing = services->routing;
	services->gateways->cloud = services->cloud;
	if (result == 0) {
		result = gateways_open(services->gateways, loop, err);
	}
	if (result < 0) {
		services_close(services);
		return result;
	}
	room_watcher_start(&services->routing_watcher, loop, &routing_door, services->routing);
	room_watcher_start(&services->cloud_watcher, loop, &cloud_door, services->cloud);
	return 0;
}

void services_end_programs(struct services *services)
{
	dnsmasq_config_stop(services->dnsmasq_config);
	children_end_fetches(services->children);
}

void services_close(struct services *services)
{
	if (services->loop != NULL) {
		ev_timer_stop(services->loop, &services->patience_timer);
	}
	room_watcher_stop(&services->routing_watcher);
	room_watcher_stop(&services->cloud_watcher);
	gateways_close(services->gateways);
	free(services->gateways);
	services->gateways = NULL;
	children_close(services->children);
	dnsmasq_config_close(services->dnsmasq_config);
	cloud_close(services->cloud);
	routing_close(services->routing);
	problem_list_free(&services->problems);
	services->loop = NULL;
	services->children = NULL;
	services->dnsmasq_config = NULL;
	services->cloud = NULL;
	services->routing = NULL;
}
