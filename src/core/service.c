/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/service.h"

#include <string.h>

#include "base/cleanup.h"

/* What an event does to a state. */
enum step {
	STEP_STAY,           /* nothing to do */
	STEP_SETTLE,         /* no process: where to be is decided by the levels */
	STEP_SETTLE_AT_ONCE, /* the same, without the rest of a back-off */
	STEP_STOP_ASKED,
	STEP_STOP_ARGUMENTS,
	STEP_STOP_MEMORY,
	STEP_ADOPT,
	STEP_ADOPT_YOUNG,
	STEP_ANSWER,
	STEP_MISS,
	STEP_BUSY,
	STEP_FAIL, /* ended by itself */
	STEP_END,  /* ended because it was told to */
	STEP_LOOK,
	STEP_ASK, /* or find that it does not answer */
	STEP_KILL,
};

/* Sets of states. */
#define IN(state) (1u << (state))
#define IDLE      (IN(SERVICE_OFF) | IN(SERVICE_MISSING) | IN(SERVICE_WAITING) | IN(SERVICE_BACK_OFF))
#define ALIVE     (IN(SERVICE_STARTING) | IN(SERVICE_RUNNING))

/* What an event does in these states. A state that is not named with it stays: for example, answers
 * that come when nobody waits for them. */
static const struct rule {
	enum service_event event;
	unsigned int states;
	enum step step;
} rules[] = {
	{SERVICE_MAY_RUN, IDLE, STEP_SETTLE},
	{SERVICE_MUST_NOT_RUN, IDLE, STEP_SETTLE},
	{SERVICE_MUST_NOT_RUN, ALIVE, STEP_STOP_ASKED},
	{SERVICE_CHANGED, ALIVE, STEP_STOP_ARGUMENTS},
	{SERVICE_CHANGED, IN(SERVICE_BACK_OFF), STEP_SETTLE_AT_ONCE},
	{SERVICE_RESTART, IN(SERVICE_MISSING), STEP_LOOK},
	{SERVICE_RESTART, ALIVE, STEP_STOP_ASKED},
	{SERVICE_RESTART, IN(SERVICE_BACK_OFF), STEP_SETTLE_AT_ONCE},
	{SERVICE_ADOPTED, IN(SERVICE_OFF), STEP_ADOPT},
	{SERVICE_ADOPTED_YOUNG, IN(SERVICE_OFF), STEP_ADOPT_YOUNG},
	{SERVICE_START_FAILED, IN(SERVICE_STARTING), STEP_FAIL},
	{SERVICE_ANSWERED, ALIVE, STEP_ANSWER},
	{SERVICE_SILENT, ALIVE, STEP_MISS},
	{SERVICE_BUSY, ALIVE, STEP_BUSY},
	{SERVICE_TOO_BIG, ALIVE, STEP_STOP_MEMORY},
	{SERVICE_EXITED, ALIVE, STEP_FAIL},
	{SERVICE_EXITED, IN(SERVICE_STOPPING), STEP_END},
	{SERVICE_TIMEOUT, IN(SERVICE_MISSING), STEP_LOOK},
	{SERVICE_TIMEOUT, ALIVE, STEP_ASK},
	{SERVICE_TIMEOUT, IN(SERVICE_STOPPING), STEP_KILL},
	{SERVICE_TIMEOUT, IN(SERVICE_BACK_OFF), STEP_SETTLE},
};

static enum step find_step(enum service_state state, enum service_event event)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].event == event && (rules[i].states & IN(state)) != 0) {
			return rules[i].step;
		}
	}
	return STEP_STAY;
}

bool service_has_process(enum service_state state)
{
	return state == SERVICE_STARTING || state == SERVICE_RUNNING || state == SERVICE_STOPPING;
}

static void enter(struct service *service, enum service_state state, double now)
{
	if (service->state != state) {
		service->since = now;
	}
	service->state = state;
	service->answers = service->answers && state == SERVICE_RUNNING;
}

/* --- without a process --- */

static enum service_action start(struct service *service, double now)
{
	double patience =
		service->start_seconds > 0 ? service->start_seconds : SERVICE_START_DEFAULT;

	enter(service, SERVICE_STARTING, now);
	service->restarts += service->started_before ? 1 : 0;
	service->started_before = true;
	service->pending = false;
	service->misses = 0;
	service->busy_since = 0;
	service->ask_interval = SERVICE_ASK_FIRST;
	service->ask_at = now + SERVICE_ASK_FIRST;
	service->start_by = now + patience;
	return SERVICE_DO_START;
}

static enum service_action settle(struct service *service, double now)
{
	if (!service->wanted) {
		/* Who switches it off and on again wants to see it run. */
		service->failures = 0;
		service->not_before = 0;
		enter(service, SERVICE_OFF, now);
	} else if (!service->found) {
		if (service->state != SERVICE_MISSING) {
			service->look_at = now + SERVICE_LOOK_AGAIN;
		}
		enter(service, SERVICE_MISSING, now);
	} else if (!service->met) {
		enter(service, SERVICE_WAITING, now);
	} else if (now < service->not_before) {
		enter(service, SERVICE_BACK_OFF, now);
	} else {
		return start(service, now);
	}
	return SERVICE_DO_NOTHING;
}

static enum service_action look(struct service *service, double now)
{
	service->look_at = now + SERVICE_LOOK_AGAIN;
	return SERVICE_DO_LOOK;
}

/* --- with a process --- */

static enum service_action stop(struct service *service, enum service_reason reason, double now)
{
	service->failures = service_failures(service, now);
	service->reason = reason;
	service->kill_at = now + SERVICE_KILL_AFTER;
	service->pending = false;
	enter(service, SERVICE_STOPPING, now);
	return SERVICE_DO_TERM;
}

static enum service_action adopt(struct service *service, double now)
{
	enter(service, SERVICE_RUNNING, now);
	service->wanted = true;
	service->found = true;
	service->started_before = true;
	service->pending = false;
	service->misses = 0;
	service->ask_at = now;
	return SERVICE_DO_NOTHING;
}

static enum service_action adopt_young(struct service *service, double now)
{
	service->started_before = false;
	service->wanted = true;
	service->found = true;
	start(service, now);
	return SERVICE_DO_NOTHING;
}

static enum service_action answer(struct service *service, double now)
{
	/* In the first seconds an answer may come from what ran before. */
	if (service->state == SERVICE_STARTING && !service->pending) {
		return SERVICE_DO_NOTHING;
	}
	enter(service, SERVICE_RUNNING, now);
	service->failures = service_failures(service, now);
	service->answers = true;
	service->misses = 0;
	service->busy_since = 0;
	service->pending = false;
	service->ask_at = now + SERVICE_ASK_RUNNING;
	return SERVICE_DO_NOTHING;
}

/* A large file to read on a slow machine takes its time; a loop without end is cut off. */
static enum service_action be_patient(struct service *service, double now)
{
	if (service->busy_since == 0) {
		service->busy_since = now;
	}
	if (now - service->busy_since < SERVICE_BUSY_MAX) {
		service->misses = 0;
		service->start_by = service->start_by < now + SERVICE_BUSY_STEP
					    ? now + SERVICE_BUSY_STEP
					    : service->start_by;
	}
	return SERVICE_DO_NOTHING;
}

/* wait: until it is asked again. */
static enum service_action miss(struct service *service, double now, double wait)
{
	if (!service->pending) {
		return SERVICE_DO_NOTHING;
	}
	service->pending = false;
	if (service->state == SERVICE_STARTING) {
		service->ask_interval *= 1.5;
		if (service->ask_interval > SERVICE_ASK_STARTING) {
			service->ask_interval = SERVICE_ASK_STARTING;
		}
		service->ask_at = now + service->ask_interval;
		return SERVICE_DO_NOTHING;
	}
	service->misses++;
	if (service->misses >= SERVICE_MISSES_MAX) {
		return stop(service, SERVICE_HUNG, now);
	}
	service->ask_at = now + wait;
	return SERVICE_DO_NOTHING;
}

static enum service_action ask(struct service *service, double now)
{
	if (service->state == SERVICE_STARTING && now >= service->start_by) {
		return stop(service, SERVICE_HUNG, now);
	}
	if (now < service->ask_at) {
		return SERVICE_DO_NOTHING;
	}
	if (service->pending) {
		enum service_action action = miss(service, now, 0);
		if (action != SERVICE_DO_NOTHING || now < service->ask_at) {
			return action;
		}
	}
	service->pending = true;
	service->ask_at = now + SERVICE_ANSWER_MAX;
	return SERVICE_DO_ASK;
}

static enum service_action fail(struct service *service, double now, double random)
{
	unsigned int before = service_failures(service, now);

	service->not_before = now + service_back_off(before, random);
	service->failures = before + 1;
	service->pending = false;
	return settle(service, now);
}

static enum service_action end(struct service *service, double now, double random)
{
	if (service->reason == SERVICE_HUNG || service->reason == SERVICE_MEMORY) {
		return fail(service, now, random);
	}
	return settle(service, now);
}

static enum service_action kill_process(struct service *service, double now)
{
	if (now < service->kill_at) {
		return SERVICE_DO_NOTHING;
	}
	service->kill_at = now + SERVICE_KILL_AFTER;
	return SERVICE_DO_KILL;
}

/* --- the door --- */

enum service_action service_handle(struct service *service, enum service_event event, double now,
	double random)
{
	switch (find_step(service->state, event)) {
	case STEP_SETTLE_AT_ONCE:
		service->not_before = 0;
		return settle(service, now);
	case STEP_SETTLE:
		return settle(service, now);
	case STEP_STOP_ASKED:
		return stop(service, SERVICE_ASKED, now);
	case STEP_STOP_ARGUMENTS:
		return stop(service, SERVICE_ARGUMENTS, now);
	case STEP_STOP_MEMORY:
		return stop(service, SERVICE_MEMORY, now);
	case STEP_ADOPT:
		return adopt(service, now);
	case STEP_ADOPT_YOUNG:
		return adopt_young(service, now);
	case STEP_ANSWER:
		return answer(service, now);
	case STEP_MISS:
		return miss(service, now, SERVICE_ASK_AGAIN);
	case STEP_BUSY:
		return be_patient(service, now);
	case STEP_FAIL:
		return fail(service, now, random);
	case STEP_END:
		return end(service, now, random);
	case STEP_LOOK:
		return look(service, now);
	case STEP_ASK:
		return ask(service, now);
	case STEP_KILL:
		return kill_process(service, now);
	case STEP_STAY:
		break;
	}
	return SERVICE_DO_NOTHING;
}

enum service_action service_levels(struct service *service, bool wanted, bool found, bool met,
	double now)
{
	service->wanted = wanted;
	service->found = found;
	service->met = met;
	return service_handle(service, wanted && met ? SERVICE_MAY_RUN : SERVICE_MUST_NOT_RUN, now,
		0);
}

static double earlier(double a, double b)
{
	return a < b ? a : b;
}

double service_deadline(const struct service *service)
{
	switch (service->state) {
	case SERVICE_MISSING:
		return service->look_at;
	case SERVICE_STARTING:
		return earlier(service->start_by, service->ask_at);
	case SERVICE_RUNNING:
		return service->ask_at;
	case SERVICE_STOPPING:
		return service->kill_at;
	case SERVICE_BACK_OFF:
		return service->not_before;
	case SERVICE_OFF:
	case SERVICE_WAITING:
	case SERVICE_STATES:
		break;
	}
	return 0;
}

unsigned int service_failures(const struct service *service, double now)
{
	bool healthy = service->state == SERVICE_RUNNING && now - service->since >= SERVICE_HEALTHY;

	return healthy ? 0 : service->failures;
}

double service_back_off(unsigned int failures, double random)
{
	double delay = SERVICE_BACK_OFF_FIRST;

	for (unsigned int i = 0; i < failures && delay < SERVICE_BACK_OFF_MAX; i++) {
		delay *= 2;
	}
	if (delay > SERVICE_BACK_OFF_MAX) {
		delay = SERVICE_BACK_OFF_MAX;
	}
	return delay * (0.75 + 0.5 * random);
}

const char *service_state_name(enum service_state state)
{
	static const char *const names[SERVICE_STATES] = {
		[SERVICE_OFF] = "off",
		[SERVICE_MISSING] = "missing",
		[SERVICE_WAITING] = "waiting",
		[SERVICE_STARTING] = "starting",
		[SERVICE_RUNNING] = "running",
		[SERVICE_STOPPING] = "stopping",
		[SERVICE_BACK_OFF] = "back-off",
	};

	return names[state];
}

static const char *const reasons[SERVICE_REASONS] = {
	[SERVICE_BY_ITSELF] = "exited",
	[SERVICE_ASKED] = "asked",
	[SERVICE_HUNG] = "hung",
	[SERVICE_MEMORY] = "memory",
	[SERVICE_ARGUMENTS] = "arguments",
	[SERVICE_GONE] = "gone",
};

const char *service_reason_name(enum service_reason reason)
{
	return reasons[reason];
}

enum service_reason service_reason_parse(const char *name)
{
	enum service_reason reason = 0;

	while (reason < SERVICE_REASONS && strcmp(reasons[reason], name) != 0) {
		reason++;
	}
	return reason;
}
