/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a name server may answer. The first byte chooses the family. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t question[DNS_QUESTION_MAX];
	struct dns_answer answer = {.rcode = -1};
	uint8_t family = size > 0 && bytes[0] == '6' ? AF_INET6 : AF_INET;

	if (size == 0) {
		return 0;
	}
	int length = dns_question_build(question, "example.org", family, 0x3031);
	if (dns_answer_parse(bytes + 1, size - 1, question, (size_t)length, &answer) < 0) {
		if (answer.rcode != -1) {
			abort();
		}
		return 0;
	}
	if (answer.rcode < 0 || answer.rcode > 15 || answer.address_count > DNS_ADDRESSES_MAX) {
		abort();
	}
	for (size_t i = 0; i < answer.address_count; i++) {
		if (answer.addresses[i].family != family) {
			abort();
		}
	}
	return 0;
}
