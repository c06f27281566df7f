#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs inside the lab's kernel, for test/bench/cloud: nodes with many leases each come up on one
wire; how long until every node has every lease, and what meshd and alfred take for it. Times are
also given in sync periods of alfred, since nothing can spread faster than alfred sends."""

import argparse
import contextlib
import os
import pathlib
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "test" / "vm"))
from children import children, full_config, wait_children  # noqa: E402
from lab import Lab  # noqa: E402
from netns import wait_for  # noqa: E402

SYNC_SECONDS = 2
POOL_FIRST = (10 << 24) + (13 << 16) + (128 << 8)


def lease_lines(node, first, count):
    """A lease file as dnsmasq keeps it."""
    expires = int(time.time()) + 3600
    for number in range(first, first + count):
        address = POOL_FIRST + number
        ip = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
        mac = f"0c:00:{node.number:02x}:00:{number >> 8 & 255:02x}:{number & 255:02x}"
        yield f"{expires} {mac} {ip} host{number} *\n"


def cpu_seconds(pid):
    """Seconds that a process has computed, None for one that does not run."""
    if pid is None:
        return None
    text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    fields = text.rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def counts(node):
    return node.meshd.call("status")["cloud_sharing"]["counts"]


def bring_up(lab, node_count, lease_count):
    nodes = [lab.node(f"n{number}") for number in range(1, node_count + 1)]
    lab.segment("air", *nodes)
    for node in nodes:
        node.meshd.configure(full_config())
        node.meshd.state.mkdir(parents=True, exist_ok=True)
        with open(node.meshd.state / "dnsmasq.leases", "w", encoding="ascii") as file:
            file.writelines(lease_lines(node, 1 + lease_count * (node.number - 1), lease_count))
    start = time.monotonic()
    for node in nodes:
        node.meshd.start(wait=False)
    return nodes, start


def spread(nodes, lease_count, start, timeout):
    """Seconds from the start until each node knew the leases of all others."""
    wanted = lease_count * (len(nodes) - 1)
    done = {}

    def all_known():
        for node in nodes:
            if node.name not in done and counts(node)["remote"] >= wanted:
                done[node.name] = time.monotonic() - start
        return len(done) == len(nodes)

    with contextlib.suppress(KeyboardInterrupt):
        wait_for(all_known, timeout, f"{len(nodes)} nodes to know {wanted} leases of others", 0.5)
    return sorted(done.values())


def report(nodes, name):
    memory = sorted(node.meshd.memory_kib() for node in nodes)
    used = {"meshd": [cpu_seconds(node.meshd.pid) for node in nodes]}
    for node in nodes:
        for child, found in children(node).items():
            used.setdefault(child, []).append(cpu_seconds(found["pid"]))
    each = []
    for program, seconds in used.items():
        seconds = [value for value in seconds if value is not None]
        if seconds:
            each.append(f"{program} {sum(seconds) / len(seconds):.2f} s")
    print(f"  {name}: VmRSS of meshd {memory[0]} to {memory[-1]} KiB; computed so far, of each node: "
          f"{', '.join(each)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=10)
    parser.add_argument("--leases", type=int, default=1000, help="of each node")
    options = parser.parse_args()
    with Lab() as lab:
        nodes, start = bring_up(lab, options.nodes, options.leases)
        print(f"{options.nodes} nodes with {options.leases} leases each, started at once")
        times = spread(nodes, options.leases, start, 600)
        print(f"  every lease known to every node after {times[-1]:.1f} s, to the median node after "
              f"{times[len(times) // 2]:.1f} s ({times[-1] / SYNC_SECONDS:.1f} sync periods)")
        report(nodes, "then")
        wait_children(nodes, timeout=400)
        print(f"  dnsmasq has read them on every node after {time.monotonic() - start:.1f} s")
        report(nodes, "then")
        used = [cpu_seconds(node.meshd.pid) for node in nodes]
        time.sleep(30)
        idle = [cpu_seconds(node.meshd.pid) - before for node, before in zip(nodes, used)]
        print(f"  quiet: meshd takes {100 * max(idle) / 30:.2f} % of a CPU")
        status = nodes[0].meshd.status()["cloud_sharing"]
        print(f"  node 1 publishes {status['published_bytes']} bytes")


if __name__ == "__main__":
    main()
