"""Bytes into text."""

from __future__ import annotations

import pytest

from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.parsed import Refused

WORDS = "1. 国家的根本法是宪法。\r\n答案：对\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk"]
)
def test_chinese_text_is_decoded(encoding: str) -> None:
    assert decode(WORDS.encode(encoding)) == WORDS


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\xff", bytes(range(256)) * 8, b"\xef\xbb\xbf\xff\xff\xff", b"\x01\x02\x03" * 100]
)
def test_bytes_that_are_no_text_are_refused(content: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        decode(content)
    assert refusal.value.problem.code == "undecodable"


def test_mixed_encodings_are_refused() -> None:
    with pytest.raises(Refused):
        decode("宪法".encode() + b"\xff\xff" + "宪法".encode("gbk"))
