#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the real-kernel cases: every function case_NAME(lab) of every case_MODULE.py here.

    test/vm/cases.py [--list] [MODULE | MODULE.NAME | PATTERN]...

A case runs in a process of its own with a time limit and with a Lab that is closed for it. One line
each: "ok MODULE.NAME", "FAIL MODULE.NAME: why" or "skip MODULE.NAME: why", with the seconds;
results.json and the daemons' logs of failed cases go to $RESULTS; the last line is
"N passed, N failed, N skipped". Root of a machine (or a VM, see boot) is needed.
"""

import argparse
import fnmatch
import importlib
import json
import os
import pathlib
import re
import select
import signal
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import netns  # noqa: E402
from lab import Lab, LabError, Skip, able  # noqa: E402
from netns import Hopeless  # noqa: E402

CASE_SECONDS = 120
COMPLAINT = re.compile(
    r"WARNING:|BUG:|Oops|general protection|refcount|unregister_netdevice: waiting"
)
WORDS = {"passed": "ok", "failed": "FAIL", "skipped": "skip"}


def collect(patterns):
    """{name: function} of the cases that match any pattern, in the order they are written."""
    cases = {}
    for path in sorted(HERE.glob("case_*.py")):
        module = importlib.import_module(path.stem)
        short = path.stem.removeprefix("case_")
        for name, function in vars(module).items():
            if name.startswith("case_") and callable(function):
                cases[f"{short}.{name.removeprefix('case_')}"] = function
    if not patterns:
        return cases
    chosen = {}
    for pattern in patterns:
        found = {
            name: function
            for name, function in cases.items()
            if fnmatch.fnmatch(name, pattern) or name.split(".")[0] == pattern
        }
        if not found:
            sys.exit(f"cases: no case is called {pattern}; see --list")
        chosen.update(found)
    return chosen


class KernelLog:
    """What the kernel complains about while a case runs fails the case (only inside a VM, where
    nobody else gives it reasons)."""

    def __init__(self):
        self.fd = None
        if os.environ.get("LAB_VM"):
            self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            self.complaints()

    def complaints(self):
        found = []
        while self.fd is not None:
            try:
                line = os.read(self.fd, 8192).decode(errors="replace").split("\n")[0]
            except BlockingIOError:
                break
            except BrokenPipeError:  # lines were overwritten before we read them
                continue
            if COMPLAINT.search(line):
                found.append(line.split(";", 1)[-1])
        return found


def run_in_child(name, function, pipe, keep):
    """The child's whole life: runs the case and writes [status, why] into the pipe."""
    os.setpgid(0, 0)
    result = ["passed", ""]
    lab = None
    try:
        lab = Lab()
        function(lab)
    except Skip as why:
        result = ["skipped", str(why)]
    except (LabError, Hopeless) as why:
        result = ["failed", f"{why}\n{where(why)}"]
    except BaseException as why:  # pylint: disable=broad-except
        result = ["failed", f"{type(why).__name__}: {why}\n{traceback.format_exc()}"]
    try:
        if lab and result[0] == "failed" and keep:
            lab.keep_logs(keep / name)
            result[1] += "".join(daemon_log(node) for node in lab.nodes.values())
        if lab:
            lab.close()
    except Exception:  # pylint: disable=broad-except
        result = ["failed", f"{result[1]}\nteardown: {traceback.format_exc()}"]
    os.write(pipe, json.dumps(result).encode())
    os._exit(0)


def where(error):
    """The lines of the case itself that led to an error."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{pathlib.Path(f.filename).name}:{f.lineno}: {f.line}" for f in frames]
    return "\n".join(line for line in lines if line.startswith("case_"))


def daemon_log(node):
    said = node.meshd.log(12)
    return f"\n--- meshd of {node} ---\n{said}" if said else ""


def run_case(name, function, keep):
    """[status, why] of a case, whatever it does."""
    limit = getattr(function, "limit", CASE_SECONDS) * netns.TIME_FACTOR
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reader)
        run_in_child(name, function, writer, keep)
    os.close(writer)
    result = read_result(reader, limit)
    os.close(reader)
    if not result:
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
    os.waitpid(child, 0)
    left = netns.sweep()
    if not result:
        return ["failed", f"no result after {limit:g} s (or the case's process died)"]
    if left:
        return ["failed", f"{result[1]}\nleft behind: {', '.join(left)}"]
    return result


def read_result(pipe, limit):
    text, end = b"", time.monotonic() + limit
    while select.select([pipe], [], [], max(0.0, end - time.monotonic()))[0]:
        piece = os.read(pipe, 65536)
        if not piece:
            break
        text += piece
    return json.loads(text) if text else None


def run_all(cases, keep):
    results = []
    kernel = KernelLog()
    for name, function in cases.items():
        start = time.monotonic()
        status, why = run_case(name, function, keep)
        complaints = kernel.complaints()
        if complaints and status != "failed":
            status, why = "failed", "the kernel says: " + "; ".join(complaints[:3])
        seconds = time.monotonic() - start
        first, _, rest = why.partition("\n")
        print(f"{WORDS[status]} {name}{': ' + first if first else ''} ({seconds:.1f} s)")
        if rest.strip():
            print("    " + rest.strip().replace("\n", "\n    "))
        sys.stdout.flush()
        results.append({"name": name, "status": status, "why": why, "seconds": round(seconds, 2)})
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--list", action="store_true", help="name the cases and what they show")
    parser.add_argument("cases", nargs="*", help="modules, names or patterns; all by default")
    options = parser.parse_args()
    cases = collect(options.cases)
    if options.list:
        for name, function in cases.items():
            print(f"{name:32} {(function.__doc__ or '').strip().splitlines()[0:1]}")
        return 0
    if not able():
        sys.exit("cases: this needs root and a kernel with batman-adv and 8021q, see test/vm/boot")
    share = os.environ.get("RESULTS")
    results = run_all(cases, pathlib.Path(share) if share else None)
    if share:
        path = pathlib.Path(share, "results.json")
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    count = {status: sum(r["status"] == status for r in results) for status in WORDS}
    print(", ".join(f"{number} {status}" for status, number in count.items()))
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
