"""Moodle XML: every type of question, files, languages, and what is wrong."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.bank.formats import Parsed, ParsedQuestion, ReadOptions, read, recognise, write
from quizapp.bank.formats import moodle_xml as format_module
from quizapp.bank.formats.parsed import ParsedCriterion, ParsedMedia, ParsedOption, ParsedTranslation
from tests.bank.formats.making import codes, error, only, texts
from tests.bank.formats.strategies import png
from tests.bank.formats.test_never_raises import check

PNG = base64.b64encode(png()).decode()


def quiz(*questions: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n{"".join(questions)}</quiz>\n'.encode()


def asked(kind: str, body: str = "", *, text: str = "题干", style: str = "html") -> str:
    return (
        f'<question type="{kind}"><name><text>名</text></name><questiontext format="{style}"><text>'
        f"<![CDATA[{text}]]></text></questiontext>{body}</question>\n"
    )


def answer(fraction: str, text: str, feedback: str = "", rest: str = "") -> str:
    return (
        f'<answer fraction="{fraction}" format="html"><text><![CDATA[{text}]]></text>'
        f'<feedback format="html"><text><![CDATA[{feedback}]]></text></feedback>{rest}</answer>'
    )


def pair(left: str, right: str) -> str:
    return (
        f'<subquestion format="html"><text><![CDATA[{left}]]></text>'
        f"<answer><text><![CDATA[{right}]]></text></answer></subquestion>"
    )


def parse(*questions: str) -> Parsed:
    return format_module.read(quiz(*questions), ReadOptions())


def question(*questions: str) -> ParsedQuestion:
    return only(parse(*questions))


# Types --------------------------------------------------------------------------------------------------------

ONE, MANY = "<single>true</single>", "<single>false</single>"


@pytest.mark.parametrize(
    ("kind", "body", "expected", "key"),
    [
        ("multichoice", ONE + answer("100", "a") + answer("0", "b"), "single", ("A",)),
        ("multichoice", answer("0", "a") + answer("100.00000", "b"), "single", ("B",)),
        ("multichoice", MANY + answer("50", "a") + answer("50", "b") + answer("-100", "c"), "multiple", ("A", "B")),
        ("multichoice", MANY + answer("33.33333", "a") * 3 + answer("0", "b"), "multiple", ("A", "B", "C")),
        ("multichoice", "<single>0</single>" + answer("100", "a") + answer("0", "b"), "indefinite", ("A",)),
        ("multichoiceset", answer("100", "a") + answer("100", "b") + answer("0", "c"), "multiple", ("A", "B")),
        ("truefalse", answer("0", "true") + answer("100", "false"), "true_false", ("false",)),
        ("truefalse", answer("100", "True") + answer("0", "False"), "true_false", ("true",)),
        ("shortanswer", answer("100", "a&b") + answer("100", "c\\*") + answer("0", "*"), "fill_in", (("a&b", "c*"),)),
        ("numerical", answer("100", "42", rest="<tolerance>0</tolerance>"), "fill_in", (("42",),)),
        ("numerical", answer("100", "3.50"), "fill_in", (("3.50", "3.5"),)),
        ("essay", "", "short_text", ()),
        (
            "essay",
            '<graderinfo format="html"><text>&lt;p&gt;看要点&lt;/p&gt;</text></graderinfo>',
            "short_text",
            ("看要点",),
        ),
        ("matching", pair("a", "x") + pair("b", "y") + pair("", "z"), "matching", ("A1", "B2")),
        ("ordering", answer("1.0000000", "a") + answer("2.0000000", "b"), "ordering", ("A", "B")),
        ("ordering", answer("2", "a") + answer("1", "b"), "ordering", ("B", "A")),
        ("ordering", answer("0", "a") + answer("0", "b"), "ordering", ("A", "B")),
    ],
)
def test_type_gives_kind_and_key(kind: str, body: str, expected: str, key: Any) -> None:
    ours = question(asked(kind, body))
    assert (ours.kind, ours.key, ours.stem) == (expected, key, "题干")


def test_embedded_short_answers_are_blanks() -> None:
    text = "<p>首都{1:SHORTANSWER:=北京#对~%50%燕京~天津}，国旗{:MW:%100%五星\\}红旗~=R&amp;D}。</p>"
    ours = only(parse(asked("cloze", text=text)))
    assert ours.stem == "首都____，国旗____。"
    assert ours.key == (("北京",), ("五星}红旗", "R&D"))
    assert codes(parse(asked("cloze", text=text))) == ["partial_credit"]


def test_sides_of_matching_are_told_apart() -> None:
    ours = question(asked("matching", pair("<b>a</b>", "x") + pair("b", "x") + pair("", "z")))
    assert texts(ours) == {"A": "a", "B": "b", "1": "x", "2": "z"} and ours.key == ("A1", "B1")


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("multichoice", ONE + answer("100", "a") + answer("100", "b"), "shares_several"),
        ("multichoice", ONE + answer("50", "a") + answer("0", "b"), "shares_none"),
        ("multichoice", MANY + answer("50", "a") + answer("0", "b"), "shares_sum"),
        ("multichoice", MANY + answer("0", "a") + answer("0", "b"), "no_key"),
        ("multichoice", ONE + answer("100", "a"), "too_few_options"),
        ("multichoice", ONE + answer("100", "") + answer("0", "b"), "option_empty"),
        ("multichoice", ONE + answer("100", "a") + answer("NaN", "b") * 27, "too_many_options"),
        ("truefalse", answer("100", "maybe"), "no_key"),
        ("truefalse", "", "no_key"),
        ("shortanswer", "", "no_key"),
        ("shortanswer", answer("100", "fr*"), "answer_pattern"),
        ("numerical", answer("100", "3.14", rest="<tolerance>0.01</tolerance>"), "number_range"),
        ("numerical", answer("100", "x"), "number_range"),
        ("matching", pair("a", "x") + pair("b", "x"), "too_few_options"),
        ("cloze", "", "no_key"),
        ("essay", "<responseformat>noinline</responseformat>", "type_unsupported"),
        *((kind, "", "type_unsupported") for kind in ("calculated", "ddwtos", "gapselect", "randomsamatch", "", "x")),
    ],
)  # fmt: skip
def test_fault_is_told_with_its_line(kind: str, body: str, code: str) -> None:
    problem = error(parse(asked("truefalse", answer("100", "true")), asked(kind, body)))
    assert (problem.code, problem.where) == (code, "line 4") and problem.message


def test_unsupported_type_is_named() -> None:
    (problem,) = parse(asked("ddwtos")).problems
    assert "拖放填空（ddwtos）" in problem.message and "名" in problem.message
    (problem,) = parse(asked("cloze", text="a {1:MULTICHOICE:=b~c}")).problems
    assert "MULTICHOICE" in problem.message


# Around the answers -------------------------------------------------------------------------------------------


def test_category_is_the_topic_of_what_follows() -> None:
    category = '<question type="category"><category><text>$course$/top/民法//典/{}</text></category></question>'
    tags = "<tags><tag><text>成年</text></tag><tag><text>难度:易</text></tag></tags>"
    parsed = parse(
        category.format("自然人"),
        asked("truefalse", answer("100", "true") + tags, text="一"),
        category.format("Default for 法"),
        asked("truefalse", answer("100", "true"), text="二"),
    )
    assert [(one.topics, one.difficulty) for one in parsed.questions] == [(("自然人", "成年"), 1), ((), None)]


def test_points_and_feedback_are_kept() -> None:
    body = (
        ONE + answer("100", "a", "<p>good</p>") + answer("0", "b", "bad")
        + '<generalfeedback format="html"><text>for all</text></generalfeedback><defaultgrade>2.5000000</defaultgrade>'
    )  # fmt: skip
    ours = question(asked("multichoice", body))
    assert (ours.explanation, ours.points_hundredths) == ("for all\nA：good\nB：bad", 250)


def test_feedback_that_is_left_out_is_told_once() -> None:
    one = asked(
        "truefalse",
        answer("100", "true") + "<hint><text>think</text></hint><correctfeedback><text></text></correctfeedback>",
    )
    assert [
        (p.code, p.params["count"]) for p in parse(one, one.replace("题干", "二"), asked("essay", text="三")).problems
    ] == [("combined_feedback", "2")]


@pytest.mark.parametrize(
    ("style", "text", "stem"),
    [
        ("html", "<p>a</p><p>b &lt;p&gt;</p>", "a\nb <p>"),
        ("plain_text", "<p>a</p>\nb", "<p>a</p>\nb"),
        ("markdown", "**a**\nb", "a\nb"),
        ("moodle_auto_format", "a\nb <x>", "a\nb <x>"),
        ("html", "", "名"),
    ],
)
def test_text_is_read_in_its_format(style: str, text: str, stem: str) -> None:
    assert question(asked("essay", text=text, style=style)).stem == stem


def test_text_without_cdata_is_read_too() -> None:
    content = quiz(
        '<question type="essay"><questiontext><text>&lt;p&gt;a &amp;amp; b&lt;/p&gt;</text></questiontext></question>'
    )
    assert only(read(content)).stem == "a & b"


# Files --------------------------------------------------------------------------------------------------------


def shown(text: str, *files: str) -> str:
    return (
        f'<question type="essay"><questiontext format="html"><text><![CDATA[{text}]]></text>{"".join(files)}'
        "</questiontext></question>"
    )


def test_pictures_and_recordings_are_taken_where_they_are_shown() -> None:
    file = f'<file name="a b.png" path="/" encoding="base64">{PNG}</file>'
    sound = '<file name="s.mp3" path="/x/" encoding="base64">SUQz</file>'
    picture = '<img src="@@PLUGINFILE@@/a%20b.png" alt="图">'
    stem = f'q {picture}<audio><source src="@@PLUGINFILE@@/x/s.mp3">s</audio>'
    ours = question(
        f'<question type="multichoice"><questiontext format="html"><text><![CDATA[{stem}]]></text>{file}{sound}'
        f'</questiontext><answer fraction="100" format="html"><text><![CDATA[{picture}]]></text>{file}</answer>'
        f"{answer('0', 'b')}</question>"
    )
    assert ours.stem == "q"
    assert ours.media == (
        ParsedMedia("stem", png(), "picture", "图"),
        ParsedMedia("stem", b"ID3", "audio"),
        ParsedMedia("A", png(), "picture", "图"),
    )


@pytest.mark.parametrize(
    ("text", "file", "code"),
    [
        ('<img src="@@PLUGINFILE@@/x.png">', "", "media_missing"),
        ('<img src="@@PLUGINFILE@@/x.png">', '<file name="x.png" encoding="base64">!</file>', "media_damaged"),
        ('<img src="http://x.example/y.png">', "", "media_linked"),
        ('<img src="//x.example/y.png">', "", "media_linked"),
        ('<img src="file:///etc/passwd">', "", "media_linked"),
        ('<img src="data:image/png;base64,!">', "", "media_damaged"),
        ('<video src="@@PLUGINFILE@@/x.mp4">x</video>', "", "media_unsupported"),
    ],
)
def test_picture_that_is_not_there_is_told(text: str, file: str, code: str) -> None:
    parsed = parse(shown("q" + text, file))
    assert codes(parsed) == [code] and parsed.questions[0].media == ()


def test_picture_of_an_old_export_is_taken() -> None:
    old = f"<image>a.png</image><image_base64>{PNG}</image_base64>"
    assert question(asked("essay", old)).media == (ParsedMedia("stem", png()),)


# Languages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '<span lang="en" class="multilang">Law</span> <span class="multilang" lang="zh_cn">法 <b>律</b></span>?',
        '<p><span lang="zh" class="multilang">法 <span>律</span></span><span lang="en" class="multilang">Law</span>?',
        "<p>{mlang en}Law{mlang}{mlang zh_cn}法 律{mlang}?</p>",
        "<p>{mlang zh_cn}法 律{mlang} {mlang en,fr}Law{mlang}?</p>",
    ],
)
def test_chinese_is_the_main_language(text: str) -> None:
    ours = question(asked("essay", text=text))
    assert ours.stem == "法 律?" and ParsedTranslation("en", "Law?") in ours.translations


def test_first_language_is_the_main_one_without_chinese() -> None:
    text = "{mlang de}Recht{mlang}{mlang ug_cn}قانۇن{mlang}{mlang other}law{mlang}"
    ours = question(
        asked("multichoice", answer("100", "{mlang de}ja{mlang}{mlang ug_cn}ھەئە{mlang}") + answer("0", "b"), text=text)
    )
    assert (ours.stem, texts(ours)["A"]) == ("Recht", "ja")
    (other,) = ours.translations
    assert (other.language, other.stem, other.options[0].text) == ("ug-CN", "قانۇن", "ھەئە")


def test_more_languages_than_there_are_is_told() -> None:
    text = "".join(f"{{mlang a{chr(97 + one)}{chr(97 + other)}}}x{{mlang}}" for one in range(2) for other in range(26))
    parsed = parse(asked("essay", text=text))
    assert codes(parsed) == ["language_left_out"] and len(parsed.questions[0].translations) == 29


def test_unknown_language_is_told() -> None:
    parsed = parse(asked("essay", text="{mlang zh}法{mlang}{mlang klingon_1_2}x{mlang}"))
    assert codes(parsed) == ["language_left_out"] and parsed.questions[0].translations == ()


# The file -----------------------------------------------------------------------------------------------------


def test_question_can_be_mended_in_place() -> None:
    broken = asked("multichoice", ONE + answer("100", "甲") + answer("100", "乙"))
    (unusable,) = parse(broken).unusable
    assert unusable.fields["options"] == "A. 甲\nB. 乙" and unusable.fields["answer"] == "AB"
    mended = format_module.read(quiz(broken), ReadOptions(mends={"line 3": {"kind": "单选题", "answer": "B"}}))
    assert mended.questions[0].key == ("B",)


@pytest.mark.parametrize(
    "content",
    [
        quiz(asked("essay")),
        b"\xef\xbb\xbf<!-- x --><quiz/>",
        quiz(asked("essay")).decode().replace("UTF-8", "GB2312").encode("gb18030"),
        quiz(asked("essay", text="é"))
        .decode()
        .replace("UTF-8", "ISO-8859-1")
        .replace("题干", "")
        .replace("名", "")
        .encode("latin-1"),
        quiz(asked("essay")).decode().encode("utf-16"),
    ],
)
def test_moodle_xml_is_told_by_its_root_in_any_encoding(content: bytes) -> None:
    assert recognise(content) == "moodle-xml"


def test_declared_encoding_is_followed() -> None:
    content = quiz(asked("essay", text="naïve café")).decode().replace("UTF-8", "ISO-8859-1").replace("名", "")
    assert only(read(content.encode("latin-1"))).stem == "naïve café"


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (b"<quiz>\n<question type='essay'>\n</quiz>", "xml_malformed", "line 3"),
        (quiz(asked("essay"))[:-30], "xml_malformed", "line 3"),
        (b"<quiz>\n&nbsp;</quiz>", "xml_malformed", "line 2"),
        (b"<quiz>\n<a>\x01</a></quiz>", "xml_malformed", "line 2"),
        (b'<!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz>&x;</quiz>', "xml_doctype", "line 1"),
        (b"<quiz>" + b"<a>" * 1000 + b"</a>" * 1000 + b"</quiz>", "xml_too_large", "line 1"),
        (b"<quiz>" + b"<a/>" * 700_000 + b"</quiz>", "xml_too_large", "file"),
        ('<?xml version="1.0" encoding="UTF-8"?>\n<quiz>宗教</quiz>'.encode("gb18030"), "xml_undecodable", "line 2"),
        (b"<quiz></quiz>", "no_questions", "file"),
        (b"<quiz>" + b"<question type='x'/>" * 20_001 + b"</quiz>", "too_many_questions", "file"),
    ],
)
def test_bad_file_is_refused_at_once_with_its_line(content: bytes, code: str, where: str) -> None:
    start = time.process_time()
    problem = error(format_module.read(content, ReadOptions()))
    assert time.process_time() - start < 4
    assert (problem.code, problem.where) == (code, where)
    assert problem.message and "%(" not in problem.message


def test_root_of_something_else_is_refused() -> None:
    problem = error(format_module.read(b"<questestinterop/>", ReadOptions()))
    assert problem.code == "xml_other" and "questestinterop" in problem.message


PIECES = [
    "<quiz>", "</quiz>", "<question type='multichoice'>", "<question type='matching'>", "<question type='cloze'>",
    "<question type='category'>", "</question>", "<questiontext format='html'>", "</questiontext>", "<text>", "</text>",
    "<answer fraction='100'>", "<answer fraction='x'>", "</answer>", "<subquestion>", "</subquestion>", "<tags><tag>",
    "</tag></tags>", "<file name='a'>QQ==</file>", "&lt;img src='@@PLUGINFILE@@/a'&gt;", "{1:SA:=a~b}", "{mlang en}",
    "{mlang}", "&lt;span class='multilang' lang='en'&gt;", "&lt;/span&gt;", "<defaultgrade>1e9</defaultgrade>", "a",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_order_of_elements_is_read(pieces: list[str]) -> None:
    check(format_module.read("".join(pieces).encode(), ReadOptions()))
    opened = "<quiz><question type='multichoice'><questiontext><text>q"
    check(format_module.read((opened + "</text></questiontext>" + "".join(pieces)).encode(), ReadOptions()))


@pytest.mark.parametrize(
    "piece",
    [
        "{1:SA:",
        "{1:SA:=a}",
        "{mlang en}a",
        "{mlang en}a{mlang}",
        "<span class='multilang' lang='en'>",
        "<p>",
        "<img src=a>",
    ],
)
def test_long_and_broken_texts_are_read_in_time(piece: str) -> None:
    content = quiz(asked("cloze", text=piece * (100_000 // len(piece))))
    start = time.process_time()
    assert format_module.read(content, ReadOptions()).problems
    assert time.process_time() - start < 4


# Writing ------------------------------------------------------------------------------------------------------


def test_written_file_says_to_moodle_what_it_must() -> None:
    made = ParsedQuestion("row 1", "short_text", "为什么？", (), ("因为",), rubric=(ParsedCriterion("说理", 150),))
    written = write([made], format="moodle-xml").content.decode()
    assert '<question type="essay">' in written and "<name>" in written
    assert "&lt;li&gt;&lt;b&gt;1.5&lt;/b&gt; 说理&lt;/li&gt;" in written


def test_choosing_everything_earns_nothing_in_moodle() -> None:
    options = tuple(ParsedOption(letter, letter) for letter in "ABC")
    made = ParsedQuestion("row 1", "multiple", "题", options, ("A", "C"))
    written = write([made], format="moodle-xml").content.decode()
    assert [part.split('"')[0] for part in written.split('fraction="')[1:]] == ["50", "-100", "50"]


def test_letters_that_xml_cannot_have_are_replaced() -> None:
    made = ParsedQuestion("row 1", "true_false", "a\ufffeb", (), ("true",))
    assert only(read(write([made], format="moodle-xml").content)).stem == "a\ufffdb"
