# SPDX-License-Identifier: GPL-2.0-or-later
"""Links that come and go, and a program that undoes what meshd does."""

import threading
import time

from lab import LabError, basic_config, limit, wait_for
from reader import Reader
from watch import Watch

FLAPS = 100
# The allocator may take a step, but what leaks grows with every ten flaps: 1.3 KiB each would show.
STEP_KIB = 512
HALF_KIB = 64
# babeld's address and hardif settings stand on the VLANs: they come and go with them.
LINKS = {"mesh*": {"hop_penalty": 15}}


def two_nodes(lab, links=None):
    a, b = lab.line("a", "b")
    lab.client(a, "c")
    lab.bring_up({a: basic_config(links=links or LINKS), b: basic_config()})
    lab.wait_mesh([a, b])
    return a, b


def find(status, name):
    return next((link for link in status["links"] if link["name"] == name), None)


def attached(reader, name):
    """Whether a mesh link's VLANs do their work. The kernel is asked and not meshd, which a question
    would make look."""
    links = {link["ifname"]: link for link in reader.ask_ip("address show") if link.get("ifname")}
    try:
        hardif, layer3 = links[f"{name}.29"], links[f"{name}.17"]
    except KeyError:
        return False
    addresses = {entry["local"] for entry in layer3["addr_info"]}
    return (
        hardif.get("master") == "bat0"
        and "UP" in hardif["flags"]
        and "UP" in layer3["flags"]
        and "10.13.1.1" in addresses
    )


def flap(lab, reader, b, macs):
    """The wire between the nodes goes, comes back, and is taken. Seconds until then."""
    reader.change("link del mesh1")
    assert not attached(reader, "mesh1")
    start = time.monotonic()
    lab.link(reader.node, "mesh1", b, "mesh0", *macs)
    # Less than the guard's shortest truce.
    wait_for(lambda: attached(reader, "mesh1"), 9, "mesh1 to be attached", 0.01)
    return time.monotonic() - start


def check_peace(node):
    """No object is left alone as at war, and nothing was refused."""
    status = node.meshd.status()
    problems = [p for p in status["problems"] if p["kind"] != "no-carrier"]
    assert not problems, problems
    log = node.meshd.log_path.read_text(encoding="utf-8")
    assert "keeps undoing" not in log, log[-2000:]


@limit(500)
def case_hundred_times(lab):
    """A link vanishes and comes back 100 times: attached each time; no memory or descriptor leaks."""
    a, b = two_nodes(lab)
    macs = (a.mac("mesh1"), b.mac("mesh0"))
    bridge = a.links()["br-lan"]["ifindex"], a.links()["bat0"]["ifindex"]
    reader = Reader(a)
    open_files = a.meshd.descriptors()
    sizes, times = {}, []
    for number in range(1, FLAPS + 1):
        times.append(flap(lab, reader, b, macs))
        check_peace(a)
        if number % 10 == 0:
            a.meshd.wait_converged()
            # One more is that of our own last call, which meshd closes a moment later.
            wait_for(lambda: a.meshd.descriptors() <= open_files, 5, f"{open_files} descriptors")
            sizes[number] = (a.meshd.memory_kib(), a.meshd.memory_kib("RssAnon"))
    lab.wait_mesh([a, b])
    assert (a.links()["br-lan"]["ifindex"], a.links()["bat0"]["ifindex"]) == bridge
    status = a.meshd.wait_converged()["reconcile"]
    times.sort()
    print(f"    {open_files} descriptors; after flaps VmRSS, RssAnon in KiB: "
          + "; ".join(f"{n}: {kib}, {anon}" for n, (kib, anon) in sizes.items()))  # fmt: skip
    print(f"    attached after {times[0] * 1000:.0f} ms at least, "
          f"{times[FLAPS // 2] * 1000:.0f} ms in the middle, {times[-1] * 1000:.0f} ms at most; "
          f"{status['cycles']} cycles, {status['failures']} failed operations")  # fmt: skip
    own = [anon for _, anon in sizes.values()]
    # Back-off and heap rise and fall like a saw: the lowest of each half tell what stays.
    half = len(own) // 2
    assert min(own[half:]) - min(own[:half]) <= HALF_KIB and own[-1] - own[0] <= STEP_KIB, sizes
    hardif = find(a.meshd.status(), "mesh1")["vlans"][0]
    assert a.run("batctl", "hardif", hardif["name"], "hop_penalty").strip() == "15"


@limit(300)
def case_fast(lab):
    """Links that come and go faster than meshd looks: in the end all is right."""
    a, b = two_nodes(lab)
    macs = (a.mac("mesh1"), b.mac("mesh0"))
    once = (
        "link del mesh1",
        f"link add mesh1 address {macs[0]} type veth peer name mesh0 address {macs[1]} netns lab-b",
        "link set mesh1 up",
    )
    a.ip(*once * 50)
    b.ip("link set mesh0 up")
    reader = Reader(a)
    wait_for(lambda: attached(reader, "mesh1"), 20, "mesh1 to be attached")
    a.meshd.wait_converged()
    check_peace(a)
    lab.wait_mesh([a, b])


@limit(180)
def case_glob(lab):
    """A link that a glob matches is taken when it appears; it is only missed when named exactly."""
    a, b = two_nodes(lab, {"mesh*": {"hop_penalty": 15}, "uplink7": {}})
    missing = [p["object"] for p in a.meshd.status()["problems"] if p["kind"] == "link-missing"]
    assert missing == ["uplink7"], missing
    reader = Reader(a)
    lab.link(a, "mesh9", b, "mesh9")
    wait_for(lambda: attached(reader, "mesh9"), 10, "mesh9 to be taken")
    lab.link(a, "uplink7", b, "mesh7")
    wait_for(lambda: attached(reader, "uplink7"), 10, "uplink7 to be taken")
    assert a.meshd.wait_converged()["problems"] == []
    a.ip("link del mesh9", "link del uplink7")

    def missed():
        status = a.meshd.status()
        names = {link["name"]: link["present"] for link in status["links"]}
        objects = [p["object"] for p in status["problems"] if p["kind"] == "link-missing"]
        return names == {"mesh1": True, "uplink7": False} and objects == ["uplink7"] or _refuse(
            (names, objects)
        )

    wait_for(missed, 10, "uplink7, and only that, to be missed")
    assert "uplink7" in a.meshd.meshctl("status", check=False).stdout
    # A port that a glob matches, too.
    a.ip("link add lan5 type veth peer name lan5-peer", "link set lan5-peer up")
    wait_for(lambda: a.links()["lan5"].get("master") == "br-lan", 10, "lan5 to be a port")
    a.ip("link del lan5")
    a.meshd.wait_converged()


@limit(180)
def case_renamed(lab):
    """A link that gets a matching name later is taken; one that loses it is given back."""
    a, b = two_nodes(lab)
    lab.link(a, "wire0", b, "mesh9", up=False)
    a.meshd.wait_converged()
    assert find(a.meshd.status(), "wire0") is None
    a.ip("link set wire0 name mesh5")
    b.ip("link set mesh9 up")
    reader = Reader(a)
    wait_for(lambda: attached(reader, "mesh5"), 10, "mesh5 to be taken")
    a.ip("link set mesh5 down", "link set mesh5 name wire0")

    def gone():
        links = a.links()
        left = [name for name in links if name.startswith("mesh5")]
        return "wire0" in links and not left or _refuse(left)

    wait_for(gone, 10, "the VLANs of mesh5 to go")
    a.meshd.wait_converged()
    check_peace(a)


class Enemy(threading.Thread):
    """Deletes a link each time it is there."""

    def __init__(self, reader, link):
        super().__init__(daemon=True)
        self.reader, self.link = reader, link
        self.deleted = []
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            links = self.reader.ask_ip("link show")
            if any(link.get("ifname") == self.link for link in links):
                self.reader.change(f"link del {self.link}")
                self.deleted.append(time.monotonic())
            self.stopping.wait(0.02)

    def stop(self):
        self.stopping.set()
        if self.is_alive():
            self.join()


def war_of(node, name):
    problems = node.meshd.status()["problems"]
    return [p for p in problems if p["kind"] == "undone-by-another" and p["object"] == name]


def rest(view, name):
    """What is not the object and does not stand on it."""
    view.links.pop(name, None)
    view.routes = {line for line in view.routes if f'"{name}"' not in line}
    view.settings = {k: v for k, v in view.settings.items() if not k.startswith(name)}
    view.indexes.pop(name, None)
    return view


def wait_same(reader, before):
    def same():
        lines = before.differences(rest(reader.look(), "mesh1.29"))
        return not lines or _refuse("; ".join(lines)[:400])

    wait_for(same, 8, "all but mesh1.29 to be as before")


@limit(240)
def case_war(lab):
    """A program that deletes a VLAN each time: meshd backs off and names it; the rest is untouched."""
    a, b = lab.line("a", "b")
    lab.link(a, "mesh2", b, "mesh2")
    lab.client(a, "c")
    lab.bring_up({a: basic_config(links=LINKS), b: basic_config()})
    lab.wait_mesh([a, b])
    reader = Reader(a)
    a.wait_addresses()
    before = rest(reader.look(), "mesh1.29")
    enemy = Enemy(Reader(a), "mesh1.29")
    try:
        fight(lab, a, b, reader, before, enemy)
    finally:
        enemy.stop()


def fight(lab, a, b, reader, before, enemy):
    with Watch(a) as watch:
        start = time.monotonic()
        enemy.start()
        problem = wait_for(lambda: war_of(a, "mesh1.29"), 30, "meshd to see the war")[0]
        seen, fights = time.monotonic(), len(enemy.deleted)
        print(f"    war seen after {seen - start:.1f} s and {fights} deletions: {problem['text']}")
        assert fights <= 8, fights
        assert problem["severity"] == "error" and problem["hint"], problem
        # During the truce other drift is healed as ever, and nothing more is tried.
        reader.change("addr del 10.13.1.1/16 dev br-lan", "link set bat0 nomaster")
        wait_same(reader, before)
        assert war_of(a, "mesh1.29")
        assert len(enemy.deleted) - fights <= 1, "meshd does not keep the truce"
    assert rest(reader.look(), "mesh1.29").indexes == before.indexes
    assert watch.hurt() <= {"mesh1.29", "bat0"}, watch.hurt()
    # The enemy goes on: a second, longer truce after one more try.
    wait_for(lambda: len(enemy.deleted) > fights, 30, "meshd to try again")
    wait_for(lambda: war_of(a, "mesh1.29"), 5, "the second truce")
    tried = len(enemy.deleted)
    enemy.stop()
    peace = time.monotonic()
    wait_for(lambda: attached(reader, "mesh1"), 40, "the VLAN to come back")
    print(f"    {tried} deletions in all; back {time.monotonic() - peace:.1f} s after the program's end")
    status = a.meshd.wait_converged()
    assert status["problems"] == [], status["problems"]
    wait_same(reader, before)
    lab.wait_mesh([a, b])


@limit(120)
def case_war_of_address(lab):
    """The same with an address and a policy rule: each is named, and the other objects heal."""
    a, _ = two_nodes(lab)
    reader = Reader(a)
    address, rule = "10.13.0.1/16 dev anygw", "from 10.13.0.1/32 lookup 170 priority 10"

    def undo():
        reader.change("addr del 10.13.0.1/16 dev anygw")
        reader.change("rule del from 10.13.0.1 lookup 170")
        objects = {p["object"] for p in a.meshd.status()["problems"]
                   if p["kind"] == "undone-by-another"}  # fmt: skip
        return {address, rule} <= objects or _refuse(objects)

    wait_for(undo, 30, "both wars to be seen", 0.1)
    reader.change("link set anygw mtu 1400")
    wait_for(lambda: a.links()["anygw"]["mtu"] == 1500, 5, "the MTU to heal")
    a.meshd.reload()
    status = a.meshd.wait_converged()
    assert status["problems"] == [], status["problems"]


def _refuse(text):
    raise LabError(str(text))
