# SPDX-License-Identifier: GPL-2.0-or-later
"""Pings at a steady rate and counts exactly what was lost."""

import ipaddress
import itertools
import os
import selectors
import socket
import struct
import threading
import time

ECHO = {4: (8, 0), 6: (128, 129)}  # IP version: type of the request, of the answer
SOL_RAW = 255
ICMP_FILTER = ICMP6_FILTER = 1
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER = 8 << 20
_identifiers = itertools.count(os.getpid() & 0x7FFF)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def only(version, kind):
    """Arguments of setsockopt: a raw socket gets only this type of ICMP."""
    if version == 4:
        return SOL_RAW, ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF & ~(1 << kind))
    words = [0xFFFFFFFF] * 8
    words[kind // 32] &= ~(1 << kind % 32)
    return socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("=8I", *words)


class Pinger:
    """Echo requests from a namespace to an address, `rate` a second, in a thread of its own.

        with node.pinger("10.13.0.7", rate=100) as ping:
            ...what must not disturb...
        assert ping.lost == 0, ping

    Leaving the block stops sending and waits up to `grace` seconds for answers under way. Then
    sent, received, lost, duplicates, refused (the kernel would not send), and longest_gap (the
    longest time, in seconds, in which nothing that was sent was answered) hold. To see that
    something disturbs nobody, make sure first that the path is steady: namespace.reaches(address).
    """

    def __init__(self, namespace, address, rate=100, size=56, grace=2.0, source=None):
        version = ipaddress.ip_address(address.split("%")[0]).version
        self.request, self.answer = ECHO[version]
        self.name = f"{namespace} -> {address}"
        self.interval, self.grace = 1 / rate, grace
        self.data = bytes(size)
        self.identifier = next(_identifiers) & 0xFFFF
        self.sent = self.received = self.duplicates = self.refused = 0
        self.sent_at, self.answered = {}, {}
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        protocol = socket.IPPROTO_ICMP if version == 4 else socket.IPPROTO_ICMPV6
        self.stopping = threading.Event()
        with namespace.inside():
            self.socket = socket.socket(family, socket.SOCK_RAW, protocol)
            # What comes while this process is kept from running shall wait, and not be lost.
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
            self.socket.setsockopt(*only(version, self.answer))
            self.target = socket.getaddrinfo(address, None, family, socket.SOCK_RAW)[0][4]
            if source:
                self.socket.bind((source, 0))
        self.socket.setblocking(False)
        self.version = version
        self.thread = threading.Thread(target=self._loop, daemon=True)

    def __repr__(self):
        return (
            f"ping {self.name}: {self.sent} sent, {self.received} received, {self.lost} lost, "
            f"{self.refused} refused, {self.duplicates} duplicates, gap {self.longest_gap:.2f} s"
        )

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def lost(self):
        return self.sent - self.received

    @property
    def longest_gap(self):
        # The first and the last send count as ends, so that losses there are a gap too.
        sent = list(self.sent_at.values())
        times = sorted([self.sent_at[seq] for seq in self.answered] + sent[:1] + sent[-1:])
        return max((after - before for before, after in zip(times, times[1:])), default=0.0)

    def lost_at(self):
        """When (seconds after the first) the requests without an answer were sent."""
        start = min(self.sent_at.values(), default=0)
        return [round(t - start, 2) for seq, t in self.sent_at.items() if seq not in self.answered]

    def stop(self):
        if self.thread.is_alive():
            self.stopping.set()
            self.thread.join()
            self.socket.close()

    def _send(self):
        seq = self.sent
        head = struct.pack("!BBHHH", self.request, 0, 0, self.identifier, seq & 0xFFFF)
        if self.version == 4:  # the kernel fills ICMPv6's in
            head = head[:2] + struct.pack("!H", checksum(head + self.data)) + head[4:]
        self.sent += 1
        self.sent_at[seq] = time.monotonic()
        try:
            self.socket.sendto(head + self.data, self.target)
        except OSError:
            self.refused += 1

    def _receive(self):
        while True:
            try:
                packet = self.socket.recv(65535)
            except (BlockingIOError, OSError):
                return
            if self.version == 4:
                packet = packet[(packet[0] & 15) * 4 :]
            kind, _, _, identifier, low = struct.unpack_from("!BBHHH", packet)
            if (kind, identifier) != (self.answer, self.identifier):
                continue
            # The newest request with these lower 16 bits.
            seq = self.sent - 1 - ((self.sent - 1 - low) & 0xFFFF)
            if seq in self.answered:
                self.duplicates += 1
            elif seq in self.sent_at:
                self.answered[seq] = time.monotonic()
                self.received += 1

    def _loop(self):
        due = time.monotonic()
        end = None
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            while True:
                now = time.monotonic()
                if self.stopping.is_set() and end is None:
                    end = now + self.grace
                if end is None and now >= due:
                    self._send()
                    # After a stall of this process the missed ones are not made up for in a burst.
                    due = max(due + self.interval, now - self.interval)
                if end is not None and now >= end:
                    self._receive()  # what came while this process was kept from running
                if end is not None and (now >= end or not self.lost):
                    return
                selector.select(max(0.0, min(due, end or due) - now) if end is None else 0.05)
                self._receive()
