from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.accounts.models import AuditEvent, User
from quizapp.bank.models import Question
from quizapp.contests import actions, kits, state
from quizapp.contests.checks import draft_of
from quizapp.contests.drafts import SectionDraft
from quizapp.contests.models import Contest, Section, SectionQuestion, StoredKit
from quizapp.contests.shards import Shard
from quizapp.core.db import db
from quizapp.core.live import get_live
from tests.contests.makers import NOW, make_bank, make_contest, make_draft, make_published
from tests.contests.test_state import make_gate


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_draft_is_stored_as_it_was_written_and_noted(app: Flask, olga: User) -> None:
    bank = make_bank(single=20)
    draft = make_draft(bank, accent="#b3261e", entry_mode="form", entry_fields=("name", "phone"), capacity=500)
    contest = actions.create_contest(draft=draft, actor=olga, now=NOW)
    stored = draft_of(contest)
    assert replace(stored, sections=[replace(section, id=None) for section in stored.sections]) == draft
    assert (contest.state, contest.created_by_id, contest.lock_version) == ("draft", olga.id, 1)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "contests.create")).one()
    assert (event.actor_name, event.subject_id) == ("olga", str(contest.id))


def test_a_wrong_draft_is_refused_with_all_its_fields_and_not_stored(app: Flask) -> None:
    bank = make_bank(single=5)
    make_contest(bank)
    row = SectionDraft(bank_id=999, topic_id=999, count=1, points_hundredths=100)
    draft = make_draft(bank, title="", sections=[row], unit_root_id=999)
    with pytest.raises(actions.WrongDraft) as refusal:
        actions.create_contest(draft=draft, actor=None, now=NOW)
    fields = {complaint.field for complaint in refusal.value.complaints}
    assert fields == {"slug", "title", "sections-0-bank_id", "sections-0-topic_id", "unit_root_id"}
    assert count(Contest) == 1


def test_rows_of_the_paper_are_changed_added_and_removed(app: Flask) -> None:
    bank = make_bank(single=20, multiple=20, true_false=20)
    rows = [
        SectionDraft(bank_id=bank.id, kind=kind, count=5, points_hundredths=100)
        for kind in ("single", "multiple", "true_false")
    ]
    contest = make_contest(bank, sections=rows)
    old = draft_of(contest)
    kept = [replace(old.sections[2], count=7), replace(old.sections[1], kind="indefinite")]
    new = replace(old, sections=[*kept, SectionDraft(bank_id=bank.id, count=1, points_hundredths=200)])
    actions.update_contest(contest=contest, draft=new, lock_version=1, actor=None, now=NOW)
    db.session.commit()
    assert [(row.kind, row.count, row.position) for row in contest.sections] == [
        ("true_false", 7, 0),
        ("indefinite", 5, 1),
        (None, 1, 2),
    ]
    assert contest.sections[0].id == old.sections[2].id
    assert count(Section) == 3


def test_a_row_of_another_contest_is_not_taken_over(app: Flask) -> None:
    bank = make_bank(single=20)
    other = make_contest(bank, slug="other")
    contest = make_contest(bank)
    draft = replace(draft_of(contest), sections=[replace(draft_of(other).sections[0], count=3)])
    actions.update_contest(contest=contest, draft=draft, lock_version=1, actor=None, now=NOW)
    assert (other.sections[0].count, contest.sections[0].count) == (10, 3)


def test_the_second_of_two_editors_is_refused(app: Flask) -> None:
    contest = make_contest()
    draft = replace(draft_of(contest), title="第一位改的")
    actions.update_contest(contest=contest, draft=draft, lock_version=1, actor=None, now=NOW)
    db.session.commit()
    with pytest.raises(actions.StaleVersion):
        actions.update_contest(
            contest=contest, draft=replace(draft, title="第二位改的"), lock_version=1, actor=None, now=NOW
        )
    db.session.rollback()
    assert (contest.title, contest.lock_version) == ("第一位改的", 2)


def test_publishing_fixes_a_kit_and_tells_redis_after_the_commit(app: Flask, olga: User) -> None:
    contest = make_contest()
    actions.publish(contest=contest, actor=olga, now=NOW)
    assert state.read_kit_copy(get_live(), contest_id=contest.id, version=1) is None
    db.session.commit()
    stored = db.session.scalars(select(StoredKit)).one()
    assert state.read_kit_copy(get_live(), contest_id=contest.id, version=1) == stored.body
    assert (contest.state, contest.kit_version, contest.published_at) == ("published", 1, NOW)
    assert kits.decode(stored.body).question_count == 10
    assert db.session.scalars(select(AuditEvent).where(AuditEvent.action == "contests.publish")).one()


def test_publishing_brings_an_existing_gate_up_to_date_and_makes_none(app: Flask) -> None:
    contest = make_contest(capacity=50)
    make_gate(contest.id)
    other = make_published(make_bank("另一个", single=20), slug="other")
    actions.publish(contest=contest, actor=None, now=NOW)
    db.session.commit()
    gate = state.read_gate(get_live(), Shard(contest.id))
    assert gate is not None and (gate.settings.kit, gate.settings.capacity) == (1, 50)
    assert state.read_gate(get_live(), Shard(other.id)) is None


def test_a_rolled_back_publishing_leaves_nothing_behind(app: Flask) -> None:
    contest = make_contest()
    db.session.commit()
    contest_id = contest.id
    actions.publish(contest=contest, actor=None, now=NOW)
    db.session.rollback()
    db.session.commit()
    assert contest.state == "draft"
    assert state.read_kit_copy(get_live(), contest_id=contest_id, version=1) is None
    assert count(StoredKit) == 0


def test_a_contest_with_errors_is_not_published(app: Flask) -> None:
    contest = make_contest(make_bank(single=9))
    with pytest.raises(actions.NotReady) as refusal:
        actions.publish(contest=contest, actor=None, now=NOW)
    assert [finding.code for finding in refusal.value.findings] == ["too_few_questions"]
    assert (contest.state, count(StoredKit)) == ("draft", 0)


def test_what_was_changed_after_the_publisher_looked_is_not_published(app: Flask) -> None:
    contest = make_contest()
    with pytest.raises(actions.StaleVersion):
        actions.publish(contest=contest, lock_version=contest.lock_version - 1, actor=None, now=NOW)


def test_a_published_contest_is_fixed(app: Flask) -> None:
    contest = make_published()
    version = contest.lock_version
    with pytest.raises(actions.AlreadyPublished):
        actions.publish(contest=contest, actor=None, now=NOW)
    with pytest.raises(actions.AlreadyPublished):
        actions.update_contest(contest=contest, draft=draft_of(contest), lock_version=version, actor=None, now=NOW)
    with pytest.raises(actions.AlreadyPublished):
        actions.delete_draft(contest=contest, actor=None, now=NOW)
    with pytest.raises(actions.AlreadyPublished):
        actions.draw_questions(section=contest.sections[0], seed="s", lock_version=version)


def test_texts_and_capacity_may_change_after_publishing_with_the_same_questions(app: Flask) -> None:
    contest = make_published()
    make_gate(contest.id)
    before = kits.get_kit(contest_id=contest.id, version=1)
    make_bank(single=25)
    actions.update_published(
        contest=contest,
        host_name="示例市司法局",
        introduction="颁奖改在周六。",
        capacity=300,
        lock_version=contest.lock_version,
        actor=None,
        now=NOW,
    )
    db.session.commit()
    after = kits.get_kit(contest_id=contest.id, version=2)
    assert (after.introduction, after.host_name) == ("颁奖改在周六。", "示例市司法局")
    assert after.questions == before.questions and after.sections == before.sections
    gate = state.read_gate(get_live(), Shard(contest.id))
    assert gate is not None and (gate.settings.kit, gate.settings.capacity) == (2, 300)


def test_a_changed_capacity_alone_needs_no_new_kit(app: Flask) -> None:
    contest = make_published()
    make_gate(contest.id)
    values = {
        "host_name": contest.host_name,
        "introduction": contest.introduction,
        "lock_version": contest.lock_version,
    }
    actions.update_published(contest=contest, capacity=7, actor=None, now=NOW, **values)  # type: ignore[arg-type]
    db.session.commit()
    gate = state.read_gate(get_live(), Shard(contest.id))
    assert gate is not None and (gate.settings.kit, gate.settings.capacity) == (1, 7)


def test_changes_after_publishing_are_checked_too(app: Flask) -> None:
    contest = make_published()
    with pytest.raises(actions.WrongDraft):
        actions.update_published(
            contest=contest,
            host_name="",
            introduction="a\x00",
            capacity=0,
            lock_version=contest.lock_version,
            actor=None,
            now=NOW,
        )
    with pytest.raises(actions.StaleVersion):
        actions.update_published(
            contest=contest, host_name="", introduction="", capacity=None, lock_version=0, actor=None, now=NOW
        )
    with pytest.raises(actions.NotPublished):
        actions.update_published(
            contest=make_contest(make_bank("另一个", single=10), slug="draft"),
            host_name="",
            introduction="",
            capacity=None,
            lock_version=1,
            actor=None,
            now=NOW,
        )


def test_a_deleted_draft_leaves_only_a_line_in_the_trail(app: Flask) -> None:
    contest = make_contest(paper="fixed")
    actions.draw_questions(section=contest.sections[0], seed="s", lock_version=1)
    actions.delete_draft(contest=contest, actor=None, now=NOW)
    db.session.commit()
    assert (count(Contest), count(Section), count(SectionQuestion)) == (0, 0, 0)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "contests.delete")).one()
    assert event.detail["slug"] == "autumn"


def test_a_copy_is_a_draft_with_the_same_rules_and_questions(app: Flask) -> None:
    contest = make_contest(make_bank(single=20), paper="fixed")
    actions.draw_questions(section=contest.sections[0], seed="s", lock_version=1)
    actions.publish(contest=contest, actor=None, now=NOW)
    copy = actions.copy_contest(contest=contest, actor=None, now=NOW)
    again = actions.copy_contest(contest=contest, actor=None, now=NOW)
    db.session.commit()
    assert (copy.slug, again.slug, copy.state) == ("autumn-2", "autumn-3", "draft")
    assert copy.opens_at > NOW and copy.closes_at - copy.opens_at == timedelta(days=7, hours=1)
    chosen = [row.question_id for row in contest.sections[0].questions]
    assert [row.question_id for row in copy.sections[0].questions] == chosen


def test_questions_of_a_fixed_paper_are_chosen_and_drawn_without_repeats(app: Flask) -> None:
    bank = make_bank(single=12)
    row = SectionDraft(bank_id=bank.id, count=5, points_hundredths=100)
    contest = make_contest(bank, paper="fixed", sections=[row, row])
    first, second = contest.sections
    ids = list(db.session.scalars(select(Question.id).order_by(Question.id)))
    actions.choose_questions(section=first, add=[ids[3], ids[1]], remove=(), lock_version=1)
    assert actions.draw_questions(section=first, seed="a", lock_version=2) == 3
    assert actions.draw_questions(section=second, seed="a", lock_version=3) == 5
    chosen = [row.question_id for section in contest.sections for row in section.questions]
    assert len(set(chosen)) == 10 and chosen[:2] == [ids[3], ids[1]]
    actions.choose_questions(section=first, add=(), remove={ids[3]}, lock_version=4)
    assert ids[3] not in [row.question_id for row in first.questions]
    assert [row.position for row in first.questions] == [0, 1, 2, 3]


def test_a_question_that_does_not_fit_cannot_be_chosen(app: Flask) -> None:
    bank = make_bank(single=5, multiple=5)
    row = SectionDraft(bank_id=bank.id, kind="single", count=2, points_hundredths=100)
    contest = make_contest(bank, paper="fixed", sections=[row, row])
    first, second = contest.sections
    single, other = db.session.scalars(select(Question.id).where(Question.kind == "single").limit(2))
    multiple = db.session.scalars(select(Question.id).where(Question.kind == "multiple")).first()
    actions.choose_questions(section=first, add=[single], remove=(), lock_version=1)
    for wrong in (multiple, 99999, -1, single):
        with pytest.raises(actions.QuestionsNotOffered):
            actions.choose_questions(section=second, add=[wrong, other], remove=(), lock_version=2)  # type: ignore[list-item]
    with pytest.raises(actions.StaleVersion):
        actions.choose_questions(section=second, add=[other], remove=(), lock_version=1)


def test_a_changed_description_drops_the_questions_chosen_for_it(app: Flask) -> None:
    contest = make_contest(make_bank(single=20), paper="fixed")
    actions.draw_questions(section=contest.sections[0], seed="s", lock_version=1)
    draft = draft_of(contest)
    kept = replace(draft, sections=[replace(draft.sections[0], count=9)])
    actions.update_contest(contest=contest, draft=kept, lock_version=2, actor=None, now=NOW)
    assert len(contest.sections[0].questions) == 10
    changed = replace(draft, sections=[replace(draft.sections[0], kind="single")])
    actions.update_contest(contest=contest, draft=changed, lock_version=3, actor=None, now=NOW)
    assert contest.sections[0].questions == []
