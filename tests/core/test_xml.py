"""XML from strangers: nothing is fetched, nothing swells, every fault has its line."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from pathlib import Path

import pytest

from quizapp.core.xml import MOST_TAGS, UnreadableXml, parse


def refusal(content: bytes) -> UnreadableXml:
    with pytest.raises(UnreadableXml) as caught:
        parse(content)
    return caught.value


def test_text_and_lines_are_read() -> None:
    root = parse('<?xml version="1.0"?>\n<quiz>\n <!-- x -->\n <a>甲 &amp; <![CDATA[<p>]]></a>\n</quiz>'.encode())
    (child,) = root
    assert (child.text, child.sourceline) == ("甲 & <p>", 4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("declared", ["", ' encoding="UTF-8"', ' encoding="UTF-16"'])
def test_unicode_is_told_by_its_bytes_whatever_is_declared(encoding: str, declared: str) -> None:
    document = f'<?xml version="1.0"{declared}?><a>宗教事务条例</a>'
    assert parse(document.encode(encoding)).text == "宗教事务条例"


@pytest.mark.parametrize("declared", ["GB2312", "gbk", "GB18030"])
def test_chinese_encodings_are_read_as_declared(declared: str) -> None:
    assert parse(f'<?xml version="1.0" encoding="{declared}"?><a>镕基</a>'.encode("gb18030")).text == "镕基"


def test_declaration_after_an_empty_line_is_read() -> None:
    assert parse(b'\n<?xml version="1.0"?>\n<a><b/></a>')[0].sourceline == 3


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0" encoding="UTF-8"?>\n<a>宗教</a>'.encode("gb18030"),
        b'<?xml version="1.0" encoding="klingon"?>\n<a/>',
        b'<?xml version="1.0" encoding="punycode"?>\n<a/>',
        b'<?xml version="1.0" encoding="hex"?>\n<a/>',
        b"\xff\xfe<",
    ],
)
def test_wrong_encoding_is_refused(content: bytes) -> None:
    fault = refusal(content)
    assert fault.code == "undecodable" and fault.line in (1, 2) and fault.detail


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"no xml", 1),
        (b"<a>\n<b>\n</a>", 3),
        (b"<a>\n", 2),
        (b"<a/>\n<b/>", 2),
        (b"<a>\n&nbsp;</a>", 2),
        (b"<a>\n\x00</a>", 2),
        (b"<a>\n\x0b</a>", 2),
        (b"<a>\n&#0;</a>", 2),
        (b"<a>\n<b c=1/></a>", 2),
        (b"<a>\n<b c='1' c='2'/></a>", 2),
        (b"<a>\n<!DOCTYPE a></a>", 2),
    ],
)
def test_malformed_document_is_refused_with_its_line(content: bytes, line: int) -> None:
    fault = refusal(content)
    assert (fault.code, fault.line) == ("malformed", line)
    assert "line" not in fault.detail.split() or "column" not in fault.detail


def test_document_type_is_refused_and_nothing_is_fetched(canary: tuple[str, list[str]], tmp_path: Path) -> None:
    url, asked = canary
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for doctype in (
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]>',
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{url}/entity">]>',
        f'<!DOCTYPE a [<!ENTITY % x SYSTEM "{url}/parameter"> %x;]>',
        f'<!DOCTYPE a SYSTEM "{url}/dtd">',
        f'<!DOCTYPE a PUBLIC "-//x//y" "{url}/public">',
        "<!DOCTYPE a>",
    ):
        fault = refusal(f'<?xml version="1.0"?>\n<!-- <a> -->\n<?x y?>{doctype}<a>&x;</a>'.encode())
        assert (fault.code, fault.line) == ("doctype", 3)
        fault = refusal(f"{doctype}<a>&x;</a>".encode("utf-16"))
        assert fault.code == "doctype"
    assert asked == []


@pytest.mark.parametrize(
    "link",
    [
        '<?xml-stylesheet href="{url}/style" type="text/xsl"?><a/>',
        '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{url}/include"/></a>',
        '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="u {url}/schema"/>',
    ],
)
def test_link_is_not_followed(canary: tuple[str, list[str]], link: str) -> None:
    url, asked = canary
    assert parse(link.format(url=url).encode()).tag == "a"
    assert asked == []


def test_billion_laughs_are_refused() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    assert refusal(f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><a>&l9;</a>'.encode()).code == "doctype"


@pytest.mark.parametrize(
    "content",
    [
        b"<a>" * 257 + b"</a>" * 257,
        b"<a>" * 100_000,
        b"<a>" + b"<b/>x" * (MOST_TAGS + 1) + b"</a>",
        b"<a " + b" ".join(b'a%d=""' % n for n in range(700_000)) + b"/>",
        b"<a>" + b"x" * 10_100_000 + b"</a>",
        b"<a><![CDATA[" + b"x" * 10_100_000 + b"]]></a>",
        b"<a b='" + b"x" * 10_100_000 + b"'/>",
        b"<" + b"a" * 100_000 + b"/>",
    ],
    ids=["257 deep", "100,000 deep", "tags", "attributes", "text", "cdata", "attribute", "name"],
)
def test_document_that_would_swell_is_refused_at_once(content: bytes) -> None:
    start = time.process_time()
    assert refusal(content).code == "too_large"
    assert time.process_time() - start < 2


def test_python_memory_stays_small_for_many_tags() -> None:
    content = b"<a>" + b"<b/>x" * 100_000 + b"</a>"
    tracemalloc.start()
    root = parse(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(root) == 100_000 and peak < 20_000_000


def test_space_between_words_in_tags_is_kept_on_request() -> None:
    document = b"<p><b>a</b> <i>b</i></p>"
    assert "".join(parse(document, keep_blanks=True).itertext()) == "a b"
    assert "".join(parse(document).itertext()) == "ab"


def test_broken_declaration_is_not_passed_over() -> None:
    fault = refusal(b'<?xml version="1.0"encoding="UTF-8"?>\n<a/>')
    assert (fault.code, fault.line) == ("malformed", 1)


@pytest.mark.parametrize(
    "content",
    [b"<a>" + b" " * 3_000_000 + b"</a>", b"\n" * 3_000_000 + b"<a/>", b"<a>" + b" <?" * 600_000 + b"</a>"],
)
def test_very_much_white_space_takes_little_time(content: bytes) -> None:
    began = time.process_time()
    with contextlib.suppress(UnreadableXml):
        parse(content)
    assert time.process_time() - began < 1
