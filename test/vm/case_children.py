# SPDX-License-Identifier: GPL-2.0-or-later
"""Supervision: whatever happens to a child, the node recovers and meshd does not grow."""

import contextlib
import os
import pathlib
import signal
import stat
import time

from children import BABELD_ONLY, children, full_config, is_alive, pids, wait_child, wait_children
from lab import LabError, limit, wait_for

KILLS = 50
ALL = BABELD_ONLY
BACK_OFF_MOST = 30


def one_node(lab, **sections):
    """A node with a neighbour, so that babeld has a link with carrier."""
    node, other = lab.line("n1", "n2")
    client = lab.client(node, "c1")
    lab.bring_up({node: full_config(**sections)})
    wait_children([node])
    return node, other, client


def kill_many(node, name, times):
    """Kills a child again and again, each time as soon as it answers."""
    recovered = []
    for _ in range(times):
        pid = wait_child(node, name, lambda c: c["state"] == "running", "to run", 60)["pid"]
        start = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        wait_child(node, name, lambda c, p=pid: c["state"] == "running" and c["pid"] != p,
                   "to be back", 60)
        recovered.append(time.monotonic() - start)
    return recovered


@limit(900)
def case_killed(lab):
    """Each child killed 50 times with KILL: it comes back each time, meshd does not grow."""
    node, _, _ = one_node(lab)
    for name in ALL:
        kill_many(node, name, 5)
    memory, descriptors = node.meshd.memory_kib(), node.meshd.descriptors()
    for name in ALL:
        restarts = children(node)[name]["restarts"]
        recovered = sorted(kill_many_resetting(node, name, KILLS - 5))
        child = children(node)[name]
        print(f"  {name}: back after {recovered[0]:.2f} / {recovered[len(recovered) // 2]:.2f} / "
              f"{recovered[-1]:.2f} s (min/median/max), {child['restarts']} restarts")
        assert child["restarts"] >= restarts + KILLS - 5, child
        assert len(child["exits"]) == 10, child["exits"]
        assert all(exit_["signal"] == "KILL" for exit_ in child["exits"]), child["exits"]
    assert node.meshd.descriptors() == descriptors, (descriptors, node.meshd.descriptors())
    grown = node.meshd.memory_kib() - memory
    print(f"  meshd: VmRSS {memory} KiB, {grown:+d} after {(KILLS - 5) * len(ALL)} kills")
    assert grown < 200, grown
    node.meshd.wait_converged()


def kill_many_resetting(node, name, times):
    """As kill_many; `meshctl restart` forgets the back-off, so that 50 kills take no hours."""
    recovered = []
    for _ in range(times):
        recovered += kill_many(node, name, 1)
        with contextlib.suppress(LabError):
            if recovered[-1] > 3:
                node.meshd.call("restart", {"name": name})
                wait_child(node, name, lambda c: c["state"] == "running", "to run", 60)
    return recovered


@limit(240)
def case_hung(lab):
    """Each child stopped with STOP: noticed within 10 s, replaced, the hung one is gone."""
    node, _, _ = one_node(lab)
    for name in ALL:
        pid = children(node)[name]["pid"]
        start = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        wait_child(node, name, lambda c, p=pid: c["pid"] != p or c["state"] == "stopping",
                   "to be noticed", 20)
        noticed = time.monotonic() - start
        wait_child(node, name, lambda c, p=pid: c["state"] == "running" and c["pid"] != p,
                   "to be replaced", 40)
        print(f"  {name}: noticed after {noticed:.1f} s, back after {time.monotonic() - start:.1f}")
        assert noticed < 10.5, noticed
        assert not is_alive(pid), name
        assert children(node)[name]["exits"][-1]["reason"] == "hung", children(node)[name]["exits"]


@limit(120)
def case_program_missing(lab):
    """A program that is not installed is said; the rest works; it is taken up when it appears."""
    program = lab.directory / "alfred"
    node, _, _ = _start_without(lab, program)
    wait_children([node], ("babeld", "dnsmasq"))
    child = wait_child(node, "alfred", lambda c: c["state"] == "missing", "to be missing")
    assert child["pid"] is None, child
    problems = [p["text"] for p in node.meshd.status()["problems"]]
    assert any("alfred" in text and "not installed" in text or str(program) in text
               for text in problems), problems
    program.symlink_to("/usr/sbin/alfred")
    wait_child(node, "alfred", lambda c: c["state"] == "running", "to be taken up", 30)


def _start_without(lab, program):
    node, other = lab.line("n1", "n2")
    client = lab.client(node, "c1")
    lab.bring_up({node: full_config(alfred={"program": str(program)})})
    return node, other, client


@limit(180)
def case_interface_deleted(lab):
    """The children's interfaces deleted: meshd makes them again and every child works again."""
    node, _, _ = one_node(lab)
    layer3 = next(n for n in node.links() if n.endswith(".17"))
    for link in (layer3, "anygw", "bat0", "br-lan"):
        node.ip(f"link del dev {link}")
        node.meshd.wait_converged()
        wait_children([node], timeout=60)
        wait_for(lambda: all(c["waiting_for"] is None for c in children(node).values()
                             if c["wanted"]), 30, "no child to wait")
        assert wait_for(lambda: alfred_active(node), 30, "alfred's interface to be active")


def alfred_active(node):
    return node.meshd.status()["cloud_sharing"]["alfred"]["interface_active"]


FLOOD = """#!/bin/busybox sh
# A child that never stops talking.
while :; do echo "all work and no play makes alfred a dull daemon"; done &
exec /usr/sbin/alfred "$@"
"""


@limit(180)
def case_flooding(lab):
    """A child that floods its output: lines are suppressed and counted, meshd neither grows nor
    burns the machine, the others work."""
    program = lab.directory / "alfred-flood"
    program.write_text(FLOOD, encoding="ascii")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    node, _, _ = _start_without(lab, program)
    wait_children([node], timeout=60)
    memory, size = node.meshd.memory_kib(), node.meshd.log_path.stat().st_size
    cpu, start = cpu_seconds(node.meshd.pid), time.monotonic()
    time.sleep(10)
    grown = node.meshd.log_path.stat().st_size - size
    used = (cpu_seconds(node.meshd.pid) - cpu) / (time.monotonic() - start)
    print(f"  log +{grown} bytes in 10 s, meshd {100 * used:.1f} % of a CPU, "
          f"VmRSS {node.meshd.memory_kib() - memory:+d} KiB")
    assert grown < 100_000, grown
    assert used < 0.25, used
    assert node.meshd.memory_kib() - memory < 300
    assert "suppressed" in node.meshd.log(400), node.meshd.log(20)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@limit(240)
def case_adopted(lab):
    """meshd killed and started again: children keep their pids; a child whose arguments changed,
    and only that, is restarted; SIGTERM stops all."""
    node, _, _ = one_node(lab)
    before = pids(node)
    node.meshd.kill()
    assert all(is_alive(pid) for pid in before.values()), before
    node.meshd.start()
    wait_children([node])
    assert pids(node) == before, (before, pids(node))
    assert all(c["adopted"] for c in children(node).values() if c["pid"]), children(node)
    node.meshd.kill()
    node.meshd.configure(full_config(alfred={"sync_period": 3000}))
    node.meshd.start()
    wait_child(node, "alfred", lambda c: c["state"] == "running" and c["pid"] != before["alfred"],
               "to be restarted")
    after = pids(node)
    assert {n for n in before if before[n] != after[n]} == {"alfred"}, (before, after)
    # An adopted child that dies is noticed and replaced, too.
    os.kill(after["babeld"], signal.SIGKILL)
    wait_child(node, "babeld", lambda c: c["state"] == "running" and c["pid"] != after["babeld"],
               "to be back")
    last = pids(node)
    assert node.meshd.stop(signal.SIGTERM, timeout=30) == 0
    assert not any(is_alive(pid) for pid in last.values()), last


@limit(120)
def case_restart_by_hand(lab):
    """meshctl restart, children and their errors."""
    node, _, _ = one_node(lab)
    before = pids(node)
    node.meshd.meshctl("restart", "dnsmasq")
    wait_child(node, "dnsmasq", lambda c: c["state"] == "running" and c["pid"] != before["dnsmasq"],
               "to be restarted")
    assert children(node)["dnsmasq"]["exits"][-1]["reason"] == "asked"
    refused = node.meshd.meshctl("restart", "nonsense", check=False)
    assert refused.returncode != 0 and "nonsense" in refused.stderr, refused
    shown = node.meshd.meshctl("children")
    print(shown)
    for name in ALL:
        assert name in shown, shown
