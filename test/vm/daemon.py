# SPDX-License-Identifier: GPL-2.0-or-later
"""meshd in a namespace, and its control socket."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import time

from netns import Hopeless, LabError, TIME_FACTOR, wait_for


class RpcError(LabError):
    """meshd refused a request. code and data are the answer's."""

    def __init__(self, method, error):
        super().__init__(f"{method}: {error.get('message')} ({error.get('data')})")
        self.code = error.get("code")
        self.data = error.get("data") or {}


class Meshd:
    """One meshd of one node, with a configuration and a run directory of its own.

        node.meshd.configure({"cloud": {"ssid": "LibreMesh.org"}, ...})
        node.meshd.start()
        node.meshd.wait_converged()
        node.meshd.status()["cloud"]

    configure() may be called again while it runs, followed by reload().
    """

    def __init__(self, node, directory, tree, build):
        self.node = node
        self.config, self.directory = directory / "config", directory / "run"
        self.state = directory / "state"
        self.socket_path = self.directory / "control.sock"
        self.log_path = directory / "meshd.log"
        self.tree, self.binary = tree, build / "meshd"
        self.meshctl_binary = build / "meshctl"
        self.process = None
        for path in (self.config / "meshd.d", self.directory):
            path.mkdir(parents=True, exist_ok=True)  # there already after a reboot

    def configure(self, config, name="meshd.json"):
        """Writes one file of the configuration: meshd.json, or with name="meshd.d/NAME.json" one
        more. config is a dict, text (to write what is no JSON), or None (removes the file)."""
        path = self.config / name
        if config is None:
            path.unlink(missing_ok=True)
            return
        text = config if isinstance(config, str) else json.dumps(config, indent=1) + "\n"
        new = path.with_name(f".{path.name}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(path)

    def arguments(self, *more):
        profiles = self.tree / "conf" / "profiles"
        return [
            self.binary,
            *("--config", self.config, "--run", self.directory, "--state", self.state),
            *("--profiles", profiles),
            *more,
        ]

    def start(self, wrapper=(), wait=True, **popen):
        """Starts meshd (behind `wrapper`, such as ["strace", "-o", file]), and waits until its
        socket answers. Its stderr is in log_path."""
        if self.running:
            raise LabError(f"{self.node}: meshd runs already")
        with open(self.log_path, "ab") as log:
            self.process = self.node.start(*wrapper, *self.arguments(), stderr=log, **popen)
        if wait:
            self.wait_answer()

    def wait_answer(self, timeout=20):
        def answers():
            self.check_running()
            return self.call("version")

        wait_for(answers, timeout, f"{self.node}: meshd to answer")

    def check_running(self):
        if not self.running:
            ended = self.process.returncode
            raise Hopeless(f"{self.node}: meshd ended with {ended}\n{self.log()}")

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    def stop(self, how=signal.SIGTERM, timeout=10):
        """Ends meshd by a signal and returns its exit status. The network stays as it is."""
        if not self.running:
            return None if self.process is None else self.process.returncode
        self.process.send_signal(how)
        try:
            return self.process.wait(timeout * TIME_FACTOR)
        finally:
            if self.process.poll() is None:
                self.process.kill()

    def kill(self):
        """kill -9."""
        return self.stop(signal.SIGKILL)

    def log(self, lines=40):
        """The end of what meshd has said so far."""
        with contextlib.suppress(FileNotFoundError):
            text = self.log_path.read_text(encoding="utf-8", errors="replace")
            return "\n".join(text.splitlines()[-lines:])
        return ""

    def call(self, method, params=None, timeout=15):
        """One JSON-RPC call over the control socket; returns the result or raises RpcError."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method}
        if params is not None:
            request["params"] = params
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout * TIME_FACTOR)
            connection.connect(os.fspath(self.socket_path))
            with connection.makefile("rw", encoding="utf-8", newline="\n") as stream:
                greeting = json.loads(stream.readline())
                if "meshd" not in greeting:
                    raise LabError(f"{self.node}: no greeting but {greeting}")
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
        if "error" in answer:
            raise RpcError(method, answer["error"])
        return answer["result"]

    def status(self):
        return self.call("status")

    def plan(self):
        """The difference between the configuration and the kernel, a list of operations."""
        plan = self.call("plan")
        return plan["plan"] if isinstance(plan, dict) and "plan" in plan else plan

    def reload(self):
        return self.call("reload")

    def wait_converged(self, timeout=30):
        """Waits until meshd's last cycle found nothing to do and the plan is empty; returns the
        status."""

        def converged():
            self.check_running()
            status = self.status()
            if not status["reconcile"]["converged"]:
                raise LabError(f"not converged: {self.describe(status)}")
            plan = self.plan()
            if plan:
                raise LabError(f"plan: {plan}")
            return status

        return wait_for(converged, timeout, f"{self.node}: meshd to converge")

    def describe(self, status):
        """What stands in the way, in short."""
        return json.dumps({k: status.get(k) for k in ("reconcile", "problems")}, default=str)

    def meshctl(self, *words, check=True):
        """Runs meshctl against this meshd, as a person would."""
        return self.node.run(
            self.meshctl_binary, "--socket", self.socket_path, *words, check=check
        )

    def once(self, *words, check=True):
        """Runs `meshd --plan`, `--check` or `--purge` with this configuration, to its end."""
        return self.node.run(*self.arguments(*words), check=check)

    def memory_kib(self, field="VmRSS"):
        """Resident memory (or another line of /proc/PID/status that is in kB)."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(next(l for l in text.splitlines() if l.startswith(field)).split()[1])

    def descriptors(self):
        """How many file descriptors meshd holds."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def wait_cycle(self, action, timeout=10):
        """Does action(), waits until meshd has run another cycle and converged after it."""
        before = self.status()["reconcile"]["cycles"]
        start = time.monotonic()
        action()
        wait_for(
            lambda: self.status()["reconcile"]["cycles"] > before, timeout, "another cycle"
        )
        self.wait_converged(timeout)
        return time.monotonic() - start
