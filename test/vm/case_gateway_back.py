# SPDX-License-Identifier: GPL-2.0-or-later
"""Providers that come and go: changes are few, penalties are seen, and clients lose less than they
would without meshd."""

import threading
import time

from asker import Asker
from case_gateway import ring_of
from gateways import (
    Ring,
    candidate_of,
    changes,
    family_of,
    is_way,
    uplink_of,
    wait_uplink,
    wait_way,
)
from lab import LabError, limit, wait_for

FLAP_PERIOD = 3
FLAP_SECONDS = 120
# Away and back for each of three falls, after which the gateway rests for some 80 s: that ends just
# before the two minutes do, and then it is tried once more.
CHANGES_MAX = 8
# What a script gives a gateway that has no meshd to look after it.
BY_HAND = """table inet byhand {
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname "wan0" masquerade
	}
}
"""


def fail_once(ring, name="b1"):
    """One failure, from well to well, as the node itself says."""
    ring.isps[name].fail(ipv4=True)
    wait_uplink(ring[name], lambda u: u["path"]["health"] == "down", "to be down", timeout=30)
    ring.isps[name].mend()
    wait_uplink(ring[name], lambda u: u["path"]["health"] == "up", "to be up", timeout=60)


@limit(400)
def case_damping(lab):
    """Failures one after the other leave a penalty that is shown, until the uplink is not used though
    it is up; then the penalty decays and it is offered again. Nobody changes more often than that."""
    standard = {"probes": {"flap_half_life": 20}}
    ring = ring_of(lab, "babeld", families=(4,), names=("a1", "a2", "a3", "b1"),
                   gateways=("b1", "a3"), clients=("a2",), sections={"b1": standard})
    node, gateway = ring["a2"], ring["b1"]
    before, penalties, failures = changes(node), [], 0
    while failures < 8:
        fail_once(ring)
        failures += 1
        path = uplink_of(gateway)["path"]
        penalties.append(round(path["penalty"]))
        if path["suppressed"]:
            break
    print(f"  penalties {penalties} after {failures} failures, then suppressed")
    uplink = uplink_of(gateway)
    assert uplink["path"]["suppressed"] and not uplink["offered"] and uplink["why_not"], uplink
    assert failures >= 2, "one failure is forgiven"
    wait_way(node, ring["a3"], timeout=20)
    start = time.monotonic()
    wait_uplink(gateway, lambda u: u["offered"] and not u["path"]["suppressed"], "to be offered",
                timeout=90)
    print(f"  offered again after {time.monotonic() - start:.1f} s, "
          f"penalty {uplink_of(gateway)['path']['penalty']:.0f}")
    wait_way(node, ring["b1"], timeout=90)
    more = changes(node) - before
    print(f"  {more} changes at a2")
    assert more <= 2 * failures, more
    decisions = family_of(node)["decisions"]
    assert len(decisions) >= min(more, 64) and decisions[0]["to"], decisions[:3]
    candidate = candidate_of(node, ring["b1"])
    assert 0 < candidate["stability"] <= 1, candidate


class Plain(Ring):
    """The same nodes without a word about the Internet: a default route of the DHCP client's, which
    babeld announces, and masquerading by hand."""

    def config(self, name):
        config = super().config(name)
        for section in ("uplinks", "probes"):
            config.pop(section, None)
        config["gateway"] = {"enabled": False}
        return config

    def start_by_hand(self):
        for name in self.isps:
            self[name].run("nft", "-f", "-", stdin=BY_HAND)


def two_meshes(lab):
    """Two meshes in one lab: x2 is a client's node between the gateways x1 and x3; y2 has the gateway
    y1, and no meshd chooses there."""
    rates = {"x1": 100, "x3": 50}
    # As by default.
    standard = {"gateway": {"hold_down": 20, "return_after": 20}, "probes": {"flap_half_life": 60}}
    uplinks = {name: {"uplinks": {"wan*": {"down": f"{rate}Mbit", "up": f"{rate}Mbit"}}, **standard}
               for name, rate in rates.items()}
    ours = Ring(lab, names=("x1", "x2", "x3"), gateways=("x1", "x3"), clients=("x2",),
                families=(4,), sections={**uplinks, "x2": standard})
    # babeld does not see what a provider does, so it stays with the one: no other is needed.
    plain = Plain(lab, names=("y1", "y2"), gateways=("y1",), clients=("y2",), families=(4,))
    plain.start_by_hand()
    return ours, plain


def babeld_takes(plain, asker):
    """Which gateway babeld itself has chosen: that is the one that has to flap."""
    name = asker.wait_provider(None, 90)
    return next(isp for isp in plain.isps.values() if isp.name == name)


@limit(400)
def case_flapping(lab):
    """The provider in use is dead every other 3 s, for two minutes: the number of changes has a
    bound, and clients lose less than where babeld alone chooses."""
    ours, plain = two_meshes(lab)
    wait_way(ours["x2"], ours["x1"], timeout=90)
    before = changes(ours["x2"])
    with Asker(ours.clients["x2"]) as with_meshd, Asker(plain.clients["y2"]) as without:
        with_meshd.wait_provider(ours.isps["x1"], 60)
        bad = [ours.isps["x1"], babeld_takes(plain, without)]
        stop = threading.Event()
        flappers = [threading.Thread(target=isp.flap, args=(FLAP_PERIOD, stop)) for isp in bad]
        start = time.monotonic()
        for flapper in flappers:
            flapper.start()
        try:
            wait_for(lambda: time.monotonic() - start > FLAP_SECONDS, FLAP_SECONDS + 30, "flapping",
                     0.5)
            lost, asked = with_meshd.lost(start)
            plain_lost, plain_asked = without.lost(start)
        finally:
            stop.set()
            for flapper in flappers:
                flapper.join()
        more = changes(ours["x2"]) - before
    print(f"  with meshd {lost} of {asked} lost ({100 * lost / asked:.1f} %), without "
          f"{plain_lost} of {plain_asked} ({100 * plain_lost / plain_asked:.1f} %); {more} changes")
    assert more <= CHANGES_MAX, more
    assert lost / asked < plain_lost / plain_asked, (lost, plain_lost)


@limit(300)
def case_one_change(lab):
    """The best gateway comes back after half a minute of death: one change away, one back, and the
    question that goes on all the time is answered by two providers in turn only."""
    ring = ring_of(lab, "babeld", families=(4,), names=("a1", "a2", "a3", "b1"),
                   gateways=("b1", "a3"), clients=("a2",))
    node = ring["a2"]
    before = changes(node)
    with Asker(ring.clients["a2"]) as asker:
        asker.wait_provider(ring.isps["b1"])
        start = time.monotonic()
        fault = ring.isps["b1"].fail(ipv4=True)
        asker.wait_provider(ring.isps["a3"])
        wait_for(lambda: time.monotonic() - fault > 30, 40, "half a minute", 0.5)
        mended = ring.isps["b1"].mend()
        asker.wait_provider(ring.isps["b1"], 90)
        print(f"  back {time.monotonic() - mended:.1f} s after the provider was")
        wait_for(lambda: calm(asker), 20, "two seconds without a change")
        order = asker.providers(start)
        lost, asked = asker.lost(mended)
    print(f"  answered by {order}, {lost} of {asked} lost since it was mended")
    assert changes(node) - before == 2, family_of(node)["decisions"]
    assert is_way(node, family_of(node)["in_use"], ring["b1"])


def calm(asker):
    last = asker.latest(40)
    if len({answer[1] for answer in last if answer}) > 1:
        raise LabError(f"answers: {last}")
    return True
