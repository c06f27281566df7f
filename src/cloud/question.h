/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A DNS question to our own dnsmasq, which shows that it works. */
#ifndef CLOUD_QUESTION_H
#define CLOUD_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define QUESTION_SIZE_MAX (12 + 256 + 4)

/* A question for the IPv4 address of a name (RFC 1035 4.1). Returns its size, or -EINVAL when the
 * name is none. */
int question_build(uint8_t message[QUESTION_SIZE_MAX], const char *name, uint16_t id);
/* Is it an answer to the question with the id, whatever it says? */
bool question_is_answered(const uint8_t *bytes, size_t length, uint16_t id);
/* Sends the question to port 53 of the server; *fd is a non-blocking socket to read the answer
 * from, the caller's to close. 0 or -errno. */
int question_send(const char *name, const struct ip *server, uint16_t id, int *fd);

#endif
