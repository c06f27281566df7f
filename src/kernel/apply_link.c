/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link is made in three steps, each over all links of the phase: created (down, already marked as
 * ours), set as it shall be, and risen. The steps are apart because the kernel reads an address
 * mode and the like at the moment a link goes up, but takes them from a message only after it has
 * set the flags (do_setlink() in net/core/rtnetlink.c); and because what follows a creation names
 * the link by its number, which must be known to be ours by then: a batch ends with the creations.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "kernel/apply.h"
#include "kernel/codec_link.h"
#include "kernel/sysctl.h"

/* One deletion waits about 18 ms for RCU, whatever is deleted with it. */
#define DELETE_BY_GROUP_MIN 8

static bool wants(const struct op *op, enum link_field field)
{
	return (op->fields & FIELD_BIT(field)) != 0;
}

/* --- creating and setting --- */

static void put_create(struct apply *apply, struct op *op)
{
	const struct link *link = op->desired;
	struct link_numbers numbers = {.link = op->ifindex};

	if (link->lower[0] != '\0') {
		numbers.lower = apply_link_number(apply, op, link->lower);
		if (numbers.lower == 0) {
			return;
		}
	}
	codec_link_create(batch_begin(&apply->rtnl, op, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL),
		link, op->fields & codec_link_create_fields, &numbers);
}

/* What did not come to be has no number: whoever needs it fails with words that say so. */
static void finish_creates(struct apply *apply, struct op *ops, size_t count)
{
	(void)batch_flush(&apply->rtnl);
	for (size_t i = 0; i < count; i++) {
		if (ops[i].verb != OP_CREATE) {
			continue;
		}
		ops[i].done = true;
		if (ops[i].error != 0) {
			ops[i].ifindex = 0;
		}
		kernel_saw_ifindex(apply->kernel, ops[i].ifindex);
	}
}

/* The number of the op's own link; 0 when there is nothing to set. */
static uint32_t own_number(struct op *op)
{
	const struct link *observed = op->observed;

	return op->verb == OP_CREATE ? op->ifindex : observed->head.ifindex;
}

/* Has the link below refused its new MTU? Then the one planned above it is too large, and another
 * pass plans a smaller one: until then it stays as it is. */
static bool lower_refused_mtu(struct apply *apply, const struct link *link)
{
	const struct op *below = apply_find_link_op(apply, link->lower);

	if (below == NULL || !wants(below, LINK_MTU)) {
		return false;
	}
	(void)batch_flush(&apply->rtnl);
	return below->error != 0;
}

static void put_set(struct apply *apply, struct op *op)
{
	const struct link *link = op->desired;
	struct link_numbers numbers = {.link = own_number(op)};
	uint64_t fields = op->fields & codec_link_set_fields;

	if (op->verb == OP_CREATE) {
		fields &= ~codec_link_create_fields;
		if (link->kind == LINK_BRIDGE) { /* see codec_link_create() */
			fields |= op->fields & FIELD_BIT(LINK_MTU);
		}
	}
	if (op->verb == OP_SET && (fields & FIELD_BIT(LINK_MTU)) &&
		lower_refused_mtu(apply, link)) {
		fields &= ~FIELD_BIT(LINK_MTU);
	}
	if (wants(op, LINK_MASTER) && link->master[0] != '\0') {
		numbers.master = apply_link_number(apply, op, link->master);
		if (numbers.master == 0) {
			fields &= ~FIELD_BIT(LINK_MASTER);
		}
	}
	if (fields != 0) {
		codec_link_set(batch_begin(&apply->rtnl, op, RTM_NEWLINK, 0), link, fields,
			&numbers);
	}
}

static void put_rise(struct apply *apply, struct op *op)
{
	struct link_numbers numbers = {.link = own_number(op)};
	uint64_t fields = op->fields & codec_link_rise_fields;

	if (fields != 0) {
		codec_link_rise(batch_begin(&apply->rtnl, op, RTM_NEWLINK, 0), op->desired, fields,
			&numbers);
	}
}

/* rtnetlink tells these but does not take them. Before the link rises: it then looks at them. */
static void write_sysctls(struct op *op)
{
	const struct link *link = op->desired;
	int error = 0;

	if (!wants(op, LINK_ACCEPT_DAD) && !wants(op, LINK_ACCEPT_RA)) {
		return;
	}
	if (wants(op, LINK_ACCEPT_DAD)) {
		error = sysctl_write_link6(link->name, "accept_dad", link->accept_dad);
	}
	if (wants(op, LINK_ACCEPT_RA) && error == 0) {
		error = sysctl_write_link6(link->name, "accept_ra", link->accept_ra);
	}
	op->done = true;
	if (error < 0) {
		apply_fail(op, error, "its IPv6 sysctls cannot be written");
	}
}

static bool makes_addresses(const struct op *op)
{
	const struct link *link = op->desired;

	return !object_has(link, LINK_ADDR_GEN_MODE) ||
	       link->addr_gen_mode != IN6_ADDR_GEN_MODE_NONE;
}

static void raise_links(struct apply *apply, struct op *ops, size_t count, bool with_addresses)
{
	for (size_t i = 0; i < count; i++) {
		if (own_number(&ops[i]) != 0 && makes_addresses(&ops[i]) == with_addresses) {
			put_rise(apply, &ops[i]);
		}
	}
}

static void make_links(struct apply *apply, struct op *ops, size_t count)
{
	bool created = false;

	for (size_t i = 0; i < count; i++) {
		if (ops[i].verb == OP_CREATE) {
			put_create(apply, &ops[i]);
			created = true;
		}
	}
	if (created) {
		finish_creates(apply, ops, count);
	}
	for (size_t i = 0; i < count; i++) {
		if (own_number(&ops[i]) != 0) {
			write_sysctls(&ops[i]);
			put_set(apply, &ops[i]);
		}
	}
	/* With every link that rises the kernel walks all IPv6 routes (rt6_sync_up()): those that
	 * bring none come while there are few. */
	raise_links(apply, ops, count, false);
	raise_links(apply, ops, count, true);
}

/* --- deleting --- */

static struct ifinfomsg *put_link_head(struct nlmsghdr *message, uint32_t ifindex)
{
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->ifi_index = (int)ifindex;
	return head;
}

static uint32_t observed_number(const struct op *op)
{
	const struct link *link = op->observed;

	return link->head.ifindex;
}

/* The group may hold only what is to go: links that another program put there would go too. */
static bool group_is_free(const struct state *observed)
{
	for (size_t i = 0; i < state_count(observed, OBJECT_LINK); i++) {
		const struct link *link = state_at(observed, OBJECT_LINK, i);
		if (link->group == STATE_DOOMED_GROUP && !(link->head.flags & OBJECT_OWNED)) {
			return false;
		}
	}
	return true;
}

static void delete_each(struct apply *apply, struct op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_link_head(batch_begin(&apply->rtnl, &ops[i], RTM_DELLINK, 0),
			observed_number(&ops[i]));
	}
	(void)batch_flush(&apply->rtnl);
}

static void delete_by_group(struct apply *apply, struct op *ops, size_t count)
{
	struct nlmsghdr *message;

	for (size_t i = 0; i < count; i++) {
		message = batch_begin(&apply->rtnl, &ops[i], RTM_NEWLINK, 0);
		put_link_head(message, observed_number(&ops[i]));
		mnl_attr_put_u32(message, IFLA_GROUP, STATE_DOOMED_GROUP);
	}
	message = batch_begin(&apply->rtnl, NULL, RTM_DELLINK, 0);
	put_link_head(message, 0);
	mnl_attr_put_u32(message, IFLA_GROUP, STATE_DOOMED_GROUP);
	apply->group_error = 0;
	(void)batch_flush(&apply->rtnl);
	if (apply->group_error != 0 && apply->group_error != -ENODEV) {
		delete_each(apply, ops, count);
	}
}

static void delete_links(struct apply *apply, struct op *ops, size_t count)
{
	if (count >= DELETE_BY_GROUP_MIN && group_is_free(apply->observed)) {
		delete_by_group(apply, ops, count);
	} else {
		delete_each(apply, ops, count);
	}
}

void apply_links(struct apply *apply, struct op *ops, size_t count)
{
	if (ops[0].phase == PHASE_DELETE_LINK) {
		delete_links(apply, ops, count);
	} else {
		make_links(apply, ops, count);
	}
}
