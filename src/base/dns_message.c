/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/dns_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD_SIZE   12
#define TYPE_A      1
#define TYPE_AAAA   28
#define CLASS_IN    1
#define RECORDS_MAX 64 /* looked at */

int dns_question_build(uint8_t message[DNS_QUESTION_MAX], const char *name, uint8_t family,
	uint16_t id)
{
	const uint8_t end[] = {0, 0, family == AF_INET6 ? TYPE_AAAA : TYPE_A, 0, CLASS_IN};
	size_t at = HEAD_SIZE;

	if (*name == '\0') {
		return -EINVAL;
	}
	memset(message, 0, DNS_QUESTION_MAX);
	message[0] = (uint8_t)(id >> 8);
	message[1] = (uint8_t)id;
	message[2] = 1; /* recursion desired */
	message[5] = 1; /* one question */
	while (*name != '\0') {
		size_t length = strcspn(name, ".");
		if (length == 0 || length > TEXT_LABEL_MAX ||
			at + 1 + length + sizeof(end) > DNS_QUESTION_MAX) {
			return -EINVAL;
		}
		message[at] = (uint8_t)length;
		memcpy(message + at + 1, name, length);
		at += 1 + length;
		name += length + (name[length] == '.');
	}
	memcpy(message + at, end, sizeof(end));
	return (int)(at + sizeof(end));
}

/* A length byte is below 'A', so that letters may be compared without looking for labels. */
static bool is_same_question(const uint8_t *a, const uint8_t *b, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		bool letter = (a[i] | 0x20) >= 'a' && (a[i] | 0x20) <= 'z';
		if (a[i] != b[i] && !(letter && (a[i] ^ b[i]) == 0x20)) {
			return false;
		}
	}
	return true;
}

static unsigned int read_16(const uint8_t *bytes)
{
	return (unsigned int)bytes[0] << 8 | bytes[1];
}

/* Where the name at the place ends; 0 when it does not. */
static size_t skip_name(const uint8_t *bytes, size_t length, size_t at)
{
	while (at < length) {
		uint8_t label = bytes[at];
		if (label == 0) {
			return at + 1;
		}
		if ((label & 0xc0) == 0xc0) {
			return at + 2 <= length ? at + 2 : 0; /* a pointer ends the name */
		}
		if ((label & 0xc0) != 0) {
			return 0;
		}
		at += 1 + (size_t)label;
	}
	return 0;
}

/* Takes one record; where it ends, 0 when it does not. */
static size_t take_record(const uint8_t *bytes, size_t length, size_t at, unsigned int type,
	struct dns_answer *answer)
{
	size_t size = type == TYPE_AAAA ? 16 : 4;

	at = skip_name(bytes, length, at);
	if (at == 0 || length - at < 10) {
		return 0;
	}
	const uint8_t *head = bytes + at;
	size_t data_length = read_16(head + 8);
	at += 10;
	if (length - at < data_length) {
		return 0;
	}
	if (read_16(head) == type && read_16(head + 2) == CLASS_IN && data_length == size &&
		answer->address_count < DNS_ADDRESSES_MAX) {
		struct ip *ip = &answer->addresses[answer->address_count++];
		*ip = (struct ip){.family = type == TYPE_AAAA ? AF_INET6 : AF_INET};
		memcpy(ip->bytes, bytes + at, size);
	}
	return at + data_length;
}

int dns_answer_parse(const uint8_t *bytes, size_t length, const uint8_t *question,
	size_t question_length, struct dns_answer *answer)
{
	struct dns_answer parsed = {0};

	if (length < question_length || question_length < HEAD_SIZE + 5 ||
		memcmp(bytes, question, 2) != 0 || (bytes[2] & 0xf8) != 0x80 ||
		read_16(bytes + 4) != 1 ||
		!is_same_question(question + HEAD_SIZE, bytes + HEAD_SIZE,
			question_length - HEAD_SIZE)) {
		return -EINVAL;
	}
	unsigned int records = read_16(bytes + 6);
	unsigned int type = read_16(question + question_length - 4);
	size_t at = question_length;
	parsed.rcode = bytes[3] & 0x0f;
	for (unsigned int i = 0; i < records && i < RECORDS_MAX && at != 0; i++) {
		at = take_record(bytes, length, at, type, &parsed);
	}
	*answer = parsed;
	return 0;
}
