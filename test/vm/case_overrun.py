# SPDX-License-Identifier: GPL-2.0-or-later
"""More notifications than the sockets hold: what was lost is found again."""

import os
import signal

from lab import LabError, basic_config, limit, wait_for
from reader import Reader

# Room for one or two link messages; without the shim it is 16 MiB.
BUFFER_BYTES = 8192
SYSCTLS = ("net/ipv4/ip_forward", "net/ipv4/conf/all/rp_filter")


def start(lab, small=True):
    """Node a with a meshd whose notification sockets are small, and its peer."""
    shim = lab.build / "test" / "vm" / "libsmall_buffer.so"
    if small and not shim.exists():
        raise LabError(f"{shim} is not built")
    a, b = lab.line("a", "b")
    lab.client(a, "c")
    a.meshd.configure(basic_config(links={"mesh*": {"hop_penalty": 15}}))
    env = {**os.environ, "LD_PRELOAD": str(shim), "SMALL_BUFFER": str(BUFFER_BYTES)}
    a.meshd.start(env=env if small else None)
    lab.bring_up({b: basic_config()})
    a.meshd.wait_converged()
    lab.wait_mesh([a, b])
    reader = Reader(a, SYSCTLS)
    a.wait_addresses()
    return a, b, reader


def overruns(node):
    return node.meshd.status()["reconcile"]["overruns"]


def wait_right(node, reader, before, timeout=20):
    """All is as before. The kernel is asked and not meshd, which a question would make look."""

    def same():
        view = reader.look()
        view.links = {n: link for n, link in view.links.items() if not n.startswith("storm")}
        view.routes = {line for line in view.routes if "storm" not in line}
        lines = before.differences(view)
        if lines or view.tentative:
            raise LabError("; ".join(lines)[:600])
        return True

    wait_for(same, timeout, "all to be as before")
    status = node.meshd.wait_converged()
    assert status["problems"] == [], status["problems"]


def toggle(count):
    """Lines of `ip` for `count` changes of links: made, up, renamed, another MTU, down, gone."""
    lines = []
    for number in range(count // 8):
        lines += [
            f"link add storm{number} type dummy",
            f"link set storm{number} up",
            f"link set storm{number} mtu 1400",
            f"addr add 198.18.{number // 250}.{number % 250 + 1}/32 dev storm{number}",
            f"link set storm{number} down",
            f"link set storm{number} name stormy{number}",
            f"link set stormy{number} up",
            f"link del stormy{number}",
        ]
    return lines


@limit(300)
def case_storm(lab):
    """Thousands of link changes, ours among them: lost notifications, and the state is right."""
    a, _, reader = start(lab)
    before = reader.look()
    lines = toggle(3000)
    drift = [
        "link del mesh1.29", "addr del 10.13.0.1/16 dev anygw", "link set lan0 nomaster",
        "rule del from 10.13.0.1 lookup 170", "link set bat0 mtu 1400",
    ]  # fmt: skip
    for number, line in enumerate(drift):
        lines.insert(len(lines) * (number + 1) // (len(drift) + 1), line)
    a.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n", timeout=200)
    wait_right(a, reader, before, 60)
    status = a.meshd.status()["reconcile"]
    print(f"    {len(lines)} changes: {status['overruns']} overruns, {status['cycles']} cycles")
    assert status["overruns"] > 0, status


def storm_of_no_concern(a):
    """Fills the socket for notifications with what meshd looks at and passes over."""
    routes = [f"route add 198.18.{n // 250}.{n % 250}/32 via 192.0.2.2 table 99"
              for n in range(1000)]  # fmt: skip
    a.run("ip", "-batch", "-", stdin="\n".join(routes) + "\n")


def wait_still(node):
    """Waits until meshd has run no cycle for a while."""
    last = {}

    def still():
        cycles = node.meshd.wait_converged()["reconcile"]["cycles"]
        before, last["cycles"] = last.get("cycles"), cycles
        return cycles == before

    wait_for(still, 20, "meshd to be still", 1)


def lose(lab, small):
    """While meshd sleeps, notifications of no concern fill the socket, then ours changes: the only
    sign of that is the overrun, where the socket is small."""
    a, _, reader = start(lab, small)
    a.ip("link add storm0 type dummy", "link set storm0 up", "addr add 192.0.2.1/24 dev storm0")
    # So that a cycle that still is to come does not find it by chance.
    wait_still(a)
    before = reader.look()
    before.links.pop("storm0")
    before.routes = {line for line in before.routes if "storm" not in line}
    lost = overruns(a)
    a.meshd.process.send_signal(signal.SIGSTOP)
    try:
        storm_of_no_concern(a)
        # Nothing of this sends another notification later.
        reader.change("addr del 10.13.0.1/16 dev anygw", "rule del from 10.13.0.1 lookup 170")
    finally:
        a.meshd.process.send_signal(signal.SIGCONT)
    # Later something else might make it look.
    wait_right(a, reader, before, 15)
    return overruns(a) - lost


@limit(180)
def case_only_sign(lab):
    """The notification of our drift is itself lost: the overrun alone makes meshd look again."""
    lost = lose(lab, small=True)
    print(f"    {lost} overruns")
    assert lost > 0


@limit(180)
def case_room(lab):
    """With meshd's own buffer the same storm loses nothing."""
    assert lose(lab, small=False) == 0
