# SPDX-License-Identifier: GPL-2.0-or-later
"""Six nodes, two clouds, three gateways: the set-up of the gateway cases, and what is asked of it.

The nodes are a ring, a1 - a2 - a3 - b3 - b2 - b1 - a1; a1 to a3 are cloud A, b1 to b3 cloud B.

    b1   isp1, 100 Mbit/s: the best; one hop from b2, two from a2, in the other cloud
    a3   isp2, 50 Mbit/s: one hop from a2, two from b2
    b3   isp3, 20 Mbit/s, which drops ICMP echo requests; one hop from b2, two from a2

Clients are behind a2 (c-a2) and b2 (c-b2). Packets from the Internet to c-a2 enter its cloud at a1
when they come from b1, though a2 sent the question: layer 2 carries them to it.
"""

import ipaddress
import time

from asker import Asker
from children import full_config, has_bmx7, wait_children
from internet import HOST, HOSTS, Internet
from lab import Node, LabError, wait_for

CLOUD_B = "quintana-libre.org.ar"
RING = ("a1", "a2", "a3", "b3", "b2", "b1")
RATES = {"b1": 100, "a3": 50, "b3": 20}  # Mbit/s
CLIENT_NUMBER = 200  # last but one byte of the clients' IPv4 addresses
TABLES = {"internet": 171, "babeld": 172, "warm": 173, "uplinks": 174, "offers": 175}
RULES = (1000, 1001, 1002, 1003, 1004, 1010, 1012, 1013)

# The kernel writes its jumps anew when the first netdev chain comes and when the last one goes, and
# under emulation a processor that is just there may never leave it: so two of them stay all the time,
# and those of power_off() are not the first.
HOOKS = """table netdev hold {
	chain ingress { type filter hook ingress device "lo" priority 0; }
	chain egress { type filter hook egress device "lo" priority 0; }
}
"""

# Everything is at this lab's Internet; how often, how long and how many is meshd's own default.
PROBES = {
    "ping": [*HOSTS[4][:2], *HOSTS[6][:2]],
    "tcp": [f"{HOSTS[4][2]}:443", f"[{HOSTS[6][2]}]:443"],
    "dns": [*HOSTS[4][:2], *HOSTS[6][:2]],
    "http": ["http://host13.example.net/204"],
    "dns_name": "host14.example.net",
}
# Faults follow each other in seconds here, in life in days: penalties are forgotten quickly, and
# traffic returns soon. Cases about damping set their own.
CALM = {"flap_half_life": 5, "interval_down": 3000}
SWIFT = {"hold_down": 3, "return_after": 5}


def gateway_config(node=None, protocol="babeld", **sections):
    """A node's configuration; a gateway's has its uplink. Sections are merged in; probes and gateway
    member by member."""
    name = getattr(node, "name", node)
    config = {
        "node": {"hostname": name},
        "alfred": {"enabled": False},
        "dhcp": {"enabled": False},
        # A wire's cost is known at once; that of a radio link settles in a minute.
        "babeld": {"enabled": protocol == "babeld", "link_type": "wired"},
        "bmx7": {"enabled": protocol == "bmx7"},
        "probes": {**PROBES, **CALM},
        "gateway": dict(SWIFT),
    }
    if name in RATES:
        config["uplinks"] = {"wan*": {"down": f"{RATES[name]}Mbit", "up": f"{RATES[name]}Mbit"}}
    for section, members in sections.items():
        config[section] = {**config.get(section, {}), **members}
    if name and name.startswith("b"):
        config["ssid"] = CLOUD_B
    return full_config(**config)


class Ring:
    """The lab of six, up and running.

        ring = Ring(lab, protocol="babeld", sections={"b3": {"gateway": {...}}})
        ring.isp1, ring.isps; ring["a2"]; ring.clients["a2"]

    sections: by the node's name, or "all": sections of its configuration. names: the nodes of the
    ring, in a smaller lab. gateways: those that get an uplink.
    """

    def __init__(self, lab, protocol="babeld", names=RING, gateways=("b1", "a3", "b3"),
                 sections=None, families=(4, 6), clients=("a2", "b2")):
        self.lab, self.protocol, self.families = lab, protocol, families
        self.sections = sections or {}
        self.nodes = {name: lab.node(name) for name in names}
        self.wires = []
        for left, right in zip(names, [*names[1:], names[0]]):
            self._wire(left, "mesh1", right, "mesh0")
        self.internet = Internet(lab)
        self.isps = {name: self.internet.provider(self.nodes[name], ipv4=4 in families,
                                                  ipv6=6 in families) for name in gateways}
        if "b3" in self.isps:
            self.isps["b3"].fail(icmp=True)
        next(iter(self.isps.values())).run("nft", "-f", "-", stdin=HOOKS)
        start = time.monotonic()
        self.configs = {node: self.config(name) for name, node in self.nodes.items()}
        self.clients = {name: lab.client(self.nodes[name], f"c-{name}") for name in clients}
        lab.bring_up(self.configs, timeout=90)
        wait_children(list(self.nodes.values()), (protocol,), 90)
        for name, client in self.clients.items():
            self.configure_client(self.nodes[name], client)
        self.seconds = time.monotonic() - start

    def __getitem__(self, name):
        return self.nodes[name]

    def config(self, name):
        sections = {**self.sections.get("all", {})}
        for section, members in self.sections.get(name, {}).items():
            sections[section] = {**sections.get(section, {}), **members}
        return gateway_config(self.nodes[name], self.protocol, **sections)

    def _wire(self, left, left_link, right, right_link, macs=()):
        ends = (self.nodes[left], left_link, self.nodes[right], right_link)
        self.wires.append((left, left_link, right, right_link, self.lab.link(*ends, *macs)))

    def configure_client(self, node, client):
        """Addresses as a cloud gives them, without waiting for DHCP."""
        cloud = node.meshd.status()["cloud"]
        networks = {4: cloud["subnet_ipv4"], 6: cloud["subnet_ipv6"]}
        addresses, gateways = [], []
        for family in self.families:
            network = ipaddress.ip_network(networks[family])
            number = (CLIENT_NUMBER << 8) + node.number
            addresses.append(f"{network[number]}/{network.prefixlen}")
            gateways.append(str(network[1]))
        client.configure(*addresses, gateway=gateways)

    def wait_ready(self, timeout=90, family="ipv4", best="b1"):
        """Waits until every node has the best gateway, the clients are answered through it, and the
        lesser gateways are known as usable everywhere."""
        for name, node in self.nodes.items():
            # A gateway goes by its own uplink.
            wait_way(node, self.nodes[name if name in self.isps else best], family, timeout,
                     proven=True)
        for name, client in self.clients.items():
            with Asker(client, HOST[4 if family == "ipv4" else 6]) as asker:
                asker.wait_provider(self.isps[name if name in self.isps else best], timeout)
            wait_usable(self.nodes[name], [self.nodes[n] for n in self.isps], family, timeout)

    def reboot(self, name):
        """The node's power goes and comes back: processes, namespace and run directory are new,
        state and configuration are not. Nodes with a client or a provider are not for this."""
        old = self.nodes[name]
        files = {path: path.read_text() for path in sorted(old.meshd.config.rglob("*.json"))}
        wires = [wire for wire in self.wires if name in (wire[0], wire[2])]
        old.close()
        for left, left_link, right, right_link, _ in wires:
            other, link = (right, right_link) if left == name else (left, left_link)
            wait_for(lambda o=other, l=link: l not in self.nodes[o].links(), 20, "links to end")
        for path in sorted(old.meshd.directory.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        node = Node(self.lab, name, old.number)
        self.nodes[name] = self.lab.nodes[name] = node
        assert all(path.read_text() == text for path, text in files.items())
        for wire in wires:
            self.wires.remove(wire)
            self._wire(*wire)
        node.meshd.start()
        return node


def ask(node):
    """The method "gateway" of a node."""
    return node.meshd.call("gateway")


def family_of(node, family="ipv4"):
    return ask(node)["families"][family]


def uplink_of(node, family="ipv4", link="wan0"):
    for uplink in ask(node)["uplinks"]:
        if (uplink["link"], uplink["family"]) == (link, family):
            return uplink
    raise LabError(f"{node}: no uplink {link} of {family}")


def word_for(ring, name):
    """What a user calls a gateway: bmx7 tells names, Babel MACs."""
    return name if ring.protocol == "bmx7" else node_id(ring[name])


def node_id(node):
    return node.meshd.status()["node"]["mac"].lower()


def is_node(key, node):
    """Does a way ({"kind","id","name"}) lead to this node?"""
    if not key:
        return False
    if key["kind"] == "uplink":
        return False
    return key["name"] == node.name or key["id"].lower() == node_id(node)


def is_way(from_node, key, to_node):
    if from_node is to_node:
        return bool(key) and key["kind"] == "uplink"
    return is_node(key, to_node)


def wait_way(node, to_node, family="ipv4", timeout=60, proven=False):
    """Waits until a node's way is the uplink of to_node (None: until it has none), the kernel agrees
    and, when asked for, probes have found it well; returns the seconds it took."""
    start = time.monotonic()

    def there():
        found = family_of(node, family)
        key = found["in_use"]
        if (key is not None) if to_node is None else not is_way(node, key, to_node):
            raise LabError(f"in use is {key}: {found['explanation']}")
        if not found["kernel"]["agrees"]:
            raise LabError(f"the kernel has {found['kernel']}")
        used = [c["health"] for c in found["candidates"] if c["in_use"]]
        if proven and not all(path and path["health"] == "up" for path in used):
            raise LabError(f"what is in use is {used}")
        return True

    wait_for(there, timeout, f"{node} to use {to_node or 'nothing'} ({family})", 0.05)
    return time.monotonic() - start


def wait_usable(node, gateways, family="ipv4", timeout=60):
    """Waits until a node has all these gateways as usable candidates."""

    def there():
        candidates = family_of(node, family)["candidates"]
        for gateway in gateways:
            usable = [c for c in candidates if is_way(node, c, gateway) and c["usable"]]
            if not usable:
                found = [(c["kind"], c["id"], c["usable"], c["why_not"]) for c in candidates]
                raise LabError(f"{gateway} is not among the usable: {found}")
        return True

    wait_for(there, timeout, f"{node} to have {gateways} as candidates ({family})")


def candidate_of(node, gateway, family="ipv4"):
    """The candidate that leads to a gateway; of several (tunnel and hop) the one first in order."""
    for candidate in family_of(node, family)["candidates"]:
        if is_way(node, candidate, gateway):
            return candidate
    raise LabError(f"{node}: {gateway} is no candidate")


def wait_uplink(node, condition, what, family="ipv4", timeout=60):
    """Waits until condition(uplink) and returns the seconds it took."""
    start = time.monotonic()

    def met():
        uplink = uplink_of(node, family)
        if not condition(uplink):
            raise LabError(f"uplink is {uplink}")
        return True

    wait_for(met, timeout, f"{node}'s uplink {what}", 0.05)
    return time.monotonic() - start


def health(uplink):
    return uplink["path"]["health"] if uplink["path"] else None


def is_good(uplink):
    return health(uplink) == "up" and not uplink["path"]["suppressed"]


def route_to(node, address):
    """The kernel's own answer: (device, gateway, table or None)."""
    found = node.json("ip", "-j", "route", "get", address)[0]
    return found.get("dev"), found.get("gateway")


def changes(node, family="ipv4"):
    return family_of(node, family)["changes"]


def choose(node, **params):
    return node.meshd.call("gateway.choose", params)


def power_off(node):
    """All of a node stops at once, and no link tells: nothing comes out of it any more, nothing goes
    in. Returns when."""
    rules = []
    for link in sorted(name for name in node.links() if name.startswith(("mesh", "wan", "lan"))
                       and "." not in name):
        for hook in ("ingress", "egress"):
            rules.append(f'chain {hook}_{link} {{ type filter hook {hook} device "{link}" '
                         "priority -500; policy drop; }")
    node.run("nft", "-f", "-", stdin="table netdev dead {\n" + "\n".join(rules) + "\n}\n")
    fault = time.monotonic()
    kill_all(node)
    return fault


def power_on(node):
    node.run("nft", "delete", "table", "netdev", "dead")
    node.meshd.start()


def kill_all(node):
    """meshd and its children, with KILL, before one of them can say good-bye."""
    children = [child["pid"] for child in node.meshd.call("children")["children"] if child["pid"]]
    node.meshd.kill()
    for pid in children:
        node.run("kill", "-9", str(pid), check=False)
    return time.monotonic()


def protocols():
    return ("babeld", "bmx7") if has_bmx7() else ("babeld",)
