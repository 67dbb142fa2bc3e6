"""A worker for Gunicorn whose threads wait for requests themselves.

Gunicorn's own threaded worker has one thread that waits for all connections. It hands each request to a pool and is
handed the connection back: two switches of threads, a future, a pipe and some system calls, which took longer than
taking an answer does. Here every thread waits at the same epoll. A connection with something to read wakes one of
them, which reads, answers and arms the connection again; in between nobody is woken for it. A thread that has work
left never waits.

How long a connection was ready before a thread took it, epoll does not tell. But it keeps an order, so a probe that is
put in like a request waits as long as one: the main thread sends one after the other through the queue.

A request is taken up when it has come whole: phones in a bad network send it in pieces, seconds apart, and as many of
them as there are threads would hold up everybody. Only uploads are read by a thread as they come.

Reading requests, checking them, their limits and the writing of replies stay Gunicorn's. Spoken is plain HTTP/1.1.
"""

from __future__ import annotations

import math
import os
import re
import select
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gunicorn import http, util
from gunicorn.http import wsgi
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.workers import base

from quizapp.core import handover

ARMED = select.EPOLLIN | select.EPOLLONESHOT
TEND_SECONDS = 1.0
PROBE_SECONDS = 0.05
"""Between two probes; a queue is watched while somebody is connected."""
STALLED_SECONDS = 30
"""Who sends or takes nothing for so long in the middle of a request or a reply is hung up on."""
LINGER_SECONDS = 2.0
"""A worker that stops keeps idle connections for so long: the next request may be under way."""
WATCH_SECONDS = 0.05
GIVE_WAY_SECONDS, GIVE_WAY_AT_MOST = 0.00005, 0.001
"""For each open connection, before a worker takes another one: who has fewer is quicker, so that all get as many."""
GATHER_BYTES = 8192
LONG_HEAD, LONG_BODY = 32 * 1024, 256 * 1024
"""A longer head is refused; a longer body, an upload, is left to the thread that reads it."""
GATHER_SECONDS = 30
"""Who needs longer than this to send a request is hung up on."""
DRAIN_SECONDS = 5.0
"""For a body that the app did not read; who is slower is hung up on."""


_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n", re.IGNORECASE)
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

    def sendfile(self, *arguments: Any, **named: Any) -> int:
        self.flush()
        return self._connection.sendfile(*arguments, **named)

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
    gathered: bytes = b""
    """The beginning of a request whose rest has not come yet."""
    gathers_until: float = 0.0

    def gather(self) -> bool:
        """Take what has come, without waiting for more; whether there is something for a thread to do."""
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
                self._pass_on()
                return True
            if self.is_endless:
                return False

    @property
    def is_endless(self) -> bool:
        """Whether there are only headers, and too many."""
        return len(self.gathered) > LONG_HEAD and b"\r\n\r\n" not in self.gathered

    def has_another(self) -> bool:
        """After an answer: whether the next request has come whole behind the one that was answered."""
        self.gathered = self.reader.unreader.take_buffered()
        if not self.gathered or not is_whole(self.gathered):
            self.gathers_until = time.monotonic() + GATHER_SECONDS
            return False
        self._pass_on()
        return True

    def _pass_on(self) -> None:
        self.reader.unreader.unread(self.gathered)
        self.gathered = b""

    def has_asked(self) -> bool:
        """Whether there is something to read."""
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:
            return False


class Worker(base.Worker):  # type: ignore[misc]
    """The main thread accepts, hangs up on who is idle for too long, sends probes and shows that this process lives.

    A line is in `_idle` while nobody is at work on it; who takes it out (one step, so only one thread can) owns it
    until it is put back or hung up.
    """

    def init_process(self) -> None:
        self._epoll = select.epoll()
        self._probe = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._probe_sent_at: float | None = None
        """None while no probe is in the queue."""
        self._probe_waited = 0.0
        self._open: set[Line] = set()
        self._idle: dict[int, Line] = {}
        """By file number, the longest idle first."""
        self._tend_at = 0.0
        self._goes_by: float | None = None
        """Set when it is told to go before there is somebody to hand over to."""
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        # Imported here: this file is the master's, and what the master has of the app no HUP replaces.
        from quizapp.core.adding_up import Adder
        from quizapp.core.server_events import TAKE
        from quizapp.core.shedding import Queue, Shedding

        if live := self.wsgi.extensions.get("quizapp.live"):
            self.adder = Adder(live, kind="web")
        self.queue, self._take_key = Queue(), TAKE
        self.wsgi: Any = Shedding(self.wsgi, self.queue)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Go; when the code is replaced, only once there is somebody to hand over to, however often it is told."""
        if not handover.must_wait(age=self.age):
            super().handle_exit(sig, frame)
        elif self._goes_by is None:
            self._goes_by = time.monotonic() + handover.LOAD_SECONDS

    def run(self) -> None:
        self._epoll.register(self._probe, ARMED)
        for _number in range(self.cfg.threads):
            threading.Thread(target=self._work, daemon=True).start()
        with selectors.DefaultSelector() as selector:
            # The signals' pipe: SIGTERM ends the wait.
            selector.register(self.PIPE[0], selectors.EVENT_READ)
            for listener in self.sockets:
                listener.setblocking(False)
                selector.register(listener, selectors.EVENT_READ, listener)
            while self.alive and self.ppid == os.getppid():
                for key, _events in selector.select(PROBE_SECONDS if self._open else TEND_SECONDS):
                    if key.data:
                        time.sleep(min(len(self._open) * GIVE_WAY_SECONDS, GIVE_WAY_AT_MOST))
                        self._accept(key.data)
                self._send_probe()
                self._tend()
        self._stop()

    def _accept(self, listener: socket.socket) -> None:
        if len(self._open) >= self.cfg.worker_connections and not self._make_room():
            time.sleep(WATCH_SECONDS)
            return
        try:
            connection, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            # Another worker was faster, or the client has left.
            return
        except OSError as error:
            self.log.error("No connection can be accepted: %s", error)
            self._make_room()
            time.sleep(WATCH_SECONDS)
            return
        connection.setblocking(True)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            # Kept by the system: Python's own timeout would cost a system call for every read and write.
            connection.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", STALLED_SECONDS, 0))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = http.get_parser(self.cfg, connection, address)
        line = Line(connection, address, listener.getsockname(), reader)
        self._open.add(line)
        self._wait(line, self._epoll.register)

    def _wait(self, line: Line, arm: Callable[[int, int], None]) -> None:
        line.idle_until = time.monotonic() + self.cfg.keepalive
        number = line.connection.fileno()
        self._idle[number] = line
        arm(number, ARMED)

    def _send_probe(self) -> None:
        if self._probe_sent_at is None:
            self._probe_sent_at = time.monotonic()
            os.eventfd_write(self._probe, 1)

    def _take_probe(self) -> None:
        os.eventfd_read(self._probe)
        self._probe_waited, self._probe_sent_at = self._waited(), None
        self.queue.note(self._probe_waited)
        self._epoll.modify(self._probe, ARMED)

    def _waited(self) -> float:
        """How long what is taken out of the queue now has waited; what comes before a probe, at least as long as it."""
        sent_at = self._probe_sent_at
        return self._probe_waited if sent_at is None else time.monotonic() - sent_at

    def _make_room(self) -> bool:
        """Hang up on who has been idle the longest; False when nobody is."""
        for number, line in self._idle.copy().items():
            if not line.has_asked() and self._idle.pop(number, None) is not None:
                self._hang_up(line)
                return True
        return False

    def _tend(self) -> None:
        now = time.monotonic()
        if now < self._tend_at:
            return
        self._tend_at = now + TEND_SECONDS
        self.notify()
        self._hang_up_idle(now)
        if self._goes_by is not None and (now > self._goes_by or not handover.must_wait(age=self.age)):
            self.alive = False

    def _hang_up_idle(self, now: float) -> None:
        """Hang up on who has been idle for longer than is kept; not on who has asked and waits for a thread."""
        for number, line in self._idle.copy().items():
            if line.idle_until > now:
                return
            if not line.has_asked() and self._idle.pop(number, None) is not None:
                self._hang_up(line)

    def _hang_up(self, line: Line) -> None:
        self._open.discard(line)
        line.connection.close()

    def _stop(self) -> None:
        """Answer what is under way, and who still asks soon, each with a last reply."""
        for listener in self.sockets:
            listener.close()
        started = time.monotonic()
        while self._open and time.monotonic() < started + self.cfg.graceful_timeout:
            if time.monotonic() > started + LINGER_SECONDS:
                self._hang_up_idle(math.inf)
            self.notify()
            time.sleep(WATCH_SECONDS)

    def _work(self) -> None:
        while True:
            for number, _events in self._epoll.poll(maxevents=1):
                if number == self._probe:
                    self._take_probe()
                elif line := self._idle.pop(number, None):
                    self.queue.note(self._waited())
                    if line.gather():
                        self._serve(line)
                    elif line.is_endless:
                        too_long = LimitRequestHeaders("the head is too long")
                        self.handle_error(None, line.connection, line.address, too_long)
                        self._hang_up(line)
                    elif time.monotonic() > line.gathers_until:
                        self._hang_up(line)
                    else:
                        self._wait(line, self._epoll.modify)

    def _serve(self, line: Line) -> None:
        """Answer what a line asks; then wait for more or hang up."""
        while self._answer_next(line):
            if not line.has_another():
                self._wait(line, self._epoll.modify)
                return
        self._open.discard(line)
        if line.is_taken:
            return
        # Whoever still sends gets the reply whole; a plain close would tear it.
        util.close_graceful(line.connection)

    def _answer_next(self, line: Line) -> bool:
        """Read and answer one request; False when the line is to be hung up."""
        request = None
        try:
            request = next(line.reader)
            return self._answer(line, request) and self._is_read(line, request)
        except (NoMoreData, StopIteration, ConnectionError, BlockingIOError):
            # They have left, or stalled.
            return False
        except Exception as error:
            self.handle_error(request, line.connection, line.address, error)
            return False

    def _is_read(self, line: Line, request: Any) -> bool:
        """Whether all of the request is off the line, so that what comes next begins another."""
        if getattr(request.body.reader, "length", None) == 0:
            # Nothing is left that the reader would have to look for, which costs it system calls.
            line.reader.mesg = None
            return True
        return bool(line.reader.finish_body(deadline=time.monotonic() + DRAIN_SECONDS))

    def _answer(self, line: Line, request: Any) -> bool:
        """Let the app answer; False when the connection ends with the reply."""
        outgoing = Outgoing(line.connection)
        response, environ = wsgi.create(request, outgoing, line.address, line.server, self.cfg)
        environ["wsgi.multithread"] = True
        environ[self._take_key] = outgoing.take
        if not self.alive:
            response.force_close()
        started = time.monotonic()
        parts = self.wsgi(environ, response.start_response)
        try:
            if isinstance(parts, wsgi.FileWrapper):
                response.write_file(parts)
            else:
                for part in parts:
                    response.write(part)
            response.close()
            outgoing.flush()
        except (ConnectionError, BlockingIOError):
            raise
        except Exception:
            if not outgoing.has_begun:
                raise
            # A second head in the middle of a reply would be taken for its body.
            self.log.exception("Error in the middle of a reply to %s %s", request.method, request.uri)
            return False
        finally:
            line.is_taken = outgoing.is_taken
            self.log.access(response, request, environ, timedelta(seconds=time.monotonic() - started))
            if hasattr(parts, "close"):
                parts.close()
        return not (line.is_taken or response.should_close())
