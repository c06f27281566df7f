# SPDX-License-Identifier: GPL-2.0-or-later
"""The way to the Internet of a whole mesh, see gateways.py: the best one, and what must not bend it."""

import time

from asker import Asker
from gateways import Ring, TABLES, ask, family_of, is_way, route_to, wait_way
from children import has_bmx7
from internet import HOST
from lab import Skip, limit, wait_for


def ring_of(lab, protocol, **options):
    if protocol == "bmx7" and not has_bmx7():
        raise Skip("no bmx7")
    ring = Ring(lab, protocol, **options)
    start = time.monotonic()
    for family in ring.families:
        ring.wait_ready(family=f"ipv{family}")
    print(f"  {len(ring.nodes)} nodes up in {ring.seconds:.1f} s, all ways there "
          f"{time.monotonic() - start:.1f} s later")
    return ring


def crosses(frames, source, target):
    """Whether a packet from source to target was among the frames, bare or in a tunnel."""
    wanted = tuple(bytes(int(part) for part in address.split(".")) for address in (source, target))
    return any(b"".join(wanted) in frame.raw for frame in frames)


def best_way(lab, protocol):
    ring = ring_of(lab, protocol, families=(4,))
    client = ring.clients["a2"]
    address = client.json("ip", "-j", "-4", "addr", "show", "dev", "eth0")[0]
    address = next(entry["local"] for entry in address["addr_info"] if entry.get("local"))
    links = [ring["a1"].capture(link) for link in ring["a1"].links() if link.startswith("mesh0.")]
    with Asker(client) as asker:
        asker.wait_provider(ring.isps["b1"])
        # The answer comes into the cloud at a1, layer 2 brings it to a2: once b1's routing protocol
        # has found that the shortest.
        wait_for(lambda: any(crosses(capture, HOST[4], address) for capture in links), 60,
                 "answers that enter by a1")
        own = [ring["a2"].capture(link) for link in ring["a2"].links()
               if link.startswith("mesh") and link.endswith((".17", ".18"))]
        since = time.monotonic()
        wait_for(lambda: asker.lost(since)[1] > 40, 20, "questions")
    lost, asked = asker.lost(since)
    print(f"  c-a2 through b1 (two hops, another cloud): {lost} of {asked} lost")
    assert lost == 0, asker
    assert not any(crosses(capture, HOST[4], address) for capture in own), "and not by a2"
    assert any(crosses(capture, address, HOST[4]) for capture in own), "questions leave by a2"
    for name, node in ring.nodes.items():
        found = family_of(node)
        gateway = ring[name if name in ring.isps else "b1"]
        assert is_way(node, found["in_use"], gateway), (name, found["in_use"])
        assert found["kernel"]["agrees"] and found["kernel"]["table"] == TABLES["internet"], found
        device, _ = route_to(node, HOST[4])
        assert device == found["in_use"]["link"] == found["kernel"]["link"], (device, found)
        in_use = [c for c in found["candidates"] if c["in_use"]]
        assert len(in_use) == 1 and in_use[0] == found["candidates"][0], found["candidates"]
        assert in_use[0]["usable"] and found["explanation"], found
    answer = ask(ring["b3"])
    uplink = next(u for u in answer["uplinks"] if u["family"] == "ipv4")
    targets = {(t["kind"], t["ok"]) for t in uplink["targets"]}
    assert uplink["path"]["health"] == "up" and uplink["offered"], uplink
    assert ("ping", True) not in targets, "b3's provider drops ICMP"
    assert answer["offer"]["ipv4"]["offered"] and protocol in answer["offer"]["ipv4"]["by"], answer
    print("  a2's candidates: " + ", ".join(
        f"{c['kind']} {c['name'] or c['id']} {c['score'] / 1e6:.1f} Mbit/s"
        for c in family_of(ring["a2"])["candidates"]))
    for node in ring.nodes.values():
        node.meshd.wait_converged(20)
    meshctl = ring["a2"].meshd.meshctl
    used = family_of(ring["a2"])["in_use"]
    assert (used["name"] or used["id"]) in meshctl("gateway"), meshctl("gateway")
    assert meshctl("gateway", "why").strip()


@limit(300)
def case_best_babeld(lab):
    """Every node and client uses the best gateway, the kernel's route is what was decided, and
    answers come back though they enter the cloud at another node; a provider without ICMP is up."""
    best_way(lab, "babeld")


@limit(400)
def case_best_bmx7(lab):
    """The same with bmx7."""
    best_way(lab, "bmx7")


FOREIGN = ("default via 10.13.99.99 dev br-lan onlink proto static metric {}",
           "default via 10.13.99.98 dev br-lan onlink proto dhcp metric {}")


@limit(300)
def case_foreign_default(lab):
    """Default routes that others put into the main table of a node without an uplink, of equal and
    of lower metric than ours, of the protocols' and with none at all: nobody notices."""
    ring = ring_of(lab, "babeld", families=(4,), names=("a1", "a2", "b1"), gateways=("b1",),
                   clients=("a2",))
    node = ring["a2"]
    routes = node.json("ip", "-j", "route", "show", "table", str(TABLES["internet"]))
    ours = {route.get("metric", 0) for route in routes if route["dst"] == "default"}
    with Asker(ring.clients["a2"]) as asker:
        asker.wait_provider(ring.isps["b1"])
        start = time.monotonic()
        for metric in sorted({0, 1, 1024, *ours}):
            for route in FOREIGN:
                node.ip("route add " + route.format(metric))
                since = len(asker.sent_at)
                wait_for(lambda n=since: len(asker.sent_at) > n + 15, 10, "questions")
                node.ip("route del " + route.format(metric))
        time.sleep(0.5)
        assert is_way(node, family_of(node)["in_use"], ring["b1"]) and family_of(node)["kernel"]["agrees"]
    lost, asked = asker.lost(start)
    print(f"  metrics {sorted({0, 1, 1024, *ours})}: {lost} of {asked} lost")
    assert lost == 0, asker


@limit(300)
def case_two_protocols(lab):
    """With babeld and bmx7 on all nodes one gateway is still one choice: the way stands, and when
    one of the daemons is killed for good the other's way takes over."""
    if not has_bmx7():
        raise Skip("no bmx7")
    ring = ring_of(lab, "bmx7", families=(4,), names=("a1", "a2", "b1"), gateways=("b1",),
                   clients=("a2",), sections={"all": {"babeld": {"enabled": True}}})
    node = ring["a2"]
    with Asker(ring.clients["a2"]) as asker:
        asker.wait_provider(ring.isps["b1"])
        wait_for(lambda: {"bmx7", "babeld"} <= {c["kind"] for c in family_of(node)["candidates"]},
                 30, "gateways by both")
        first = family_of(node)["in_use"]["kind"]
        off = {"bmx7" if first == "bmx7" else "babeld": {"enabled": False}}
        for name in ring.nodes:
            ring.sections.setdefault(name, {}).update(off)
            ring[name].meshd.configure(ring.config(name))
            ring[name].meshd.reload()
        since = time.monotonic()
        wait_for(lambda: family_of(node)["in_use"] and family_of(node)["in_use"]["kind"] != first,
                 60, "the other protocol's way")
        asker.wait_provider(ring.isps["b1"])
    print(f"  from {first} to {'babeld' if first == 'bmx7' else 'bmx7'}: longest gap "
          f"{asker.longest_gap(since):.2f} s")
    wait_way(node, ring["b1"])
