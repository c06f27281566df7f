# SPDX-License-Identifier: GPL-2.0-or-later
"""A restart of meshd is nothing: no frame is lost, nothing is done, nothing gets a new number."""

import contextlib
import signal

from lab import LabError, basic_config, limit, wait_for

RATE = 100
GATEWAY = "10.13.0.1"
GATEWAY6 = "fd0d:fe46:8ce8::1"
ROUNDS = 2


def two_nodes(lab):
    """Two nodes of one cloud, a client behind each; all reach each other."""
    nodes = lab.line("n1", "n2")
    clients = [lab.client(node, f"c{node.number}") for node in nodes]
    for number, client in enumerate(clients, 1):
        client.address, client.address6 = f"10.13.200.{number}", f"fd0d:fe46:8ce8::c:{number}"
        client.configure(f"{client.address}/16", f"{client.address6}/64", gateway=GATEWAY)
    lab.bring_up({node: basic_config() for node in nodes})
    lab.wait_mesh(nodes)
    clients[0].reaches(clients[1].address, timeout=30)
    clients[0].reaches(clients[1].address6, timeout=30)
    for client in clients:
        client.reaches(GATEWAY)
        client.reaches(GATEWAY6)
    for node in nodes:
        node.wait_addresses()  # snapshots of them are compared
    return nodes, clients


def pingers(clients):
    """Through the cloud, both families, and each client to its own gateway."""
    first, second = clients
    return [
        first.pinger(second.address, rate=RATE),
        first.pinger(second.address6, rate=RATE),
        first.pinger(GATEWAY, rate=RATE),
        second.pinger(GATEWAY, rate=RATE),
    ]


def restart(node, how):
    """Ends meshd and starts it again: it finds nothing to do, and everything is the same object."""
    before = node.snapshot()
    node.meshd.stop(how)
    node.meshd.start()
    reconcile = node.meshd.wait_converged()["reconcile"]
    assert reconcile["operations"] == 0, reconcile
    assert reconcile["failures"] == 0 and reconcile["cycles"] >= 1, reconcile
    after = node.snapshot()
    assert after.ifindexes() == before.ifindexes(), (before.ifindexes(), after.ifindexes())
    differences = before.differences(after)
    assert not differences, differences


def restart_under_load(lab, how):
    nodes, clients = two_nodes(lab)
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(ping) for ping in pingers(clients)]
        wait_for(lambda: min(ping.received for ping in running) >= RATE, 20, "a second of pings")
        for _ in range(ROUNDS):
            for node in nodes:
                restart(node, how)
        # Both at once, and away for some time.
        for node in nodes:
            node.meshd.stop(how)
        sent = running[0].sent
        wait_for(lambda: running[0].sent >= sent + RATE, 20, "a second without meshd")
        for node in nodes:
            node.meshd.start()
        for node in nodes:
            assert node.meshd.wait_converged()["reconcile"]["operations"] == 0
    for ping in running:
        print(f"  {ping}")
    disturbed = [ping for ping in running if ping.lost or ping.refused or ping.duplicates]
    if disturbed:
        raise LabError("; ".join(f"{ping} at {ping.lost_at()[:20]}" for ping in disturbed))


@limit(240)
def case_sigterm(lab):
    """SIGTERM and start, on both nodes, at 100 pings a second: none is lost."""
    restart_under_load(lab, signal.SIGTERM)


@limit(240)
def case_kill(lab):
    """kill -9 and start, on both nodes, at 100 pings a second: none is lost."""
    restart_under_load(lab, signal.SIGKILL)


@limit(240)
def case_purge_is_noticed(lab):
    """The same pings do notice when the network goes between stop and start: the cases above can
    fail."""
    nodes, clients = two_nodes(lab)
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(ping) for ping in pingers(clients)]
        wait_for(lambda: min(ping.received for ping in running) >= RATE, 20, "a second of pings")
        nodes[0].meshd.stop()
        nodes[0].meshd.once("--purge")
        nodes[0].meshd.start()
        operations = nodes[0].meshd.wait_converged()["reconcile"]["operations"]
    assert operations > 10, operations
    for ping in running[:3]:  # the fourth is the other node's
        assert ping.lost > 0, ping
    assert running[3].lost == 0, running[3]


@limit(180)
def case_reload(lab):
    """A reload of the same configuration, by SIGHUP and by request, does nothing either."""
    nodes, clients = two_nodes(lab)
    node = nodes[0]
    before, operations = node.snapshot(), node.meshd.status()["reconcile"]["operations"]
    with clients[0].pinger(clients[1].address, rate=RATE) as ping:
        node.meshd.wait_cycle(lambda: node.meshd.process.send_signal(signal.SIGHUP))
        node.meshd.wait_cycle(node.meshd.reload)
    assert ping.lost == 0, ping
    assert node.meshd.status()["reconcile"]["operations"] == operations
    assert not before.differences(node.snapshot()), before.differences(node.snapshot())
