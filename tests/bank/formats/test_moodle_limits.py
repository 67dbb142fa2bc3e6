"""The greatest files that are still taken in, made to be slow: each is refused in seconds and little memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from quizapp.bank.formats import MOST_BYTES

SIZE = MOST_BYTES - 1_000_000
ESSAY = b"<question type='essay'><questiontext format='html'><text><![CDATA[%b]]></text></questiontext></question>"
CLOZE = ESSAY.replace(b"essay", b"cloze")


def filled(piece: bytes, head: bytes = b"", tail: bytes = b"", *, size: int = SIZE) -> bytes:
    return head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail


FILES: dict[str, Callable[[], bytes]] = {
    "gift options": lambda: filled(b"~a ", b"::q:: {=x ", b"}"),
    "gift questions": lambda: filled(b"q{T}\n\n"),
    "gift tags": lambda: filled(b"<p>", b"::q:: [html]", b"{T}"),
    "gift zeros": lambda: filled(b"\x00", b"::q::q {T}\n\n"),
    "aiken questions": lambda: filled(b"q\nA) a\nB) b\nANSWER: A\n"),
    "aiken options": lambda: filled(b"A) a\n", b"q\nA) a\nB) b\nANSWER: A\n"),
    "xml depth": lambda: filled(b"<a>", b"<quiz>"),
    "xml text": lambda: b"<quiz>" + ESSAY % (b"x" * 9_900_000) + b"</quiz>",
    "xml tags in texts": lambda: b"<quiz>" + ESSAY % (b"<img src=a>" * 15_000) * 35 + b"</quiz>",
    "xml languages": lambda: b"<quiz>" + ESSAY % (b"{mlang en}a{mlang}" * 500_000) + b"</quiz>",
    "xml fields": lambda: b"<quiz>" + CLOZE % (b"{1:SA:x=a}" * 500_000) + b"</quiz>",
    "xml in two bytes": lambda: (b"<quiz>" + ESSAY % b"q" * 60_000 + b"</quiz>").decode().encode("utf-16"),
}
CHILD = """
import os, resource, time
from quizapp.bank.formats import read
from tests.bank.formats.test_moodle_limits import FILES

def grown():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

for name, make in FILES.items():
    if os.fork() == 0:
        content = make()
        before, start = grown(), time.process_time()
        parsed = read(content)
        spent = time.process_time() - start
        errors = sum(problem.severity == "error" for problem in parsed.problems)
        print(name, spent, grown() - before, errors + len(parsed.questions), sep="|", flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def measured() -> dict[str, tuple[float, int, int]]:
    """By file, each in a process of its own: seconds, MB more at the most, errors and questions."""
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, check=True, text=True)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    return {name: (float(spent), int(grown), int(found)) for name, spent, grown, found in rows}


@pytest.mark.parametrize("name", FILES)
def test_great_file_is_answered_in_seconds_and_little_memory(
    measured: dict[str, tuple[float, int, int]], name: str
) -> None:
    spent, grown, found = measured[name]
    assert spent < 4 and grown < 200 and found
