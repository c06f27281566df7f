# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures frames on a link, decoded as far as the cases need."""

import ipaddress
import selectors
import socket
import struct
import threading
import time

ETH_P_ALL = 0x0003
ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806
ETH_P_IPV6 = 0x86DD
ETH_P_8021Q = 0x8100
ETH_P_8021AD = 0x88A8
ETH_P_BATMAN = 0x4305
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_STATISTICS = 6
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
BROADCAST = "ff:ff:ff:ff:ff:ff"
RECEIVE_BUFFER = 8 << 20

ND_ROUTER_SOLICIT, ND_ROUTER_ADVERT, ND_NEIGHBOUR_SOLICIT, ND_NEIGHBOUR_ADVERT = 133, 134, 135, 136

# batman-adv packets that carry an Ethernet frame: type -> bytes before it (linux/batadv_packet.h)
BATADV_CARRIERS = {0x01: 14, 0x40: 10, 0x42: 18}


def mac_text(raw):
    return ":".join(f"{byte:02x}" for byte in raw)


class Frame:
    """One frame. Members that do not apply are None (or 0 for vid).

    time, link, outgoing: when, where, and whether the link's own side sent it.
    vlans: [(protocol, vid)] from the outside in; vid: the outermost, 0 when untagged.
    dst, src: MACs as text; ethertype: after the tags; payload: bytes after it.
    arp_op, arp_sender_mac, arp_sender, arp_target_mac, arp_target
    ip_src, ip_dst, ip_protocol (IPv4 and IPv6); sport, dport (UDP, TCP)
    icmp_type, icmp_id, icmp_seq (IPv4 and IPv6); nd_target (neighbour discovery)
    batadv_type: of a batman-adv packet; inner: the Frame that one carries.
    """

    def __init__(self, raw, link="", outgoing=False, when=0.0, tags=()):
        self.time, self.link, self.outgoing, self.raw = when, link, outgoing, raw
        self.dst, self.src = mac_text(raw[0:6]), mac_text(raw[6:12])
        self.vlans = list(tags)
        self.arp_op = self.arp_sender_mac = self.arp_sender = None
        self.arp_target_mac = self.arp_target = None
        self.ip_src = self.ip_dst = self.ip_protocol = self.sport = self.dport = None
        self.icmp_type = self.icmp_id = self.icmp_seq = self.nd_target = None
        self.batadv_type = self.inner = None
        at = 12
        self.ethertype = int.from_bytes(raw[at : at + 2], "big")
        while self.ethertype in (ETH_P_8021Q, ETH_P_8021AD) and len(raw) >= at + 6:
            self.vlans.append((self.ethertype, int.from_bytes(raw[at + 2 : at + 4], "big") & 0xFFF))
            at += 4
            self.ethertype = int.from_bytes(raw[at : at + 2], "big")
        self.payload = raw[at + 2 :]
        decode = _DECODERS.get(self.ethertype)
        if decode:
            try:
                decode(self, self.payload)
            except (struct.error, ValueError, IndexError):
                pass  # cut short: what was decoded so far stands

    @property
    def vid(self):
        return self.vlans[0][1] if self.vlans else 0

    def __repr__(self):
        words = [f"{self.link}{'>' if self.outgoing else '<'} {self.src} > {self.dst}"]
        words += [f"vlan {vid}" for _, vid in self.vlans]
        if self.arp_op:
            words.append(f"arp {self.arp_op} {self.arp_sender} -> {self.arp_target}")
        elif self.ip_src:
            words.append(f"ip {self.ip_src} > {self.ip_dst} protocol {self.ip_protocol}")
            if self.dport is not None:
                words.append(f"ports {self.sport} > {self.dport}")
            if self.icmp_type is not None:
                words.append(f"icmp {self.icmp_type}")
        elif self.batadv_type is not None:
            words.append(f"batadv {self.batadv_type:#x}")
            if self.inner:
                words.append(f"[{self.inner}]")
        else:
            words.append(f"type {self.ethertype:#06x}")
        return " ".join(words)

    def concerns(self, mac=None, ip=None):
        """Whether the frame is to, from or about that MAC, or that IP (ARP and ND included)."""
        macs = (self.dst, self.src, self.arp_sender_mac, self.arp_target_mac)
        ips = (self.ip_src, self.ip_dst, self.arp_sender, self.arp_target, self.nd_target)
        return (mac is not None and mac in macs) or (ip is not None and ip in ips)


def _decode_arp(frame, data):
    frame.arp_op = struct.unpack_from("!H", data, 6)[0]
    frame.arp_sender_mac, frame.arp_target_mac = mac_text(data[8:14]), mac_text(data[18:24])
    frame.arp_sender = str(ipaddress.IPv4Address(data[14:18]))
    frame.arp_target = str(ipaddress.IPv4Address(data[24:28]))


def _decode_ipv4(frame, data):
    frame.ip_src = str(ipaddress.IPv4Address(data[12:16]))
    frame.ip_dst = str(ipaddress.IPv4Address(data[16:20]))
    frame.ip_protocol = data[9]
    fragment = struct.unpack_from("!H", data, 6)[0] & 0x1FFF
    if not fragment:
        _decode_transport(frame, data[(data[0] & 15) * 4 :])


def _decode_ipv6(frame, data):
    frame.ip_src = str(ipaddress.IPv6Address(data[8:24]))
    frame.ip_dst = str(ipaddress.IPv6Address(data[24:40]))
    following, at = data[6], 40
    while following in (0, 43, 60):  # hop-by-hop, routing, destination options
        following, at = data[at], at + (data[at + 1] + 1) * 8
    frame.ip_protocol = following
    _decode_transport(frame, data[at:])


def _decode_transport(frame, data):
    if frame.ip_protocol in (socket.IPPROTO_UDP, socket.IPPROTO_TCP):
        frame.sport, frame.dport = struct.unpack_from("!HH", data)
    elif frame.ip_protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
        frame.icmp_type = data[0]
        frame.icmp_id, frame.icmp_seq = struct.unpack_from("!HH", data, 4)
        if frame.ip_protocol == socket.IPPROTO_ICMPV6 and data[0] in (135, 136):
            frame.nd_target = str(ipaddress.IPv6Address(data[8:24]))


def _decode_batman(frame, data):
    frame.batadv_type = data[0]
    header = BATADV_CARRIERS.get(data[0])
    if header and len(data) >= header + 14:
        frame.inner = Frame(data[header:], frame.link, frame.outgoing, frame.time)


_DECODERS = {
    ETH_P_ARP: _decode_arp,
    ETH_P_IP: _decode_ipv4,
    ETH_P_IPV6: _decode_ipv6,
    ETH_P_BATMAN: _decode_batman,
}


class Capture:
    """All frames of one link since it was made: an iterable of Frame.

    It is a context manager; after stop() nothing more comes. A socket that lost frames (its buffer
    was full) is said by `lost`: a case that proves an absence must have lost == 0.
    """

    def __init__(self, namespace, link, keep=None):
        """keep: a function of a Frame; frames it is false for are not kept."""
        self.link = f"{namespace}/{link}"
        self.keep = keep
        self.frames = []
        self.lost = 0
        self.lock = threading.Lock()
        with namespace.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.setsockopt(socket.SOL_SOCKET, 33, RECEIVE_BUFFER)  # SO_RCVBUFFORCE
            self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self.socket.bind((link, ETH_P_ALL))
        self.socket.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def __iter__(self):
        self.drain()
        return iter(list(self.frames))

    def __len__(self):
        self.drain()
        return len(self.frames)

    def drain(self):
        """Reads what the socket holds. Called by the sniffer thread and before every look."""
        with self.lock:
            self._read()

    def _read(self):
        while self.socket.fileno() >= 0:
            try:
                raw, control, _, address = self.socket.recvmsg(65535, 256)
            except (BlockingIOError, OSError):  # empty, or the link is down or gone
                break
            tags = _stripped_tag(control)
            frame = Frame(raw, self.link, address[2] == PACKET_OUTGOING, time.monotonic(), tags)
            if self.keep is None or self.keep(frame):
                self.frames.append(frame)

    def matching(self, condition):
        return [frame for frame in self if condition(frame)]

    def clear(self):
        self.drain()
        self.frames.clear()

    def stop(self):
        with self.lock:
            if self.socket.fileno() < 0:
                return
            self._read()
            size = struct.calcsize("II")
            counts = self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, size)
            self.lost += struct.unpack("II", counts)[1]
            self.socket.close()


def _stripped_tag(control):
    """The kernel takes the outer VLAN tag out of the frame and tells it beside (packet(7))."""
    for level, kind, data in control:
        if (level, kind) != (SOL_PACKET, PACKET_AUXDATA):
            continue
        status, _, _, _, _, tci, tpid = struct.unpack_from("IIIHHHH", data)
        if status & TP_STATUS_VLAN_VALID:
            known = status & TP_STATUS_VLAN_TPID_VALID
            return [(tpid if known else ETH_P_8021Q, tci & 0xFFF)]
    return []


class Sniffer:
    """One thread that empties the sockets of all captures, so that none overflows."""

    def __init__(self):
        self.captures = []
        self.stopped = threading.Event()
        self.thread = None

    def add(self, capture):
        self.captures.append(capture)
        if not self.thread:
            self.thread = threading.Thread(target=self._loop, daemon=True)
            self.thread.start()

    def _loop(self):
        while not self.stopped.is_set():
            with selectors.DefaultSelector() as selector:
                for capture in list(self.captures):
                    with capture.lock:
                        if capture.socket.fileno() >= 0:
                            selector.register(capture.socket, selectors.EVENT_READ, capture)
                for key, _ in selector.select(0.2):
                    key.data.drain()
            self.stopped.wait(0.02)

    def close(self):
        self.stopped.set()
        if self.thread:
            self.thread.join()
        for capture in self.captures:
            capture.stop()
