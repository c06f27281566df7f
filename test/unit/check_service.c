/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/service.h"
#include "unit/check_main.h"

#define NOW 1000.

static struct service service;

/* A service in the state, wanted and with all it needs, with something pending that is due. */
static void place(enum service_state state)
{
	service = (struct service){.state = state,
		.since = NOW - 10,
		.wanted = true,
		.found = true,
		.met = true,
		.answers = state == SERVICE_RUNNING,
		.reason = SERVICE_ASKED,
		.failures = 3,
		.started_before = true,
		.pending = true,
		.ask_interval = SERVICE_ASK_FIRST,
		.ask_at = NOW,
		.start_by = NOW + 5,
		.kill_at = NOW,
		.look_at = NOW,
		.not_before = state == SERVICE_BACK_OFF ? NOW + 2 : 0};
}

struct expected {
	enum service_state state;
	enum service_action action;
};

#define STAYS(state)                                                                               \
	{                                                                                          \
		state, SERVICE_DO_NOTHING                                                          \
	}
#define STARTS                                                                                     \
	{                                                                                          \
		SERVICE_STARTING, SERVICE_DO_START                                                 \
	}
#define STOPS                                                                                      \
	{                                                                                          \
		SERVICE_STOPPING, SERVICE_DO_TERM                                                  \
	}
#define FAILS                                                                                      \
	{                                                                                          \
		SERVICE_BACK_OFF, SERVICE_DO_NOTHING                                               \
	}

/* Written from the issue, not from the program's table. The order is that of the events. */
static const struct expected expected[SERVICE_STATES][SERVICE_EVENTS] =
	{
		[SERVICE_OFF] =
			{
				[SERVICE_MAY_RUN] = STARTS,
				[SERVICE_MUST_NOT_RUN] =
					STARTS, /* the levels decide; here they are all true */
				[SERVICE_CHANGED] = STAYS(SERVICE_OFF),
				[SERVICE_RESTART] = STAYS(SERVICE_OFF),
				[SERVICE_ADOPTED] = STAYS(SERVICE_RUNNING),
				[SERVICE_ADOPTED_YOUNG] = STAYS(SERVICE_STARTING),
				[SERVICE_START_FAILED] = STAYS(SERVICE_OFF),
				[SERVICE_ANSWERED] = STAYS(SERVICE_OFF),
				[SERVICE_SILENT] = STAYS(SERVICE_OFF),
				[SERVICE_BUSY] = STAYS(SERVICE_OFF),
				[SERVICE_TOO_BIG] = STAYS(SERVICE_OFF),
				[SERVICE_EXITED] = STAYS(SERVICE_OFF),
				[SERVICE_TIMEOUT] = STAYS(SERVICE_OFF),
			},
		[SERVICE_MISSING] =
			{
				[SERVICE_MAY_RUN] = STARTS,
				[SERVICE_MUST_NOT_RUN] = STARTS,
				[SERVICE_CHANGED] = STAYS(SERVICE_MISSING),
				[SERVICE_RESTART] = {SERVICE_MISSING, SERVICE_DO_LOOK},
				[SERVICE_ADOPTED] = STAYS(SERVICE_MISSING),
				[SERVICE_ADOPTED_YOUNG] = STAYS(SERVICE_MISSING),
				[SERVICE_START_FAILED] = STAYS(SERVICE_MISSING),
				[SERVICE_ANSWERED] = STAYS(SERVICE_MISSING),
				[SERVICE_SILENT] = STAYS(SERVICE_MISSING),
				[SERVICE_BUSY] = STAYS(SERVICE_MISSING),
				[SERVICE_TOO_BIG] = STAYS(SERVICE_MISSING),
				[SERVICE_EXITED] = STAYS(SERVICE_MISSING),
				[SERVICE_TIMEOUT] = {SERVICE_MISSING, SERVICE_DO_LOOK},
			},
		[SERVICE_WAITING] =
			{
				[SERVICE_MAY_RUN] = STARTS,
				[SERVICE_MUST_NOT_RUN] = STARTS,
				[SERVICE_CHANGED] = STAYS(SERVICE_WAITING),
				[SERVICE_RESTART] = STAYS(SERVICE_WAITING),
				[SERVICE_ADOPTED] = STAYS(SERVICE_WAITING),
				[SERVICE_ADOPTED_YOUNG] = STAYS(SERVICE_WAITING),
				[SERVICE_START_FAILED] = STAYS(SERVICE_WAITING),
				[SERVICE_ANSWERED] = STAYS(SERVICE_WAITING),
				[SERVICE_SILENT] = STAYS(SERVICE_WAITING),
				[SERVICE_BUSY] = STAYS(SERVICE_WAITING),
				[SERVICE_TOO_BIG] = STAYS(SERVICE_WAITING),
				[SERVICE_EXITED] = STAYS(SERVICE_WAITING),
				[SERVICE_TIMEOUT] = STAYS(SERVICE_WAITING),
			},
		[SERVICE_STARTING] =
			{
				[SERVICE_MAY_RUN] = STAYS(SERVICE_STARTING),
				[SERVICE_MUST_NOT_RUN] = STOPS,
				[SERVICE_CHANGED] = STOPS,
				[SERVICE_RESTART] = STOPS,
				[SERVICE_ADOPTED] = STAYS(SERVICE_STARTING),
				[SERVICE_ADOPTED_YOUNG] = STAYS(SERVICE_STARTING),
				[SERVICE_START_FAILED] = FAILS,
				[SERVICE_ANSWERED] = STAYS(SERVICE_RUNNING),
				[SERVICE_SILENT] = STAYS(SERVICE_STARTING),
				[SERVICE_BUSY] = STAYS(SERVICE_STARTING),
				[SERVICE_TOO_BIG] = STOPS,
				[SERVICE_EXITED] = FAILS,
				[SERVICE_TIMEOUT] = STAYS(SERVICE_STARTING),
			},
		[SERVICE_RUNNING] =
			{
				[SERVICE_MAY_RUN] = STAYS(SERVICE_RUNNING),
				[SERVICE_MUST_NOT_RUN] = STOPS,
				[SERVICE_CHANGED] = STOPS,
				[SERVICE_RESTART] = STOPS,
				[SERVICE_ADOPTED] = STAYS(SERVICE_RUNNING),
				[SERVICE_ADOPTED_YOUNG] = STAYS(SERVICE_RUNNING),
				[SERVICE_START_FAILED] = STAYS(SERVICE_RUNNING),
				[SERVICE_ANSWERED] = STAYS(SERVICE_RUNNING),
				[SERVICE_SILENT] = STAYS(SERVICE_RUNNING),
				[SERVICE_BUSY] = STAYS(SERVICE_RUNNING),
				[SERVICE_TOO_BIG] = STOPS,
				[SERVICE_EXITED] = FAILS,
				[SERVICE_TIMEOUT] = {SERVICE_RUNNING, SERVICE_DO_ASK},
			},
		[SERVICE_STOPPING] =
			{
				[SERVICE_MAY_RUN] = STAYS(SERVICE_STOPPING),
				[SERVICE_MUST_NOT_RUN] = STAYS(SERVICE_STOPPING),
				[SERVICE_CHANGED] = STAYS(SERVICE_STOPPING),
				[SERVICE_RESTART] = STAYS(SERVICE_STOPPING),
				[SERVICE_ADOPTED] = STAYS(SERVICE_STOPPING),
				[SERVICE_ADOPTED_YOUNG] = STAYS(SERVICE_STOPPING),
				[SERVICE_START_FAILED] = STAYS(SERVICE_STOPPING),
				[SERVICE_ANSWERED] = STAYS(SERVICE_STOPPING),
				[SERVICE_SILENT] = STAYS(SERVICE_STOPPING),
				[SERVICE_BUSY] = STAYS(SERVICE_STOPPING),
				[SERVICE_TOO_BIG] = STAYS(SERVICE_STOPPING),
				[SERVICE_EXITED] = STARTS, /* asked: at once */
				[SERVICE_TIMEOUT] = {SERVICE_STOPPING, SERVICE_DO_KILL},
			},
		[SERVICE_BACK_OFF] =
			{
				[SERVICE_MAY_RUN] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_MUST_NOT_RUN] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_CHANGED] = STARTS,
				[SERVICE_RESTART] = STARTS,
				[SERVICE_ADOPTED] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_ADOPTED_YOUNG] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_START_FAILED] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_ANSWERED] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_SILENT] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_BUSY] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_TOO_BIG] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_EXITED] = STAYS(SERVICE_BACK_OFF),
				[SERVICE_TIMEOUT] = STAYS(SERVICE_BACK_OFF), /* 2 s too early */
			},
};

START_TEST(every_event_in_every_state)
{
	for (enum service_state state = 0; state < SERVICE_STATES; state++) {
		for (enum service_event event = 0; event < SERVICE_EVENTS; event++) {
			place(state);
			enum service_action action = service_handle(&service, event, NOW, 0.5);
			const struct expected *right = &expected[state][event];
			ck_assert_msg(service.state == right->state && action == right->action,
				"%s, event %d: %s, action %d", service_state_name(state), event,
				service_state_name(service.state), action);
			ck_assert(!service.answers || service.state == SERVICE_RUNNING);
		}
	}
}
END_TEST

/* Where a service without a process goes by its levels. */
START_TEST(levels)
{
	for (unsigned int bits = 0; bits < 8; bits++) {
		bool wanted = (bits & 4) != 0;
		bool found = (bits & 2) != 0;
		bool met = (bits & 1) != 0;
		enum service_state right = !wanted  ? SERVICE_OFF
					   : !found ? SERVICE_MISSING
					   : !met   ? SERVICE_WAITING
						    : SERVICE_STARTING;

		place(SERVICE_WAITING);
		enum service_action action = service_levels(&service, wanted, found, met, NOW);
		ck_assert_int_eq(service.state, right);
		ck_assert_int_eq(action,
			right == SERVICE_STARTING ? SERVICE_DO_START : SERVICE_DO_NOTHING);
	}
}
END_TEST

START_TEST(what_runs_is_not_stopped_for_its_file)
{
	place(SERVICE_RUNNING);
	ck_assert_int_eq(service_levels(&service, true, false, true, NOW), SERVICE_DO_NOTHING);
	ck_assert_int_eq(service.state, SERVICE_RUNNING);
	ck_assert_int_eq(service_levels(&service, true, true, false, NOW), SERVICE_DO_TERM);
	ck_assert_int_eq(service_handle(&service, SERVICE_EXITED, NOW, 0), SERVICE_DO_NOTHING);
	ck_assert_int_eq(service.state, SERVICE_WAITING);
}
END_TEST

START_TEST(back_off)
{
	static const double delays[] = {0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30};

	for (unsigned int i = 0; i < 10; i++) {
		ck_assert_double_eq_tol(service_back_off(i, 0.5), delays[i], 1e-9);
		ck_assert_double_eq_tol(service_back_off(i, 0), delays[i] * 0.75, 1e-9);
		ck_assert_double_lt(service_back_off(i, 0.9999), delays[i] * 1.25);
	}
	ck_assert_double_eq_tol(service_back_off(4000000000U, 0.5), 30, 1e-9);
}
END_TEST

START_TEST(failures_add_up_and_are_forgotten)
{
	place(SERVICE_STARTING);
	service.failures = 0;
	service_handle(&service, SERVICE_EXITED, NOW, 0.5);
	ck_assert_double_eq_tol(service_deadline(&service), NOW + 0.2, 1e-9);
	ck_assert_int_eq(service_handle(&service, SERVICE_TIMEOUT, NOW + 0.2, 0), SERVICE_DO_START);
	service_handle(&service, SERVICE_START_FAILED, NOW + 0.2, 0.5);
	ck_assert_double_eq_tol(service_deadline(&service), NOW + 0.6, 1e-9);
	ck_assert_uint_eq(service_failures(&service, NOW + 500), 2);

	/* Health of less than a minute does not count, a minute does. */
	service_handle(&service, SERVICE_TIMEOUT, NOW + 1, 0);
	service.pending = true;
	service_handle(&service, SERVICE_ANSWERED, NOW + 2, 0);
	ck_assert_uint_eq(service_failures(&service, NOW + 61.9), 2);
	ck_assert_uint_eq(service_failures(&service, NOW + 62), 0);
	service_handle(&service, SERVICE_EXITED, NOW + 62, 0.5);
	ck_assert_double_eq_tol(service_deadline(&service), NOW + 62.2, 1e-9);
	ck_assert_uint_eq(service.restarts, 2);
}
END_TEST

/* A condition that comes and goes does not shorten a back-off; a user does. */
START_TEST(back_off_outlives_a_condition)
{
	place(SERVICE_RUNNING);
	service_handle(&service, SERVICE_EXITED, NOW, 0.5); /* the fourth: 1.6 s */
	service_levels(&service, true, true, false, NOW + 0.1);
	ck_assert_int_eq(service.state, SERVICE_WAITING);
	service_levels(&service, true, true, true, NOW + 0.2);
	ck_assert_int_eq(service.state, SERVICE_BACK_OFF);
	ck_assert_double_eq_tol(service_deadline(&service), NOW + 1.6, 1e-9);
	ck_assert_int_eq(service_handle(&service, SERVICE_RESTART, NOW + 0.3, 0), SERVICE_DO_START);
}
END_TEST

/* Asks at 0.2, then 0.3, 0.45, 0.675, 1, 1, ... seconds after each bad answer. */
START_TEST(asks_while_starting)
{
	static const double waits[] = {0.2, 0.3, 0.45, 0.675, 1, 1, 1};
	double now = NOW;

	place(SERVICE_OFF);
	service.start_seconds = 30;
	service_levels(&service, true, true, true, now);
	for (size_t i = 0; i < 7; i++) {
		now += waits[i];
		ck_assert_double_eq_tol(service_deadline(&service), now, 1e-9);
		ck_assert_int_eq(service_handle(&service, SERVICE_TIMEOUT, now, 0), SERVICE_DO_ASK);
		service_handle(&service, SERVICE_SILENT, now, 0);
	}
	service_handle(&service, SERVICE_TIMEOUT, NOW + 29.9, 0);
	ck_assert_int_eq(service.state, SERVICE_STARTING);
	ck_assert_int_eq(service_handle(&service, SERVICE_TIMEOUT, NOW + 30, 0), SERVICE_DO_TERM);
	ck_assert_int_eq(service.reason, SERVICE_HUNG);
	service_handle(&service, SERVICE_EXITED, NOW + 31, 0);
	ck_assert_int_eq(service.state, SERVICE_BACK_OFF);
}
END_TEST

/* Plays the clock: how long until a child that stops to answer is told to end? */
START_TEST(hung_is_noticed_within_ten_seconds)
{
	double now = NOW;
	int asked = 0;

	place(SERVICE_RUNNING);
	service_handle(&service, SERVICE_ANSWERED, now, 0);
	for (;;) {
		now = service_deadline(&service);
		enum service_action action = service_handle(&service, SERVICE_TIMEOUT, now, 0);
		if (action == SERVICE_DO_TERM) {
			break;
		}
		asked += action == SERVICE_DO_ASK;
		ck_assert_double_lt(now, NOW + 20);
	}
	ck_assert_int_eq(asked, 2);
	ck_assert_double_eq_tol(now, NOW + 9, 1e-9);
	ck_assert_int_eq(service.reason, SERVICE_HUNG);
	/* TERM is not heard: KILL after 5 s, and again. */
	ck_assert_double_eq_tol(service_deadline(&service), now + 5, 1e-9);
	ck_assert_int_eq(service_handle(&service, SERVICE_TIMEOUT, now + 4.9, 0),
		SERVICE_DO_NOTHING);
	ck_assert_int_eq(service_handle(&service, SERVICE_TIMEOUT, now + 5, 0), SERVICE_DO_KILL);
	ck_assert_double_eq_tol(service_deadline(&service), now + 10, 1e-9);
	service_handle(&service, SERVICE_EXITED, now + 5.1, 0.5);
	ck_assert_int_eq(service.state, SERVICE_BACK_OFF);
}
END_TEST

START_TEST(one_miss_is_forgiven)
{
	place(SERVICE_RUNNING);
	ck_assert_int_eq(service_handle(&service, SERVICE_SILENT, NOW, 0), SERVICE_DO_NOTHING);
	ck_assert_double_eq_tol(service_deadline(&service), NOW + 1, 1e-9);
	ck_assert_int_eq(service_handle(&service, SERVICE_TIMEOUT, NOW + 1, 0), SERVICE_DO_ASK);
	service_handle(&service, SERVICE_ANSWERED, NOW + 1.1, 0);
	ck_assert_double_eq_tol(service_deadline(&service), NOW + 4.1, 1e-9);
	service_handle(&service, SERVICE_TIMEOUT, NOW + 4.1, 0);
	service_handle(&service, SERVICE_SILENT, NOW + 4.2, 0);
	ck_assert_int_eq(service.state, SERVICE_RUNNING);
	/* A bad answer that nobody waits for is not counted. */
	service_handle(&service, SERVICE_SILENT, NOW + 4.3, 0);
	ck_assert_int_eq(service.state, SERVICE_RUNNING);
	service_handle(&service, SERVICE_TIMEOUT, NOW + 5.2, 0);
	ck_assert_int_eq(service_handle(&service, SERVICE_SILENT, NOW + 5.3, 0), SERVICE_DO_TERM);
}
END_TEST

START_TEST(memory_backs_off_and_arguments_do_not)
{
	place(SERVICE_RUNNING);
	service_handle(&service, SERVICE_TOO_BIG, NOW, 0);
	ck_assert_int_eq(service.reason, SERVICE_MEMORY);
	service_handle(&service, SERVICE_EXITED, NOW + 1, 0.5);
	ck_assert_int_eq(service.state, SERVICE_BACK_OFF);

	place(SERVICE_RUNNING);
	service_handle(&service, SERVICE_CHANGED, NOW, 0);
	ck_assert_int_eq(service.reason, SERVICE_ARGUMENTS);
	ck_assert_int_eq(service_handle(&service, SERVICE_EXITED, NOW + 1, 0.5), SERVICE_DO_START);
}
END_TEST

/* One question a second is missed. Seconds until it is stopped for it, computing all the while. */
static int stopped_after(bool busy)
{
	for (int second = 0; second < 100; second++) {
		service_handle(&service, SERVICE_TIMEOUT, NOW + second, 0);
		if (busy) {
			service_handle(&service, SERVICE_BUSY, NOW + second + 0.4, 0);
		}
		service_handle(&service, SERVICE_SILENT, NOW + second + 0.5, 0);
		if (service.state == SERVICE_STOPPING) {
			return second;
		}
	}
	return -1;
}

START_TEST(who_computes_has_a_minute)
{
	place(SERVICE_RUNNING);
	ck_assert_int_le(stopped_after(false), 3);
	place(SERVICE_RUNNING);
	int running = stopped_after(true);
	ck_assert_int_ge(running, 60);
	ck_assert_int_le(running, 64);
	place(SERVICE_STARTING);
	ck_assert_int_le(stopped_after(false), 5);
	place(SERVICE_STARTING);
	int starting = stopped_after(true);
	ck_assert_int_ge(starting, 60);
	ck_assert_int_le(starting, 66);
	/* An answer forgives it all. */
	place(SERVICE_RUNNING);
	service_handle(&service, SERVICE_BUSY, NOW - 100, 0);
	service_handle(&service, SERVICE_ANSWERED, NOW, 0);
	ck_assert_int_ge(stopped_after(true), 60);
}
END_TEST

START_TEST(an_idle_one_wants_no_time)
{
	place(SERVICE_OFF);
	ck_assert_double_eq(service_deadline(&service), 0);
	place(SERVICE_WAITING);
	ck_assert_double_eq(service_deadline(&service), 0);
	place(SERVICE_MISSING);
	service_handle(&service, SERVICE_TIMEOUT, NOW, 0);
	ck_assert_double_eq_tol(service_deadline(&service), NOW + 10, 1e-9);
}
END_TEST

START_TEST(an_early_answer_is_of_an_earlier_process)
{
	place(SERVICE_OFF);
	service_levels(&service, true, true, true, NOW);
	service_handle(&service, SERVICE_ANSWERED, NOW + 0.1, 0);
	ck_assert_int_eq(service.state, SERVICE_STARTING);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(service_state_name(SERVICE_BACK_OFF), "back-off");
	for (enum service_reason reason = 0; reason < SERVICE_REASONS; reason++) {
		ck_assert_int_eq(service_reason_parse(service_reason_name(reason)), reason);
	}
	ck_assert_int_eq(service_reason_parse("bored"), SERVICE_REASONS);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("service");
	TCase *tcase = tcase_create("service");

	tcase_add_test(tcase, every_event_in_every_state);
	tcase_add_test(tcase, levels);
	tcase_add_test(tcase, what_runs_is_not_stopped_for_its_file);
	tcase_add_test(tcase, back_off);
	tcase_add_test(tcase, failures_add_up_and_are_forgotten);
	tcase_add_test(tcase, back_off_outlives_a_condition);
	tcase_add_test(tcase, asks_while_starting);
	tcase_add_test(tcase, hung_is_noticed_within_ten_seconds);
	tcase_add_test(tcase, one_miss_is_forgiven);
	tcase_add_test(tcase, memory_backs_off_and_arguments_do_not);
	tcase_add_test(tcase, who_computes_has_a_minute);
	tcase_add_test(tcase, an_idle_one_wants_no_time);
	tcase_add_test(tcase, an_early_answer_is_of_an_earlier_process);
	tcase_add_test(tcase, names);
	suite_add_tcase(suite, tcase);
	return suite;
}
