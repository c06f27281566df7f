# SPDX-License-Identifier: GPL-2.0-or-later
"""DHCP clients as people have them: busybox udhcpc, one in each client's namespace."""

import ipaddress
import os
import pathlib
import signal
import time

from netns import LabError, wait_for

SCRIPT = """#!/bin/busybox sh
# Called by udhcpc: keeps the lease in the environment's words and gives the address to the link.
case "$1" in
deconfig)
	busybox ip -4 addr flush dev "$interface"
	busybox ip link set "$interface" up
	;;
bound|renew)
	busybox ip -4 addr show dev "$interface" | busybox grep -q "inet $ip/" || {
		busybox ip -4 addr flush dev "$interface"
		busybox ip addr add "$ip/$mask" dev "$interface"
	}
	busybox ip route replace default via "$router" dev "$interface"
	;;
esac
busybox env > "$LEASE_FILE.new"
echo "event=$1" >> "$LEASE_FILE.new"
busybox mv "$LEASE_FILE.new" "$LEASE_FILE.$1"
"""


class DhcpClient:
    """udhcpc on a client's eth0.

        dhcp = DhcpClient(client)
        dhcp.start()
        lease = dhcp.wait_bound()      # {"ip", "mask", "router", "dns", "mtu", "domain", "lease"}
        dhcp.renew()
        dhcp.stop(release=True)
    """

    def __init__(self, client, hostname=None):
        self.client = client
        self.hostname = hostname or client.name
        self.directory = pathlib.Path(client.lab.directory) / f"dhcp-{client.name}"
        self.directory.mkdir()
        self.script = self.directory / "script"
        self.script.write_text(SCRIPT, encoding="ascii")
        self.script.chmod(0o755)
        self.file = self.directory / "lease"
        self.process = None

    def start(self, request=None):
        """request: an address to ask for, as a client that had it before."""
        options = ["-r", request] if request else []
        environment = {**os.environ, "LEASE_FILE": str(self.file)}
        self.process = self.client.start(
            "busybox", "udhcpc", "-i", "eth0", "-f", "-R", "-t", "20", "-T", "1", "-A", "1",
            "-O", "mtu", "-x", f"hostname:{self.hostname}", "-s", self.script, *options,
            env=environment,
        )

    def lease(self, event="bound"):
        """What the newest `event` brought, or None."""
        try:
            text = pathlib.Path(f"{self.file}.{event}").read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        words = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        return {"at": os.stat(f"{self.file}.{event}").st_mtime, **words}

    def wait_bound(self, timeout=30, event="bound", since=0):
        """Waits for a lease (of an event after `since`, seconds since 1970) and returns it."""

        def bound():
            lease = self.lease(event)
            return lease if lease and lease["at"] >= since else None

        return wait_for(bound, timeout, f"{self.client} to be {event}")

    def renew(self, timeout=20):
        """Asks for a renewal now and returns the renewed lease."""
        before = time.time() - 0.05
        self.process.send_signal(signal.SIGUSR1)
        return self.wait_bound(timeout, "renew", before)

    def stop(self, release=False):
        """Ends udhcpc, with a DHCPRELEASE or without a word."""
        if release:
            self.process.send_signal(signal.SIGUSR2)
            wait_for(lambda: self.lease("deconfig"), 5, "the release")
        self.process.kill()
        self.process.wait()


def address_of(lease):
    return ipaddress.ip_address(lease["ip"])


def lease_rows(node):
    """The node's leases by address."""
    return {row["ip"]: row for row in node.meshd.call("leases")["leases"]}


def wait_all_know(nodes, addresses, timeout):
    """Waits until every node has all the addresses; returns the seconds it took."""
    start = time.monotonic()
    wanted = set(addresses)

    def known():
        for node in nodes:
            missing = wanted - set(lease_rows(node))
            if missing:
                raise LabError(f"{node} lacks {sorted(missing)[:5]} of {len(wanted)}")
        return True

    wait_for(known, timeout, f"{len(nodes)} nodes to know {len(wanted)} leases", 0.05)
    return time.monotonic() - start
