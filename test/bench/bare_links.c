/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bare limit of test/bench/apply: makes a bridge, a mesh interface, a macvlan and two VLANs on
 * each of the links dummy0 ... dummy<N-1>, one RTM_NEWLINK a link with everything in it, and does
 * nothing else. Prints the seconds that took.
 *
 *     bare_links N        the links dummy<i> must be up and their numbers be FIRST_DUMMY + i
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/batman_adv.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>

#define FIRST_DUMMY   100
#define FIRST_NEW     10000
#define MESSAGE_MAX   256
#define BATCH         200 /* as many as the kernel's socket takes at once with their answers */
#define BRIDGE_NUMBER FIRST_NEW
#define MESH_NUMBER   (FIRST_NEW + 1)

struct wanted {
	const char *name;
	const char *kind;
	uint32_t number;
	uint32_t lower;
	uint32_t master;
	uint32_t mtu;
	uint16_t vid;
	uint8_t mac[6];
};

struct batch {
	struct mnl_socket *socket;
	char *buffer;
	size_t used;
	unsigned int count;
};

static void take_answers(struct batch *batch)
{
	char answer[65536];
	unsigned int left = batch->count;

	while (left > 0) {
		ssize_t length = mnl_socket_recvfrom(batch->socket, answer, sizeof(answer));
		if (length < 0) {
			err(1, "receive");
		}
		int rest = (int)length;
		for (const struct nlmsghdr *header = (const void *)answer;
			mnl_nlmsg_ok(header, rest); header = mnl_nlmsg_next(header, &rest)) {
			const struct nlmsgerr *result = mnl_nlmsg_get_payload(header);
			if (result->error != 0) {
				errx(1, "message %u: %s", header->nlmsg_seq,
					strerror(-result->error));
			}
			left--;
		}
	}
}

static void flush(struct batch *batch)
{
	if (batch->count == 0) {
		return;
	}
	if (mnl_socket_sendto(batch->socket, batch->buffer, batch->used) < 0) {
		err(1, "send");
	}
	take_answers(batch);
	batch->used = 0;
	batch->count = 0;
}

static void put_kind(struct nlmsghdr *header, const struct wanted *wanted)
{
	struct nlattr *linkinfo = mnl_attr_nest_start(header, IFLA_LINKINFO);

	mnl_attr_put_strz(header, IFLA_INFO_KIND, wanted->kind);
	struct nlattr *inner = mnl_attr_nest_start(header, IFLA_INFO_DATA);
	if (strcmp(wanted->kind, "vlan") == 0) {
		mnl_attr_put_u16(header, IFLA_VLAN_ID, wanted->vid);
		mnl_attr_put_u16(header, IFLA_VLAN_PROTOCOL, htons(ETH_P_8021Q));
	} else if (strcmp(wanted->kind, "batadv") == 0) {
		mnl_attr_put_strz(header, IFLA_BATADV_ALGO_NAME, "BATMAN_IV");
	} else if (strcmp(wanted->kind, "macvlan") == 0) {
		mnl_attr_put_u32(header, IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE);
	} else {
		mnl_attr_put_u32(header, IFLA_BR_STP_STATE, 0);
	}
	mnl_attr_nest_end(header, inner);
	mnl_attr_nest_end(header, linkinfo);
}

static void put(struct batch *batch, const struct wanted *wanted)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(batch->buffer + batch->used);
	struct ifinfomsg *link;

	header->nlmsg_type = RTM_NEWLINK;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	header->nlmsg_seq = wanted->number;
	link = mnl_nlmsg_put_extra_header(header, sizeof(*link));
	link->ifi_index = (int)wanted->number;
	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	mnl_attr_put_strz(header, IFLA_IFNAME, wanted->name);
	mnl_attr_put(header, IFLA_ADDRESS, sizeof(wanted->mac), wanted->mac);
	mnl_attr_put_u32(header, IFLA_MTU, wanted->mtu);
	mnl_attr_put_u32(header, IFLA_GROUP, 0x6d64); /* as meshd marks its links */
	if (wanted->lower != 0) {
		mnl_attr_put_u32(header, IFLA_LINK, wanted->lower);
	}
	if (wanted->master != 0) {
		mnl_attr_put_u32(header, IFLA_MASTER, wanted->master);
	}
	put_kind(header, wanted);
	batch->used += MNL_ALIGN(header->nlmsg_len);
	if (++batch->count == BATCH) {
		flush(batch);
	}
}

static void put_vlans(struct batch *batch, uint32_t index)
{
	char name[32]; /* longer than any, for the compiler */
	struct wanted vlan = {.name = name, .kind = "vlan", .lower = FIRST_DUMMY + index};

	snprintf(name, sizeof(name), "dummy%u.29", index);
	vlan.number = FIRST_NEW + 3 + 2 * index;
	vlan.mtu = 1532;
	vlan.master = MESH_NUMBER;
	vlan.vid = 29;
	memcpy(vlan.mac, (uint8_t[]){2, 1, (uint8_t)(index >> 8), (uint8_t)index, 3, 4}, 6);
	put(batch, &vlan);
	snprintf(name, sizeof(name), "dummy%u.17", index);
	vlan.number++;
	vlan.mtu = 1500;
	vlan.master = 0;
	vlan.vid = 17;
	vlan.mac[1] = 2;
	put(batch, &vlan);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct batch batch = {.socket = mnl_socket_open(NETLINK_ROUTE),
		.buffer = malloc((size_t)BATCH * MESSAGE_MAX)};
	uint32_t count = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	int size = 8 << 20;

	if (count == 0 || batch.socket == NULL || batch.buffer == NULL ||
		mnl_socket_bind(batch.socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		errx(1, "usage: bare_links N");
	}
	setsockopt(mnl_socket_get_fd(batch.socket), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		sizeof(size));
	double began = seconds();
	put(&batch, &(struct wanted){.name = "br-lan",
			    .kind = "bridge",
			    .number = BRIDGE_NUMBER,
			    .mtu = 1500,
			    .mac = {2, 0, 0, 0, 0, 1}});
	put(&batch, &(struct wanted){.name = "bat0",
			    .kind = "batadv",
			    .number = MESH_NUMBER,
			    .mtu = 1500,
			    .master = BRIDGE_NUMBER,
			    .mac = {2, 0, 0, 0, 0, 2}});
	put(&batch, &(struct wanted){.name = "anygw",
			    .kind = "macvlan",
			    .number = FIRST_NEW + 2,
			    .mtu = 1500,
			    .lower = BRIDGE_NUMBER,
			    .mac = {2, 0, 0, 0, 0, 3}});
	for (uint32_t i = 0; i < count; i++) {
		put_vlans(&batch, i);
	}
	flush(&batch);
	printf("%.6f\n", seconds() - began);
	mnl_socket_close(batch.socket);
	free(batch.buffer);
	return 0;
}
