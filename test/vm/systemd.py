# SPDX-License-Identifier: GPL-2.0-or-later
"""A real systemd with a real journald for one node, in namespaces of its own.

systemd is PID 1 of a pid namespace that lies in the node's network namespace and has its own /run,
/etc/meshd, /var/lib/meshd and cgroup tree. It boots a target that wants the journal and nothing
else; meshd is installed by cmake and its unit file is used as it is. This writes below the prefix
of the build, so it is for machines that are thrown away (test/vm/boot).
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess

from daemon import Meshd
from lab import LabError, Skip, wait_for

SYSTEMD = "/lib/systemd/systemd"
SHIPPED = pathlib.Path("/lib/systemd/system")
CGROUPS = pathlib.Path("/sys/fs/cgroup")
# Of Debian's units: the journal, and the targets that every service has by default.
WANTED = (
    "systemd-journald.service",
    "systemd-journald.socket",
    "sysinit.target",
    "basic.target",
    "shutdown.target",
    "network.target",
    "network-pre.target",
)
TARGET = """[Unit]
Description=What the case needs
Wants=systemd-journald.service
"""
# How cmake begins the lines about what it has put where.
INSTALLED = ("-- Installing", "-- Up-to-date")
# Runs as PID 1 of the new pid namespace, in a mount namespace of its own.
BOOT = """set -e
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p {cgroup}
echo 0 >{cgroup}/cgroup.procs
for directory in /run /etc/meshd /var/lib/meshd; do
	mkdir -p $directory
	mount -t tmpfs -o mode=755 tmpfs $directory
done
cp -r {units} /run/units
mkdir -p {journal} /run/log/journal
mount --bind {journal} /run/log/journal
mount --bind /dev/null /dev/console
exec unshare --cgroup /bin/sh -c '
	umount /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	exec env -i container=lab LANG=C.UTF-8 SYSTEMD_UNIT_PATH=/run/units PATH=/usr/sbin:/usr/bin \
		{systemd} --system --unit=lab.target --show-status=no --log-target=journal-or-kmsg'
"""


class Systemd:
    """The manager of a node: system.ctl("start", "meshd"), system.show("MainPID"), ..."""

    def __init__(self, node, unit):
        self.node = node
        self.cgroup = CGROUPS / f"lab-{node.name}"
        # Among the logs that are kept of a case that fails; to be read with journalctl -D.
        journal = node.meshd.directory / "journal"
        units = self.make_units(unit)
        script = BOOT.format(cgroup=self.cgroup, units=units, journal=journal, systemd=SYSTEMD)
        words = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
        with open(node.meshd.log_path, "ab") as log:
            self.process = node.start(*words, "/bin/sh", "-c", script, stdout=log, stderr=log)
        self.pid = wait_for(lambda: children_of(self.process.pid)[0], 10, "a first process")
        self.root = pathlib.Path(f"/proc/{self.pid}/root")
        wait_for(self.booted, 60, "systemd to be up")

    def make_units(self, unit):
        """A directory with all the units there will be. Returns its path."""
        directory = self.node.meshd.directory / "units"
        directory.mkdir()
        for name in WANTED:
            shutil.copy(SHIPPED / name, directory)
        shutil.copy(unit, directory)
        (directory / "lab.target").write_text(TARGET, encoding="ascii")
        return directory

    def booted(self):
        if self.process.poll() is not None:
            raise LabError(f"systemd is gone: {self.node.meshd.log()}")
        return self.ctl("is-active", "systemd-journald.service").strip() == "active"

    def run(self, *words, check=True):
        """Runs a command where systemd is."""
        return self.node.run("nsenter", "-t", self.pid, "-a", *words, check=check)

    def ctl(self, *words, check=True):
        return self.run("systemctl", *words, check=check)

    def show(self, name, unit="meshd"):
        return self.ctl("show", "--value", "-p", name, unit).strip()

    def state(self):
        """ActiveState, SubState, MainPID and NRestarts of meshd, as one dict."""
        names = ("ActiveState", "SubState", "MainPID", "NRestarts", "StatusText")
        lines = self.ctl("show", "-p", ",".join(names), "meshd").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def journal(self, *words):
        """The journal's entries that match, as dicts."""
        text = self.run("journalctl", "-q", "--no-pager", "-o", "json", *words)
        return [json.loads(line) for line in text.splitlines()]

    def outer(self, pid):
        """The number that a process of this systemd has outside."""
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                numbers = namespace_pids(entry)
                if numbers[-1] == int(pid) and len(numbers) > 1 and self.has(entry):
                    return int(entry.name)
        raise LabError(f"{self.node}: no process {pid}")

    def has(self, entry):
        ours = os.stat(f"/proc/{self.pid}/ns/pid").st_ino
        return os.stat(entry / "ns" / "pid").st_ino == ours

    def drop_in(self, text):
        """One more file of settings for meshd."""
        directory = self.root / "run/units/meshd.service.d"
        directory.mkdir(exist_ok=True)
        (directory / "lab.conf").write_text(text, encoding="ascii")
        self.ctl("daemon-reload")


class Service(Meshd):
    """meshd as systemd runs it: with the places it has by default."""

    def __init__(self, node, system):  # pylint: disable=super-init-not-called
        self.node, self.system = node, system
        self.config = system.root / "etc/meshd"
        self.directory = system.root / "run/meshd"
        self.socket_path = self.directory / "control.sock"
        self.log_path = node.meshd.log_path
        self.tree, self.process = node.lab.tree, None
        (self.config / "meshd.d").mkdir()

    running = True

    def check_running(self):
        pass

    def meshctl(self, *words, check=True):
        return self.system.run(self.system.meshctl, *words, check=check)

    def log(self, lines=40):
        with contextlib.suppress(LabError, OSError):
            return self.system.run("journalctl", "-q", "--no-pager", "-n", lines)
        return super().log(lines)


def namespace_pids(entry):
    """All the numbers of a process, the outermost first."""
    text = (entry / "status").read_text(encoding="ascii", errors="replace")
    line = next(line for line in text.splitlines() if line.startswith("NSpid:"))
    return [int(word) for word in line.split()[1:]]


def children_of(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def install(build):
    """Installs the build as an administrator does. Returns what is there now, as {the last two
    parts of the path: path}."""
    if not os.environ.get("LAB_VM"):
        raise Skip("it installs meshd, so only into a machine of test/vm/boot")
    for program in (SYSTEMD, "cmake", "journalctl", "nsenter"):
        if not shutil.which(program):
            raise Skip(f"no {program}")
    done = subprocess.run(
        ["cmake", "--install", build], check=True, capture_output=True, text=True
    )
    lines = [line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line]
    paths = [pathlib.Path(words[1]) for words in lines if words[0] in INSTALLED]
    return {f"{path.parent.name}/{path.name}": path for path in paths}


def on_systemd(node):
    """Installs meshd and boots systemd for a node; node.meshd is that service from now on (not yet
    started). Returns the Systemd."""
    files = install(node.lab.build)
    system = Systemd(node, files["system/meshd.service"])
    system.meshctl = files["bin/meshctl"]
    node.meshd = Service(node, system)
    return system
