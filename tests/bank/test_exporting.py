"""Questions out of a bank: which, what they say, and what comes back when the file is imported elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from quizapp.accounts.models import User
from quizapp.bank import exporting, media
from quizapp.bank.actions import revise
from quizapp.bank.exporting import MediaTooLarge, NothingToExport, Questions, Wanted
from quizapp.bank.finding import Filter
from quizapp.bank.formats import FORMATS, ParsedQuestion, read
from quizapp.bank.formats.parsed import ParsedMedia
from quizapp.bank.models import Bank
from quizapp.bank.shelf import Citation
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.formats.strategies import png, questions, same
from tests.bank.makers import make_approved, make_bank, make_content, make_question

FULL: dict[str, Any] = {
    "kind": "short_text",
    "stem": "为什么说宪法是根本法？",
    "options": [],
    "key": ["因为……"],
    "citations": [Citation("宪法", "第五条", date(2018, 3, 11)), Citation("立法法", "", None)],
    "topics": ["宪法", "法治"],
    "difficulty": 3,
    "passage": "某市……",
    "rubric": [{"text": "最高效力", "points_hundredths": 100}],
    "translations": {"en": {"stem": "Why?", "options": {}, "explanation": "", "passage": "In a town …"}},
}


def exported(bank: Bank, *, approved: bool = False, filter: Filter | None = None) -> list[ParsedQuestion]:
    wanted = Wanted(filter or Filter(), approved=approved)
    chosen = exporting.choose(bank=bank, wanted=wanted)
    with exporting.collect(chosen.ids, approved=approved, with_media=True) as collected:
        return list(collected)


def test_question_is_exported_with_all_it_carries(app: Flask) -> None:
    bank = make_bank()
    picture = media.store(media.clean(ParsedMedia("stem", png(9))), now=utc_now())
    make_question(bank=bank, **FULL, media=[media.shown_at(picture, at="stem", alt="国徽")])
    (question,) = exported(bank)
    assert (question.kind, question.stem, question.key) == ("short_text", FULL["stem"], ("因为……",))
    assert [(cited.law, cited.article, cited.effective_on) for cited in question.citations] == [
        ("宪法", "第五条", date(2018, 3, 11)),
        ("立法法", "", None),
    ]
    assert (question.topics, question.difficulty, question.passage) == (("宪法", "法治"), 3, "某市……")
    assert [(one.text, one.points_hundredths) for one in question.rubric] == [("最高效力", 100)]
    assert [(one.at, one.content, one.alt) for one in question.media] == [("stem", picture.body, "国徽")]
    assert [(one.language, one.stem, one.passage) for one in question.translations] == [("en", "Why?", "In a town …")]


def test_questions_come_in_the_order_in_which_they_came_into_the_bank(app: Flask) -> None:
    bank = make_bank()
    for stem in ("丙", "甲", "乙"):
        make_question(bank=bank, stem=stem)
    make_question(bank=make_bank("别的题库"), stem="丁")
    assert [question.stem for question in exported(bank)] == ["丙", "甲", "乙"]


def test_approved_ones_say_what_was_approved(app: Flask, rita: User) -> None:
    bank = make_bank()
    question = make_approved(bank=bank, reviewer=rita, stem="已通过的题")
    make_question(bank=bank, stem="还是草稿")
    revise(question=question, content=make_content(stem="改过的题"), actor=None, now=utc_now())
    db.session.commit()
    assert [one.stem for one in exported(bank, approved=True)] == ["已通过的题"]
    assert [one.stem for one in exported(bank)] == ["改过的题", "还是草稿"]


def test_retired_question_is_left_unless_asked_for(app: Flask) -> None:
    bank = make_bank()
    make_question(bank=bank, stem="在用的题")
    retired = make_question(bank=bank, stem="停用的题")
    retired.state = "retired"
    db.session.commit()
    assert [one.stem for one in exported(bank)] == ["在用的题"]
    assert [one.stem for one in exported(bank, filter=Filter(state="retired"))] == ["停用的题"]


def test_filter_of_the_list_narrows_the_export(app: Flask) -> None:
    bank = make_bank()
    make_question(bank=bank, stem="宪法的题")
    make_question(bank=bank, **(FULL | {"stem": "刑法的题"}))
    assert [one.stem for one in exported(bank, filter=Filter(kind="short_text"))] == ["刑法的题"]
    assert [one.stem for one in exported(bank, filter=Filter(words="宪法的"))] == ["宪法的题"]


def test_losses_are_known_beforehand(app: Flask) -> None:
    bank = make_bank()
    make_question(bank=bank, topics=[], citations=[], explanation="")
    make_question(bank=bank, **FULL)
    chosen = exporting.choose(bank=bank, wanted=Wanted())
    assert chosen.by_kind == {"single": 1, "short_text": 1}
    assert chosen.lost(FORMATS["json"]) == {}
    assert chosen.lost(FORMATS["xlsx"]) == {"translations": 1}
    assert chosen.lost(FORMATS["aiken"]) == {"short_text": 1, "difficulty": 1}


@pytest.mark.parametrize("name", [entry.name for entry in exporting.writable()])
def test_what_was_said_beforehand_is_what_is_left_out(app: Flask, name: str) -> None:
    bank = make_bank()
    make_question(bank=bank)
    make_question(bank=bank, **FULL)
    chosen = exporting.choose(bank=bank, wanted=Wanted())
    written = exporting.make(chosen, approved=False, format_name=name)
    said = chosen.lost(FORMATS[name])
    left_out = [one.words if one.code == "kind" else one.code for one in written.left_out]
    assert {code: left_out.count(code) for code in left_out} == said


def test_bank_without_questions_is_refused(app: Flask) -> None:
    chosen = exporting.choose(bank=make_bank(), wanted=Wanted())
    with pytest.raises(NothingToExport):
        exporting.make(chosen, approved=False, format_name="json")


def test_more_media_than_a_file_can_hold_are_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = make_bank()
    picture = media.store(media.clean(ParsedMedia("stem", png())), now=utc_now())
    make_question(bank=bank, media=[media.shown_at(picture, at="stem")])
    monkeypatch.setattr(exporting, "MOST_MEDIA_BYTES", 10)
    chosen = exporting.choose(bank=bank, wanted=Wanted())
    with pytest.raises(MediaTooLarge):
        exporting.make(chosen, approved=False, format_name="json")
    assert exporting.make(chosen, approved=False, format_name="csv").left_out[0].code == "pictures"


def test_question_that_a_format_changes_is_no_surprise_in_another(app: Flask) -> None:
    bank = make_bank()
    make_question(bank=bank, stem="一\n二")
    make_question(bank=bank)
    chosen = exporting.choose(bank=bank, wanted=Wanted())
    told = exporting.surprises(exporting.make(chosen, approved=False, format_name="aiken"))
    assert [(one.number, one.code) for one in told] == [(1, "line_ends")]
    assert exporting.surprises(exporting.make(chosen, approved=False, format_name="json")) == []


def test_number_of_statements_does_not_grow_with_the_bank(app: Flask) -> None:
    bank_id = make_bank().id
    counts, statements = [], list[str]()
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for _ in range(2):
        for stem in ("甲", "乙", "丙"):
            make_question(stem=stem)
        db.session.expunge_all()
        bank = db.session.get_one(Bank, bank_id)
        statements.clear()
        exporting.make(exporting.choose(bank=bank, wanted=Wanted()), approved=False, format_name="json")
        counts.append(len(statements))
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    ("bank_name", "file_name"),
    [
        ("普法题库", "普法题库-20261125.xlsx"),
        ('a/b\\c:d*e?"<f>|g', "a_b_c_d_e_f_g-20261125.xlsx"),
        ("../../etc/passwd", "_.._etc_passwd-20261125.xlsx"),
        ("con", "con-20261125.xlsx"),
        ("\u202egnp.exe", "gnp.exe-20261125.xlsx"),
        ("长" * 200, "长" * 60 + "-20261125.xlsx"),
        (" . ", "bank-20261125.xlsx"),
    ],
)
def test_file_is_named_by_the_bank_and_the_day(bank_name: str, file_name: str) -> None:
    day = date(2026, 11, 25)
    assert exporting.file_name(Bank(name=bank_name), format_name="xlsx", day=day) == file_name


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(questions(), max_size=4))
def test_collected_questions_are_as_they_were(several: list[ParsedQuestion]) -> None:
    with Questions() as kept:
        for question in several:
            kept.append(question)
        assert list(kept) == several == kept[:]
        assert kept[-1:] == several[-1:]


def test_export_reads_back_what_the_bank_says(app: Flask) -> None:
    bank = make_bank()
    make_question(bank=bank)
    make_question(bank=bank, **FULL)
    chosen = exporting.choose(bank=bank, wanted=Wanted())
    parsed = read(exporting.make(chosen, approved=False, format_name="json").content)
    assert all(map(same, parsed.questions, exported(bank))) and len(parsed.questions) == 2
