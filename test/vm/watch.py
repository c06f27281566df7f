# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to the links, addresses, routes and rules of a namespace, as it happens."""

import collections
import select
import socket
import struct
import threading
import time

RTM_NEWLINK, RTM_DELLINK = 16, 17
IFLA_IFNAME = 3
IFF_UP = 1
GROUPS = (1, 5, 7, 8, 9, 11, 19, 24, 25)  # RTNLGRP_LINK, addresses, routes, rules, netconf
NETLINK_ADD_MEMBERSHIP = 1
SOL_NETLINK = 270
SO_RCVBUFFORCE = 33

# kind: the rtnetlink message's type. name, index and up only for links.
Event = collections.namedtuple("Event", "time kind name index up")


class Watch:
    """Collects what rtnetlink tells of a namespace, with the time of arrival.

    with Watch(node) as watch:
        ...
    watch.events
    """

    def __init__(self, namespace):
        self.events = []
        self.stopping = threading.Event()
        with namespace.inside():
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.socket.bind((0, 0))
        for group in GROUPS:
            self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
        self.thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        self.socket.close()

    def _loop(self):
        # One last look after the end, for what came before it.
        stopping = False
        while not stopping:
            stopping = self.stopping.is_set()
            while select.select([self.socket], [], [], 0 if stopping else 0.05)[0]:
                self._take(self.socket.recv(1 << 20), time.monotonic())

    def _take(self, data, now):
        at = 0
        while at + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, at)
            if length < 16:
                return
            name, index, up = None, 0, False
            # Those of the family AF_BRIDGE tell of ports.
            if kind in (RTM_NEWLINK, RTM_DELLINK) and data[at + 16] == socket.AF_UNSPEC:
                index, flags = struct.unpack_from("=iI", data, at + 20)
                name, up = _name(data[at + 32 : at + length]), bool(flags & IFF_UP)
            self.events.append(Event(now, kind, name, index, up))
            at += (length + 3) & ~3

    def first(self):
        """When the first thing happened, or None."""
        return self.events[0].time if self.events else None

    def hurt(self):
        """Names of the links that went away or down in between."""
        return {
            event.name
            for event in self.events
            if event.name and (event.kind == RTM_DELLINK or not event.up)
        }

    def made(self, name):
        """How often a link of this name appeared with a new number."""
        numbers = [e.index for e in self.events if e.kind == RTM_NEWLINK and e.name == name]
        return len(set(numbers))


def _name(attributes):
    at = 0
    while at + 4 <= len(attributes):
        length, kind = struct.unpack_from("=HH", attributes, at)
        if length < 4:
            break
        if kind & 0x3FFF == IFLA_IFNAME:
            return attributes[at + 4 : at + length].rstrip(b"\0").decode()
        at += (length + 3) & ~3
    return None
