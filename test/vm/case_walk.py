# SPDX-License-Identifier: GPL-2.0-or-later
"""A client walks through the cloud and keeps its address, its gateway and its connections."""

import contextlib
import socket
import threading
import time

from children import full_config, has_bmx7, pids, wait_children
from dhcp import DhcpClient, lease_rows, wait_all_know
from lab import LabError, Skip, limit, wait_for

GATEWAY = "10.13.0.1"
ANYCAST_MAC = "aa:aa:aa:0d:fe:aa"
OTHER_CLOUD = "quintana-libre.org.ar"
TRANSFER_BYTES = 3_000_000
LOSSY = """table netdev lossy {
	chain hellos {
		type filter hook ingress device "mesh5.17" priority 0
		ip6 daddr ff02::1:6 udp dport 6696 numgen inc mod 3 0 drop
	}
}
"""


def walk(client, node, port):
    """Moves the client's access point, so to say: the other end of its wire to another node."""
    old = client.node
    old.ip(f"link set dev {client.port} down",
           f"link set dev {client.port} netns {node.path.name} name {port}")
    node.ip(f"link set dev {port} up")
    client.node, client.port = node, port


class Transfer:
    """A TCP transfer from a server to a client at a steady rate, in threads."""

    def __init__(self, server, client, address, total=TRANSFER_BYTES, rate=400_000, port=5001):
        self.total, self.received, self.error = total, 0, None
        with server.inside():
            listener = socket.create_server(("0.0.0.0", port))
        self.threads = [threading.Thread(target=self._serve, args=(listener, rate), daemon=True),
                        threading.Thread(target=self._take, args=(client, address, port),
                                         daemon=True)]
        for thread in self.threads:
            thread.start()

    def _serve(self, listener, rate):
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            sent, piece = 0, bytes(rate // 20)
            while sent < self.total:
                part = piece[: self.total - sent]
                connection.sendall(part)
                sent += len(part)
                time.sleep(0.05)
            connection.close()
        listener.close()

    def _take(self, client, address, port):
        try:
            with client.inside():
                connection = socket.create_connection((address, port), timeout=60)
            while data := connection.recv(65536):
                self.received += len(data)
        except OSError as error:
            self.error = error

    def wait(self, timeout):
        for thread in self.threads:
            thread.join(timeout)
        if self.error or self.received != self.total:
            raise LabError(f"transfer: {self.received} of {self.total} bytes, {self.error}")


def two_clouds(lab, protocol="babeld"):
    """Four nodes of cloud A in a line and one of cloud B behind the second: B is behind layer 3."""
    nodes = lab.line("a1", "a2", "a3", "a4")
    other = lab.node("b1")
    lab.link(nodes[1], "mesh2", other, "mesh0")
    more = {} if protocol == "babeld" else {"babeld": {"enabled": False},
                                            "bmx7": {"enabled": True}}
    configs = {node: full_config(**more) for node in nodes}
    configs[other] = full_config(ssid=OTHER_CLOUD, **more)
    lab.bring_up(configs, timeout=90)
    wait_children([*nodes, other], (protocol, "alfred", "dnsmasq"), 90)
    lab.wait_mesh(nodes)
    far = DhcpClient(lab.client(other, "far", port="lan0"))
    host = DhcpClient(lab.client(nodes[1], "host", port="lan0"))
    walker = DhcpClient(lab.client(nodes[0], "walker", port="lan0"))
    for node in configs:
        node.meshd.wait_converged()
    for dhcp in (far, host, walker):
        dhcp.start()
        dhcp.wait_bound(60)
    walker.client.reaches(host.lease()["ip"], timeout=60)
    walker.client.reaches(far.lease()["ip"], timeout=120)
    return nodes, other, walker, host, far


def walking(lab, protocol):
    nodes, _, walker, host, far = two_clouds(lab, protocol)
    client, ip = walker.client, walker.lease()["ip"]
    wait_all_know(nodes, [ip], 30)
    assert wait_for(lambda: client.neighbour(GATEWAY), 10, "the gateway") == ANYCAST_MAC
    transfer = Transfer(host.client, client, host.lease()["ip"])
    wait_for(lambda: transfer.received > 200_000, 20, "the transfer to run")
    with client.pinger(host.lease()["ip"], rate=50) as near_ping, \
            client.pinger(far.lease()["ip"], rate=50) as far_ping:
        wait_for(lambda: far_ping.received > 50 and near_ping.received > 50, 20, "pings")
        walk(client, nodes[3], "lan7")
        sent = near_ping.sent
        wait_for(lambda: near_ping.sent > sent + 250, 30, "five seconds of pings")
    transfer.wait(90)
    print(f"  walked from a1 to a4 with {protocol}: gap {near_ping.longest_gap:.2f} s to a host of "
          f"the cloud, {far_ping.longest_gap:.2f} s to one behind layer 3")
    assert near_ping.longest_gap < 5 and far_ping.longest_gap < 5, (near_ping, far_ping)
    assert client.neighbour(GATEWAY) == ANYCAST_MAC
    lease = walker.renew()
    assert lease["ip"] == ip, (lease, ip)
    wait_for(lambda: lease_rows(nodes[3])[ip]["origin"] == "own", 10, "a4 to have the lease")
    client.reaches(far.lease()["ip"], timeout=30)


@limit(400)
def case_babeld(lab):
    """A client walks from node 1 to node 4 while it pings a host of the cloud and one behind layer 3
    and holds a TCP transfer: same address, same gateway, nothing breaks; a renewal there gives the
    same address."""
    walking(lab, "babeld")


@limit(500)
def case_bmx7(lab):
    """The same with bmx7."""
    if not has_bmx7():
        raise Skip("no bmx7")
    walking(lab, "bmx7")


@limit(400)
def case_answer_by_another_node(lab):
    """A client of cloud A reaches one of cloud B, and the answer enters cloud A at another node than
    the question left it, made so by the cost of the links."""
    nodes = lab.line("a1", "a2", "a3")
    other = lab.node("b1")
    lab.link(nodes[0], "mesh5", other, "mesh0")
    lab.link(nodes[2], "mesh5", other, "mesh1")
    configs = {node: full_config() for node in nodes}
    configs[other] = full_config(ssid=OTHER_CLOUD)
    lab.bring_up(configs, timeout=90)
    wait_children([*nodes, other])
    lab.wait_mesh(nodes)
    far = DhcpClient(lab.client(other, "far", port="lan0"))
    near = DhcpClient(lab.client(nodes[0], "near", port="lan0"))
    for node in configs:
        node.meshd.wait_converged()
    for dhcp in (far, near):
        dhcp.start()
        dhcp.wait_bound(60)
    near.client.reaches(far.lease()["ip"], timeout=90)
    # Every third of b1's hellos is lost on the way to a1, so that link costs more than that to a3,
    # and answers leave by a3; a1's other ways are longer still.
    nodes[0].run("nft", "-f", "-", stdin=LOSSY)
    wait_for(lambda: route_device(other, "10.13.0.0/16") == "mesh1.17"
             and route_device(nodes[0], "10.92.0.0/16") == "mesh5.17", 150,
             "questions to leave by a1 and answers by a3")
    with nodes[2].capture("mesh5.17") as entering, nodes[0].capture("mesh5.17") as leaving:
        near.client.reaches(far.lease()["ip"], timeout=30)
    near_ip, far_ip = near.lease()["ip"], far.lease()["ip"]
    assert any(is_ping(f, far_ip, near_ip) for f in entering.frames), "answers enter by a3"
    assert any(is_ping(f, near_ip, far_ip) for f in leaving.frames), "questions leave by a1"
    assert not any(is_ping(f, far_ip, near_ip) for f in leaving.frames), "none comes back by a1"


def is_ping(frame, source, target):
    return frame.ip_src == source and frame.ip_dst == target and frame.icmp_type is not None


def route_device(node, network):
    routes = node.json("ip", "-j", "route", "show", network, "proto", "babel")
    return routes[0]["dev"] if routes else None


@limit(400)
def case_meshd_killed(lab):
    """meshd killed with KILL, and replaced by reexec, while clients ping at 100 a second through
    layer 2 and layer 3: nothing is lost, children keep their pids."""
    nodes, other, walker, host, far = two_clouds(lab)
    client = walker.client
    everyone = [*nodes, other]
    before = {node.name: pids(node) for node in everyone}
    with client.pinger(host.lease()["ip"], rate=100) as near_ping, \
            client.pinger(far.lease()["ip"], rate=100) as far_ping:
        wait_for(lambda: far_ping.received > 100, 20, "pings")
        for node in everyone:
            node.meshd.kill()
        sent = near_ping.sent
        wait_for(lambda: near_ping.sent > sent + 300, 30, "three seconds without meshd")
        for node in everyone:
            node.meshd.start()
            node.meshd.wait_converged()
        wait_children(everyone)
        for node in everyone:
            pid = node.meshd.pid
            node.meshd.meshctl("reexec")
            assert node.meshd.running and node.meshd.pid == pid
            node.meshd.wait_converged()
        sent = near_ping.sent
        wait_for(lambda: near_ping.sent > sent + 200, 30, "two seconds more")
    for ping in (near_ping, far_ping):
        print(f"  {ping}")
        assert ping.lost == 0, f"{ping} at {ping.lost_at()[:20]}"
    assert {node.name: pids(node) for node in everyone} == before
