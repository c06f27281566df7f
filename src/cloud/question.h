/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A DNS question to our own dnsmasq, which shows that it works. */
#ifndef CLOUD_QUESTION_H
#define CLOUD_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Is it an answer to the question with the id, whatever it says? */
bool question_is_answered(const uint8_t *bytes, size_t length, uint16_t id);
/* Asks port 53 of the server for the name's IPv4 address; *fd is a non-blocking socket to read the
 * answer from, the caller's to close. 0 or -errno. */
int question_send(const char *name, const struct ip *server, uint16_t id, int *fd);

#endif
