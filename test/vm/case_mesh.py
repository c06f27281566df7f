# SPDX-License-Identifier: GPL-2.0-or-later
"""What a mesh is for: one cloud, two clouds on the same wire, the anycast gateway."""

import shutil

from frames import ND_NEIGHBOUR_ADVERT, ND_NEIGHBOUR_SOLICIT
from lab import LabError, Skip, basic_config, limit, wait_for

# Two SSIDs and what LibreMesh derives from them.
CLOUD_A = {
    "ssid": "LibreMesh.org", "vlan": 29, "ipv4": "10.13.0.1", "ipv6": "fd0d:fe46:8ce8::1",
    "mac": "aa:aa:aa:0d:fe:aa", "client4": "10.13.200.{}", "client6": "fd0d:fe46:8ce8::c:{}",
}  # fmt: skip
CLOUD_B = {
    "ssid": "MyCommunity", "vlan": 206, "ipv4": "10.190.0.1", "ipv6": "fdbe:eff8:1b19::1",
    "mac": "aa:aa:aa:be:ef:aa", "client4": "10.190.200.{}", "client6": "fdbe:eff8:1b19::c:{}",
}  # fmt: skip
LAYER3_VLAN = 17


def client_of(lab, node, cloud):
    """A client behind a node, with addresses of the cloud and its anycast gateways."""
    client = lab.client(node, f"c{node.number}")
    client.ipv4, client.ipv6 = (cloud[key].format(node.number) for key in ("client4", "client6"))
    client.configure(
        f"{client.ipv4}/16", f"{client.ipv6}/64", gateway=[cloud["ipv4"], cloud["ipv6"]]
    )
    return client


def two_clouds(lab):
    """Nodes a1, a2 of cloud A and b1, b2 of cloud B, all on one wire, each with a client."""
    nodes = [lab.node(name) for name in ("a1", "a2", "b1", "b2")]
    lab.segment("air", *nodes)
    clouds = dict(zip(nodes, (CLOUD_A, CLOUD_A, CLOUD_B, CLOUD_B)))
    clients = [client_of(lab, node, cloud) for node, cloud in clouds.items()]
    lab.bring_up({node: basic_config(cloud["ssid"]) for node, cloud in clouds.items()})
    lab.wait_mesh(nodes[:2])
    lab.wait_mesh(nodes[2:])
    return nodes, clients


def say_something(client, other):
    """Sends what a cloud floods: a broadcast ping, ARP for nobody, multicast."""
    client.sysctl("net/ipv4/icmp_echo_ignore_broadcasts", 0)
    a, b, c, _ = client.ipv4.split(".")
    once = ("-c", "1", "-W", "1")
    client.run("ping", *once, "-b", f"{a}.{b}.255.255", check=False)
    client.run("ping", *once, f"{a}.{b}.{c}.99", check=False)
    client.run("ping", *once, "ff02::1%eth0", check=False)
    client.reaches(other.ipv4)
    client.reaches(other.ipv6)


@limit(180)
def case_line(lab):
    """Four nodes in a line are one cloud: each sees three others, clients at both ends talk."""
    nodes = lab.line("n1", "n2", "n3", "n4")
    first, last = (client_of(lab, node, CLOUD_A) for node in (nodes[0], nodes[3]))
    lab.bring_up({node: basic_config(fast=False) for node in nodes})
    lab.wait_mesh(nodes)
    for node in nodes:
        others = {other.name for other in nodes if other is not node}
        assert node.sees(nodes) == others, (node, node.sees(nodes))
    # Bridge loop avoidance is on here, and keeps ARP back at first.
    first.reaches(last.ipv4, timeout=60)
    first.reaches(last.ipv6)
    macs = {node.mac("br-lan") for node in nodes} | {node.mac("bat0") for node in nodes}
    assert len(macs) == 8, macs


def is_of_cloud_a(frame, mac, ip):
    """Whether a frame, or what batman-adv carries in it, comes from that client or its VLAN."""
    inside = frame.inner or frame
    return frame.vid == CLOUD_A["vlan"] or inside.concerns(mac=mac, ip=ip)


@limit(180)
def case_two_clouds(lab):
    """A broadcast and an ARP of cloud A are never seen in cloud B, on the same wire."""
    nodes, clients = two_clouds(lab)
    a1, _, b1, _ = nodes
    foreign = {node: [] for node in nodes[2:]}
    for node in nodes[2:]:
        links = ("bat0", "br-lan", f"mesh0.{CLOUD_B['vlan']}")
        foreign[node] = [node.capture(link) for link in links]
    for client in clients[2:]:
        foreign[client.node].append(client.capture("eth0"))
    home = clients[1].capture("eth0")
    wire = b1.capture("mesh0")
    say_something(clients[0], clients[1])
    mac = clients[0].mac("eth0")
    # It was loud enough: heard where it should be, and the wire carried it past B.
    floods = (
        lambda f: f.arp_op == 1,
        lambda f: f.icmp_type == 8 and f.ip_dst.endswith(".255.255"),
        lambda f: f.ip_dst == "ff02::1",
    )
    for what in floods:
        wait_for(lambda what=what: home.matching(lambda f: what(f) and f.src == mac), 5,
                 "what the first client floods to be heard by the second")
    assert wire.matching(lambda f: f.vid == CLOUD_A["vlan"] and f.inner and f.inner.src == mac)
    for capture in sum(foreign.values(), []):
        capture.stop()
        assert capture.lost == 0, f"{capture.link} lost {capture.lost} frames"
        seen = [f for f in capture if is_of_cloud_a(f, mac, clients[0].ipv4)]
        assert not seen, f"cloud B sees {seen[:4]}"
    assert not b1.sees([a1]) and not a1.sees([b1])


@limit(180)
def case_layer3_vlan(lab):
    """The layer-3 VLAN is one for both clouds: babeld joins them, clients talk across."""
    if not shutil.which("babeld"):
        raise Skip("no babeld")
    nodes, clients = two_clouds(lab)
    a1, b1 = nodes[0], nodes[2]
    link = f"mesh0.{LAYER3_VLAN}"
    assert link in a1.links() and link in b1.links()
    for node in nodes:
        node.start(
            "babeld", "-I", lab.directory / f"{node}.pid", "-S", lab.directory / f"{node}.state",
            "-h", "1", "-H", "1", "-C", "redistribute if br-lan", "-C", "redistribute local deny",
            link,
        )  # fmt: skip
    for node, network in ((b1, "10.13.0.0/16"), (a1, "10.190.0.0/16")):
        route = ("ip", "-j", "route", "show", network, "proto", "babel")
        wait_for(lambda node=node, route=route: node.json(*route), 40, f"{network} on {node}")
    wire = a1.capture(link)
    clients[0].reaches(clients[2].ipv4, timeout=30)
    assert wire.matching(lambda f: f.ip_dst == clients[2].ipv4 or f.ip_src == clients[2].ipv4)
    for node in nodes:
        status = node.meshd.wait_converged()
        assert status["problems"] == [], status["problems"]


def case_layer3_bmx7(lab):
    """As with babeld, so with bmx7: both clouds' nodes are neighbours on its VLAN."""
    if not shutil.which("bmx7"):
        raise Skip("no bmx7")
    a, b = lab.node("a"), lab.node("b")
    lab.segment("air", a, b)
    bmx7 = {"enabled": True}
    lab.bring_up({
        node: basic_config(ssid, bmx7=bmx7)
        for node, ssid in ((a, CLOUD_A["ssid"]), (b, CLOUD_B["ssid"]))
    })  # fmt: skip
    for node in (a, b):
        home = lab.directory / f"bmx7-{node}"
        node.start(
            "bmx7", f"runtimeDir={home}", "nodeRsaKey=6", f"/keyPath={home}/rsa.der",
            f"hostname={node}", f"descSqnPath={home}/descSqn", "syslog=0", "debug=0", "ogmInterval=400",
            "dev=mesh0.18",
        )  # fmt: skip
    home = lab.directory / f"bmx7-{a}"
    command = ("bmx7", f"runtimeDir={home}", "-c", "originators")
    wait_for(lambda: " b " in a.run(*command), 60, "bmx7 of A to see B")


def about_gateway(frame, cloud):
    """Whether a frame has the anycast MAC or one of the anycast IPs anywhere."""
    gateway = (cloud["ipv4"], cloud["ipv6"])
    return frame.concerns(mac=cloud["mac"]) or any(frame.concerns(ip=ip) for ip in gateway)


def ask_gateway(client, cloud):
    """Asks for the gateway anew over ARP and ND, and pings it."""
    client.ip(f"neigh flush to {cloud['ipv4']}", f"neigh flush to {cloud['ipv6']}")
    client.reaches(cloud["ipv4"])
    client.reaches(cloud["ipv6"])


def answers(capture, cloud):
    """ARP and ND answers for the gateway's addresses, as the client's link sees them."""
    arp = capture.matching(lambda f: f.arp_op == 2 and f.arp_sender == cloud["ipv4"])
    nd = capture.matching(lambda f: f.nd_target == cloud["ipv6"])
    return arp, [frame for frame in nd if frame.icmp_type == ND_NEIGHBOUR_ADVERT]


@limit(240)
def case_anycast(lab):
    """Each client's gateway is its own node: the anycast MAC and IPs never cross bat0."""
    nodes = lab.line("n1", "n2", "n3", "n4")
    clients = [client_of(lab, node, CLOUD_A) for node in nodes]
    lab.bring_up({node: basic_config() for node in nodes})
    mesh = [node.capture("bat0") for node in nodes]
    wires = [node.capture("mesh0" if node.number > 1 else "mesh1") for node in nodes]
    lab.wait_mesh(nodes)
    clients[0].reaches(clients[3].ipv4, timeout=30)
    for client in clients:
        with client.capture("eth0") as own:
            ask_gateway(client, CLOUD_A)
            # The kernel asks again when it likes, also right before the end.
            wait_for(lambda own=own: all_answered(own), 5, f"{client}: one answer each")
        arp, nd = answers(own, CLOUD_A)
        assert arp and all(f.arp_sender_mac == f.src == CLOUD_A["mac"] for f in arp), arp
        assert nd and all(f.src == CLOUD_A["mac"] for f in nd), nd
        assert len(arp) <= own_questions(own), f"{client}: more than one answer: {list(own)}"
        assert client.neighbour(CLOUD_A["ipv4"]) == CLOUD_A["mac"]
    for capture in mesh + wires:
        capture.stop()
        assert capture.lost == 0, f"{capture.link} lost {capture.lost} frames"
        leaked = capture.matching(lambda f: about_gateway(f.inner or f, CLOUD_A))
        assert not leaked, f"on {capture.link}: {leaked[:4]}"
    for node in nodes:
        dropped = {
            rule["name"]: rule["packets"]
            for rule in node.meshd.status()["rules"]
            if rule["name"].startswith("anycast") and rule["name"].endswith("-mesh")
        }
        assert any(dropped.values()), (node, dropped)


def own_questions(capture):
    """How many ARP requests for the gateway the client has sent."""
    asked = capture.matching(lambda f: f.arp_op == 1 and f.arp_target == CLOUD_A["ipv4"])
    return sum(f.outgoing for f in asked)


def all_answered(capture):
    """Whether the gateway's ARP answers are as many as the questions. More fail at once."""
    arp, _ = answers(capture, CLOUD_A)
    asked = own_questions(capture)
    assert len(arp) <= asked, f"more than one answer each: {list(capture)}"
    if len(arp) < asked:
        raise LabError(f"{len(arp)} answers to {asked} questions")
    return True


@limit(180)
def case_anycast_leak(lab):
    """With the table removed by hand the gateway does cross bat0: the case above can fail."""
    nodes = lab.line("n1", "n2")
    clients = [client_of(lab, node, CLOUD_A) for node in nodes]
    lab.bring_up({node: basic_config() for node in nodes})
    lab.wait_mesh(nodes)
    clients[0].reaches(clients[1].ipv4, timeout=30)
    for node in nodes:
        node.meshd.stop()
        node.run("nft", "delete", "table", "bridge", "meshd")
    with nodes[0].capture("bat0") as leak:
        ask_gateway(clients[0], CLOUD_A)
        wait_for(
            lambda: leak.matching(lambda f: f.arp_op == 1 and f.arp_target == CLOUD_A["ipv4"]),
            5, "the client's ARP for its gateway on bat0",
        )  # fmt: skip
    about = [f.icmp_type for f in leak if f.nd_target == CLOUD_A["ipv6"]]
    assert ND_NEIGHBOUR_SOLICIT in about, "no neighbour solicitation for the gateway on bat0"
    # The daemon puts the table back, and it is tight again.
    for node in nodes:
        node.meshd.start()
        node.meshd.wait_converged()
    with nodes[0].capture("bat0") as tight:
        ask_gateway(clients[0], CLOUD_A)
    leaked = tight.matching(lambda f: about_gateway(f, CLOUD_A))
    if leaked:
        raise LabError(f"after the repair: {leaked[:4]}")
