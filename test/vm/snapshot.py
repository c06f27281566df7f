# SPDX-License-Identifier: GPL-2.0-or-later
"""What a namespace has, read by tools nobody here wrote (ip, nft), in a form to compare."""

import json

# What changes by itself and tells nothing.
VOLATILE = {
    "stats", "stats64", "valid_life_time", "preferred_life_time", "handle", "packets", "bytes",
    "hello_timer", "tcn_timer", "topology_change_timer", "gc_timer", "hold_timer",
    "message_age_timer", "forward_delay_timer", "expires", "cacheinfo", "metainfo", "operstate",
    "qdisc", "promiscuity", "allmulti", "state", "tentative", "flags",
    "topology_change", "topology_change_detected", "config_pending", "last_member_count",
}  # fmt: skip


def _steady(value):
    if isinstance(value, dict):
        kept = {key: _steady(member) for key, member in value.items() if key not in VOLATILE}
        if "flags" in value and isinstance(value["flags"], list) and "ifname" in value:
            kept["up"] = "UP" in value["flags"]
        return kept
    if isinstance(value, list):
        return [_steady(member) for member in value]
    return value


def _texts(text):
    """The JSON texts that stand one after the other in what `ip -batch` prints."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return found
        value, at = decoder.raw_decode(text, at)
        found.append(value)


def late_addresses(namespace):
    """What the kernel has yet to do for the addresses of links that are up, as lines. It notes a
    carrier up to a second after it is there, gives the link its link-local address then, and looks
    for duplicates of that; each of these changes addresses and routes."""
    # Only after a "link show" does "address show" tell whether a link is to have such an address.
    asked = "link show dev lo\naddress show\n"
    links = _texts(namespace.run("ip", "-d", "-j", "-batch", "-", stdin=asked))[1]
    lines = []
    for link in links:
        found = [entry for entry in link.get("addr_info", []) if entry.get("family") == "inet6"]
        lines += [f"{entry['local']} is tentative" for entry in found if entry.get("tentative")]
        if not {"UP", "LOWER_UP"} <= set(link.get("flags", [])) or "LOOPBACK" in link["flags"]:
            continue
        if link["operstate"] not in ("UP", "UNKNOWN"):
            lines.append(f"{link['ifname']} is {link['operstate']}")
        local = any(entry["local"].startswith("fe80:") for entry in found)
        if link.get("inet6_addr_gen_mode") != "none" and not local:
            lines.append(f"{link['ifname']} has no link-local address")
    return lines


class Snapshot:
    """links: by name, as `ip -d -j address` has them (addresses are in addr_info; ifindex too).
    routes, rules: sets of JSON texts, both families; what is there twice is twice in route_list and
    rule_list. nft: the list of `nft -j list ruleset`.
    """

    def __init__(self, namespace):
        both = "rule show\nroute show table all\n"
        links = _texts(
            namespace.run("ip", "-d", "-j", "-batch", "-", stdin="address show\n" + both)
        )
        six = _texts(namespace.run("ip", "-6", "-d", "-j", "-batch", "-", stdin=both))
        # ip6_tunnel makes one tunnel of its own in every namespace, of which it draws the address.
        self.links = {link["ifname"]: _steady(link) for link in links[0]
                      if link.get("ifname") not in (None, "ip6tnl0")}
        self.rule_list = self._lines(4, links[1]) + self._lines(6, six[0])
        self.route_list = self._lines(4, links[2]) + self._lines(6, six[1])
        self.rules, self.routes = set(self.rule_list), set(self.route_list)
        listed = namespace.run("nft", "-j", "list", "ruleset")
        self.nft = [
            entry for entry in _steady(json.loads(listed)["nftables"]) if entry.get("metainfo", 1)
        ]

    @staticmethod
    def _lines(family, entries):
        steady = [_steady(entry) for entry in entries if entry]
        return [f"IPv{family} " + json.dumps(entry, sort_keys=True) for entry in steady]

    def ifindexes(self):
        return {name: link["ifindex"] for name, link in self.links.items()}

    def addresses(self, name):
        """{"10.13.0.1/16", ...} of a link."""
        return {
            f"{entry['local']}/{entry['prefixlen']}" for entry in self.links[name]["addr_info"]
        }

    def differences(self, other, links=None):
        """What differs from self to a later snapshot, as lines; empty when nothing does.

        links: only these links' members are compared (all by default); pass a list without the
        object that a case destroyed to see that nothing else was touched.
        """
        lines = []
        names = sorted(set(self.links) | set(other.links)) if links is None else links
        for name in names:
            lines += _compare(name, self.links.get(name), other.links.get(name))
        for what in ("rules", "routes"):
            before, after = getattr(self, what), getattr(other, what)
            lines += [f"{what} - {line}" for line in sorted(before - after)]
            lines += [f"{what} + {line}" for line in sorted(after - before)]
        before, after = (json.dumps(each.nft, sort_keys=True) for each in (self, other))
        if before != after:
            lines.append("nft differs")
        return lines


def _compare(path, before, after):
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        lines = []
        for key in sorted(set(before) | set(after)):
            lines += _compare(f"{path}.{key}", before.get(key), after.get(key))
        return lines
    return [f"{path}: {json.dumps(before)} -> {json.dumps(after)}"]
