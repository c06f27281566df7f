#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The inside of test/lab/demo: four nodes on one wire, two clouds, and what must hold of them."""

import pathlib
import platform
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vm"))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from lab import Lab, LabError, basic_config, wait_for  # noqa: E402
from netns import Hopeless  # noqa: E402

PICTURE = """
   laptop   laptop            laptop   laptop
     |        |                 |        |
   mill     tower             barn     school        four nodes
     |        |                 |        |
   ==+========+=================+========+==         one wire (or one radio channel)

   cloud "LibreMesh.org"      cloud "MyCommunity"    the cloud comes from the SSID
   VLAN 29, 10.13.0.0/16      VLAN 206, 10.190.0.0/16
   VLAN 17: layer 3, common to both
"""
SSIDS = {
    "mill": "LibreMesh.org",
    "tower": "LibreMesh.org",
    "barn": "MyCommunity",
    "school": "MyCommunity",
}
# What LibreMesh derives from them.
CLOUDS = {
    "LibreMesh.org": {"network": "10.13", "gateway": "10.13.0.1", "mac": "aa:aa:aa:0d:fe:aa"},
    "MyCommunity": {"network": "10.190", "gateway": "10.190.0.1", "mac": "aa:aa:aa:be:ef:aa"},
}


class Show:
    """Prints and counts the checks."""

    def __init__(self):
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}

    def check(self, what, function):
        """One line: what holds, or why it does not."""
        start = time.monotonic()
        try:
            more = function()
            self.counts["passed"] += 1
            text = f" ({more})" if isinstance(more, str) else ""
            print(f"ok    {what}{text}  [{time.monotonic() - start:.1f} s]", flush=True)
        except (LabError, Hopeless, AssertionError) as why:
            self.counts["failed"] += 1
            print(f"FAIL  {what}: {why}", flush=True)

    def skip(self, what, why):
        self.counts["skipped"] += 1
        print(f"skip  {what}: {why}", flush=True)


class Village:
    """The four nodes and a laptop behind each."""

    def __init__(self, lab):
        self.lab = lab
        self.nodes = {name: lab.node(name) for name in SSIDS}
        self.air = lab.segment("wire", *self.nodes.values())
        self.laptops = {}
        for name, node in self.nodes.items():
            cloud = CLOUDS[SSIDS[name]]
            laptop = lab.client(node, f"{name}-laptop")
            laptop.address = f"{cloud['network']}.200.{node.number}"
            laptop.configure(f"{laptop.address}/16", gateway=cloud["gateway"])
            self.laptops[name] = laptop

    def pairs(self):
        return (("mill", "tower"), ("barn", "school"))

    def start(self):
        self.lab.bring_up(
            {
                node: basic_config(SSIDS[name], node={"hostname": name, "primary_link": "mesh0"})
                for name, node in self.nodes.items()
            }
        )

    def see_each_other(self):
        for names in self.pairs():
            self.lab.wait_mesh([self.nodes[name] for name in names])

    def plans_are_empty(self):
        for node in self.nodes.values():
            done = node.meshd.meshctl("plan", check=False)
            assert done.returncode == 0, f"{node}: {done.stdout}{done.stderr}"

    def talk(self):
        for one, other in self.pairs():
            self.laptops[one].reaches(self.laptops[other].address, timeout=30)

    def nothing_crosses(self):
        """A broadcast in one cloud, and what the other cloud's laptops hear."""
        mac = self.laptops["mill"].mac("eth0")
        home = self.laptops["tower"].capture("eth0")
        away = [self.laptops[name].capture("eth0") for name in ("barn", "school")]
        address = f"{CLOUDS['LibreMesh.org']['network']}.200.99"
        self.laptops["mill"].run("ping", "-c", "1", "-W", "1", address, check=False)
        wait_for(
            lambda: home.matching(lambda f: f.src == mac and f.arp_target == address),
            10, "the broadcast in its own cloud",
        )  # fmt: skip
        for capture in away:
            capture.stop()
            leaked = capture.matching(lambda f: f.concerns(mac=mac))
            assert not leaked and not capture.lost, leaked[:3]
        return "an ARP broadcast of mill's laptop reached tower's, none of the others"

    def gateways(self):
        captures = [(name, node.capture("bat0")) for name, node in self.nodes.items()]
        for name, laptop in self.laptops.items():
            cloud = CLOUDS[SSIDS[name]]
            laptop.ip(f"neigh flush to {cloud['gateway']}")
            laptop.reaches(cloud["gateway"])
            found = laptop.neighbour(cloud["gateway"])
            assert found == cloud["mac"], found
        for name, capture in captures:
            capture.stop()
            cloud = CLOUDS[SSIDS[name]]
            leaked = capture.matching(lambda f, c=cloud: f.concerns(mac=c["mac"], ip=c["gateway"]))
            assert not leaked, f"{name}: {leaked[:3]}"
        return "no frame of the gateway's MAC or address on any bat0"

    def join_at_layer3(self):
        for name, node in self.nodes.items():
            files = [str(self.lab.directory / f"babeld-{name}.{end}") for end in ("pid", "state")]
            node.start(
                "babeld", "-I", files[0], "-S", files[1], "-h", "1", "-H", "1",
                "-C", "redistribute if br-lan", "-C", "redistribute local deny", "mesh0.17",
            )  # fmt: skip
        self.laptops["mill"].reaches(self.laptops["barn"].address, timeout=60)
        return "mill's laptop reaches barn's through VLAN 17"

    def heal(self):
        """Somebody deletes the cloud's VLAN; only that comes back, with nothing else touched."""
        node = self.nodes["mill"]
        before = node.snapshot().ifindexes()
        node.ip("link del mesh0.29")
        start = time.monotonic()
        wait_for(
            lambda: node.links().get("mesh0.29", {}).get("master") == "bat0",
            20, "the VLAN's return",
        )  # fmt: skip
        seconds = time.monotonic() - start
        node.meshd.wait_converged()
        after = node.snapshot().ifindexes()
        changed = {name for name in before if before[name] != after.get(name)}
        assert changed == {"mesh0.29"}, changed
        # meshd's part is done. For up to 30 s batman-adv keeps away a neighbour that starts anew with
        # lower sequence numbers; then the laptops talk again.
        self.see_each_other()
        self.talk()
        return f"mesh0.29 deleted by hand, back after {seconds:.1f} s; no other link was touched"

    def restart(self):
        self.talk()
        with self.laptops["mill"].pinger(self.laptops["tower"].address, rate=50) as ping:
            wait_for(lambda: ping.received > 20, 20, "pings")
            self.nodes["mill"].meshd.kill()
            self.nodes["mill"].meshd.start()
            self.nodes["mill"].meshd.wait_converged()
            sent = ping.sent
            wait_for(lambda: ping.sent > sent + 20, 20, "more pings")
        assert ping.lost == 0, ping
        return f"{ping.sent} pings of a laptop went on, none lost"


def run(lab, show):
    village = Village(lab)
    print(f"Linux {platform.release()}\n{PICTURE}", flush=True)
    show.check("four meshd start, and find nothing left to do", village.start)
    if show.counts["failed"]:
        return
    show.check("nodes of one cloud see each other in batman-adv", village.see_each_other)
    show.check("laptops of one cloud talk", village.talk)
    show.check("the clouds are apart at layer 2", village.nothing_crosses)
    show.check("each laptop's gateway is its own node", village.gateways)
    if shutil.which("babeld"):
        show.check("the clouds meet at layer 3", village.join_at_layer3)
    else:
        show.skip("the clouds meet at layer 3", "no babeld")
    show.check("what is broken by hand is mended", village.heal)
    show.check("kill -9 and restart of a meshd disturbs nobody", village.restart)
    show.check("meshctl plan finds no difference on any node", village.plans_are_empty)
    for name, node in village.nodes.items():
        print(f"\n--- {name}: meshctl status " + "-" * (60 - len(name)))
        print(node.meshd.meshctl("status", check=False).stdout, flush=True)


def main():
    show = Show()
    with Lab() as lab:
        run(lab, show)
    print(", ".join(f"{number} {what}" for what, number in show.counts.items()))
    return 1 if show.counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
