"""The web worker: whole replies in whatever order requests come, and nobody held up by who is slow."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi

from quizapp.core import gunicorn_config, launcher
from quizapp.core.gunicorn_worker import IN_PARTS_OF
from quizapp.core.line import Outgoing, is_whole
from quizapp.core.pool import AT_WORK
from tests.stack import children_of

THREADS, CONNECTIONS, KEPT_SECONDS = 3, 6, 1
GET = b"GET %s HTTP/1.1\r\nHost: here\r\n\r\n"
MASTERS_OWN = {"embedded", "gunicorn_config", "gunicorn_worker", "handover", "line", "pool", "shortage"}


@contextmanager
def served(
    *,
    kept_seconds: int = KEPT_SECONDS,
    workers: int = 1,
    connections: int = CONNECTIONS,
    threads: int = THREADS,
    environment: Mapping[str, str] = {},
) -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, int]]]:
    """One worker of three threads that takes six connections and keeps idle ones for a while."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = launcher.web_command(bind=f"fd://{listener.fileno()}", workers=workers, preload=False)
        options = ["--threads", str(threads), "--worker-connections", str(connections), "--keep-alive"]
        process = subprocess.Popen(
            [*command[:-1], *options, str(kept_seconds), "tests.core.served:app"],
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
            env=os.environ | environment,
        )
        try:
            address = listener.getsockname()
            with Caller(address) as caller:
                assert caller.ask(b"/").endswith(b"hello")
            yield process, address
        finally:
            process.terminate()
            process.wait()


class Caller:
    """A client on one connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=20)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def ask(self, path: bytes) -> bytes:
        self.socket.sendall(GET % path)
        return self.reply()

    def reply(self) -> bytes:
        """The next reply, head and body; what has come when the server hangs up."""
        received = b""
        while True:
            head, found, body = received.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            whole = body.endswith(b"0\r\n\r\n") if b"chunked" in head else len(body) >= int(length[1] if length else 0)
            if found and whole:
                return received
            part = self.socket.recv(1)
            if not part:
                return received
            received += part

    def is_hung_up(self) -> bool:
        """Wait for the server to hang up; what else it says fails."""
        return self.socket.recv(1) == b""


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with served() as (_process, address):
        yield address


def test_one_connection_carries_many_requests(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        assert [caller.ask(b"/")[-5:] for _ in range(20)] == [b"hello"] * 20


def test_requests_sent_together_are_all_answered_in_order(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        caller.socket.sendall(
            b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\none" + GET % b"/" + GET % b"/nothing"
        )
        assert caller.reply().endswith(b"one")
        assert caller.reply().endswith(b"hello")
        assert caller.reply().startswith(b"HTTP/1.1 204")


@pytest.mark.parametrize(
    ("path", "end"),
    [
        (b"/parts", b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"),
        (b"/file", b"\r\n\r\nsome file"),
        (b"/nothing", b"\r\n\r\n"),
    ],
)
def test_replies_of_every_form_are_whole(address: tuple[str, int], path: bytes, end: bytes) -> None:
    with Caller(address) as caller:
        assert caller.ask(path).endswith(end)
        assert caller.ask(b"/").endswith(b"hello")


def test_head_gets_no_body(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        caller.socket.sendall(b"HEAD / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        received = b""
        while part := caller.socket.recv(1000):
            received += part
        assert b"Content-Length: 5" in received
        assert received.endswith(b"\r\n\r\n")


def test_a_body_that_nobody_read_is_not_taken_for_a_request(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        body = GET % b"/broken"
        caller.socket.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert caller.reply().endswith(b"hello")
        assert caller.ask(b"/").endswith(b"hello")


def test_a_chunked_body_arrives(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        caller.socket.sendall(b"POST /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        time.sleep(0.05)
        caller.socket.sendall(b"2\r\nde\r\n0\r\n\r\n")
        assert caller.reply().endswith(b"abcde")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"400"),
        (GET % b"/broken", b"500"),
    ],
)
def test_what_cannot_be_answered_is_refused_and_ends_the_connection(
    address: tuple[str, int], sent: bytes, status: bytes
) -> None:
    with Caller(address) as caller:
        caller.socket.sendall(sent)
        assert caller.reply().startswith(b"HTTP/1.1 " + status)
        caller.socket.settimeout(5)
        while caller.socket.recv(1000):
            pass


def test_a_reply_that_breaks_in_the_middle_does_not_look_whole(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        received = caller.ask(b"/parts?breaks=1")
        assert b"one " in received
        assert b"500" not in received
        assert not received.endswith(b"0\r\n\r\n")


def test_silent_connections_hold_up_nobody(address: tuple[str, int]) -> None:
    silent = [Caller(address) for _ in range(THREADS + 1)]
    with Caller(address) as caller:
        assert caller.ask(b"/").endswith(b"hello")
    for one in silent:
        one.socket.close()


ECHO = b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nwords"


def test_who_sends_a_letter_at_a_time_holds_up_nobody(address: tuple[str, int]) -> None:
    """More of them than there are threads, in the middle of a head or of a body."""
    slow = [Caller(address) for _number in range(THREADS + 1)]
    try:
        for number, caller in enumerate(slow):
            caller.socket.sendall(ECHO[: 20 if number % 2 else -2])
        time.sleep(0.2)
        with Caller(address) as quick:
            assert quick.ask(b"/").endswith(b"hello")
        for number, caller in enumerate(slow):
            caller.socket.sendall(ECHO[20 if number % 2 else -2 :])
            assert caller.reply().endswith(b"words")
            assert caller.ask(b"/").endswith(b"hello")
    finally:
        for caller in slow:
            caller.socket.close()


def test_a_request_in_single_letters_and_the_beginning_of_the_next(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        for number in range(len(ECHO)):
            caller.socket.sendall(ECHO[number : number + 1])
        caller.socket.sendall(ECHO[:30])
        assert caller.reply().endswith(b"words")
        caller.socket.sendall(ECHO[30:])
        assert caller.reply().endswith(b"words")


def test_who_waits_for_a_word_before_the_body_gets_it(address: tuple[str, int]) -> None:
    head, _end, body = ECHO.partition(b"\r\n\r\n")
    with Caller(address) as caller:
        caller.socket.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert caller.reply().startswith(b"HTTP/1.1 100")
        caller.socket.sendall(body)
        assert caller.reply().endswith(b"words")


def test_a_head_without_end_is_refused(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        caller.socket.sendall(b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"x" * 64 * 1024)
        assert caller.reply().startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    ("gathered", "whole"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (ECHO[:-1], False),
        (ECHO, True),
        (ECHO.replace(b"Length: 5", b"Length: 5000000"), True),
        (ECHO[:-5].replace(b"Content-Length", b"CONTENT-LENGTH"), False),
        (b"POST / HTTP/1.1\r\nX: 1\r\n\r\ncontent-length: 9\r\n", True),
    ],
)
def test_what_is_whole(gathered: bytes, whole: bool) -> None:
    assert is_whole(gathered) is whole


def test_plain_requests_need_no_thread(address: tuple[str, int]) -> None:
    slow = [Caller(address) for _ in range(THREADS)]
    for caller in slow:
        caller.socket.sendall(GET % b"/?seconds=1")
    with Caller(address) as caller:
        for _time in range(3):
            assert b"X-Express: yes" in (reply := caller.ask(b"/plain"))
            assert reply.endswith(b"plain")
    assert not select.select([caller.socket for caller in slow], [], [], 0)[0]
    for caller in slow:
        assert caller.reply().endswith(b"hello")
        caller.socket.close()


def test_plain_and_other_requests_sent_together_are_answered_in_order(address: tuple[str, int]) -> None:
    plain = ECHO.replace(b"/echo", b"/plain")
    with Caller(address) as caller:
        caller.socket.sendall(plain + GET % b"/" + plain + plain + ECHO + plain[:-2])
        ends = [caller.reply()[-5:] for _reply in range(5)]
        assert ends == [b"words", b"hello", b"words", b"words", b"words"]
        caller.socket.sendall(plain[-2:])
        assert b"X-Express" in (reply := caller.reply()) and reply.endswith(b"words")


def test_who_does_not_take_plain_replies_is_hung_up_on_and_holds_up_nobody(address: tuple[str, int]) -> None:
    big = b"POST /plain HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
    with Caller(address) as greedy, Caller(address) as other:
        greedy.socket.settimeout(0.5)
        with pytest.raises(OSError):
            for _time in range(200):
                greedy.socket.sendall(big)
        assert other.ask(b"/plain").endswith(b"plain")


def test_what_is_bound_to_one_request_is_no_later_ones(address: tuple[str, int]) -> None:
    """As a context that could not be unbound where memory ended."""
    for _time in range(2 * THREADS):
        with Caller(address) as caller:
            assert caller.ask(b"/left-behind").endswith(b"nobody")


def test_without_memory_there_is_one_reply_or_none(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        assert caller.ask(b"/no-memory").startswith(b"HTTP/1.1 503")
    with Caller(address) as caller:
        assert caller.ask(b"/no-memory-after-the-head") == b""
    with Caller(address) as caller:
        assert caller.ask(b"/").endswith(b"hello")


def test_a_worker_that_cannot_take_up_requests_is_replaced() -> None:
    with served() as (_process, address):
        with Caller(address) as caller:
            assert caller.ask(b"/unbearable") == b""
        give_up_at = time.monotonic() + 20
        while time.monotonic() < give_up_at:
            with suppress(OSError), Caller(address) as caller:
                if caller.ask(b"/plain").endswith(b"plain"):
                    return
        raise AssertionError("nobody answers any more")


def test_slow_requests_run_side_by_side(address: tuple[str, int]) -> None:
    started = time.monotonic()
    callers = [Caller(address) for _ in range(THREADS)]
    for caller in callers:
        caller.socket.sendall(GET % b"/?seconds=1")
    assert all(caller.reply().endswith(b"hello") for caller in callers)
    assert time.monotonic() - started < THREADS
    for caller in callers:
        caller.socket.close()


def test_a_queue_that_stands_is_noticed_and_one_that_has_gone_too(address: tuple[str, int]) -> None:
    callers = [Caller(address) for _ in range(CONNECTIONS - 1)]
    for path in (b"/first?seconds=1.5", b"/second?seconds=0.2"):
        for caller in callers[:THREADS] if path.startswith(b"/first") else callers[THREADS:]:
            caller.socket.sendall(GET % path)
        time.sleep(0.3)
    assert all(caller.reply().endswith(b"hello") for caller in callers)
    assert b"/first" not in callers[0].ask(b"/late")
    late = callers[0].ask(b"/late").partition(b"\r\n\r\n")[2].split()
    assert b"/second" in late
    assert late == callers[0].ask(b"/late").partition(b"\r\n\r\n")[2].split()
    for caller in callers:
        caller.socket.close()


def test_an_idle_connection_is_hung_up_after_its_time(address: tuple[str, int]) -> None:
    with Caller(address) as caller:
        caller.ask(b"/")
        started = time.monotonic()
        assert caller.is_hung_up()
        assert time.monotonic() - started > KEPT_SECONDS / 2


def test_idle_connections_make_room_for_new_ones() -> None:
    with served(kept_seconds=300) as (_process, address):
        callers = [Caller(address) for _ in range(CONNECTIONS + 2)]
        assert callers[-1].ask(b"/").endswith(b"hello")
        for caller in callers:
            caller.socket.close()


def test_workers_take_as_many_connections_each() -> None:
    """Each new one goes to who has fewer, though the same worker may be the first to wake up every time."""
    with served(kept_seconds=300, workers=2, connections=100) as (_process, address):
        give_up_at = time.monotonic() + 20
        while len({who(address) for _time in range(20)}) < 2:
            assert time.monotonic() < give_up_at, "only one worker answers"
        callers = [Caller(address) for _number in range(60)]
        shares = Counter(caller.ask(b"/who").rpartition(b"\r\n")[2] for caller in callers)
        assert len(shares) == 2
        assert min(shares.values()) >= 20, shares
        for caller in callers:
            caller.socket.close()


def who(address: tuple[str, int]) -> bytes:
    """The worker that takes a new connection now."""
    with Caller(address) as caller:
        return caller.ask(b"/who").rpartition(b"\r\n")[2]


def test_who_stops_the_server_lets_it_finish_its_replies() -> None:
    with served() as (process, address), Caller(address) as caller, Caller(address) as idle:
        caller.socket.sendall(GET % b"/?seconds=2")
        idle.ask(b"/")
        os.kill(process.pid, signal.SIGTERM)
        while b"Connection: keep-alive" in (last := idle.ask(b"/")):
            time.sleep(0.01)
        assert last.endswith(b"hello")
        assert caller.reply().endswith(b"hello")
        assert process.wait(timeout=10) == 0


def test_the_master_knows_nothing_of_the_app() -> None:
    """What it has loaded its new workers have from it, and so would go on with the former code after a HUP."""
    look = (
        "import sys, quizapp.core.gunicorn_config, quizapp.core.gunicorn_worker;"
        "print(*(name for name in sys.modules if name.startswith('quizapp.core.')))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert {name.removeprefix("quizapp.core.") for name in done.stdout.split()} == MASTERS_OWN


def test_who_takes_no_more_of_a_file_is_given_up() -> None:
    """The bound is the connection's own (SO_SNDTIMEO), which sendfile of Python's does not keep to."""
    config = Config()
    config.set("sendfile", gunicorn_config.sendfile)
    ours, theirs = socket.socketpair()
    with ours, theirs, tempfile.TemporaryFile() as file:
        file.truncate(50_000_000)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 200_000))
        request = SimpleNamespace(version=(1, 1), method="GET", should_close=lambda: False)
        response = wsgi.Response(request, Outgoing(ours), config)
        response.start_response("200 OK", [("Content-Length", "50000000")])
        with pytest.raises(BlockingIOError):
            response.write_file(wsgi.FileWrapper(file))


def test_signals_do_not_keep_a_worker_busy() -> None:
    with served() as (process, _address):
        [worker] = children_of(process.pid)
        os.kill(worker, signal.SIGUSR1)
        time.sleep(0.2)
        before = cpu_seconds(worker)
        time.sleep(1)
        assert cpu_seconds(worker) - before < 0.4


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_bodies_that_come_slowly_take_a_few_threads_only_and_others_are_told_to_come_again() -> None:
    begun = b"POST /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    long = b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 400000\r\n\r\n"
    with served(threads=8, connections=20) as (_process, address):
        slow = [Caller(address) for _number in range(8 // IN_PARTS_OF)]
        for caller in slow:
            caller.socket.sendall(begun)
        time.sleep(0.2)
        for sent in (begun, long, long.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")):
            with Caller(address) as turned_away:
                turned_away.socket.sendall(sent)
                reply = turned_away.reply()
                if reply.startswith(b"HTTP/1.1 100"):
                    reply = turned_away.reply()
                assert reply.startswith(b"HTTP/1.1 503") and b"Connection: close" in reply
        with Caller(address) as quick:
            quick.socket.sendall(ECHO)
            assert quick.reply().endswith(b"words")
        for caller in slow:
            caller.socket.sendall(b"0\r\n\r\n")
            assert caller.reply().endswith(b"abc")
        with Caller(address) as caller:
            caller.socket.sendall(begun + b"0\r\n\r\n")
            assert caller.reply().endswith(b"abc")
        for caller in slow:
            caller.socket.close()


def test_a_worker_that_stops_goes_on_calling_threads_for_those_that_are_stuck() -> None:
    with served(threads=2 * AT_WORK, connections=20) as (process, address):
        stuck, other = [Caller(address) for _number in range(AT_WORK)], Caller(address)
        for caller in (*stuck, other):
            caller.ask(b"/")
        os.kill(process.pid, signal.SIGTERM)
        time.sleep(0.5)
        for caller in stuck:
            caller.socket.sendall(GET % b"/?seconds=3")
        assert b"Connection: close" in other.ask(b"/")
        assert not select.select([caller.socket for caller in stuck], [], [], 0)[0]
        assert all(caller.reply().endswith(b"hello") for caller in stuck)
        for caller in (*stuck, other):
            caller.socket.close()


def test_a_stop_ends_the_waiting_for_new_workers_that_are_not_ready_yet(tmp_path: Path) -> None:
    loads_once = {"SERVED_LOADS_ONCE": str(tmp_path / "loaded")}
    with served(environment=loads_once, kept_seconds=10) as (process, address), Caller(address) as caller:
        os.kill(process.pid, signal.SIGHUP)
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGTERM)
        while b"Connection: keep-alive" in (last := caller.ask(b"/")):
            time.sleep(0.1)
        assert b"Connection: close" in last, "it was cut off"
