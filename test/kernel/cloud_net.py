# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes for cloud_cases.py: network namespaces with a bridge br-lan each, joined by a switch, real
alfred and dnsmasq, and the cloud room in test/kernel/cloud_node."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

PREFIX = f"mc{os.getpid()}"
ANYCAST = "10.13.0.1"
ANYCAST_MAC = "aa:aa:aa:0d:00:aa"
PATIENCE = 60.0


def run(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True).stdout


def batch(namespace, *lines):
    subprocess.run(
        ["ip", "-n", namespace, "-batch", "-"], input="\n".join(lines), check=True, text=True
    )


def until(condition, seconds=PATIENCE, pause=0.02):
    """Waits for a true value; returns (value, seconds it took), or (falsy value, seconds)."""
    start = time.monotonic()
    while True:
        value = condition()
        took = time.monotonic() - start
        if value or took > seconds:
            return value, took
        time.sleep(pause)


def mac(number, kind):
    return f"02:{kind:02x}:00:00:{number >> 8:02x}:{number & 255:02x}"


class Node:
    """Everything of one node; number from 1."""

    def __init__(self, net, number, role, period, primaries_max):
        self.net = net
        self.number = number
        self.options = (role, period, primaries_max)
        self.namespace = f"{PREFIX}n{number}"
        self.directory = net.directory / str(number)
        self.run = self.directory / "run"
        self.state = self.directory / "state"
        for directory in (self.directory, self.run, self.state):
            directory.mkdir(parents=True)
        self.alfred = self.dnsmasq = self.node = None
        self.mac = mac(number, 0)
        self.links()

    def links(self):
        run("ip", "netns", "add", self.namespace)
        run(
            "ip", "link", "add", "mesh", "netns", self.namespace, "type", "veth",
            "peer", "name", f"n{self.number}", "netns", self.net.switch,
        )  # fmt: skip
        batch(self.net.switch, f"link set n{self.number} master sw up")
        batch(self.namespace, "link set lo up", "link set mesh up")
        self.bridge()

    def bridge(self):
        batch(
            self.namespace,
            f"link add br-lan address {mac(self.number, 1)} type bridge",
            "link set mesh master br-lan",
            "link set br-lan up",
        )

    def popen(self, name, *words, **more):
        log = open(self.directory / f"{name}.log", "ab")  # pylint: disable=consider-using-with
        with log:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, *words], stderr=log, **more
            )

    def start_alfred(self):
        with open(self.directory / "alfred.out", "ab") as out:
            self.alfred = self.popen(
                "alfred", "alfred", "-f", "-i", "br-lan", "-b", "none",
                "-u", str(self.run / "alfred.sock"), "-p", str(self.options[1]), stdout=out,
            )  # fmt: skip

    def start(self):
        role, period, primaries_max = self.options
        self.node = self.popen(
            "node", str(self.net.program), str(self.run), str(self.state), str(self.number),
            role, str(period), str(primaries_max), "anygw",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def ask(self, what):
        self.node.stdin.write(what + "\n")
        self.node.stdin.flush()
        line = self.node.stdout.readline()
        if not line:
            raise RuntimeError(f"node {self.number} ended: {self.log()}")
        return json.loads(line)

    def log(self):
        return (self.directory / "node.log").read_text()

    def leases(self):
        return {entry["ip"]: entry for entry in self.ask("leases")["leases"]}

    def settled(self):
        """Its dataset was read back from alfred."""
        state = self.ask("cloud")["alfred"]
        return state["answers"] and state["interface_active"] and state["published"]

    def write_leases(self, leases):
        """As dnsmasq does: the same file, emptied and written anew. leases: (ip, mac, name)."""
        expiry = int(time.time()) + 3600
        text = "".join(f"{expiry} {at} {ip} {name} 01:{at}\n" for ip, at, name in leases)
        path = self.state / "dnsmasq.leases"
        with open(path, "r+" if path.exists() else "w", encoding="ascii") as file:
            file.truncate(0)
            file.flush()
            file.write(text)

    def start_dnsmasq(self):
        """With the anycast gateway; DHCP and ARP for it do not cross the mesh link."""
        batch(
            self.namespace,
            f"link add anygw link br-lan address {ANYCAST_MAC} type macvlan mode private",
            f"addr add {ANYCAST}/16 dev anygw noprefixroute",
            f"addr add 10.13.0.{10 + self.number}/16 dev br-lan",
            "link set anygw up",
            "route add 10.13.0.0/16 dev anygw metric 1000",
        )
        rules = "\n".join(
            f"add chain bridge f {hook} {{ type filter hook {hook} priority 0; }}\n"
            f"add rule bridge f {hook} {match} udp dport 67-68 drop\n"
            f"add rule bridge f {hook} {match} arp daddr ip {ANYCAST} drop\n"
            f"add rule bridge f {hook} {match} arp saddr ip {ANYCAST} drop\n"
            for hook, match in (("prerouting", "iifname mesh"), ("postrouting", "oifname mesh"))
        )
        subprocess.run(
            ["ip", "netns", "exec", self.namespace, "nft", "-f", "-"],
            input="add table bridge f\n" + rules, check=True, text=True,
        )  # fmt: skip
        (self.directory / "dnsmasq.conf").write_text(
            "user=root\nno-resolv\nno-hosts\nno-ping\nlog-facility=-\nlog-dhcp\ninterface=anygw\n"
            "except-interface=lo\nbind-dynamic\ndhcp-authoritative\nexpand-hosts\n"
            "domain=mesh.test\nlocal=/mesh.test/\n"
            "dhcp-range=10.13.64.0,10.13.255.254,255.255.0.0,1h\n"
            f"dhcp-leasefile={self.state}/dnsmasq.leases\n"
            f"dhcp-hostsdir={self.run}/dnsmasq.hosts.d\nhostsdir={self.run}/dnsmasq.names.d\n"
            f"host-record=node{self.number}.mesh.test,10.13.0.{10 + self.number}\n"
        )
        self.dnsmasq = self.popen("dnsmasq", "dnsmasq", "-k", "-C", f"{self.directory}/dnsmasq.conf")
        self.ask(f"dnsmasq {self.dnsmasq.pid}")

    def dnsmasq_log(self):
        return (self.directory / "dnsmasq.log").read_text()

    def stop(self):
        for process in (self.node, self.alfred, self.dnsmasq):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        run("ip", "netns", "del", self.namespace, check=False)


class Client:
    """A DHCP client on the bridge of a node."""

    def __init__(self, net, number):
        self.net = net
        self.namespace = f"{PREFIX}c{number}"
        self.mac = mac(number, 0xCC)
        self.name = f"c{number}"
        run("ip", "netns", "add", self.namespace)

    def plug(self, node):
        run("ip", "-n", self.namespace, "link", "del", "eth0", check=False)
        run(
            "ip", "link", "add", "eth0", "address", self.mac, "netns", self.namespace,
            "type", "veth", "peer", "name", self.name, "netns", node.namespace,
        )  # fmt: skip
        batch(node.namespace, f"link set {self.name} master br-lan up")
        batch(self.namespace, "link set eth0 up")

    def lease(self, wanted=None):
        """The address it gets."""
        words = ["ip", "netns", "exec", self.namespace, "busybox", "udhcpc", "-i", "eth0"]
        words += ["-n", "-q", "-f", "-t", "5", "-T", "1", "-s", "/bin/true"]
        words += ["-x", f"hostname:{self.name}"] + (["-r", wanted] if wanted else [])
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        for line in (done.stdout + done.stderr).split("\n"):
            if "lease of" in line:
                return line.split("lease of ")[1].split()[0]
        return None

    def close(self):
        run("ip", "netns", "del", self.namespace, check=False)


class Net:
    """A switch with nodes."""

    def __init__(self, program, count, roles="auto", period=1.0, primaries_max=16):
        self.program = pathlib.Path(program).resolve()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="meshd-cloud-"))
        self.switch = f"{PREFIX}sw"
        self.nodes = []
        self.clients = []
        run("ip", "netns", "add", self.switch)
        batch(self.switch, "link add sw type bridge mcast_snooping 0", "link set sw up")
        roles = roles if isinstance(roles, list) else [roles] * count
        try:
            for number in range(1, count + 1):
                self.nodes.append(Node(self, number, roles[number - 1], period, primaries_max))
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for thing in self.nodes:
            thing.stop()
        for client in self.clients:
            client.close()
        run("ip", "netns", "del", self.switch, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def client(self, number):
        self.clients.append(Client(self, number))
        return self.clients[-1]

    def start(self):
        for node in self.nodes:
            node.start_alfred()
            node.start()
        for node in self.nodes:
            done, took = until(node.settled)
            if not done:
                raise RuntimeError(f"node {node.number} after {took:.0f} s: {node.ask('cloud')}")
        return self

    def know_each_other(self, seconds=PATIENCE):
        return until(
            lambda: all(len(node.ask("nodes")["nodes"]) == len(self.nodes) for node in self.nodes),
            seconds,
        )

    def bytes_sent(self):
        """By all nodes into the switch: (bytes, packets)."""
        links = json.loads(run("ip", "-n", self.switch, "-s", "-j", "link"))
        counts = [
            link["stats64"]["rx"] for link in links if link["ifname"].startswith("n")
        ]
        return sum(c["bytes"] for c in counts), sum(c["packets"] for c in counts)
