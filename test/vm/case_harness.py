# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself, with a mesh made by hand (ip and batctl): what the other cases stand on."""

from frames import ETH_P_8021AD, ETH_P_BATMAN
from lab import BROADCAST, Namespace, wait_for
from snapshot import late_addresses

VID = 29


def join(node, *links, protocol="802.1Q"):
    """What meshd does, in its simplest form: bat0 over a VLAN on each link, bridged with lan0."""
    node.ip(
        "link add bat0 type batadv",
        "link add br-lan type bridge",
        "link set br-lan up",
    )
    node.batctl("orig_interval", 200)
    # It keeps broadcasts back for the first 30 s.
    node.batctl("bridge_loop_avoidance", 0)
    for link in links:
        vlan = f"{link}.{VID}"
        node.ip(
            f"link add link {link} name {vlan} type vlan id {VID} protocol {protocol}",
            f"link set {vlan} up master bat0",
        )
    node.ip("link set bat0 up master br-lan", "link set lan0 up master br-lan")


def case_line(lab):
    """Four nodes in a line, by hand: each sees three originators; their clients talk."""
    nodes = lab.line("n1", "n2", "n3", "n4")
    clients = [lab.client(node, f"c{node.number}") for node in nodes]
    for node in nodes:
        join(node, *[link for link in ("mesh0", "mesh1") if link in node.links()])
    lab.wait_mesh(nodes)
    for number, client in enumerate(clients, 1):
        client.configure(f"10.13.200.{number}/16", f"fd00::{number}/64")
    with nodes[1].capture("mesh1") as wire:
        clients[0].reaches("10.13.200.4")
        clients[0].reaches("fd00::4")
    carried = wire.matching(lambda f: f.inner and f.inner.ip_dst == "10.13.200.4")
    assert carried, "no ping in a batman-adv packet on the wire"
    assert all(f.vid == VID and f.ethertype == ETH_P_BATMAN for f in carried), carried[:3]
    assert any(f.inner.icmp_type == 8 for f in carried), carried[:3]


def case_capture(lab):
    """A capture sees tags of both VLAN protocols, both directions, ARP and ND."""
    a, b = lab.line("a", "b")
    lines = [
        "link add link {0} name v5 type vlan id 5",
        "link add link {0} name v6 type vlan id 6 protocol 802.1ad",
        "link set v5 up",
        "link set v6 up",
        "addr add 10.1.0.{1}/24 dev v5",
        "addr add fd01::{1}/64 dev v6 nodad",
    ]
    a.ip(*[line.format("mesh1", 1) for line in lines])
    b.ip(*[line.format("mesh0", 2) for line in lines])
    with a.capture("mesh1") as sent, b.capture("mesh0") as got:
        a.reaches("10.1.0.2")
        a.reaches("fd01::2")
    assert sent.lost == 0 and got.lost == 0
    asked = [f for f in got if f.arp_op == 1 and f.arp_target == "10.1.0.2"]
    assert asked and asked[0].vid == 5 and asked[0].dst == BROADCAST, asked
    assert [f for f in sent if f.outgoing and f.icmp_type == 8 and f.vid == 5]
    assert [f for f in sent if not f.outgoing and f.icmp_type == 0]
    solicited = [f for f in got if f.nd_target == "fd01::2" and f.vlans == [(ETH_P_8021AD, 6)]]
    assert solicited, list(got)


def case_pinger(lab):
    """The pinger counts what is lost, and only that."""
    a, b = lab.line("a", "b")
    a.ip("addr add 10.1.0.1/24 dev mesh1")
    b.ip("addr add 10.1.0.2/24 dev mesh0")
    a.reaches("10.1.0.2")
    with a.pinger("10.1.0.2", rate=100) as ping:
        wait_for(lambda: ping.sent >= 200, 10, "200 pings")
    assert ping.lost == 0 and ping.duplicates == 0, ping
    with a.pinger("10.1.0.2", rate=100, grace=0.5) as ping:
        wait_for(lambda: ping.received >= 50, 10, "50 answers")
        b.sysctl("net/ipv4/icmp_echo_ignore_all", 1)
        sent = ping.sent
        wait_for(lambda: ping.sent >= sent + 50, 10, "50 more pings")
        b.sysctl("net/ipv4/icmp_echo_ignore_all", 0)
        answered = ping.received
        wait_for(lambda: ping.received >= answered + 50, 10, "answers again")
    assert 40 <= ping.lost <= 70, ping
    assert ping.longest_gap > 0.3, ping
    b.sysctl("net/ipv4/icmp_echo_ignore_all", 1)
    with a.pinger("10.1.0.2", rate=100, grace=0.5) as ping:
        wait_for(lambda: ping.sent >= 50, 10, "50 pings")
        b.sysctl("net/ipv4/icmp_echo_ignore_all", 0)
        wait_for(lambda: ping.received >= 50, 10, "50 answers")
    # A path that is dead at the start is a gap as well.
    assert ping.lost >= 40 and ping.longest_gap > 0.3, ping


def case_snapshot(lab):
    """Snapshots are equal when nothing happens and name what did."""
    a, b = lab.line("a", "b")
    a.ip("link add br0 type bridge", "link set br0 up", "addr add 10.9.0.1/24 dev br0")
    a.wait_addresses()
    before = a.snapshot()
    assert before.differences(a.snapshot()) == [], before.differences(a.snapshot())
    assert before.addresses("br0") >= {"10.9.0.1/24"}
    a.ip("link set br0 mtu 1400", "rule add from 10.9.0.1 lookup 170", "link del mesh1")
    wait_for(lambda: "mesh0" not in b.links(), 5, "the other end to go")
    after = before.differences(a.snapshot())
    text = "\n".join(after)
    assert "br0.mtu: 1500 -> 1400" in text and "rules +" in text and "mesh1" in text, text
    a.run("nft", "add table bridge foreign")
    assert "nft differs" in before.differences(a.snapshot(), links=[]), "table not seen"


def case_addresses(lab):
    """Link-local addresses that are still to come, or not yet known to be unique, are waited for."""
    a, _ = lab.line("a", "b")
    again = ("link set dev mesh1 down", "link set dev mesh1 up")
    a.sysctl("net/ipv6/conf/mesh1/dad_transmits", 100)
    a.ip(*again)
    wait_for(lambda: "is tentative" in str(late_addresses(a)), 10, "the search for duplicates")
    a.sysctl("net/ipv6/conf/mesh1/dad_transmits", 1)
    a.ip(*again)
    a.wait_addresses()
    a.ip("addr flush dev mesh1 scope link")
    assert late_addresses(a) == ["mesh1 has no link-local address"], late_addresses(a)
    a.ip("link set dev mesh1 addrgenmode none")
    assert late_addresses(a) == [], late_addresses(a)


def case_teardown(lab):
    """A namespace with running commands and held names goes completely."""
    place = Namespace("gone")
    child = place.start("sleep", "1000")
    place.start("sleep", "1000", sysfs=True)
    wait_for(lambda: len(place.processes()) == 2, 5, "two processes inside")
    place.close()
    assert child.poll() is not None and not place.path.exists()
    assert lab.nodes == {}
