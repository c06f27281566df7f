/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's state by dumps. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/codec_link.h"
#include "kernel/codec_rtnl.h"
#include "kernel/room.h"
#include "kernel/sysctl.h"

#define REPEAT_MAX 5

static const char *const sysctl_paths[] = {
	"net/ipv4/ip_forward",
	"net/ipv6/conf/all/forwarding",
	"net/ipv4/conf/all/rp_filter",
	"net/ipv4/conf/default/rp_filter",
	"net/ipv4/conf/all/promote_secondaries",
};

/* Where a link's numbers lead; item is its place in the state's set, which is sorted only later. */
struct link_ref {
	struct link_numbers numbers;
	size_t item;
};

struct observer {
	struct kernel *kernel;
	struct state state;
	struct link_ref *refs; /* by number, once all links are read */
	size_t ref_count;
	size_t ref_capacity;
	uint8_t family; /* of the dump that runs */
	bool route_came;
};

static void free_observer(struct observer *observer)
{
	state_free(&observer->state);
	free(observer->refs);
}

/* --- links --- */

static struct link_ref *add_ref(struct observer *observer)
{
	if (observer->ref_count == observer->ref_capacity) {
		size_t capacity = observer->ref_capacity == 0 ? 32 : observer->ref_capacity * 2;
		struct link_ref *refs = reallocarray(observer->refs, capacity, sizeof(*refs));
		if (refs == NULL) {
			return NULL;
		}
		observer->refs = refs;
		observer->ref_capacity = capacity;
	}
	return &observer->refs[observer->ref_count++];
}

static int take_link(const struct nlmsghdr *message, void *context)
{
	static const char no_name[IFNAMSIZ];
	struct observer *observer = context;
	struct link_numbers numbers;

	struct link *link = state_add(&observer->state, OBJECT_LINK, no_name);
	if (link == NULL) {
		return -ENOMEM;
	}
	if (codec_link_decode(message, link, &numbers) < 0) {
		observer->state.sets[OBJECT_LINK].count--;
		return 0;
	}
	struct link_ref *ref = add_ref(observer);
	if (ref == NULL) {
		return -ENOMEM;
	}
	ref->numbers = numbers;
	ref->item = state_count(&observer->state, OBJECT_LINK) - 1;
	kernel_saw_ifindex(observer->kernel, numbers.link);
	return 0;
}

static int compare_refs(const void *a, const void *b)
{
	const struct link_ref *left = a;
	const struct link_ref *right = b;

	return (left->numbers.link > right->numbers.link) -
	       (left->numbers.link < right->numbers.link);
}

/* The name that goes with a number, or NULL. */
static const char *link_name(const struct observer *observer, uint32_t ifindex)
{
	struct link_ref key = {.numbers.link = ifindex};

	if (ifindex == 0 || observer->ref_count == 0) {
		return NULL;
	}
	const struct link_ref *ref = bsearch(&key, observer->refs, observer->ref_count,
		sizeof(*observer->refs), compare_refs);
	if (ref == NULL) {
		return NULL;
	}
	const struct link *link = state_at(&observer->state, OBJECT_LINK, ref->item);
	return link->name;
}

/* Copies the name that goes with a number; false when no link has it (any more). */
static bool take_link_name(const struct observer *observer, uint32_t ifindex, char name[IFNAMSIZ])
{
	const char *found = link_name(observer, ifindex);

	if (found != NULL) {
		memcpy(name, found, IFNAMSIZ);
	}
	return found != NULL;
}

static void name_links(struct observer *observer)
{
	if (observer->ref_count == 0) {
		return;
	}
	qsort(observer->refs, observer->ref_count, sizeof(*observer->refs), compare_refs);
	for (size_t i = 0; i < observer->ref_count; i++) {
		const struct link_ref *ref = &observer->refs[i];
		struct link *link = state_at(&observer->state, OBJECT_LINK, ref->item);
		(void)take_link_name(observer, ref->numbers.lower, link->lower);
		(void)take_link_name(observer, ref->numbers.master, link->master);
	}
}

/* --- addresses, routes, rules --- */

/* All these messages start with their family. A kernel without IPv6 answers with other families. */
static bool is_of_dump(const struct observer *observer, const struct nlmsghdr *message)
{
	const uint8_t *family = mnl_nlmsg_get_payload(message);

	return mnl_nlmsg_get_payload_len(message) > 0 && *family == observer->family;
}

static int take_address(const struct nlmsghdr *message, void *context)
{
	struct observer *observer = context;
	struct address taken = {0};
	uint32_t ifindex;

	if (!is_of_dump(observer, message) || codec_address_decode(message, &taken, &ifindex) < 0 ||
		!take_link_name(observer, ifindex, taken.key.link)) {
		return 0;
	}
	struct address *address = state_add(&observer->state, OBJECT_ADDRESS, &taken.key);
	if (address == NULL) {
		return -ENOMEM;
	}
	*address = taken;
	return 0;
}

static int take_route(const struct nlmsghdr *message, void *context)
{
	struct observer *observer = context;
	struct route taken = {0};
	uint32_t ifindex;

	observer->route_came = true;
	if (!is_of_dump(observer, message) || codec_route_decode(message, &taken, &ifindex) < 0 ||
		(ifindex != 0 && !take_link_name(observer, ifindex, taken.key.link))) {
		return 0;
	}
	struct route *route = state_add(&observer->state, OBJECT_ROUTE, &taken.key);
	if (route == NULL) {
		return -ENOMEM;
	}
	*route = taken;
	return 0;
}

static int take_rule(const struct nlmsghdr *message, void *context)
{
	struct observer *observer = context;
	struct rule taken = {0};

	if (!is_of_dump(observer, message) || codec_rule_decode(message, &taken) < 0) {
		return 0;
	}
	struct rule *rule = state_add(&observer->state, OBJECT_RULE, &taken.key);
	if (rule == NULL) {
		return -ENOMEM;
	}
	*rule = taken;
	return 0;
}

struct dump {
	uint16_t type;
	uint8_t family;
	enum object_type object;
	netlink_each_fn *each;
	uint32_t table; /* routes */
};

static const struct dump dumps[] = {
	{RTM_GETADDR, AF_INET, OBJECT_ADDRESS, take_address, 0},
	{RTM_GETADDR, AF_INET6, OBJECT_ADDRESS, take_address, 0},
	{RTM_GETROUTE, AF_INET, OBJECT_ROUTE, take_route, RT_TABLE_MAIN},
	{RTM_GETROUTE, AF_INET, OBJECT_ROUTE, take_route, STATE_TABLE_ANYCAST},
	{RTM_GETROUTE, AF_INET, OBJECT_ROUTE, take_route, STATE_TABLE_INTERNET},
	{RTM_GETROUTE, AF_INET, OBJECT_ROUTE, take_route, STATE_TABLE_WARM},
	{RTM_GETROUTE, AF_INET, OBJECT_ROUTE, take_route, STATE_TABLE_UPLINK},
	{RTM_GETROUTE, AF_INET, OBJECT_ROUTE, take_route, STATE_TABLE_OFFER},
	{RTM_GETROUTE, AF_INET, OBJECT_ROUTE, take_route, STATE_TABLE_WITHDRAWN},
	{RTM_GETROUTE, AF_INET6, OBJECT_ROUTE, take_route, RT_TABLE_MAIN},
	{RTM_GETROUTE, AF_INET6, OBJECT_ROUTE, take_route, STATE_TABLE_ANYCAST},
	{RTM_GETROUTE, AF_INET6, OBJECT_ROUTE, take_route, STATE_TABLE_INTERNET},
	{RTM_GETROUTE, AF_INET6, OBJECT_ROUTE, take_route, STATE_TABLE_WARM},
	{RTM_GETROUTE, AF_INET6, OBJECT_ROUTE, take_route, STATE_TABLE_UPLINK},
	{RTM_GETROUTE, AF_INET6, OBJECT_ROUTE, take_route, STATE_TABLE_OFFER},
	{RTM_GETROUTE, AF_INET6, OBJECT_ROUTE, take_route, STATE_TABLE_WITHDRAWN},
	{RTM_GETRULE, AF_INET, OBJECT_RULE, take_rule, 0},
	{RTM_GETRULE, AF_INET6, OBJECT_RULE, take_rule, 0},
};
static const struct dump link_dump = {RTM_GETLINK, AF_UNSPEC, OBJECT_LINK, take_link, 0};

static void put_dump(const struct dump *dump, struct nlmsghdr *message)
{
	message->nlmsg_type = dump->type;
	if (dump->type == RTM_GETLINK) {
		mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
		mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	} else if (dump->type == RTM_GETROUTE) {
		codec_route_request(message, dump->family, dump->table);
	} else if (dump->type == RTM_GETADDR) {
		struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
		head->ifa_family = dump->family;
	} else {
		/* struct fib_rule_hdr begins and is as long as struct rtmsg. */
		struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
		head->rtm_family = dump->family;
	}
}

/* A table without routes does not exist, and IPv6 may be off. */
static bool is_empty_answer(const struct dump *dump, int error)
{
	return (dump->type == RTM_GETROUTE && error == -ENOENT) ||
	       (dump->family == AF_INET6 && (error == -EAFNOSUPPORT || error == -EOPNOTSUPP));
}

static int run_dump(struct observer *observer, const struct dump *dump)
{
	struct object_set *set = &observer->state.sets[dump->object];
	size_t before = set->count;
	char bytes[64];
	int error = -EINTR;

	observer->family = dump->family;
	for (int i = 0; i < REPEAT_MAX && error == -EINTR; i++) {
		set->count = before;
		if (dump->object == OBJECT_LINK) {
			observer->ref_count = 0;
		}
		struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
		put_dump(dump, message);
		error = netlink_request(&observer->kernel->rtnl, message, NLM_F_DUMP, dump->each,
			observer);
	}
	return is_empty_answer(dump, error) ? 0 : error;
}

/* Is it the dump of a table that was empty, and would we have heard of a route since? */
static bool is_known_empty(struct kernel *kernel, const struct dump *dump)
{
	uint8_t bit = kernel_table_bit(dump->table);

	return kernel->listener != NULL && bit != 0 &&
	       (*kernel_routed(kernel, dump->family) & bit) == 0;
}

static int run_dumps(struct observer *observer)
{
	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
		const struct dump *dump = &dumps[i];

		if (is_known_empty(observer->kernel, dump)) {
			continue;
		}
		observer->route_came = false;
		int error = run_dump(observer, dump);
		if (error < 0) {
			return error;
		}
		if (!observer->route_came) {
			*kernel_routed(observer->kernel, dump->family) &=
				(uint8_t)~kernel_table_bit(dump->table);
		}
	}
	return 0;
}

/* --- batman-adv, sysctls --- */

/* batman-adv does not tell rtnetlink the algorithm. What it does not answer stays unknown: the mesh
 * interface may have gone since the links were read. */
static int read_mesh(struct observer *observer, const struct observe_scope *scope)
{
	struct batadv *batadv = &observer->kernel->batadv;
	struct link *link = NULL;
	struct mesh *mesh = NULL;

	/* Also without the link: the plan may make it and then needs the family. */
	if (scope->mesh != NULL && batadv_resolve(batadv) == 0) {
		link = state_find_link(&observer->state, scope->mesh);
	}
	if (link == NULL || link->kind != LINK_BATADV) {
		return 0;
	}
	mesh = state_add(&observer->state, OBJECT_MESH, link->name);
	if (mesh == NULL) {
		return -ENOMEM;
	}
	if (batadv_read_mesh(batadv, link->head.ifindex, mesh, link->algorithm) < 0) {
		observer->state.sets[OBJECT_MESH].count--;
		return 0;
	}
	link->head.has |= FIELD_BIT(LINK_ALGORITHM);
	for (size_t i = 0; i < scope->mesh_vlan_count; i++) {
		struct mesh_vlan_key key = {.vid = scope->mesh_vlans[i]};
		memcpy(key.mesh, link->name, sizeof(key.mesh));
		struct mesh_vlan *vlan = state_add(&observer->state, OBJECT_MESH_VLAN, &key);
		if (vlan == NULL) {
			return -ENOMEM;
		}
		if (batadv_read_mesh_vlan(batadv, link->head.ifindex, vlan) < 0) {
			observer->state.sets[OBJECT_MESH_VLAN].count--;
		}
	}
	int error = batadv_read_hardifs(batadv, link->head.ifindex, &observer->state);
	return error == -ENODEV || error == -ENOENT ? 0 : error;
}

static int read_sysctls(struct state *state)
{
	state->no_ipv6 = access("/proc/sys/net/ipv6", F_OK) != 0;
	for (size_t i = 0; i < ARRAY_SIZE(sysctl_paths); i++) {
		struct sysctl taken = {0};
		text_copy(taken.path, sizeof(taken.path), sysctl_paths[i]);
		if (sysctl_read(taken.path, &taken.value) < 0) {
			continue; /* this kernel has none such */
		}
		struct sysctl *sysctl = state_add(state, OBJECT_SYSCTL, taken.path);
		if (sysctl == NULL) {
			return -ENOMEM;
		}
		object_give(sysctl, SYSCTL_VALUE, value, taken.value);
	}
	return 0;
}

/* --- all of it --- */

static int fail(struct err *err, const char *what, int error)
{
	err_set(err, "the kernel's %s could not be read: %s", what, strerror(-error));
	return error;
}

int kernel_observe(struct kernel *kernel, const struct observe_scope *scope, struct state *state,
	struct err *err)
{
	CLEANUP(free_observer) struct observer observer = {.kernel = kernel};
	int error = run_dump(&observer, &link_dump);

	if (error < 0) {
		return fail(err, "links", error);
	}
	name_links(&observer);
	error = run_dumps(&observer);
	if (error < 0) {
		return fail(err, "addresses, routes or rules", error);
	}
	error = defaults_read(kernel, scope, &observer.state);
	if (error < 0) {
		return fail(err, "default routes", error);
	}
	error = read_mesh(&observer, scope);
	if (error < 0) {
		return fail(err, "batman-adv settings", error);
	}
	if (kernel_need_nft(kernel) == 0) {
		struct ruleset rulesets[NFT_TABLES];
		error = nft_read(kernel->nft, scope->counters, rulesets);
		if (error < 0) {
			return fail(err, "nftables rules", error);
		}
		observer.state.ruleset = rulesets[NFT_TABLE_BRIDGE];
		observer.state.nat = rulesets[NFT_TABLE_INET];
	}
	error = read_sysctls(&observer.state);
	if (error < 0) {
		return fail(err, "sysctls", error);
	}
	state_sort(&observer.state);
	sysctl_watch_follow(&kernel->sysctl_watch, &observer.state, &kernel->uplinks);
	*state = observer.state;
	memset(&observer.state, 0, sizeof(observer.state));
	return 0;
}
