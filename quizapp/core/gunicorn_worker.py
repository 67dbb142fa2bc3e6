"""A worker for Gunicorn: one thread takes up all requests and gives the plainest replies itself, a few make the rest.

Gunicorn's own threaded worker has one thread that waits for all connections and a pool that serves them. Threads of
one interpreter take turns, at every system call and every few milliseconds, and the more of them are ready, the more
the turns cost. So here:

- The express thread waits for all connections, takes what has come of their requests without waiting for the rest
  (phones in a bad network send them in pieces, seconds apart), and gives the whole ones that the app says are plain
  (`express.py`), mostly answers, back to the app as a heap: one call to the live store for all of them.
- Everything else is put into a queue, which a few threads empty: AT_WORK, as more would only stand in each other's
  way. A thread that has been at a request for longer than STUCK_SECONDS waits for something, most of all for SQL, and
  is not counted: another one is called in its place, up to all there are. So nobody waits behind a slow database.

How long a request has been in the queue decides whether it is still served when more comes than can be (shedding.py).

Reading requests, checking them, their limits and the writing of replies stay Gunicorn's but for the plain ones.
Spoken is plain HTTP/1.1. Only uploads are read by a thread as they come, by a few threads at most: who finds none
of them free is told to come again.
"""

from __future__ import annotations

import math
import os
import select
import selectors
import socket
import struct
import threading
import time
from contextvars import Context
from datetime import timedelta
from typing import Any

from gunicorn import http, util
from gunicorn.http import wsgi
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData, ParseException
from gunicorn.workers import base

from quizapp.core import handover
from quizapp.core.line import Line, Outgoing
from quizapp.core.pool import Pool
from quizapp.core.shortage import LACKS_MEMORY

ARMED, DISARMED = select.EPOLLIN, select.EPOLLONESHOT
IN_PARTS_OF = 4
"""One thread in so many may read bodies as they come: whoever sends one slowly keeps it for as long as that takes."""
AT_ONCE = 64
"""So many connections are looked at in one go."""
SIGNALS_AT_ONCE = 512
TEND_SECONDS = 1.0
CALL_SECONDS = 0.05
"""How often it is seen whether threads are stuck, while somebody is connected."""
STALLED_SECONDS = 30
"""Who sends or takes nothing for so long in the middle of a request or a reply is hung up on."""
LINGER_SECONDS = 2.0
"""A worker that stops keeps idle connections for so long: the next request may be under way."""
WATCH_SECONDS = 0.05
GIVE_WAY_SECONDS, GIVE_WAY_AT_MOST = 0.00005, 0.001
"""For each open connection, before a worker takes another one: who has fewer is quicker, so that all get as many."""
DRAIN_SECONDS = 5.0
"""For a body that the app did not read; who is slower is hung up on."""


class Worker(base.Worker):  # type: ignore[misc]
    """The main thread accepts, hangs up on who is idle for too long, tends the pool and shows that this process lives.

    A line is in `_idle` while nobody is at work on it; who takes it out (one step, so only one thread can) owns it
    until it is put back or hung up.
    """

    def init_process(self) -> None:
        self._epoll = select.epoll()
        self._pool = Pool(self._serve, threads=self.cfg.threads)
        self._in_parts = threading.Semaphore(max(1, self.cfg.threads // IN_PARTS_OF))
        self._open: set[Line] = set()
        self._idle: dict[int, Line] = {}
        """By file number, the longest idle first."""
        self._tend_at = 0.0
        self._in_hand: list[Line] = []
        """What the express thread has taken up and not passed on yet."""
        self._is_deaf = False
        """The express thread is lost: whoever asks now is heard by nobody."""
        self._goes_by: float | None = None
        """Set when it is told to go before there is somebody to hand over to."""
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        # Imported here: this file is the master's, and what the master has of the app no HUP replaces.
        from quizapp.core import express
        from quizapp.core.adding_up import Adder
        from quizapp.core.server_events import TAKE
        from quizapp.core.shedding import REFUSE, Queue, Shedding

        if live := self.wsgi.extensions.get("quizapp.live"):
            self.adder = Adder(live, kind="web")
        self.queue, self._take_key, self._refuse_key = Queue(), TAKE, REFUSE
        self._express: express.Express | None = self.wsgi.extensions.get("quizapp.express")
        self._parse = express.parse
        self.wsgi: Any = Shedding(self.wsgi, self.queue)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Go; when the code is replaced, only once there is somebody to hand over to, however often it is told."""
        if not handover.must_wait(age=self.age):
            # If others wait for this one to be ready, they wait for nothing: all are stopped.
            handover.note_loaded(age=self.age)
            super().handle_exit(sig, frame)
        elif self._goes_by is None:
            self._goes_by = time.monotonic() + handover.LOAD_SECONDS

    def run(self) -> None:
        self._pool.start()
        threading.Thread(target=self._take_up, daemon=True).start()
        with selectors.DefaultSelector() as selector:
            # The signals' pipe: SIGTERM ends the wait. What is in it is read, or the wait would end at once for ever.
            selector.register(self.PIPE[0], selectors.EVENT_READ)
            for listener in self.sockets:
                listener.setblocking(False)
                selector.register(listener, selectors.EVENT_READ, listener)
            while self.alive and self.ppid == os.getppid():
                for key, _events in selector.select(CALL_SECONDS if self._open else TEND_SECONDS):
                    if not key.data:
                        os.read(self.PIPE[0], SIGNALS_AT_ONCE)
                        continue
                    time.sleep(min(len(self._open) * GIVE_WAY_SECONDS, GIVE_WAY_AT_MOST))
                    self._accept(key.data)
                self._pool.tend()
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
        self._epoll.register(connection.fileno(), ARMED)
        self._let_wait(line)

    def _let_wait(self, line: Line) -> None:
        line.idle_until = time.monotonic() + self.cfg.keepalive
        self._idle[line.connection.fileno()] = line

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

    def _hang_up_all(self) -> None:
        """Hang up on everybody on whose line nobody is at work."""
        for number in list(self._idle):
            if line := self._idle.pop(number, None):
                self._hang_up(line)

    def _hang_up(self, line: Line) -> None:
        self._open.discard(line)
        line.connection.close()

    def _stop(self) -> None:
        """Answer what is under way, and who still asks soon, each with a last reply; the deaf hear nobody who asks."""
        for listener in self.sockets:
            listener.close()
        started = time.monotonic()
        while self._open and time.monotonic() < started + self.cfg.graceful_timeout:
            if self._is_deaf:
                self._hang_up_all()
            elif time.monotonic() > started + LINGER_SECONDS:
                self._hang_up_idle(math.inf)
            self._pool.tend()
            self.notify()
            time.sleep(WATCH_SECONDS)

    def _take_up(self) -> None:
        """The express thread; a worker that has lost it ends, and another one is started."""
        try:
            while True:
                self._look_once()
        except Exception:
            self._is_deaf, self.alive = True, False
            for line in self._in_hand:
                self._hang_up(line)
            self.log.exception("A web worker cannot take up requests any more")

    def _look_once(self) -> None:
        """See what has come, and answer what is plain."""
        whole = self._in_hand
        for number, _events in self._epoll.poll(maxevents=AT_ONCE):
            # None: it was armed a moment ago and is not idle yet, or was hung up on.
            line = self._idle.pop(number, None)
            if line:
                whole.append(line)
                if not self._has_asked(line):
                    whole.pop()
        if whole:
            self._answer_plain(whole)

    def _has_asked(self, line: Line) -> bool:
        """Whether a request of it has come whole, or its end; what is neither goes on waiting, within bounds."""
        if line.gather():
            return True
        if line.is_endless:
            too_long = LimitRequestHeaders("the head is too long")
            self.handle_error(None, line.connection, line.address, too_long)
            self._hang_up(line)
        elif time.monotonic() > line.gathers_until:
            self._hang_up(line)
        else:
            self._let_wait(line)
        return False

    def _answer_plain(self, lines: list[Line]) -> None:
        """Let the app answer what is plain of whole requests, all in one go; threads do the rest. Empties the list."""
        if self._express and self.alive:
            asked = [(line, request) for line in lines if (request := self._parse(line.gathered))]
            replies = self._express.answer([request for _line, request in asked])
            for (line, request), reply in zip(asked, replies, strict=True):
                if reply is not None:
                    lines.remove(line)
                    self._reply(line, reply, rest=request.rest)
        while lines:
            self._hand_over(lines.pop(0))

    def _reply(self, line: Line, reply: bytes, *, rest: bytes) -> None:
        """Send a whole reply without waiting; who does not take it asks again."""
        try:
            is_sent = line.connection.send(reply, socket.MSG_DONTWAIT) == len(reply)
            goes_on = is_sent and line.goes_on_with(rest)
        except OSError:
            is_sent = goes_on = False
        except LACKS_MEMORY:
            self._hang_up(line)
            raise
        if not is_sent:
            self._hang_up(line)
        elif goes_on:
            self._hand_over(line)
        else:
            self._let_wait(line)

    def _hand_over(self, line: Line) -> None:
        try:
            self._epoll.modify(line.connection.fileno(), DISARMED)
            line.pass_on()
            line.whole_at = time.monotonic()
        except LACKS_MEMORY:
            self._hang_up(line)
            raise
        self._pool.put(line)

    def _serve(self, line: Line) -> None:
        """In a thread of the pool: answer what a line asks; then let it wait for more or hang up."""
        try:
            # What is bound to one request (Flask's contexts) is no later one's, even where it could not be unbound.
            Context().run(self._serve_all, line)
        except LACKS_MEMORY:
            # None is left even for saying so. The thread is needed when there is some again; who is hung up on asks
            # again.
            self._open.discard(line)
            if not line.is_taken:
                line.connection.close()

    def _serve_all(self, line: Line) -> None:
        self.queue.note(time.monotonic() - line.whole_at)
        while self._answer_next(line):
            if not line.goes_on_with(line.reader.unreader.take_buffered()):
                self._epoll.modify(line.connection.fileno(), ARMED)
                self._let_wait(line)
                return
            line.pass_on()
        self._open.discard(line)
        if line.is_taken:
            return
        # Whoever still sends gets the reply whole; a plain close would tear it.
        util.close_graceful(line.connection)

    def _answer_next(self, line: Line) -> bool:
        """Read and answer one request; False when the line is to be hung up."""
        if not line.is_in_parts:
            return self._read_and_answer(line, is_refused=False)
        has_place = self._in_parts.acquire(blocking=False)
        try:
            return self._read_and_answer(line, is_refused=not has_place)
        finally:
            if has_place:
                self._in_parts.release()

    def _read_and_answer(self, line: Line, *, is_refused: bool) -> bool:
        request = None
        try:
            request = next(line.reader)
            return self._answer(line, request, is_refused=is_refused) and self._is_read(line, request)
        except (NoMoreData, StopIteration, ConnectionError, BlockingIOError):
            # They have left, or stalled.
            return False
        except LACKS_MEMORY:
            # There is none for the request itself, or a reply was begun; who is hung up on asks again.
            self.log.exception("No memory for a request")
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
        try:
            return bool(line.reader.finish_body(deadline=time.monotonic() + DRAIN_SECONDS))
        except (ParseException, OSError):
            # The reply has been given; a second one would be taken for that of another request.
            return False

    def _answer(self, line: Line, request: Any, *, is_refused: bool) -> bool:
        """Let the app answer; False when the connection ends with the reply."""
        outgoing = Outgoing(line.connection)
        response, environ = wsgi.create(request, outgoing, line.address, line.server, self.cfg)
        environ["wsgi.multithread"] = True
        environ[self._take_key], environ[self._refuse_key] = outgoing.take, is_refused
        if is_refused or not self.alive:
            response.force_close()
        started = time.monotonic()
        parts: Any = ()
        try:
            parts = self.wsgi(environ, response.start_response)
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
            if not (outgoing.has_begun or outgoing.is_taken):
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
