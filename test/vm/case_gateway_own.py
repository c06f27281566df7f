# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway whose own uplink is dead is a node as any other; and the mesh does not make it think
that the uplink is alive."""

import time

from asker import Asker
from case_gateway import ring_of
from gateways import (
    family_of,
    health,
    is_way,
    route_to,
    uplink_of,
    wait_uplink,
    wait_usable,
    wait_way,
)
from internet import HOST
from lab import limit, wait_for

WATCHED = 25  # seconds: several rounds


def small(lab, protocol="babeld", **options):
    """Two gateways, each with a client, and a node between them."""
    return ring_of(lab, protocol, families=(4,), names=("a1", "a2", "b1", "a3"),
                   gateways=("b1", "a3"), clients=("a3",), **options)


def own_uplink(lab, protocol):
    ring = small(lab, protocol)
    node, isp, other = ring["a3"], ring.isps["a3"], ring.isps["b1"]
    # "local" first, or the better b1 could be meant: an own uplink goes first anyway.
    with Asker(node) as own, Asker(ring.clients["a3"]) as client, \
            Asker(ring.clients["a3"], steady=True) as steady:
        for asker in (own, client, steady):
            asker.wait_provider(isp)
        fault = isp.fail(ipv4=True)
        for asker in (own, client, steady):
            asker.wait_provider(other, 30)
        wait_way(node, ring["b1"])
        uplink = uplink_of(node)
        assert not uplink["offered"] and uplink["why_not"], uplink
        print(f"  own uplink dead: by the mesh after {own.first_good(fault, isp):.1f} s, its client "
              f"{client.first_good(fault, isp):.1f} s, a client's old flow "
              f"{steady.first_good(fault, isp):.1f} s")
        mended = isp.mend()
        wait_way(node, node, timeout=60)
        for asker in (own, client):
            asker.wait_provider(isp, 30)
        print(f"  back at its own after {time.monotonic() - mended:.1f} s")
        # A flow that began through the mesh must not leave by the uplink with an address of the
        # mesh: its memory of that way has to go, and then it is answered.
        steady.wait_provider(isp, 30)
        print(f"  the old flow: {steady.longest_gap(mended):.1f} s without an answer")


@limit(300)
def case_dead_babeld(lab):
    """A gateway's own uplink dies: node and clients reach the Internet by the mesh, and by their own
    uplink again when it is back, new flows and old ones."""
    own_uplink(lab, "babeld")


@limit(400)
def case_dead_bmx7(lab):
    """The same with bmx7."""
    own_uplink(lab, "bmx7")


def watch_health(node, seconds):
    """All verdicts on the uplink that were seen in a time."""
    start, seen = time.monotonic(), set()
    wait_for(lambda: seen.add(health(uplink_of(node))) or time.monotonic() - start > seconds,
             seconds + 30, "time to go by", 0.2)
    return seen


def dead_uplink(ring):
    """a3's provider is dead, and its targets answer through the mesh."""
    node = ring["a3"]
    ring.isps["a3"].fail(ipv4=True)
    wait_uplink(node, lambda u: health(u) == "down", "to be down", timeout=30)
    wait_way(node, ring["b1"])
    return node


@limit(300)
def case_binding(lab):
    """The targets of the probes answer everybody on the node, through the mesh, while its own uplink
    is dead: it stays down, with its default route and without."""
    ring = small(lab)
    node = dead_uplink(ring)
    with Asker(node) as unbound:
        unbound.wait_provider(ring.isps["b1"])
        since = time.monotonic()
        seen = watch_health(node, WATCHED)
        lost, asked = unbound.lost(since)
        assert asked > 100 and lost == 0, unbound
        assert seen == {"down"}, seen
        # Without a route of its own a bound probe must not find another either.
        ring.isps["a3"].detach(4)
        unbound.wait_provider(ring.isps["b1"])
        deadline = time.monotonic() + WATCHED
        while time.monotonic() < deadline:
            uplinks = [u for u in node.meshd.call("gateway")["uplinks"] if u["family"] == "ipv4"]
            assert all(health(u) != "up" and not u["offered"] for u in uplinks), uplinks
            time.sleep(0.5)
        unbound.wait_provider(ring.isps["b1"])
    reached = route_to(node, HOST[4])
    print(f"  {asked} unbound questions answered by way of {reached}, uplink seen as {seen}")


@limit(300)
def case_binding_removed(lab):
    """The same with probes that are not bound (no_binding.c takes it away): the dead uplink counts as
    up, so case_binding can fail."""
    ring = small(lab)
    node = dead_uplink(ring)
    node.meshd.kill()
    shim = node.meshd.binary.parent / "test" / "vm" / "libno_binding.so"
    node.meshd.start(wrapper=["env", f"LD_PRELOAD={shim}"])
    wait_uplink(node, lambda u: health(u) == "up", "to be taken for alive", timeout=60)
    assert not is_way(node, family_of(node)["in_use"], ring["b1"]) or ring.isps["a3"].faults
    node.meshd.kill()
    node.meshd.start()
    wait_uplink(node, lambda u: health(u) == "down", "to be down", timeout=60)
    wait_way(node, ring["b1"])
    wait_usable(node, [ring["b1"]])
