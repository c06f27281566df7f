/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/wire.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sys/socket.h>

#include <check.h>

#include "kernel/shell.h"

#define WAIT_MILLISECONDS 5000

static int open_end(const char *name)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	int on = 1;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(address.sll_ifindex, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Learning is off, so that every frame goes out at every other port. */
void wire_open(struct wire *wire)
{
	run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6");
	run("ip link add name br-lan type bridge mcast_snooping 0 stp_state 0");
	run("ip link add name lan0 type veth peer name lan1");
	run("ip link add name " WIRE_MESH " type veth peer name mesh1");
	run("ip link set lan0 master br-lan");
	run("ip link set " WIRE_MESH " master br-lan");
	run("bridge link set dev lan0 learning off");
	run("bridge link set dev " WIRE_MESH " learning off");
	run("for i in br-lan lan0 lan1 " WIRE_MESH " mesh1; do ip link set $i up; done");
	/* A port without a carrier forwards nothing, and the kernel tells carriers once a second.
	 */
	run("for i in lan0 " WIRE_MESH "; do timeout 10 sh -c "
	    "\"until bridge link show dev $i | grep -q 'state forwarding'; do sleep 0.02; "
	    "done\" || exit; done");
	*wire = (struct wire){
		.lan = open_end("lan1"),
		.mesh = open_end("mesh1"),
		.node = open_end("br-lan"),
	};
}

void wire_close(struct wire *wire)
{
	close(wire->lan);
	close(wire->mesh);
	close(wire->node);
	run("ip link del br-lan && ip link del lan0 && ip link del " WIRE_MESH);
}

static int end_in(const struct wire *wire, enum frame_origin origin)
{
	if (origin == FROM_NODE) {
		return wire->node;
	}
	return origin == FROM_MESH ? wire->mesh : wire->lan;
}

static int end_out(const struct wire *wire, enum frame_origin origin)
{
	return origin == FROM_MESH ? wire->lan : wire->mesh;
}

void wire_send(struct wire *wire, const struct frame_spec *spec, enum frame_origin origin)
{
	uint8_t bytes[FRAME_SIZE];
	size_t length = frame_build(spec, ++wire->number, bytes);

	ck_assert_int_eq(send(end_in(wire, origin), bytes, length, 0), (ssize_t)length);
}

static uint32_t receive_number(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	uint8_t bytes[2048];

	ck_assert_msg(poll(&waiting, 1, WAIT_MILLISECONDS) == 1, "the marker did not arrive");
	ssize_t length = recv(fd, bytes, sizeof(bytes), 0);

	return length > 0 ? frame_number(bytes, length) : 0;
}

bool wire_crossed(struct wire *wire, enum frame_origin origin)
{
	static const struct frame_spec marker = {.source = CLIENT,
		.target = BROADCAST,
		.sport = 0x88b6};
	uint32_t wanted = wire->number;
	bool crossed = false;
	uint32_t number;

	wire_send(wire, &marker, origin);
	do {
		number = receive_number(end_out(wire, origin));
		crossed = crossed || number == wanted;
	} while (number != wire->number);
	return crossed;
}

unsigned int wire_drain_mesh(struct wire *wire)
{
	uint8_t bytes[2048];
	unsigned int count = 0;

	while (recv(wire->mesh, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
		count++;
	}
	return count;
}
