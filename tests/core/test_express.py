"""What the web worker takes for a plain request: the bytes say the same to it as to any other parser, or it passes."""

from __future__ import annotations

import time

import pytest

from quizapp.core.express import Request, parse

PUT = b"PUT /a/b HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n"


def test_a_plain_request_is_read() -> None:
    found = parse(PUT + b"X-Any:  two words \t\r\n\r\nhello")
    assert found == Request(
        "PUT", "/a/b", {"host": "here", "content-length": "5", "x-any": "two words"}, b"hello", rest=b""
    )


def test_what_comes_behind_it_is_kept() -> None:
    found = parse(b"GET / HTTP/1.1\r\n\r\nGET /next")
    assert found and (found.target, found.body, found.rest) == ("/", b"", b"GET /next")


@pytest.mark.parametrize(
    "gathered",
    [
        b"",
        b"PUT /a HTTP/1.1\r\nHost: here\r\n",
        PUT + b"\r\nhell",
        PUT + b"Content-Length: 5\r\n\r\nhello",
        PUT + b"content-length: 6\r\n\r\nhello",
        PUT + b"Transfer-Encoding: chunked\r\n\r\nhello",
        PUT + b"Expect: 100-continue\r\n\r\nhello",
        PUT + b"Connection: close\r\n\r\nhello",
        PUT + b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
        PUT + b"Name : value\r\n\r\nhello",
        PUT + b" folded\r\n\r\nhello",
        PUT + b"Odd: \x00\r\n\r\nhello",
        PUT + b"Odd: \xc3\xa9\r\n\r\nhello",
        PUT + b"Odd: a\nTransfer-Encoding: chunked\r\n\r\nhello",
        PUT.replace(b"5", b"+5") + b"\r\nhello",
        PUT.replace(b"5", b"5,5") + b"\r\nhello",
        PUT.replace(b"5", b"-5") + b"\r\nhello",
        PUT.replace(b"5", b"") + b"\r\nhello",
        PUT.replace(b"1.1", b"1.0") + b"\r\nhello",
        PUT.replace(b"/a/b", b"http://here/a") + b"\r\nhello",
        PUT.replace(b"/a/b", b"/a b") + b"\r\nhello",
        PUT.replace(b"PUT", b"put") + b"\r\nhello",
        PUT.replace(b"\r\n", b"\n") + b"\nhello",
        PUT + b"Long: " + b"x" * 5000 + b"\r\n\r\nhello",
    ],
)
def test_whatever_is_unusual_is_left_to_the_other_parser(gathered: bytes) -> None:
    assert parse(gathered) is None


def test_a_head_is_read_in_a_time_that_grows_with_its_length() -> None:
    """And not with its square, which is what a pattern with two ways to match the same blanks would take."""
    short, long = (min(seconds_to_parse(blanks) for _time in range(5)) for blanks in (500, 4000))
    assert long < 30 * short


def seconds_to_parse(blanks: int) -> float:
    gathered = b"GET / HTTP/1.1\r\nA: a" + b" " * blanks + b"a\r\n\r\n"
    began = time.thread_time()
    for _time in range(20):
        assert parse(gathered)
    return time.thread_time() - began
