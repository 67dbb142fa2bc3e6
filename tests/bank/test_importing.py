"""Files are read in the background, shown, mended, and taken once; an import can be undone as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from quizapp.accounts.models import AuditEvent
from quizapp.bank import formats, importing, jobs, undoing
from quizapp.bank.actions import revise
from quizapp.bank.formats.parsed import ParsedMedia, ParsedQuestion
from quizapp.bank.formats.read_options import ReadOptions, SheetOptions
from quizapp.bank.import_queries import problem_rows
from quizapp.bank.media import UNUSED_FOR, drop_unused
from quizapp.bank.models import Bank, ImportRow, Media, Question, QuestionImport, QuestionRevision
from quizapp.core.background import Job
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.makers import make_bank, make_content, make_question
from tests.bank.media_makers import photo
from tests.conftest import app_without_store, in_context
from tests.jobs import do_jobs

SEEDS = Path(__file__).parents[2] / "quizapp" / "bank" / "seeds"
HEADER = "题型,题干,选项A,选项B,选项C,答案,解析,法律,条款,生效日期,知识点,难度\n"
GOOD = "单选,国家宪法日是哪一天？,十二月四日,十月一日,七月一日,A,十二月四日是国家宪法日。,,,,宪法日,易\n"
OTHER = "单选,国旗有几颗星？,三颗,四颗,五颗,C,,,,,,\n"
KEYLESS = "单选,这一行没有答案,甲,乙,丙,,,,,,,\n"


def upload(text: str | bytes, *, name: str = "bank.csv", bank: Bank | None = None) -> QuestionImport:
    return importing.upload(
        bank=bank or make_bank(),
        file_name=name,
        content=text.encode() if isinstance(text, str) else text,
        format_name="auto",
        actor=None,
        now=utc_now(),
    )


def read(text: str | bytes, *, name: str = "bank.csv", bank: Bank | None = None) -> QuestionImport:
    imported = upload(text, name=name, bank=bank)
    do_jobs(jobs.KINDS)
    return imported


def take(imported: QuestionImport, *, only_whole: bool = False, approve: bool = True) -> None:
    importing.take_later(
        imported=imported,
        seen=imported.lock_version,
        only_whole=only_whole,
        approve=approve,
        actor=None,
        now=utc_now(),
    )
    do_jobs(jobs.KINDS)


def rows(imported: QuestionImport) -> list[ImportRow]:
    return list(
        db.session.scalars(select(ImportRow).where(ImportRow.import_id == imported.id).order_by(ImportRow.number))
    )


def questions_stored() -> int:
    return db.session.scalar(select(func.count(Question.id))) or 0


# Reading


def test_file_is_read_by_its_job_and_changes_no_bank(app: Flask) -> None:
    imported = upload(HEADER + GOOD + KEYLESS)
    assert imported.state == "reading"
    do_jobs(jobs.KINDS)
    assert (imported.state, imported.format, imported.report["questions"]) == ("staged", "csv", 1)
    assert [problem["where"] for problem in imported.report["problems"]] == ["row 3"]
    assert [(row.place, row.state) for row in rows(imported)] == [("row 2", "good"), ("row 3", "bad")]
    assert questions_stored() == 0


def test_report_counts_every_kind(app: Flask) -> None:
    report = read(HEADER + GOOD).report
    kinds = ["single", "multiple", "indefinite", "true_false", "fill_in", "short_text", "ordering", "matching", "case"]
    assert report["by_kind"] == dict.fromkeys(kinds, 0) | {"single": 1}
    assert (report["format"], report["duplicates"], report["file"]) == ("csv", 0, "bank.csv")


def test_file_that_cannot_be_read_at_all_fails_with_its_reason_and_is_not_kept(app: Flask) -> None:
    imported = read(b"PK\x03\x04 and then nothing that a zip has")
    assert imported.state == "failed"
    assert [problem["where"] for problem in imported.report["problems"]] == ["file"]
    assert not importing.has_file(imported)


def test_older_reading_that_ends_late_changes_nothing(app: Flask) -> None:
    imported = upload(HEADER + GOOD)
    late = db.session.scalars(select(Job)).one()
    late.state = "failed"  # nobody takes it now
    importing.mend(imported=imported, mends={"row 2": {"answer": "B"}}, now=utc_now())
    do_jobs(jobs.KINDS)
    importing.take_later(
        imported=imported, seen=imported.lock_version, only_whole=True, approve=False, actor=None, now=utc_now()
    )
    taking = imported.job_id
    db.session.execute(update(Job).where(Job.id == taking).values(state="failed"))
    db.session.execute(update(Job).where(Job.id == late.id).values(state="queued"))
    do_jobs(jobs.KINDS)
    assert (imported.state, imported.lock_version) == ("importing", 2)


def test_rows_that_the_file_has_no_more_are_gone(app: Flask) -> None:
    imported = read(HEADER + GOOD + OTHER)
    options = ReadOptions(
        sheets={"": SheetOptions(header_row=2, columns={"stem": "B", "option A": "C", "answer": "F"})}
    )
    importing.correct(imported=imported, format_name="csv", options=options, now=utc_now())
    do_jobs(jobs.KINDS)
    assert [row.place for row in rows(imported) if row.state != "note"] == ["row 3"]


def test_reading_that_was_ended_shows_a_failure_and_can_be_tried_again(app: Flask) -> None:
    imported = upload(HEADER + GOOD)
    job = db.session.get_one(Job, imported.job_id)
    jobs.mark_unread(job.params, "out_of_memory", utc_now())
    job.state = "failed"
    assert imported.state == "failed"
    importing.read_anew(imported=imported, now=utc_now())
    do_jobs(jobs.KINDS)
    assert imported.state == "staged"


def test_mapping_is_corrected(app: Flask) -> None:
    imported = read("甲,乙,丙,丁\n题干,A,x,y\n国旗有几颗星？,A,五颗,三颗\n")
    options = ReadOptions(
        sheets={
            "": SheetOptions(
                header_row=2, columns={"stem": "A", "answer": "B", "option A": "C", "option B": "D"}, kind="single"
            )
        }
    )
    importing.correct(imported=imported, format_name="csv", options=options, now=utc_now())
    do_jobs(jobs.KINDS)
    assert [row.content["question"]["options"] for row in rows(imported) if row.state == "good"] == [
        [["A", "五颗"], ["B", "三颗"]]
    ]


def test_mended_row_becomes_good_and_a_mend_taken_back_bad_again(app: Flask) -> None:
    imported = read(HEADER + GOOD + KEYLESS)
    importing.mend(imported=imported, mends={"row 3": {"answer": "B"}}, now=utc_now())
    do_jobs(jobs.KINDS)
    assert [row.state for row in rows(imported)] == ["good", "good"]
    assert imported.outline["counts"]["errors"] == 0
    importing.mend(imported=imported, mends={"row 3": {}}, now=utc_now())
    do_jobs(jobs.KINDS)
    assert (imported.mends, [row.state for row in rows(imported)]) == ({}, ["good", "bad"])


# Duplicates


def test_the_same_question_of_the_bank_is_skipped_unless_somebody_decides_otherwise(app: Flask) -> None:
    take(read(HEADER + GOOD))
    imported = read(HEADER + GOOD + OTHER)
    first, second = rows(imported)
    assert (first.duplicate, first.decision, second.duplicate) == ("same", "skip", "")
    assert first.content["other"] == {"question": db.session.scalars(select(Question.id)).one()}
    assert imported.report["already_in_bank"] == ["row 2"]
    importing.decide(imported=imported, decision="keep", numbers=[1])
    take(imported)
    assert questions_stored() == 3


def test_all_duplicates_of_a_kind_are_decided_at_once(app: Flask) -> None:
    take(read(HEADER + GOOD))
    imported = read(HEADER + GOOD + GOOD.replace(",A,", ",B,") + OTHER)
    assert [row.duplicate for row in rows(imported)] == ["same", "other", ""]
    importing.decide(imported=imported, decision="skip", kinds=["other", ""])
    assert [row.decision for row in rows(imported)] == ["skip", "skip", "keep"]


def test_decision_stays_when_the_file_is_read_anew(app: Flask) -> None:
    take(read(HEADER + GOOD))
    imported = read(HEADER + GOOD + KEYLESS)
    importing.decide(imported=imported, decision="keep", numbers=[1])
    importing.mend(imported=imported, mends={"row 3": {"answer": "B"}}, now=utc_now())
    do_jobs(jobs.KINDS)
    assert [(row.duplicate, row.decision) for row in rows(imported)] == [("same", "keep"), ("", "keep")]


# Taking in


def test_taken_file_stores_its_kept_questions_once(app: Flask) -> None:
    imported = read(HEADER + GOOD + KEYLESS)
    take(imported)
    question = db.session.scalars(select(Question)).one()
    assert (question.state, question.latest.key, question.difficulty) == ("approved", ["A"], 1)
    assert (imported.state, imported.outline["imported"]) == ("imported", 1)
    assert [row.question_id for row in rows(imported)] == [question.id, None]
    with pytest.raises(importing.AlreadyImported):
        take(imported)
    assert questions_stored() == 1


def test_taking_in_is_asked_for_once_however_often_it_is_pressed(app: Flask) -> None:
    imported = read(HEADER + GOOD)
    ask = {"imported": imported, "seen": imported.lock_version, "only_whole": True, "approve": False, "actor": None}
    importing.take_later(**ask, now=utc_now())
    with pytest.raises(importing.AlreadyImported):
        importing.take_later(**ask, now=utc_now())
    do_jobs(jobs.KINDS)
    assert questions_stored() == 1


def test_of_two_who_press_at_the_same_moment_one_is_told(app: Flask) -> None:
    imported = read(HEADER + GOOD)
    seen = imported.lock_version
    others_act = update(QuestionImport).values(state="importing").execution_options(synchronize_session=False)
    db.session.execute(others_act)
    assert imported.state == "staged", "as this one still sees it"
    with pytest.raises(importing.AlreadyImported):
        importing.take_later(imported=imported, seen=seen, only_whole=True, approve=False, actor=None, now=utc_now())


def test_file_with_errors_is_taken_whole_or_not_at_all_if_asked(app: Flask) -> None:
    imported = read(HEADER + GOOD + KEYLESS)
    with pytest.raises(importing.RowsUnusable):
        take(imported, only_whole=True)
    assert (imported.state, questions_stored()) == ("staged", 0)


def test_file_without_questions_is_refused_and_stores_nothing(app: Flask) -> None:
    with pytest.raises(importing.NothingToImport):
        take(read(HEADER + KEYLESS))
    assert questions_stored() == 0


def test_decision_on_an_older_reading_is_refused(app: Flask) -> None:
    imported = read(HEADER + GOOD)
    seen = imported.lock_version
    importing.mend(imported=imported, mends={"row 2": {"answer": "B"}}, now=utc_now())
    do_jobs(jobs.KINDS)
    with pytest.raises(importing.ReadAnew):
        importing.take_later(imported=imported, seen=seen, only_whole=True, approve=False, actor=None, now=utc_now())


def test_taking_in_that_was_ended_leaves_the_file_as_it_was(app: Flask) -> None:
    imported = read(HEADER + GOOD)
    importing.take_later(
        imported=imported, seen=imported.lock_version, only_whole=True, approve=False, actor=None, now=utc_now()
    )
    jobs.mark_untaken(db.session.get_one(Job, imported.job_id).params, "out_of_time", utc_now())
    assert (imported.state, questions_stored()) == ("staged", 0)


def test_file_that_reads_otherwise_than_it_was_seen_is_not_taken_but_shown_again(app: Flask) -> None:
    imported = read(HEADER + GOOD)
    imported.outline = imported.outline | {"digest": "of another release"}
    with pytest.raises(jobs.ReadingDiffers):
        take(imported)
    jobs.mark_untaken(db.session.get_one(Job, imported.job_id).params, jobs.ReadingDiffers.code, utc_now())
    assert imported.state == "reading"
    db.session.execute(update(Job).values(state="done"), execution_options={"synchronize_session": False})


def test_two_people_with_the_same_file_import_it_once(app: Flask) -> None:
    first, second = read(HEADER + GOOD), read(HEADER + GOOD)
    take(first)
    with pytest.raises(importing.BankChanged):
        take(second)
    importing.read_anew(imported=second, now=utc_now(), why=importing.BankChanged.code)
    do_jobs(jobs.KINDS)
    assert [(row.duplicate, row.decision) for row in rows(second)] == [("same", "skip")]
    assert second.outline["why"] == "bank_changed"


def test_import_that_another_overtook_is_compared_anew_before_anything_is_stored(app: Flask) -> None:
    first, second = read(HEADER + GOOD), read(HEADER + GOOD)
    ask = {"only_whole": True, "approve": False, "actor": None, "now": utc_now()}
    for imported in (first, second):
        importing.take_later(imported=imported, seen=imported.lock_version, **ask)
    with pytest.raises(importing.BankChanged):
        do_jobs(jobs.KINDS)
    jobs.mark_untaken(db.session.get_one(Job, second.job_id).params, importing.BankChanged.code, utc_now())
    assert (first.state, second.state, questions_stored()) == ("imported", "reading", 1)
    db.session.execute(update(Job).values(state="done"), execution_options={"synchronize_session": False})


def test_nothing_of_a_file_is_seen_when_storing_breaks_off(app: Flask) -> None:
    imported = read(HEADER + GOOD + OTHER)
    importing.take_later(
        imported=imported, seen=imported.lock_version, only_whole=True, approve=False, actor=None, now=utc_now()
    )
    db.session.commit()
    kind = next(kind for kind in jobs.KINDS if kind.name == importing.TAKE)
    breaking = replace(kind, act=lambda run: kind.act(run) | {"of": 1 // 0})
    with pytest.raises(ZeroDivisionError):
        do_jobs([breaking])
    db.session.rollback()
    assert (questions_stored(), db.session.get_one(QuestionImport, imported.id).state) == (0, "importing")


def test_import_is_on_the_audit_trail(app: Flask) -> None:
    take(read(HEADER + GOOD))
    acts = db.session.scalars(select(AuditEvent.action)).all()
    assert "bank.import" in acts
    assert "bank.approve_import" in acts


# Undoing


def test_undone_import_leaves_nothing_and_can_be_done_again(app: Flask) -> None:
    imported = read(HEADER + GOOD + KEYLESS)
    importing.mend(imported=imported, mends={"row 3": {"answer": "B"}}, now=utc_now())
    do_jobs(jobs.KINDS)
    take(imported)
    undone = undoing.undo(imported=imported, actor=None, now=utc_now())
    assert (len(undone.deleted), undone.retired, imported.state) == (2, [], "undone")
    assert (questions_stored(), db.session.scalar(select(func.count(QuestionRevision.id)))) == (0, 0)
    with pytest.raises(undoing.NotImported):
        undoing.undo(imported=imported, actor=None, now=utc_now())

    again = importing.repeat(imported=imported, actor=None, now=utc_now())
    do_jobs(jobs.KINDS)
    take(again, only_whole=True)
    assert questions_stored() == 2
    assert "bank.undo_import" in db.session.scalars(select(AuditEvent.action)).all()


def test_undoing_takes_no_question_of_another_import(app: Flask) -> None:
    kept = make_question().id
    imported = read(HEADER + GOOD)
    take(imported)
    undoing.undo(imported=imported, actor=None, now=utc_now())
    assert db.session.scalars(select(Question.id)).all() == [kept]


def test_undoing_says_how_many_were_changed_since(app: Flask) -> None:
    imported = read(HEADER + GOOD + OTHER)
    take(imported)
    question = db.session.scalars(select(Question)).first()
    assert question
    revise(question=question, content=make_content(), actor=None, now=utc_now())
    plan = undoing.plan(imported)
    assert (len(plan.deleted), plan.changed) == (2, 1)


def test_a_whole_import_on_both_databases(any_database: str, tmp_path: Path) -> None:
    """What the two do in their own ways: ids of many rows, JSON compared as text, cascades, locks."""
    with in_context(app_without_store(any_database, tmp_path)):
        imported = read(HEADER + GOOD + KEYLESS + OTHER)
        importing.mend(imported=imported, mends={"row 3": {"answer": "B", "topics": "甲、乙"}}, now=utc_now())
        do_jobs(jobs.KINDS)
        wanted = {name: db.paginate(problem_rows(imported, name)).total for name in ("errors", "warnings", "mended")}
        assert wanted == {"errors": 0, "warnings": 0, "mended": 1}
        take(imported, only_whole=True)
        questions = db.session.scalars(select(Question).order_by(Question.id)).all()
        assert [question.latest.stem for question in questions] == [
            "国家宪法日是哪一天？",
            "这一行没有答案",
            "国旗有几颗星？",
        ]
        assert [[topic.name for topic in question.topics] for question in questions] == [["宪法日"], ["乙", "甲"], []]
        again = read(HEADER + OTHER)
        assert rows(again)[0].content["other"] == {"question": questions[2].id}
        undoing.undo(imported=imported, actor=None, now=utc_now())
        db.session.commit()
        assert (questions_stored(), rows(imported)[0].question_id) == (0, None)


# Media


def test_picture_that_cannot_be_used_keeps_its_question_out_until_it_is_taken_without(app: Flask) -> None:
    question = ParsedQuestion("question 1", "true_false", "图中是国徽。", (), ("true",))
    good, bad = photo("PNG"), b"not a picture"
    file = formats.write(
        [
            replace(question, media=(ParsedMedia("stem", good), ParsedMedia("stem", bad))),
            replace(question, where="question 2", stem="国旗是红色的。", media=(ParsedMedia("stem", good),)),
        ],
        format="json",
    )
    imported = read(file.content, name="a.json")
    first, second = rows(imported)
    assert ([problem["code"] for problem in first.problems], first.state) == (["media_unusable"], "bad")
    assert (second.state, [medium["at"] for medium in second.content["question"]["media"]]) == ("good", ["stem"])
    assert drop_unused(now=utc_now() + 2 * UNUSED_FOR) == 0, "pages still show it"
    importing.mend(imported=imported, mends={first.place: {"without_media": "1"}}, now=utc_now())
    do_jobs(jobs.KINDS)
    take(imported, only_whole=True)
    stored = db.session.scalars(select(Question).order_by(Question.id)).all()
    assert [len(question.latest.media) for question in stored] == [1, 1]
    assert db.session.scalar(select(func.count(Media.sha256))) == 1, "the same picture is kept once"


# Old files


def test_files_that_nobody_took_are_dropped_with_their_rows(app: Flask) -> None:
    old, young = read(HEADER + GOOD), read(HEADER + OTHER)
    old.created_at = utc_now() - jobs.KEEP_UNFINISHED - jobs.KEEP_UNFINISHED
    db.session.commit()
    jobs.drop_old_imports(utc_now())
    assert db.session.scalars(select(QuestionImport.id)).all() == [young.id]
    assert db.session.scalars(select(ImportRow.import_id)).all() == [young.id]


# The command line and the demo


def test_file_is_brought_in_at_once_with_its_duplicates(app: Flask) -> None:
    content = (HEADER + GOOD + GOOD + KEYLESS).encode()
    imported = importing.bring_in(
        bank=make_bank(),
        file_name="a.csv",
        content=content,
        looked=importing.look(content, format_name="auto"),
        approve=True,
        actor=None,
        now=utc_now(),
    )
    assert (imported.state, questions_stored(), imported.report["duplicates"]) == ("imported", 2, 1)
    assert [row.question_id is not None for row in rows(imported)] == [True, True, False]


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.csv")), ids=lambda path: path.stem)
def test_seed_bank_is_read_without_a_problem(path: Path) -> None:
    parsed = importing.read_file(path.read_bytes(), format_name="auto")
    assert (parsed.problems, parsed.duplicates) == ((), 0)
    for question in parsed.questions:
        (cited,) = question.citations
        assert cited.law, question.stem
        assert cited.article, question.stem
        assert cited.effective_on, question.stem
        assert question.explanation, question.stem
        assert question.topics, question.stem
        assert question.difficulty, question.stem


def test_seed_banks_hold_at_least_240_questions() -> None:
    assert (
        sum(len(importing.read_file(p.read_bytes(), format_name="auto").questions) for p in SEEDS.glob("*.csv")) >= 240
    )
