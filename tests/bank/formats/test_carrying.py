"""What an export leaves out is listed, and nothing else is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.bank.formats.carrying import FIELDS, carried
from quizapp.bank.formats.parsed import (
    LeftOut,
    ParsedCitation,
    ParsedCriterion,
    ParsedMedia,
    ParsedOption,
    ParsedQuestion,
    ParsedTranslation,
)
from quizapp.bank.models import KINDS
from tests.bank.formats.strategies import questions, same

FULL = ParsedQuestion(
    where="row 2",
    kind="short_text",
    stem="为什么说宪法是根本法？",
    options=(ParsedOption("A", "甲"),),
    key=("见解析",),
    explanation="宪法第五条。",
    citations=(ParsedCitation("宪法", "第五条", date(2018, 3, 11)), ParsedCitation("立法法")),
    topics=("宪法", "法治"),
    difficulty=2,
    points_hundredths=150,
    passage="某市……",
    rubric=(ParsedCriterion("最高效力", 100),),
    media=(ParsedMedia("stem", b"x", "picture", "国徽"), ParsedMedia("A", b"y", "audio")),
    translations=(ParsedTranslation("en", "Why?"),),
)
LOSSES = {
    "explanation": ("宪法第五条。", {"explanation": ""}),
    "citations": ("《宪法》第五条、《立法法》", {"citations": ()}),
    "effective_on": (
        "2018-03-11",
        {"citations": (ParsedCitation("宪法", "第五条"), ParsedCitation("立法法"))},
    ),
    "topics": ("宪法、法治", {"topics": ()}),
    "difficulty": ("2", {"difficulty": None}),
    "points_hundredths": ("1.5", {"points_hundredths": None}),
    "passage": ("某市……", {"passage": ""}),
    "rubric": ("最高效力", {"rubric": ()}),
    "pictures": ("国徽", {"media": FULL.media[1:]}),
    "audio": ("A", {"media": FULL.media[:1]}),
    "translations": ("en", {"translations": ()}),
}


def test_every_field_can_be_left_out() -> None:
    assert set(LOSSES) == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_field_that_is_not_carried_is_listed_with_what_it_was(field: str) -> None:
    words, changed = LOSSES[field]
    rest, left_out = carried(FULL, number=7, kinds=KINDS, fields=set(FIELDS) - {field})
    assert left_out == [LeftOut(7, FULL.stem, field, words)]
    assert rest == replace(FULL, **changed)


def test_question_of_another_kind_is_listed_whole() -> None:
    rest, left_out = carried(FULL, number=1, kinds={"single"}, fields=FIELDS)
    assert rest is None
    assert left_out == [LeftOut(1, FULL.stem, "kind", "short_text")]


@settings(deadline=None, max_examples=60)
@given(questions(), st.sets(st.sampled_from(FIELDS)))
def test_carried_question_needs_nothing_more_left_out(question: ParsedQuestion, fields: set[str]) -> None:
    rest, left_out = carried(question, number=1, kinds=KINDS, fields=fields)
    assert rest is not None
    assert carried(rest, number=1, kinds=KINDS, fields=fields) == (rest, [])
    assert bool(left_out) != same(rest, question)
