"""Ports for servers that a test starts."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

HOST = "127.0.0.1"
FIRST, LAST = 15_000, 30_000
"""Below those that the system gives to whoever connects: none of them gets one before its server does."""

_random = random.SystemRandom()  # Test processes with one seed would all choose the same.


def free_ports(count: int) -> list[int]:
    """So many different ports that nothing listens on now."""
    with ExitStack() as stack:
        return [stack.enter_context(_bound()).getsockname()[1] for _number in range(count)]


def free_port() -> int:
    return free_ports(1)[0]


def _bound() -> socket.socket:
    while True:
        probe = socket.socket()
        try:
            probe.bind((HOST, _random.randint(FIRST, LAST)))
        except OSError:
            probe.close()
        else:
            return probe
