"""`quizapp contest void` and `quizapp contest correct`: set a question of a published contest right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from quizapp.contests import queries as contests
from quizapp.contests.correcting import KEY, VOID, BadKey, read_key
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.command import emit, json_option, refuse, with_app
from quizapp.core.db import db
from quizapp.core.web import points_text
from quizapp.play import correcting, rescoring
from quizapp.play.forms import REASON_LETTERS
from quizapp.play.impact import Impact

Command = Callable[..., Any]


def _options(function: Command) -> Command:
    for option in (
        json_option,
        click.option("--dry-run", is_flag=True, help="Only say what would change."),
        click.option("--reason", required=True, help="Goes into the audit trail, and is shown to participants."),
    ):
        function = option(function)
    return function


@click.command("void")
@click.argument("slug")
@click.argument("question", type=int)
@_options
@with_app
def void(slug: str, question: int, reason: str, dry_run: bool, as_json: bool) -> None:
    """Void QUESTION (its number in the bank) of the published contest SLUG: everybody who has it gets its points."""
    _correct(slug, question, VOID, "", reason, dry_run=dry_run, as_json=as_json)


@click.command("correct")
@click.argument("slug")
@click.argument("question", type=int)
@click.option("--key", required=True, help="The right answer: B, ABD, true, CABD, A2 B1 C3; blanks one a line.")
@_options
@with_app
def correct(slug: str, question: int, key: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Correct the key of QUESTION (its number in the bank) in the published contest SLUG, and mark everybody anew."""
    _correct(slug, question, KEY, key, reason, dry_run=dry_run, as_json=as_json)


def _correct(slug: str, question_id: int, what: str, text: str, reason: str, *, dry_run: bool, as_json: bool) -> None:
    reason, now = reason.strip(), utc_now()
    if not 0 < len(reason) <= REASON_LETTERS:
        refuse(f"the reason needs 1 to {REASON_LETTERS} letters")
    contest = contests.get_published(slug)
    key = _read(contest, question_id, text) if what == KEY else []
    if dry_run:
        found = correcting.preview(contest=contest, question_id=question_id, what=what, key=key, now=now)
        _tell(slug, question_id, found, is_done=False, as_json=as_json)
        return
    asked = correcting.ask(
        contest=contest,
        question_id=question_id,
        what=what,
        key=key,
        reason=reason,
        lock_version=contest.lock_version,
        actor=None,
        now=now,
    )
    correction_id = asked.id
    db.session.commit()
    # A worker may take the job up at the same time: whoever comes second finds it done.
    done = rescoring.rescore(correction_id, now=utc_now(), tell=lambda _done, _total: None)
    _tell(slug, question_id, Impact(**done), is_done=True, as_json=as_json)


def _read(contest: Contest, question_id: int, text: str) -> Sequence[Any]:
    try:
        return read_key(correcting.question_of(contest, question_id), text.replace("\\n", "\n"))
    except BadKey as refusal:
        refuse(correcting.key_sentence(refusal.code))
        raise


def _tell(slug: str, question_id: int, found: Impact, *, is_done: bool, as_json: bool) -> None:
    if as_json:
        emit({"contest": slug, "question": question_id, "done": is_done} | found.document())
        return
    moved = "scores" if is_done else "scores as they would change"
    click.echo(
        f"{slug}: question {question_id}; papers with it: {found.papers}, still open: {found.open}; "
        f"{moved}: {found.raised} up, {found.lowered} down; "
        f"mean {points_text(found.mean_before_hundredths)} → {points_text(found.mean_after_hundredths)}"
    )


contest_commands = (void, correct)
"""Added to the group `contest` by the command line, which knows both rooms."""
