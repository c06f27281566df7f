/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client against a daemon that is played here: what it sends, in which order, and what it makes
 * of silence, half answers and early ends. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cloud/alfred.h"
#include "unit/check_main.h"

#define BASE 100

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener;
static int epoll;
static struct alfred *alfred;

static struct {
	unsigned int done[ALFRED_CALLS];
	int result[ALFRED_CALLS];
	char answer[64];
	size_t length;
	unsigned int events;
	struct mac source;
} heard;

static void on_done(void *context, enum alfred_call call, int result, const uint8_t *answer,
	size_t length)
{
	(void)context;
	heard.done[call]++;
	heard.result[call] = result;
	heard.length = length;
	memcpy(heard.answer, answer == NULL ? (const void *)"" : answer, length < 64 ? length : 64);
}

static void on_event(void *context, uint8_t type, const struct mac *source)
{
	(void)context;
	heard.events += type == 77;
	heard.source = *source;
}

static void setup(void)
{
	const struct alfred_listener to = {on_done, on_event, NULL};

	memset(&heard, 0, sizeof(heard));
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/check_alfred_%d", getpid());
	unlink(address.sun_path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 10), 0);
	epoll = epoll_create1(0);
	ck_assert_int_eq(alfred_open(&alfred, address.sun_path, epoll, BASE), 0);
	alfred_listen(alfred, &to);
}

static void teardown(void)
{
	alfred_close(alfred);
	close(epoll);
	close(listener);
	unlink(address.sun_path);
}

static void turn(void)
{
	struct epoll_event events[8];
	int count = epoll_wait(epoll, events, 8, 100);

	for (int i = 0; i < count; i++) {
		alfred_on_ready(alfred, (enum alfred_call)(events[i].data.u32 - BASE));
	}
}

static size_t waiting(int fd)
{
	int count;

	ck_assert_int_eq(ioctl(fd, FIONREAD, &count), 0);
	return (size_t)count;
}

START_TEST(asks_status)
{
	char bytes[16];

	ck_assert_int_eq(alfred_ask_status(alfred, 10), 0);
	ck_assert_int_eq(alfred_ask_status(alfred, 10), -EBUSY);
	ck_assert_double_eq(alfred_deadline(alfred), 13);
	int peer = accept(listener, NULL, NULL);
	ck_assert_int_eq((int)read(peer, bytes, sizeof(bytes)), 4);
	ck_assert_mem_eq(bytes, "\x08\0\0\0", 4);
	ck_assert_int_eq((int)write(peer, "half", 4), 4);
	turn();
	ck_assert_uint_eq(heard.done[ALFRED_CALL_STATUS], 0);
	close(peer);
	turn();
	ck_assert_uint_eq(heard.done[ALFRED_CALL_STATUS], 1);
	ck_assert_int_eq(heard.result[ALFRED_CALL_STATUS], 0);
	ck_assert_uint_eq(heard.length, 4);
	ck_assert(!alfred_is_busy(alfred, ALFRED_CALL_STATUS));
	ck_assert(isinf(alfred_deadline(alfred)));
}
END_TEST

START_TEST(gives_up_in_time)
{
	ck_assert_int_eq(alfred_ask_status(alfred, 10), 0);
	ck_assert_int_eq(alfred_request(alfred, 77, 25, 10), 0);
	alfred_on_timer(alfred, 12.9);
	ck_assert_uint_eq(heard.done[ALFRED_CALL_STATUS], 0);
	alfred_on_timer(alfred, 13);
	ck_assert_int_eq(heard.result[ALFRED_CALL_STATUS], -ETIMEDOUT);
	ck_assert_uint_eq(heard.done[ALFRED_CALL_REQUEST], 0);
	alfred_on_timer(alfred, 35);
	ck_assert_int_eq(heard.result[ALFRED_CALL_REQUEST], -ETIMEDOUT);
	ck_assert_uint_eq(alfred_counts(alfred)->errors, 2);
}
END_TEST

START_TEST(pushes_small_in_one_piece)
{
	static char bytes[ALFRED_PLUG_FROM + 100];

	ck_assert_int_eq(alfred_push(alfred, 77, bytes, ALFRED_PLUG_FROM, 1), 0);
	int peer = accept(listener, NULL, NULL);
	ck_assert_uint_eq(waiting(peer), ALFRED_PUSH_HEAD + ALFRED_PLUG_FROM);
	ck_assert_int_eq((int)read(peer, bytes, sizeof(bytes)),
		ALFRED_PUSH_HEAD + ALFRED_PLUG_FROM);
	close(peer);
	turn();
	ck_assert_uint_eq(heard.done[ALFRED_CALL_COMMAND], 1);
	ck_assert_int_eq(heard.result[ALFRED_CALL_COMMAND], 0);
}
END_TEST

/* The first connection says nothing until the second one's message is there as a whole. */
START_TEST(plugs_for_a_large_push)
{
	static char bytes[70000];

	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (char)i;
	}
	ck_assert_int_eq(alfred_push(alfred, 77, bytes, ALFRED_PAYLOAD_MAX, 1), 0);
	int plug = accept(listener, NULL, NULL);
	int peer = accept(listener, NULL, NULL);
	ck_assert_uint_eq(waiting(plug), 4);
	ck_assert_uint_eq(waiting(peer), ALFRED_PUSH_HEAD + ALFRED_PAYLOAD_MAX);
	ck_assert_int_eq(alfred_push(alfred, 77, bytes, 1, 1), -EBUSY);
	close(plug);
	close(peer);
	turn();
	turn();
	ck_assert_uint_eq(heard.done[ALFRED_CALL_PLUG], 0);
	ck_assert_uint_eq(heard.done[ALFRED_CALL_COMMAND], 1);
	ck_assert(!alfred_is_busy(alfred, ALFRED_CALL_PLUG));
	ck_assert_int_eq(alfred_push(alfred, 77, bytes, ALFRED_PAYLOAD_MAX + 1, 1), -EMSGSIZE);
}
END_TEST

START_TEST(hears_events)
{
	static const uint8_t event[] = {10, 0, 0, 7, 77, 2, 0, 0, 0, 0, 5};

	ck_assert_int_eq(alfred_subscribe(alfred, 1), 0);
	int peer = accept(listener, NULL, NULL);
	ck_assert(isinf(alfred_deadline(alfred)));
	for (size_t i = 0; i < sizeof(event); i++) {
		ck_assert_uint_eq(heard.events, 0);
		ck_assert_int_eq((int)write(peer, event + i, 1), 1);
		turn();
	}
	ck_assert_uint_eq(heard.events, 1);
	ck_assert_uint_eq(heard.source.bytes[5], 5);
	for (int i = 0; i < 20000; i++) {
		ck_assert_int_eq((int)write(peer, event, sizeof(event)), (int)sizeof(event));
		if (i % 100 == 99) {
			turn();
		}
	}
	turn();
	ck_assert_uint_eq(heard.events, 20001);
	close(peer);
	turn();
	ck_assert_uint_eq(heard.done[ALFRED_CALL_EVENTS], 1);
}
END_TEST

START_TEST(drops_a_stream_of_nonsense)
{
	ck_assert_int_eq(alfred_subscribe(alfred, 1), 0);
	int peer = accept(listener, NULL, NULL);
	ck_assert_int_eq((int)write(peer, "nonsense nonsense", 17), 17);
	turn();
	ck_assert_int_eq(heard.result[ALFRED_CALL_EVENTS], -EBADMSG);
	ck_assert(!alfred_is_busy(alfred, ALFRED_CALL_EVENTS));
	close(peer);
}
END_TEST

START_TEST(bounds_answers)
{
	char bytes[ALFRED_STATUS_ANSWER_MAX + 1] = {0};

	ck_assert_int_eq(alfred_ask_status(alfred, 1), 0);
	int peer = accept(listener, NULL, NULL);
	ck_assert_int_eq((int)write(peer, bytes, sizeof(bytes)), (int)sizeof(bytes));
	turn();
	ck_assert_int_eq(heard.result[ALFRED_CALL_STATUS], -EMSGSIZE);
	close(peer);
}
END_TEST

START_TEST(is_silent_after_a_reset)
{
	ck_assert_int_eq(alfred_ask_status(alfred, 1), 0);
	ck_assert_int_eq(alfred_subscribe(alfred, 1), 0);
	alfred_reset(alfred);
	turn();
	alfred_on_timer(alfred, 100);
	ck_assert_uint_eq(heard.done[ALFRED_CALL_STATUS] + heard.done[ALFRED_CALL_EVENTS], 0);
	close(listener);
	ck_assert_int_eq(alfred_ask_status(alfred, 1), -ECONNREFUSED);
	listener = -1;
	ck_assert_uint_eq(heard.done[ALFRED_CALL_STATUS], 0);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("alfred");
	TCase *tests = tcase_create("alfred");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, asks_status);
	tcase_add_test(tests, gives_up_in_time);
	tcase_add_test(tests, pushes_small_in_one_piece);
	tcase_add_test(tests, plugs_for_a_large_push);
	tcase_add_test(tests, hears_events);
	tcase_add_test(tests, drops_a_stream_of_nonsense);
	tcase_add_test(tests, bounds_answers);
	tcase_add_test(tests, is_silent_after_a_reset);
	suite_add_tcase(suite, tests);
	return suite;
}
