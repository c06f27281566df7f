# SPDX-License-Identifier: GPL-2.0-or-later
"""A mesh in one machine: nodes are network namespaces, mesh links are veth pairs.

Used by the cases (case_*.py), the demo and the benchmarks, inside the VM or on any machine whose
kernel has batman-adv and 8021q. A case looks like this:

    from lab import wait_for

    def case_two_nodes(lab):
        a, b = lab.node("a"), lab.node("b")
        lab.link(a, "mesh0", b, "mesh0")
        client = lab.client(a, "c")                  # a namespace behind a's port lan0
        lab.bring_up({a: basic_config(), b: basic_config()})     # starts meshd and waits
        lab.wait_mesh([a, b])
        client.configure("10.13.200.1/16", gateway="10.13.0.1")
        client.reaches(b.node_ipv4())

What to know:
 - Wait on conditions (wait_for), never with bare sleeps; limits stretch with LAB_TIME_FACTOR.
 - Under emulation a fork and exec costs about 70 ms: prefer node.ip("line", "line"), sockets
   (captures, pings, meshd.call) and node.snapshot() over many small commands.
 - batman-adv's bridge loop avoidance keeps broadcasts (so ARP, so pings) back for up to 30 s after
   bat0 was made: wait 45 s, or configure "bridge_loop_avoidance": false where it is not the point.
 - A hardif that was deleted and came back is shunned by its neighbours for up to 30 s (its sequence
   numbers start anew; 16 to 21 s were seen), however fast meshd was: wait_mesh() and reaches() with
   60 s, and do not count pings before.
 - Write `link set dev NAME`: ip takes a bare "a" or "ad" for the word "address".
 - raise Skip("why") skips a case; LabError, AssertionError or any other exception fails it.
 - The lab is closed for the case, also after a failure: daemons, captures, namespaces all go.
 - /run/netns/lab-NAME lets a person look inside: ip netns exec lab-a batctl o

The parts: netns.py (Namespace, wait_for), daemon.py (Meshd), frames.py (Capture, Frame),
pinger.py (Pinger), snapshot.py (Snapshot). Everything a case needs is named here. Beside the lab:
children.py, dhcp.py, internet.py (providers and their faults), asker.py, gateways.py.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

from daemon import Meshd, RpcError
from frames import BROADCAST, Capture, Frame, Sniffer
from netns import LabError, Namespace, wait_for
from pinger import Pinger
from snapshot import Snapshot, late_addresses

__all__ = [
    "BROADCAST", "CHILDLESS", "Capture", "Client", "Frame", "Lab", "LabError", "Meshd",
    "Namespace", "Node", "Pinger", "RpcError", "Skip", "Snapshot", "basic_config", "limit",
    "wait_for",
]  # fmt: skip

TREE = pathlib.Path(__file__).resolve().parents[2]
MODULES = ("batman-adv", "8021q", "ip6_tunnel")


class Skip(Exception):
    """Raised by a case that cannot run here; its text says what is missing."""


def limit(seconds):
    """Decorator of a case that needs more (or should get less) than the usual time."""

    def set_limit(case):
        case.limit = seconds
        return case

    return set_limit


class Place(Namespace):
    """What nodes and clients have in common."""

    def __init__(self, lab, name):
        super().__init__(name)
        self.lab = lab

    def capture(self, link, keep=None):
        """Starts a Capture of a link; it ends with the lab, or with a with block."""
        capture = Capture(self, link, keep)
        self.lab.sniffer.add(capture)
        return capture

    def pinger(self, address, **options):
        """A Pinger from here, see there."""
        return Pinger(self, address, **options)

    def reaches(self, address, count=3, timeout=20):
        """Waits until an address answers `count` pings in a row, sent 5 a second."""

        def answered():
            with self.pinger(address, rate=5, grace=1) as ping:
                wait_for(lambda: ping.sent >= count, 5, "pings")
            return ping.lost == 0 or _refuse(ping)

        return wait_for(answered, timeout, f"{self} to reach {address}")

    def wait_addresses(self, timeout=20):
        """Waits until the kernel has done what it does by itself, up to seconds late: every link
        that is up has its link-local address, and no address is tentative. Before a snapshot."""

        def settled():
            late = late_addresses(self)
            return not late or _refuse("; ".join(late))

        return wait_for(settled, timeout, f"addresses of {self} to settle")

    def snapshot(self):
        """The namespace's links, addresses, routes, rules and nft tables, to compare.
        wait_addresses() comes before the first of those that shall be equal."""
        return Snapshot(self)

    def mac(self, link):
        return self.json("ip", "-j", "link", "show", "dev", link)[0]["address"]


def _refuse(text):
    raise LabError(str(text))


class Node(Place):
    """A mesh node. Its links are made by lab.link(), its clients by lab.client(); node.meshd is its
    (not yet started) daemon."""

    def __init__(self, lab, name, number):
        super().__init__(lab, name)
        self.number = number
        self.link_count = 0
        self.meshd = Meshd(self, lab.directory / name, lab.tree, lab.build)

    def next_mac(self):
        """0a:00:00:01:<node>:<link>, so that everything derived from it differs between nodes."""
        self.link_count += 1
        return f"0a:00:00:01:{self.number:02x}:{self.link_count:02x}"

    def batctl(self, *words, mesh="bat0"):
        return self.run("batctl", "meshif", mesh, *words)

    def batctl_json(self, table, mesh="bat0"):
        """A batctl JSON table: oj, nj, tgj, tlj, mj (mesh), hj (hardifs), ..."""
        return self.json("batctl", "meshif", mesh, table)

    def node_ipv4(self):
        """The node's own IPv4 address, as its status has it."""
        return self.meshd.status()["node"]["ipv4"].split("/")[0]

    def mesh_address(self, mesh="bat0"):
        """By which the others know this node: the MAC of its first hardif."""
        return self.batctl_json("mj", mesh)["hard_address"]

    def originators(self, mesh="bat0"):
        """Addresses that batman-adv knows, as a set: one of each node, and those of the
        neighbours' other hardifs. To count nodes use sees()."""
        return {entry["orig_address"] for entry in self.batctl_json("oj", mesh)}

    def sees(self, nodes, mesh="bat0"):
        """Those of `nodes` that this node's batman-adv has as originators, as a set of names."""
        known = self.originators(mesh)
        return {node.name for node in nodes if node.mesh_address(mesh) in known}


class Client(Place):
    """A machine behind a node's LAN port: its link is eth0."""

    def __init__(self, lab, name, node, port):
        super().__init__(lab, name)
        self.node, self.port = node, port

    def configure(self, *addresses, gateway=None):
        """Gives eth0 addresses ("10.13.200.1/16") and default routes (an address or several)."""
        lines = [f"addr add {address} dev eth0{_nodad(address)}" for address in addresses]
        gateways = [gateway] if isinstance(gateway, str) else gateway or []
        lines += [f"route add default via {address} dev eth0" for address in gateways]
        self.ip("link set eth0 up", *lines)

    def neighbour(self, address):
        """The MAC this client has for an address, or None."""
        for entry in self.json("ip", "-j", "neigh", "show", "to", address):
            return entry.get("lladdr")
        return None


# The VLANs of the layer-3 protocols are made, but no program is started.
CHILDLESS = {
    "bmx7": {"supervise": False},
    "babeld": {"supervise": False},
    "alfred": {"enabled": False},
    "dhcp": {"enabled": False},
}


def basic_config(ssid="LibreMesh.org", fast=True, children=False, **sections):
    """A configuration for the names that Lab gives: links mesh*, ports lan*.

    fast: batman-adv speaks five times a second and does not keep broadcasts back after its start.
    children: meshd starts babeld, alfred and dnsmasq, as the profile says; else none of them.
    More sections are merged in: basic_config("x", cloud={"vlan": 0}); so one program alone is
    started with basic_config(dhcp={"enabled": True}).
    """
    config = {
        "cloud": {"ssid": ssid},
        "links": {"mesh*": {}},
        "lan": {"ports": ["lan*"]},
        "batadv": {"orig_interval": 200, "bridge_loop_avoidance": False} if fast else {},
        **({} if children else CHILDLESS),
    }
    for name, members in sections.items():
        config[name] = {**config.get(name, {}), **members}
    return config


def _nodad(address):
    return " nodad" if ":" in address else ""


class Lab:
    """Nodes, links and clients; close() (or a with block) leaves nothing of them.

    tree and build: the sources and where meshd and meshctl were built; by default this tree and
    MESHD_BUILD_DIR (else build in the tree).
    """

    def __init__(self, tree=TREE, build=None):
        self.tree = pathlib.Path(tree)
        build = build or os.environ.get("MESHD_BUILD_DIR") or "build"
        self.build = self.tree / build
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="lab-", dir="/tmp"))
        self.directory.chmod(0o755)  # dnsmasq reads below it as a user of its own
        self.nodes, self.clients = {}, {}
        self.sniffer = Sniffer()
        self.on_close = []  # functions that end what else runs in the lab
        load_modules()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def node(self, name):
        node = Node(self, name, len(self.nodes) + 1)
        self.nodes[name] = node
        return node

    def link(self, a, a_name, b, b_name, a_mac=None, b_mac=None, mtu=1500, up=True):
        """A wire between two nodes: a veth pair with one end in each. May be called again with the
        same names after the link was deleted (pass the same MACs then)."""
        a_mac, b_mac = a_mac or a.next_mac(), b_mac or b.next_mac()
        a.ip(
            f"link add {a_name} address {a_mac} mtu {mtu} type veth "
            f"peer name {b_name} address {b_mac} mtu {mtu} netns {b.path.name}",
            *([f"link set dev {a_name} up"] if up else []),
        )
        if up:
            b.ip(f"link set dev {b_name} up")
        return a_mac, b_mac

    def line(self, *names, link="mesh{}"):
        """Nodes in a line: each node's link to the one before is mesh0, to the next mesh1."""
        nodes = [self.node(name) for name in names]
        for left, right in zip(nodes, nodes[1:]):
            self.link(left, link.format(1), right, link.format(0))
        return nodes

    def segment(self, name, *nodes, link="mesh0", mtu=1536):
        """All nodes on one wire, as radios on one channel: a namespace with a bridge, and a link of
        this name from each node to it. Returns the namespace (its ports have the nodes' names)."""
        air = Place(self, name)
        self.clients[name] = air
        air.ip("link add air type bridge mcast_snooping 0", f"link set air up mtu {mtu}")
        for node in nodes:
            node.ip(
                f"link add {link} address {node.next_mac()} mtu {mtu} type veth "
                f"peer name {node.name} mtu {mtu} netns {air.path.name}",
                f"link set dev {link} up",
            )
            air.ip(f"link set dev {node.name} up master air")
        return air

    def bring_up(self, configs, timeout=60):
        """Starts meshd on nodes ({node: configuration}) and waits until all have converged."""
        for node, config in configs.items():
            node.meshd.configure(config)
            node.meshd.start(wait=False)
        return {node: node.meshd.wait_converged(timeout) for node in configs}

    def wait_mesh(self, nodes, timeout=60):
        """Waits until each of the nodes has all the others as originators."""
        addresses = {node.name: wait_for(node.mesh_address, timeout, f"{node}'s hardif")
                     for node in nodes}
        for node in nodes:
            wanted = {addresses[other.name] for other in nodes if other is not node}
            wait_for(lambda node=node, wanted=wanted: wanted <= node.originators(), timeout,
                     f"{node} to see {len(wanted)} others")

    def client(self, node, name, port="lan0", mac=None):
        """A client behind a new port of a node (the daemon or the case puts it into the bridge)."""
        client = Client(self, name, node, port)
        self.clients[name] = client
        number = len(self.clients)
        mac = mac or f"0c:00:00:00:{node.number:02x}:{number:02x}"
        client.ip(
            f"link add eth0 address {mac} type veth peer name {port} "
            f"address 0a:00:00:02:{node.number:02x}:{number:02x} netns {node.path.name}",
            "link set eth0 up",
        )
        node.ip(f"link set dev {port} up")
        return client

    def keep_logs(self, directory):
        """Copies the daemons' logs and configurations to where they outlive the lab."""
        for name in self.nodes:
            if (self.directory / name).is_dir():
                target = pathlib.Path(directory) / name
                ignore = shutil.ignore_patterns("*.sock", "sock", "*.lock", "*.out")
                shutil.copytree(self.directory / name, target, ignore=ignore, dirs_exist_ok=True)

    def close(self):
        for function in self.on_close:
            function()
        self.on_close.clear()
        self.sniffer.close()
        for place in [*self.clients.values(), *self.nodes.values()]:
            place.close()
        self.nodes, self.clients = {}, {}
        shutil.rmtree(self.directory, ignore_errors=True)


def load_modules():
    """Asks for the modules; whether they are there is able()'s to say."""
    for module in MODULES:
        if not pathlib.Path("/sys/module", module.replace("-", "_")).is_dir():
            subprocess.run(["modprobe", "-q", module], check=False, capture_output=True)


def able():
    """Whether this kernel can run a lab: root, and both kinds of link can be made. Tried, not
    guessed, in a namespace of its own."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    load_modules()
    try:
        scratch = Namespace("able")
    except OSError:
        return False
    try:
        scratch.ip(
            "link add bat0 type batadv",
            "link add able0 type veth peer name able1",
            "link add link able0 name able0.29 type vlan id 29",
        )
        return True
    except LabError:
        return False
    finally:
        scratch.close()
