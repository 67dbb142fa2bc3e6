"""A load generator that does not wait: each request has its moment, whether or not earlier ones were answered.

A closed loop asks less of a slow server and so hides how slow it is; here a reply that comes late counts as late from
the moment when its request was to be sent.
"""

from __future__ import annotations

import heapq
import re
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.client import LENGTH, STUCK_SECONDS

LATER = (429, 503)
"""Replies that ask to come again with the same request."""
GIVE_UP_SECONDS = 120.0
_RETRY = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(slots=True)
class Knock:
    """What became of one request."""

    due: float
    """Seconds of the clock at which it was to be sent first."""
    status: int = 0
    """Of its last reply; 0: none ever came."""
    body: bytes = b""
    milliseconds: float = 0.0
    """From `due` to the last reply."""
    turned_away: int = 0
    """How often it was asked to come again."""
    faults: int = 0
    """5xx that do not ask so, and connections that broke."""


@dataclass(slots=True)
class _Line:
    connection: socket.socket
    number: int = 0
    received: bytearray = field(default_factory=bytearray)


def knock(address: tuple[str, int], requests: Sequence[bytes], *, seconds: float, connections: int) -> list[Knock]:
    """Send the requests evenly over so many seconds through kept-alive connections; what became of each, in order."""
    street = _Street(address, requests, seconds)
    street.run(connections)
    return street.knocks


class _Street:
    def __init__(self, address: tuple[str, int], requests: Sequence[bytes], seconds: float) -> None:
        self.address, self.requests = address, requests
        self.selector = selectors.DefaultSelector()
        self.started = time.perf_counter()
        self.knocks = [Knock(self.started + at * seconds / len(requests)) for at in range(len(requests))]
        self.due = [(one.due, at) for at, one in enumerate(self.knocks)]
        self.idle: list[_Line] = []
        self.busy = 0

    def run(self, connections: int) -> None:
        for _ in range(connections):
            self._connect()
        while (self.due or self.busy) and time.perf_counter() - self.started < GIVE_UP_SECONDS:
            self._send_due()
            for key, _events in self.selector.select(self._pause()):
                self._receive(key.data)
        for key in list(self.selector.get_map().values()):
            key.data.connection.close()
        self.selector.close()

    def _connect(self) -> None:
        connection = socket.create_connection(self.address, timeout=STUCK_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(connection)
        self.selector.register(connection, selectors.EVENT_READ, line)
        self.idle.append(line)

    def _pause(self) -> float:
        if not (self.due and self.idle):
            return 0.1
        return min(0.1, max(0.0, self.due[0][0] - time.perf_counter()))

    def _send_due(self) -> None:
        now = time.perf_counter()
        while self.due and self.idle and self.due[0][0] <= now:
            line = self.idle.pop()
            line.number = heapq.heappop(self.due)[1]
            line.received.clear()
            self.busy += 1
            try:
                line.connection.sendall(self.requests[line.number])
            except OSError:
                self._broke(line)

    def _receive(self, line: _Line) -> None:
        try:
            part = line.connection.recv(65536)
        except OSError:
            part = b""
        if not part:
            self._broke(line)
            return
        line.received += part
        end = line.received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(line.received[:end])
        length = LENGTH.search(head)
        if len(line.received) - end - 4 < (int(length[1]) if length else 0):
            return
        self._take(line, head, bytes(line.received[end + 4 :]))

    def _take(self, line: _Line, head: bytes, body: bytes) -> None:
        one, now = self.knocks[line.number], time.perf_counter()
        one.status, one.body = int(head[9:12]), body
        one.milliseconds = 1000 * (now - one.due)
        if one.status in LATER:
            retry = _RETRY.search(head)
            one.turned_away += 1
            heapq.heappush(self.due, (now + (int(retry[1]) if retry else 1), line.number))
        elif one.status >= 500:
            one.faults += 1
        self.busy -= 1
        if _CLOSES.search(head):
            self._close(line)
            self._connect()
        else:
            self.idle.append(line)

    def _broke(self, line: _Line) -> None:
        """The server hung up: on a line at rest that is its right, else the request goes out again."""
        if line in self.idle:
            self.idle.remove(line)
        else:
            self.busy -= 1
            self.knocks[line.number].faults += 1
            heapq.heappush(self.due, (time.perf_counter() + 0.2, line.number))
        self._close(line)
        self._connect()

    def _close(self, line: _Line) -> None:
        self.selector.unregister(line.connection)
        line.connection.close()
