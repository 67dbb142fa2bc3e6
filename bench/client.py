"""A load generator that spends little: ready-made requests over kept-alive connections, one thread, no parsing."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
STUCK_SECONDS = 30


@dataclass(slots=True)
class Load:
    """What became of the requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    """From sending a request to its reply, one each."""
    last_body: bytes = b""

    @property
    def count(self) -> int:
        return sum(self.statuses.values())


@dataclass(slots=True)
class _Line:
    connection: socket.socket
    requests: Iterator[bytes]
    received: bytearray = field(default_factory=bytearray)
    sent_at: float = 0.0


def request(method: str, path: str, body: bytes = b"", *, host: str, token: str = "", headers: str = "") -> bytes:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}{headers}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(address: tuple[str, int], lines: Sequence[Sequence[bytes]]) -> Load:
    """Send each line's requests one after the other over a connection of its own, all lines side by side.

    Closed loop: a line sends its next request when it has the reply. Raises OSError where the server hangs up.
    """
    load = Load()
    selector = selectors.DefaultSelector()
    started = time.perf_counter()
    for requests in lines:
        connection = socket.create_connection(address, timeout=STUCK_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(connection, iter(requests))
        selector.register(connection, selectors.EVENT_READ, line)
        _send_next(selector, line)
    while selector.get_map():
        ready = selector.select(STUCK_SECONDS)
        if not ready:
            raise TimeoutError("no reply came for a long time")
        for key, _events in ready:
            _receive(selector, key.data, load)
    load.seconds = time.perf_counter() - started
    selector.close()
    return load


def _send_next(selector: selectors.BaseSelector, line: _Line) -> None:
    following = next(line.requests, None)
    if following is None:
        selector.unregister(line.connection)
        line.connection.close()
        return
    line.received.clear()
    line.sent_at = time.perf_counter()
    line.connection.sendall(following)


def _receive(selector: selectors.BaseSelector, line: _Line, load: Load) -> None:
    part = line.connection.recv(65536)
    if not part:
        raise ConnectionError("the server hung up")
    line.received += part
    end = line.received.find(b"\r\n\r\n")
    if end < 0:
        return
    head = bytes(line.received[:end])
    length = LENGTH.search(head)
    body_length = len(line.received) - end - 4
    if body_length < (int(length[1]) if length else 0):
        return
    load.statuses[int(head[9:12])] += 1
    load.milliseconds.append(1000 * (time.perf_counter() - line.sent_at))
    load.last_body = bytes(line.received[end + 4 :])
    _send_next(selector, line)
