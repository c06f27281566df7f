# SPDX-License-Identifier: GPL-2.0-or-later
"""Supervision: whatever happens to a child, the node recovers and meshd does not grow."""

import os
import pathlib
import signal
import stat
import time

from children import (
    BABELD_ONLY,
    children,
    full_config,
    has_bmx7,
    is_alive,
    pids,
    wait_child,
    wait_children,
)
from lab import LabError, limit, wait_for

KILLS = 50
PATIENT_KILLS = 5


def one_node(lab, **sections):
    """A node with a neighbour, so that babeld has a link with carrier."""
    node, other = lab.line("n1", "n2")
    client = lab.client(node, "c1")
    if has_bmx7():
        sections["bmx7"] = {"enabled": True}
    lab.bring_up({node: full_config(**sections)})
    wait_children([node], all_children(), 60)
    return node, other, client


def all_children():
    return (*BABELD_ONLY, "bmx7") if has_bmx7() else BABELD_ONLY


def recover(node, name, dead, patient):
    """Waits until a killed child runs again as another process. Back-off may be cut short by a
    user's word, or 50 kills would take half an hour."""

    def back():
        child = children(node)[name]
        if child["state"] == "running" and child["pid"] != dead:
            return child
        if not patient and (child["next_try"] or 0) > 0.5:
            node.meshd.call("restart", {"name": name})
        raise LabError(f"{name} is {child}")

    return wait_for(back, 60, f"{name} to be back")


@limit(400)
def case_killed(lab):
    """All children killed 50 times with KILL: they come back each time, meshd does not grow. The
    first times back-off is waited for."""
    node, _, _ = one_node(lab)
    recovered = []
    for number in range(KILLS):
        before = pids(node)
        start = time.monotonic()
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        for name, pid in before.items():
            recover(node, name, pid, number < PATIENT_KILLS)
        recovered.append(time.monotonic() - start)
        if number == PATIENT_KILLS:
            memory, descriptors = node.meshd.memory_kib(), node.meshd.descriptors()
    for name in all_children():
        child = children(node)[name]
        assert child["restarts"] >= KILLS, child
        assert len(child["exits"]) == 10, child["exits"]
        assert all(exit_["signal"] == "KILL" for exit_ in child["exits"]), child["exits"]
    patient, rest = recovered[:PATIENT_KILLS], sorted(recovered[PATIENT_KILLS:])
    print("  all back after", ", ".join(f"{seconds:.1f}" for seconds in patient),
          f"s with back-off; then {rest[0]:.1f} / {rest[len(rest) // 2]:.1f} / {rest[-1]:.1f} s "
          "(min/median/max)")
    grown = node.meshd.memory_kib() - memory
    print(f"  meshd: VmRSS {memory} KiB, {grown:+d} after {(KILLS - PATIENT_KILLS) * len(all_children())} kills")
    assert grown < 200, grown
    wait_for(lambda: node.meshd.descriptors() <= descriptors, 10, "no more descriptors")
    node.meshd.wait_converged()


@limit(240)
def case_hung(lab):
    """Each child stopped with STOP: noticed within 10 s, replaced, the hung one is gone."""
    node, _, _ = one_node(lab)
    for name in all_children():
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
    assert "lines left out" in node.meshd.log(400), node.meshd.log(20)


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
    for name in all_children():
        assert name in shown, shown
