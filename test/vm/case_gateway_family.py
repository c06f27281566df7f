# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv4 and IPv6 are decided apart, and clients are told when there is no IPv6."""

import struct
import time

from asker import Asker
from case_gateway import ring_of
from dhcp import DhcpClient
from gateways import (
    Ring,
    ask,
    choose,
    family_of,
    is_way,
    uplink_of,
    wait_uplink,
    wait_way,
    word_for,
)
from internet import HOST
from lab import LabError, limit, wait_for

ROUTER_ADVERTISEMENT = 134
FOUR = ("a1", "a2", "a3", "b1")


def four(lab, **options):
    return ring_of(lab, "babeld", names=FOUR, gateways=("b1", "a3"), **{"clients": ("a2",), **options})


def no_way(node, family):
    found = ask(node)
    assert found["families"][family]["in_use"] is None, found["families"][family]
    assert not found["way_out"][family], found["way_out"]


@limit(240)
def case_only_ipv4(lab):
    """Uplinks without IPv6: IPv4 works, and IPv6 is said not to."""
    ring = four(lab, families=(4,))
    for node in ring.nodes.values():
        no_way(node, "ipv6")
        assert ask(node)["way_out"]["ipv4"]
    assert not ask(ring["b1"])["offer"]["ipv6"]["offered"]


@limit(240)
def case_only_ipv6(lab):
    """Uplinks without IPv4: the reverse. And a strict choice that dies is noticed when it is well
    again, though until then every packet to the Internet is refused."""
    ring = four(lab, families=(6,))
    for node in ring.nodes.values():
        no_way(node, "ipv4")
        assert ask(node)["way_out"]["ipv6"]
    assert not ask(ring["b1"])["offer"]["ipv4"]["offered"]
    node, isp = ring["a2"], ring.isps["a3"]
    choose(node, use=word_for(ring, "a3"), strict=True)
    wait_way(node, ring["a3"], "ipv6", 10)
    with Asker(ring.clients["a2"], HOST[6]) as asker:
        asker.wait_provider(isp)
        isp.fail(ipv6=True)
        wait_way(node, None, "ipv6", 30)
        assert family_of(node, "ipv6")["rule"] == "strict", family_of(node, "ipv6")
        route = node.run("ip", "-6", "route", "get", HOST[6], check=False)
        assert route.returncode != 0, route.stdout
        mended = isp.mend()
        asker.wait_provider(isp, 60)
        print(f"  strict choice back {time.monotonic() - mended:.1f} s after it was well")


@limit(300)
def case_one_dead(lab):
    """One family of the best gateway dies: it goes another way, the other one is not touched."""
    ring = four(lab, families=(4, 6))
    node, isp = ring["a2"], ring.isps["b1"]
    with Asker(ring.clients["a2"]) as four_, Asker(ring.clients["a2"], HOST[6]) as six:
        for asker in (four_, six):
            asker.wait_provider(isp)
        for family, dying, other in (("ipv6", six, four_), ("ipv4", four_, six)):
            quiet = "ipv4" if family == "ipv6" else "ipv6"
            fault = isp.fail(**{family: True})
            dying.wait_provider(ring.isps["a3"], 30)
            wait_way(node, ring["a3"], family)
            assert is_way(node, family_of(node, quiet)["in_use"], ring["b1"])
            print(f"  {family} dead: another way after {dying.first_good(fault, isp):.1f} s")
            wait_uplink(ring["b1"], lambda u: u["path"]["health"] == "down", "to be down", family, 20)
            isp.mend()
            wait_way(node, ring["b1"], family, timeout=90)
            dying.wait_provider(isp, 30)
            lost, asked = other.lost(fault)
            print(f"  {quiet} meanwhile: {lost} of {asked} lost")
            assert lost == 0, other
    for family in ("ipv4", "ipv6"):
        assert uplink_of(ring["b1"], family)["path"]["changes"] >= 2


@limit(240)
def case_uplink_by_advertisements(lab):
    """An IPv6 uplink that only router advertisements tell of: they are heard though the node forwards,
    and when they say that the router has gone, so has the uplink."""
    ring = Ring(lab, names=("a1", "a2", "b1"), gateways=("b1",), clients=("a2",), families=(4, 6))
    gateway, isp = ring["b1"], ring.isps["b1"]
    gateway.ip(f"addr del {isp.user[6]}/64 dev wan0")
    isp.detach(6)
    wait_for(lambda: not ask(gateway)["offer"]["ipv6"]["offered"], 30, "no IPv6")
    isp.advertise()
    wait_way(gateway, gateway, "ipv6", timeout=90)
    assert uplink_of(gateway, "ipv6")["gateway"] == "fe80::1", uplink_of(gateway, "ipv6")
    with Asker(ring.clients["a2"], HOST[6]) as asker:
        asker.wait_provider(isp, 90)
    isp.stop()
    isp.stopping.clear()
    isp.advertise(lifetime=0)
    wait_for(lambda: not ask(gateway)["offer"]["ipv6"]["offered"], 30, "the offer to end")


def lifetimes(capture, since):
    """The router lifetimes that were advertised since then."""
    return [struct.unpack_from("!H", frame.payload, 46)[0] for frame in capture
            if frame.icmp_type == ROUTER_ADVERTISEMENT and frame.time >= since]


def wait_lifetime(capture, since, condition, what):
    def told():
        found = lifetimes(capture, since)
        if not found or not condition(found[-1]):
            raise LabError(f"advertised: {found}")
        return [found[-1]]  # 0 is an answer too

    start = time.monotonic()
    told_last = wait_for(told, 60, what)[0]
    print(f"  {what}: {told_last} after {time.monotonic() - start:.1f} s")


@limit(300)
def case_router_lifetime(lab):
    """No IPv6 way out anywhere: clients are told a router lifetime of 0, and the usual one when there
    is a way again. Their IPv4 is not touched, neither address nor traffic."""
    ring = four(lab, families=(4, 6), sections={"a2": {"dhcp": {"enabled": True}}})
    node = ring["a2"]
    host = lab.client(node, "host", port="lan5")
    dhcp = DhcpClient(host)
    with host.capture("eth0", keep=lambda f: f.icmp_type == ROUTER_ADVERTISEMENT) as capture:
        dhcp.start()
        lease = dhcp.wait_bound(60)
        wait_lifetime(capture, 0, lambda seconds: seconds > 0, "a way: lifetime")
        with Asker(host) as asker:
            asker.wait_provider(ring.isps["b1"], 60)
            start = time.monotonic()
            for isp in ring.isps.values():
                isp.fail(ipv6=True)
            for name in ring.isps:
                wait_uplink(ring[name], lambda u: not u["offered"], "to be withdrawn", "ipv6", 30)
            wait_for(lambda: not ask(node)["way_out"]["ipv6"], 30, "no way out")
            gone = time.monotonic()
            wait_lifetime(capture, gone - 1, lambda seconds: seconds == 0, "no way: lifetime")
            assert ask(node)["router_lifetime_zero"]
            for isp in ring.isps.values():
                isp.mend()
            wait_for(lambda: ask(node)["way_out"]["ipv6"], 60, "a way out")
            back = time.monotonic()
            wait_lifetime(capture, back - 1, lambda seconds: seconds > 0, "a way again: lifetime")
            lost, asked = asker.lost(start)
    assert dhcp.renew()["ip"] == lease["ip"]
    print(f"  IPv4 meanwhile: {lost} of {asked} lost, address {lease['ip']} kept")
    told = f"no IPv6 after {gone - start:.1f} s, back after {back - start:.1f} s"
    assert lost == 0, f"{asker}; {told}; lost at {asker.lost_at(start)}"
