#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sharing with the real alfred and dnsmasq, each node in a network namespace.

    cloud_cases.py CLOUD_NODE [CASE]...
"""

import os
import shutil
import signal
import statistics
import sys
import time

from cloud_net import Net, mac, run, until

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else None


def is_primary(node):
    return node.ask("cloud")["alfred"]["role"] == "primary"


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def lease_of(number):
    return (f"10.13.{64 + number // 250}.{number % 250 + 1}", mac(number, 0xCC), f"host{number}")


def propagation(net, rounds):
    """Times until a new lease of node 1, 2, .. is seen by all others."""
    times = []
    leases = {node: [] for node in net.nodes}
    for number in range(rounds):
        node = net.nodes[number % len(net.nodes)]
        new = lease_of(1000 + number)
        leases[node].append(new)
        time.sleep(1.1 + 0.37 * (number % 5))
        node.write_leases(leases[node])
        done, took = until(
            lambda new=new: all(new[0] in other.leases() for other in net.nodes), 60
        )
        expect(done, f"{new} is not seen everywhere after {took:.1f} s")
        times.append(took)
    return times


def case_exchange():
    """Three nodes exchange leases; names, files and withdrawal."""
    with Net(PROGRAM, 3, period=1) as net:
        net.start()
        print(f"    all know each other after {net.know_each_other()[1]:.1f} s")
        times = propagation(net, 12)
        print(f"    lease seen everywhere, p=1: median {statistics.median(times):.2f} s, "
              f"worst {max(times):.2f} s of {len(times)}")
        first, second = net.nodes[:2]
        ip, at, name = lease_of(1000)
        hosts = second.run / "dnsmasq.hosts.d"
        text = "".join(path.read_text() for path in sorted(hosts.iterdir()))
        expect(f"{at},{ip}\n" in text, text)
        names = (second.run / "dnsmasq.names.d" / first.mac.replace(":", "-")).read_text()
        expect(f"{ip} {name}\n" in names, names)
        expect("10.13.0.11 node1\n" in names, names)
        start = time.monotonic()
        first.write_leases([])
        done, _ = until(lambda: all(ip not in node.leases() for node in net.nodes), 30)
        expect(done, "a lease that ended is still there")
        print(f"    lease that ended is gone everywhere after {time.monotonic() - start:.2f} s")
        done, _ = until(lambda: second.ask("state")["reloads"] >= 2, 10)
        expect(done, "no SIGHUP for reservations that went")


def watch_death(net, victim, lose, mend):
    """Returns (noticed, shared again) in seconds after each."""
    node = net.nodes[victim]
    lose(node)
    noticed = until(lambda: not node.ask("state")["answers"], 30)
    expect(noticed[0], "not noticed")
    mend(node)
    new = lease_of(2000 + net.serial)
    net.serial += 1
    node.write_leases([new])
    again = until(lambda: all(new[0] in other.leases() for other in net.nodes), 60)
    expect(again[0], f"not mended: {node.ask('cloud')}")
    return noticed[1], again[1]


def kill(node):
    node.alfred.kill()
    node.alfred.wait()


def case_alfred_dies():
    """alfred killed, stopped, and without its interface."""
    with Net(PROGRAM, 3, period=1) as net:
        net.serial = 0
        net.start().know_each_other()
        for what, lose, mend in (
            ("killed", kill, lambda node: node.start_alfred()),
            ("stopped", lambda node: node.alfred.send_signal(signal.SIGSTOP),
             lambda node: node.alfred.send_signal(signal.SIGCONT)),
            ("br-lan deleted", lambda node: run("ip", "-n", node.namespace, "link", "del", "br-lan"),
             lambda node: node.bridge()),
            ("killed again", kill, lambda node: node.start_alfred()),
        ):
            for victim in range(2):
                noticed, again = watch_death(net, victim, lose, mend)
                print(f"    {what}: noticed after {noticed:.1f} s, shared again {again:.1f} s "
                      f"after it was mended")
                expect(noticed < 10.5, "noticed too late")
                expect(net.nodes[victim].alfred.poll() is None, "alfred died")


def case_short_outage():
    """The interface goes and comes back before anybody restarts alfred."""
    with Net(PROGRAM, 2, period=1) as net:
        net.start().know_each_other()
        node = net.nodes[0]
        for number in range(3):
            run("ip", "-n", node.namespace, "link", "del", "br-lan")
            time.sleep(1.0 + number)
            node.bridge()
            new = lease_of(2500 + number)
            node.write_leases([new])
            done, took = until(lambda new=new: new[0] in net.nodes[1].leases(), 60)
            expect(done, f"not mended: {node.ask('cloud')}")
            print(f"    without br-lan for {1 + number} s: shared {took:.1f} s after")


def case_large():
    """Datasets of 60 kB arrive, each time."""
    with Net(PROGRAM, 2, period=1) as net:
        net.start().know_each_other()
        node = net.nodes[0]
        arrived, times = 0, []
        for turn in range(20):
            count = 2990 + turn
            node.write_leases([lease_of(3000 + number) for number in range(count)])
            done, took = until(
                lambda count=count: net.nodes[1].ask("cloud")["counts"]["remote"] == count, 30, 0.1
            )
            arrived += bool(done)
            times.append(took)
            time.sleep(0.4)
        state = node.ask("cloud")
        print(f"    {state['published_bytes']} bytes: {arrived} of 20 arrived, median "
              f"{statistics.median(times):.1f} s, worst {max(times):.1f} s; "
              f"pushes {state['alfred']['pushes']}, lost {state['alfred']['lost_pushes']}")
        expect(arrived == 20, "some did not arrive")


def case_secondary():
    """Secondaries poll; when the primary dies they help themselves."""
    with Net(PROGRAM, 3, roles=["primary", "auto", "auto"], period=1, primaries_max=1) as net:
        net.start()
        print(f"    all know each other after {net.know_each_other()[1]:.1f} s")
        done, took = until(
            lambda: sum(is_primary(node) for node in net.nodes) <= 2, 60, 0.5
        )
        expect(done, "too many primaries")
        print(f"    roles after {took:.0f} s: {[is_primary(n) for n in net.nodes]}")
        times = propagation(net, 9)
        print(f"    lease seen everywhere: median {statistics.median(times):.2f} s, "
              f"worst {max(times):.2f} s")
        secondary = [node for node in net.nodes if not is_primary(node)]
        expect(secondary, "no secondary")
        for node in net.nodes:
            if node not in secondary:
                node.node.kill()
                kill(node)
        done, took = until(lambda: is_primary(secondary[0]), 120, 0.5)
        expect(done, "no primary is left, and nobody becomes one")
        print(f"    a secondary without primary becomes one after {took:.0f} s")


def case_dnsmasq():
    """Real leases: reservations, a walk, a conflict."""
    with Net(PROGRAM, 3, period=1) as net:
        net.start().know_each_other()
        for node in net.nodes:
            node.start_dnsmasq()
            done, _ = until(lambda node=node: node.ask("ask-dnsmasq")["works"], 10)
            expect(done, f"dnsmasq does not answer: {node.dnsmasq_log()}")
        one, two, three = net.nodes
        client = net.client(1)
        client.plug(one)
        address = client.lease()
        expect(address, "no lease")
        done, took = until(lambda: address in three.leases(), 20)
        expect(done, "lease is not shared")
        print(f"    {address} known at node 3 after {took:.2f} s")
        client.plug(three)
        expect(client.lease() == address, "another address after the walk")
        other = net.client(2)
        other.plug(two)
        expect(other.lease(address) != address, "a reserved address was given to somebody else")
        expect("duplicate" not in "".join(node.dnsmasq_log() for node in net.nodes),
               "dnsmasq complains of duplicates")
        conflict(net)
        kill_dnsmasq = three.dnsmasq
        kill_dnsmasq.send_signal(signal.SIGSTOP)
        answer = three.ask("ask-dnsmasq")
        expect(not answer["works"] and answer["seconds"] < 3.5, str(answer))
        kill_dnsmasq.send_signal(signal.SIGCONT)
        expect(three.ask("ask-dnsmasq")["works"], "dnsmasq does not answer")


def conflict(net):
    """Two nodes that do not hear each other give one address to two clients."""
    one, two, three = net.nodes
    run("ip", "-n", net.switch, "link", "set", "n2", "down")
    first, second = net.client(3), net.client(4)
    first.plug(one)
    address = first.lease("10.13.200.7")
    time.sleep(2)
    second.plug(two)
    expect(second.lease("10.13.200.7") == address, "no conflict to be had")
    run("ip", "-n", net.switch, "link", "set", "n2", "up")
    start = time.monotonic()
    done, _ = until(
        lambda: all(n.leases().get(address, {}).get("mac") == first.mac for n in net.nodes)
        and second.mac not in (two.state / "dnsmasq.leases").read_text(), 60,
    )
    expect(done, f"{[n.leases().get(address) for n in net.nodes]} {two.log()}")
    print(f"    conflict: the earlier holds it everywhere, the later's lease ended "
          f"{time.monotonic() - start:.1f} s after they met")
    hosts = two.run / "dnsmasq.hosts.d"
    done, _ = until(lambda: any(f"{first.mac},{address}" in path.read_text()
                                for path in hosts.iterdir()), 10)
    expect(done, "the winner has no reservation")
    moved, took = until(lambda: second.lease(address) not in (None, address), 20)
    expect(moved, "the loser still gets the address")
    print(f"    the loser gets another address when it asks ({took:.1f} s)")
    expect(two.ask("cloud")["conflicts"] >= 1, "not counted")


def traffic(roles, period):
    with Net(PROGRAM, 10, roles=roles, period=period, primaries_max=4) as net:
        for node in net.nodes:
            node.write_leases([lease_of(node.number * 100 + i) for i in range(46)])
        net.start()
        _, took = net.know_each_other(120)
        time.sleep(2 * period)
        seconds = 6 * period if period >= 10 else 20 * period
        sizes = [node.ask("cloud")["published_bytes"] for node in net.nodes]
        local = [node.ask("cloud")["alfred"] for node in net.nodes]
        before = net.bytes_sent()
        time.sleep(seconds)
        after = net.bytes_sent()
        late = [node.ask("cloud")["alfred"] for node in net.nodes]
    rate = (after[0] - before[0]) / seconds
    asked = sum(b["requests"] - a["requests"] for a, b in zip(local, late)) / seconds / 10
    return rate, statistics.mean(sizes), took, asked


def case_traffic():
    """What ten nodes send (printed, not judged)."""
    for period in (2, 10):
        for name, roles in (
            ("10 primaries", ["primary"] * 10),
            ("4 primaries + 6 secondaries", ["primary"] * 4 + ["secondary"] * 6),
        ):
            rate, size, took, asked = traffic(roles, period)
            primaries = roles.count("primary")
            secondaries = 10 - primaries
            ideal = size / period * (primaries * (primaries - 1) * 10 / primaries
                                     + secondaries * (1 + 10))
            print(f"    p={period} {name}: {rate:.0f} B/s in all, {rate / 10:.0f} B/s a node, "
                  f"{size:.0f} B facts, estimate {ideal:.0f} B/s, "
                  f"{asked:.2f} requests/s a node, knew each other after {took:.1f} s")


CASES = {
    name[5:]: value for name, value in list(globals().items()) if name.startswith("case_")
}


def main():
    if PROGRAM is None:
        sys.exit(__doc__)
    missing = [name for name in ("alfred", "dnsmasq", "busybox", "nft") if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        print(f"skipped: not root, or not there: {missing}")
        return 0
    # Namespaces are taken down on a time limit's SIGTERM, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    failed = 0
    for name in sys.argv[2:] or [name for name in CASES if name != "traffic"]:
        print(f"{name}: {CASES[name].__doc__}", flush=True)
        start = time.monotonic()
        try:
            CASES[name]()
            print(f"ok {name} ({time.monotonic() - start:.0f} s)", flush=True)
        except (AssertionError, RuntimeError) as error:
            failed += 1
            print(f"FAIL {name}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
