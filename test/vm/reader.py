# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a namespace's state again and again without starting a program each time.

Two `ip` stay and answer line by line; nft is asked through its own library; batman-adv's settings
come raw from generic netlink. So a look costs some 50 ms under emulation instead of a second.
"""

import ctypes
import ctypes.util
import json
import re
import socket
import struct
import subprocess

from netns import LabError
from snapshot import Snapshot, _steady

GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
BATADV_CMD_GET_MESH, BATADV_CMD_GET_HARDIF = 1, 5
BATADV_ATTR_MESH_IFINDEX, BATADV_ATTR_HARD_IFINDEX = 3, 6
# The settings: from BATADV_ATTR_AGGREGATED_OGMS_ENABLED on. Before them are names, numbers and what
# batman-adv counts by itself.
SETTINGS = range(41, 80)


def _attributes(data):
    """{type: bytes} of a row of netlink attributes."""
    at, found = 0, {}
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def _attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


class Batadv:
    """Settings of a mesh interface and of its hardifs, as raw attributes."""

    def __init__(self, namespace):
        with namespace.inside():
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.socket.settimeout(10)
        self.socket.bind((0, 0))
        name = _attribute(CTRL_ATTR_FAMILY_NAME, b"batadv\0")
        answer = self.ask(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, name, NLM_F_ACK)
        self.family = struct.unpack("=H", answer[0][CTRL_ATTR_FAMILY_ID])[0]

    def ask(self, family, command, attributes, flags):
        """A list of {type: bytes}; empty when the kernel refuses."""
        body = struct.pack("=BBH", command, 1, 0) + attributes
        head = struct.pack("=IHHII", 16 + len(body), family, NLM_F_REQUEST | flags, 1, 0)
        self.socket.send(head + body)
        found = []
        while True:
            data, at = self.socket.recv(65536), 0
            while at + 16 <= len(data):
                length, kind = struct.unpack_from("=IH", data, at)
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    return found
                found.append(_attributes(data[at + 20 : at + length]))
                at += (length + 3) & ~3

    def settings(self, mesh, names):
        """{"bat0.40": "01"}: mesh is (name, ifindex), names are those of links by number."""
        number = _attribute(BATADV_ATTR_MESH_IFINDEX, struct.pack("=I", mesh[1]))
        found = {}
        for answer in self.ask(self.family, BATADV_CMD_GET_MESH, number, NLM_F_ACK):
            for kind, value in answer.items():
                if kind in SETTINGS:
                    found[f"{mesh[0]}.{kind}"] = value.hex()
        for answer in self.ask(self.family, BATADV_CMD_GET_HARDIF, number, NLM_F_DUMP):
            hardif = names.get(struct.unpack("=I", answer[BATADV_ATTR_HARD_IFINDEX])[0])
            for kind, value in answer.items():
                if kind in SETTINGS:
                    found[f"{hardif}.{kind}"] = value.hex()
        return found


class Nft:
    """nft's library in a namespace."""

    def __init__(self, namespace):
        self.library = ctypes.CDLL(ctypes.util.find_library("nftables"))
        self.library.nft_ctx_new.restype = ctypes.c_void_p
        self.library.nft_ctx_get_output_buffer.restype = ctypes.c_char_p
        self.namespace = namespace

    def run(self, line, json_output=False, handles=False):
        library = self.library
        with self.namespace.inside():
            context = ctypes.c_void_p(library.nft_ctx_new(0))
            library.nft_ctx_buffer_output(context)
            library.nft_ctx_buffer_error(context)
            library.nft_ctx_output_set_flags(context, json_output << 4 | handles << 3)
            error = library.nft_run_cmd_from_buffer(context, line.encode())
            text = library.nft_ctx_get_output_buffer(context).decode()
            library.nft_ctx_free(context)
        if error:
            raise LabError(f"nft {line}: {error}")
        return text


class Reader:
    """A node's state, again and again: reader.look() returns a View."""

    def __init__(self, node, sysctls=()):
        self.node, self.sysctls = node, sysctls
        self.ip = [self._start_ip(), self._start_ip("-6")]
        self.nft, self.batadv = Nft(node), Batadv(node)
        # After one "link show" this `ip` has more to say of links in "address show" too.
        self.ask_ip("link show dev lo")

    def _start_ip(self, *family):
        return self.node.start(
            "stdbuf", "-oL", "ip", *family, "-d", "-j", "-force", "-batch", "-",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def ask_ip(self, line, family=4):
        """The answer of `ip -d -j LINE`."""
        ip = self.ip[family == 6]
        ip.stdin.write(line + "\n")
        ip.stdin.flush()
        text = ""
        while True:
            piece = ip.stdout.readline()
            if not piece:
                raise LabError("ip has ended")
            text += piece
            try:
                return json.loads(text)
            except ValueError:
                continue

    def change(self, *lines, family=4):
        """Runs lines of `ip` that print nothing, such as "link del eth0"."""
        self.ip[family == 6].stdin.write("".join(f"{line}\n" for line in lines))
        self.ask_ip("rule show", family)

    def look(self):
        return View(self)


class View(Snapshot):
    """Everything that must be as before. indexes: the numbers of the links; handles: those of the
    rules of "bridge meshd"; foreign: the other nft tables with handles and counters; settings:
    batman-adv's and /proc/sys'."""

    def __init__(self, reader):  # pylint: disable=super-init-not-called
        links = [link for link in reader.ask_ip("address show") if link.get("ifname")]
        self.links = {link["ifname"]: _steady(link) for link in links}
        self.tentative = "tentative" in str(links)
        self.indexes = {name: link.pop("ifindex") for name, link in self.links.items()}
        self.rule_list, self.route_list = [], []
        for family in (4, 6):
            self.rule_list += self._lines(family, reader.ask_ip("rule show", family))
            routes = reader.ask_ip("route show table all", family)
            self.route_list += self._lines(family, [_as_kernel(route) for route in routes])
        self.rules, self.routes = set(self.rule_list), set(self.route_list)
        self._read_nft(reader.nft.run("list ruleset", handles=True))
        self.settings = {name: _sysctl(reader.node, name) for name in reader.sysctls}
        if "bat0" in self.indexes:
            names = {number: name for name, number in self.indexes.items()}
            mesh = ("bat0", self.indexes["bat0"])
            self.settings.update(reader.batadv.settings(mesh, names))

    def _read_nft(self, text):
        tables = dict(re.findall(r"^table ([^{]*?) {(.*?)^}", text, re.M | re.S))
        own = tables.pop("bridge meshd", "")
        self.handles = re.findall(r"# handle \d+", own)
        self.foreign = tables
        self.nft = re.sub(r" # handle \d+|packets \d+ bytes \d+", "", own).splitlines()

    def differences(self, other, links=None):
        lines = super().differences(other, links)
        for name in sorted({*self.settings, *other.settings}):
            before, after = self.settings.get(name), other.settings.get(name)
            if before != after:
                lines.append(f"{name}: {before} -> {after}")
        return lines


def _as_kernel(route):
    """The kernel makes a connected route with its address, meshd makes it when it is lost; the mark
    of who made it is all that differs."""
    if route.get("table", "main") == "main" and route.get("protocol") in ("109", "meshd"):
        return {**route, "protocol": "kernel"}
    return route


def _sysctl(node, name):
    try:
        return node.sysctl(name)
    except OSError:
        return None
