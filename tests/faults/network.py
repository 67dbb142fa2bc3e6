"""A bad network between people and the installation: replies are lost, requests arrive twice, late, out of order."""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

COPIED_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "Host")
Request = tuple[str, str, bytes, dict[str, str]]
"""Method, path, body, headers."""


class Network:
    """What happens to requests on their way; `lost` and `repeated` count it."""

    def __init__(self, base_url: str, *, seed: int, lose: float = 0.0, repeat: float = 0.0, late: float = 0.0) -> None:
        parts = urlsplit(base_url)
        self._upstream = parts.hostname or "", parts.port or 80
        self._chance, self._lock = random.Random(seed), threading.Lock()
        self.lose, self.repeat, self.late = lose, repeat, late
        """The share of replies that are lost, of writes that come 2 or 3 times, and by how many seconds at most."""
        self.lost = self.repeated = 0
        self.told: Counter[int] = Counter()
        """How often each status came for what nobody heard the reply of; 0 is no reply."""
        self._timers: list[threading.Timer] = []

    def send(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        """Give one request to the installation; raises OSError or HTTPException."""
        method, path, body, headers = request
        with closing(http.client.HTTPConnection(*self._upstream, timeout=20)) as connection:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()

    def carry(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """Carry one request there and its reply back; None when the reply is lost."""
        is_write = request[0] != "GET"
        with self._lock:
            copies = self._chance.choice((1, 2)) if is_write and self._chance.random() < self.repeat else 0
            is_lost = is_write and self._chance.random() < self.lose
            goes_first = self._chance.random() < 0.5
            delays = [self._chance.random() * self.late for _copy in range(copies)]
            self.lost += is_lost
            self.repeated += copies
        if goes_first:
            self._copy(request, delays)
        reply = self.send(request)
        if not goes_first:
            self._copy(request, delays)
        return None if is_lost else reply

    def _copy(self, request: Request, delays: list[float]) -> None:
        for delay in delays:
            timer = threading.Timer(delay, self._send_unheard, (request,))
            timer.start()
            self._timers.append(timer)

    def _send_unheard(self, request: Request) -> None:
        try:
            status, _names, _text = self.send(request)
        except (OSError, http.client.HTTPException):
            status = 0
        with self._lock:
            self.told[status] += 1

    def settle(self) -> None:
        """Wait until everything that is late has arrived."""
        for timer in self._timers:
            timer.join()

    @contextmanager
    def between(self) -> Iterator[str]:
        """The address at which people reach the installation through this network."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        server.daemon_threads = False  # so that closing it waits for every connection
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            self.settle()
            server.shutdown()
            server.server_close()


def _handler_of(network: Network) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def _carry(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name in COPIED_HEADERS if (value := self.headers.get(name))}
            try:
                reply = network.carry((self.command, self.path, body, headers))
            except (OSError, http.client.HTTPException):
                reply = None
            if reply is None:
                self.close_connection = True
                return
            status, names, text = reply
            self.send_response_only(status)
            for name, value in names:
                if name.lower() in ("content-type", "retry-after"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = _carry

        def log_message(self, *_words: Any) -> None:
            """Nothing; the ledger keeps every request."""

    return Handler
