/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What alfred's answer to a request holds: others' datasets for the lease book, and the proof that
 * ours is there. */
#ifndef CLOUD_SHARING_TAKE_H
#define CLOUD_SHARING_TAKE_H

#include "cloud/sharing.h"

#define REQUEST_GAP 0.5 /* between two requests */

/* Takes in an answer to a request, or notes that there was none, and says when to ask again. */
void sharing_on_request(struct sharing *sharing, int result, const uint8_t *bytes, size_t length);
/* What was pushed is not there; it is pushed again after a while. */
void sharing_push_failed(struct sharing *sharing);
/* Do the nodes that are known make us a primary? */
bool sharing_elected(const struct sharing *sharing);

#endif
