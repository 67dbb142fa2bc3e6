from __future__ import annotations

import runpy
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask
from sqlalchemy import delete, event, select, update

from quizapp.bank.actions import add_many, add_questions, retire, revise
from quizapp.bank.models import Question, QuestionImport
from quizapp.bank.reviewing import hold
from quizapp.bank.undoing import undo
from quizapp.contests import kits, state
from quizapp.contests.drafts import SectionDraft
from quizapp.contests.kit import KitMedium, KitTranslation
from quizapp.contests.models import KitRevision, SectionQuestion, StoredKit
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.core.settings import Settings
from tests.contests.kit_makers import make_kit
from tests.contests.makers import NOW, approve, make_bank, make_content, make_contest, make_published

ROOT = Path(__file__).parents[2]


def test_a_kit_comes_back_from_its_stored_form_as_it_was() -> None:
    kit = make_kit([1, 2, 3], [4], counts=[2, 1], kinds={2: "fill_in", 3: "true_false", 4: "multiple"})
    assert kits.decode(kits.encode(kit)) == kit


RICH: dict[str, Any] = {
    "passage": "甲、乙二人相邻。",
    "media": [
        {
            "at": "A",
            "sha256": "0a" * 32,
            "ending": "png",
            "kind": "picture",
            "alt": "界桩",
            "width": 640,
            "height": 480,
            "duration_ms": None,
        }
    ],
    "translations": {
        "en": {"stem": "Whose is the wall?", "options": {"A": "Theirs"}},
        "ug": {"stem": "تام كىمنىڭ؟", "passage": "قوشنىلار", "explanation": "چۈنكى"},
    },
}


def test_a_kit_carries_the_case_the_pictures_and_the_languages_of_a_question(app: Flask) -> None:
    bank = make_bank(single=1)
    for question in add_questions(bank=bank, contents=[make_content(2, **RICH), make_content(3)], actor=None, now=NOW):
        approve(question)
    kit = kits.compile_kit(contest=make_contest(bank), version=1)
    rich = next(question for question in kit.questions.values() if question.passage)
    assert rich.passage == "甲、乙二人相邻。"
    assert rich.media == (KitMedium("A", "picture", f"{'0a' * 32}.png", "界桩", 640, 480),)
    assert rich.media[0].url == f"/media/{'0a' * 32}.png"
    assert rich.translations == (
        KitTranslation("ug", "تام كىمنىڭ؟", {}, "قوشنىلار", "چۈنكى"),
        KitTranslation("en", "Whose is the wall?", {"A": "Theirs"}),
    )
    assert kit.languages == ("ug", "en")
    assert kits.decode(kits.encode(kit)) == kit


def test_a_kit_stored_before_there_were_cases_pictures_and_languages_is_read() -> None:
    kit = make_kit([1, 2], counts=[2], kinds={2: "fill_in"})
    document = msgspec.to_builtins(kit)
    del document["languages"]
    for question in document["questions"].values():
        assert set(question) == {
            *("id", "revision", "kind", "stem", "options", "key", "explanation", "basis", "topics"),
        }, "a plain question takes no more room than before"
    assert kits.decode(zlib.compress(msgspec.msgpack.encode(document))) == kit


def test_a_kit_holds_the_approved_revision_while_a_newer_one_is_written(app: Flask) -> None:
    bank = make_bank(single=10)
    question = db.session.scalars(select(Question)).first()
    assert question is not None
    approved = question.latest.id
    revise(question=question, content=make_content(99), actor=None, now=NOW)
    kit = kits.compile_kit(contest=make_contest(bank), version=1)
    assert kit.questions[question.id].revision == approved
    assert kit.questions[question.id].stem == "single 第 1 题"


def test_a_kit_leaves_out_drafts_held_and_retired_questions_and_other_banks(app: Flask) -> None:
    bank = make_bank(single=5, short_text=2)
    make_bank("别的题库", single=3)
    make_bank("民族宗教", approved=False, multiple=4)
    held, retired = db.session.scalars(select(Question).where(Question.bank_id == bank.id).limit(2))
    hold(question=held, reason="法条已修订")
    retire(question=retired)
    kit = kits.compile_kit(contest=make_contest(bank), version=1)
    assert len(kit.questions) == 3
    assert held.id not in kit.questions and retired.id not in kit.questions


def test_a_kit_says_what_the_contest_says(app: Flask) -> None:
    bank = make_bank(single=20, multiple=10)
    contest = make_contest(
        bank,
        sections=[
            SectionDraft(bank_id=bank.id, kind="single", count=20, points_hundredths=300),
            SectionDraft(bank_id=bank.id, kind="multiple", count=10, points_hundredths=400),
        ],
    )
    kit = kits.compile_kit(contest=contest, version=3)
    assert (kit.contest_id, kit.version, kit.slug, kit.full_hundredths) == (contest.id, 3, "autumn", 10_000)
    assert [len(section.question_ids) for section in kit.sections] == [20, 10]
    question = kit.questions[kit.sections[1].question_ids[0]]
    assert question.key == ["A", "B"]
    assert question.basis[0].effective_on == "1982-12-04"
    assert question.topics == ("宪法",)


def test_a_published_kit_is_found_without_sql_once_it_was_read(app: Flask) -> None:
    contest = make_published()
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    contest_id = contest.id
    statements.clear()
    kit = kits.get_kit(contest_id=contest_id, version=1)
    assert kits.get_kit(contest_id=contest_id, version=1) is kit
    assert statements == []


def test_a_lost_copy_is_refilled_from_sql(app: Flask) -> None:
    contest = make_published()
    key = state.kit_key(contest.id, 1)
    get_live().command("DEL", key)
    assert kits.get_kit(contest_id=contest.id, version=1).slug == "autumn"
    assert get_live().command("EXISTS", key) == 1


def test_an_unknown_version_is_not_found(app: Flask) -> None:
    contest = make_published()
    with pytest.raises(kits.KitMissing):
        kits.get_kit(contest_id=contest.id, version=2)


def test_the_cache_of_a_process_stays_small(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kits, "CACHED_KITS", 2)
    contest = make_published()
    kit = kits.get_kit(contest_id=contest.id, version=1)
    for version in (2, 3):
        body = kits.encode(make_kit([1], counts=[1], contest_id=contest.id, version=version))
        db.session.add(StoredKit(contest_id=contest.id, version=version, body=body, sha256="", created_at=utc_now()))
        db.session.flush()
        kits.get_kit(contest_id=contest.id, version=version)
    assert kits.get_kit(contest_id=contest.id, version=1) is not kit


def test_sql_serves_a_kit_while_redis_is_gone(app: Flask, settings: Settings) -> None:
    contest = make_published()
    contest_id = contest.id
    app.extensions["quizapp.live"] = type(get_live())("unix:///nowhere/v.sock")
    assert kits.get_kit(contest_id=contest_id, version=1).slug == "autumn"


def test_questions_of_fixed_papers_and_published_kits_are_in_use(app: Flask) -> None:
    published, chosen, free = (make_bank(f"题库{number}", single=3) for number in range(3))
    make_published(published, sections=[SectionDraft(bank_id=published.id, count=3, points_hundredths=100)])
    fixed = make_contest(chosen, slug="fixed", paper="fixed")
    ids = {
        bank.id: list(db.session.scalars(select(Question.id).where(Question.bank_id == bank.id)))
        for bank in (published, chosen, free)
    }
    fixed.sections[0].questions = [SectionQuestion(position=1, question_id=ids[chosen.id][1])]
    db.session.flush()
    used = kits.questions_in_use([*ids[published.id], *ids[chosen.id], *ids[free.id]])
    assert used == {*ids[published.id], ids[chosen.id][1]}
    assert kits.questions_in_use(ids[published.id][:1]) == set(ids[published.id][:1])


def test_undoing_an_import_deletes_what_is_free_and_retires_what_a_contest_uses(app: Flask) -> None:
    bank = make_bank(single=4)
    imported = QuestionImport(
        bank_id=bank.id, file_name="a.csv", format="csv", state="imported", created_at=NOW, imported_at=NOW
    )
    db.session.add(imported)
    db.session.flush()
    make_published(bank, sections=[SectionDraft(bank_id=bank.id, count=4, points_hundredths=100)])
    used = list(db.session.scalars(select(Question.id)))
    late = add_many(bank=bank, contents=[make_content(9)], actor=None, now=NOW)
    db.session.execute(update(Question).values(import_id=imported.id))
    done = undo(imported=imported, actor=None, now=NOW)
    assert (done.deleted, done.retired) == (late, used)
    assert {question.id: question.state for question in db.session.scalars(select(Question))} == dict.fromkeys(
        used, "retired"
    )
    assert imported.outline["undone"] == {"deleted": 1, "retired": used}


def test_kits_say_which_revisions_they_hold(app: Flask) -> None:
    contest = make_published(make_bank(single=20))
    question = db.session.scalars(select(Question).limit(1)).one()
    first = question.latest.id
    revise(question=question, content=make_content(99), actor=None, now=NOW)
    uses = kits.uses_of_question(question.id)
    assert [(use.title, use.values, use.revision_id) for use in uses] == [
        (contest.title, {"slug": contest.slug}, first)
    ]
    assert kits.uses_of_question(999) == []


def test_kits_stored_before_that_was_kept_are_looked_through_once(app: Flask) -> None:
    make_published(make_bank(single=20))
    rows = [(row.kit_id, row.question_id, row.revision_id) for row in db.session.scalars(select(KitRevision))]
    db.session.execute(delete(KitRevision))
    migration = runpy.run_path(str(ROOT / "migrations" / "versions" / "20261125_bank.py"))
    migration["fill_kit_revisions"](db.session.connection())
    db.session.expire_all()
    again = [(row.kit_id, row.question_id, row.revision_id) for row in db.session.scalars(select(KitRevision))]
    assert (sorted(again), len(again)) == (sorted(rows), 20)
