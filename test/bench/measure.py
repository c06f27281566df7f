#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs inside the lab's kernel, for test/bench/apply: how long a node takes to come up, next to
the bare limit and to what people do by hand today. Prints one table; every figure is a ratio to
another of the same run, or memory."""

import argparse
import contextlib
import itertools
import os
import pathlib
import socket
import statistics
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "test" / "vm"))
from lab import CHILDLESS, Lab  # noqa: E402
from netns import Namespace, wait_for  # noqa: E402

FIRST_DUMMY = 100  # as in bare_links.c
WARM_UP = 4  # laps until modules are loaded and the emulator has translated what runs
CONFIG = {
    "cloud": {"ssid": "LibreMesh.org"},
    "links": {"dummy*": {}},
    "node": {"primary_link": "dummy0"},
    **CHILDLESS,
}
# What meshd's default profile sets other than batman-adv itself.
MESH_COMMANDS = ("it 1000", "bl 1", "dat 0", "mff 1", "gw client", "hp 30", "f 1", "ag 1")
SYSCTLS = {
    "net/ipv4/ip_forward": 1,
    "net/ipv6/conf/all/forwarding": 1,
    "net/ipv4/conf/all/rp_filter": 2,
    "net/ipv4/conf/default/rp_filter": 2,
}


class Ready:
    """Where meshd says READY=1, as to systemd."""

    def __init__(self, directory):
        self.path = str(directory / "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(300)

    def wait(self):
        while b"READY=1" not in self.socket.recv(4096):
            pass

    def close(self):
        self.socket.close()
        os.unlink(self.path)


laps = itertools.count()


@contextlib.contextmanager
def machine(lab, count):
    """A node with count unused links."""
    name = f"lap{next(laps)}"
    node = lab.node(name)
    try:
        node.ip(
            *(
                f"link add index {FIRST_DUMMY + i} name dummy{i} "
                f"address 02:00:00:01:{i >> 8:02x}:{i & 255:02x} type dummy"
                for i in range(count)
            )
        )
        yield node
    finally:
        node.meshd.stop()
        node.close()
        lab.nodes.pop(name)
        wait_for(lambda: not namespaces_go(), 60, "the kernel to take the namespace apart")


def namespaces_go():
    """Whether the kernel is taking a namespace apart: a worker ("kworker/u4:1+netns") does so when
    its last user has gone, and keeps every other change of links waiting meanwhile."""
    for path in pathlib.Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if path.read_text(encoding="ascii").rstrip().endswith("+netns"):
                return True
    return False


def timed(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


def vm_rss(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise LookupError("no VmRSS")


def switches(pid):
    """How often the process has run: context switches of either kind."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return sum(int(line.split()[1]) for line in text.splitlines() if "ctxt_switches" in line)


def cycle_seconds(meshd):
    return meshd.status()["reconcile"]["last_seconds"]


def cold_start(lab, node):
    """Seconds from the start until READY, of the cycles until all is there, and of their applies."""
    meshd = node.meshd
    meshd.configure(CONFIG)
    ready = Ready(lab.directory)

    def start():
        environment = dict(os.environ, NOTIFY_SOCKET=ready.path)
        meshd.start(wait=False, env=environment)
        ready.wait()

    figures = {"cold": timed(start)}
    ready.close()
    meshd.wait_converged(120)
    record = meshd.status()["reconcile"]
    figures["cold apply"] = record["apply_seconds_total"]
    figures["cold cycle"] = record["change_seconds_total"]
    return figures


def measure_cold(lab, count):
    """A cold start and the bare batch, one after the other, so that neither has the machine warm."""
    with machine(lab, count) as node:
        figures = cold_start(lab, node)
    return {**figures, "bare": measure_bare(lab, count)}


def measure_meshd(lab, count, keep):
    """Memory, then a cycle with nothing to do, then one VLAN to heal."""
    figures = {}
    with machine(lab, count) as node:
        meshd = node.meshd
        cold_start(lab, node)
        figures["rss"] = vm_rss(meshd.pid)
        figures["idle"] = nothing_to_do(meshd)
        figures["heal"] = heal(node, count)
        meshd.wait_converged(60)
        if keep:
            figures["ruleset"] = node.run("nft", "list", "table", "bridge", "meshd")
            figures["wake-ups"] = wake_ups(meshd)
    return figures


def nothing_to_do(meshd):
    """Seconds of a cycle that finds all as it should be, median of 15, one after the other as cold
    starts are."""
    seconds = []
    for _ in range(15):
        cycles = meshd.status()["reconcile"]["cycles"]
        meshd.reload()
        wait_for(lambda n=cycles: meshd.status()["reconcile"]["cycles"] > n, 60, "a cycle", 0.02)
        seconds.append(cycle_seconds(meshd))
    return statistics.median(seconds)


def heal(node, count):
    """Seconds of the cycle that mends one deleted VLAN, median of five."""
    seconds = []
    for turn in range(5):
        name = f"dummy{(count * (turn + 1)) // 6}.29"
        time.sleep(2)  # not a wait: a change after a quiet moment is what is measured
        changes = node.meshd.status()["reconcile"]["operations"]
        node.ip(f"link del {name}")
        wait_for(
            lambda n=changes: node.meshd.status()["reconcile"]["operations"] > n, 60, name, 0.1
        )
        wait_for(lambda: not node.meshd.plan(), 60, "the plan to be empty", 0.3)
        seconds.append(node.meshd.status()["reconcile"]["change_seconds"])
    return statistics.median(seconds)


def wake_ups(meshd, seconds=60):
    time.sleep(20)  # the kernel's last words about new links
    before = switches(meshd.pid)
    time.sleep(seconds)
    return switches(meshd.pid) - before


def ip_steps(count):
    """The ip commands that make the same node by hand."""
    yield "link add br-lan address 02:00:00:00:00:01 mtu 1500 type bridge stp_state 0"
    yield "link set br-lan up"
    yield "link add bat0 address 02:00:00:00:00:02 type batadv ra BATMAN_IV"
    yield "link set bat0 master br-lan"
    yield "link set bat0 up"
    yield "link set bat0 type bridge_slave mcast_router 2"
    yield "link add anygw link br-lan address aa:aa:aa:0d:fe:aa type macvlan mode private"
    yield "link set anygw up"
    for i in range(count):
        yield f"link set dummy{i} mtu 1536"
        yield f"link set dummy{i} up"
        yield (
            f"link add link dummy{i} name dummy{i}.29 address 02:01:{i >> 8:02x}:{i & 255:02x}:3:4 "
            "mtu 1532 type vlan id 29"
        )
        yield f"link set dummy{i}.29 master bat0"
        yield f"link set dummy{i}.29 up"
        yield f"link add link dummy{i} name dummy{i}.17 mtu 1500 type vlan id 17"
        yield f"link set dummy{i}.17 up"
        yield f"addr add 10.13.0.9/32 dev dummy{i}.17"
    yield "addr add 10.13.0.9/16 dev br-lan"
    yield "addr add fd0d:fe46:8ce8::9/64 dev br-lan"
    yield "addr add 10.13.0.1/16 metric 2147483647 dev anygw"
    yield "addr add fd0d:fe46:8ce8::1/64 nodad metric 2147483647 dev anygw"
    yield "route add 10.13.0.0/16 dev anygw table 170"
    yield "route add fd0d:fe46:8ce8::/64 dev anygw table 170"
    yield "rule add from 10.13.0.1 table 170 priority 10"


def write_script(lab, count, ruleset, batched):
    """A shell script: ip -batch, batctl and nft -f, or one call for every step."""
    rules = lab.directory / "rules.nft"
    rules.write_text(ruleset, encoding="utf-8")
    lines = ["set -e"]
    steps = list(ip_steps(count))
    if batched:
        batch = lab.directory / "steps"
        batch.write_text("\n".join(steps) + "\n", encoding="ascii")
        lines += [f"nft -f {rules}", f"ip -batch {batch}"]
    else:
        lines += [f"ip {step}" for step in steps] + [f"nft -f {rules}"]
    lines.append("ip -6 rule add from fd0d:fe46:8ce8::1 table 170 priority 10")
    lines += [f"batctl meshif bat0 {command}" for command in MESH_COMMANDS]
    lines += [f"echo {value} > /proc/sys/{path}" for path, value in SYSCTLS.items()]
    script = lab.directory / "script"
    script.write_text("\n".join(lines) + "\n", encoding="ascii")
    return script


def measure_bare(lab, count):
    """Seconds of the bare batch itself; the links below are set up before."""
    with machine(lab, count) as node:
        node.ip(
            *(
                step
                for i in range(count)
                for step in (f"link set dummy{i} mtu 1536", f"link set dummy{i} up")
            )
        )
        return float(node.run(lab.build / "test" / "bench" / "bare_links", count))


def measure_script(lab, count, script):
    """Seconds of a shell script from start to end, as its user waits for it."""
    with machine(lab, count) as node:
        return timed(lambda: node.run("sh", script, timeout=900))


def runs_for(count):
    return 5 if count <= 10 else 3 if count <= 100 else 2


def cold_laps(count):
    """The shorter, the more of them: what else the machine does weighs as much as a link."""
    return 31 if count <= 10 else 15 if count <= 100 else 9


def median_of(count, measure):
    return statistics.median(measure() for _ in range(runs_for(count)))


def medians(results, keys):
    return {key: statistics.median(result[key] for result in results) for key in keys}


def measure(lab, count, shell):
    """All the figures of one size."""
    for _ in range(WARM_UP if count <= 10 else 1):
        measure_cold(lab, count)
    cold = [measure_cold(lab, count) for _ in range(cold_laps(count))]
    results = [measure_meshd(lab, count, lap == 0) for lap in range(runs_for(count))]
    figures = medians(cold, ("cold", "cold apply", "cold cycle", "bare"))
    figures.update(medians(results, ("idle", "heal", "rss")))
    figures["wake-ups"] = results[0]["wake-ups"]
    ruleset = results[0]["ruleset"]
    batched = write_script(lab, count, ruleset, True)
    figures["batch"] = median_of(count, lambda: measure_script(lab, count, batched))
    if shell:
        steps = write_script(lab, count, ruleset, False)
        runs = range(3 if count <= 10 else 1)
        figures["shell"] = statistics.median(measure_script(lab, count, steps) for _ in runs)
    return figures


def show(count, figures, per_link):
    """cold: from the start of the process until it says READY, as peers are timed. cold cycle: the
    cycles from then until all is there (read the kernel, compare, apply). cold apply: of those the
    applies, from the first operation to the last answer, as the bare batch is timed. Idle and heal
    are cycles, and compared with those."""
    cold, cycle, apply = figures["cold"], figures["cold cycle"], figures["cold apply"]
    rows = [
        ("cold apply against the bare batch of the same links", apply / figures["bare"], "<= 1.5"),
        ("  its whole cycles (read, compare, apply) against it", cycle / figures["bare"], ""),
        ("ip -batch + batctl + nft -f against cold start", figures["batch"] / cold, ">= 2"),
        ("a cycle with nothing to do against the cold one", figures["idle"] / cycle, "< 0.1"),
        ("a cycle that heals one VLAN against the cold one", figures["heal"] / cycle, "< 0.1"),
    ]
    if "shell" in figures:
        rows.insert(3, ("one call a step against cold start", figures["shell"] / cold, ">= 20"))
    if 100 in per_link and count == 500:
        rows.append(
            ("time per link against that at 100 links", per_link[500] / per_link[100], "<= 1.5")
        )
        bare = figures["bare"] / 500 / per_link["bare"]
        rows.append(("  the same of the bare batch", bare, ""))
    print(f"\n{count} links x 2 VLANs")
    for text, ratio, goal in rows:
        print(f"  {text:<52} {ratio:8.3f}   {'goal ' + goal if goal else ''}")
    print(f"  {'resident memory, MiB':<52} {figures['rss'] / 1024:8.2f}")
    print(f"  {'times meshd ran in 60 idle seconds':<52} {figures['wake-ups']:8d}   goal 0")
    seconds = ", ".join(
        f"{key} {figures[key]:.3f}"
        for key in ("cold", "cold cycle", "cold apply", "bare", "batch", "shell", "idle", "heal")
        if key in figures
    )
    print(f"  (seconds on this kernel: {seconds})", flush=True)


def place_programs_alike():
    """QEMU's translator keeps what it has translated by address, so a program at a random one is
    translated anew at every start, which takes longer than anything the program does. That is the
    emulator's time, not the node's; both sides are spared it."""
    path = pathlib.Path("/proc/sys/kernel/randomize_va_space")
    path.write_text("0", encoding="ascii")


@contextlib.contextmanager
def hooks_in_use():
    """The kernel writes its own code anew when the first program asks for a bridge hook. Where a
    processor runs that code that takes some 20 microseconds; the emulator stops all processors and
    throws its translation away, which takes it as long as a link. Somebody else's table keeps them."""
    chains = "".join(
        f"chain {hook} {{ type filter hook {hook} priority 0; }}\n"
        for hook in ("prerouting", "forward", "postrouting")
    )
    holder = Namespace("hooks")
    try:
        holder.run("nft", "-f", "-", stdin=f"table bridge hold {{\n{chains}}}\n")
        yield
    finally:
        holder.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[2, 10, 100, 500])
    parser.add_argument("--no-shell", action="store_true", help="leave out the slowest peer")
    arguments = parser.parse_args()
    per_link = {}
    place_programs_alike()
    with Lab() as lab, hooks_in_use():
        for count in arguments.counts:
            figures = measure(lab, count, not arguments.no_shell)
            per_link[count] = figures["cold apply"] / count
            if count == 100:
                per_link["bare"] = figures["bare"] / count
            show(count, figures, per_link)


if __name__ == "__main__":
    main()
