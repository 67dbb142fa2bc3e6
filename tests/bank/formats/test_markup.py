"""Marked-up text into plain text, and back into markup."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.markup import (
    Reference,
    embedded,
    from_base64,
    from_format,
    from_html,
    from_markdown,
    from_moodle,
    from_plain,
    to_html,
)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>甲</p>\n<p>乙 <b>丙</b>丁</p>", "甲\n乙 丙丁"),
        ("a<br>b<br/><br />c", "a\nb\n\nc"),
        ("<p>a<br></p><p>b</p>", "a\nb"),
        ("<div><div>a</div></div>b", "a\nb"),
        ("<ul><li>x</li><li><p>y</p></li></ul>z", "- x\n- y\nz"),
        ("<ol><li>x</li><li>y</li></ol>", "1. x\n2. y"),
        ("<table><tr><td>a</td>\n<td><p>b</p></td></tr>\n<tr><td>c</td><td>d</td></tr></table>e", "a | b\nc | d\ne"),
        ("中国\n人民 and\n  more", "中国人民 and more"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("10<sup>5</sup>, H<sub>2</sub>O, x<sup>ab</sup>", "10⁵, H₂O, x^(ab)"),
        ("a&nbsp;&nbsp;b &lt;p&gt; &amp;lt; &#20013;", "a  b <p> &lt; 中"),
        ("<script>alert(1)</script>a<style>p{}</style><!-- <p> -->b", "ab"),
        ("a<script>alert(1)", "aalert(1)"),
        ("<p style='color: red' onclick=\"x('>')\">a</p>", "a"),
        ('<span lang="zh-CN">甲<o:p></o:p></span>', "甲"),
        ("a <b", "a <b"),
        ("if a<c and c>b: List<String>", "if a<c and c>b: List<String>"),
        ("<P>A</P><BR>B", "A\n\nB"),
        ("", ""),
    ],
)
def test_html_is_read_as_it_is_seen(source: str, text: str) -> None:
    assert from_html(source).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("What does the <html> tag do?", "What does the <html> tag do?"),
        ("<b>", "<b>"),
        ('input with <html class="cool"> & images', 'input with <html class="cool"> & images'),
        ("a &lt; b & c &copy", "a < b & c &copy"),
        ("one\n\ntwo", "one\n\ntwo"),
        ("a <b>bold</b>\nword", "a bold\nword"),
        ("<p>a</p>\n<p>b</p>\nc", "a\nb\nc"),
        ("x<br>y\nz", "x\ny\nz"),
    ],
)
def test_text_of_no_stated_format_is_markup_only_where_tags_belong_together(source: str, text: str) -> None:
    assert from_moodle(source).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("multiline1  \nmarkdown", "multiline1\nmarkdown"),
        ("- item 1\n    - nested item 1\n- item 2", "- item 1\n    - nested item 1\n- item 2"),
        ("Who is in **Grant's** _tomb_? __Nobody__, *no*", "Who is in Grant's tomb? Nobody, no"),
        ("2 * 3 * 4 = a_b_c", "2 * 3 * 4 = a_b_c"),
        ("# Title #\n> said", "Title\nsaid"),
        ("the tag `<b>` and `` ` `` and \\*this\\*", "the tag <b> and ` and *this*"),
        ("```python\nx = 1\n```", "x = 1"),
        ("see [the law](http://law.example/x)", "see the law (http://law.example/x)"),
        ("a <i>b</i> &amp; c", "a b & c"),
    ],
)
def test_markdown_is_read_without_its_marks(source: str, text: str) -> None:
    assert from_markdown(source).text == text


def test_plain_text_is_not_touched() -> None:
    source = "<b>x</b> &amp; **y**"
    assert from_plain(source).text == source
    assert from_format(source, "plain").text == from_format(source, "plain_text").text == source


@pytest.mark.parametrize(("name", "text"), [("html", "a b"), ("markdown", "a\nb"), ("moodle", "a\nb"), ("4", "a\nb")])
def test_format_is_chosen_by_its_name(name: str, text: str) -> None:
    assert from_format("<i>a</i>\nb", name).text == text


@pytest.mark.parametrize(
    ("source", "reference"),
    [
        (
            '<img src="@@PLUGINFILE@@/a%20b.png" alt="A &amp; B">',
            Reference("@@PLUGINFILE@@/a%20b.png", "picture", "A & B"),
        ),
        ("<IMG alt='' src=a.png>", Reference("a.png", "picture")),
        ('<audio controls><source src="a.ogg"></audio>', Reference("a.ogg", "audio")),
        ('<audio src="a" title="song"></audio>', Reference("a", "audio", "song")),
        ('<audio><source src="a.mp3" type="audio/mpeg">a.mp3</audio>', Reference("a.mp3", "audio")),
        ('<a href="@@PLUGINFILE@@/a.mp3">listen</a>', Reference("@@PLUGINFILE@@/a.mp3", "audio")),
        ('<video src="a.mp4"></video>', Reference("a.mp4", "other")),
        ('<object data="a" type="image/png">a <b>map</b></object>', Reference("a", "picture", "a map")),
        ('<iframe src="http://film.example"></iframe>', Reference("http://film.example", "other")),
        ("<svg><text>a</text></svg>", Reference("svg", "other")),
    ],
)
def test_what_a_text_shows_comes_out_as_a_reference(source: str, reference: Reference) -> None:
    plain = from_html(f"x {source} y")
    assert plain.references == (reference,) and plain.text in ("x y", "x listen y")


def test_formula_given_as_a_picture_is_read_as_its_text() -> None:
    plain = from_html('<img class="equation_image" src="/x" alt="LaTeX: x^2" data-equation-content="x^2"> = 4')
    assert (plain.text, plain.references) == ("x^2 = 4", ())


def test_markdown_picture_is_a_reference() -> None:
    plain = from_markdown('a ![map](b.png "title") c')
    assert (plain.text, plain.references) == ("a  c", (Reference("b.png", "picture", "map"),))


def test_embedded_content_is_decoded() -> None:
    assert embedded("data:image/png;base64,QUJD\n") == b"ABC"
    assert embedded("data:image/png;base64,QUJ!") is None
    assert embedded("data:text/plain,abc") is embedded("http://x") is None
    assert from_base64(" QU\nJD ") == b"ABC"
    assert from_base64("") is from_base64("é") is None


@given(st.text().map(clean))
def test_plain_text_through_html_is_the_same(text: str) -> None:
    assert from_html(to_html(text)).text == text
    assert from_html(f"<p>{to_html(text)}</p>\n<p></p>").text == text


@pytest.mark.parametrize("text", ["<b>x</b> &amp; &nbsp;", "a  b\n  c\td", "مرحبا\nبك", "a\n\n\nb", "{=~#:}"])
def test_text_with_meaning_in_html_through_html_is_the_same(text: str) -> None:
    assert from_html(to_html(clean(text))).text == clean(text)


TAGS = "<p> </p> <td> </tr> <ol> <li> <sup> </sup> <pre> </pre> <object> </ &amp; x"


@given(st.lists(st.sampled_from([*TAGS.split(), " ", "\n"]), max_size=30))
def test_any_order_of_tags_is_read(pieces: list[str]) -> None:
    source = "".join(pieces)
    for read in (from_html, from_moodle, from_markdown):
        assert read(source).text == clean(read(source).text)


@pytest.mark.parametrize(
    "piece",
    [
        "<p>",
        "<a ",
        '<a "',
        "<!--",
        "<sub>",
        "<ul><li>",
        "<td></td>",
        "&",
        " \n",
        "**",
        "[a](",
        "`a",
        "<object>",
        "中\n",
        "<p>\n\n",
    ],
)
def test_long_and_broken_markup_is_read_in_linear_time(piece: str) -> None:
    source = "<p>" + piece * (100_000 // len(piece))
    start = time.process_time()
    for read in (from_html, from_moodle, from_markdown):
        read(source)
    assert time.process_time() - start < 2
