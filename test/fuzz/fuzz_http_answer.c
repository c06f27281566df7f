/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a web server may answer, whole and as it comes. */
#include <stdint.h>
#include <stdlib.h>

#include "uplink/http_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct http_expectation expectation = {200, "success", 7};
	const char *text = (const char *)bytes;
	enum http_verdict first = HTTP_MORE;
	int status = 0;

	for (size_t length = 0; length <= size && first == HTTP_MORE; length++) {
		first = http_answer_judge(text, length, false, &expectation, &status);
	}
	enum http_verdict whole = http_answer_judge(text, size, true, &expectation, &status);
	/* The end of the stream decides, and a verdict is not taken back, but for a head that grew
	 * too long in one piece. */
	if (whole == HTTP_MORE || (first != HTTP_MORE && first != whole && size < HTTP_HEAD_MAX)) {
		abort();
	}
	if (whole != HTTP_MALFORMED && (status < 200 || status > 599)) {
		abort();
	}
	return 0;
}
