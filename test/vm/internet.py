# SPDX-License-Identifier: GPL-2.0-or-later
"""An Internet behind a node's wan0: one namespace for each provider, with hosts that answer.

    internet = Internet(lab)
    provider = internet.provider(node)             # wan0 of the node, configured as by DHCP
    provider.fail(ipv4=True, ipv6=True)            # dead, but the link is up
    provider.mend()

Address plan; K is the provider's number, from 1 on, its name "isp" and K:

    100.64.K.1/24, 2001:db8:K::1/64, fe80::1   the provider's router (link "user")
    100.64.K.2,    2001:db8:K::2               the node's wan0, with default routes of metric 100,
                                               protocol dhcp and ra
    198.51.100.10 to .14, 2001:db8:100::10 to ::14   hosts of the Internet, the same at every provider

Every host answers ICMP echo and has these services:

    53 (UDP)       DNS: hostNN.example.net is host NN, any other name host 10; A and AAAA
    80 (TCP)       HTTP: /204 is 204, all else 200 with "PROVIDER SOURCE"
    443 (TCP)      takes a connection and closes it
    7 (UDP, TCP)   says "PROVIDER SOURCE " and repeats what it got: so a client knows by which
                   provider it came in and with which address

A provider has no way to the addresses of a mesh: what is not masqueraded gets no answer, unless
provider.knows(network) was called. All services of all providers are one thread's.
"""

import ipaddress
import re
import selectors
import socket
import struct
import threading
import time
from collections import Counter

from lab import Place

HOSTS = {4: [f"198.51.100.{number}" for number in range(10, 15)],
         6: [f"2001:db8:100::{number}" for number in range(10, 15)]}
HOST = {family: hosts[0] for family, hosts in HOSTS.items()}
FIRST_NAMED = 10
METRIC = 100
DNS_PORT, HTTP_PORT, TLS_PORT, ECHO_PORT = 53, 80, 443, 7
TYPE_A, TYPE_AAAA = 1, 28
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
LOGIN_PAGE = "<html><title>Welcome</title>Please log in to use this network.</html>"

# What a provider lets through: all, or what the faults leave. Its own router stays reachable, and
# neighbours are found, so that the link looks well.
FAULTS = """table inet fault
delete table inet fault
table inet fault {{
	chain input {{
		type filter hook input priority -300
		iifname != "user" accept
		icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit }} accept
		ip daddr {router4} icmp type echo-request accept
		ip6 daddr {{ {router6}, fe80::/10 }} icmpv6 type echo-request accept
{rules}
	}}
}}
"""


class Internet:
    """All providers of a lab, and the thread that answers for them."""

    def __init__(self, lab):
        self.lab = lab
        self.providers = {}
        self.services = Services()
        lab.on_close.append(self.close)

    def provider(self, node, link="wan0", ipv4=True, ipv6=True):
        """A provider behind a new link of a node, which is configured as a DHCP client and router
        advertisements would do it."""
        number = 1 + sum(isinstance(place, Provider) for place in self.lab.clients.values())
        provider = Provider(self.lab, f"isp{number}", number, node, link)
        self.providers[provider.name] = provider
        self.lab.clients[provider.name] = provider
        self.services.serve(provider)
        provider.attach(ipv4, ipv6)
        return provider

    def close(self):
        for provider in self.providers.values():
            provider.stop()
        self.services.close()


class Provider(Place):
    """One provider. What it was asked: asked["dns"], ["http"], ["tcp"], ["echo"]."""

    def __init__(self, lab, name, number, node, link):
        super().__init__(lab, name)
        self.number, self.node, self.link = number, node, link
        self.router = {4: f"100.64.{number}.1", 6: f"2001:db8:{number}::1"}
        self.user = {4: f"100.64.{number}.2", 6: f"2001:db8:{number}::2"}
        self.asked = Counter()
        self.faults = {}
        self.threads = []
        self.stopping = threading.Event()
        self.ip(
            f"link add user type veth peer name {link} address {node.next_mac()} "
            f"netns {node.path.name}",
            "link set dev user addrgenmode none",
            "link set dev user up",
            f"addr add {self.router[4]}/24 dev user",
            f"addr add {self.router[6]}/64 dev user nodad",
            "addr add fe80::1/64 dev user nodad",
            *(f"addr add {host} dev lo" for host in HOSTS[4]),
            *(f"addr add {host} dev lo nodad" for host in HOSTS[6]),
        )
        node.ip(f"link set dev {link} up")

    @property
    def captive(self):
        return self.faults.get("captive")

    def attach(self, ipv4=True, ipv6=True):
        """The node's address and default route of each family, there or not."""
        lines = {4: (f"addr replace {self.user[4]}/24 dev {self.link}",
                     f"route replace 0.0.0.0/0 via {self.router[4]} dev {self.link} proto dhcp "
                     f"metric {METRIC}"),
                 6: (f"addr replace {self.user[6]}/64 dev {self.link} nodad",
                     f"route replace ::/0 via fe80::1 dev {self.link} proto ra metric {METRIC}")}
        self.node.ip(*(lines[4] if ipv4 else ()), *(lines[6] if ipv6 else ()))

    def detach(self, family):
        """The DHCP client gave up: no default route of the family any more."""
        network = {4: "0.0.0.0/0", 6: "::/0"}[family]
        self.node.ip(f"route del {network} dev {self.link} metric {METRIC}")

    def knows(self, *networks):
        """The provider sends these networks' packets to the node."""
        self.ip(*(f"route add {network} via "
                  f"{self.user[ipaddress.ip_network(network).version]} dev user"
                  for network in networks))

    # --- faults: each is one call, and in force when it returns ---

    def fail(self, **faults):
        """Adds faults and returns the time at which they were there:

        ipv4=True, ipv6=True: nothing of this family passes, the link is up
        icmp=True: echo requests are dropped
        dns=True: DNS does not answer
        captive="redirect" or "page": HTTP shows a login, DNS names the portal, nothing else passes
        captive_icmp=True: except ICMP
        """
        self.faults.update(faults)
        return self._apply()

    def mend(self, *faults):
        """Takes away the named faults, or all."""
        for name in faults or list(self.faults):
            self.faults.pop(name, None)
        return self._apply()

    def _apply(self):
        faults, rules = self.faults, []
        if faults.get("ipv4"):
            rules.append("meta nfproto ipv4 drop")
        if faults.get("ipv6"):
            rules.append("meta nfproto ipv6 drop")
        if faults.get("icmp"):
            rules += ["icmp type echo-request drop", "icmpv6 type echo-request drop"]
        if faults.get("dns"):
            rules.append("meta l4proto { tcp, udp } th dport 53 drop")
        if self.captive:
            rules += ["tcp dport 80 accept", "udp dport 53 accept"]
            rules += ["meta l4proto { icmp, ipv6-icmp } accept"] if faults.get("captive_icmp") else []
            rules.append("drop")
        self.run("nft", "-f", "-", stdin=FAULTS.format(
            router4=self.router[4], router6=self.router[6],
            rules="\n".join(f"\t\t{rule}" for rule in rules)))
        return time.monotonic()

    def link_down(self):
        self.ip("link set dev user down")
        return time.monotonic()

    def link_up(self):
        self.ip("link set dev user up")
        return time.monotonic()

    def flap(self, period, stop):
        """Dead for `period` seconds, well for as long, until the event `stop` is set; returns the
        number of times that it died. To be run in a thread."""
        count = 0
        while not stop.wait(period):
            count += 1
            self.fail(ipv4=True, ipv6=True)
            stop.wait(period)
            self.mend("ipv4", "ipv6")
        return count

    def advertise(self, lifetime=1800, interval=3):
        """Router advertisements towards the node, from now on, with the provider's prefix."""

        def send():
            with self.inside():
                raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
                raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
                raw.bind(("fe80::1", 0, 0, socket.if_nametoindex("user")))
                to_all = ("ff02::1", 0, 0, socket.if_nametoindex("user"))
            prefix = ipaddress.ip_address(f"2001:db8:{self.number}::").packed
            head = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, lifetime, 0, 0)
            option = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 3600, 1800, 0) + prefix
            while not self.stopping.is_set():
                raw.sendto(head + option, to_all)
                self.stopping.wait(interval)
            raw.close()

        self.threads.append(threading.Thread(target=send, daemon=True))
        self.threads[-1].start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Services:
    """One thread for every socket of every provider."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def serve(self, provider):
        """Opens the provider's sockets. UDP has one for each address, so that answers come from
        the address that was asked."""
        taken = {DNS_PORT: _answer_dns, ECHO_PORT: _answer_echo}
        with provider.inside():
            for family, hosts in HOSTS.items():
                for address in [*hosts, provider.router[family]]:
                    for port, answer in taken.items():
                        listener = socket.socket(FAMILIES[family], socket.SOCK_DGRAM)
                        listener.bind((address, port))
                        self._watch(listener, lambda s, p=provider, a=answer: _datagram(s, p, a))
                for port in (HTTP_PORT, TLS_PORT, ECHO_PORT):
                    listener = socket.socket(FAMILIES[family], socket.SOCK_STREAM)
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family == 6:
                        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    listener.bind(("::" if family == 6 else "0.0.0.0", port))
                    listener.listen(64)
                    self._watch(listener, lambda s, p=provider, n=port: self._accept(s, p, n))

    def _watch(self, listener, react):
        listener.setblocking(False)
        with self.lock:
            self.selector.register(listener, selectors.EVENT_READ, react)

    def _loop(self):
        while not self.stopping.is_set():
            for key, _ in self.selector.select(0.2):
                try:
                    key.data(key.fileobj)
                except OSError:
                    pass  # the other side has gone

    def _accept(self, listener, provider, port):
        connection, address = listener.accept()
        source = _plain(address)
        if port == TLS_PORT:
            provider.asked["tcp"] += 1
            connection.close()
            return
        if port == ECHO_PORT:
            connection.sendall(f"{provider.name} {source} ".encode())
            self._watch(connection, self._repeat)
            return
        self._watch(connection, lambda s: self._http(s, provider, source))

    def _drop(self, connection):
        with self.lock:
            self.selector.unregister(connection)
        connection.close()

    def _repeat(self, connection):
        try:
            data = connection.recv(65536)
        except ConnectionError:
            data = b""
        if data:
            connection.send(data)
        else:
            self._drop(connection)

    def _http(self, connection, provider, source):
        """A request is small enough to come in one piece."""
        try:
            request = connection.recv(4096).decode("ascii", "replace")
            if request:
                provider.asked["http"] += 1
                connection.send(_http_answer(request, provider, source))
        finally:
            self._drop(connection)

    def close(self):
        self.stopping.set()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def _plain(address):
    return address[0].split("%")[0]


def _datagram(listener, provider, answer):
    """All that has come: answers are made in the order of the questions."""
    while True:
        try:
            data, address = listener.recvfrom(4096)
        except BlockingIOError:
            return
        reply = answer(data, provider, _plain(address))
        if reply:
            listener.sendto(reply, address)


def _answer_echo(data, provider, source):
    provider.asked["echo"] += 1
    return f"{provider.name} {source} ".encode() + data


def _answer_dns(data, provider, _source):
    """One question, answered with one address, or none for a type that the name does not have."""
    provider.asked["dns"] += 1
    end = 12
    labels = []
    while data[end]:
        labels.append(data[end + 1 : end + 1 + data[end]].decode("ascii", "replace"))
        end += 1 + data[end]
    kind = struct.unpack_from("!H", data, end + 1)[0]
    address = _resolve(".".join(labels).lower(), kind, provider)
    head = data[:2] + struct.pack("!HHHHH", 0x8180, 1, 1 if address else 0, 0, 0)
    record = b""
    if address:
        record = struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(address)) + address
    return head + data[12 : end + 5] + record


def _resolve(name, kind, provider):
    family = {TYPE_A: 4, TYPE_AAAA: 6}.get(kind)
    if not family:
        return None
    if provider.captive:
        return ipaddress.ip_address(provider.router[family]).packed
    named = re.fullmatch(r"host(1[0-4])\.example\.net", name)
    number = int(named.group(1)) - FIRST_NAMED if named else 0
    return ipaddress.ip_address(HOSTS[family][number]).packed


def _http_answer(request, provider, source):
    if provider.captive == "redirect":
        return (f"HTTP/1.1 302 Found\r\nLocation: http://{provider.router[4]}/login\r\n"
                "Content-Length: 0\r\nConnection: close\r\n\r\n").encode()
    if request.split(" ")[1:2] == ["/204"] and not provider.captive:
        return b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    body = LOGIN_PAGE if provider.captive else f"{provider.name} {source}\n"
    return (f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n\r\n{body}").encode()
