# SPDX-License-Identifier: GPL-2.0-or-later
"""The gateway in use dies, in every way that it can: how long until clients have another."""

import time

from asker import Asker
from case_gateway import ring_of
from gateways import (
    changes,
    health,
    is_good,
    kill_all,
    power_off,
    power_on,
    wait_uplink,
    wait_usable,
    wait_way,
)
from lab import limit

LIMIT = 30  # seconds within which a client has to have another way; figures are printed
WITHDRAWN = 10
HOPS = {"a2": "two hops", "b2": "one hop"}


class Watch:
    """Clients that ask all the time, and what they found after a fault of b1."""

    def __init__(self, ring, what="echo"):
        self.ring, self.what = ring, what
        self.askers = {name: Asker(client, what=what) for name, client in ring.clients.items()}
        self.before = {}

    def __enter__(self):
        """When this returns, everybody is answered through b1."""
        for asker in self.askers.values():
            asker.__enter__()
        self.wait_ways("b1", 60)
        self.wait(self.ring.isps["b1"])
        self.before = {name: changes(self.ring[name]) for name in self.askers}
        return self

    def __exit__(self, *_):
        for asker in self.askers.values():
            asker.stop()

    def wait(self, providers, timeout=LIMIT):
        for asker in self.askers.values():
            asker.wait_provider(providers if self.what == "echo" else None, timeout)

    def wait_ways(self, gateway, timeout=LIMIT):
        for name in self.askers:
            wait_way(self.ring[name], self.ring[gateway], timeout=timeout)

    def moved(self, fault, title, timeout=LIMIT):
        """Waits until the clients are answered by a3, and says how long it took."""
        self.wait_ways("a3", timeout)
        self.wait(self.ring.isps["a3"], timeout)
        found = []
        for name, asker in self.askers.items():
            first = asker.first_good(fault, self.ring.isps["b1"])
            lost, asked = asker.lost(fault)
            found.append(f"{HOPS[name]} {first:.1f} s (gap {asker.longest_gap(fault):.1f} s, "
                         f"{lost} of {asked} lost)")
        print(f"  {title}: first good packet after: {'; '.join(found)}")

    def returned(self, most=2):
        """b1 is well again: traffic comes back to it, by one change there and one back."""
        start = time.monotonic()
        self.wait_ways("b1", 60)
        self.wait(self.ring.isps["b1"])
        for name, count in self.before.items():
            more = changes(self.ring[name]) - count
            assert more <= most, f"{name}: {more} changes for going and coming back"
        print(f"  back at b1 after {time.monotonic() - start:.1f} s more")


def provider_fault(ring, title, fault, what="echo"):
    isp = ring.isps["b1"]
    with Watch(ring, what) as watch:
        start = isp.fail(**fault)
        wait_uplink(ring["b1"], lambda u: not u["offered"], "to be withdrawn", timeout=LIMIT)
        withdrawn = time.monotonic() - start
        watch.moved(start, f"{title}: withdrawn after {withdrawn:.1f} s")
        isp.mend()
        wait_uplink(ring["b1"], is_good, "to be up", timeout=60)
        watch.returned()
    assert withdrawn < WITHDRAWN + 2, withdrawn


def provider_faults(lab, protocol):
    ring = ring_of(lab, protocol, families=(4,))
    provider_fault(ring, "provider dead, link up", {"ipv4": True})
    provider_fault(ring, "DNS dead", {"dns": True}, "dns")
    provider_fault(ring, "captive portal", {"captive": "redirect", "captive_icmp": True})
    isp = ring.isps["b1"]
    isp.fail(icmp=True)
    time.sleep(8)  # more than one round and what would follow
    wait_uplink(ring["b1"], lambda u: health(u) == "up" and u["offered"], "up without ICMP", timeout=1)
    isp.mend()


@limit(400)
def case_provider_babeld(lab):
    """The best gateway's provider is dead with its link up, then only its DNS, then it is a captive
    portal that lets pings pass: withdrawn within 10 s, clients have another way, and it returns by
    one change each time. That it filters ICMP is no fault."""
    provider_faults(lab, "babeld")


@limit(500)
def case_provider_bmx7(lab):
    """The same with bmx7."""
    provider_faults(lab, "bmx7")


def node_faults(lab, protocol):
    ring = ring_of(lab, protocol, families=(4,))
    with Watch(ring) as watch:
        fault = power_off(ring["b1"])
        watch.moved(fault, "power off")
        power_on(ring["b1"])
        # The ways to the others, or those of their answers, may have led through it, so that they
        # fail one after the other until the routing daemon, too, has noticed.
        watch.returned(6)
    for name in ring.clients:
        wait_usable(ring[name], [ring["a3"]])
    with Watch(ring) as watch:
        fault = kill_all(ring["b1"])
        # Its kernel passes packets on, so nobody has to leave before the routes to it end.
        watch.moved(fault, "meshd and its children killed", timeout=120)


@limit(400)
def case_node_babeld(lab):
    """The gateway's node loses its power without a link telling so; and its daemons alone die."""
    node_faults(lab, "babeld")


@limit(500)
def case_node_bmx7(lab):
    """The same with bmx7."""
    node_faults(lab, "bmx7")


@limit(300)
def case_link_down(lab):
    """The uplink's cable is pulled: withdrawn at once, and its clients have another way."""
    ring = ring_of(lab, "babeld", families=(4,))
    with Watch(ring) as watch:
        fault = ring.isps["b1"].link_down()
        wait_uplink(ring["b1"], lambda u: not u["offered"], "to be withdrawn", timeout=LIMIT)
        print(f"  withdrawn after {time.monotonic() - fault:.2f} s")
        watch.moved(fault, "cable pulled")
        ring.isps["b1"].link_up()
        ring.isps["b1"].attach(ipv6=False)
        wait_way(ring["b1"], ring["b1"], timeout=60)
        watch.returned()
