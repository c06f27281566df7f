# SPDX-License-Identifier: GPL-2.0-or-later
"""What in a namespace is meshd's, what is there twice, and what two namespaces have in common."""

import collections
import copy
import json
import os
import socket
import struct

from snapshot import Snapshot

LINK_GROUP = "28004"  # 0x6d64
PROTOCOL = ("109", "meshd")  # the second where rt_protos.d names it
MADE = ("bridge", "batadv", "vlan", "macvlan")  # the kinds of link that meshd makes
TABLES = (("bridge", "meshd"), ("inet", "meshd"))

RTM_NEWADDR, RTM_GETADDR, NLMSG_DONE = 20, 22, 3
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
IFA_ADDRESS, IFA_LOCAL, IFA_PROTO = 1, 2, 11

# A bridge port's numbers, which tell in which order links became ports.
PORT_NUMBERS = ("id", "no", "designated_port")


def address_marks(node):
    """[(link's number, address, is meshd's)] of all addresses. Read here, since Debian 12's ip does
    not print the protocol of an address."""
    head = struct.pack("=IHHIIBBBBI", 24, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0, 0, 0, 0, 0, 0)
    found = []
    with node.inside():
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as rtnl:
            rtnl.bind((0, 0))
            rtnl.send(head)
            while not _take_addresses(rtnl.recv(1 << 17), found):
                pass
    return found


def _take_addresses(data, found):
    at = 0
    while at < len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if kind == NLMSG_DONE:
            return True
        if kind == RTM_NEWADDR:
            found.append(_decode_address(data[at + 16 : at + length]))
        at += (length + 3) & ~3
    return False


def _decode_address(message):
    family, prefixlen, _, _, ifindex = struct.unpack_from("=BBBBI", message)
    at, attributes = 8, {}
    while at + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        attributes[kind] = message[at + 4 : at + length]
        at += (length + 3) & ~3
    raw = attributes.get(IFA_LOCAL) or attributes[IFA_ADDRESS]
    ours = attributes.get(IFA_PROTO) == bytes([109])
    return ifindex, f"{socket.inet_ntop(family, raw)}/{prefixlen}", ours


def is_ours(entry):
    """Of a rule or route as Snapshot has it, or decoded."""
    entry = json.loads(entry.split(" ", 1)[1]) if isinstance(entry, str) else entry
    return entry.get("protocol") in PROTOCOL


def is_kernels(entry):
    return json.loads(entry.split(" ", 1)[1]).get("protocol") == "kernel"


def link_numbers(node):
    """{number: name} of the links."""
    with node.inside():
        return dict(socket.if_nameindex())


def own_links(snapshot):
    return {name for name, link in snapshot.links.items() if link["group"] == LINK_GROUP}


def unmarked(node, snapshot, foreign=()):
    """What meshd made and did not mark, as lines. The namespace holds nothing but veth pairs besides,
    and the links named foreign."""
    lines = []
    for name, link in snapshot.links.items():
        kind = link.get("linkinfo", {}).get("info_kind")
        if name in foreign:
            continue
        if kind in MADE and link["group"] != LINK_GROUP:
            lines.append(f"{name} is in group {link['group']}")
        if kind in MADE and not link.get("ifalias", "").startswith("meshd:"):
            lines.append(f"{name} has alias {link.get('ifalias')}")
        if kind == "veth" and link.get("master") and "meshd" not in link.get("ifalias", ""):
            lines.append(f"port {name} has alias {link.get('ifalias')}")
    numbers = link_numbers(node)
    for number, text, ours in address_marks(node):
        made_by_kernel = text.startswith(("fe80::", "127.", "::1/")) and not ours
        shared = text.startswith("fe80::a8aa:aaff:fe")
        if numbers.get(number) not in foreign and not ours and (shared or not made_by_kernel):
            lines.append(f"address {text} on {numbers.get(number)}")
    for what in ("rules", "routes"):
        lines += [
            f"{what}: {entry}" for entry in sorted(getattr(snapshot, what))
            if not is_ours(entry) and not is_kernels(entry)
        ]  # fmt: skip
    return lines


def _thing(entry):
    """A rule or route without what may differ between two of the same. A rule's priority does not
    make it another, a route's metric does."""
    version, _, text = entry.partition(" ")
    decoded = json.loads(text)
    decoded.pop("priority", None)
    return f"{version} {json.dumps(decoded, sort_keys=True)}"


def doubled(node, snapshot):
    """Addresses, rules, routes, VLANs and nft rules that are there more than once, as lines."""
    seen = collections.Counter(f"address {entry}" for entry in address_marks(node))
    seen.update(f"rule {_thing(entry)}" for entry in snapshot.rule_list)
    seen.update(f"route {entry}" for entry in snapshot.route_list if '"table": "local"' not in entry)
    for link in snapshot.links.values():
        about = link.get("linkinfo", {})
        if about.get("info_kind") == "vlan":
            tag = about["info_data"]
            seen[f"VLAN {tag['id']} {tag['protocol']} on {link['link']}"] += 1
    for entry in snapshot.nft:
        for kind, thing in entry.items():
            name = thing.get("comment") or thing.get("name")
            seen[f"nft {kind} {thing.get('table')} {thing.get('chain')} {name}"] += 1
    return [f"{count} times {what}" for what, count in seen.items() if count > 1]


def _without_numbers(link):
    """The link without what tells in which order links were made or became ports."""
    link = {key: member for key, member in link.items() if key not in ("ifindex", "link_index")}
    for number in PORT_NUMBERS:
        link.get("linkinfo", {}).get("info_slave_data", {}).pop(number, None)
    link.get("addr_info", []).sort(key=json.dumps)
    return link


class Portrait(Snapshot):
    """A snapshot that is the same for two namespaces of the same content, whatever the order in
    which it came to be: link numbers and port numbers are left out. And what Snapshot does not see:
    batman-adv's settings, and the sysctls that meshd sets. It is taken once the kernel has given all
    addresses."""

    SYSCTLS = (
        "ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/all/rp_filter",
        "ipv4/conf/default/rp_filter", "ipv4/conf/all/promote_secondaries",
        "ipv4/conf/br-lan/arp_ignore", "ipv4/conf/br-lan/rp_filter",
        "ipv6/conf/br-lan/accept_ra", "ipv4/conf/anygw/arp_ignore", "ipv4/conf/anygw/rp_filter",
        "ipv6/conf/anygw/accept_dad", "ipv6/conf/anygw/accept_ra", "ipv6/conf/bat0/addr_gen_mode",
    )  # fmt: skip
    UNSTEADY = {"tt_ttvn", "bla_crc", "mcast_flags", "mcast_flags_priv"}

    def __init__(self, node):
        node.wait_addresses()
        super().__init__(node)
        self.links = {name: _without_numbers(link) for name, link in self.links.items()}
        self.links["sysctls"] = {name: self._sysctl(node, name) for name in self.SYSCTLS}
        if "bat0" in self.links:
            mesh = node.batctl_json("mj")
            self.links["batman"] = {
                key: value for key, value in mesh.items()
                if key not in self.UNSTEADY and not key.endswith("ifindex")
            }  # fmt: skip

    @staticmethod
    def _sysctl(node, name):
        try:
            return node.sysctl(f"net/{name}")
        except OSError:
            return None


class Foreign(Snapshot):
    """A snapshot of what is not meshd's: links named, addresses on meshd's own links that it did not
    set, rules, routes and nft tables of others. The kernel's own routes are left out: they follow
    the addresses. It is taken once the kernel has given all addresses."""

    def __init__(self, node, links):
        node.wait_addresses()
        super().__init__(node)
        numbers = link_numbers(node)
        hand = collections.defaultdict(list)
        for number, address, ours in address_marks(node):
            if not ours and not address.startswith("fe80::"):
                hand[numbers.get(number)].append(address)
        kept = {name: copy.deepcopy(self.links[name]) for name in links if name in self.links}
        kept["addresses by hand"] = {name: sorted(some) for name, some in hand.items()}
        if "bat1" in self.links:
            kept["settings of bat1"] = _batman_settings(node, "bat1")
        self.links = kept
        self.rules, self.routes = (
            {entry for entry in entries if not is_ours(entry) and not is_kernels(entry)}
            for entries in (self.rules, self.routes)
        )
        self.nft = [entry for entry in self.nft if not _is_own_table(entry)]


def _batman_settings(node, mesh):
    found = node.batctl_json("mj", mesh)
    return {key: value for key, value in found.items() if key not in Portrait.UNSTEADY}


def _is_own_table(entry):
    for kind, thing in entry.items():
        name = thing.get("name") if kind == "table" else thing.get("table")
        if (thing.get("family"), name) in TABLES:
            return True
    return False


# A node alone: both ends of its wires are in its namespace, so that it needs nobody else, and all
# MACs are given, so that two such nodes are the same.
ALONE = (
    "link add mesh0 address a8:40:41:1f:73:aa type veth peer name far0 address 0a:00:00:03:00:01",
    "link add lan0 address 0a:00:00:02:00:01 type veth peer name far1 address 0a:00:00:03:00:02",
    "link set mesh0 up", "link set far0 up", "link set lan0 up", "link set far1 up",
)  # fmt: skip


def node_alone(lab, name):
    """A node with mesh0 and lan0. Addresses settle at once: no duplicate detection."""
    node = lab.node(name)
    node.sysctl("net/ipv6/conf/default/accept_dad", 0)
    node.ip(*ALONE)
    return node


def preload(node, **environment):
    """The environment that puts kill_after.c into meshd, see there."""
    library = node.meshd.binary.parent / "test" / "vm" / "libkill_after.so"
    assert library.exists(), f"{library} is not built"
    words = {name.upper(): str(value) for name, value in environment.items()}
    return {**os.environ, "LD_PRELOAD": str(library), **words}
