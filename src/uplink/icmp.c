/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/icmp.h"

#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD_SIZE          8
#define IP_HEAD_MIN        20
#define ICMP4_ECHO_REQUEST 8

static uint16_t read_16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void write_16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* RFC 1071, of an even number of bytes. */
static uint16_t checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2) {
		sum += read_16(bytes + i);
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return (uint16_t)~sum;
}

void icmp_echo_build(const struct icmp_echo *echo, uint8_t family, uint8_t message[ICMP_ECHO_SIZE])
{
	memset(message, 0, ICMP_ECHO_SIZE);
	message[0] = family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP4_ECHO_REQUEST;
	write_16(message + 4, echo->id);
	write_16(message + 6, echo->sequence);
	memcpy(message + HEAD_SIZE, echo->secret, sizeof(echo->secret));
	if (family == AF_INET) {
		write_16(message + 2, checksum(message, ICMP_ECHO_SIZE));
	}
}

static bool is_of(const struct icmp_echo *echo, uint8_t type, const uint8_t *bytes, size_t length)
{
	return length >= HEAD_SIZE && bytes[0] == type && bytes[1] == 0 &&
	       read_16(bytes + 4) == echo->id && read_16(bytes + 6) >= 1 &&
	       read_16(bytes + 6) <= echo->sequence;
}

bool icmp_echo_is_answered(const struct icmp_echo *echo, uint8_t family, const uint8_t *bytes,
	size_t length)
{
	size_t head = 0;

	if (family == AF_INET) {
		head = length > 0 ? (size_t)(bytes[0] & 0x0f) * 4 : 0;
		if (head < IP_HEAD_MIN || length < head) {
			return false;
		}
	}
	uint8_t type = family == AF_INET6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY;
	return is_of(echo, type, bytes + head, length - head) && length - head == ICMP_ECHO_SIZE &&
	       memcmp(bytes + head + HEAD_SIZE, echo->secret, sizeof(echo->secret)) == 0;
}

bool icmp_echo_is_request(const struct icmp_echo *echo, uint8_t family, const uint8_t *bytes,
	size_t length)
{
	return is_of(echo, family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP4_ECHO_REQUEST, bytes,
		length);
}
