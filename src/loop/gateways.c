/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/gateways.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/render.h"
#include "loop/clock.h"

#define MODULES_TUNNEL "ip6tnl0" /* the module makes it in every namespace */
#define PATIENCE       8. /* seconds after a start until it is decided without all daemons' word */
#define GONE_TIME      600. /* an uplink without route keeps its penalty */
#define FORGET_AGAIN   4.
#define DRIFT_TIME     10. /* between looks at metrics, which nobody tells of */

/* --- watchers --- */

static int uplink_fd_of(const void *room)
{
	return uplink_fd(room);
}

static void uplink_readable(void *room, double now)
{
	uplink_on_readable(room, now);
}

static double uplink_deadline_of(const void *room)
{
	return uplink_deadline(room);
}

static void uplink_timer(void *room, double now)
{
	uplink_on_timer(room, now);
}

static const struct room_door uplink_door = {uplink_fd_of, uplink_readable, uplink_deadline_of,
	uplink_timer};

static void on_round(void *context, const char *key, bool changed)
{
	struct gateways *gateways = context;
	const struct path *path = uplink_path(gateways->uplink, key);

	if (!changed) {
		return;
	}
	if (path != NULL) {
		log_notice("gateway", "%s is %s%s%s%s", key, path_health_text(path->health),
			path->suppressed ? ", not used as it changes too often" : "",
			path->last.reason[0] != '\0' ? ": " : "", path->last.reason);
	}
	gateways->look_again(gateways->context);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct gateways *gateways = timer->data;

	(void)loop;
	(void)events;
	gateways->look_again(gateways->context);
}

static void on_forget(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct gateways *gateways = timer->data;
	const struct prefix sources[] = {gateways->identity.subnet_ipv4,
		gateways->identity.subnet_ipv6};
	int result = gateways->forgetting
			     ? kernel_forget_more(gateways->kernel)
			     : kernel_forget_flows(gateways->kernel, sources, ARRAY_SIZE(sources));

	(void)events;
	if (result < 0) {
		log_warning("gateway",
			"flows that began through the mesh may have to end first: %s",
			strerrordesc_np(-result));
	}
	gateways->forgetting = result == 1;
	if (gateways->forgetting || gateways->forget_again) {
		gateways->forget_again = gateways->forgetting && gateways->forget_again;
		ev_timer_set(timer, gateways->forgetting ? 0. : FORGET_AGAIN, 0.);
		ev_timer_start(loop, timer);
	}
}

/* --- life --- */

int gateways_open(struct gateways *gateways, struct ev_loop *loop, struct err *err)
{
	struct uplink_listener listener = {.on_round = on_round, .context = gateways};

	gateways->loop = loop;
	gateways->opened = clock_now();
	gateways->wish = (struct gateway_wish){.enabled = true, .keep = true};
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		gateways->families[family].decision.in_use = -1;
	}
	ev_timer_init(&gateways->timer, on_timer, 0., 0.);
	gateways->timer.data = gateways;
	ev_timer_init(&gateways->forget_timer, on_forget, 0., 0.);
	gateways->forget_timer.data = gateways;
	int result = uplink_open(&gateways->uplink, &listener, err);
	if (result < 0) {
		return result;
	}
	room_watcher_start(&gateways->watcher, loop, &uplink_door, gateways->uplink);
	gateways_load(gateways, gateways->opened);
	return 0;
}

void gateways_close(struct gateways *gateways)
{
	if (gateways == NULL) {
		return;
	}
	if (gateways->loop != NULL) {
		ev_timer_stop(gateways->loop, &gateways->timer);
		ev_timer_stop(gateways->loop, &gateways->forget_timer);
		room_watcher_stop(&gateways->watcher);
	}
	uplink_close(gateways->uplink);
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		free(gateways->families[family].candidates);
		gateway_decision_free(&gateways->families[family].decision);
		gateways->families[family].candidates = NULL;
	}
	free(gateways->restored);
	gateways->restored = NULL;
	gateways->restored_count = 0;
	gateways->uplink = NULL;
	gateways->loop = NULL;
}

/* --- own uplinks --- */

static bool same_uplink(const struct gateway_own *a, const struct gateway_own *b)
{
	return a->family == b->family && strcmp(a->link, b->link) == 0;
}

static void lose_own(struct gateways *gateways, const struct gateway_own *own, double now)
{
	char text[GATEWAY_PATH_KEY_SIZE];

	gateway_own_path_key(own, text);
	log_notice("gateway", "%s: its default route is gone", text);
	uplink_lose(gateways->uplink, text, "its default route is gone", now);
}

/* Adds to the found ones those that were there before: a flapping link keeps its penalty. */
static void take_own(struct gateways *gateways, const struct config *config,
	const struct state *observed, double now)
{
	struct gateway_own found[GATEWAY_OWN_MAX] = {0};
	double gone_since[GATEWAY_OWN_MAX] = {0};
	size_t count = gateway_find_own(config, observed, found);
	size_t there = count;

	for (size_t i = 0; i < gateways->own_count && count < GATEWAY_OWN_MAX; i++) {
		struct gateway_own *before = &gateways->own[i];
		const struct uplink_config *uplink = gateway_uplink_config(config, before->link);
		bool again = false;
		for (size_t k = 0; k < there; k++) {
			again |= same_uplink(&found[k], before);
		}
		bool expired = before->gone && now - gateways->gone_since[i] > GONE_TIME;
		if (again || expired || uplink == NULL) {
			continue;
		}
		if (!before->gone) {
			lose_own(gateways, before, now);
		}
		gone_since[count] = before->gone ? gateways->gone_since[i] : now;
		found[count] = *before;
		found[count].config = *uplink;
		found[count++].gone = true;
	}
	memcpy(gateways->own, found, sizeof(found));
	memcpy(gateways->gone_since, gone_since, sizeof(gone_since));
	gateways->own_count = count;
}

/* --- the cycle --- */

static const struct layer3_config *protocol_config(const struct config *config, size_t number)
{
	return number == 0 ? &config->bmx7 : &config->babeld;
}

static const enum link_protocol protocols[2] = {PROTOCOL_BMX7, PROTOCOL_BABELD};

/* Since when a daemon that runs has said nothing. */
static void note_silence(struct gateways *gateways, const struct config *config, double now)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		const struct routing_state *state = routing_get(gateways->routing, protocols[i]);
		const struct layer3_config *layer3 = protocol_config(config, i);
		if (!config_supervises(layer3) || state == NULL || state->answers) {
			gateways->silent_since[i] = 0;
		} else if (gateways->silent_since[i] == 0) {
			gateways->silent_since[i] = now;
		}
	}
}

static bool is_there_anything(const struct state *observed)
{
	for (size_t i = 0; i < state_count(observed, OBJECT_ROUTE); i++) {
		const struct route *route = state_at(observed, OBJECT_ROUTE, i);
		if ((route->head.flags & OBJECT_OWNED) &&
			route->key.table >= STATE_TABLE_INTERNET &&
			route->key.table <= STATE_TABLE_WITHDRAWN) {
			return true;
		}
	}
	return false;
}

/* After a start nothing is decided before all have spoken: the network works as it was left. */
static bool knows_enough(const struct gateways *gateways, const struct reconcile_view *view,
	double now)
{
	if (gateways->decided || now - gateways->opened > PATIENCE) {
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		const struct routing_state *state = routing_get(gateways->routing, protocols[i]);
		const struct layer3_config *layer3 = protocol_config(view->config, i);
		if (config_supervises(layer3) && (state == NULL || !state->answers)) {
			return !is_there_anything(view->observed);
		}
	}
	return true;
}

static void try_tunnels(struct gateways *gateways, const struct reconcile_view *view)
{
	if (gateways->tunnels_tried || !view->config->babeld.enabled) {
		return;
	}
	gateways->tunnels_tried = true;
	gateways->tunnels = state_find_link(view->observed, MODULES_TUNNEL) != NULL;
	if (gateways->tunnels) {
		return;
	}
	int result = kernel_load_link_kind(gateways->kernel, "ip6tnl");
	gateways->tunnels = result == 0;
	if (result < 0) {
		log_warning("gateway",
			"this kernel has no ip6_tunnel (%s): a gateway of Babel cannot be chosen",
			strerrordesc_np(-result));
	}
}

static void set_timer(struct gateways *gateways, double next, double now)
{
	ev_timer_stop(gateways->loop, &gateways->timer);
	if (isinf(next)) {
		return;
	}
	ev_timer_set(&gateways->timer, next > now ? next - now + 0.001 : 0.001, 0.);
	ev_timer_start(gateways->loop, &gateways->timer);
}

static double next_look(const struct gateways *gateways, double now)
{
	double next = INFINITY;

	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		const struct gateways_family *of = &gateways->families[family];
		size_t through_mesh = 0;
		for (size_t i = 0; i < of->count; i++) {
			through_mesh += of->candidates[i].key.kind != GATEWAY_UPLINK;
		}
		next = fmin(next, of->decision.next);
		if (through_mesh > 1) {
			next = fmin(next, now + DRIFT_TIME);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (gateways->silent_since[i] > now - GATEWAYS_SILENCE) {
			next = fmin(next, gateways->silent_since[i] + GATEWAYS_SILENCE);
		}
	}
	return next;
}

void gateways_on_observed(struct gateways *gateways, const struct reconcile_view *view)
{
	double now = clock_now();

	gateways->config = view->config;
	if (!gateways->has_identity || !knows_enough(gateways, view, now)) {
		set_timer(gateways, gateways->opened + PATIENCE, now);
		return;
	}
	gateways->decided = true;
	try_tunnels(gateways, view);
	take_own(gateways, view->config, view->observed, now);
	note_silence(gateways, view->config, now);
	double next = gateways_note_use(gateways, now);
	if (gateways_decide(gateways, view->config, now) < 0) {
		set_timer(gateways, now + 1, now); /* memory: what was decided stays */
		return;
	}
	next = fmin(next, gateways_build_wish(gateways, view, now));
	set_timer(gateways, fmin(next, next_look(gateways, now)), now);
	gateways_save(gateways, now);
}

static void take_transit(struct gateways *gateways, const struct reconcile_view *view)
{
	struct render_input render = {.config = view->config,
		.identity = view->identity,
		.desired = view->desired};
	CLEANUP(cleanup_free) char(*names)[IFNAMSIZ] = NULL;
	struct gateway_links transit = {0};
	size_t count = 0;

	if (!view->config->babeld.enabled ||
		render_devices(&render, PROTOCOL_BABELD, &names, &count) < 0) {
		count = 0;
	}
	for (size_t i = 0; i < count && i < GATEWAY_LINKS_MAX; i++) {
		text_copy(transit.items[transit.count++], IFNAMSIZ, names[i]);
	}
	if (memcmp(&transit, &gateways->transit, sizeof(transit)) != 0) {
		gateways->transit = transit;
		gateways->look_again(gateways->context);
	}
}

void gateways_on_view(struct gateways *gateways, const struct reconcile_view *view)
{
	if (view->identity == NULL) {
		return;
	}
	if (!gateways->has_identity ||
		memcmp(&gateways->identity, view->identity, sizeof(gateways->identity)) != 0) {
		gateways->has_identity = true;
		gateways->identity = *view->identity;
		gateways->look_again(gateways->context);
	}
	take_transit(gateways, view);
	if (gateways->forget_due) {
		gateways->forget_due = false;
		gateways->forget_again = true;
		ev_timer_stop(gateways->loop, &gateways->forget_timer);
		ev_timer_set(&gateways->forget_timer, 0., 0.);
		ev_timer_start(gateways->loop, &gateways->forget_timer);
	}
	if (gateways->decided) {
		gateways_set_ways(gateways, view, clock_now());
	}
}

int gateways_problems(const struct gateways *gateways, struct problem_list *problems)
{
	return !gateways->left_out ? 0
				   : problem_add(problems, PROBLEM_OPERATION, "gateways", "",
					     "there are more uplinks or tunnels than meshd "
					     "handles; the last ones "
					     "are left out");
}
