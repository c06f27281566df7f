/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/notify.h"
#include "kernel/room.h"

int kernel_need_nft(struct kernel *kernel)
{
	if (kernel->nft != NULL) {
		return 0;
	}
	int error = nft_open(&kernel->nft);
	if (error == 0 && kernel->listening) {
		error = nft_listen(kernel->nft);
	}
	return error;
}

int kernel_open(struct kernel **out, struct err *err)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	if (kernel == NULL) {
		return -ENOMEM;
	}
	sysctl_watch_open(&kernel->sysctl_watch);
	int error = netlink_open(&kernel->rtnl, NETLINK_ROUTE);
	if (error == 0) {
		error = batadv_open(&kernel->batadv);
	}
	if (error < 0) {
		err_set(err, "cannot open netlink sockets: %s", strerror(-error));
		kernel_close(kernel);
		return error;
	}
	(void)kernel_need_nft(kernel); /* may come later */
	*out = kernel;
	return 0;
}

void kernel_close(struct kernel *kernel)
{
	if (kernel == NULL) {
		return;
	}
	if (kernel->listener != NULL) {
		mnl_socket_close(kernel->listener);
	}
	if (kernel->nft != NULL) {
		nft_close(kernel->nft);
	}
	forgetting_close(kernel->forgetting);
	batadv_close(&kernel->batadv);
	sysctl_watch_close(&kernel->sysctl_watch);
	netlink_close(&kernel->rtnl);
	free(kernel);
}

static int listen_all(struct kernel *kernel)
{
	int error = kernel->listener != NULL ? 0 : notify_open(&kernel->listener);

	if (error == 0 && kernel->nft != NULL) {
		error = nft_listen(kernel->nft);
	}
	if (error == 0) {
		error = batadv_listen(&kernel->batadv);
	}
	return error;
}

int kernel_listen(struct kernel *kernel, struct err *err)
{
	kernel->listening = true;
	kernel_suspect_routes(kernel);
	int error = listen_all(kernel);

	if (error < 0) {
		err_set(err, "cannot open sockets for notifications: %s", strerror(-error));
	}
	return error;
}

uint32_t kernel_highest_ifindex(const struct kernel *kernel)
{
	return kernel->highest_ifindex;
}

int kernel_mesh_peers(struct kernel *kernel, const char *mesh, struct mesh_peer **peers,
	size_t *count)
{
	unsigned int ifindex = if_nametoindex(mesh);

	if (ifindex == 0) {
		return -ENODEV;
	}
	if (kernel->batadv.family == 0) {
		int error = batadv_resolve(&kernel->batadv);
		if (error < 0) {
			return error;
		}
	}
	return batadv_read_peers(&kernel->batadv, ifindex, peers, count);
}

int kernel_nat_counter(struct kernel *kernel, const char *rule, uint64_t *bytes)
{
	int error = kernel_need_nft(kernel);

	return error == 0 ? nft_count(kernel->nft, rule, bytes) : error;
}

/* --- hearing of changes --- */

void kernel_fds(const struct kernel *kernel, int fds[KERNEL_FDS])
{
	const struct mnl_socket *batadv = kernel->batadv.listener;

	fds[0] = kernel->listener != NULL ? mnl_socket_get_fd(kernel->listener) : -1;
	fds[1] = batadv != NULL ? mnl_socket_get_fd(batadv) : -1;
	fds[2] = kernel->nft != NULL ? nft_event_fd(kernel->nft) : -1;
	fds[3] = kernel->sysctl_watch.fd;
}

static int hear_nft(struct kernel *kernel)
{
	int heard = nft_on_readable(kernel->nft);

	if (heard == -ENOBUFS) {
		return KERNEL_OVERRUN;
	}
	if (heard < 0) {
		return heard;
	}
	return heard > 0 ? KERNEL_CHANGED : KERNEL_NOTHING;
}

int kernel_on_readable(struct kernel *kernel, int fd)
{
	int fds[KERNEL_FDS];

	kernel_fds(kernel, fds);
	if (fd < 0) {
		return -EBADF;
	}
	if (fd == fds[0]) {
		return notify_take_rtnl(kernel);
	}
	if (fd == fds[1]) {
		return notify_take_batadv(kernel);
	}
	if (fd == fds[3]) {
		return sysctl_watch_take(&kernel->sysctl_watch);
	}
	return fd == fds[2] ? hear_nft(kernel) : -EBADF;
}
