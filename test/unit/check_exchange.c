/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/exchange.h"
#include "unit/check_main.h"

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener;

static void listen_there(void)
{
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/check_exchange_%d", getpid());
	unlink(address.sun_path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
}

static void stop_listening(void)
{
	close(listener);
	unlink(address.sun_path);
}

START_TEST(asks_and_is_answered)
{
	struct exchange exchange = EXCHANGE_NONE;
	char bytes[16];

	ck_assert_int_eq(exchange_open(&exchange, address.sun_path, "hello", 5, 10), 0);
	int peer = accept(listener, NULL, NULL);
	ck_assert_int_eq((int)read(peer, bytes, sizeof(bytes)), 5);
	ck_assert_mem_eq(bytes, "hello", 5);
	ck_assert_uint_eq(exchange_events(&exchange), EPOLLIN);
	ck_assert_int_eq(exchange_on_ready(&exchange), 0);
	ck_assert_int_eq((int)write(peer, "0123", 4), 4);
	ck_assert_int_eq(exchange_on_ready(&exchange), 0);
	ck_assert_int_eq((int)write(peer, "456789", 6), 6);
	close(peer);
	ck_assert_int_eq(exchange_on_ready(&exchange), 1);
	ck_assert_uint_eq(exchange.input_length, 10);
	ck_assert_mem_eq(exchange.input, "0123456789", 10);
	exchange_close(&exchange);
	ck_assert_int_eq(exchange.fd, -1);
	exchange_close(&exchange);
}
END_TEST

START_TEST(bounds_the_answer)
{
	struct exchange exchange = EXCHANGE_NONE;

	ck_assert_int_eq(exchange_open(&exchange, address.sun_path, NULL, 0, 10), 0);
	int peer = accept(listener, NULL, NULL);
	ck_assert_int_eq((int)write(peer, "0123456789a", 11), 11);
	ck_assert_int_eq(exchange_on_ready(&exchange), -EMSGSIZE);
	exchange_close(&exchange);
	close(peer);
}
END_TEST

START_TEST(says_that_nobody_is_there)
{
	struct exchange exchange = EXCHANGE_NONE;
	char path[256];

	close(listener);
	ck_assert_int_eq(exchange_open(&exchange, address.sun_path, "x", 1, 1), -ECONNREFUSED);
	unlink(address.sun_path);
	ck_assert_int_eq(exchange_open(&exchange, address.sun_path, "x", 1, 1), -ENOENT);
	memset(path, 'a', sizeof(path));
	path[255] = '\0';
	ck_assert_int_eq(exchange_open(&exchange, path, "x", 1, 1), -ENAMETOOLONG);
	ck_assert_int_eq(exchange.fd, -1);
}
END_TEST

/* A full queue refuses at once; nothing waits. */
START_TEST(does_not_wait_for_a_busy_listener)
{
	struct exchange exchanges[16];
	int result = 0;
	size_t count = 0;

	while (count < 16 && result == 0) {
		exchanges[count] = EXCHANGE_NONE;
		result = exchange_open(&exchanges[count], address.sun_path, "x", 1, 1);
		count++;
	}
	ck_assert_int_eq(result, -EAGAIN);
	while (count > 0) {
		exchange_close(&exchanges[--count]);
	}
}
END_TEST

START_TEST(writes_more_than_the_socket_takes)
{
	enum { SIZE = 2000000 };
	struct exchange exchange = EXCHANGE_NONE;
	uint8_t *bytes = malloc(SIZE);
	uint8_t *got = malloc(SIZE + 4);
	size_t length = 0;

	for (size_t i = 0; i < SIZE; i++) {
		bytes[i] = (uint8_t)(i * 31 >> 3);
	}
	ck_assert_int_eq(exchange_open(&exchange, address.sun_path, bytes, SIZE, 10), 0);
	int peer = accept(listener, NULL, NULL);
	ck_assert_uint_eq(exchange_events(&exchange), EPOLLIN | EPOLLOUT);
	ck_assert_int_eq(exchange_write(&exchange, "more", 4), 0);
	while (length < SIZE + 4) {
		ssize_t count = read(peer, got + length, SIZE + 4 - length);
		ck_assert_int_gt((int)count, 0);
		length += (size_t)count;
		ck_assert_int_eq(exchange_on_ready(&exchange), 0);
	}
	ck_assert_uint_eq(exchange_events(&exchange), EPOLLIN);
	ck_assert_int_eq(memcmp(got, bytes, SIZE), 0);
	ck_assert_mem_eq(got + SIZE, "more", 4);
	exchange_close(&exchange);
	close(peer);
	free(bytes);
	free(got);
}
END_TEST

START_TEST(takes_from_a_stream)
{
	struct exchange exchange = EXCHANGE_NONE;

	ck_assert_int_eq(exchange_open(&exchange, address.sun_path, NULL, 0, 10), 0);
	int peer = accept(listener, NULL, NULL);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq((int)write(peer, "abcdefg", 7), 7);
		ck_assert_int_eq(exchange_on_ready(&exchange), 0);
		ck_assert_uint_eq(exchange.input_length, 7);
		exchange_take(&exchange, 3);
		ck_assert_mem_eq(exchange.input, "defg", 4);
		exchange_take(&exchange, 99);
		ck_assert_uint_eq(exchange.input_length, 0);
	}
	exchange_close(&exchange);
	close(peer);
}
END_TEST

START_TEST(survives_a_peer_that_closes)
{
	struct exchange exchange = EXCHANGE_NONE;

	ck_assert_int_eq(exchange_open(&exchange, address.sun_path, "x", 1, 10), 0);
	close(accept(listener, NULL, NULL)); /* unread: a reset */
	ck_assert_int_eq(exchange_on_ready(&exchange), -ECONNRESET);
	ck_assert_int_eq(exchange_write(&exchange, "x", 1), -EPIPE);
	exchange_close(&exchange);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("exchange");
	TCase *tests = tcase_create("exchange");

	tcase_add_checked_fixture(tests, listen_there, stop_listening);
	tcase_add_test(tests, asks_and_is_answered);
	tcase_add_test(tests, bounds_the_answer);
	tcase_add_test(tests, says_that_nobody_is_there);
	tcase_add_test(tests, does_not_wait_for_a_busy_listener);
	tcase_add_test(tests, writes_more_than_the_socket_takes);
	tcase_add_test(tests, takes_from_a_stream);
	tcase_add_test(tests, survives_a_peer_that_closes);
	suite_add_tcase(suite, tests);
	return suite;
}
