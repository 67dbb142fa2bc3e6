"""GIFT: every form of question, every sign, and what is wrong."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.bank.formats import Parsed, ParsedOption, ParsedQuestion, ReadOptions, read, write
from quizapp.bank.formats import gift as format_module
from quizapp.bank.formats.gift_signs import is_gift
from quizapp.bank.formats.markup import from_format
from quizapp.bank.formats.parsed import ParsedCitation
from tests.bank.formats.making import codes, error, only, texts
from tests.bank.formats.test_never_raises import check


def parse(text: str) -> Parsed:
    return format_module.read(text.encode(), ReadOptions())


def question(text: str) -> ParsedQuestion:
    return only(parse(text))


# The peer's own expected parse --------------------------------------------------------------------------------


def plain(text: dict[str, str] | None) -> str:
    return from_format(text["text"], text["format"]).text if text else ""


def spaced(text: str) -> str:
    """Blanks of any length and the space before a full stop make no difference, nor do lines."""
    return " ".join(re.sub(r"_+", "_", text).replace("_ .", "_.").split())


def agrees(expected: dict[str, Any], ours: ParsedQuestion) -> bool:
    said = [expected["globalFeedback"]]
    if expected["type"] == "TF":
        key: Any = ("true",) if expected["isTrue"] else ("false",)
        said += [expected["trueFeedback"], expected["falseFeedback"]]
        same = ours.key == key and ours.kind == "true_false"
    elif expected["type"] == "MC":
        right = [c["isCorrect"] or (c["weight"] or 0) > 0 for c in expected["choices"]]
        same = [option.text for option in ours.options] == [spaced(plain(c["text"])) for c in expected["choices"]]
        same = same and ours.key == tuple(
            option.id for option, is_right in zip(ours.options, right, strict=True) if is_right
        )
        said += [choice["feedback"] for choice in expected["choices"]]
    elif expected["type"] == "Short":
        full = tuple(c["text"]["text"] for c in expected["choices"] if c["weight"] in (None, 100))
        same = ours.kind == "fill_in" and ours.key == (full,)
        said += [choice["feedback"] for choice in expected["choices"]]
    else:
        same = ours.kind == "short_text" and ours.key == ()
    return (
        same
        and spaced(ours.stem) == spaced(plain(expected["stem"]))
        and all(spaced(plain(text)) in spaced(ours.explanation) for text in said)
        and ours.topics == tuple(expected["tags"] or ())
    )


def test_questions_are_those_of_the_peer(shared_data: Path) -> None:
    folder = shared_data / "question-banks" / "gift" / "gift-pegjs"
    names = sorted(path.stem for path in folder.glob("*.json"))
    assert len(names) >= 17
    for name in names:
        expected = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        parsed = read((folder / f"{name}.gift").read_bytes())
        asked = [one for one in expected if one["type"] != "Description"]
        assert codes(parsed).count("description_skipped") == len(expected) - len(asked), name
        assert len(parsed.questions) == len(asked), name
        for one, ours in zip(asked, parsed.questions, strict=True):
            assert agrees(one, ours), (name, one, ours)


# Kinds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "kind", "key"),
    [
        ("{T}", "true_false", ("true",)),
        ("{ false }", "true_false", ("false",)),
        ("{TRUE#wrong#right}", "true_false", ("true",)),
        ("{错误}", "true_false", ("false",)),
        ("{=a ~b ~c}", "single", ("A",)),
        ("{~%0%a ~%100%b}", "indefinite", ("B",)),
        ("{~%50%a ~%50%b ~%-100%c}", "multiple", ("A", "B")),
        ("{~%33.33333%a ~%33.33333%b ~%33,33333%c ~d}", "multiple", ("A", "B", "C")),
        ("{=%100%a ~%-25%b}", "single", ("A",)),
        ("{=a =b}", "fill_in", (("a", "b"),)),
        ("{=a =%0%*#no}", "fill_in", (("a",),)),
        ("{four}", "fill_in", (("four",),)),
        ("{=a\\\\*b}", "fill_in", (("a*b",),)),
        ("{#1822}", "fill_in", (("1822",),)),
        ("{#-3.50}", "fill_in", (("-3.50", "-3.5"),)),
        ("{#=4 =5:0 #fine}", "fill_in", (("4", "5"),)),
        ("{#4..4}", "fill_in", (("4",),)),
        ("{}", "short_text", ()),
        ("{####all}", "short_text", ()),
        ("{=a -> x =b->y =-> z}", "matching", ("A1", "B2")),
        ("{=a -> x =b -> y =c -> x}", "matching", ("A1", "B2", "C1")),
    ],
)
def test_block_gives_kind_and_key(block: str, kind: str, key: Any) -> None:
    ours = question(f"题干 {block}")
    assert (ours.kind, ours.key, ours.stem) == (kind, key, "题干")


def test_sides_of_matching_are_told_apart() -> None:
    assert texts(question("m {=a -> x -> y =b->z =->w}")) == {"A": "a", "B": "b", "1": "x -> y", "2": "z", "3": "w"}


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("Two plus two equals {=four =4}.", "Two plus two equals ____."),
        ("{ =Asia } is the largest.", "____ is the largest."),
        ("宪法第{~一 =二}条", "宪法第____条"),
        ("Grant is {~buried =entombed} in\nhis tomb.", "Grant is ____ in his tomb."),
        ("首都是哪里？{=北京}", "首都是哪里？"),
        ("Say it. {T} Well.", "Say it. Well."),
        ("::only a title::{T}", "only a title"),
        ("::t:: [html]<p>a</p><p>b</p>{T}", "a\nb"),
        ("[plain]<p>a</p>\\n[html]{T}", "<p>a</p>\n[html]"),
        ("one \\{ \\} \\~ \\= \\# \\: \\\\ \\n two \\x{T}", "one { } ~ = # : \\\n two \\x"),
        ("a line\n  goes on\n中文\n换行{T}", "a line goes on 中文换行"),
        ("what does <html> do?{T}", "what does <html> do?"),
        ("q {=a}~", "q ____~"),
        ("a = b ~ c # d : e{T}", "a = b ~ c # d : e"),
    ],
)
def test_stem_is_read(text: str, stem: str) -> None:
    assert question(text).stem == stem


def test_feedback_stands_in_the_explanation() -> None:
    ours = question("q {~a#no =b#[html]<b>yes</b> ~c ####for all}")
    assert ours.explanation == "for all\nA：no\nB：yes"
    assert question("q {T#w#r####g}").explanation == "g\nw\nr"
    assert question("q {=a#good =b#good}").explanation == "a：good\nb：good"


def test_categories_and_tags_are_topics() -> None:
    parsed = parse(
        "$CATEGORY: $course$/top/Default for 法律/宪法\n\n// [id:1] [tag:甲\\]乙] [tags:丙,丁]\nq {T}\n\n"
        "$CATEGORY: $course$/Default for x\n\nr {T}\n"
    )
    assert [one.topics for one in parsed.questions] == [("宪法", "甲]乙", "丙", "丁"), ()]


def test_tags_of_ours_are_read() -> None:
    ours = question(
        "// [tag:法律依据:《宪法》第五条（2018-03-11施行）] [tag:难度:难] [tag:分值:2.5] [tag:法律依据:x]\nq {T}"
    )
    assert [(one.law, one.article) for one in ours.citations] == [("宪法", "第五条")]
    assert isinstance(ours.citations[0], ParsedCitation) and str(ours.citations[0].effective_on) == "2018-03-11"
    assert (ours.difficulty, ours.points_hundredths, ours.topics) == (3, 250, ("法律依据:x",))


def test_comment_counts_for_the_question_below_it() -> None:
    parsed = parse("// [tag:a]\nq {T}\n// [tag:b]\nr {F}\n\n// [tag:c]\n\ns {T}\n")
    assert [one.topics for one in parsed.questions] == [("a",), ("b",), ()]


def test_questions_without_an_empty_line_between_are_told_apart() -> None:
    parsed = parse("q {T}\nr {F}\n::s::s {=a}\n")
    assert [(one.where, one.stem) for one in parsed.questions] == [("line 1", "q"), ("line 2", "r"), ("line 3", "s")]


def test_empty_line_inside_a_block_does_not_end_it() -> None:
    ours = question("q {\n=a\n\n~b\n####one\n\ntwo\n}\n")
    assert (ours.key, ours.explanation) == (("A",), "one two")


def test_embedded_picture_is_taken() -> None:
    ours = question('[html]q <img src\\="data\\:image/png;base64,QUJD" alt\\="map"> {~a =b}')
    assert [(one.at, one.content, one.alt) for one in ours.media] == [("stem", b"ABC", "map")]


# What is wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("q {=a =b ~c}", "shares_several"),
        ("q {~%50%a ~b}", "shares_sum"),
        ("q {~a ~b}", "no_key"),
        ("q {=%50%a ~b}", "shares_none"),
        ("q {=*}", "answer_pattern"),
        ("q {=}", "no_key"),
        ("q {#3.14:0.01}", "number_range"),
        ("q {#1..5}", "number_range"),
        ("q {#=x}", "number_range"),
        ("q {x ~a =b}", "gift_block"),
        ("q {=a {=b}", "gift_braces"),
        ("q } {T}", "gift_braces"),
        ("q {T", "gift_braces"),
        ("the {=a} and the {=b}", "gift_braces"),
        ("q {=a ~}", "option_empty"),
        ("{=a ~b}", "no_stem"),
        ("q {=a -> x =b -> x}", "too_few_options"),
        ("q {" + "~x" * 27 + "=a}", "too_many_options"),
    ],
)
def test_fault_is_told_with_its_line(text: str, code: str) -> None:
    problem = error(parse(f"// first\n\n{text}\n"))
    assert (problem.code, problem.where) == (code, "line 3")
    assert problem.message


def test_block_that_never_ends_takes_no_other_question_with_it() -> None:
    parsed = parse("one {=a\n\ntwo {T}\n\nthree {=b ~c\n")
    assert [one.stem for one in parsed.questions] == ["two"]
    assert [(p.where, p.code) for p in parsed.problems] == [("line 1", "gift_braces"), ("line 5", "gift_braces")]


def test_picture_that_is_not_in_the_file_is_told() -> None:
    parsed = parse('[html]q <img src\\="@@PLUGINFILE@@/a%20b.png"><img src\\="http\\://x.example/y.png">{T}')
    assert codes(parsed) == ["media_missing", "media_linked"]
    assert "a b.png" in parsed.problems[0].message and "http://x.example/y.png" in parsed.problems[1].message


def test_part_of_the_points_is_told() -> None:
    parsed = parse("q {=a ~%50%b ~c}")
    assert (codes(parsed), parsed.questions[0].key) == (["partial_credit"], ("A",))


def test_question_can_be_mended_in_place() -> None:
    text = "q {~a ~b ####why}\n\nr {T}\n"
    (unusable,) = parse(text).unusable
    assert (unusable.where, unusable.codes) == ("line 1", ("no_key",))
    assert unusable.fields["options"] == "A. a\nB. b" and unusable.source == ("q {~a ~b ####why}",)
    mended = format_module.read(text.encode(), ReadOptions(mends={"line 1": {"answer": "B"}}))
    assert [one.key for one in mended.questions] == [("B",), ("true",)]
    assert mended.questions[0].explanation == "why" and mended.problems == ()


@pytest.mark.parametrize(
    "text", ["[html]<b>x</b>", "%50%甲", "[plain]", "%100%", "->", "a -> b", "// x", "$CATEGORY: x"]
)
def test_text_that_begins_like_a_sign_is_written_as_text(text: str) -> None:
    options = (ParsedOption("A", text), ParsedOption("B", f"{text}乙"))
    rights = (ParsedOption("1", text), ParsedOption("2", "丙"))
    made = [
        ParsedQuestion("line 1", "single", text, options, ("B",), text),
        ParsedQuestion("line 1", "fill_in", f"{text}____", (), ((text,),)),
        ParsedQuestion("line 1", "fill_in", f"{text}____、____", (), ((text, "甲"), ("乙", text))),
        ParsedQuestion("line 1", "ordering", text, options, ("B", "A")),
        ParsedQuestion("line 1", "matching", text, (*options, *rights), ("A2", "B1")),
    ]
    written = write(made, format="gift").content
    assert [replace(one, where="") for one in read(written).questions] == [replace(one, where="") for one in made]


# Recognition, limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "q {T}",
        "::t::q",
        "$CATEGORY: a\n\nq {}",
        "[markdown]q",
        "// c\n\n题 {=甲 ~乙}\n",
        "a {#1}\n\nb {=x -> y =z -> w}",
    ],
)
def test_gift_is_told_by_its_signs(text: str) -> None:
    assert is_gift(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "plain", "{}", '{"a": "{=b}"}', '[{"a": "{T}"}]', "<a>{T}</a>\n\nx\n\ny",
        "题型,题干,A,B,答案\n单选题,a {T},甲,乙,A\n",
        "1. 代码 int a[] = {=1};\nA. 甲\nB. 乙\n答案：A\n",
        "set {1,2} and f(x) = {x}", "int main() { return 0; }",
    ],
)  # fmt: skip
def test_other_text_is_not_taken_for_gift(text: str) -> None:
    assert not is_gift(text)


SIGNS = "{ } ~ = # #### -> %50% %-100% :: [html] // $CATEGORY: \\ \\n T a 1 .. : <p> </p> quizapp: [tag: ]"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*SIGNS.split(), " ", "\n", "\n\n"]), max_size=40))
def test_any_order_of_signs_is_read(pieces: list[str]) -> None:
    check(parse("".join(pieces) + "x"))


BROKEN = ["{", "}", "{\n\n", "\n", "::", "{=", "a {T} ", "\\", "~%", "[html]", "// [tag:", "{T}\n", "-> ", "{~a"]


@pytest.mark.parametrize("piece", BROKEN)
def test_long_and_broken_text_is_read_in_time(piece: str) -> None:
    content = ("q " + piece * (45_000 // len(piece)))[:60_000].encode()
    start = time.process_time()
    is_gift(content.decode())
    assert format_module.read(content, ReadOptions()).problems
    assert time.process_time() - start < 4
