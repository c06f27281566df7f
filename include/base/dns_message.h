/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question to a name server and its answer (RFC 1035, section 4). */
#ifndef BASE_DNS_MESSAGE_H
#define BASE_DNS_MESSAGE_H

#include "base/text.h"

#define DNS_PORT          53
#define DNS_QUESTION_MAX  (12 + 255 + 4)
#define DNS_ADDRESSES_MAX 4

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_NXDOMAIN = 3,
};

struct dns_answer {
	int rcode;
	struct ip
		addresses[DNS_ADDRESSES_MAX]; /* of the question's family, in the answer's order */
	size_t address_count;
};

/* Asks for the A (AF_INET) or AAAA records of name. The length, or -EINVAL: name is none. */
int dns_question_build(uint8_t message[DNS_QUESTION_MAX], const char *name, uint8_t family,
	uint16_t id);
/* Is it the answer to that question (same id, same name, type and class)? 0 or -EINVAL. What
 * cannot be read behind a right question is left out. */
int dns_answer_parse(const uint8_t *bytes, size_t length, const uint8_t *question,
	size_t question_length, struct dns_answer *answer);

#endif
