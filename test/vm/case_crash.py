# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 in the midst of everything meshd does to the kernel; the next start makes it whole.

kill_after.c, preloaded into meshd, lets a number of changing netlink messages through, cuts the rest
of the batch off and kills the process."""

import itertools
import subprocess

from lab import LabError, basic_config, limit, wait_for
from netns import Hopeless
from ownership import Portrait, doubled, node_alone, own_links, preload, unmarked

OTHER_SSID = "MyCommunity"
DIED = -9


def drop(lab, node):
    """A lap's node goes at once: hundreds of namespaces would slow the later laps."""
    node.close()
    del lab.nodes[node.name]


def settle(node):
    """Waits until all is done: the kernel's late news, a bridge's carrier and its link-local address,
    may make meshd work once more."""
    node.meshd.wait_converged(60)
    node.wait_addresses()
    node.meshd.wait_converged()


def start_and_wait(node, environment):
    node.meshd.start(env=environment)
    settle(node)


def start_and_count(node):
    """Starts meshd, waits until all is done and stops it. How many changing messages it had sent when
    it had converged for the first time, and in all."""
    log = node.meshd.directory / "messages"

    def messages():
        return int(log.read_text(encoding="ascii"))  # it is written anew at every message

    node.meshd.start(env=preload(node, kill_after_log=log))
    node.meshd.wait_converged()
    first = wait_for(messages, 5, "the number of messages")
    settle(node)
    node.meshd.stop()
    return first, messages()


def die(node, count, first):
    """Starts meshd, which dies behind its count-th message. False: all is done without so many. That
    may be once count is more than `first`, those until the first convergence: what is late may come
    together or not at all."""
    try:
        start_and_wait(node, preload(node, kill_after=count))
    except Hopeless:  # it has ended
        pass
    ended = node.meshd.stop()
    if ended == DIED:
        return True
    if ended != 0 or count <= first:
        raise LabError(f"message {count}: meshd ended with {ended}: {node.meshd.log()}")
    return False


def purge(node, environment):
    """meshd --purge; returns its exit status."""
    done = node.start(*node.meshd.arguments("--purge"), env=environment, stderr=subprocess.PIPE)
    _, said = done.communicate(timeout=60)
    if done.returncode not in (0, DIED):
        raise LabError(f"--purge ended with {done.returncode}: {said.decode()}")
    return done.returncode


def wait_same(node, portrait, what):
    """Waits until the node is as on the portrait, nothing twice, all marked. The kernel notes the
    carrier of a bridge, and gives it its link-local address, a bit later."""

    def is_same():
        last = Portrait(node)
        lines = portrait.differences(last) + doubled(node, last) + unmarked(node, last)
        if lines:
            raise LabError("; ".join(lines)[:3000])
        return True

    wait_for(is_same, 20, what)


def check_whole(node, undisturbed, count):
    """A second start has made all whole: as on an undisturbed node, nothing twice, all marked."""
    node.meshd.start()
    status = node.meshd.wait_converged()
    problems, failures = status["problems"], status["reconcile"]["failures"]
    node.meshd.stop()
    if problems or failures:
        raise LabError(f"killed behind message {count}: {failures} failures, problems {problems}")

    wait_same(node, undisturbed, f"a whole node after its death behind message {count}")


def undisturbed_node(lab, name, config):
    """A Portrait of a node that nothing happened to, and how many messages it took, see
    start_and_count()."""
    node = node_alone(lab, name)
    node.meshd.configure(config)
    first, total = start_and_count(node)
    portrait = Portrait(node)
    lines = doubled(node, portrait) + unmarked(node, portrait)
    assert not lines, lines
    drop(lab, node)
    return portrait, first, total


def cold_apply(lab, begin):
    """Laps for every second message, until one is not killed any more."""
    config = basic_config()
    undisturbed, first, total = undisturbed_node(lab, "whole", config)
    assert total > 60, f"only {total} messages"
    laps = 0
    for count in itertools.count(begin, 2):
        node = node_alone(lab, f"k{count}")
        node.meshd.configure(config)
        died = die(node, count, first)
        check_whole(node, undisturbed, count)
        drop(lab, node)
        if not died:
            break
        laps += 1
    print(f"  cold apply: {first} messages, {total} with the late ones; killed in {laps} laps")


# Two cases, so that two machines share the laps.
@limit(500)
def case_cold_apply_odd(lab):
    """Killed behind every k-th message of a cold start, the next start makes the same node: k odd."""
    cold_apply(lab, 1)


@limit(500)
def case_cold_apply_even(lab):
    """Killed behind every k-th message of a cold start, the next start makes the same node: k even."""
    cold_apply(lab, 2)


def some(total):
    """Every message of the end, where the links are; only some of the beginning, the long batch of
    nftables rules that happens as a whole or not at all."""
    return sorted({1, 2, *range(10, total, 20), *range(max(1, total - 24), total + 1)})


def is_kept(line):
    """Sysctls stay set, see docs/ARCHITECTURE.md, and with IPv6 forwarding the kernel answers to
    fe80::."""
    return line.startswith("sysctls.") or '"type": "anycast"' in line


@limit(500)
def case_purge(lab):
    """Killed in the midst of --purge, a second one removes the rest, and nothing else."""
    config = basic_config()
    node = node_alone(lab, "whole")
    before = Portrait(node)
    node.meshd.configure(config)
    start_and_wait(node, None)
    node.meshd.stop()
    whole, links = Portrait(node), own_links(node.snapshot())
    assert purge(node, None) == 0
    gone = Portrait(node)
    left = [line for line in before.differences(gone) if not is_kept(line)]
    assert left == ["mesh0.mtu: 1500 -> 1536"], left
    for count in itertools.count(1):
        node.meshd.start()
        node.meshd.wait_converged()
        node.meshd.stop()
        wait_same(node, whole, f"a whole node before the purge killed behind message {count}")
        ended = purge(node, preload(node, kill_after=count))
        assert purge(node, None) == 0
        wait_same(node, gone, f"a clean node after the purge killed behind message {count}")
        if ended != DIED:
            break
    # Each link that is meshd's takes one message at least.
    assert count > len(links), f"not killed behind message {count}"
    print(f"  purge: {count - 1} messages, killed behind each")


@limit(500)
def case_start_after_purge(lab):
    """Killed in the midst of --purge, a start (instead of a second purge) makes the node whole."""
    config = basic_config()
    undisturbed, _, _ = undisturbed_node(lab, "whole", config)
    node = node_alone(lab, "again")
    node.meshd.configure(config)
    start_and_wait(node, None)
    node.meshd.stop()
    for count in range(1, 12, 2):
        ended = purge(node, preload(node, kill_after=count))
        check_whole(node, undisturbed, count)
        if ended != DIED:
            break


@limit(500)
def case_ssid(lab):
    """Killed while it moves to another cloud, the next start finishes the move."""
    here, there = basic_config(), basic_config(OTHER_SSID)
    undisturbed, _, _ = undisturbed_node(lab, "whole", there)
    counter = node_alone(lab, "counter")
    counter.meshd.configure(here)
    start_and_wait(counter, None)
    counter.meshd.stop()
    counter.meshd.configure(there)
    first, total = start_and_count(counter)
    assert total > 10, total
    drop(lab, counter)
    laps = 0
    for count in some(total):
        node = node_alone(lab, f"k{count}")
        node.meshd.configure(here)
        start_and_wait(node, None)
        node.meshd.stop()
        node.meshd.configure(there)
        died = die(node, count, first)
        check_whole(node, undisturbed, count)
        drop(lab, node)
        if not died:
            break
        laps += 1
    print(f"  change of SSID: {first} messages, {total} with the late ones; killed in {laps} laps")


@limit(300)
def case_running(lab):
    """Killed while it runs and heals: the next start finds the rest."""
    config = basic_config()
    undisturbed, _, _ = undisturbed_node(lab, "whole", config)
    node = node_alone(lab, "healing")
    node.meshd.configure(config)
    start_and_wait(node, None)
    node.meshd.stop()
    for count in (1, 2, 4, 8, 16):
        # The counter starts with the process, which has nothing to do at first.
        node.meshd.start(env=preload(node, kill_after=count))
        node.meshd.wait_converged()
        node.ip("link del br-lan", "link del mesh0.29")
        wait_for(lambda: not node.meshd.running, 20, f"meshd to die behind message {count}")
        assert node.meshd.process.returncode == DIED
        check_whole(node, undisturbed, count)


def case_doubles_are_noticed(lab):
    """What the cases above look for is seen where it is: a rule, an nft rule and an address twice, and
    links and rules without a mark."""
    node = node_alone(lab, "n")
    node.ip(
        "rule add from 10.13.0.1 lookup 170 pref 10 protocol 109",
        "rule add from 10.13.0.1 lookup 170 pref 11 protocol 109",
        "rule add from 10.13.0.2 lookup 170 pref 12",
        "link add br-lan type bridge",
        "addr add 10.13.0.2/16 dev br-lan",
    )
    rule = 'meta protocol ip counter drop comment "again"'
    chain = "chain prerouting { type filter hook prerouting priority -300; }"
    node.run("nft", "add", "table", "bridge", "meshd", f"{{ {chain}; }}")
    for _ in range(2):
        node.run("nft", f"add rule bridge meshd prerouting {rule}")
    portrait = Portrait(node)
    twice = "\n".join(doubled(node, portrait))
    assert "2 times rule IPv4" in twice and "2 times nft rule meshd prerouting again" in twice, twice
    missing = "\n".join(unmarked(node, portrait))
    for what in ("br-lan is in group default", "br-lan has alias", "10.13.0.2/16", '"10.13.0.2"'):
        assert what in missing, missing
