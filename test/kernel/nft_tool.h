/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table as the nft tool, which nobody here wrote, understands it. */
#ifndef KERNEL_TEST_NFT_TOOL_H
#define KERNEL_TEST_NFT_TOOL_H

#include "core/state.h"

/* Fails the test unless "nft -j" lists the same chains and the same rules with the same meaning. */
void nft_tool_compare(enum nft_table table, const struct ruleset *ruleset);

#endif
