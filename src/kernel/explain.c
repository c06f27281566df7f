/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failed operations in words that help. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/room.h"

/* One refusal often has a hundred siblings. */
#define REFUSALS_MAX 32

struct module {
	const char *name;
	const char *hint;
};

static const struct module batman_adv = {"batman-adv",
	"modprobe batman-adv; on Debian it is in linux-image-amd64, not in "
	"linux-image-cloud-amd64"};
static const struct module vlan_8021q = {"8021q",
	"modprobe 8021q; on Debian it is in linux-image-amd64, not in linux-image-cloud-amd64"};
static const struct module bridge = {"bridge", "modprobe bridge"};
static const struct module macvlan = {"macvlan", "modprobe macvlan"};
static const struct module ip6_tunnel = {"ip6_tunnel", "modprobe ip6_tunnel"};
static const struct module nf_tables = {"nf_tables",
	"modprobe nf_tables; bridge rules need nft_meta_bridge too"};

static const struct module nf_tables_inet = {"nf_tables",
	"modprobe nf_tables; the kernel needs its family inet (CONFIG_NF_TABLES_INET) too"};
static const struct module nft_chain_nat = {"nft_chain_nat",
	"modprobe nft_chain_nat; masquerading on uplinks needs it"};
static const struct module nft_masq = {"nft_masq",
	"modprobe nft_masq; masquerading on uplinks needs it"};

static const struct module *const kind_modules[] = {
	[LINK_OTHER] = NULL,
	[LINK_VLAN] = &vlan_8021q,
	[LINK_BATADV] = &batman_adv,
	[LINK_BRIDGE] = &bridge,
	[LINK_MACVLAN] = &macvlan,
	[LINK_IP6TNL] = &ip6_tunnel,
};

/* The kernel asks for the modules of chain types and expressions by itself and says "no such file"
 * when that brought none; the message tells what it was about. */
static const struct module *missing_nat_module(const struct op *op)
{
	bool about_chain = op->message != NULL && strncmp(op->message, "chain ", 6) == 0;

	if (op->verb == OP_DELETE || op->error != -ENOENT) {
		return NULL;
	}
	return about_chain ? &nft_chain_nat : &nft_masq;
}

static bool has_no_tables(int error)
{
	return error == -EPROTONOSUPPORT || error == -EOPNOTSUPP || error == -EAFNOSUPPORT;
}

/* The module whose absence explains the failure, or NULL. */
static const struct module *missing_module(const struct kernel *kernel, const struct op *op)
{
	switch (op->type) {
	case OBJECT_LINK: {
		const struct link *link = op_object(op);
		/* "Unknown device type" */
		return op->verb == OP_CREATE && op->error == -EOPNOTSUPP ? kind_modules[link->kind]
									 : NULL;
	}
	case OBJECT_MESH:
	case OBJECT_HARDIF:
	case OBJECT_MESH_VLAN:
		return kernel->batadv.family == 0 ? &batman_adv : NULL;
	case OBJECT_RULESET:
		return has_no_tables(op->error) ? &nf_tables : NULL;
	case OBJECT_NAT:
		return has_no_tables(op->error) ? &nf_tables_inet : missing_nat_module(op);
	case OBJECT_ADDRESS:
	case OBJECT_ROUTE:
	case OBJECT_RULE:
	case OBJECT_SYSCTL:
	case OBJECT_TYPES:
		break;
	}
	return NULL;
}

static void add_refusal(const struct op *op, struct problem_list *problems)
{
	char key[OBJECT_TEXT_SIZE];
	const char *what = strerrordesc_np(-op->error);

	object_format_key(op->type, op_object(op), key);
	problem_add(problems, PROBLEM_OPERATION, key, "", "the kernel refused to %s the %s: %s%s%s",
		op_verb_name(op->verb), object_classes[op->type].name,
		what != NULL ? what : "unknown error", op->message != NULL ? ": " : "",
		op->message != NULL ? op->message : "");
}

void kernel_explain(struct kernel *kernel, const struct plan *plan, struct problem_list *problems)
{
	size_t refusals = 0;

	plan_foreach (op, plan) {
		if (op->error == 0) {
			continue;
		}
		const struct module *module = missing_module(kernel, op);
		if (module != NULL) {
			problem_add(problems, PROBLEM_MODULE_MISSING, module->name, module->hint,
				"the kernel has no module %s", module->name);
		} else if (refusals++ < REFUSALS_MAX) {
			add_refusal(op, problems);
		}
	}
}
