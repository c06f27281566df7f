# SPDX-License-Identifier: GPL-2.0-or-later
"""meshd as a service: what it tells systemd, and its exit."""

import contextlib
import os
import signal
import socket
import time

from lab import LabError, basic_config, wait_for


class Manager:
    """Stands for systemd: the socket that NOTIFY_SOCKET names."""

    def __init__(self, directory):
        self.path = os.fspath(directory / "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.said = []

    def hear(self, word):
        """Has meshd said the word since it was last asked for?"""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.said += self.socket.recv(4096).decode().split("\n")
        if word in self.said:
            self.said = self.said[self.said.index(word) + 1 :]
            return True
        return False

    def wait(self, word, timeout=30):
        wait_for(lambda: self.hear(word), timeout, f"{word} (heard: {self.said})")


def expect(truth, text):
    if not truth:
        raise LabError(text)


def case_notify(lab):
    """READY once the node is up, RELOADING and READY on SIGHUP, the watchdog, STOPPING; exit 0."""
    (node,) = lab.line("n1")
    node.ip("link add mesh0 type dummy")
    manager = Manager(lab.directory)
    node.meshd.configure(basic_config(links={"mesh0": {}}))
    environment = dict(os.environ, NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="1000000")
    node.meshd.start(wait=False, env=environment)
    manager.wait("READY=1")
    expect("bat0" in node.links(), "READY before the mesh interface was there")
    manager.wait("WATCHDOG=1")
    manager.wait("WATCHDOG=1")
    os.kill(node.meshd.pid, signal.SIGHUP)
    manager.wait("RELOADING=1")
    manager.wait("READY=1")
    expect(node.meshd.stop() == 0, "it did not end with 0")
    expect(manager.hear("STOPPING=1"), f"no STOPPING=1 in {manager.said}")


def case_ready_though_not_whole(lab):
    """A node that misses a link is ready all the same, and says so in STATUS."""
    (node,) = lab.line("n1")
    node.ip("link add mesh0 type dummy")
    manager = Manager(lab.directory)
    node.meshd.configure(basic_config(links={"mesh0": {}, "mesh9": {}}))
    node.meshd.start(wait=False, env=dict(os.environ, NOTIFY_SOCKET=manager.path))
    manager.wait("READY=1")
    manager.wait("STATUS=1 problems, the first: link mesh9 is not there")


def case_quiet(lab):
    """An idle node does not run at all: no context switch in a minute."""
    (node,) = lab.line("n1")
    node.ip("link add mesh0 type dummy")
    node.meshd.configure(basic_config(links={"mesh0": {}}))
    node.meshd.start()
    node.meshd.wait_converged()
    time.sleep(30)  # the kernel's own late messages: tentative addresses, the bridge's first timers
    before = switches(node.meshd.pid)
    time.sleep(60)  # the minute that is measured
    after = switches(node.meshd.pid)
    expect(after == before, f"it ran {after - before} times in an idle minute")


def switches(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
