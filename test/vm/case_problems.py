# SPDX-License-Identifier: GPL-2.0-or-later
"""What keeps a node from being whole is said, the rest comes up, and it heals when it can."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess

from lab import LabError, RpcError, Skip, basic_config, limit, wait_for
from ownership import node_alone

MODPROBE = pathlib.Path("/proc/sys/kernel/modprobe")


def problems(node):
    """{(kind, object): problem}"""
    return {(p["kind"], p["object"]): p for p in node.meshd.status()["problems"]}


def wait_problem(node, kind, name, timeout=10):
    """Waits until status names it, and returns it; a person is told what to do about it."""
    wait_for(lambda: (kind, name) in problems(node), timeout, f"{node}: {kind} of {name}")
    return problems(node)[kind, name]


def wait_only_problem(node, kind, name):
    """Waits until status names it and nothing else; at first a cycle may name more."""

    def only():
        found = list(problems(node))
        return found == [(kind, name)] or refuse(found)

    wait_for(only, 10, f"{node}: {kind} of {name} and nothing else")


def wait_no_problem(node, timeout=30):
    def none():
        left = node.meshd.status()["problems"]
        return not left or refuse(left)

    wait_for(none, timeout, f"{node} to have no problems")
    node.meshd.wait_converged(timeout)


def refuse(text):
    raise LabError(str(text))


def said(node, text):
    assert text in node.meshd.log(400), f"{text} is not in the log:\n{node.meshd.log(100)}"


def works(node, *names):
    """Links that are there, up, and meshd's; else LabError, so that it can be waited for."""
    links = node.links()
    for name in names:
        if name not in links:
            refuse(f"{node}: no {name}, but {sorted(links)}")
        if "UP" not in links[name]["flags"]:
            refuse(f"{node}: {name} is down")
        if not links[name].get("ifalias", "").startswith("meshd:"):
            refuse(f"{node}: {name} is not meshd's: {links[name]}")
    return True


@limit(180)
def case_missing_link(lab):
    """A link and a LAN port that are named and missing are said; the rest is up; they are taken."""
    a, b = lab.line("a", "b")
    links = {"mesh1": {}, "radio5": {}}
    a.meshd.configure(basic_config(links=links, lan={"ports": ["lan0", "lan7"]}))
    a.meshd.configure(None, "meshd.d/x.json")
    lab.client(a, "c")
    a.meshd.start()
    b.meshd.configure(basic_config())
    b.meshd.start()
    link = wait_problem(a, "link-missing", "radio5")
    port = wait_problem(a, "link-missing", "lan7")
    assert link["severity"] == port["severity"] == "warning" and link["hint"] and port["hint"]
    assert "radio5" in a.meshd.meshctl("status", check=False).stdout
    lab.wait_mesh([a, b])
    a.meshd.wait_converged()
    said(a, "radio5 is not there")
    lab.link(a, "radio5", b, "mesh5")
    a.ip("link add lan7 type dummy")
    wait_no_problem(a)
    works(a, "radio5.29", "radio5.17")
    assert a.links()["lan7"]["master"] == "br-lan"
    said(a, "no longer: link radio5 is not there")


@limit(180)
def case_no_primary(lab):
    """No link at all: nothing can be named, status says so; with the first link all comes up."""
    a, b = lab.node("a"), lab.node("b")
    a.meshd.configure(basic_config())
    a.meshd.start()
    wait_problem(a, "no-primary-link", "primary link")
    assert a.meshd.status()["reconcile"]["converged"] is False
    lab.link(a, "mesh0", b, "mesh0")
    wait_no_problem(a)
    works(a, "br-lan", "bat0", "anygw", "mesh0.29", "mesh0.17")


@limit(180)
def case_no_carrier(lab):
    """A link whose other end is down is said and used all the same; it works when that rises."""
    a, b = lab.line("a", "b")
    lab.link(a, "mesh2", b, "mesh2", up=False)
    lab.bring_up({b: basic_config(links={"mesh0": {}, "mesh*": {}})})
    b.ip("link set mesh2 down")
    a.meshd.configure(basic_config())
    a.meshd.start()
    b.meshd.stop()
    b.ip("link set mesh2 down")
    problem = wait_problem(a, "no-carrier", "mesh2")
    assert problem["severity"] == "warning"
    works(a, "mesh1.29", "mesh1.17", "mesh2.17", "mesh2.29", "bat0", "br-lan", "anygw")
    a.meshd.wait_converged()

    def idle():
        link = next(link for link in a.meshd.status()["links"] if link["name"] == "mesh2")
        return not link["carrier"] and not any(vlan["carrier"] for vlan in link["vlans"]) or refuse(link)

    wait_for(idle, 5, "its VLANs to be without carrier too")
    b.meshd.start()
    wait_no_problem(a)
    lab.wait_mesh([a, b])


# What has the name of one of ours: which others must be up, and which cannot.
TAKEN = {
    "bat0": ({"br-lan", "anygw", "mesh0.17"}, set()),
    "br-lan": ({"bat0", "mesh0.17", "mesh0.29"}, {"anygw"}),
    "mesh0.29": ({"br-lan", "bat0", "anygw", "mesh0.17"}, set()),
    "mesh0.17": ({"br-lan", "bat0", "anygw", "mesh0.29"}, set()),
    "anygw": ({"br-lan", "bat0", "mesh0.17", "mesh0.29"}, set()),
}


@limit(300)
def case_name_taken(lab):
    """A foreign interface has a name of ours: said, not touched, the rest is up; healed when it goes."""
    nodes = {name: lab.node(f"n{number}") for number, name in enumerate(TAKEN)}
    lab.segment("air", *nodes.values())
    foreign = {}
    for name, node in nodes.items():
        kind = f"link mesh0 name {name} type vlan id 7" if "." in name else f"{name} type dummy"
        node.ip(f"link add {kind}", f"link set {name} mtu 1234 up",
                f"addr add 192.0.2.7/32 dev {name}")  # fmt: skip
        foreign[name] = node.links()[name]
        node.meshd.configure(basic_config())
        node.meshd.start()
    for name, node in nodes.items():
        problem = wait_problem(node, "name-taken", name)
        assert problem["severity"] == "error" and problem["hint"], problem
        node.meshd.wait_converged()
        up, missing = TAKEN[name]
        works(node, *up)
        assert not missing & set(node.links()), (node, sorted(node.links()))
        for key in ("ifindex", "mtu", "address", "flags", "master", "ifalias"):
            assert node.links()[name].get(key) == foreign[name].get(key), f"{name}: {key}"
        assert name in node.meshd.meshctl("status", check=False).stdout
    for name, node in nodes.items():
        node.ip(f"link del {name}")
    for name, node in nodes.items():
        wait_no_problem(node)
        works(node, "br-lan", "bat0", "anygw", "mesh0.17", "mesh0.29")
    lab.wait_mesh(list(nodes.values()))


@limit(180)
def case_name_taken_later(lab):
    """Ours is deleted and a foreign one put in its place, in one go; then that is renamed."""
    a, b = lab.line("a", "b")
    lab.bring_up({a: basic_config(), b: basic_config()})
    a.meshd.process.send_signal(signal.SIGSTOP)
    a.ip("link del bat0", "link add bat0 type dummy", "link set bat0 up")
    a.meshd.process.send_signal(signal.SIGCONT)
    wait_problem(a, "name-taken", "bat0")
    a.meshd.wait_converged()
    works(a, "br-lan", "anygw", "mesh1.17")
    a.ip("link set bat0 down", "link set bat0 name other0")
    wait_no_problem(a)
    works(a, "bat0", "mesh1.29")
    assert "other0" in a.links()
    lab.wait_mesh([a, b])


@limit(180)
def case_mtu_refused(lab):
    """A lower link whose max_mtu lies (a VLAN on a link of 1500): the VLAN gets 1496, status says
    that frames are fragmented, and layer 3 and layer 2 work."""
    a, b = lab.node("a"), lab.node("b")
    lab.link(a, "wire", b, "wire")
    for node in (a, b):
        node.ip("link add link wire name mesh0 type vlan id 5", "link set mesh0 up")
    lab.bring_up({node: basic_config() for node in (a, b)})
    lab.wait_mesh([a, b])
    for node in (a, b):
        refused = wait_problem(node, "mtu-refused", "mesh0")
        assert refused["severity"] == "warning" and "1536" in refused["text"], refused
        fragments = wait_problem(node, "fragmentation", "mesh0")
        assert fragments["severity"] == "note", fragments
        links = node.links()
        mtus = {name: links[name]["mtu"] for name in ("mesh0", "mesh0.29", "mesh0.17", "bat0")}
        assert mtus == {"mesh0": 1500, "mesh0.29": 1496, "mesh0.17": 1496, "bat0": 1500}, mtus
        vlan = node.meshd.status()["links"][0]["vlans"][0]
        assert vlan["fragments"] is True, vlan
        assert node.meshd.status()["reconcile"]["converged"], node.meshd.status()["reconcile"]
    # The largest packets of layer 3 (1496) and of the LAN (1500) arrive.
    local = b.json("ip", "-j", "-6", "addr", "show", "dev", "mesh0.17")[0]["addr_info"][0]["local"]
    with a.pinger(f"{local}%mesh0.17", rate=5, size=1496 - 48) as ping:
        wait_for(lambda: ping.received >= 3, 10, "large packets over the layer-3 VLAN")
    a.ip("link set br-lan mtu 1500")
    with a.pinger(b.node_ipv4(), rate=5, size=1500 - 28, source=a.node_ipv4()) as ping:
        wait_for(lambda: ping.received >= 3, 20, "large packets over bat0")
    # Once the wire takes more, a new link is raised as ever.
    for node in (a, b):
        node.ip("link set wire mtu 1600", "link del mesh0",
                "link add link wire name mesh0 type vlan id 5", "link set mesh0 up")  # fmt: skip
    for node in (a, b):
        wait_no_problem(node)
        assert node.links()["mesh0.29"]["mtu"] == 1532
    lab.wait_mesh([a, b])


def load_all(lab):
    """Whatever modules a whole node needs are there, also when this is the machine's first case: one
    has been whole."""
    node = node_alone(lab, "whole")
    lab.bring_up({node: basic_config()})
    node.close()
    del lab.nodes[node.name]


def unload(name):
    subprocess.run(["rmmod", name], check=False, capture_output=True)
    return not pathlib.Path("/sys/module", name.replace("-", "_")).exists()


@contextlib.contextmanager
def without_module(lab, name):
    """The module, and only that, is gone and nobody can load it. Only in a machine of our own."""
    if not os.environ.get("LAB_VM"):
        raise Skip("unloads modules: only inside the VM")
    load_all(lab)
    try:
        # The kernel takes a namespace's links away a bit after its end.
        wait_for(lambda: unload(name), 20, f"{name} to be unused")
    except LabError as error:
        raise Skip(f"{name} cannot be unloaded") from error
    before = MODPROBE.read_text(encoding="ascii")
    MODPROBE.write_text("/nonexistent\n", encoding="ascii")
    try:
        yield lambda: MODPROBE.write_text(before, encoding="ascii")
    finally:
        MODPROBE.write_text(before, encoding="ascii")


def pair(lab):
    a, b = lab.line("a", "b")
    for node in (a, b):
        node.meshd.configure(basic_config())
        node.meshd.start()
    return a, b


@limit(240)
def case_no_batman_adv(lab):
    """No module batman-adv: said with its package; all else is up; it heals without a restart."""
    with without_module(lab, "batman-adv") as give_back:
        a, b = pair(lab)
        for node, link in ((a, "mesh1"), (b, "mesh0")):
            problem = wait_problem(node, "module-missing", "batman-adv")
            assert problem["severity"] == "error" and "linux-image" in problem["hint"], problem
            wait_for(lambda node=node, link=link: works(node, "br-lan", "anygw", f"{link}.17"), 10,
                     "the rest to be up")  # fmt: skip
            assert node.meshd.status()["rules"][0]["present"], "no nft table"
            wait_only_problem(node, "module-missing", "batman-adv")
        assert "batman-adv" in a.meshd.meshctl("status", check=False).stdout
        pids = a.meshd.pid, b.meshd.pid
        give_back()
        for node in (a, b):
            wait_no_problem(node, 70)
        lab.wait_mesh([a, b])
        works(a, "bat0", "mesh1.29")
        assert (a.meshd.pid, b.meshd.pid) == pids and a.meshd.running


@limit(240)
def case_no_8021q(lab):
    """No module 8021q: said; bridge, bat0 and anygw are up; it heals without a restart."""
    with without_module(lab, "8021q") as give_back:
        a, b = pair(lab)
        for node in (a, b):
            problem = wait_problem(node, "module-missing", "8021q")
            assert "linux-image" in problem["hint"], problem
            wait_for(lambda node=node: works(node, "br-lan", "anygw", "bat0"), 10,
                     "the rest to be up")
            wait_only_problem(node, "module-missing", "8021q")
        give_back()
        for node in (a, b):
            wait_no_problem(node, 70)
        lab.wait_mesh([a, b])
        works(a, "mesh1.17", "mesh1.29")


@limit(240)
def case_no_macvlan(lab):
    """No module macvlan: said; all but the gateway works."""
    with without_module(lab, "macvlan") as give_back:
        a, b = pair(lab)
        problem = wait_problem(a, "module-missing", "macvlan")
        assert problem["hint"], problem
        lab.wait_mesh([a, b])
        works(a, "br-lan", "bat0", "mesh1.17", "mesh1.29")
        give_back()
        wait_no_problem(a, 70)
        works(a, "anygw")


BAD = """{
  "cloud": { "ssid": "LibreMesh.org", "vlan": 5000 },
  "links": { "mesh*": { "hop_penlty": 3 } },
  "batadv": { "orig_interval": "fast" }
}
"""
PLACE = re.compile(r"meshd\.json:(\d+):(\d+): ")


@limit(120)
def case_bad_at_start(lab):
    """A bad configuration at the start: exit 1, every error with its place; the kernel is untouched."""
    a, b = lab.node("a"), lab.node("b")
    lab.link(a, "mesh0", b, "mesh0", up=False)
    before = a.snapshot()
    a.meshd.configure(BAD)
    a.meshd.start(wait=False)
    code = a.meshd.process.wait(20)
    text = a.meshd.log(100)
    assert code == 1, f"exit {code}: {text}"
    lines = {int(line) for line, _ in PLACE.findall(text)}
    assert lines >= {2, 3, 4}, text
    assert "hop_penalty" in text, f"no suggestion: {text}"
    done = a.meshd.once("--check", check=False)
    assert done.returncode == 1 and PLACE.search(done.stderr), done
    a.meshd.configure('{ "cloud": { "ssid": "x" }, }')
    done = a.meshd.once("--check", check=False)
    assert done.returncode == 1 and PLACE.search(done.stderr), done
    a.meshd.configure(None)
    done = a.meshd.once("--check", check=False)
    assert done.returncode == 1 and done.stderr.strip(), done
    assert not before.differences(a.snapshot())
    # Mended, it starts.
    lab.bring_up({a: basic_config()})


@limit(180)
def case_bad_at_reload(lab):
    """A bad configuration at a reload: the old one stays in force, status says it; a good one heals."""
    a, b = lab.line("a", "b")
    lab.bring_up({a: basic_config(), b: basic_config()})
    a.wait_addresses()
    before = a.snapshot()
    a.meshd.configure(BAD)
    try:
        a.meshd.reload()
        raise LabError("a bad configuration was taken")
    except RpcError as error:
        places = [PLACE.search(line) for line in error.data["errors"]]
        assert len(places) >= 3 and all(places), error.data
    problem = wait_problem(a, "configuration", "meshd.json")
    assert problem["severity"] == "error" and PLACE.search(problem["text"]), problem
    assert a.meshd.meshctl("reload", check=False).returncode != 0
    # The old one is still kept in force.
    a.ip("link del mesh1.29", "addr del 10.13.0.1/16 dev anygw")
    a.meshd.wait_converged()
    a.wait_addresses()
    names = [name for name in before.links if name != "mesh1.29"]
    assert not before.differences(a.snapshot(), names)
    # By SIGHUP too, which says the errors in the log.
    a.meshd.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(PLACE.findall(a.meshd.log(100))) >= 3, 10, "the errors in the log")
    assert a.meshd.running
    assert ("configuration", "meshd.json") in problems(a)
    # A good one: the problem is gone and the new values are in force.
    a.meshd.configure(basic_config(batadv={"orig_interval": 300, "bridge_loop_avoidance": False}))
    a.meshd.process.send_signal(signal.SIGHUP)
    wait_no_problem(a)
    assert a.batctl_json("mj")["orig_interval"] == 300
    lab.wait_mesh([a, b])
