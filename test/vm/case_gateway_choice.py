# SPDX-License-Identifier: GPL-2.0-or-later
"""What the person who runs a node wants: used at once, kept, and what it means when the chosen one
dies."""

import time

from asker import Asker
from case_gateway import ring_of
from gateways import (
    ask,
    candidate_of,
    choose,
    family_of,
    is_way,
    node_id,
    uplink_of,
    wait_uplink,
    wait_usable,
    wait_way,
    word_for,
)
from lab import LabError, RpcError, limit, wait_for

USED_LIMIT = 10


def use(ring, name, gateway, **params):
    """Chooses, waits until it is used, and returns the seconds."""
    start = time.monotonic()
    said = choose(ring[name], use=word_for(ring, gateway), **params)
    assert said["choice"]["mode"] == "use" and said["says"], said
    wait_way(ring[name], ring[gateway], timeout=USED_LIMIT)
    return time.monotonic() - start


def wait_none(asker, timeout=30):
    """Waits until nobody answers any more, for two seconds."""

    def silent():
        last = asker.latest(40)
        if len(last) < 40 or any(last):
            raise LabError(f"answers: {last[-5:]}")
        return True

    return wait_for(silent, timeout, f"{asker.place} to have no way", 0.1)


def chosen(lab, protocol):
    ring = ring_of(lab, protocol, families=(4,))
    node, isps = ring["a2"], ring.isps
    with Asker(ring.clients["a2"]) as asker:
        asker.wait_provider(isps["b1"])
        took = []
        for gateway in ("b3", "a3", "b1", "a3"):
            start = time.monotonic()
            use(ring, "a2", gateway)
            asker.wait_provider(isps[gateway], USED_LIMIT)
            took.append(time.monotonic() - start)
        print("  used by the client after " + ", ".join(f"{t:.1f}" for t in took)
              + f" s; longest gap {asker.longest_gap(start - sum(took)):.2f} s")
        fallback(ring, node, asker)
        strict(ring, node, asker)
        survives(ring, node, asker)
    unknown(node)
    preferences(ring, node)


def fallback(ring, node, asker):
    """The chosen one dies: another is taken, and it comes back."""
    assert family_of(node)["rule"] == "use", family_of(node)["rule"]
    fault = ring.isps["a3"].fail(ipv4=True)
    asker.wait_provider([ring.isps["b1"], ring.isps["b3"]], 30)
    wait_way(node, ring["b1"])
    assert family_of(node)["rule"] == "fallback", family_of(node)["rule"]
    print(f"  chosen one dead: fallback after {asker.first_good(fault, ring.isps['a3']):.1f} s")
    mended = ring.isps["a3"].mend()
    asker.wait_provider(ring.isps["a3"], 90)
    print(f"  and back {time.monotonic() - mended:.1f} s after it was well")


def strict(ring, node, asker):
    """Rather none than another."""
    use(ring, "a2", "a3", strict=True)
    fault = ring.isps["a3"].fail(ipv4=True)
    wait_none(asker)
    wait_for(lambda: family_of(node)["in_use"] is None, 20, "a2 to use none")
    assert family_of(node)["rule"] == "strict", family_of(node)
    assert set(asker.providers(fault)) <= {ring.isps["a3"].name}, asker.providers(fault)
    ring.isps["a3"].mend()
    asker.wait_provider(ring.isps["a3"], 90)


def survives(ring, node, asker):
    """meshd is killed and starts again: the choice holds from the first moment."""
    use(ring, "a2", "b3")
    asker.wait_provider(ring.isps["b3"])
    node.meshd.kill()
    start = time.monotonic()
    node.meshd.start()
    wait_usable(node, [ring[name] for name in ring.isps])
    wait_way(node, ring["b3"])
    lost, asked = asker.lost(start)
    print(f"  meshd killed and started: {lost} of {asked} lost, providers {asker.providers(start)}")
    assert asker.providers(start) == [ring.isps["b3"].name], asker.providers(start)
    assert ask(node)["choice"]["from"] == "command", ask(node)["choice"]
    said = choose(node, auto=True)
    assert said["choice"]["mode"] == "auto", said
    wait_way(node, ring["b1"])


def unknown(node):
    """A name that nobody has is refused with those that are there, unless it is forced."""
    try:
        choose(node, use="nobody-of-that-name")
    except RpcError as error:
        assert error.code == -32602, error
    else:
        raise LabError("an unknown gateway was taken")
    assert ask(node)["choice"]["mode"] == "auto", ask(node)["choice"]
    assert choose(node, use="nobody-of-that-name", force=True)["choice"]["mode"] == "use"
    choose(node, reset=True)


def preferences(ring, node):
    """prefer and avoid change the order, and forget ends them."""
    wait_way(node, ring["b1"])
    choose(node, prefer=word_for(ring, "b3"))
    wait_way(node, ring["b3"], timeout=USED_LIMIT)
    assert candidate_of(node, ring["b3"])["user_class"] == 1
    choose(node, forget=word_for(ring, "b3"))
    wait_way(node, ring["b1"])
    choose(node, avoid=word_for(ring, "b1"))
    wait_way(node, ring["a3"], timeout=USED_LIMIT)
    choose(node, reset=True)
    wait_way(node, ring["b1"])


@limit(500)
def case_chosen_babeld(lab):
    """use, within 5 s; fallback and strict; kept when meshd is killed; prefer, avoid, forget."""
    chosen(lab, "babeld")


@limit(500)
def case_chosen_bmx7(lab):
    """The same with bmx7."""
    chosen(lab, "bmx7")


@limit(300)
def case_reboot(lab):
    """The choice survives a reboot of the node: its namespace is made anew, its state is kept."""
    ring = ring_of(lab, "babeld", families=(4,))
    use(ring, "a1", "a3")
    node = ring.reboot("a1")
    took = wait_way(node, ring["a3"], timeout=90)
    choice = ask(node)["choice"]
    print(f"  used again {took:.1f} s after the start")
    assert choice["mode"] == "use" and choice["use"].lower() == node_id(ring["a3"]), choice
    with Asker(node) as asker:
        asker.wait_provider(ring.isps["a3"])


@limit(300)
def case_configured(lab):
    """The same from the configuration, and a command goes over it until it is taken back."""
    ring = ring_of(lab, "babeld", families=(4,), names=("a1", "a2", "a3", "b1"),
                   gateways=("b1", "a3"), clients=("a2",))
    node = ring["a2"]
    ring.sections["a2"] = {"gateway": {"mode": "use", "use": node_id(ring["a3"])}}
    node.meshd.configure(ring.config("a2"))
    node.meshd.reload()
    wait_way(node, ring["a3"], timeout=USED_LIMIT)
    assert ask(node)["choice"]["from"] == "configuration", ask(node)["choice"]
    use(ring, "a2", "b1")
    choose(node, reset=True)
    wait_way(node, ring["a3"], timeout=USED_LIMIT)
    node.meshd.meshctl("gateway", "use", node_id(ring["b1"]))
    wait_way(node, ring["b1"], timeout=USED_LIMIT)
    node.meshd.meshctl("gateway", "use", "auto")
    wait_way(node, ring["b1"], timeout=USED_LIMIT)
    assert ask(node)["choice"]["mode"] == "auto", ask(node)["choice"]


@limit(300)
def case_not_shared(lab):
    """never-share: the uplink is for its own node alone; local-only: the node has its own or none."""
    ring = ring_of(lab, "babeld", families=(4,), names=("a1", "a2", "a3", "b1"),
                   gateways=("b1", "a3"), clients=("a2", "a3"))
    gateway = ring["b1"]
    start = time.monotonic()
    said = choose(gateway, never_share=True)
    assert said["choice"]["never_share"], said
    wait_uplink(gateway, lambda u: not u["offered"] and u["why_not"], "not to be offered", timeout=10)
    wait_way(ring["a2"], ring["a3"], timeout=30)
    print(f"  never-share: others have left after {time.monotonic() - start:.1f} s")
    wait_way(gateway, gateway)
    choose(gateway, never_share=False)
    wait_way(ring["a2"], ring["b1"], timeout=60)
    local = ring["a3"]
    assert choose(local, local_only=True)["choice"]["mode"] == "local-only"
    with Asker(ring.clients["a3"]) as client, Asker(local) as own:
        for asker in (client, own):
            asker.wait_provider(ring.isps["a3"])
        fault = ring.isps["a3"].fail(ipv4=True)
        wait_uplink(local, lambda u: not u["offered"], "to be down", timeout=30)
        wait_none(client)
        for asker in (client, own):
            assert set(asker.providers(fault)) <= {ring.isps["a3"].name}, asker.providers(fault)
        assert family_of(local)["in_use"] is None, family_of(local)
        choose(local, reset=True)
        client.wait_provider(ring.isps["b1"], 30)
    assert is_way(local, family_of(local)["in_use"], ring["b1"])


@limit(300)
def case_spare(lab):
    """share "spare": what the own users need is not given away, and given again when they rest."""
    spare = {"wan*": {"down": "1Mbit", "up": "1Mbit", "share": "spare", "cap": 50}}
    ring = ring_of(lab, "babeld", families=(4,), names=("a1", "a2", "b1"), gateways=("b1",),
                   clients=("a2", "b1"), sections={"b1": {"uplinks": spare}})
    gateway = ring["b1"]
    start = time.monotonic()
    with Heavy(ring.clients["b1"]) as heavy:
        wait_uplink(gateway, lambda u: not u["offered"] and u["why_not"], "to be kept", timeout=60)
        uplink = uplink_of(gateway)
        print(f"  own use {uplink['own_use'] / 1e3:.0f} kbit/s of 1000: withdrawn after "
              f"{time.monotonic() - start:.1f} s ({uplink['why_not']})")
        assert uplink["own_use"] > 500_000, uplink
        wait_way(ring["a2"], None, timeout=60)
        assert heavy.answers
    start = time.monotonic()
    wait_uplink(gateway, lambda u: u["offered"], "to be offered", timeout=120)
    print(f"  offered again {time.monotonic() - start:.1f} s after the own users rested")
    # Guests' traffic is no own use.
    with Heavy(ring.clients["a2"]) as heavy:
        wait_for(lambda: len(heavy.answers) > 1000, 60, "guests' packets")
        assert uplink_of(gateway)["offered"], uplink_of(gateway)


class Heavy(Asker):
    """About 800 kbit/s in each direction."""

    def __init__(self, place):
        super().__init__(place, interval=0.01, steady=True)

    def _question(self, number):
        return str(number).zfill(1000).encode()
