# SPDX-License-Identifier: GPL-2.0-or-later
"""meshd under a real systemd with a real journal: start, output, kill, reload, reexec, stop."""

import contextlib
import os
import select
import signal
import stat
import time

from children import BABELD_ONLY, children, full_config, is_alive, pids, wait_child, wait_children
from lab import LabError, limit, wait_for
from systemd import on_systemd

CHILDREN_STARTED = ("babeld", "alfred", "dnsmasq")  # in this order
# alfred alone says nothing when all is well.
TALKING = """#!/bin/sh
echo "alfred speaks"
echo "<4>alfred warns" >&2
exec /usr/sbin/alfred "$@"
"""
WATCHDOG = 5  # seconds
KILLS = 6  # systemd's own limit is 5 starts in 10 s


def expect(truth, text):
    if not truth:
        raise LabError(str(text))


def one_node(lab, **sections):
    """A node with a neighbour on systemd, meshd configured and not started."""
    node, _ = lab.line("n1", "n2")
    lab.client(node, "c1")
    system = on_systemd(node)
    node.meshd.configure(full_config(**sections))
    return node, system


def talking_alfred(lab):
    program = lab.directory / "alfred-talking"
    program.write_text(TALKING, encoding="ascii")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"program": str(program)}


def start(node, system):
    system.ctl("start", "meshd")
    wait_children([node], timeout=60)
    node.meshd.wait_converged()


def whole(found):
    return found if set(found) == set(BABELD_ONLY) else None


def hold(system, node):
    """A descriptor of each child, by which its end is seen. Closed by the caller."""
    stack = contextlib.ExitStack()
    held = {}
    for name, pid in wait_for(lambda: whole(pids(node)), 20, "all children to run").items():
        held[name] = os.pidfd_open(system.outer(pid))
        stack.callback(os.close, held[name])
    return stack, held


def ended(held):
    """The names of those that have ended."""
    ready = select.select(list(held.values()), [], [], 0)[0]
    return {name for name, fd in held.items() if fd in ready}


def entries(system, identifier, pid=None):
    match = [f"_PID={pid}"] if pid else []
    return system.journal("-t", identifier, *match)


def wait_entry(system, identifier, pid, text):
    def found():
        said = entries(system, identifier, pid)
        return next((e for e in said if text in str(e["MESSAGE"])), None)

    return wait_for(found, 20, f"{identifier}[{pid}] to have {text} in the journal")


@limit(180)
def case_start_reload_stop(lab):
    """Active only when ready; every program under its own name in the journal; reload; stop ends
    the children in reverse order and leaves the network."""
    node, system = one_node(lab, alfred=talking_alfred(lab))
    begun = time.monotonic()
    system.ctl("start", "--no-block", "meshd")
    seen = watch_start(node, system)
    print(f"  active after {time.monotonic() - begun:.1f} s, states before: {seen}")
    wait_children([node], timeout=60)
    node.meshd.wait_converged()
    wait_for(lambda: system.show("StatusText") == "all is as configured", 20,
             "the status text to say that all is well")
    check_output(node, system)
    check_reload(node, system)
    check_stop(node, system)


def watch_start(node, system):
    """Waits until meshd is active; returns the states that were seen before."""
    seen = []

    def active():
        state = system.state()
        if state["ActiveState"] != "active":
            seen.append(state["ActiveState"])
            return False
        return True

    wait_for(active, 60, "the service to be active", interval=0.02)
    expect("bat0" in node.links(), "active before the mesh interface was there")
    expect(set(seen) <= {"activating", "inactive"}, seen)
    return sorted(set(seen))


def check_output(node, system):
    main = int(system.show("MainPID"))
    for name, pid in pids(node).items():
        text = {"alfred": "alfred speaks", "dnsmasq": "started", "babeld": ""}[name]
        entry = wait_entry(system, f"meshd-{name}", pid, text)
        expect(entry["_COMM"] in (name, "sh", "alfred-talking"), entry)
        expect(entry["_SYSTEMD_UNIT"] == "meshd.service", entry)
        expect(entry["PRIORITY"] == "6", entry)
    warning = wait_entry(system, "meshd-alfred", pids(node)["alfred"], "alfred warns")
    expect(warning["PRIORITY"] == "4", warning)
    fifos = list(node.meshd.directory.glob("*.out"))
    expect(not fifos, f"output goes through meshd: {fifos}")
    own = entries(system, "meshd")
    expect({int(e["_PID"]) for e in own} == {main}, {e["_PID"] for e in own})
    priorities = {e["PRIORITY"] for e in own}
    expect({"5", "6"} <= priorities, f"meshd's priorities: {priorities}")
    expect(not any("alfred speaks" in str(e["MESSAGE"]) for e in own), "a child's line is meshd's")


def check_reload(node, system):
    main, before = system.show("MainPID"), pids(node)
    node.meshd.configure({"links": 5}, "meshd.d/bad.json")
    refused = system.ctl("reload", "meshd", check=False)
    expect(refused.returncode != 0, "systemctl reload says that a bad configuration is good")
    wait_for(lambda: "bad.json" in system.show("StatusText"), 20, "the status text to say it")
    expect(system.state()["ActiveState"] == "active", system.state())
    expect("bat0" in node.links(), "a bad configuration took the mesh away")
    said = system.journal("-u", "meshd")
    expect(any("bad.json" in entry["MESSAGE"] for entry in said), "the journal has no error")
    node.meshd.configure(None, "meshd.d/bad.json")
    node.meshd.configure({"batadv": {"orig_interval": 333}}, "meshd.d/good.json")
    system.ctl("reload", "meshd")
    wait_for(lambda: node.batctl("orig_interval").strip() == "333", 20, "the new value")
    wait_for(lambda: system.show("StatusText") == "all is as configured", 20, "all to be well")
    # The signal, too: systemd sees RELOADING and READY and goes on calling it active.
    node.meshd.configure({"batadv": {"orig_interval": 444}}, "meshd.d/good.json")
    os.kill(system.outer(main), signal.SIGHUP)
    wait_for(lambda: node.batctl("orig_interval").strip() == "444", 20, "the new value")
    wait_for(lambda: system.state()["SubState"] == "running", 20, "the service to run")
    expect(system.show("MainPID") == main, "another process")
    expect(pids(node) == before, "the children are others")


def check_stop(node, system):
    links, main = set(node.links()), system.show("MainPID")
    stack, held = hold(system, node)
    with stack:
        system.ctl("stop", "meshd")
        left = set(held) - ended(held)
    expect(not left, f"{left} live on")
    said = [entry["MESSAGE"].split(": ", 1)[-1] for entry in entries(system, "meshd", main)]
    ends = [text for text in said if text.endswith((" is stopped (asked)", " is off"))]
    wanted = [f"{name} is {how}" for name in reversed(CHILDREN_STARTED)
              for how in ("stopped (asked)", "off")]
    expect(ends[-len(wanted):] == wanted, f"the order was {ends}")
    expect(system.state()["ActiveState"] == "inactive", system.state())
    expect(system.show("Result") == "success", system.show("Result"))
    expect(set(node.links()) == links, links ^ set(node.links()))
    expect(not left_in_cgroup(system), f"left behind: {left_in_cgroup(system)}")


def left_in_cgroup(system):
    path = system.cgroup / "system.slice/meshd.service/cgroup.procs"
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="ascii").split()
    return []


@limit(180)
def case_lives_on(lab):
    """Children keep their processes when meshd is killed, replaced, or hangs, and when the journal
    is restarted or killed; the end of a child is shown with its last lines."""
    node, system = one_node(lab)
    system.drop_in(f"[Service]\nWatchdogSec={WATCHDOG}\n")
    start(node, system)
    before = pids(node)
    for check in (check_reexec, check_killed, check_watchdog, check_journal, check_last_words,
                  check_killed_often):
        begun = time.monotonic()
        check(node, system, before)
        print(f"  {check.__name__}: {time.monotonic() - begun:.1f} s")


def expect_same(node, before, what):
    wait_children([node], timeout=60)
    expect(pids(node) == before, f"{what}: children were {before}, are {pids(node)}")


def check_reexec(node, system, before):
    """Again and again, faster than the watchdog is fed: each new program begins with that."""
    main, begun = system.show("MainPID"), time.monotonic()
    while time.monotonic() - begun < WATCHDOG + 3:
        node.meshd.meshctl("reexec")
    wait_for(lambda: system.state()["SubState"] == "running", 20, "the service to run")
    expect(system.show("MainPID") == main, "reexec: another process")
    expect(system.show("NRestarts") == "0", "reexec: restarted")
    expect_same(node, before, "reexec")


def restarted(system, main, count):
    """Waits until another process is active after so many restarts."""

    def other():
        state = system.state()
        return (state["ActiveState"] == "active" and state["MainPID"] != main
                and int(state["NRestarts"]) == count and state)

    return wait_for(other, 60, f"systemd to restart meshd ({count})")


def check_killed(node, system, before):
    main = system.show("MainPID")
    os.kill(system.outer(main), signal.SIGKILL)
    begun = time.monotonic()
    restarted(system, main, 1)
    print(f"  killed: active again after {time.monotonic() - begun:.1f} s")
    expect_same(node, before, "kill -9")
    adopted = [c["name"] for c in children(node).values() if c["pid"] and c["adopted"]]
    expect(sorted(adopted) == sorted(BABELD_ONLY), f"adopted: {adopted}")
    node.meshd.wait_converged()
    # systemd warns of the children that it finds, and that is all.
    said = [e["MESSAGE"] for e in system.journal("_PID=1", "PRIORITY=4", "-u", "meshd")]
    left = [text for text in said if "left-over process" in text]
    expect(len(left) == len(before), said)


def check_watchdog(node, system, before):
    main = system.show("MainPID")
    begun = time.monotonic()
    os.kill(system.outer(main), signal.SIGSTOP)
    restarted(system, main, 2)
    print(f"  stopped: active again after {time.monotonic() - begun:.1f} s")
    said = system.journal("-u", "meshd", "_PID=1")
    expect(any("Watchdog timeout" in e["MESSAGE"] for e in said), [e["MESSAGE"] for e in said])
    expect_same(node, before, "watchdog")


def check_journal(node, system, before):
    for how in ("restart", "kill"):
        journald = system.show("MainPID", "systemd-journald")
        if how == "restart":
            system.ctl("restart", "systemd-journald")
        else:
            os.kill(system.outer(journald), signal.SIGKILL)
        wait_for(lambda old=journald: system.show("MainPID", "systemd-journald") not in ("0", old)
                 and system.booted(), 30, "another journald")
        # A child that was there before, a new one, and meshd itself are heard.
        since = ("--since", f"@{int(time.time())}")
        os.kill(system.outer(before["dnsmasq"]), signal.SIGHUP)
        heard(system, "meshd-dnsmasq", before["dnsmasq"], since)
        node.meshd.reload()
        heard(system, "meshd", system.show("MainPID"), since)
    expect_same(node, before, "the journal's restart")


def heard(system, identifier, pid, since):
    wait_for(lambda: system.journal("-t", identifier, *since, f"_PID={pid}"), 20,
             f"{identifier}[{pid}] to be heard again")


def check_last_words(node, system, _):
    pid = pids(node)["dnsmasq"]
    outer = system.outer(pid)
    said = [entry["MESSAGE"] for entry in entries(system, "meshd-dnsmasq", pid)]
    os.kill(outer, signal.SIGKILL)
    child = wait_child(node, "dnsmasq", lambda c: c["exits"] and c["exits"][-1]["pid"] == pid
                       and c["exits"][-1].get("output"), "'s last words to be known", 40)
    words = child["exits"][-1]["output"]
    expect(len(words) == 5 and words == said[-5:], f"{words}, the journal has {said[-5:]}")
    expect(not is_alive(outer), "dnsmasq lives")
    # Its exit status tells whether all is well; dnsmasq may still be starting.
    shown = node.meshd.meshctl("children", "--all", check=False).stdout
    expect(words[-1] in shown, shown)


def check_killed_often(node, system, _):
    """However often it is killed, systemd does not give up."""
    before = wait_for(lambda: whole(pids(node)), 20, "all children to run")
    count = int(system.show("NRestarts"))
    for _ in range(KILLS):
        main = wait_for(lambda: new_main(system, count), 30, f"meshd to be started again ({count})")
        os.kill(system.outer(main), signal.SIGKILL)
        count += 1
    restarted(system, "0", count)
    expect_same(node, before, f"{KILLS} times kill -9")


def new_main(system, count):
    state = system.state()
    expect(int(state["NRestarts"]) >= count, state)
    return state["MainPID"] != "0" and state["MainPID"]
