# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes with all their children, and what is asked of them."""

import os
import shutil

from lab import LabError, basic_config, wait_for

BABELD_ONLY = ("babeld", "alfred", "dnsmasq")


def full_config(**sections):
    """A node with everything that is there: babeld, alfred, dnsmasq; bmx7 where it is asked for.
    Nodes of one machine need names of their own."""
    node = {"hostname": "node-%M5%M6", **sections.pop("node", {})}
    return basic_config(children=True, node=node, **sections)


def has_bmx7():
    return shutil.which("bmx7") is not None


def children(node):
    """The node's children by name."""
    return {child["name"]: child for child in node.meshd.call("children")["children"]}


def wait_children(nodes, names=BABELD_ONLY, timeout=40):
    """Waits until the named children of every node run and answer."""
    for node in nodes:

        def running(node=node):
            found = children(node)
            for name in names:
                if found[name]["state"] != "running":
                    raise LabError(f"{name} is {found[name]}")
            return True

        wait_for(running, timeout, f"{node}'s children to run")


def wait_child(node, name, condition, what, timeout=40):
    """Waits until condition(child) of one child and returns the child."""

    def met():
        child = children(node)[name]
        if not condition(child):
            raise LabError(f"{name} is {child}")
        return child

    return wait_for(met, timeout, f"{node}'s {name} {what}")


def pids(node):
    return {name: child["pid"] for name, child in children(node).items() if child["pid"]}


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
