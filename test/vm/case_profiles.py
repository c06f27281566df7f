# SPDX-License-Identifier: GPL-2.0-or-later
"""What a configuration yields, read back with ip, batctl and nft: VLAN protocols, untagged, many links,
long names, and the profile libremesh against LibreMesh's own values."""

import json

from frames import ETH_P_8021AD, ETH_P_8021Q, ETH_P_BATMAN
from lab import CHILDLESS, basic_config, limit, wait_for
from ownership import own_links

# LibreMesh (lime-packages): what its nodes have, for two SSIDs and this MAC of the primary link.
PRIMARY = "a8:40:41:1f:73:aa"
RADIO = "0c:80:63:a1:b2:c3"
LIBREMESH = {
    "LibreMesh.org": {
        "vlan": 29,
        "node4": "10.13.115.170",
        "net4": "10.13.0.0/16",
        "node6": "fd0d:fe46:8ce8::1f:73aa",
        "net6": "fd0d:fe46:8ce8::/64",
        "anygw4": "10.13.0.1",
        "anygw6": "fd0d:fe46:8ce8::1",
        "anygw_mac": "aa:aa:aa:0d:fe:aa",
        "anygw_local": "fe80::a8aa:aaff:fe0d:feaa",
    },
    "MyCommunity": {
        "vlan": 206,
        "node4": "10.190.115.170",
        "net4": "10.190.0.0/16",
        "node6": "fdbe:eff8:1b19::1f:73aa",
        "net6": "fdbe:eff8:1b19::/64",
        "anygw4": "10.190.0.1",
        "anygw6": "fdbe:eff8:1b19::1",
        "anygw_mac": "aa:aa:aa:be:ef:aa",
        "anygw_local": "fe80::a8aa:aaff:febe:efaa",
    },
}
# 02, bytes 2 and 3 of MD5(interface name), the end of the primary MAC.
HARDIF_MAC = {"eth0": "02:95:39:1f:73:aa", "wlan0-mesh": "02:58:47:1f:73:aa"}
# Set by LibreMesh, and the kernel's defaults that it leaves.
BATMAN = {
    "algo_name": "BATMAN_IV", "orig_interval": 2000, "bridge_loop_avoidance_enabled": True,
    "multicast_forceflood_enabled": True, "distributed_arp_table_enabled": False,
    "gw_mode": "client", "fragmentation_enabled": True, "hop_penalty": 30,
    "aggregated_ogms_enabled": True, "ap_isolation_enabled": False, "bonding_enabled": False,
    "network_coding_enabled": False, "multicast_fanout": 16, "gw_sel_class": 20,
    "gw_bandwidth_down": 100, "gw_bandwidth_up": 20, "isolation_mark": 0, "isolation_mask": 0,
}  # fmt: skip
ANYCAST_PREFIX = ("ether {} & ff:ff:ff:00:00:00", "aa:aa:aa:00:00:00")
# LibreMesh's drops: hook, priority, and the matches of a rule.
DROPS = (
    ("forward", -200, {(ANYCAST_PREFIX[0].format("daddr"), ANYCAST_PREFIX[1])}),
    ("postrouting", 300, {("oifname", "bat0"), (ANYCAST_PREFIX[0].format("saddr"), ANYCAST_PREFIX[1])}),
    ("postrouting", 300, {("oifname", "bat0"), ("icmpv6 type", "nd-router-solicit")}),
    ("postrouting", 300, {("oifname", "bat0"), ("icmpv6 type", "nd-router-advert")}),
    ("postrouting", 300, {
        ("oifname", "bat0"), ("protocol", "ip6"), ("udp sport", "6270"), ("udp dport", "6270"),
    }),
)  # fmt: skip


def libremesh_node(lab, name, config):
    """A node with a wire and a radio's mesh interface, as LibreMesh names them."""
    node = lab.node(name)
    node.ip(
        f"link add eth0 address {PRIMARY} type veth peer name far0",
        f"link add wlan0-mesh address {RADIO} type veth peer name far1",
        "link add wlan0-ap type veth peer name far2",
        *(f"link set {link} up" for link in ("eth0", "wlan0-mesh", "wlan0-ap", "far0", "far1", "far2")),
    )
    node.meshd.configure(config)
    node.meshd.start()
    status = node.meshd.wait_converged()
    node.wait_addresses()
    return node, status


def libremesh_config(ssid, **eth0):
    return {
        "profile": "libremesh",
        "node": {"primary_link": "eth0"},
        "cloud": {"ssid": ssid},
        "links": {"eth0": eth0, "wlan0-mesh": {}},
        "lan": {"ports": ["wlan0-ap"]},
        **CHILDLESS,
    }


def check_vlan(links, base, vid, mac, mtu):
    """The VLAN of a link, in 802.1ad as all of LibreMesh's."""
    link = links[f"{base}.{vid}"]
    assert link["linkinfo"]["info_kind"] == "vlan" and link["link"] == base, link
    tag = link["linkinfo"]["info_data"]
    assert (tag["protocol"], tag["id"]) == ("802.1ad", vid), tag
    assert link["address"] == mac, link
    assert link["mtu"] == mtu, link
    assert "UP" in link["flags"], link
    return link


def check_links(node, vid, mtus):
    """mtus: {base: (itself, batman-adv's VLAN, babeld's, bmx7's)}."""
    links = node.links()
    own = {"eth0": PRIMARY, "wlan0-mesh": RADIO}
    for base, (below, batadv, babeld, bmx7) in mtus.items():
        assert links[base]["mtu"] == below, links[base]
        hardif = check_vlan(links, base, vid, HARDIF_MAC[base], batadv)
        assert hardif["master"] == "bat0", hardif
        check_vlan(links, base, 17, own[base], babeld)
        check_vlan(links, base, 18, own[base], bmx7)
    assert links["br-lan"]["mtu"] == 1500
    assert links["bat0"]["master"] == links["wlan0-ap"]["master"] == "br-lan"
    assert links["bat0"]["linkinfo"]["info_kind"] == "batadv"
    return links


def addresses(node, link):
    """{"ADDRESS/LENGTH": metric or None} of a link."""
    for entry in node.json("ip", "-d", "-j", "addr", "show", "dev", link):
        if entry:
            return {f"{a['local']}/{a['prefixlen']}": a.get("metric") for a in entry["addr_info"]}
    return {}


def wait_link_local(node, link):
    """The link-local address that the kernel gives a link a bit after it is up."""

    def found():
        return [text.split("/")[0] for text in addresses(node, link) if text.startswith("fe80:")]

    return wait_for(found, 20, f"{node}'s link-local address on {link}")[0]


def check_addresses(node, wanted):
    lan = addresses(node, "br-lan")
    assert f"{wanted['node4']}/16" in lan and f"{wanted['node6']}/64" in lan, lan
    assert [text for text in lan if not text.startswith("fe80:")] == [
        f"{wanted['node4']}/16", f"{wanted['node6']}/64"
    ], lan  # fmt: skip
    anygw = addresses(node, "anygw")
    assert anygw == {
        f"{wanted['anygw4']}/16": 2147483647,
        f"{wanted['anygw6']}/64": 2147483647,
        f"{wanted['anygw_local']}/64": None,
    }, anygw
    for base in ("eth0", "wlan0-mesh"):
        layer3 = addresses(node, f"{base}.17")
        assert f"{wanted['node4']}/32" in layer3, layer3
        # The MAC's own link-local, which babeld speaks from; nothing on batman-adv's VLAN.
        assert any(text.startswith("fe80:") for text in layer3), layer3
        assert not addresses(node, f"{base}.{wanted['vlan']}")


def check_anygw(node, links, wanted):
    anygw = links["anygw"]
    assert anygw["linkinfo"]["info_kind"] == "macvlan" and anygw["link"] == "br-lan", anygw
    assert anygw["address"] == wanted["anygw_mac"], anygw
    for version, net, source in (("-4", "net4", "anygw4"), ("-6", "net6", "anygw6")):
        table = node.json("ip", version, "-j", "route", "show", "table", "170")
        assert [(r["dst"], r["dev"]) for r in table] == [(wanted[net], "anygw")], table
        rules = node.json("ip", version, "-j", "rule", "show")
        ours = [rule for rule in rules if rule.get("table") == "170"]
        assert [rule["src"] for rule in ours] == [wanted[source]], rules
        # Right after the rule for local, before main.
        assert 0 < ours[0]["priority"] < 32766, ours
        main = node.json("ip", version, "-j", "route", "show", wanted[net])
        metrics = {route["dev"]: route.get("metric", 0) for route in main}
        assert metrics["anygw"] == 2147483647 and metrics["br-lan"] < 2147483647, main
        # The node's own way into its network, from an address of its own, is br-lan.
        neighbour = wanted[net].replace("0.0/16", "9.9").replace("/64", "99")
        used = node.json("ip", version, "-j", "route", "get", neighbour)
        assert used[0]["dev"] == "br-lan", used
    for which in ("all", "default"):
        assert node.sysctl(f"net/ipv4/conf/{which}/rp_filter") == "2"
    for forwarding in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        assert node.sysctl(f"net/{forwarding}") == "1"


def side(value):
    """One side of a match of nft -j, as a person would write it."""
    if not isinstance(value, dict):
        return str(value)
    kind, what = next(iter(value.items()))
    if kind == "meta":
        return what["key"]
    if kind == "payload":
        return f"{what.get('protocol', what.get('base'))} {what.get('field', what.get('offset'))}"
    if kind == "&":
        return f"{side(what[0])} & {side(what[1])}"
    return json.dumps(value)


def drops(node):
    """[(hook, priority, matches)] of all rules of the bridge family that count and drop; those of a
    chain that is jumped to once for every jump, with its matches."""
    listed = node.json("nft", "-j", "list", "ruleset", "bridge")["nftables"]
    ways, rules = {}, []  # by chain: how frames come there
    for entry in listed:
        chain = entry.get("chain", {})
        if "hook" in chain:
            assert chain["policy"] == "accept" and chain["type"] == "filter", chain
            ways[chain["name"]] = [(chain["hook"], chain["prio"], set())]
    for rule in (entry["rule"] for entry in listed if "rule" in entry):
        words = {kind: what for word in rule["expr"] for kind, what in word.items()}
        matches = [word["match"] for word in rule["expr"] if "match" in word]
        pairs = {(side(match["left"]), side(match["right"])) for match in matches}
        assert "counter" in words, rule
        if "jump" in words:
            came = [(hook, prio, before | pairs) for hook, prio, before in ways[rule["chain"]]]
            ways.setdefault(words["jump"]["target"], []).extend(came)
        if "drop" in words:
            rules.append((rule["chain"], pairs))
    return [
        (hook, prio, before | pairs) for chain, pairs in rules for hook, prio, before in ways[chain]
    ]


@limit(300)
def case_libremesh(lab):
    """Profile libremesh is LibreMesh, value by value, for two SSIDs."""
    for ssid, wanted in LIBREMESH.items():
        node, status = libremesh_node(lab, f"n{wanted['vlan']}", libremesh_config(ssid))
        assert status["problems"] == [], status["problems"]
        mtus = {"eth0": (1536, 1532, 1496, 1500), "wlan0-mesh": (1536, 1532, 1536, 1500)}
        links = check_links(node, wanted["vlan"], mtus)
        check_addresses(node, wanted)
        check_anygw(node, links, wanted)
        mesh = node.batctl_json("mj")
        assert {key: mesh.get(key) for key in BATMAN} == BATMAN, mesh
        assert mesh["hard_address"] in HARDIF_MAC.values(), mesh
        hardifs = {entry["hard_ifname"]: entry["hard_address"] for entry in node.batctl_json("hj")}
        assert hardifs == {f"{base}.{wanted['vlan']}": mac for base, mac in HARDIF_MAC.items()}
        present = drops(node)
        missing = [drop for drop in DROPS if drop not in present]
        assert not missing, (missing, present)
        assert status["cloud"]["vlan"] == wanted["vlan"], status["cloud"]
        assert status["anycast"]["link_local"] == wanted["anygw_local"]


@limit(240)
def case_libremesh_1500(lab):
    """On a wire that stays at 1500 bytes batman-adv gets 1496, as on LibreMesh's eth*, and the
    status says that it fragments."""
    node, status = libremesh_node(lab, "n", libremesh_config("LibreMesh.org", mtu=1500))
    mtus = {"eth0": (1500, 1496, 1496, 1500), "wlan0-mesh": (1536, 1532, 1536, 1500)}
    check_links(node, 29, mtus)
    kinds = [(problem["kind"], problem["object"]) for problem in status["problems"]]
    assert kinds == [("fragmentation", "eth0")], status["problems"]
    eth0 = next(link for link in status["links"] if link["name"] == "eth0")
    fragments = {vlan["name"]: vlan.get("fragments") for vlan in eth0["vlans"]}
    assert fragments["eth0.29"] is True, eth0


def tags_on_wire(node, link):
    """(protocol, number) of the tags on batman-adv's frames, sent and received."""
    with node.capture(link, keep=lambda frame: frame.ethertype == ETH_P_BATMAN) as wire:
        wait_for(lambda: {True, False} <= {frame.outgoing for frame in wire}, 20, "both ways")
    return {tuple(frame.vlans) for frame in wire}


@limit(240)
def case_vlan_protocols(lab):
    """802.1Q, 802.1ad and a VLAN number given by hand: as ip tells, as on the wire; by reload.
    batman-adv trusts a node that begins anew only after 30 s, so the mesh is waited for once a
    VLAN protocol."""
    a, b = lab.line("a", "b")
    steps = (
        ({}, "802.1Q", 29, ETH_P_8021Q),
        ({"vlan_protocol": "802.1q", "vlan": 42}, "802.1Q", 42, ETH_P_8021Q),
        ({"vlan": 1}, "802.1Q", 1, ETH_P_8021Q),
        ({"vlan_protocol": "802.1ad", "vlan": 4094}, "802.1ad", 4094, ETH_P_8021AD),
        ({"vlan_protocol": "802.1ad"}, "802.1ad", 29, ETH_P_8021AD),
    )
    lab.bring_up({node: basic_config() for node in (a, b)})
    for cloud, name, vid, ethertype in steps:
        for node in (a, b):
            node.meshd.configure(basic_config(cloud=cloud))
            node.meshd.wait_cycle(node.meshd.reload)
        if vid == 29:
            lab.wait_mesh([a, b], timeout=60)
        for node, base in ((a, "mesh1"), (b, "mesh0")):
            links = node.links()
            for number in (vid, 17):
                tag = links[f"{base}.{number}"]["linkinfo"]["info_data"]
                assert (tag["protocol"], tag["id"]) == (name, number), tag
            assert own_links(node.snapshot()) == {
                "br-lan", "bat0", "anygw", f"{base}.{vid}", f"{base}.17"
            }  # fmt: skip
        assert tags_on_wire(a, "mesh1") == {((ethertype, vid),)}
        a.reaches(f"{wait_link_local(b, 'mesh0.17')}%mesh1.17")


@limit(240)
def case_untagged(lab):
    """cloud.vlan 0: the links themselves are hardifs, and are given back by a VLAN and by --purge."""
    a, b = lab.line("a", "b")
    before = {node: node.links() for node in (a, b)}
    config = basic_config(cloud={"vlan": 0})
    lab.bring_up({node: config for node in (a, b)})
    lab.wait_mesh([a, b])
    for node, base in ((a, "mesh1"), (b, "mesh0")):
        link = node.links()[base]
        assert link["master"] == "bat0" and link["mtu"] == 1532, link
        # Not ours, so its MAC stays.
        assert link["address"] == before[node][base]["address"]
        assert own_links(node.snapshot()) == {"br-lan", "bat0", "anygw", f"{base}.17"}
        hardifs = [entry["hard_ifname"] for entry in node.batctl_json("hj")]
        assert hardifs == [base], hardifs
    assert tags_on_wire(a, "mesh1") == {()}
    a.reaches(f"{wait_link_local(b, 'mesh0.17')}%mesh1.17")
    a.meshd.configure(basic_config())
    a.meshd.wait_cycle(a.meshd.reload)
    link = a.links()["mesh1"]
    assert "master" not in link and "ifalias" not in link, link
    assert a.links()["mesh1.29"]["master"] == "bat0"
    b.meshd.stop()
    b.meshd.once("--purge")
    link = b.links()["mesh0"]
    assert "master" not in link and "ifalias" not in link and "UP" in link["flags"], link
    assert link["ifindex"] == before[b]["mesh0"]["ifindex"]


@limit(300)
def case_sixteen_links(lab):
    """16 links on one node: all attached, each with VLANs and a MAC of its own; one more by glob."""
    node = lab.node("n")
    names = [f"mesh{number}" for number in range(16)]
    node.ip(
        *(f"link add {name} type veth peer name far{number}" for number, name in enumerate(names)),
        *(f"link set {name} up" for name in names),
        *(f"link set far{number} up" for number in range(16)),
    )
    node.meshd.configure(basic_config())
    node.meshd.start()
    status = node.meshd.wait_converged()
    assert status["problems"] == [] and status["reconcile"]["failures"] == 0, status["problems"]
    hardifs = {entry["hard_ifname"]: entry["hard_address"] for entry in node.batctl_json("hj")}
    assert set(hardifs) == {f"{name}.29" for name in names}, hardifs
    assert len(set(hardifs.values())) == 16, hardifs
    links = node.links()
    for name in names:
        assert links[f"{name}.29"]["master"] == "bat0"
        assert links[f"{name}.29"]["mtu"] == 1532 and links[name]["mtu"] == 1536
        assert links[f"{name}.17"]["address"] == links[name]["address"]
    assert len(own_links(node.snapshot())) == 3 + 2 * 16
    assert [link["name"] for link in status["links"]] == sorted(names)
    before = node.snapshot().ifindexes()
    node.ip("link add mesh99 type veth peer name far99", "link set mesh99 up", "link set far99 up")
    wait_for(lambda: len(node.batctl_json("hj")) == 17, 20, "the seventeenth")
    after = node.meshd.wait_converged() and node.snapshot().ifindexes()
    assert all(after[name] == number for name, number in before.items())


LONG = ("wlx0123456789ab", "wlx0123456789ac", "enp1s0f0np0-me")


@limit(240)
def case_long_names(lab):
    """Links with names of 14 and 15 characters: their VLANs' names are cut, distinct, the same on
    every run and on every node, and meshctl derive tells them."""
    seen = []
    for name in ("a", "b"):
        node = lab.node(name)
        order = LONG if name == "a" else LONG[::-1]
        node.ip(
            *(f"link add {link} type veth peer name far{n}" for n, link in enumerate(order)),
            *(f"link set {link} up" for link in LONG),
            *(f"link set far{n} up" for n in range(3)),
        )
        config = basic_config(links={link: {} for link in LONG}, node={"primary_link": LONG[0]})
        node.meshd.configure(config)
        node.meshd.start()
        status = node.meshd.wait_converged()
        assert status["problems"] == [], status["problems"]
        vlans = {}
        for link in node.links().values():
            if link.get("linkinfo", {}).get("info_kind") == "vlan":
                vlans[(link["link"], link["linkinfo"]["info_data"]["id"])] = link["ifname"]
        assert set(vlans) == {(link, vid) for link in LONG for vid in (29, 17)}, vlans
        assert len(set(vlans.values())) == 6 and all(len(cut) <= 15 for cut in vlans.values()), vlans
        assert all(cut.endswith(f".{vid}") for (_, vid), cut in vlans.items()), vlans
        seen.append(vlans)
        node.meshd.kill()
        node.meshd.start()
        assert node.meshd.wait_converged()["reconcile"]["operations"] == 0
    assert seen[0] == seen[1], seen
    words = [word for link in LONG for word in ("--interface", link)]
    told = json.loads(node.run(node.meshd.meshctl_binary, "derive", "--json", "--ssid", "LibreMesh.org",
                               "--mac", node.mac(LONG[0]), *words))
    derived = {entry["name"]: entry["vlan_name"] for entry in told["interfaces"]}
    assert derived == {link: seen[0][(link, 29)] for link in LONG}, told
