# SPDX-License-Identifier: GPL-2.0-or-later
"""Drift: one thing is changed behind meshd's back. It heals that, and touches nothing else."""

import os
import re
import signal
import time
from dataclasses import dataclass, field

from lab import LabError, basic_config, limit, wait_for
from netns import TIME_FACTOR
from reader import Reader
from watch import Watch

SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/forwarding",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/conf/default/rp_filter",
    "net/ipv4/conf/all/promote_secondaries",
    "net/ipv4/conf/br-lan/rp_filter",
    "net/ipv4/conf/br-lan/arp_ignore",
    "net/ipv6/conf/br-lan/accept_ra",
    "net/ipv4/conf/anygw/rp_filter",
    "net/ipv4/conf/anygw/arp_ignore",
    "net/ipv6/conf/anygw/accept_dad",
    "net/ipv6/conf/anygw/accept_ra",
    "net/ipv6/conf/anygw/addr_gen_mode",
)
# One object may be healed so often before meshd takes it for a war.
TRUCE_AFTER = 3
HEAL_SECONDS = 20
PORT_NUMBER = re.compile(r"info_slave_data\.(id|no|designated_port)|tso_max_size")


@dataclass
class Drift:
    """how(reader) does it. remade: links that get a new number; hurt: links that may go down for a
    moment besides those; nft: the table "bridge meshd" is what was changed."""

    name: str
    how: object
    remade: set = field(default_factory=set)
    hurt: set = field(default_factory=set)
    nft: bool = False
    flush: bool = False  # all tables go, the foreign one too


def ip(*lines):
    return lambda reader: reader.change(*lines)


def six(line):
    return lambda reader: reader.change(line, family=6)


def nft(line):
    return lambda reader: reader.nft.run(line)


def batctl(*words):
    return lambda reader: reader.node.batctl(*words)


def hardif(*words):
    return lambda reader: reader.node.run("batctl", "hardif", *words)


def sysctl(name, value):
    return lambda reader: reader.node.sysctl(name, value)


def own_table(reader):
    return reader.nft.run("list table bridge meshd", handles=True)


def delete_nft_rule(reader):
    """The third rule of the last chain."""
    text = own_table(reader)
    chain = re.findall(r"chain (\S+) {", text)[-1]
    handle = re.findall(r"comment .* # handle (\d+)", text.split(f"chain {chain} ")[1])[2]
    reader.nft.run(f"delete rule bridge meshd {chain} handle {handle}")


def add_nft_rule(reader):
    chain = re.findall(r"chain (\S+) {", own_table(reader))[0]
    reader.nft.run(f"add rule bridge meshd {chain} ether type 0x1234 drop")


def delete_nft_chain(reader):
    """The first chain: the last is jumped to, so the kernel keeps it."""
    chain = re.findall(r"chain (\S+) {", own_table(reader))[0]
    reader.nft.run(f"flush chain bridge meshd {chain}; delete chain bridge meshd {chain}")


BRIDGE_HURT = {"bat0", "lan0"}
DRIFTS = [
    Drift("hardif VLAN deleted", ip("link del mesh1.29"), remade={"mesh1.29"}),
    Drift("layer-3 VLAN deleted", ip("link del mesh2.17"), remade={"mesh2.17"}),
    Drift("hardif detached", ip("link set mesh2.29 nomaster")),
    Drift("bat0 deleted", ip("link del bat0"), remade={"bat0"}),
    Drift("hardif in a foreign bridge", ip("link set mesh1.29 master foreign1")),
    Drift("bridge port bat0 removed", ip("link set bat0 nomaster")),
    Drift("bridge port lan0 removed", ip("link set lan0 nomaster")),
    Drift("anygw deleted", ip("link del anygw"), remade={"anygw"}),
    Drift("bridge deleted", ip("link del br-lan"), remade={"br-lan", "anygw"}, hurt=BRIDGE_HURT),
    Drift("all hardifs deleted", ip("link del mesh1.29", "link del mesh2.29"),
          remade={"mesh1.29", "mesh2.29"}),
    Drift("IPv4 of br-lan removed", ip("addr del 10.13.1.1/16 dev br-lan")),
    Drift("IPv6 of br-lan removed", ip("addr del fd0d:fe46:8ce8::1:101/64 dev br-lan")),
    Drift("all addresses of br-lan removed", ip("addr flush dev br-lan scope global")),
    Drift("IPv4 of anygw removed", ip("addr del 10.13.0.1/16 dev anygw")),
    Drift("IPv6 of anygw removed", ip("addr del fd0d:fe46:8ce8::1/64 dev anygw")),
    Drift("link-local of anygw removed", ip("addr del fe80::a8aa:aaff:fe0d:feaa/64 dev anygw")),
    Drift("address of the layer-3 VLAN removed", ip("addr del 10.13.1.1/32 dev mesh1.17")),
    Drift("IPv4 of br-lan about to expire",
          ip("addr change 10.13.1.1/16 dev br-lan valid_lft 60 preferred_lft 60")),
    Drift("IPv6 of anygw deprecated",
          ip("addr change fd0d:fe46:8ce8::1/64 dev anygw nodad preferred_lft 0")),
    Drift("IPv4 rule removed", ip("rule del from 10.13.0.1 lookup 170")),
    Drift("IPv6 rule removed", six("rule del from fd0d:fe46:8ce8::1 lookup 170")),
    Drift("IPv4 route of table 170 removed", ip("route del 10.13.0.0/16 table 170")),
    Drift("IPv6 route of table 170 removed", six("route del fd0d:fe46:8ce8::/64 table 170")),
    Drift("IPv4 route of br-lan removed", ip("route del 10.13.0.0/16 dev br-lan")),
    Drift("IPv6 route of br-lan removed", six("route del fd0d:fe46:8ce8::/64 dev br-lan")),
    Drift("IPv4 route of anygw removed", ip("route del 10.13.0.0/16 dev anygw")),
    Drift("IPv6 route of anygw removed", six("route del fd0d:fe46:8ce8::/64 dev anygw table main")),
    Drift("link-local route of anygw removed", six("route del fe80::/64 dev anygw")),
    Drift("MTU of the hardif VLAN", ip("link set mesh1.29 mtu 1400")),
    Drift("MTU of the layer-3 VLAN", ip("link set mesh1.17 mtu 1400")),
    Drift("MTU of the link below", ip("link set mesh2 mtu 1500")),
    Drift("MTU of bat0", ip("link set bat0 mtu 1400")),
    Drift("MTU of br-lan", ip("link set br-lan mtu 1400")),
    Drift("MTU of anygw", ip("link set anygw mtu 1400")),
    Drift("MAC of the hardif VLAN", ip("link set mesh2.29 address 02:00:00:00:00:99")),
    Drift("MAC of the layer-3 VLAN", ip("link set mesh1.17 address 02:00:00:00:00:99")),
    Drift("MAC of bat0", ip("link set bat0 address 02:00:00:00:00:99")),
    Drift("MAC of br-lan", ip("link set br-lan address 02:00:00:00:00:99")),
    Drift("MAC of anygw", ip("link set anygw address 02:00:00:00:00:99")),
    Drift("orig_interval", batctl("orig_interval", 5000)),
    Drift("gw_mode", batctl("gw_mode", "server")),
    Drift("hop_penalty of the mesh", batctl("hop_penalty", 99)),
    Drift("fragmentation", batctl("fragmentation", 0)),
    Drift("ap_isolation", batctl("ap_isolation", 1)),
    Drift("bridge_loop_avoidance", batctl("bridge_loop_avoidance", 1)),
    Drift("hop_penalty of a hardif", hardif("mesh1.29", "hop_penalty", 99)),
    Drift("lower link down", ip("link set mesh1 down"),
          hurt={"mesh1", "mesh1.17", "mesh1.29", "mesh1.99"}),
    Drift("hardif VLAN down", ip("link set mesh2.29 down"), hurt={"mesh2.29"}),
    Drift("layer-3 VLAN down", ip("link set mesh2.17 down"), hurt={"mesh2.17"}),
    Drift("bat0 down", ip("link set bat0 down"), hurt={"bat0"}),
    Drift("br-lan down", ip("link set br-lan down"), hurt={"br-lan", "anygw"}),
    Drift("anygw down", ip("link set anygw down"), hurt={"anygw"}),
    Drift("lan0 down", ip("link set lan0 down"), hurt={"lan0"}),
    Drift("nft flush ruleset", nft("flush ruleset"), nft=True, flush=True),
    Drift("nft table deleted", nft("delete table bridge meshd"), nft=True),
    Drift("nft rule deleted", delete_nft_rule, nft=True),
    Drift("nft rule added", add_nft_rule, nft=True),
    Drift("nft chain deleted", delete_nft_chain, nft=True),
    Drift("IPv4 forwarding off", sysctl("net/ipv4/ip_forward", 0)),
    Drift("IPv6 forwarding off", sysctl("net/ipv6/conf/all/forwarding", 0)),
    Drift("rp_filter of all", sysctl("net/ipv4/conf/all/rp_filter", 1)),
    Drift("rp_filter of default", sysctl("net/ipv4/conf/default/rp_filter", 1)),
    Drift("promote_secondaries off", sysctl("net/ipv4/conf/all/promote_secondaries", 0)),
    Drift("rp_filter of br-lan", sysctl("net/ipv4/conf/br-lan/rp_filter", 1)),
    Drift("rp_filter of anygw", sysctl("net/ipv4/conf/anygw/rp_filter", 1)),
    Drift("arp_ignore of br-lan", sysctl("net/ipv4/conf/br-lan/arp_ignore", 0)),
    Drift("accept_ra of br-lan", sysctl("net/ipv6/conf/br-lan/accept_ra", 2)),
    Drift("arp_ignore of anygw", sysctl("net/ipv4/conf/anygw/arp_ignore", 0)),
    Drift("accept_dad of anygw", sysctl("net/ipv6/conf/anygw/accept_dad", 1)),
    Drift("accept_ra of anygw", sysctl("net/ipv6/conf/anygw/accept_ra", 2)),
    Drift("address mode of anygw by its file", sysctl("net/ipv6/conf/anygw/addr_gen_mode", 0)),
    Drift("alias of bat0 removed", ip('link set bat0 alias ""')),
    Drift("alias of a port removed", ip('link set lan0 alias ""')),
    Drift("alias of br-lan changed", ip("link set br-lan alias mine")),
    Drift("group of bat0", ip("link set bat0 group default")),
    Drift("group of the hardif VLAN", ip("link set mesh1.29 group 77")),
    Drift("address mode of the hardif VLAN", ip("link set mesh2.29 addrgenmode eui64")),
    Drift("multicast_router of bat0", ip("link set bat0 type bridge_slave mcast_router 1")),
    Drift("STP turned on", ip("link set br-lan type bridge stp_state 1")),
    Drift("multicast snooping off", ip("link set br-lan type bridge mcast_snooping 0")),
    Drift("multicast querier on", ip("link set br-lan type bridge mcast_querier 1")),
    Drift("macvlan mode of anygw", ip("link set anygw type macvlan mode bridge")),
    Drift("VLAN renamed", ip("link set mesh1.17 down", "link set mesh1.17 name mine",
                             "link set mine up"), remade={"mesh1.17"}),
]  # fmt: skip


def make_node(lab):
    """Node a with two links to its peer b, a LAN port and foreign things of every kind."""
    a, b = lab.line("a", "b")
    lab.link(a, "mesh2", b, "mesh2")
    lab.client(a, "c")
    a.ip(
        "link add foreign0 type dummy",
        "link set foreign0 up",
        "addr add 192.0.2.1/24 dev foreign0",
        "link add foreign1 address 02:00:00:00:00:77 type bridge",
        "link add foreign2 type veth peer name foreign3",
        "link set foreign2 up master foreign1",
        "link set foreign3 up",
        "link set foreign1 up",
        "link add link mesh1 name mesh1.99 type vlan id 99",
        "link set mesh1.99 up",
        "rule add from 192.0.2.1 lookup 99 priority 77",
        "route add 198.51.100.0/24 via 192.0.2.2 table 99",
        "route add 203.0.113.0/24 via 192.0.2.2",
    )
    a.run("nft", "-f", "-", stdin="""
        table bridge foreign {
            chain c { counter packets 5 bytes 500; }
        }
        table inet foreign {
            counter k { packets 7 bytes 700; }
        }
    """)
    links = {"mesh*": {"hop_penalty": 15}, "mesh1.99": {"protocols": []}}
    lab.bring_up({a: basic_config(links=links), b: basic_config()})
    lab.wait_mesh([a, b])
    reader = Reader(a, SYSCTLS)
    settle(a, reader)
    return a, b, reader


def settle(node, reader):
    """Waits until the kernel has given all addresses, and nothing moves any more."""

    def still():
        lines = reader.look().differences(reader.look())
        if lines:
            raise LabError("; ".join(lines)[:600])
        return True

    node.meshd.wait_converged()
    node.wait_addresses()
    wait_for(still, 20, "the node to settle")


class Run:
    """Drifts on one node, one after the other.

    meshd is not asked while it shall heal: a question that finds a difference wakes it. When it has
    acted, its log has grown; whether all is right then, the kernel tells.
    """

    def __init__(self, reader):
        self.node, self.reader = reader.node, reader
        self.first = self.last = reader.look()
        self.wrong, self.times = [], []
        self.since_reload = 0

    def make_peace(self):
        """A new configuration starts meshd's guard afresh: here one object drifts many times."""
        self.since_reload += 1
        if self.since_reload > TRUCE_AFTER:
            self.since_reload = 0
            self.node.meshd.reload()
            self.node.meshd.wait_converged()

    def wait_acted(self, size):
        """When meshd's log, once `size` long, grew for the last time before all was as before, and the
        view of that."""
        log, acted = self.node.meshd.log_path, None
        limit_at = time.monotonic() + HEAL_SECONDS * TIME_FACTOR
        lines = ["it does nothing"]
        while time.monotonic() < limit_at:
            if os.stat(log).st_size == size:
                time.sleep(0.002)
                continue
            while os.stat(log).st_size != size:
                acted, size = time.monotonic(), os.stat(log).st_size
                time.sleep(0.002)
            # Addresses that the kernel makes again are tentative for a second or two.
            while time.monotonic() < limit_at:
                view = self.reader.look()
                lines = self.first.differences(view)
                if not lines and not view.tentative:
                    return acted, view
                if os.stat(log).st_size != size:
                    break
        raise LabError("not as before: " + "; ".join(lines)[:600])

    def one(self, drift):
        """Does one drift while meshd runs."""
        self.make_peace()
        known = len(self.wrong)
        size = os.stat(self.node.meshd.log_path).st_size
        with Watch(self.node) as watch:
            done = time.monotonic()
            drift.how(self.reader)
            try:
                end, view = self.wait_acted(size)
            except LabError as error:
                self.wrong.append(f"{drift.name}: {error}")
                # So that the next one starts from a right node.
                self.node.meshd.reload()
                self.node.meshd.wait_converged()
                end, view = time.monotonic(), self.reader.look()
                self.first = view
            # rtnetlink tells when it happened; of what it does not tell, the start of the command.
            first = watch.first()
            began = first if first and first < end - 0.001 else done
        self.compare(drift, view)
        self.times.append((end - began, drift.name))
        if problems := self.node.meshd.status()["problems"]:
            self.wrong.append(f"{drift.name}: problems: {problems}")
        if hurt := watch.hurt() - drift.remade - drift.hurt - {"mine"}:
            self.wrong.append(f"{drift.name}: went away or down too: {sorted(hurt)}")
        print(f"    {drift.name:36} {(end - began) * 1000:6.0f} ms", flush=True)
        for line in self.wrong[known:]:
            print(f"      {line}")

    def compare(self, drift, view):
        """Nothing else has another number, handle or counter."""
        remade = {name for name, number in self.last.indexes.items()
                  if view.indexes.get(name) != number}
        if remade != drift.remade:
            self.wrong.append(f"{drift.name}: remade {sorted(remade)}, not {sorted(drift.remade)}")
        if not drift.nft and view.handles != self.last.handles:
            self.wrong.append(f"{drift.name}: table bridge meshd was replaced")
        if not drift.flush and view.foreign != self.last.foreign:
            self.wrong.append(f"{drift.name}: a foreign table was touched")
        self.last = view


def report(run):
    run.times.sort()
    times = [seconds for seconds, _ in run.times]
    print(f"    {len(times)} drifts; healed after {times[0] * 1000:.0f} ms at least, "
          f"{times[len(times) // 2] * 1000:.0f} ms in the middle, {times[-1] * 1000:.0f} ms at most "
          f"({run.times[-1][1]})")  # fmt: skip
    # A truce is shorter than what healing may take, so that it would not be noticed by that.
    if "keeps undoing" in run.node.meshd.log_path.read_text(encoding="utf-8"):
        run.wrong.append("meshd has taken a drift for a war")
    if run.wrong:
        raise LabError(f"{len(run.wrong)} drifts: {run.wrong[0]}\n" + "\n".join(run.wrong))


@limit(400)
def case_each(lab):
    """Every kind of drift, each alone: healed, and nothing else is touched."""
    a, b, reader = make_node(lab)
    run = Run(reader)
    for drift in DRIFTS:
        run.one(drift)
    lab.wait_mesh([a, b])
    report(run)


@limit(400)
def case_seen(lab):
    """The case above can fail: while meshd is stopped every drift is seen; it heals after."""
    a, _, reader = make_node(lab)
    run = Run(reader)
    for drift in DRIFTS:
        run.make_peace()
        size = os.stat(a.meshd.log_path).st_size
        a.meshd.process.send_signal(signal.SIGSTOP)
        try:
            drift.how(reader)
            view = reader.look()
        finally:
            a.meshd.process.send_signal(signal.SIGCONT)
        began = time.monotonic()
        if not run.first.differences(view):
            run.wrong.append(f"{drift.name}: not to be seen")
        try:
            run.times.append((run.wait_acted(size)[0] - began, drift.name))
        except LabError as error:
            run.wrong.append(f"{drift.name}: {error}")
            a.meshd.reload()
            a.meshd.wait_converged()
            run.first = reader.look()
    report(run)


@limit(120)
def case_all_at_once(lab):
    """Everything of meshd's goes at once, again and again: it is all back, without a restart."""
    a, b, reader = make_node(lab)
    before = reader.look()
    for _ in range(3):
        a.ip("link del br-lan", "link del bat0", *[f"link del {n}.{v}" for n in ("mesh1", "mesh2")
             for v in (17, 29)], "rule del from 10.13.0.1 lookup 170")  # fmt: skip
        a.run("nft", "delete", "table", "bridge", "meshd")
        a.meshd.wait_converged()

    def same():
        view = reader.look()
        # The ports came in another order.
        lines = [line for line in before.differences(view) if not PORT_NUMBER.search(line)]
        if lines or view.tentative:
            raise LabError("; ".join(lines)[:600])
        return True

    wait_for(same, 20, "all to be as before")
    lab.wait_mesh([a, b])
    assert a.meshd.status()["problems"] == []
