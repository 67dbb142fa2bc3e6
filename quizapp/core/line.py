"""A connection of the web worker: what has come of a request, and what of its reply is sent when."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass
from typing import Any

GATHER_BYTES = 8192
LONG_HEAD, LONG_BODY = 32 * 1024, 256 * 1024
"""A longer head is refused; a longer body, an upload, is left to the thread that reads it."""
GATHER_SECONDS = 30
"""Who needs longer than this to send a request is hung up on."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:", re.IGNORECASE)


class Outgoing:
    """A connection as Gunicorn writes to it: what comes first, the head, leaves together with what comes next."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._head: bytes | None = None
        self.is_taken = False

    def take(self) -> socket.socket:
        """Give the connection away for good (see server_events.py): what else is written goes nowhere."""
        self.is_taken = True
        return self._connection

    def sendall(self, part: bytes) -> None:
        if self.is_taken:
            return
        if self._head is None:
            self._head = part
            return
        head, self._head = self._head, b""
        self._connection.sendall(head + part if head else part)

    def flush(self) -> None:
        if self._head:
            self.sendall(b"")

    @property
    def has_begun(self) -> bool:
        """Whether a part of the reply has left."""
        return self._head == b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def is_whole(gathered: bytes) -> bool:
    """Whether a thread that takes up a request which begins like this will not have to wait for the rest of it.

    A long body counts as whole, and so does what waits for a word of ours (Expect: 100-continue).
    """
    end = gathered.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _LENGTH.search(gathered, 0, end + 2)
    body = int(length[1]) if length else 0
    return len(gathered) - end - 4 >= body or body > LONG_BODY or bool(_EXPECTS.search(gathered, 0, end))


def comes_in_parts(gathered: bytes) -> bool:
    """Whether whoever takes up a request which begins like this has to wait for its body as it is sent."""
    end = gathered.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _LENGTH.search(gathered, 0, end + 2)
    return len(gathered) - end - 4 < int(length[1] if length else 0) or bool(_CHUNKED.search(gathered, 0, end))


@dataclass(slots=True, eq=False)
class Line:
    """A connection and the reader of its requests."""

    connection: socket.socket
    address: Any
    server: Any
    reader: Any
    idle_until: float = 0.0
    is_taken: bool = False
    """Given away by an answer; it is not ours to hang up on any more."""
    is_in_parts: bool = False
    """The rest of the present request is read by the thread that answers it, as it comes."""
    gathered: bytes = b""
    """The beginning of a request whose rest has not come yet."""
    gathers_until: float = 0.0
    whole_at: float = 0.0
    """When a request of it was put into the queue of the threads."""

    def gather(self) -> bool:
        """Take what has come, without waiting for more; whether that is something to answer, or an end."""
        if not self.gathered:
            self.gathers_until = time.monotonic() + GATHER_SECONDS
        while True:
            try:
                part = self.connection.recv(GATHER_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except OSError:
                part = b""
            self.gathered += part
            if not part or is_whole(self.gathered):
                return True
            if self.is_endless:
                return False

    @property
    def is_endless(self) -> bool:
        """Whether there are only headers, and too many."""
        return len(self.gathered) > LONG_HEAD and b"\r\n\r\n" not in self.gathered

    def goes_on_with(self, rest: bytes) -> bool:
        """After a reply: whether the next request has come whole behind the one that was answered."""
        self.gathered = rest
        self.gathers_until = time.monotonic() + GATHER_SECONDS
        return bool(rest) and is_whole(rest)

    def pass_on(self) -> None:
        """Give what was gathered to the reader, and with it the connection to a thread."""
        self.is_in_parts = comes_in_parts(self.gathered)
        self.reader.unreader.unread(self.gathered)
        self.gathered = b""

    def has_asked(self) -> bool:
        """Whether there is something to read."""
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:
            return False
