from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.accounts.models import Consent, Unit
from quizapp.accounts.queries import latest_notice
from quizapp.app import create_app
from quizapp.contests.actions import enter
from quizapp.contests.entering import (
    RESUME_SECONDS,
    RESUME_TRIES,
    ConsentRequired,
    ContestClosed,
    Entered,
    EntryDeleted,
    ResumeCodeRequired,
    TooManyTries,
    anonymise,
)
from quizapp.contests.models import Contest, Entry
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.errors import Invalid, NotFound
from tests.conftest import in_context, make_settings
from tests.contests.makers import NOW, make_contest, make_published

FORM = {
    "entry_mode": "form",
    "entry_fields": ["name", "phone", "unit", "audience"],
    "audience_groups": ["学生", "干部"],
}
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def units(app: Flask) -> list[Unit]:
    root = Unit(name="示例市", kind="region", created_at=NOW)
    db.session.add(root)
    db.session.flush()
    rows = [
        Unit(name="教育局", parent_id=root.id, created_at=NOW),
        Unit(name="旧单位", parent_id=root.id, is_active=False, created_at=NOW),
    ]
    db.session.add_all(rows)
    db.session.flush()
    return rows


@pytest.fixture
def contest(units: list[Unit]) -> Contest:
    return make_published(**FORM)


def fields_of(units: list[Unit], **changes: str) -> dict[str, str]:
    return {"name": "张三", "phone": "13800001234", "unit": str(units[0].id), "audience": "学生"} | changes


def go(contest: Contest, fields: dict[str, str], **changes: Any) -> Entered:
    values: dict[str, Any] = {"notice_version": latest_notice().version, "resume_code": None, "now": NOW}
    return enter(contest=contest, fields=fields, **(values | changes))


def entries() -> int:
    return db.session.scalar(select(func.count(Entry.id))) or 0


def test_a_first_entry_stores_what_was_asked_and_shows_a_code_once(contest: Contest, units: list[Unit]) -> None:
    entered = go(contest, fields_of(units, name=" 张 三 ", phone="+86 138-0000-1234", secret="x"))
    assert entered.is_new and entered.resume_code is not None and len(entered.resume_code) == 6
    entry = entered.entry
    assert (entry.name, entry.phone, entry.masked_name, entry.unit_id) == ("张三", "13800001234", "张*", units[0].id)
    assert len(entry.person) == 32 and int(entry.person, 16) >= 0
    consent = db.session.scalars(select(Consent)).one()
    assert (consent.subject, consent.purpose) == (entry.person, f"contest:{contest.id}")


def test_personal_fields_are_not_readable_in_the_database(contest: Contest, units: list[Unit]) -> None:
    code = go(contest, fields_of(units)).resume_code
    row = db.session.connection().exec_driver_sql("select * from contest_entry").one()
    stored = " ".join(str(value) for value in row)
    assert "张三" not in stored and "13800001234" not in stored and str(code) not in stored


@pytest.mark.parametrize("phone", ["138 0000 1234", "８６１３８００００１２３４", "+8613800001234", "138-0000-1234"])
def test_the_same_phone_is_the_same_person_however_it_is_written(
    contest: Contest, units: list[Unit], phone: str
) -> None:
    go(contest, fields_of(units))
    with pytest.raises(ResumeCodeRequired):
        go(contest, fields_of(units, phone=phone, name="李四"))
    assert entries() == 1


def test_without_a_phone_name_unit_and_group_together_are_the_person(units: list[Unit]) -> None:
    contest = make_published(**(FORM | {"entry_fields": ["name", "audience"]}))
    first = go(contest, {"name": "张三", "audience": "学生"})
    other = go(contest, {"name": "张三", "audience": "干部"})
    assert first.entry.person != other.entry.person
    with pytest.raises(ResumeCodeRequired):
        go(contest, {"name": "张　三", "audience": "学生"})


def test_a_person_has_another_id_in_another_contest(contest: Contest, units: list[Unit]) -> None:
    other = make_published(slug="winter", **FORM)
    assert go(contest, fields_of(units)).entry.person != go(other, fields_of(units)).entry.person


def test_the_right_code_lets_a_person_come_back_also_after_the_end(contest: Contest, units: list[Unit]) -> None:
    first = go(contest, fields_of(units))
    again = go(contest, fields_of(units), resume_code=f" {first.resume_code} ", now=contest.closes_at)
    assert again.entry is first.entry and not again.is_new and again.resume_code is None


def test_a_wrong_code_is_refused(contest: Contest, units: list[Unit]) -> None:
    first = go(contest, fields_of(units))
    for code in ("000000", "", "12345", "1234567", "abcdef", "１２３４５６", "1" * 5000):
        wrong = code if code != first.resume_code else "000001"
        with pytest.raises(ResumeCodeRequired):
            go(contest, fields_of(units), resume_code=wrong)


def test_codes_cannot_be_tried_out(contest: Contest, units: list[Unit]) -> None:
    right = go(contest, fields_of(units)).resume_code
    wrong = "000000" if right != "000000" else "000001"
    for _number in range(RESUME_TRIES):
        with pytest.raises(ResumeCodeRequired):
            go(contest, fields_of(units), resume_code=wrong)
    with pytest.raises(TooManyTries) as refusal:
        go(contest, fields_of(units), resume_code=right)
    assert refusal.value.retry_after is not None and 0 < refusal.value.retry_after <= RESUME_SECONDS
    other = go(contest, fields_of(units, phone="13900001234"))
    assert go(contest, fields_of(units, phone="13900001234"), resume_code=other.resume_code).entry is other.entry


def test_a_right_code_lets_tries_count_anew(contest: Contest, units: list[Unit]) -> None:
    right = go(contest, fields_of(units)).resume_code
    for _number in range(RESUME_TRIES + 2):
        assert not go(contest, fields_of(units), resume_code=right).is_new


def test_the_browser_that_entered_gets_a_new_code_when_the_reply_was_lost(contest: Contest, units: list[Unit]) -> None:
    lost = go(contest, fields_of(units), entry_key=KEY)
    again = go(contest, fields_of(units), entry_key=KEY)
    assert again.entry is lost.entry and not again.is_new
    assert go(contest, fields_of(units), resume_code=again.resume_code).entry is lost.entry
    for key in (KEY.upper(), "short", "", None):
        with pytest.raises(ResumeCodeRequired):
            go(contest, fields_of(units), entry_key=key)


def test_a_nickname_is_a_new_person_each_time_but_for_a_repeat_by_the_same_browser(app: Flask) -> None:
    contest = make_published()
    first, other = (go(contest, {"nickname": "小明"}) for _number in range(2))
    assert first.entry.person != other.entry.person and first.resume_code is None
    assert first.entry.masked_name == "小明"
    kept = go(contest, {"nickname": "小明"}, entry_key=KEY)
    assert go(contest, {"nickname": "小明"}, entry_key=KEY).entry is kept.entry
    assert entries() == 3


BAD_FIELDS = [
    ("name", ""),
    ("name", "  "),
    ("name", "字" * 33),
    ("name", "张\x00三"),
    ("name", "\u202e三张"),
    ("name", "😀\ud800"),
    ("phone", ""),
    ("phone", "1380000123"),
    ("phone", "138000012345"),
    ("phone", "13800001234 转 8"),
    ("phone", "23800001234"),
    ("phone", "abc"),
    ("unit", ""),
    ("unit", "999999"),
    ("unit", "1 or 1=1"),
    ("audience", ""),
    ("audience", "领导"),
]


def test_a_bad_field_is_named_and_nothing_is_stored(contest: Contest, units: list[Unit]) -> None:
    for field, value in BAD_FIELDS:
        with pytest.raises(Invalid) as refusal:
            go(contest, fields_of(units) | {field: value})
        assert list(refusal.value.fields) == [field], value
    assert entries() == 0


def test_all_bad_fields_are_named_at_once(contest: Contest) -> None:
    with pytest.raises(Invalid) as refusal:
        go(contest, {})
    assert list(refusal.value.fields) == ["name", "phone", "unit", "audience"]


def test_an_inactive_unit_is_not_offered(contest: Contest, units: list[Unit]) -> None:
    with pytest.raises(Invalid) as refusal:
        go(contest, fields_of(units, unit=str(units[1].id)))
    assert list(refusal.value.fields) == ["unit"]


@pytest.mark.parametrize("nickname", ["", "字" * 17, "a\u202eb", "\u200b", "\n"])
def test_a_bad_nickname_is_refused(app: Flask, nickname: str) -> None:
    contest = make_published()
    with pytest.raises(Invalid):
        go(contest, {"nickname": nickname})


@pytest.mark.parametrize("version", ["", "0", "1999-01-01"])
def test_nothing_is_stored_without_consent_to_the_present_notice(
    contest: Contest, units: list[Unit], version: str
) -> None:
    with pytest.raises(ConsentRequired):
        go(contest, fields_of(units), notice_version=version)
    assert entries() == 0


def test_nobody_new_enters_after_the_end(contest: Contest, units: list[Unit]) -> None:
    with pytest.raises(ContestClosed):
        go(contest, fields_of(units), now=contest.closes_at)


def test_a_draft_cannot_be_entered(app: Flask) -> None:
    with pytest.raises(NotFound):
        go(make_contest(), {"nickname": "小明"})


def test_anonymising_takes_the_person_away_and_keeps_the_statistics(contest: Contest, units: list[Unit]) -> None:
    entered = go(contest, fields_of(units), entry_key=KEY)
    entry = entered.entry
    anonymise(entry=entry, now=NOW)
    anonymise(entry=entry, now=contest.closes_at)
    assert (entry.name, entry.phone, entry.resume_code_hash, entry.anonymised_at) == (None, None, None, NOW)
    assert entry.masked_name == "***" and entry.unit_id == units[0].id
    with pytest.raises(EntryDeleted):
        go(contest, fields_of(units), resume_code=entered.resume_code, entry_key=KEY)


def test_of_first_entries_at_once_one_is_stored_and_the_others_are_asked_for_the_code(
    any_database: str, valkey: Valkey, tmp_path: Path
) -> None:
    app = create_app(make_settings(database_url=any_database, redis_url=valkey.url, data_dir=tmp_path))
    fields = {"name": "张三", "phone": "13800001234"}
    with app.app_context():
        contest_id = make_published(entry_mode="form", entry_fields=["name", "phone"]).id
        version = latest_notice().version
        db.session.remove()
    barrier, outcomes = threading.Barrier(8), []

    def enter_once() -> None:
        with app.app_context():
            contest = db.session.get_one(Contest, contest_id)
            db.session.rollback()
            barrier.wait()
            try:
                enter(contest=contest, fields=fields, notice_version=version, resume_code=None, now=NOW)
                db.session.commit()
                outcomes.append("entered")
            except ResumeCodeRequired:
                db.session.rollback()
                outcomes.append("asked")

    threads = [threading.Thread(target=enter_once) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with in_context(app):
        assert sorted(outcomes) == ["asked"] * 7 + ["entered"]
        assert entries() == 1
