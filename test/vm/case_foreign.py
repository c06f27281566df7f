# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not meshd's survives everything; what is meshd's goes when it is not wanted any more."""

import hashlib
import json

from lab import basic_config, limit, wait_for
from ownership import Foreign, Portrait, is_ours, node_alone, own_links

OTHER_SSID = "MyCommunity"
OFF = {"enabled": False}
ON = {"enabled": True}
ALONE = {"supervise": False}  # its VLANs without its daemon

# Another administrator's network, as near to meshd's as it gets. Before meshd's first start:
FOREIGN_LINKS = (
    "link add ext0 address 0a:00:00:04:00:01 type veth peer name ext1 address 0a:00:00:04:00:02",
    "link add hw0 address 0a:00:00:04:00:03 type veth peer name hw1 address 0a:00:00:04:00:04",
    "link add hand0 address 0a:00:00:04:00:05 type veth peer name hand1 address 0a:00:00:04:00:06",
    *(f"link set {name} up" for name in ("ext0", "ext1", "hw0", "hw1", "hand0", "hand1")),
    # VLANs beside ours on the same link, one with our alias but for the colon.
    "link add link mesh0 name mesh0.30 type vlan id 30",
    "link set mesh0.30 up group 77 alias meshd",
    "link add link mesh0 name mesh0.2 type vlan id 2 protocol 802.1ad",
    # Our VLAN's number, on a link that is not a mesh link, as hardif of another mesh.
    "link add link hw0 name hw0.29 type vlan id 29",
    "link add bat1 type batadv",
    "link set bat1 address 0a:00:00:04:00:07",
    "link set hw0.29 up master bat1",
    "link set bat1 up",
    "link add br-lan2 address 0a:00:00:04:00:08 type bridge forward_delay 400",
    "link set ext0 master br-lan2",
    "link set br-lan2 up mtu 1400",
    "link add link ext1 name anygw2 address aa:aa:aa:0d:fe:ab type macvlan mode private",
    "link set anygw2 up",
    "addr add 192.0.2.1/24 dev mesh0.30",
    "addr add 10.13.0.1/16 dev anygw2 metric 50 noprefixroute",
    "addr add 10.14.0.1/16 dev br-lan2",
    "addr add fd0d:fe46:8ce8::99/64 dev br-lan2 noprefixroute",
)  # fmt: skip

FOREIGN_ROUTES = (
    "rule add from 10.13.0.1 lookup 171 pref 11 protocol static",
    "rule add from 10.13.0.0/16 lookup 170 pref 10 protocol static",
    "rule add from 10.13.0.1 to 10.99.0.0/16 lookup 170 pref 10 protocol static",
    "rule add from 10.13.0.1 iif lo lookup 170 pref 10",
    "rule add from 10.190.0.1 lookup 170 pref 9 protocol static",
    "route add 198.51.100.0/24 dev br-lan2 table 170 proto static",
    "route add 10.13.0.0/16 dev br-lan2 table 170 metric 7 proto static",
    "route add 10.190.0.0/16 dev br-lan2 metric 99 proto static",
    "route add 203.0.113.0/24 dev mesh0 proto static",
    "route add fd99::/64 dev br-lan2 table 170 proto static",
    # The very key of the route that the other cloud will want, on another link.
    "route add fdbe:eff8:1b19::/64 dev br-lan2 table 170 metric 1024 proto static",
    "route add 203.0.114.0/24 dev mesh0.30 table 170 proto 108",
)  # fmt: skip

# ip takes a rule's family from its command line, not from the address.
FOREIGN_RULES6 = """
rule add from fd0d:fe46:8ce8::1 lookup 171 pref 10 protocol 108
rule add from fdbe:eff8:1b19::/64 lookup 170 pref 10 protocol static
"""

FOREIGN_NFT = """
table bridge meshd2 {
	chain prerouting {
		type filter hook prerouting priority -300; policy accept;
		ether daddr aa:aa:aa:00:00:01 drop comment "anycast-mac-target"
	}
}
table bridge filter {
	chain forward {
		type filter hook forward priority -200; policy accept;
		ether daddr aa:aa:aa:0d:fe:aa accept
	}
}
table inet meshd2 {
	chain input {
		type filter hook input priority 0; policy accept;
		udp dport 6697 drop
	}
}
table ip meshd {
	set s {
		type ipv4_addr
		elements = { 10.13.0.1 }
	}
}
"""

BEFORE = ("ext0", "ext1", "hw0", "hw1", "hw0.29", "bat1", "mesh0.30", "mesh0.2", "br-lan2", "anygw2")

# Once meshd's links are there, on and in them:
FOREIGN_ON_OURS = (
    "link add link br-lan name br-lan.5 type vlan id 5",
    "link set br-lan.5 up",
    "link add link br-lan name mv0 address 0a:00:00:04:00:09 type macvlan mode bridge",
    "link set mv0 up",
    "link set hand0 master br-lan",
    "addr add 192.168.5.1/24 dev br-lan.5",
    "addr add 192.168.6.1/24 dev mv0",
    "addr add 192.168.77.1/24 dev br-lan",
    "addr add fd77::1/64 dev br-lan",
    # In our own networks, so that ours are the first and this is the second there.
    "addr add 10.13.77.77/16 dev br-lan",
    "addr add 10.13.77.78/16 dev anygw noprefixroute",
    "addr add fd0d:fe46:8ce8::77/64 dev br-lan",
    "addr add 192.168.78.1/24 dev anygw",
    "route add 10.99.0.0/16 dev br-lan proto static",
    "route add 10.98.0.0/16 dev anygw table 170 proto static",
    "rule add from 192.168.78.1 lookup 170 pref 10 protocol static",
)  # fmt: skip
ALL = (*BEFORE, "hand0", "br-lan.5", "mv0")


def crowded_node(lab, name):
    """A node alone, among much that is not meshd's."""
    node = node_alone(lab, name)
    node.ip(*FOREIGN_LINKS)
    node.batctl("orig_interval", 777, mesh="bat1")
    node.batctl("gw_mode", "server", "5Mbit/1Mbit", mesh="bat1")
    node.batctl("hop_penalty", 77, mesh="bat1")
    node.ip(*FOREIGN_ROUTES)
    node.run("ip", "-6", "-batch", "-", stdin=FOREIGN_RULES6)
    node.run("nft", "-f", "-", stdin=FOREIGN_NFT)
    return node


def change(node, config):
    """Gives a running meshd another configuration and waits until all is so."""
    node.meshd.configure(config)
    node.meshd.wait_cycle(node.meshd.reload, timeout=30)


def layers(batadv=True, babeld=True, bmx7=False):
    """Configurations with the protocols switched on and off."""
    switches = {"batadv": batadv, "babeld": babeld, "bmx7": bmx7}
    return basic_config(**{name: ON if on else OFF for name, on in switches.items()})


CHANGES = {
    "reload": basic_config(),
    "another SSID": basic_config(OTHER_SSID),
    "the first SSID again": basic_config(),
    "batadv off": layers(batadv=False),
    "both off": layers(batadv=False, babeld=False),
    "bmx7 alone": layers(batadv=False, babeld=False, bmx7=True),
    "babeld off": layers(babeld=False),
    "802.1ad": basic_config(cloud={"vlan_protocol": "802.1ad"}, batadv={"mtu": 1500}),
    "untagged": basic_config(cloud={"vlan": 0}),
    "no ports": basic_config(lan={"ports": []}),
    "all again": basic_config(),
}


@limit(400)
def case_survives(lab):
    """Links, addresses, rules, routes, tables and another mesh with near names survive all changes
    and --purge; the kernel alone takes what stood on our bridge when that goes."""
    node = crowded_node(lab, "n")
    untouched = Foreign(node, (*BEFORE, "hand0"))
    assert len(untouched.rules) == 7 and len(untouched.routes) >= 7, untouched.routes
    node.meshd.configure(basic_config())
    node.meshd.start()
    status = node.meshd.wait_converged()
    # The one foreign rule that stands where one of ours belongs is named, and left.
    problems = [(problem["kind"], problem["object"]) for problem in status["problems"]]
    rule = "from fd0d:fe46:8ce8::1/128 lookup 171 priority 10"
    assert problems == [("in-the-way", rule)], status["problems"]
    differences = untouched.differences(Foreign(node, (*BEFORE, "hand0")))
    assert not differences, f"start: {differences}"
    node.ip(*FOREIGN_ON_OURS)
    node.meshd.wait_converged()
    crowded = Foreign(node, ALL)
    failed = []
    for what, config in CHANGES.items():
        change(node, config)
        before, crowded = crowded, Foreign(node, ALL)
        failed += [f"{what}: {line}" for line in before.differences(crowded)]
    assert not failed, "\n".join(failed)
    node.meshd.stop()
    node.meshd.once("--purge")
    # br-lan and anygw are gone, and the kernel has taken what stood on them. Rules stand on nothing.
    after = Foreign(node, (*BEFORE, "hand0"))
    assert {line for line in after.rules - untouched.rules if "192.168.78.1" in line} == set(
        after.rules - untouched.rules
    )
    assert untouched.rules <= after.rules and len(after.rules) == len(untouched.rules) + 1
    after.rules = untouched.rules
    differences = untouched.differences(after)
    assert not differences, f"purge: {differences}"
    assert set(node.links()) - {"ip6tnl0"} == {
        *BEFORE, "hand0", "hand1", "lo", "mesh0", "far0", "lan0", "far1"
    }, set(node.links())  # fmt: skip


@limit(240)
def case_names_taken(lab):
    """A foreign link that has the name of one of ours is left alone and named; the rest comes up."""
    node = node_alone(lab, "n")
    node.ip(
        "link add anygw address 0a:00:00:04:00:01 type veth peer name other1",
        "link add link mesh0 name mesh0.17 type vlan id 99",
        "addr add 192.0.2.1/24 dev mesh0.17",
        "link set anygw up",
        "link set mesh0.17 up",
    )
    before = Foreign(node, ("anygw", "other1", "mesh0.17"))
    node.meshd.configure(basic_config())
    node.meshd.start()
    status = node.meshd.wait_converged()
    taken = {p["object"]: p for p in status["problems"] if p["kind"] == "name-taken"}
    assert set(taken) == {"anygw", "mesh0.17"}, status["problems"]
    assert all(p["hint"] for p in taken.values()), taken
    links = node.links()
    assert links["mesh0.29"]["master"] == "bat0" and links["bat0"]["master"] == "br-lan"
    differences = before.differences(Foreign(node, before.links))
    assert not differences, differences
    # It is taken as soon as the name is free.
    node.ip("link del mesh0.17", "link del anygw")
    wait_for(lambda: {"anygw", "mesh0.17"} <= own_links(node.snapshot()), 20, "our links")
    assert node.meshd.wait_converged()["problems"] == []


@limit(240)
def case_borrowed_kinds(lab):
    """Ports and hardifs that are themselves VLANs, bridges or macvlans of somebody else are
    borrowed, given back, and never deleted."""
    node = node_alone(lab, "n")
    node.ip(
        "link add ext0 address 0a:00:00:04:00:01 type veth peer name ext1 address 0a:00:00:04:00:02",
        "link set ext0 up",
        "link set ext1 up",
        "link add link ext0 name up.5 type vlan id 5",
        "link add link ext0 name up.6 type vlan id 6",
        "link add link ext0 name mac0 address 0a:00:00:04:00:03 type macvlan mode private",
    )
    names = ("up.5", "up.6", "mac0", "mesh0", "lan0")
    before = node.snapshot().ifindexes()
    config = basic_config(
        cloud={"vlan": 0}, links={"up.6": {}}, lan={"ports": ["lan*", "up.5", "mac0"]}
    )
    node.meshd.configure(config)
    node.meshd.start()
    node.meshd.wait_converged()
    masters = {name: link.get("master") for name, link in node.links().items()}
    wanted = {"up.5": "br-lan", "mac0": "br-lan", "lan0": "br-lan", "up.6": "bat0", "mesh0": "bat0"}
    assert {name: masters[name] for name in names} == wanted, masters
    # A start that finds them as they are: neither taken for ours nor given back.
    node.meshd.kill()
    node.meshd.start()
    reconcile = node.meshd.wait_converged()["reconcile"]
    assert reconcile["operations"] == 0, reconcile
    change(node, basic_config(lan={"ports": []}))
    check_released(node, names, before)
    change(node, config)
    node.meshd.stop()
    node.meshd.once("--purge")
    check_released(node, names, before)


def check_released(node, names, ifindexes):
    links = node.links()
    for name in names:
        assert name in links, f"{name} was deleted"
        assert links[name]["ifindex"] == ifindexes[name], f"{name} was made anew"
        assert not links[name].get("master"), links[name]
        assert not links[name].get("ifalias"), links[name]


@limit(240)
def case_spoofed_marks(lab):
    """What our marks do on foreign links: the mark of a borrowed port costs that alias, and the place
    only in a bridge of ours; the mark of ownership means something only on kinds that meshd makes."""
    node = node_alone(lab, "n")
    node.ip(
        "link add ext0 type veth peer name ext1",
        "link add hand0 type veth peer name hand1",
        "link add br-lan2 type bridge",
        "link set ext0 up master br-lan2 alias meshd-borrowed:port",
        "link set ext1 alias meshd:port group 28004",
        "link add br-near type bridge",
        "link set br-near alias meshd-borrowed:bridge group 28003",
        "link add br-spoof type bridge",
        "link set br-spoof alias meshd:bridge",
    )
    before = node.snapshot()
    node.meshd.configure(basic_config())
    node.meshd.start()
    node.meshd.wait_converged()
    links = node.links()
    assert links["ext0"]["master"] == "br-lan2" and "ifalias" not in links["ext0"], links["ext0"]
    assert "br-spoof" not in links, "a bridge with our alias is ours"
    assert "ifalias" not in links["br-near"], links["br-near"]
    after = node.snapshot()
    for name in ("ext1", "br-lan2", "hand0"):
        assert after.links[name] == before.links[name], (before.links[name], after.links[name])
    # In our bridge it is a port of an older configuration: taken out.
    node.meshd.wait_cycle(
        lambda: node.ip("link set hand0 master br-lan alias meshd-borrowed:port")
    )
    hand = node.links()["hand0"]
    assert not hand.get("master") and not hand.get("ifalias"), hand


def hardif_mac(base, mac):
    """02:h2:h3:M4:M5:M6, h being MD5(base name, newline)."""
    digest = hashlib.md5(f"{base}\n".encode()).hexdigest()
    return f"02:{digest[2:4]}:{digest[4:6]}:{mac[9:]}"


CLOUDS = {
    "LibreMesh.org": ("29", "10.13.0.1", "fd0d:fe46:8ce8::1", "aa:aa:aa:0d:fe:aa", "10.13."),
    OTHER_SSID: ("206", "10.190.0.1", "fdbe:eff8:1b19::1", "aa:aa:aa:be:ef:aa", "10.190."),
}


def check_cloud(node, ssid, links):
    """The node is in this cloud, and nothing of the other one is left."""
    vlan, gateway, gateway6, mac, network = CLOUDS[ssid]
    snapshot = node.snapshot()
    assert own_links(snapshot) == {
        "br-lan", "bat0", "anygw", *(f"{link}.{vlan}" for link in links),
        *(f"{link}.17" for link in links),
    }, own_links(snapshot)  # fmt: skip
    primary = node.mac("mesh0")
    for link in links:
        hardif = snapshot.links[f"{link}.{vlan}"]
        assert hardif["address"] == hardif_mac(link, primary), hardif
        assert hardif["master"] == "bat0" and hardif["link"] == link, hardif
        assert snapshot.links[f"{link}.17"]["address"] == node.mac(link)
    assert snapshot.links["anygw"]["address"] == mac
    anygw = {text for text in snapshot.addresses("anygw") if not text.startswith("fe80")}
    assert anygw == {f"{gateway}/16", f"{gateway6}/64"}, anygw
    low = ".".join(str(int(byte, 16)) for byte in primary.split(":")[4:])
    assert f"{network}{low}/16" in snapshot.addresses("br-lan"), snapshot.addresses("br-lan")
    assert f"{network}{low}/32" in snapshot.addresses(f"{links[0]}.17")
    rules = [json.loads(rule[5:]) for rule in snapshot.rules if is_ours(rule)]
    rules = [rule for rule in rules if rule["table"] == "170"]
    assert {rule["src"] for rule in rules} == {gateway, gateway6}, rules
    routes = [json.loads(route[5:]) for route in snapshot.routes if '"170"' in route]
    assert {route["dst"] for route in routes} == {f"{network}0.0/16", f"{gateway6[:-1]}/64"}, routes
    everything = json.dumps([snapshot.links, sorted(snapshot.routes), sorted(snapshot.rules), snapshot.nft])
    for other, (_, gateway, gateway6, mac, network) in CLOUDS.items():
        if other != ssid:
            for trace in (gateway + '"', gateway6[:-3], mac, f'"{network}'):
                assert trace not in everything, f"{trace} of the old cloud is left"
        else:
            assert f'"{gateway}"' in json.dumps(snapshot.nft)


@limit(240)
def case_ssid(lab):
    """Another SSID moves the node to the other cloud, all of it, and back."""
    a, b, node = (lab.node(name) for name in ("n1", "n2", "n3"))
    lab.segment("air", a, b, node)
    peer = lab.node("p")
    lab.link(node, "mesh1", peer, "mesh0")
    client = lab.client(node, "c")
    client.configure("10.190.200.1/16", "10.13.200.1/16")
    lab.bring_up({a: basic_config(), b: basic_config(OTHER_SSID), node: basic_config()})
    lab.wait_mesh([a, node])
    check_cloud(node, "LibreMesh.org", ["mesh0", "mesh1"])
    kept = ("br-lan", "anygw", "bat0", "mesh0.17", "mesh1.17", "mesh0", "lan0")
    before = node.snapshot().ifindexes()
    client.reaches("10.13.0.1")
    change(node, basic_config(OTHER_SSID))
    check_cloud(node, OTHER_SSID, ["mesh0", "mesh1"])
    after = node.snapshot().ifindexes()
    assert all(before[name] == after[name] for name in kept), (before, after)
    lab.wait_mesh([b, node])
    client.reaches("10.190.0.1")
    assert client.neighbour("10.190.0.1") == "aa:aa:aa:be:ef:aa"
    wait_for(lambda: not node.sees([a]), 60, "the old cloud to be forgotten")
    change(node, basic_config())
    check_cloud(node, "LibreMesh.org", ["mesh0", "mesh1"])
    lab.wait_mesh([a, node])
    client.reaches("10.13.0.1")


def has_table(node):
    return "table bridge meshd" in node.run("nft", "list", "tables").splitlines()


@limit(300)
def case_protocols(lab):
    """Each protocol off, alone, and all off, by reload: what it had goes, the rest is not touched."""
    node = node_alone(lab, "n")
    node.meshd.configure(layers())
    node.meshd.start()
    node.meshd.wait_converged()
    always = {"br-lan", "anygw"}
    steps = [
        (layers(batadv=False), {"mesh0.17"}),
        (layers(babeld=False), {"bat0", "mesh0.29"}),
        (layers(batadv=False, babeld=False), set()),
        (layers(batadv=False, babeld=False, bmx7=True), {"mesh0.18"}),
        (layers(bmx7=True), {"bat0", "mesh0.29", "mesh0.17", "mesh0.18"}),
        (layers(batadv=False, bmx7=True), {"mesh0.17", "mesh0.18"}),
        (layers(), {"bat0", "mesh0.29", "mesh0.17"}),
        ({**layers(), "profile": "l2-only", "babeld": ALONE, "batadv": {}}, {"bat0", "mesh0.29"}),
        ({**layers(), "profile": "l3-only", "babeld": ALONE, "batadv": {}}, {"mesh0.17"}),
    ]
    before = node.snapshot()
    for config, wanted in steps:
        change(node, config)
        after = node.snapshot()
        assert own_links(after) == wanted | always, (own_links(after), wanted)
        stayed = own_links(after) & own_links(before) | {"mesh0", "lan0"}
        for name in stayed:
            assert after.links[name]["ifindex"] == before.links[name]["ifindex"], name
        assert after.links["lan0"]["master"] == "br-lan"
        assert ("bat0" in wanted) == (after.links.get("bat0", {}).get("master") == "br-lan")
        addresses = {f"{name} {text}" for name in after.links for text in after.addresses(name)}
        assert ("mesh0.17 10.13.115.170/32" in addresses) == ("mesh0.17" in wanted), addresses
        before = after
    assert has_table(node)
    nothing = basic_config(batadv=OFF, babeld=OFF, anycast=OFF, lan={"ports": []})
    change(node, nothing)
    left = node.snapshot()
    assert own_links(left) == {"br-lan"}, own_links(left)
    assert not [rule for rule in left.rules if is_ours(rule)] and '"170"' not in str(left.routes)
    assert not has_table(node)
    assert "master" not in left.links["lan0"] and "ifalias" not in left.links["lan0"]


@limit(240)
def case_purge(lab):
    """--purge is refused while meshd runs, then removes exactly what is ours; twice is once."""
    node = node_alone(lab, "n")
    node.ip("link add lan1 type veth peer name far2", "link set lan1 up", "link set far2 up")
    before = Portrait(node)
    node.meshd.configure(basic_config())
    node.meshd.start()
    node.meshd.wait_converged()
    whole = Portrait(node)
    refused = node.meshd.once("--purge", check=False)
    assert refused.returncode == 1 and "stop it first" in refused.stderr, refused
    assert not whole.differences(Portrait(node)), "a refused purge changed something"
    assert node.meshd.plan() == []
    node.meshd.stop()
    node.meshd.once("--purge")
    after = Portrait(node)
    left = [
        line for line in before.differences(after)
        if not line.startswith("sysctls.") and '"type": "anycast"' not in line
    ]  # fmt: skip
    assert left == ["mesh0.mtu: 1500 -> 1536"], left
    again = node.meshd.once("--purge", check=False)
    assert again.returncode == 0 and "delete" not in again.stderr, again.stderr
    assert not after.differences(Portrait(node))


def bare(plan):
    """The operations without what only an attempt tells."""
    return [{key: op[key] for key in ("verb", "type", "object", "fields") if key in op} for op in plan]


@limit(240)
def case_plan(lab):
    """meshd --plan, without and beside the daemon, meshctl plan and the socket say the same; exit
    status 0 for nothing, 2 for something, and nobody changes anything by asking."""
    node = node_alone(lab, "n")
    node.meshd.configure(basic_config())
    empty = Portrait(node)
    offline = node.meshd.once("--plan", "--json", check=False)
    assert offline.returncode == 2, offline
    cold = json.loads(offline.stdout)
    made = {op["object"] for op in cold if (op["verb"], op["type"]) == ("create", "link")}
    assert made == {"br-lan", "bat0", "anygw", "mesh0.29", "mesh0.17"}, made
    text = node.meshd.once("--plan", check=False)
    assert text.returncode == 2 and "+" in text.stdout and "mesh0.29" in text.stdout, text
    assert not empty.differences(Portrait(node)), "asking for a plan changed something"
    assert node.meshd.meshctl("plan", check=False).returncode == 3
    # Somebody has our VLAN under another name, so that the kernel refuses ours: the plan stays.
    node.ip("link add link mesh0 name taken type vlan id 29")
    node.meshd.start()
    wait_for(lambda: "mesh0.17" in node.links() and node.meshd.plan(), 20, "a plan that fails")
    wait_for(lambda: len(node.meshd.plan()) <= 2, 20, "the rest to be done")
    running = node.meshd.plan()
    assert "mesh0.29" in {op["object"] for op in running}, running
    offline = node.meshd.once("--plan", "--json", check=False)
    assert offline.returncode == 2, offline
    assert bare(json.loads(offline.stdout)) == bare(running), (offline.stdout, running)
    told = node.meshd.meshctl("plan", "--json", check=False)
    assert told.returncode == 2, told
    said = json.loads(told.stdout)
    assert bare(said["plan"] if isinstance(said, dict) else said) == bare(running), said
    shown = node.meshd.meshctl("plan", check=False)
    assert shown.returncode == 2 and "mesh0.29" in shown.stdout, shown
    problems = [p for p in node.meshd.status()["problems"] if "mesh0.29" in json.dumps(p)]
    assert problems, node.meshd.status()["problems"]
    # Gone, and all is well.
    node.ip("link del taken")
    node.meshd.wait_converged()
    for done in (node.meshd.once("--plan", check=False), node.meshd.meshctl("plan", check=False)):
        assert done.returncode == 0, done
    node.meshd.stop()
    done = node.meshd.once("--plan", "--json", check=False)
    assert done.returncode == 0 and json.loads(done.stdout) == [], done
