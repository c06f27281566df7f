# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks a host of the Internet (internet.py) again and again, and knows by whom it was answered."""

import ipaddress
import selectors
import socket
import struct
import threading
import time

from internet import DNS_PORT, ECHO_PORT, HOST
from netns import LabError, wait_for

KEEP_SECONDS = 2.0  # how long an answer is waited for
TURN_SECONDS = 0.25  # a turn of the thread that takes longer was kept from running
DNS_QUESTION = (b"\x06host10\x07example\x03net\0", 1, 1)


class Asker:
    """A question every `interval` seconds in a thread of its own, each from a port of its own, as
    programs do it that begin something new: no memory of connections holds it on an old way.

        with Asker(client) as asker:
            asker.wait_provider(isp1)
            fault = isp1.fail(ipv4=True)
            asker.wait_provider(isp2, 30)
        print(asker.failover(fault, isp1))

    what: "echo" asks the service that says by which provider the question came, "dns" asks for a
    name and only learns that somebody answered. steady=True: always the same port.
    """

    def __init__(self, place, address=HOST[4], what="echo", interval=0.05, steady=False):
        self.place, self.address, self.what = place, address, what
        self.interval, self.steady = interval, steady
        self.sent_at = []
        self.answers = {}  # number -> (time, provider's name, source); DNS: name and source ""
        self.refused = 0
        # Seconds in which the thread ran. Who answers is a thread of the same process: while that is
        # kept from running there are no answers, and nobody is to blame.
        self.awake = 0.0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.family = ipaddress.ip_address(address).version

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def __repr__(self):
        return (f"{self.place} asks {self.address} ({self.what}): {len(self.sent_at)} sent, "
                f"{len(self.answers)} answered")

    def stop(self):
        if self.thread.is_alive():
            self.stopping.set()
            self.thread.join()

    # --- what was found ---

    def latest(self, count=1):
        """The last `count` questions old enough to be judged, as answers or None."""
        old = time.monotonic() - 0.5
        judged = [n for n, t in enumerate(self.sent_at) if t < old or n in self.answers]
        return [self.answers.get(number) for number in judged[-count:]]

    def wait_provider(self, provider, timeout=30, count=5):
        """Waits until the last questions were all answered, by that provider (None: by any; a
        list: by one of them); returns the name of the provider."""
        wanted = provider if isinstance(provider, (list, tuple)) else provider and [provider]
        names = wanted and [each.name for each in wanted]

        def answered():
            last = self.latest(count)
            if len(last) < count or not all(last):
                raise LabError(f"answers: {last}")
            by = {answer[1] for answer in last}
            if names and not by <= set(names):
                raise LabError(f"answered by {by}")
            return by.pop() or "dns"

        return wait_for(answered, timeout, f"{self.place} to be answered by {names or 'any'}", 0.05)

    def lost(self, since=0.0, until=None):
        """How many questions of a time (until now by default) got no answer, and how many there
        were. Waits until the last ones have had the time to be answered."""
        now = time.monotonic()
        until = until or now
        enough = self.awake + KEEP_SECONDS - (now - until)
        while self.thread.is_alive() and self.awake < enough:
            time.sleep(0.1)
        asked = [n for n, t in enumerate(self.sent_at) if since <= t <= until]
        return sum(number not in self.answers for number in asked), len(asked)

    def lost_at(self, since):
        """When, in seconds since then, the questions without an answer were asked."""
        return [round(t - since, 2) for n, t in enumerate(self.sent_at)
                if t >= since and n not in self.answers]

    def longest_gap(self, since=0.0):
        """The longest time between two questions that were answered."""
        times = [t for n, t in enumerate(self.sent_at) if t >= since and n in self.answers]
        times = [since, *times] if since else times
        return max((later - t for t, later in zip(times, times[1:])), default=0.0)

    def first_good(self, fault, dead=None):
        """Seconds from a fault to the first question after it that another than the dead provider
        answered (or anybody, after the last gap of more than a second); None: none was."""
        good = [t for n, t in enumerate(self.sent_at)
                if t >= fault and n in self.answers and (not dead or self.answers[n][1] != dead.name)]
        if dead and self.what == "echo":
            return good[0] - fault if good else None
        end = 0.0
        for before, after in zip([fault, *good], good):
            end = after - fault if after - before > 1 else end
        return end if good else None

    def providers(self, since=0.0):
        """The names of the providers that answered, in the order of their changes."""
        found = []
        for number in sorted(self.answers):
            if self.sent_at[number] >= since and found[-1:] != [self.answers[number][1]]:
                found.append(self.answers[number][1])
        return found

    # --- the thread ---

    def _question(self, number):
        if self.what == "dns":
            name, kind, network = DNS_QUESTION
            return (struct.pack("!HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + name
                    + struct.pack("!HH", kind, network))
        return str(number).encode()

    def _socket(self):
        family = socket.AF_INET6 if self.family == 6 else socket.AF_INET
        asking = socket.socket(family, socket.SOCK_DGRAM)
        asking.setblocking(False)
        return asking

    def _ask(self, selector, steady):
        number = len(self.sent_at)
        asking = steady or self._socket()
        if not steady:
            selector.register(asking, selectors.EVENT_READ, (number, self.awake))
        port = DNS_PORT if self.what == "dns" else ECHO_PORT
        self.sent_at.append(time.monotonic())
        try:
            asking.sendto(self._question(number), (self.address, port))
        except OSError:
            self.refused += 1

    def _hear(self, key):
        """Takes an answer; False: there is none."""
        try:
            data = key.fileobj.recv(2048)
        except OSError:
            return False
        if self.what == "dns":
            number = key.data[0]
            self.answers.setdefault(number, (time.monotonic(), "", ""))
            return True
        provider, source, number = data.decode("ascii").split(" ")
        self.answers.setdefault(int(number), (time.monotonic(), provider, source))
        return True

    def _close(self, selector, keys):
        """Ends sockets, but not with an answer in them that was not read for want of time."""
        for key in keys:
            while self._hear(key):
                pass
            selector.unregister(key.fileobj)
            key.fileobj.close()

    def _forget(self, selector, before):
        old = [key for key in selector.get_map().values() if key.data and key.data[1] < before]
        self._close(selector, old)

    def _run(self):
        with self.place.inside(), selectors.DefaultSelector() as selector:
            steady = self._socket() if self.steady else None
            if steady:
                selector.register(steady, selectors.EVENT_READ, None)
            due = time.monotonic()
            end = None
            while True:
                now = time.monotonic()
                if self.stopping.is_set() and end is None:
                    end = self.awake + 1.0
                if end is None and now >= due:
                    self._ask(selector, steady)
                    due = max(due + self.interval, now)
                    self._forget(selector, self.awake - KEEP_SECONDS)
                if end is not None and (self.awake >= end or len(self.answers) == len(self.sent_at)):
                    break
                wait = 0.1 if end is not None else max(0.0, min(due - now, TURN_SECONDS))
                for key, _ in selector.select(wait):
                    self._hear(key)
                self.awake += min(time.monotonic() - now, TURN_SECONDS)
            self._close(selector, list(selector.get_map().values()))
