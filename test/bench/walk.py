#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs inside the lab's kernel, for test/bench/cloud --walk: how long a client that walks from one
end of a cloud to the other hears nothing, with meshd and with plain batman-adv and a bridge that a
script sets: median and worst of ten each, and their ratio."""

import pathlib
import statistics
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "test" / "vm"))
from case_walk import two_clouds, walk  # noqa: E402
from lab import Lab  # noqa: E402
from netns import wait_for  # noqa: E402

WALKS = 10


def gap(walker, target, node, port, script):
    """Walks to the node's new port and returns the longest time without an answer."""
    with walker.pinger(target, rate=50) as ping:
        wait_for(lambda: ping.received > 25, 20, "pings")
        before = ping.received
        walk(walker, node, port)
        if script:
            node.ip(f"link set dev {port} master br-lan")
        wait_for(lambda: ping.received > before + 75, 60, "pings")
    return ping.longest_gap


def main():
    gaps = {"meshd": [], "plain": []}
    with Lab() as lab:
        nodes, _, walker, host, _ = two_clouds(lab)
        ends, target = (nodes[3], nodes[0]), host.lease()["ip"]
        for how, found in gaps.items():
            if how == "plain":
                for node in nodes:
                    node.meshd.kill()
            for number in range(WALKS):
                node = ends[number % 2]
                found.append(gap(walker.client, target, node, "lan7", how == "plain"))
    meshd, plain = (statistics.median(found) for found in gaps.values())
    print(f"gap of a walk, median of {WALKS}: meshd {meshd:.2f} s (worst {max(gaps['meshd']):.2f}), "
          f"plain batman-adv {plain:.2f} s (worst {max(gaps['plain']):.2f}), "
          f"ratio {meshd / plain:.2f}")


if __name__ == "__main__":
    main()
