# SPDX-License-Identifier: GPL-2.0-or-later
"""meshd dies, and what it had decided stays; it starts, and what is stale goes; the clock steps."""

import contextlib
import time

from asker import Asker
from case_gateway import ring_of
from children import pids
from gateways import RULES, TABLES, changes, choose, family_of, is_way, wait_way
from internet import HOST
from lab import limit, wait_for

OWN_PROTOCOL = 109
HOUR = 3600


def four(lab, protocol="babeld", **options):
    return ring_of(lab, protocol, names=("a1", "a2", "a3", "b1"), gateways=("b1", "a3"),
                   **{"clients": ("a2",), "families": (4,), **options})


def killed(lab, protocol):
    ring = four(lab, protocol)
    client, node = ring.clients["a2"], ring["a2"]
    client.reaches(HOST[4], timeout=30)
    since = family_of(node)["since"]
    before = {name: changes(each) for name, each in ring.nodes.items()}
    with client.pinger(HOST[4], rate=100) as ping:
        wait_for(lambda: ping.received > 100, 20, "pings")
        for each in ring.nodes.values():
            each.meshd.kill()
        sent = ping.sent
        wait_for(lambda: ping.sent > sent + 300, 30, "three seconds without meshd")
        for each in ring.nodes.values():
            each.meshd.start()
        for name, each in ring.nodes.items():
            wait_way(each, ring[name if name in ring.isps else "b1"])
            each.meshd.wait_converged()
        for each in ring.nodes.values():
            each.meshd.meshctl("reexec")
            each.meshd.wait_converged()
        sent = ping.sent
        wait_for(lambda: ping.sent > sent + 1000, 60, "ten seconds more")
    print(f"  {ping}")
    assert ping.lost == 0, f"{ping} at {ping.lost_at()[:20]}"
    after = {name: changes(each) for name, each in ring.nodes.items()}
    assert after == before, f"changes before {before}, after {after}"
    found = family_of(node)
    assert is_way(node, found["in_use"], ring["b1"]) and found["since"] > since, found


@limit(300)
def case_killed_babeld(lab):
    """All meshd killed with KILL, started and replaced while a client pings the Internet 100 times a
    second: nothing is lost, and nothing is decided anew."""
    killed(lab, "babeld")


@limit(400)
def case_killed_bmx7(lab):
    """The same with bmx7."""
    killed(lab, "bmx7")


STALE = (
    "rule add pref 1001 oif mesh9 lookup 174 protocol {protocol}",
    "rule add pref 1002 iif mesh9 lookup 174 protocol {protocol}",
    "rule add pref 1003 iif mesh9 unreachable protocol {protocol}",
    "rule add pref 1010 from 10.13.0.0/16 lookup 175 protocol {protocol}",
    "rule add pref 1011 from 10.13.0.0/16 lookup 172 protocol {protocol}",
    "route add unreachable 0.0.0.0/0 table 171 proto {protocol} metric 0",
    "route add unreachable 0.0.0.0/0 table 174 proto {protocol} metric 0",
    "route add 0.0.0.0/0 dev br-lan table 175 proto 7 metric 77",
)


def stale_left(node):
    """Rules of our places about links or networks that nobody has any more; stale routes."""
    rules = [rule for rule in node.json("ip", "-j", "rule", "show") if rule["priority"] in RULES]
    left = [rule for rule in rules if "mesh9" in (rule.get("iif"), rule.get("oif"))
            or rule.get("src") not in (None, "all")]
    for table, metric in ((171, None), (174, None), (175, 77)):
        shown = node.run("ip", "-j", "route", "show", "table", str(table), check=False)
        if shown.returncode == 0 and shown.stdout.strip():
            wanted = '"type":"unreachable"' if metric is None else f'"metric":{metric}'
            left += [table] if wanted in shown.stdout.replace(" ", "") else []
    return left


@limit(240)
def case_stale(lab):
    """Rules and routes of an earlier life, with meshd's own protocol number, some of which would stop
    all traffic: gone after the start, as are the ways to a gateway that has gone meanwhile."""
    ring = four(lab)
    node = ring["a2"]
    with Asker(ring.clients["a2"]) as asker:
        asker.wait_provider(ring.isps["b1"])
        node.meshd.kill()
        node.ip(*(line.format(protocol=OWN_PROTOCOL) for line in STALE))
        choose(ring["b1"], never_share=True)
        node.meshd.start()
        wait_for(lambda: not stale_left(node), 20, "stale rules and routes to go")
        wait_way(node, ring["a3"], timeout=60)
        asker.wait_provider(ring.isps["a3"], 30)
        node.meshd.wait_converged()


@limit(240)
def case_purge(lab):
    """`meshd --purge` takes away all rules, tables, tunnels and the masquerading, and no default route
    of the system's own."""
    ring = four(lab)
    for name in ("b1", "a2"):
        node = ring[name]
        before = node.json("ip", "-j", "route", "show", "default")
        node.meshd.stop()
        node.meshd.once("--purge")
        left = node.snapshot()
        rules = [rule for rule in node.json("ip", "-j", "rule", "show") if rule["priority"] in RULES]
        routes = [route for route in left.routes
                  if any(f'"table": "{table}"' in route for table in TABLES.values())]
        tunnels = [link for link, found in left.links.items()
                   if found.get("linkinfo", {}).get("info_kind") == "ip6tnl" and link != "ip6tnl0"]
        assert not rules and not routes and not tunnels, (rules, routes, tunnels)
        assert "meshd" not in node.run("nft", "list", "tables"), node.run("nft", "list", "tables")
        if name == "b1":
            after = node.json("ip", "-j", "route", "show", "default")
            own = [route for route in before if route["dev"] == "wan0"]
            assert own and all(route in after for route in own), (before, after)


@limit(240)
def case_rules_deleted(lab):
    """Rules and tables flushed by another hand: put back, and clients hardly notice."""
    ring = four(lab)
    node = ring["a2"]
    with Asker(ring.clients["a2"]) as asker:
        asker.wait_provider(ring.isps["b1"])
        start = time.monotonic()
        node.ip("rule del pref 1010", "rule del pref 1000", "route flush table 171")
        wait_way(node, ring["b1"], timeout=10)
        node.meshd.wait_converged()
        asker.wait_provider(ring.isps["b1"], 10)
        print(f"  longest gap {asker.longest_gap(start):.2f} s, way there again after "
              f"{time.monotonic() - start:.1f} s")


@contextlib.contextmanager
def stepped_clock(seconds):
    """The machine's wall clock, which all nodes here share, is wrong by so much for a while."""
    right = time.time() - time.monotonic()
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.monotonic() + right)


@limit(240)
def case_clock_babeld(lab):
    """The wall clock goes back an hour, on by two and back to where it was: no ping is lost and no
    way changes."""
    ring = four(lab)
    client, node = ring.clients["a2"], ring["a2"]
    client.reaches(HOST[4], timeout=30)
    before = changes(node)
    with client.pinger(HOST[4], rate=100) as ping:
        for seconds in (-HOUR, HOUR):
            with stepped_clock(seconds):
                sent = ping.sent
                wait_for(lambda sent=sent: ping.sent > sent + 1000, 60, "ten seconds of pings")
        sent = ping.sent
        wait_for(lambda: ping.sent > sent + 500, 60, "five seconds more")
    print(f"  {ping}")
    assert ping.lost == 0, f"{ping} at {ping.lost_at()[:20]}"
    assert changes(node) == before, ring["a2"].meshd.log(20)


@limit(400)
def case_clock_bmx7(lab):
    """The wall clock goes back an hour, which bmx7 does not survive: it is noticed, bmx7 is started
    again and the client is back. On again by an hour: as well."""
    ring = four(lab, "bmx7")
    node = ring["a2"]
    before = {name: pids(each)["bmx7"] for name, each in ring.nodes.items()}

    def restarted():
        same = [n for n, each in ring.nodes.items() if pids(each).get("bmx7") in (None, before[n])]
        return not same

    with Asker(ring.clients["a2"]) as asker:
        asker.wait_provider(ring.isps["b1"])
        with stepped_clock(-HOUR):
            start = time.monotonic()
            wait_for(restarted, 60, "every bmx7 to be started again")
            noticed = time.monotonic() - start
            assert "clock was set back" in node.meshd.log(400), node.meshd.log(40)
            wait_way(node, ring["b1"], timeout=90)
            asker.wait_provider(ring.isps["b1"], 90)
            time.sleep(1)
            print(f"  an hour back: all bmx7 started again after {noticed:.1f} s; client without the "
                  f"Internet for {asker.longest_gap(start):.1f} s")
        start = time.monotonic()
        time.sleep(30)
        wait_way(node, ring["b1"], timeout=90)
        asker.wait_provider(ring.isps["b1"], 90)
        print(f"  an hour on: without the Internet for {asker.longest_gap(start):.1f} s")
