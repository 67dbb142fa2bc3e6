"""Pages of the bank: banks, questions, review, import, laws."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.accounts.access import current_staff, require
from quizapp.bank import actions, importing, queries
from quizapp.bank.formats import place
from quizapp.bank.formats.characters import clean
from quizapp.bank.forms import BankForm, HoldForm, ImportForm, QuestionForm, ReviewForm, TakeForm, values_of
from quizapp.bank.models import KINDS, Bank, Question, QuestionImport
from quizapp.bank.words import KIND_WORDS, STATE_WORDS
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _
from quizapp.core.settings import Settings

ROWS = 30

blueprint = Blueprint("bank", __name__, url_prefix="/bank")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.jinja_env.globals["kind_words"] = KIND_WORDS
    app.jinja_env.globals["question_state_words"] = STATE_WORDS
    app.template_filter("place")(place)


def four_eyes() -> bool:
    settings: Settings = current_app.extensions["quizapp.settings"]
    return settings.four_eyes


def bank_or_404(bank_id: int) -> Bank:
    bank = db.session.get(Bank, bank_id)
    if bank is None:
        raise NotFound
    return bank


def question_or_404(question_id: int) -> Question:
    question = db.session.get(Question, question_id)
    if question is None:
        raise NotFound
    return question


def import_or_404(import_id: int) -> QuestionImport:
    staged = db.session.get(QuestionImport, import_id)
    if staged is None:
        raise NotFound
    return staged


@blueprint.get("/")
@require("organiser", "reviewer")
def index() -> ResponseReturnValue:
    return render_template("bank/index.html", banks=queries.banks_with_counts(), in_review=queries.count_in_review())


@blueprint.route("/new", methods=["GET", "POST"])
@require("organiser")
def create() -> ResponseReturnValue:
    form = BankForm()
    if form.validate_on_submit():
        name = form.name.data.strip()
        if db.session.scalar(select(Bank).where(Bank.name == name)):
            form.name.errors = [_("已经有同名的题库，请换一个名称。")]
        else:
            bank = actions.get_or_create_bank(name=name, actor=current_staff(), now=utc_now())
            bank.description = form.description.data or ""
            db.session.flush()
            return redirect(url_for("bank.show", bank_id=bank.id), 303)
    return render_template("bank/create.html", form=form), 422 if form.is_submitted() else 200


@blueprint.get("/<int:bank_id>")
@require("organiser", "reviewer")
def show(bank_id: int) -> ResponseReturnValue:
    bank = bank_or_404(bank_id)
    wanted = queries.Filter(
        words=request.args.get("words", "").strip()[:100],
        kind=request.args.get("kind", "") if request.args.get("kind") in KINDS else "",
        state=request.args.get("state", "") if request.args.get("state") in STATE_WORDS else "",
        topic_id=request.args.get("topic", type=int),
        law=request.args.get("law", "").strip()[:100],
    )
    page = db.paginate(queries.questions_of_bank(bank_id=bank.id, wanted=wanted), per_page=ROWS, max_per_page=ROWS)
    topics = queries.topics_of_bank(bank.id)
    return render_template("bank/show.html", bank=bank, page=page, wanted=wanted, topics=topics)


@blueprint.route("/<int:bank_id>/questions/new", methods=["GET", "POST"])
@require("organiser")
def add_question(bank_id: int) -> ResponseReturnValue:
    bank = bank_or_404(bank_id)
    kind = request.args.get("kind", "single")
    if kind not in KINDS:
        raise NotFound
    form = QuestionForm.of_kind(kind)
    if form.validate_on_submit():
        content = form.content()
        if "preview" in request.form:
            return render_template("bank/edit.html", bank=bank, form=form, kind=kind, question=None, preview=content)
        question = actions.add_questions(bank=bank, contents=[content], actor=current_staff(), now=utc_now())[0]
        flash(_("题目已保存为草稿。"), "success")
        return redirect(url_for("bank.question", question_id=question.id), 303)
    page = render_template("bank/edit.html", bank=bank, form=form, kind=kind, question=None, preview=None)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/questions/<int:question_id>")
@require("organiser", "reviewer")
def question(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    return render_template(
        "bank/question.html",
        question=found,
        review_form=ReviewForm(formdata=None),
        hold_form=HoldForm(formdata=None),
        four_eyes=four_eyes(),
    )


@blueprint.route("/questions/<int:question_id>/edit", methods=["GET", "POST"])
@require("organiser")
def edit_question(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    form = QuestionForm.of_kind(found.kind, data=values_of(found.latest))
    if form.validate_on_submit():
        content = form.content()
        if "preview" in request.form:
            return render_template(
                "bank/edit.html", bank=found.bank, form=form, kind=found.kind, question=found, preview=content
            )
        actions.revise(question=found, content=content, actor=current_staff(), now=utc_now())
        flash(_("新的修订已保存为草稿；审核通过前，竞赛仍使用原来的修订。"), "success")
        return redirect(url_for("bank.question", question_id=found.id), 303)
    page = render_template("bank/edit.html", bank=found.bank, form=form, kind=found.kind, question=found, preview=None)
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/questions/<int:question_id>/submit")
@require("organiser")
def submit(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    actions.submit(question=found)
    flash(_("已送审。"), "success")
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.post("/questions/<int:question_id>/approve")
@require("reviewer", "organiser")
def approve(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    staff = current_staff()
    if four_eyes() and not staff.has_role("reviewer"):
        raise actions.OwnQuestion
    form = ReviewForm()
    actions.approve(
        question=found, reviewer=staff, four_eyes=four_eyes(), comment=form.comment.data or "", now=utc_now()
    )
    if found.state == "approved":
        flash(_("已审核通过。"), "success")
    else:
        flash(_("已记下您的通过意见；敏感题目还需另一位同事审核。"), "info")
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.post("/questions/<int:question_id>/return")
@require("reviewer", "organiser")
def return_question(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    comment = (ReviewForm().comment.data or "").strip()
    if not comment:
        flash(_("退回时请写明原因，好让编写者知道怎么改。"), "danger")
        return redirect(url_for("bank.question", question_id=found.id), 303)
    actions.return_question(question=found, reviewer=current_staff(), comment=comment, now=utc_now())
    flash(_("已退回给编写者。"), "success")
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.post("/questions/<int:question_id>/hold")
@require("organiser", "reviewer")
def hold(question_id: int) -> ResponseReturnValue:
    """Hold a question with a reason, or release a held one."""
    found = question_or_404(question_id)
    if found.held_reason:
        reason = ""
    else:
        form = HoldForm()
        if not form.validate():
            flash(form.reason.errors[0], "danger")
            return redirect(url_for("bank.question", question_id=found.id), 303)
        reason = form.reason.data.strip()
    audit.record(
        action="bank.hold" if reason else "bank.release",
        subject_kind="question",
        subject_id=str(found.id),
        detail={"before": found.held_reason, "after": reason},
        now=utc_now(),
        actor=current_staff(),
    )
    actions.hold(question=found, reason=reason)
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.post("/questions/<int:question_id>/retire")
@require("organiser")
def retire(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    actions.retire(question=found)
    flash(_("题目已停用；已经发布的竞赛不受影响。"), "success")
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.get("/review")
@require("reviewer", "organiser")
def reviews() -> ResponseReturnValue:
    """The questions that wait for a reviewer, oldest first."""
    page = db.paginate(queries.questions_in_review(), per_page=ROWS, max_per_page=ROWS)
    return render_template("bank/reviews.html", page=page)


@blueprint.route("/<int:bank_id>/import", methods=["GET", "POST"])
@require("organiser")
def import_file(bank_id: int) -> ResponseReturnValue:
    """Read a file and show row by row what was understood; the bank is not changed yet."""
    bank = bank_or_404(bank_id)
    form = ImportForm()
    if form.validate_on_submit():
        content = form.file.data.read()
        if content:
            staged = importing.stage(
                bank=bank,
                file_name=clean(form.file.data.filename or ""),
                content=content,
                format_name=form.format.data,
                actor=current_staff(),
                now=utc_now(),
            )
            return redirect(url_for("bank.show_import", import_id=staged.id), 303)
        form.file.errors = [_("这个文件是空的，请选择有内容的文件。")]
    return render_template("bank/import.html", bank=bank, form=form), 422 if form.is_submitted() else 200


@blueprint.get("/imports/<int:import_id>")
@require("organiser")
def show_import(import_id: int) -> ResponseReturnValue:
    staged = import_or_404(import_id)
    return render_template(
        "bank/import_report.html",
        staged=staged,
        bank=bank_or_404(staged.bank_id),
        sample=importing.sample(staged),
        form=TakeForm(approve=True),
        four_eyes=four_eyes(),
    )


@blueprint.post("/imports/<int:import_id>/take")
@require("organiser")
def take_import(import_id: int) -> ResponseReturnValue:
    staged = import_or_404(import_id)
    count = importing.take(
        staged=staged,
        bank=bank_or_404(staged.bank_id),
        approve=not four_eyes() and bool(TakeForm().approve.data),
        actor=current_staff(),
        now=utc_now(),
    )
    flash(_("已导入 %(count)s 道题。", count=str(count)), "success")
    return redirect(url_for("bank.show", bank_id=staged.bank_id), 303)


@blueprint.post("/imports/<int:import_id>/drop")
@require("organiser")
def drop_import(import_id: int) -> ResponseReturnValue:
    staged = import_or_404(import_id)
    if staged.state != "staged":
        raise importing.AlreadyImported
    bank_id = staged.bank_id
    db.session.delete(staged)
    flash(_("已放弃这个文件，题库没有变化。"), "info")
    return redirect(url_for("bank.show", bank_id=bank_id), 303)


@blueprint.get("/laws")
@require("organiser", "reviewer")
def laws() -> ResponseReturnValue:
    return render_template("bank/laws.html", laws=queries.laws_with_counts())
