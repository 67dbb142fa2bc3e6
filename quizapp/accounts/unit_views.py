"""Pages of units: the tree, one unit with its headcounts, and lists taken in from files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from quizapp.accounts import actions, queries, units
from quizapp.accounts.access import current_staff, require
from quizapp.accounts.blueprint import blueprint
from quizapp.accounts.forms import HeadcountForm, NewUnitForm, UnitForm, UnitImportForm, VersionedForm, show_refusal
from quizapp.accounts.models import Unit, UnitImport
from quizapp.accounts.tree import Node
from quizapp.accounts.unit_plan import RowsUnusable
from quizapp.core.clock import local_day, utc_now
from quizapp.core.db import db
from quizapp.core.errors import DomainError, NotFound
from quizapp.core.i18n import _
from quizapp.core.paging import Listed
from quizapp.core.settings import get_settings
from quizapp.core.sheets import read_rows

ROWS = 100
SHOWN_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A unit as a line of the tree page."""

    node: Node
    depth: int
    people: int | None
    path: str


def today() -> date:
    return local_day(utc_now(), get_settings().timezone)


@blueprint.get("/units", endpoint="units")
@require("organiser")
def units_page() -> ResponseReturnValue:
    """The tree below a unit (all of it by default), or the units whose name or code holds the words looked for."""
    words = request.args.get("words", "").strip()[:100]
    tree, people = queries.unit_tree(), queries.headcounts_on(today())
    below = request.args.get("below", type=int)
    root = tree.nodes.get(below) if below else None
    lines = [
        Line(node, depth, people.get(node.id), tree.path(node.id) if words else "")
        for depth, node in tree.below(root.id if root else None)
        if not words or words.lower() in node.name.lower() or words.lower() in (node.code or "").lower()
    ]
    page = Listed(rows=lines, per_page=ROWS)
    above = tree.ancestors(root.id) if root else []
    return render_template("accounts/units.html", page=page, words=words, root=root, above=above, tree=tree)


@blueprint.route("/units/new", methods=["GET", "POST"])
@require("organiser")
def new_unit() -> ResponseReturnValue:
    form = NewUnitForm(parent_id=request.args.get("parent", ""))
    if form.validate_on_submit():
        parent, now, actor = _parent(form), utc_now(), current_staff()
        try:
            unit = units.add_unit(
                parent=parent, name=form.name.data, kind=form.kind.data, code=form.code.data, now=now, actor=actor
            )
        except DomainError as refusal:
            show_refusal(form, refusal, field="code" if isinstance(refusal, units.UnitCodeTaken) else "name")
        else:
            if form.people.data is not None:
                units.set_headcount(unit=unit, people=form.people.data, valid_from=today(), now=now, actor=actor)
            flash(_("已添加“%(name)s”。", name=unit.name), "success")
            return redirect(url_for("accounts.units", below=unit.parent_id), 303)
    parent = _parent(form) if not form.parent_id.errors else None
    return render_template("accounts/new_unit.html", form=form, parent=parent), 422 if form.errors else 200


@blueprint.get("/units/<int:unit_id>", endpoint="unit")
@require("organiser")
def unit_page(unit_id: int) -> ResponseReturnValue:
    return _unit_page(units.get_unit(unit_id))


@blueprint.post("/units/<int:unit_id>")
@require("organiser")
def change_unit(unit_id: int) -> ResponseReturnValue:
    unit, form = units.get_unit(unit_id), UnitForm()
    if not form.validate():
        return _unit_page(unit, form=form), 422
    try:
        units.change_unit(
            unit=unit,
            name=form.name.data,
            kind=form.kind.data,
            code=form.code.data,
            lock_version=form.lock_version.data,
            now=utc_now(),
            actor=current_staff(),
        )
    except (units.UnitNameTaken, units.UnitCodeTaken) as refusal:
        db.session.refresh(unit)
        show_refusal(form, refusal, field="code" if isinstance(refusal, units.UnitCodeTaken) else "name")
        return _unit_page(unit, form=form), refusal.status
    flash(_("已保存。"), "success")
    return redirect(url_for("accounts.unit", unit_id=unit.id), 303)


@blueprint.post("/units/<int:unit_id>/state")
@require("organiser")
def change_unit_state(unit_id: int) -> ResponseReturnValue:
    unit, form = units.get_unit(unit_id), VersionedForm()
    if not form.validate() or request.form.get("state") not in ("active", "disabled"):
        raise actions.Outdated
    is_active = request.form["state"] == "active"
    units.set_unit_active(
        unit=unit, is_active=is_active, lock_version=form.lock_version.data, now=utc_now(), actor=current_staff()
    )
    if is_active:
        flash(_("“%(name)s”已恢复使用。", name=unit.name), "success")
    else:
        flash(_("“%(name)s”已停用，报名时不再出现。", name=unit.name), "success")
    return redirect(url_for("accounts.unit", unit_id=unit.id), 303)


@blueprint.post("/units/<int:unit_id>/headcount")
@require("organiser")
def add_headcount(unit_id: int) -> ResponseReturnValue:
    unit, form = units.get_unit(unit_id), HeadcountForm()
    if not form.validate():
        return _unit_page(unit, headcount_form=form), 422
    units.set_headcount(
        unit=unit,
        people=form.people.data,
        valid_from=form.valid_from.data,
        now=utc_now(),
        actor=current_staff(),
    )
    flash(_("已记下应参人数。"), "success")
    return redirect(url_for("accounts.unit", unit_id=unit.id), 303)


@blueprint.route("/units/import", methods=["GET", "POST"])
@require("organiser")
def import_units() -> ResponseReturnValue:
    """Take a file in and show, row by row, what it would do; the tree changes only on the next page."""
    form = UnitImportForm()
    if form.validate_on_submit():
        upload = form.file.data
        content = upload.read()
        try:
            units.plan_list(read_rows(content), today=today())
        except DomainError as refusal:
            show_refusal(form, refusal, field="file")
        else:
            staged = UnitImport(
                file_name=(upload.filename or "")[-255:],
                content=content,
                created_by_id=current_staff().id,
                created_at=utc_now(),
            )
            db.session.add(staged)
            db.session.flush()
            return redirect(url_for("accounts.import_report", import_id=staged.id), 303)
    return render_template("accounts/import_units.html", form=form), 422 if form.errors else 200


@blueprint.get("/units/import/<int:import_id>")
@require("organiser")
def import_report(import_id: int) -> ResponseReturnValue:
    staged = staged_or_404(import_id)
    plan = units.plan_list(read_rows(staged.content), today=today())
    return render_template("accounts/unit_plan.html", staged=staged, plan=plan, most=SHOWN_PROBLEMS)


@blueprint.post("/units/import/<int:import_id>")
@require("organiser")
def take_import(import_id: int) -> ResponseReturnValue:
    staged = staged_or_404(import_id)
    rows = read_rows(staged.content)
    try:
        plan = units.take_list(rows, today=today(), now=utc_now(), actor=current_staff(), file_name=staged.file_name)
    except RowsUnusable as refusal:
        return render_template(
            "accounts/unit_plan.html", staged=staged, plan=refusal.plan, most=SHOWN_PROBLEMS
        ), refusal.status
    db.session.delete(staged)
    added, changed = plan.count("add"), plan.count("change")
    flash(_("已导入：新增 %(added)s 个单位，更新 %(changed)s 个。", added=added, changed=changed), "success")
    return redirect(url_for("accounts.units"), 303)


def staged_or_404(import_id: int) -> UnitImport:
    staged = db.session.get(UnitImport, import_id)
    if staged is None or staged.created_by_id != current_staff().id:
        raise NotFound
    return staged


def _parent(form: NewUnitForm) -> Unit | None:
    return units.get_unit(form.parent) if form.parent else None


def _unit_page(unit: Unit, *, form: FlaskForm | None = None, headcount_form: FlaskForm | None = None) -> str:
    tree = queries.unit_tree()
    return render_template(
        "accounts/unit.html",
        unit=unit,
        form=form or UnitForm(formdata=None, obj=unit),
        headcount_form=headcount_form or HeadcountForm(formdata=None, valid_from=today()),
        above=tree.ancestors(unit.id),
        children=tree.children.get(unit.id, []),
        is_usable=tree.is_usable(unit.id),
    )
