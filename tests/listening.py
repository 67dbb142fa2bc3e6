"""Staff without a browser: signed in over HTTP, and listening to server-sent events on plain sockets."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlsplit

from tests.stack import Stack

BOUNDARY = "a-part-of-a-form"


class Staff:
    """Somebody who has signed in, with the password that the first start showed unless there is another."""

    def __init__(self, stack: Stack, name: str = "organiser", password: str = "") -> None:
        self.base_url = stack.base_url
        self._jar = CookieJar()
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar)).open
        if not password:
            found = re.search(rf"^ *{name} +(\S+)$", stack.output, re.MULTILINE)
            assert found, stack.output
            password = found[1]
        assert self.send("/accounts/sign-in", name=name, password=password).endswith("/desk")

    def send(self, path: str, **fields: str) -> str:
        """Send a form with the token of a page; return the address that comes next."""
        body = urllib.parse.urlencode({"csrf_token": self._token(), **fields}).encode()
        with self._open(f"{self.base_url}{path}", body, timeout=20) as answer:
            return str(answer.url)

    def _token(self) -> str:
        page = self._open(f"{self.base_url}/accounts/sign-in", timeout=20).read().decode()
        token = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert token, page
        return token[1]

    def upload(self, path: str, name: str, content: bytes, **fields: str) -> tuple[int, str]:
        """Send a file as the field `files` of a form; return the status and the text of the page that comes next."""
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
            for field, value in {"csrf_token": self._token(), **fields}.items()
        ]
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
        body = b"".join([*parts, head, content, f"\r\n--{BOUNDARY}--\r\n".encode()])
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        try:
            with self._open(urllib.request.Request(f"{self.base_url}{path}", body, kind), timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with self._open(f"{self.base_url}{path}", timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def listen(self, path: str, *, last_event_id: str = "") -> Ear:
        """Ask for a stream of events; what comes is read with `Ear.hear`."""
        parts = urlsplit(self.base_url)
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar)
        connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=20)
        head = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\nCookie: {cookies}\r\n"
        if last_event_id:
            head += f"Last-Event-ID: {last_event_id}\r\n"
        connection.sendall(f"{head}\r\n".encode())
        return Ear(connection)


@dataclass
class Ear:
    """One listening connection."""

    connection: socket.socket
    _heard: bytes = b""
    head: str = ""
    retry_ms: int = 0
    ids: list[int] = field(default_factory=list)

    def _more(self) -> None:
        came = self.connection.recv(65536)
        if not came:
            raise EOFError
        self._heard += came

    def _upto(self, end: bytes) -> str:
        while end not in self._heard:
            self._more()
        block, self._heard = self._heard.split(end, 1)
        return block.decode()

    def status(self) -> int:
        if not self.head:
            self.head = self._upto(b"\r\n\r\n")
        return int(self.head.split()[1])

    def hear(self) -> Any:
        """The next event's document; raises EOFError when the stream has ended."""
        assert self.status() == 200, self.head
        while True:
            lines = dict(line.split(": ", 1) for line in self._upto(b"\n\n").splitlines() if not line.startswith(":"))
            if "retry" in lines:
                self.retry_ms = int(lines["retry"])
            if "data" in lines:
                self.ids.append(int(lines["id"]))
                return json.loads(lines["data"])

    def has_ended_within(self, seconds: float) -> bool:
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            try:
                self.hear()
            except (EOFError, ConnectionError):
                return True
        return False

    def close(self) -> None:
        self.connection.close()
