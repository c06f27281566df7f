/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the configuration, the identity and the network to what each child and room is to do. */
#ifndef LOOP_WISHES_H
#define LOOP_WISHES_H

#include "cloud/cloud.h"
#include "core/render.h"
#include "loop/children.h"
#include "loop/gateways.h"
#include "routing/routing.h"

/* So many seconds a running child may lack its links before it is stopped. */
#define CHILD_PATIENCE 10

struct wish_input {
	struct render_input render;
	const struct state *observed; /* sorted */
	/* "NAME=version of the configuration in force", so that another one means a restart; NULL
	 * while there is none. Outlives the wish. */
	const char *dnsmasq_environment;
	const struct gateways_wants *gateway; /* default routes: offered, looked for */
	bool primary;                         /* alfred's role at start */
};

/* 0, or -errno with err (wish is then not wanted). The arguments are the caller's to free. */
int wish_make_child(const struct wish_input *input, enum child_name name, struct child_wish *wish,
	struct err *err);

/* A routing wish that owns its arrays. */
struct wish_routing {
	bool wanted;
	struct routing_wish routing;
};

/* 0 or -ENOMEM. */
int wish_make_routing(const struct wish_input *input, enum link_protocol protocol,
	struct wish_routing *wish);
void wish_routing_free(struct wish_routing *wish);

/* A cloud's wish that owns its arrays. */
struct wish_cloud {
	struct cloud_wish cloud;
	struct lease_host *hosts;
	const char **names; /* the array; the texts are the configuration's */
};

/* 0, -ENOMEM, or -EINVAL with err. */
int wish_make_cloud(const struct wish_input *input, struct wish_cloud *wish, struct err *err);
void wish_cloud_free(struct wish_cloud *wish);

#endif
