/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes back from targets: ICMP, DNS, HTTP. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/dns_message.h"
#include "unit/check_main.h"
#include "uplink/http_answer.h"
#include "uplink/icmp.h"

#define ID 0x1234

/* --- DNS --- */

struct message {
	uint8_t bytes[512];
	size_t length;
	size_t question_length;
	uint8_t question[DNS_QUESTION_MAX];
};

/* An answer without records to a question for example.org. */
static struct message answer_to(uint8_t family)
{
	struct message message = {.length = 0};
	int length = dns_question_build(message.question, "example.org", family, ID);

	ck_assert_int_eq(length, 12 + 13 + 4);
	message.question_length = (size_t)length;
	memcpy(message.bytes, message.question, (size_t)length);
	message.length = (size_t)length;
	message.bytes[2] = 0x81;
	message.bytes[3] = 0x80;
	return message;
}

static void add_record(struct message *message, uint8_t type, const void *data, uint8_t length)
{
	const uint8_t head[] = {0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, length};

	memcpy(message->bytes + message->length, head, sizeof(head));
	memcpy(message->bytes + message->length + sizeof(head), data, length);
	message->length += sizeof(head) + length;
	message->bytes[7]++;
}

static int parse(const struct message *message, struct dns_answer *answer)
{
	return dns_answer_parse(message->bytes, message->length, message->question,
		message->question_length, answer);
}

START_TEST(dns_addresses)
{
	struct message message = answer_to(AF_INET);
	struct dns_answer answer;
	char text[IP_TEXT_SIZE];

	add_record(&message, 5, "\3www\300\14", 6); /* CNAME */
	add_record(&message, 1, "\300\0\2\1", 4);
	add_record(&message, 28, "0123456789abcdef", 16);
	add_record(&message, 1, "\300\0\2\2", 4);
	ck_assert_int_eq(parse(&message, &answer), 0);
	ck_assert_int_eq(answer.rcode, DNS_NOERROR);
	ck_assert_uint_eq(answer.address_count, 2);
	ip_format(&answer.addresses[1], text);
	ck_assert_str_eq(text, "192.0.2.2");
	for (int i = 0; i < 8; i++) {
		add_record(&message, 1, "\300\0\2\3", 4);
	}
	ck_assert_int_eq(parse(&message, &answer), 0);
	ck_assert_uint_eq(answer.address_count, DNS_ADDRESSES_MAX);
	message = answer_to(AF_INET6);
	add_record(&message, 28, "0123456789abcdef", 16);
	ck_assert_int_eq(parse(&message, &answer), 0);
	ck_assert_uint_eq(answer.address_count, 1);
	ck_assert_int_eq(answer.addresses[0].family, AF_INET6);
}
END_TEST

START_TEST(dns_strangers)
{
	struct message message = answer_to(AF_INET);
	struct dns_answer answer;

	message.bytes[1] ^= 1;
	ck_assert_int_lt(parse(&message, &answer), 0); /* another id */
	message = answer_to(AF_INET);
	message.bytes[2] = 1;
	ck_assert_int_lt(parse(&message, &answer), 0); /* a question */
	message = answer_to(AF_INET);
	message.bytes[5] = 0;
	ck_assert_int_lt(parse(&message, &answer), 0); /* no question in it */
	message = answer_to(AF_INET);
	message.bytes[14] ^= 1;
	ck_assert_int_lt(parse(&message, &answer), 0); /* another name */
	message = answer_to(AF_INET);
	message.bytes[message.length - 3] = 28;
	ck_assert_int_lt(parse(&message, &answer), 0); /* another type */
	message = answer_to(AF_INET);
	for (size_t length = 0; length < message.question_length; length++) {
		message.length = length;
		ck_assert_int_lt(parse(&message, &answer), 0);
	}
}
END_TEST

START_TEST(dns_codes)
{
	struct message message = answer_to(AF_INET);
	struct dns_answer answer;

	message.bytes[3] = 0x83;
	message.bytes[13] = 'E'; /* some change the case */
	ck_assert_int_eq(parse(&message, &answer), 0);
	ck_assert_int_eq(answer.rcode, DNS_NXDOMAIN);
	message.bytes[3] = 0x82;
	ck_assert_int_eq(parse(&message, &answer), 0);
	ck_assert_int_eq(answer.rcode, 2);
}
END_TEST

/* Records that are cut off give no address, and nothing is read behind the end. */
START_TEST(dns_cut)
{
	struct message message = answer_to(AF_INET);
	struct dns_answer answer;
	size_t whole;

	add_record(&message, 1, "\300\0\2\1", 4);
	whole = message.length;
	for (message.length = message.question_length; message.length < whole; message.length++) {
		uint8_t *bytes = malloc(message.length);
		memcpy(bytes, message.bytes, message.length);
		ck_assert_int_eq(dns_answer_parse(bytes, message.length, message.question,
					 message.question_length, &answer),
			0);
		ck_assert_uint_eq(answer.address_count, 0);
		free(bytes);
	}
}
END_TEST

START_TEST(dns_names)
{
	uint8_t question[DNS_QUESTION_MAX];
	char name[300];

	ck_assert_int_lt(dns_question_build(question, "", AF_INET, ID), 0);
	ck_assert_int_lt(dns_question_build(question, "a..b", AF_INET, ID), 0);
	memset(name, 'a', sizeof(name));
	name[64] = '\0';
	ck_assert_int_lt(dns_question_build(question, name, AF_INET, ID), 0);
	for (size_t i = 0; i < sizeof(name); i++) {
		name[i] = i % 32 == 31 ? '.' : 'a';
	}
	name[299] = '\0';
	ck_assert_int_lt(dns_question_build(question, name, AF_INET, ID), 0);
	ck_assert_int_gt(dns_question_build(question, "example.org.", AF_INET, ID), 0);
}
END_TEST

/* --- HTTP --- */

struct http_case {
	const char *answer;
	enum http_verdict open;  /* while more may come */
	enum http_verdict ended; /* the other end closed */
	int status;
};

/* Gives the status. */
static int judge(const struct http_case *test, const struct http_expectation *expectation)
{
	size_t length = strlen(test->answer);
	int status = 0;

	ck_assert_int_eq(http_answer_judge(test->answer, length, false, expectation, &status),
		test->open);
	ck_assert_int_eq(http_answer_judge(test->answer, length, true, expectation, &status),
		test->ended);
	return status;
}

static const struct http_case answers_204[] = {
	{"", HTTP_MORE, HTTP_MALFORMED, 0},
	{"HTT", HTTP_MORE, HTTP_MALFORMED, 0},
	{"HTTP/1.1 204", HTTP_MORE, HTTP_MALFORMED, 0},
	{"HTTP/1.1 204 No Content\r\n", HTTP_MORE, HTTP_MALFORMED, 0},
	{"HTTP/1.1 204 No Content\r\n\r\n", HTTP_EXPECTED, HTTP_EXPECTED, 204},
	{"HTTP/1.0 204\n\n", HTTP_EXPECTED, HTTP_EXPECTED, 204},
	{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		HTTP_EXPECTED, HTTP_EXPECTED, 204},
	{"HTTP/1.1 100 Continue\r\n\r\n", HTTP_MORE, HTTP_MALFORMED, 0},
	{"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n", HTTP_OTHER, HTTP_OTHER, 302},
	{"HTTP/1.1 511 Network Authentication Required\r\n\r\n", HTTP_OTHER, HTTP_OTHER, 511},
	{"HTTP/2.0 204 No Content\r\n\r\n", HTTP_MALFORMED, HTTP_MALFORMED, 0},
	{"HTTP/1.1  204 No Content\r\n\r\n", HTTP_MALFORMED, HTTP_MALFORMED, 0},
	{"HTTP/1.1 2040 No\r\n\r\n", HTTP_MALFORMED, HTTP_MALFORMED, 0},
	{"HTTP/1.1 999 No\r\n\r\n", HTTP_MALFORMED, HTTP_MALFORMED, 0},
	{"SSH-2.0-OpenSSH\r\n", HTTP_MALFORMED, HTTP_MALFORMED, 0},
	{"<html>", HTTP_MALFORMED, HTTP_MALFORMED, 0},
};

START_TEST(http_status)
{
	const struct http_expectation expectation = {.status = 204};

	ck_assert_int_eq(judge(&answers_204[_i], &expectation), answers_204[_i].status);
}
END_TEST

/* Their statuses are not looked at. */
static const struct http_case answers_text[] = {
	{"HTTP/1.1 200 OK\r\n\r\nsuccess\n", HTTP_EXPECTED, HTTP_EXPECTED, 0},
	{"HTTP/1.1 200 OK\r\n\r\nsucc", HTTP_MORE, HTTP_OTHER_TEXT, 0},
	{"HTTP/1.1 200 OK\r\n\r\n", HTTP_MORE, HTTP_OTHER_TEXT, 0},
	{"HTTP/1.1 200 OK\r\n\r\n<html>pay", HTTP_OTHER_TEXT, HTTP_OTHER_TEXT, 0},
	{"HTTP/1.1 204 No\r\n\r\n", HTTP_OTHER, HTTP_OTHER, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
	 "chunked\r\n\r\n3\r\nsuc\r\n4;x=y\r\ncess\r\n0\r\n\r\n",
		HTTP_EXPECTED, HTTP_EXPECTED, 0},
	{"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n7\r\nsuccess", HTTP_EXPECTED,
		HTTP_EXPECTED, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7", HTTP_MORE, HTTP_OTHER_TEXT, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", HTTP_MORE,
		HTTP_OTHER_TEXT, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nno",
		HTTP_OTHER_TEXT, HTTP_OTHER_TEXT, 0},
	{"HTTP/1.1 200 OK\r\nX-Transfer-Encoding: chunked\r\n\r\nsuccess", HTTP_EXPECTED,
		HTTP_EXPECTED, 0},
};

START_TEST(http_text)
{
	const struct http_expectation expectation = {200, "success", 7};
	const char *text = answers_text[_i].answer;
	int status = judge(&answers_text[_i], &expectation);

	/* Byte by byte it never says another thing first. */
	for (size_t length = 0; length < strlen(text); length++) {
		enum http_verdict verdict =
			http_answer_judge(text, length, false, &expectation, &status);
		ck_assert(verdict == HTTP_MORE || verdict == answers_text[_i].open);
	}
}
END_TEST

START_TEST(http_endless)
{
	const struct http_expectation expectation = {.status = 204};
	char text[HTTP_ANSWER_MAX];
	int status = 0;

	memset(text, 'a', sizeof(text));
	memcpy(text, "HTTP/1.1 204 No\r\nX: ", 20);
	ck_assert_int_eq(http_answer_judge(text, HTTP_HEAD_MAX - 1, false, &expectation, &status),
		HTTP_MORE);
	ck_assert_int_eq(http_answer_judge(text, sizeof(text), false, &expectation, &status),
		HTTP_MALFORMED);
}
END_TEST

/* --- ICMP --- */

static const struct icmp_echo echo = {.id = 7, .sequence = 2, .secret = "0123456789abcde"};

/* The reply to it as a raw socket gives it; the ICMP part begins at the returned place. */
static size_t build_reply(uint8_t family, uint8_t *bytes, size_t *length)
{
	size_t head = family == AF_INET ? 24 : 0; /* with one IP option */

	memset(bytes, 0, head + 1);
	bytes[0] = family == AF_INET ? 0x46 : 0;
	icmp_echo_build(&echo, family, bytes + head);
	bytes[head] = family == AF_INET ? 0 : 129;
	*length = head + ICMP_ECHO_SIZE;
	return head;
}

static const uint8_t families[] = {AF_INET, AF_INET6};

START_TEST(icmp_replies)
{
	/* Type, code, id, sequence, secret. */
	static const size_t places[] = {0, 1, 5, 7, 8, ICMP_ECHO_SIZE - 1};
	uint8_t family = families[_i];
	uint8_t bytes[64];
	size_t length;
	size_t head = build_reply(family, bytes, &length);

	ck_assert(icmp_echo_is_answered(&echo, family, bytes, length));
	bytes[head + 7] = 1; /* the first of two requests is answered late */
	ck_assert(icmp_echo_is_answered(&echo, family, bytes, length));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		build_reply(family, bytes, &length);
		bytes[head + places[i]] ^= 0x81;
		ck_assert_msg(!icmp_echo_is_answered(&echo, family, bytes, length), "place %zu", i);
	}
	for (size_t cut = 0; cut < ICMP_ECHO_SIZE + head; cut++) {
		build_reply(family, bytes, &length);
		ck_assert(!icmp_echo_is_answered(&echo, family, bytes, cut));
	}
	build_reply(family, bytes, &length);
	ck_assert(!icmp_echo_is_answered(&echo, family, bytes, length + 1));
}
END_TEST

START_TEST(icmp_requests)
{
	uint8_t bytes[ICMP_ECHO_SIZE];
	uint32_t sum = 0;

	icmp_echo_build(&echo, AF_INET, bytes);
	for (size_t i = 0; i < sizeof(bytes); i += 2) {
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	}
	ck_assert_uint_eq((sum & 0xffff) + (sum >> 16), 0xffff);
	ck_assert(icmp_echo_is_request(&echo, AF_INET, bytes, 8));
	ck_assert(!icmp_echo_is_request(&echo, AF_INET, bytes, 7));
	ck_assert(!icmp_echo_is_request(&echo, AF_INET6, bytes, 8));
	bytes[5]++;
	ck_assert(!icmp_echo_is_request(&echo, AF_INET, bytes, 8));
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("uplink_answers");
	TCase *test = tcase_create("answers");

	tcase_add_test(test, dns_addresses);
	tcase_add_test(test, dns_strangers);
	tcase_add_test(test, dns_codes);
	tcase_add_test(test, dns_cut);
	tcase_add_test(test, dns_names);
	tcase_add_loop_test(test, http_status, 0, sizeof(answers_204) / sizeof(answers_204[0]));
	tcase_add_loop_test(test, http_text, 0, sizeof(answers_text) / sizeof(answers_text[0]));
	tcase_add_test(test, http_endless);
	tcase_add_loop_test(test, icmp_replies, 0, 2);
	tcase_add_test(test, icmp_requests);
	suite_add_tcase(suite, test);
	return suite;
}
