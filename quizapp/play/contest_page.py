"""The public page of a contest: what everybody sees of it is rendered once, what is a reader's own for each of them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask import get_flashed_messages, get_template_attribute, render_template, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from quizapp.accounts.queries import latest_notice, latest_notice_version
from quizapp.contests import queries
from quizapp.contests.kit import Kit
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest
from quizapp.contests.words import rules_in_words
from quizapp.core.clock import to_ms
from quizapp.core.db import column_values
from quizapp.core.frames import Frame, get_frames, slot
from quizapp.core.live import get_live
from quizapp.core.web import here
from quizapp.play import access, pages
from quizapp.play.figures import BoardRow
from quizapp.play.words import FIGURES, figure_text

ELDER_COOKIE = "quizapp_elder"
SECOND_LANGUAGE_COOKIE = "quizapp_second_language"


@dataclass
class EntryForm:
    """What was sent with the entry form, and what was wrong with it."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""
    needs_code: bool = False
    entry_key: str = field(default_factory=secrets.token_hex)
    """Made for this page, so that an entry sent twice is one."""


def languages_of(kit: Kit) -> dict[str, Any]:
    """What the switch of languages shows: the kit's, and which of them was chosen."""
    chosen = request.cookies.get(SECOND_LANGUAGE_COOKIE, "")
    return {"kit_languages": kit.languages, "second_language": chosen if chosen in kit.languages else ""}


def contest_page(contest: Contest, entry_form: EntryForm, *, now: datetime) -> str:
    """The page as its reader sees it now: the frame that such readers share, and in it what is this one's own."""
    kit = get_kit(contest_id=contest.id, version=contest.kit_version)
    stage = queries.stage_of(contest, now=now)
    participant = access.participant_by_cookie(contest.id, now=now)
    live = pages.live_view(get_live(), contest=contest, kit=kit, participant=participant)
    code = access.resume_code_to_show(contest.id) if participant else None
    shown = _shown(contest, kit, live.top, is_entered=participant is not None, has_code=code is not None, now=now)
    has_act = participant is not None or stage == "closed"
    return _frame(contest, kit, shown, entry_form).fill(
        {
            "entry_key": entry_form.entry_key,
            "resume_code": code,
            "standing": _part("standing", contest, stage, live.standing) if participant else "",
            "act": _part("act", contest, stage, live.standing) if has_act else "",
            "now_ms": to_ms(now),
            "here": here(),
            "csrf_token": generate_csrf(),
            **{name: figure_text(getattr(live.pulse, name)) if live.pulse else "—" for name, _label in FIGURES},
        }
    )


def _shown(
    contest: Contest, kit: Kit, top: Sequence[BoardRow], *, is_entered: bool, has_code: bool, now: datetime
) -> dict[str, Any]:
    """What of the page is not the contest's or its kit's own, and no reader's."""
    stage = queries.stage_of(contest, now=now)
    has_form = not is_entered and stage != "closed"
    return {
        "stage": stage,
        "is_past_end": queries.is_past_end_in_pause(contest, now=now),
        "turn": pages.turn_of(contest, stage=stage),
        "is_entered": is_entered,
        "has_code": has_code,
        "fields": queries.entry_fields(contest) if has_form else [],
        "notice_version": latest_notice_version() if has_form else "",
        "top": top,
        **languages_of(kit),
    }


def _frame(contest: Contest, kit: Kit, shown: dict[str, Any], entry_form: EntryForm) -> Frame:
    """The page with slots; what somebody has typed, or is told once, is in no frame that is kept.

    A kept one is made of the contest's row, which names the kit's version, and of `shown`.
    """

    def render() -> str:
        return render_template(
            "play/contest.html",
            contest=contest,
            rules=rules_in_words(kit),
            notice=latest_notice(),
            entry_form=replace(entry_form, entry_key=slot("entry_key")),
            figures={name: slot(name) for name, _label in FIGURES},
            csrf_token=lambda: slot("csrf_token"),
            here=lambda: slot("here"),
            **{name: slot(name) for name in ("resume_code", "standing", "act", "now_ms")},
            **shown,
        )

    if entry_form.refusal or get_flashed_messages():
        return Frame(render())
    is_elder = request.cookies.get(ELDER_COOKIE) == "1"
    kind = (contest.id, is_elder, shown["is_entered"], shown["has_code"], shown["second_language"])
    return get_frames().get(kind, made_of=(column_values(contest), shown), render=render)


def _part(name: str, contest: Contest, stage: str, standing: pages.Standing | None) -> Markup:
    """A part of the page that shows how its reader stands: the macro of that name."""
    part: Markup = get_template_attribute(f"play/_{name}.html", name)(contest, stage, standing)
    return part
