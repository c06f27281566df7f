/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bridge with one port to a client and one, named as the mesh interface, to "the mesh"; frames go
 * in at one end and are looked for at the other. */
#ifndef KERNEL_TEST_WIRE_H
#define KERNEL_TEST_WIRE_H

#include "unit/frames.h"

#define WIRE_MESH "bat0"

struct wire {
	int lan;
	int mesh;
	int node;
	uint32_t number; /* in the last frame's mark */
};

/* Makes the interfaces in the current network namespace; exits the test where that fails. */
void wire_open(struct wire *wire);
void wire_close(struct wire *wire);
/* Sends the frame without looking after it. */
void wire_send(struct wire *wire, const struct frame_spec *spec, enum frame_origin origin);
/* Did the last frame that was sent come out at the other side? Sends a marker behind it that no
 * rule stops, and waits for that. */
bool wire_crossed(struct wire *wire, enum frame_origin origin);
/* Frames that are waiting at the mesh's end, all taken. */
unsigned int wire_drain_mesh(struct wire *wire);

#endif
