/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table "bridge meshd" in the kernel: read it, replace it whole, hear of changes to it. Every
 * other table, whatever its name, is left alone. */
#ifndef KERNEL_NFT_H
#define KERNEL_NFT_H

#include <stddef.h>

#include "core/state.h"

struct nft;

/* Opens a socket for requests in the current network namespace. 0 or -errno, -EPROTONOSUPPORT where
 * the kernel has no nfnetlink. */
int nft_open(struct nft **out);
/* Opens the socket for notifications; may be called again. 0 or -errno. */
int nft_listen(struct nft *nft);
/* NULL is allowed. */
void nft_close(struct nft *nft);

/* Reads the table's chains and rules with their counters as of one moment; present is false when
 * there is no such table. A table that is switched off (dormant) reads as present and empty, so
 * that it equals nothing. ruleset is written on success only and freed by the caller. 0 or -errno,
 * -EINTR when the kernel's tables changed during each of 5 tries. */
int nft_read(struct nft *nft, struct ruleset *ruleset);

/* Makes the kernel's table equal to ruleset, or removes it when not present, in one transaction and
 * one system call: all of it or nothing. 0, or -errno with a text that names the chain or rule in
 * message (size bytes). */
int nft_replace(struct nft *nft, const struct ruleset *ruleset, char *message, size_t size);

/* To watch for reading, -1 before nft_listen(). */
int nft_event_fd(const struct nft *nft);
/* Takes what has arrived, a bounded part of it, and never blocks. 1 when our table changed (by our
 * own hand too), 0 when not, -ENOBUFS when notifications were lost, or another -errno. */
int nft_on_readable(struct nft *nft);

#endif
