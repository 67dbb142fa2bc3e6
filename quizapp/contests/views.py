"""Pages on which organisers make, check and publish contests."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from quizapp.accounts.access import current_staff, require
from quizapp.bank.languages import direction_of, name_of
from quizapp.bank.models import Bank, Question
from quizapp.bank.queries import count_usable, topics_of_bank
from quizapp.bank.words import DIFFICULTY_WORDS, KIND_WORDS
from quizapp.contests import actions, posters, presets, previews, queries, rules
from quizapp.contests.checks import EXPECTED_PEOPLE, PART_WORDS, check, draft_of
from quizapp.contests.files import draft_of_preset
from quizapp.contests.form_fields import number_or_none
from quizapp.contests.forms import (
    ActForm,
    ContestForm,
    PublishedForm,
    PublishForm,
    number_of,
    values_of,
    values_of_new,
    values_of_published,
)
from quizapp.contests.kit import Kit
from quizapp.contests.kits import compile_kit, get_kit, held_questions
from quizapp.contests.models import Contest, Section
from quizapp.contests.words import ENTRY_FIELD_WORDS, STATE_WORDS, rules_in_words
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _
from quizapp.core.live import get_live
from quizapp.core.settings import get_settings
from quizapp.core.web import points_text

PAGE_SIZE = 20
POOL_PAGE_SIZE = 30
STAGE_TONES = {"draft": "neutral", "waiting": "info", "open": "good", "paused": "warn", "closed": "neutral"}

WORDS: dict[str, Any] = {
    "stage_words": STATE_WORDS,
    "stage_tones": STAGE_TONES,
    "kind_words": KIND_WORDS,
    "difficulty_words": DIFFICULTY_WORDS,
    "entry_field_words": ENTRY_FIELD_WORDS,
    "part_words": PART_WORDS,
}

blueprint = Blueprint("contests", __name__, url_prefix="/contests")
blueprint.context_processor(lambda: WORDS)


def init_app(app: Flask) -> None:
    app.template_filter("direction")(direction_of)
    app.template_filter("language_name")(name_of)
    app.register_blueprint(blueprint)


@blueprint.get("/")
@require("organiser")
def index() -> ResponseReturnValue:
    now, stage, words = utc_now(), request.args.get("stage", ""), request.args.get("words", "").strip()[:100]
    query = queries.contests_in_stage(stage=stage, words=words, now=now)
    page = db.paginate(query, per_page=PAGE_SIZE, max_per_page=PAGE_SIZE)
    stages = {contest.id: queries.stage_of(contest, now=now) for contest in page.items}
    return render_template("contests/index.html", page=page, stages=stages, stage=stage, words=words)


@blueprint.route("/new", methods=["GET", "POST"])
@require("organiser")
def create() -> ResponseReturnValue:
    banks = _banks()
    if not banks:
        return render_template("contests/no_bank.html")
    form = ContestForm(data=_values_of_new(request.args.get("preset", "")))
    if not form.is_submitted() and not form.sections.entries:
        form.add_row(banks[0].id)
    if form.is_submitted() and not _change_rows(form, banks):
        form.offer(banks, site_timezone=get_settings().timezone)
        contest = _store(form, None)
        if contest is not None:
            flash(_("草稿已保存。请看样卷、做检查，再发布。"), "good")
            return redirect(url_for("contests.show", slug=contest.slug), 303)
        return _form_page(form, None), 422
    form.offer(banks, site_timezone=get_settings().timezone)
    return _form_page(form, None)


def _values_of_new(preset_name: str) -> dict[str, Any]:
    values = values_of_new(now=utc_now(), timezone=get_settings().timezone)
    preset = presets.find(preset_name)
    if preset is None:
        return values
    timezone = get_settings().timezone
    draft = draft_of_preset(preset=preset, bank=_banks()[0], slug="", title="", now=utc_now(), timezone=timezone)
    return values_of(draft)


@blueprint.get("/usable")
@require("organiser")
def usable() -> ResponseReturnValue:
    """For the section editor's script: how many questions fit a row, and the topics of its bank."""
    try:
        bank_id, topic_id, difficulty = (
            number_or_none(request.args.get(name)) for name in ("bank_id", "topic_id", "difficulty")
        )
    except ValueError:
        raise NotFound from None
    if bank_id is None or db.session.get(Bank, bank_id) is None:
        raise NotFound
    topics = [{"id": topic.id, "name": "　" * depth + topic.name} for depth, topic in topics_of_bank(bank_id)]
    if topic_id not in {None, *(topic["id"] for topic in topics)}:
        topic_id = None
    kind = request.args.get("kind") or None
    count = count_usable(bank_id=bank_id, kind=kind, topic_id=topic_id, difficulty=difficulty)
    return jsonify({"count": count, "text": _("可用 %(count)s 题", count=str(count)), "topics": topics})


@blueprint.get("/<slug>")
@require("organiser")
def show(slug: str) -> ResponseReturnValue:
    contest = queries.get_contest(slug)
    return render_template(
        "contests/show.html",
        contest=contest,
        stage=queries.stage_of(contest, now=utc_now()),
        rules=rules_in_words(_kit(contest)),
        report=_check(contest) if not contest.is_published else None,
        held=held_questions(contest) if contest.is_published else (),
        address=posters.address(contest.slug),
        entries=queries.entries_count(contest.id),
        form=ActForm(lock_version=contest.lock_version),
    )


@blueprint.route("/<slug>/edit", methods=["GET", "POST"])
@require("organiser")
def edit(slug: str) -> ResponseReturnValue:
    contest = queries.get_contest(slug)
    if contest.is_published:
        return _edit_published(contest)
    banks = _banks()
    form = ContestForm(data=values_of(draft_of(contest)) | {"lock_version": contest.lock_version})
    if form.is_submitted() and not _change_rows(form, banks):
        form.offer(banks, site_timezone=get_settings().timezone)
        if _store(form, contest) is not None:
            flash(_("修改已保存。"), "good")
            return redirect(url_for("contests.show", slug=contest.slug), 303)
        return _form_page(form, contest), 422
    form.offer(banks, site_timezone=get_settings().timezone)
    return _form_page(form, contest)


def _edit_published(contest: Contest) -> ResponseReturnValue:
    form = PublishedForm(data=values_of_published(contest))
    if form.validate_on_submit():
        try:
            actions.update_published(
                contest=contest,
                host_name=form.host_name.data,
                introduction=form.introduction.data.replace("\r\n", "\n"),
                capacity=form.capacity.data,
                lock_version=number_of(form.lock_version.data),
                actor=current_staff(),
                now=utc_now(),
            )
        except actions.WrongDraft as refusal:
            form.blame(refusal.complaints)
        else:
            flash(_("修改已保存，参赛者刷新页面后即可看到。"), "good")
            return redirect(url_for("contests.show", slug=contest.slug), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("contests/edit_published.html", form=form, contest=contest), status


def _change_rows(form: ContestForm, banks: Sequence[Bank]) -> bool:
    """Whether a button of the section editor was pressed: the page is shown again with its rows changed, unsaved."""
    if "add_row" in request.form:
        form.add_row(banks[0].id)
    elif "remove_row" in request.form:
        form.remove_row(number_of(request.form["remove_row"]))
    else:
        return "count_rows" in request.form
    return True


def _store(form: ContestForm, contest: Contest | None) -> Contest | None:
    """Create or change the contest; None when the form has errors, which then stand next to their fields."""
    if not form.validate():
        return None
    now, actor = utc_now(), current_staff()
    slug = contest.slug if contest else actions.free_slug(rules.suggest_slug(title=form.title.data, day=now.date()))
    draft = form.draft(slug=slug)
    try:
        if contest is None:
            return actions.create_contest(draft=draft, actor=actor, now=now)
        version = number_of(form.lock_version.data)
        actions.update_contest(contest=contest, draft=draft, lock_version=version, actor=actor, now=now)
    except actions.WrongDraft as refusal:
        form.blame(refusal.complaints)
        return None
    return contest


def _form_page(form: ContestForm, contest: Contest | None) -> str:
    full = sum((row.form.count.data or 0) * (row.form.points.data or 0) for row in form.sections)
    return render_template(
        "contests/edit.html",
        form=form,
        contest=contest,
        presets=presets.all_presets(),
        count=sum(row.form.count.data or 0 for row in form.sections),
        full=points_text(full),
        address=posters.address(""),
    )


@blueprint.get("/<slug>/preview")
@require("organiser")
def preview(slug: str) -> ResponseReturnValue:
    """A sample paper as a participant would get it; `seed` names which."""
    contest = queries.get_contest(slug)
    seed = request.args.get("seed", "1")[:32]
    kit = _kit(contest)
    paper = previews.sample_paper(kit=kit, seed=seed)
    another = secrets.token_hex(3)
    return render_template("contests/preview.html", contest=contest, kit=kit, paper=paper, another=another)


@blueprint.get("/<slug>/check")
@require("organiser")
def show_check(slug: str) -> ResponseReturnValue:
    contest = queries.get_contest(slug)
    people = request.args.get("people", EXPECTED_PEOPLE, type=int)
    report = _check(contest, people=min(max(people, 1), 10_000_000))
    return render_template("contests/check.html", contest=contest, report=report)


def _check(contest: Contest, people: int = EXPECTED_PEOPLE) -> Any:
    durability = get_settings().durability
    return check(contest=contest, now=utc_now(), live=get_live(), durability=durability, people=people)


@blueprint.route("/<slug>/publish", methods=["GET", "POST"])
@require("organiser")
def publish(slug: str) -> ResponseReturnValue:
    contest = queries.get_contest(slug)
    if contest.is_published:
        raise actions.AlreadyPublished
    form = PublishForm(lock_version=contest.lock_version)
    if form.validate_on_submit():
        version = number_of(form.lock_version.data)
        try:
            actions.publish(contest=contest, lock_version=version, actor=current_staff(), now=utc_now())
        except actions.NotReady:
            form.confirm.errors = [_("检查发现还有必须修改的地方，没有发布。")]
        else:
            flash(_("竞赛已发布。可以张贴二维码海报了。"), "good")
            return redirect(url_for("contests.show", slug=contest.slug), 303)
    status = 422 if form.is_submitted() else 200
    return render_template(
        "contests/publish.html", contest=contest, form=form, report=_check(contest), rules=rules_in_words(_kit(contest))
    ), status


@blueprint.post("/<slug>/copy")
@require("organiser")
def copy(slug: str) -> ResponseReturnValue:
    copied = actions.copy_contest(contest=queries.get_contest(slug), actor=current_staff(), now=utc_now())
    flash(_("已复制为新的草稿，请检查名称和时间。"), "good")
    return redirect(url_for("contests.edit", slug=copied.slug), 303)


@blueprint.route("/<slug>/delete", methods=["GET", "POST"])
@require("organiser")
def delete(slug: str) -> ResponseReturnValue:
    contest = queries.get_contest(slug)
    if contest.is_published:
        raise actions.AlreadyPublished
    if request.method == "POST":
        actions.delete_draft(contest=contest, actor=current_staff(), now=utc_now())
        flash(_("草稿已删除。"), "good")
        return redirect(url_for("contests.index"), 303)
    return render_template("contests/delete.html", contest=contest)


@blueprint.route("/<slug>/sections/<int:section_id>", methods=["GET", "POST"])
@require("organiser")
def choose(slug: str, section_id: int) -> ResponseReturnValue:
    """Choose the questions of a fixed paper's section."""
    section = _section(queries.get_contest(slug), section_id)
    if request.method == "POST":
        _choose(section)
        page = number_of(request.form.get("page")) if request.form.get("page") else 1
        return redirect(url_for("contests.choose", slug=slug, section_id=section_id, page=max(1, page)), 303)
    pool = actions.open_pool(section)
    page = min(max(request.args.get("page", 1, type=int), 1), max(1, -(-len(pool) // POOL_PAGE_SIZE)))
    shown = pool[(page - 1) * POOL_PAGE_SIZE : page * POOL_PAGE_SIZE]
    return render_template(
        "contests/choose.html",
        contest=section.contest,
        section=section,
        number=section.contest.sections.index(section) + 1,
        pool_size=len(pool),
        shown=shown,
        page=page,
        pages=max(1, -(-len(pool) // POOL_PAGE_SIZE)),
    )


def _choose(section: Section) -> None:
    version = number_of(request.form.get("lock_version"))
    if "draw" in request.form:
        added = actions.draw_questions(section=section, seed=secrets.token_hex(8), lock_version=version)
        flash(_("随机选入了 %(count)s 题。", count=str(added)), "good" if added else "warn")
        return
    add = {number_of(text) for text in request.form.getlist("add")}
    remove = {number_of(text) for text in request.form.getlist("remove")}
    actions.choose_questions(section=section, add=sorted(add), remove=remove, lock_version=version)


def _section(contest: Contest, section_id: int) -> Section:
    section = next((section for section in contest.sections if section.id == section_id), None)
    if section is None or contest.paper != "fixed":
        raise NotFound
    return section


@blueprint.get("/<slug>/poster")
@require("organiser")
def poster(slug: str) -> ResponseReturnValue:
    contest = queries.get_published(slug)
    address = posters.address(contest.slug)
    host = urlsplit(address).hostname or ""
    return render_template("contests/poster.html", contest=contest, address=address, is_local=posters.is_loopback(host))


@blueprint.get("/<slug>/qr.<form>")
@require("organiser")
def qr(slug: str, form: str) -> ResponseReturnValue:
    """The QR code of the contest's address as svg or png; with ?download=1 as a file."""
    contest = queries.get_published(slug)
    if form not in posters.MIME_TYPES:
        raise NotFound
    response = Response(posters.qr_code(posters.address(contest.slug), form), mimetype=posters.MIME_TYPES[form])
    if "download" in request.args:
        response.headers["Content-Disposition"] = f'attachment; filename="{contest.slug}.{form}"'
    return response


def _kit(contest: Contest) -> Kit:
    """The kit as published, or as it would be if a draft were published now."""
    if contest.is_published:
        return get_kit(contest_id=contest.id, version=contest.kit_version)
    return compile_kit(contest=contest, version=1)


def _banks() -> list[Bank]:
    """The banks that have questions; an empty one cannot be drawn from."""
    has_questions = select(Question.id).where(Question.bank_id == Bank.id).exists()
    return list(db.session.scalars(select(Bank).where(has_questions).order_by(Bank.name)))
