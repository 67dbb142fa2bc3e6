"""What a fresh installation shows: four banks of our own questions, and one contest to play and to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files

from sqlalchemy import select

from quizapp.accounts.actions import ensure_notice
from quizapp.bank import importing
from quizapp.bank.actions import get_or_create_bank
from quizapp.bank.models import Bank, Question
from quizapp.contests import actions, presets
from quizapp.contests.files import draft_of_preset
from quizapp.contests.models import Contest
from quizapp.core.db import db
from quizapp.core.settings import get_settings

SLUG = "demo"
TITLE = "民族宗教政策法规知识竞赛（演示）"
OPEN_FOR = timedelta(weeks=4)
BANKS = {
    "ethnic-religious.csv": "民族宗教政策法规",
    "constitution.csv": "宪法",
    "civil-life.csv": "民法典与家庭教育",
    "administration.csv": "行政执法与信访",
}
CONTEST_BANK = "ethnic-religious.csv"
INTRODUCTION = """这是一场演示竞赛，题目都是真的法律知识，成绩不作他用。

每次抽 10 题，限时 10 分钟，每天可答 3 次，取最好的一次成绩。交卷后可以看到每题的解析和法条依据。"""


def load_demo(*, now: datetime) -> Contest:
    """Import the seed banks and publish the demo contest, open for four weeks; done before, it changes nothing.

    The questions are approved in one audited act: they come with the program, checked against the statutes.
    """
    contest = db.session.scalar(select(Contest).where(Contest.slug == SLUG))
    if contest is not None:
        return contest
    ensure_notice(now=now)
    banks = {file_name: _load_bank(file_name, bank_name, now) for file_name, bank_name in BANKS.items()}
    preset = presets.find("hunan-2024")
    if preset is None:
        raise LookupError("the preset hunan-2024 belongs to the package")
    draft = draft_of_preset(
        preset=preset,
        bank=banks[CONTEST_BANK],
        slug=SLUG,
        title=TITLE,
        now=now,
        timezone=get_settings().timezone,
    )
    draft = replace(draft, opens_at=now, closes_at=now + OPEN_FOR, introduction=INTRODUCTION)
    contest = actions.create_contest(draft=draft, actor=None, now=now)
    actions.publish(contest=contest, actor=None, now=now)
    return contest


def _load_bank(file_name: str, bank_name: str, now: datetime) -> Bank:
    bank = get_or_create_bank(name=bank_name, actor=None, now=now)
    if db.session.scalar(select(Question.id).where(Question.bank_id == bank.id).limit(1)) is None:
        content = files("quizapp.bank").joinpath("seeds", file_name).read_bytes()
        looked = importing.look(content, format_name="csv")
        importing.bring_in(
            bank=bank, file_name=file_name, content=content, looked=looked, approve=True, actor=None, now=now
        )
    return bank
