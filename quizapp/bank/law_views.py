"""Pages of laws and their articles: the list, one law, one article, what changed, and giving them out."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from quizapp.accounts.access import current_staff, require
from quizapp.bank import law_changes, law_queries, laws
from quizapp.bank.article_labels import articles_in
from quizapp.bank.blueprint import ROWS, blueprint
from quizapp.bank.finding import load_questions
from quizapp.bank.formats.characters import shorten
from quizapp.bank.law_comparison import ArticleChange
from quizapp.bank.law_forms import ArticleTextForm, ChangeForm, LawForm
from quizapp.bank.law_lists import write_list
from quizapp.bank.law_queries import LAW_STATES, ArticleLine
from quizapp.bank.models import Article, Law
from quizapp.bank.statutes.document import write_json, write_markdown
from quizapp.core.clock import local_day, utc_now
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _
from quizapp.core.paging import Listed
from quizapp.core.settings import get_settings

ARTICLES = 200
"""Articles of a law on one page."""
CONTENT_TYPES = {
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def law_or_404(law_id: int) -> Law:
    law = db.session.get(Law, law_id)
    if law is None:
        raise NotFound
    return law


@blueprint.get("/laws", endpoint="laws")
@require("organiser", "reviewer")
def law_list() -> ResponseReturnValue:
    words = request.args.get("words", "").strip()[:100]
    status = request.args.get("status", "") if request.args.get("status") in LAW_STATES else ""
    page = db.paginate(law_queries.laws_found(words=words, status=status), per_page=ROWS, max_per_page=ROWS)
    return render_template(
        "bank/laws.html",
        page=page,
        lines=law_queries.law_lines(page.items),
        articles=law_queries.search_articles(words) if words else [],
        words=words,
        status=status,
        held=law_queries.count_held(),
    )


@blueprint.get("/laws/search")
@require("organiser", "reviewer")
def search_laws() -> ResponseReturnValue:
    """For the question form: {"articles": [{"law", "article", "effective_on", "text", "status"}, …]}, best first."""
    found = law_queries.search_articles(request.args.get("q", ""))
    return jsonify(
        articles=[
            {
                "law": article.law.title,
                "article": article.label,
                "effective_on": article.law.effective_on.isoformat() if article.law.effective_on else "",
                "text": shorten(article.text, 80),
                "status": article.status if article.status != "in_force" else article.law.status,
            }
            for article in found
        ]
    )


@blueprint.get("/laws/list.<format_name>")
@require("organiser", "reviewer")
def export_laws(format_name: str) -> ResponseReturnValue:
    if format_name not in ("xlsx", "csv"):
        raise NotFound
    all_laws = list(db.session.scalars(select(Law).order_by(Law.title, Law.effective_on, Law.id)))
    return _download(write_list(all_laws, format_name), "laws", format_name)


@blueprint.route("/laws/new", methods=["GET", "POST"])
@require("organiser")
def add_law() -> ResponseReturnValue:
    form = LawForm()
    if form.validate_on_submit():
        try:
            law = laws.add_law(facts=form.facts(), actor=current_staff(), now=utc_now())
        except laws.LawExists as refusal:
            form.title.errors = [refusal.message()]
        else:
            return redirect(url_for("bank.law", law_id=law.id), 303)
    return render_template("bank/law_edit.html", form=form, law=None), 422 if form.is_submitted() else 200


@blueprint.get("/laws/<int:law_id>")
@require("organiser", "reviewer")
def law(law_id: int) -> ResponseReturnValue:
    """A law with its articles, or only those that questions cite."""
    found = law_or_404(law_id)
    lines = law_queries.article_lines(found)
    only_cited = "cited" in request.args
    shown = [line for line in lines if line.question_ids] if only_cited else lines
    versions = laws.versions_of(found.title)
    return render_template(
        "bank/law.html",
        law=found,
        page=Listed(rows=shown, per_page=ARTICLES),
        count=sum(1 for line in lines if line.article and line.article.place and line.number and line.number.number),
        has_text=any(article.place for article in found.articles),
        questions=len(set().union(*(line.question_ids for line in lines))),
        only_cited=only_cited,
        versions=[version for version in versions if version is not found],
        mergeable=_mergeable(found),
        form=_change_form(),
    )


@blueprint.route("/laws/<int:law_id>/edit", methods=["GET", "POST"])
@require("organiser")
def edit_law(law_id: int) -> ResponseReturnValue:
    found = law_or_404(law_id)
    form = LawForm(obj=found)
    if form.validate_on_submit():
        try:
            laws.change_law(law=found, facts=form.facts(), actor=current_staff(), now=utc_now())
        except laws.LawExists as refusal:
            form.effective_on.errors = [refusal.message()]
        else:
            flash(_("已保存。"), "success")
            return redirect(url_for("bank.law", law_id=found.id), 303)
    return render_template("bank/law_edit.html", form=form, law=found), 422 if form.is_submitted() else 200


@blueprint.post("/laws/<int:law_id>/delete")
@require("organiser")
def delete_law(law_id: int) -> ResponseReturnValue:
    found = law_or_404(law_id)
    title = found.title
    laws.delete_law(law=found, actor=current_staff(), now=utc_now())
    flash(_("已删除《%(title)s》。", title=title), "success")
    return redirect(url_for("bank.laws"), 303)


@blueprint.post("/laws/<int:law_id>/merge")
@require("organiser")
def merge_law(law_id: int) -> ResponseReturnValue:
    """Make the citations of a version that is known from citations alone those of this one: its date was left out
    or wrong."""
    found = law_or_404(law_id)
    source = next((law for law in _mergeable(found) if str(law.id) == request.form.get("source")), None)
    if source is None:
        raise NotFound
    count = laws.merge_laws(source=source, target=found, actor=current_staff(), now=utc_now())
    flash(_("已并入 %(count)s 处引用。", count=str(count)), "success")
    return redirect(url_for("bank.law", law_id=found.id), 303)


def _mergeable(law: Law) -> list[Law]:
    """The versions of a law without a text of their own, if this one has a date."""
    others = [version for version in laws.versions_of(law.title) if version is not law]
    return [other for other in others if law.effective_on and not any(article.place for article in other.articles)]


@blueprint.get("/laws/<int:law_id>/statute.<format_name>")
@require("organiser", "reviewer")
def export_law(law_id: int, format_name: str) -> ResponseReturnValue:
    found = law_or_404(law_id)
    if format_name not in ("md", "json"):
        raise NotFound
    statute = laws.statute_of(found)
    content = write_json(statute) if format_name == "json" else write_markdown(statute).encode()
    day = f"({found.effective_on.isoformat()})" if found.effective_on else ""
    return _download(content, f"{found.title}{day}", format_name)


def _download(content: bytes, name: str, format_name: str) -> Response:
    response = Response(content, content_type=CONTENT_TYPES[format_name])
    file_name = f"{name}.{format_name}"
    plain = file_name if file_name.isascii() else f"law.{format_name}"
    response.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name)}"
    return response


# One article


@blueprint.get("/laws/<int:law_id>/articles/<path:label>")
@require("organiser", "reviewer")
def article(law_id: int, label: str) -> ResponseReturnValue:
    """An article, the questions that rest on it, and its text in the other versions."""
    found = law_or_404(law_id)
    line = _line_or_404(found, label)
    return _article_page(found, line, ArticleTextForm(text=line.article.text if line.article else ""))


@blueprint.post("/laws/<int:law_id>/articles/<path:label>")
@require("organiser")
def edit_article(law_id: int, label: str) -> ResponseReturnValue:
    found = law_or_404(law_id)
    line, form = _line_or_404(found, label), ArticleTextForm()
    if not form.validate():
        return _article_page(found, line, form), 422
    row = line.article or _new_row(found, label)
    laws.change_text(article=row, text=form.text.data, actor=current_staff(), now=utc_now())
    flash(_("条文已保存。"), "success")
    return redirect(url_for("bank.article", law_id=found.id, label=label), 303)


def _line_or_404(law: Law, label: str) -> ArticleLine:
    line = next((line for line in law_queries.article_lines(law) if line.label == label), None)
    if line is None:
        raise NotFound
    return line


def _article_page(law: Law, line: ArticleLine, form: ArticleTextForm) -> str:
    return render_template(
        "bank/article.html",
        law=law,
        line=line,
        page=Listed(rows=sorted(line.question_ids), per_page=ROWS, load=load_questions),
        others=_other_versions(law, line),
        form=form,
        change_form=_change_form(),
    )


def _new_row(law: Law, label: str) -> Article:
    row = Article(label=label, text="", place=0, chapter="")
    law.articles.append(row)
    db.session.flush()
    return row


def _other_versions(law: Law, line: ArticleLine) -> list[tuple[Law, ArticleChange]]:
    """The text of the same number in the other versions, as the difference from the older one to the newer."""
    own = line.article.text if line.article else ""
    found = []
    for version in laws.versions_of(law.title):
        text = next((row.text for row in version.articles if row.label == line.label and row.text), "")
        if version is law or not text or not own or version.effective_on is None:
            continue
        is_later = law.effective_on is None or version.effective_on > law.effective_on
        before, after = (own, text) if is_later else (text, own)
        found.append((version, ArticleChange(line.label, "changed", before, after)))
    return found


# What changed


def _change_form() -> ChangeForm:
    return ChangeForm(formdata=None, on=local_day(utc_now(), get_settings().timezone))


@blueprint.post("/laws/<int:law_id>/changes")
@require("organiser", "reviewer")
def change_law(law_id: int) -> ResponseReturnValue:
    """Mark articles (or, with `whole`, the law) amended or repealed; what rests on them is put on hold."""
    found = law_or_404(law_id)
    form = ChangeForm()
    if not form.validate():
        flash(next(iter(form.errors.values()))[0], "danger")
        return redirect(_way_back(found), 303)
    change = law_changes.Change(form.status.data, form.on.data, form.note.data)
    actor, now = current_staff(), utc_now()
    if "whole" in request.form:
        held = law_changes.mark_law(law=found, change=change, actor=actor, now=now)
    else:
        labels = _labels(found)
        held = law_changes.mark_articles(law=found, labels=labels, change=change, actor=actor, now=now)
    if held:
        flash(_("已标记，%(count)s 道题暂停使用。请逐题核对。", count=str(len(held))), "success")
        return redirect(url_for("bank.holds"), 303)
    flash(_("已标记，没有题目引用它。"), "success")
    return redirect(_way_back(found), 303)


@blueprint.post("/laws/<int:law_id>/changes/withdraw")
@require("organiser", "reviewer")
def withdraw_change(law_id: int) -> ResponseReturnValue:
    """Take back a mark that was a mistake."""
    found = law_or_404(law_id)
    labels = () if "whole" in request.form else _labels(found)
    freed = law_changes.withdraw(law=found, labels=labels, actor=current_staff(), now=utc_now())
    flash(_("标记已撤销，%(count)s 道题恢复使用。", count=str(len(freed))), "success")
    return redirect(_way_back(found), 303)


def _labels(law: Law) -> list[str]:
    """The labels chosen on the page that are labels of this law."""
    known = {line.label for line in law_queries.article_lines(law)}
    return [label for label in dict.fromkeys(request.form.getlist("label")) if label in known]


def _way_back(law: Law) -> str:
    label = request.form.get("back", "")
    if label and any(label == row.label or articles_in(row.label) for row in law.articles):
        return url_for("bank.article", law_id=law.id, label=label)
    return url_for("bank.law", law_id=law.id)
