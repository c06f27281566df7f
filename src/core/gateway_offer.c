/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/socket.h>

#include "core/gateway.h"

/* Bandwidth is a small floating point number: 7 bits of mantissa and 5 of exponent. Up to 127 it is
 * the mantissa itself, so that 0 is 0; from exponent 1 on a 1 stands before the mantissa. */
#define MANTISSA_BITS 7
#define MANTISSA_ONE  (UINT64_C(1) << MANTISSA_BITS)
#define EXPONENT_MAX  31U

static const uint8_t network[] = {0xfd, 0x6d, 0x65, 0x73, 0x68, 0x64};

static unsigned int encode_bandwidth(uint64_t bandwidth)
{
	unsigned int shift = 0;

	if (bandwidth < MANTISSA_ONE) {
		return (unsigned int)bandwidth;
	}
	while (bandwidth >> shift >= 2 * MANTISSA_ONE) {
		shift++;
	}
	/* Rounded: half a step up may reach the next exponent. */
	if (shift > 0 && (bandwidth >> (shift - 1) & 1) != 0) {
		uint64_t up = (bandwidth >> shift) + 1;
		shift += up == 2 * MANTISSA_ONE;
		bandwidth = up == 2 * MANTISSA_ONE ? MANTISSA_ONE : up;
	} else {
		bandwidth >>= shift;
	}
	if (shift + 1 > EXPONENT_MAX) {
		return EXPONENT_MAX << MANTISSA_BITS | (unsigned int)(MANTISSA_ONE - 1);
	}
	return (shift + 1) << MANTISSA_BITS | (unsigned int)(bandwidth & (MANTISSA_ONE - 1));
}

static uint64_t decode_bandwidth(unsigned int code)
{
	unsigned int exponent = code >> MANTISSA_BITS;
	uint64_t mantissa = code & (MANTISSA_ONE - 1);

	return exponent == 0 ? mantissa : (mantissa | MANTISSA_ONE) << (exponent - 1);
}

/* A card's own: not zero, not a group's. */
static bool is_node(const struct mac *mac)
{
	return !mac_is_zero(mac) && (mac->bytes[0] & 1) == 0;
}

struct ip gateway_offer_encode(uint8_t family, uint64_t bandwidth, const struct mac *mac)
{
	struct ip address = {.family = AF_INET6};
	unsigned int code = encode_bandwidth(bandwidth);

	if ((family != AF_INET && family != AF_INET6) || !is_node(mac)) {
		return (struct ip){0};
	}
	memcpy(address.bytes, network, sizeof(network));
	address.bytes[6] = (uint8_t)((family == AF_INET ? 0x40U : 0x60U) | code >> 8);
	address.bytes[7] = (uint8_t)(code & 0xff);
	memcpy(address.bytes + 8, mac->bytes, sizeof(mac->bytes));
	return address;
}

bool gateway_offer_decode(const struct ip *address, uint8_t *family, uint64_t *bandwidth,
	struct mac *mac)
{
	const uint8_t *bytes = address->bytes;
	struct mac node;

	memcpy(node.bytes, bytes + 8, sizeof(node.bytes));
	if (address->family != AF_INET6 || memcmp(bytes, network, sizeof(network)) != 0 ||
		(bytes[6] >> 4 != 4 && bytes[6] >> 4 != 6) || bytes[14] != 0 || bytes[15] != 0 ||
		!is_node(&node)) {
		return false;
	}
	*family = bytes[6] >> 4 == 4 ? AF_INET : AF_INET6;
	*bandwidth = decode_bandwidth((bytes[6] & 0x0fU) << 8 | bytes[7]);
	*mac = node;
	return true;
}
