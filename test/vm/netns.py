# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces without `ip netns exec`.

setns() moves one thread, and what that thread makes while it is inside (sockets, child processes)
belongs to the namespace. So a command runs in a namespace for the price of one fork and exec, and
a socket for the price of a system call.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

NETNS_DIR = pathlib.Path("/run/netns")
PREFIX = "lab-"
# Where the machine is slow (emulation, sanitizers), every limit of time is this much longer.
TIME_FACTOR = float(os.environ.get("LAB_TIME_FACTOR", "1"))
POLL_SECONDS = 0.1

_libc = ctypes.CDLL(None, use_errno=True)
_thread = threading.local()


class LabError(Exception):
    """Something a case expected did not happen; its text is the case's "why"."""


class Hopeless(Exception):
    """Like LabError, but of a kind that waiting does not mend: wait_for() lets it through."""


def _call(function, *arguments):
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")


def wait_for(condition, timeout, what, interval=POLL_SECONDS):
    """Calls condition() until it returns something true, and returns that.

    LabError, OSError and what a missing key or a bad value raises count as "not yet"; other exceptions
    end the wait at once, an AssertionError too: it says what no waiting mends. After timeout seconds
    (times LAB_TIME_FACTOR) raises LabError, which says `what` was waited for and what condition said
    last.
    """
    start = time.monotonic()
    limit = timeout * TIME_FACTOR
    while True:
        try:
            last = condition()
            if last:
                return last
        except (LabError, OSError, KeyError, IndexError, ValueError) as error:
            last = error
        if time.monotonic() - start > limit:
            raise LabError(f"waited {limit:g} s for {what}; last: {str(last)[:400]}")
        time.sleep(interval)


class Namespace:
    """One network namespace, also to be found as /run/netns/lab-NAME (`ip netns exec lab-NAME sh`).

    run(), start(), ip(), json() and sockets made `with namespace.inside():` work in it.
    """

    def __init__(self, name):
        self.name = name
        self.path = NETNS_DIR / (PREFIX + name)
        self.children = []
        NETNS_DIR.mkdir(exist_ok=True)
        self.path.touch(exist_ok=False)
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call(_libc.unshare, CLONE_NEWNET)
            source = b"/proc/thread-self/ns/net"
            _call(_libc.mount, source, os.fsencode(self.path), b"none", MS_BIND, None)
            self.fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            _call(_libc.setns, home, CLONE_NEWNET)
            os.close(home)
        self.inode = os.fstat(self.fd).st_ino
        self.ip("link set lo up")

    def __repr__(self):
        return self.name

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is in the namespace for the length of the with block."""
        stack = getattr(_thread, "stack", None)
        if not stack:
            home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            stack = _thread.stack = [home]
        _call(_libc.setns, self.fd, CLONE_NEWNET)
        stack.append(self.fd)
        try:
            yield self
        finally:
            stack.pop()
            _call(_libc.setns, stack[-1], CLONE_NEWNET)

    def run(self, *command, check=True, stdin="", timeout=60):
        """Runs a command to its end and returns what it printed.

        A bad exit status raises LabError with the command's stderr; with check=False the completed
        process (returncode, stdout, stderr) is returned instead.
        """
        words = [str(word) for word in command]
        with self.inside():
            done = subprocess.run(
                words,
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout * TIME_FACTOR,
            )
        if not check:
            return done
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-600:]
            raise LabError(f"{self}: {' '.join(words)}: exit {done.returncode}: {said}")
        return done.stdout

    def start(self, *command, sysfs=False, **popen):
        """Starts a command and returns its Popen; it is killed at teardown at the latest.

        sysfs=True gives it a mount namespace of its own where /sys shows this namespace's links.
        What it prints goes nowhere unless stdout or stderr say where.
        """
        words = [str(word) for word in command]
        for stream in ("stdin", "stdout", "stderr"):
            popen.setdefault(stream, subprocess.DEVNULL)
        with self.inside():
            child = subprocess.Popen(words, preexec_fn=_own_sysfs if sysfs else None, **popen)
        self.children.append(child)
        return child

    def ip(self, *lines):
        """Runs lines of `ip -batch` in one process: node.ip("link set eth0 up", "addr add ...")."""
        return self.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")

    def json(self, *command):
        """Runs a command that prints JSON and returns it decoded."""
        return json.loads(self.run(*command) or "null")

    def links(self):
        """All links by name, as `ip -d -j link` has them."""
        return {link["ifname"]: link for link in self.json("ip", "-d", "-j", "link") if link}

    def sysctl(self, name, value=None):
        """Reads, or with a value writes, /proc/sys/NAME (`net/ipv4/ip_forward`)."""
        with self.inside():
            path = pathlib.Path("/proc/sys", name)
            if value is not None:
                path.write_text(f"{value}\n", encoding="ascii")
            return path.read_text(encoding="ascii").strip()

    def processes(self):
        """Identifiers of all processes that are in this namespace."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.stat(entry / "ns" / "net").st_ino == self.inode:
                    found.append(int(entry.name))
        return found

    def close(self):
        """Kills what runs inside and removes the namespace with all its links."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in (child.stdout, child.stderr):
                if pipe:
                    pipe.close()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os.close(self.fd)
        remove_name(self.path)


def _own_sysfs():
    _call(_libc.unshare, CLONE_NEWNS)
    _call(_libc.mount, b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    _call(_libc.mount, b"sysfs", b"/sys", b"sysfs", 0, None)


def remove_name(path):
    """Takes a namespace's name away; the namespace ends when nothing uses it."""
    with contextlib.suppress(OSError):
        _call(_libc.umount2, os.fsencode(path), MNT_DETACH)
    path.unlink(missing_ok=True)


def sweep():
    """Removes the namespaces that a killed case has left behind; returns their names."""
    left = sorted(NETNS_DIR.glob(PREFIX + "*")) if NETNS_DIR.is_dir() else []
    inodes = {os.stat(path).st_ino for path in left}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.stat(entry / "ns" / "net").st_ino in inodes:
                os.kill(int(entry.name), signal.SIGKILL)
    for path in left:
        remove_name(path)
    return [path.name for path in left]
