"""The desk, the site's settings with its logo, colours and verification files, and the health page."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from quizapp.accounts.access import current_staff, require
from quizapp.accounts.forms import show_refusal
from quizapp.admin import actions, health, queries
from quizapp.admin.course import course
from quizapp.admin.desk import tasks_for
from quizapp.admin.forms import SiteForm, VerificationForm, values_of
from quizapp.admin.models import Site, VerificationFile
from quizapp.core import frames
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import DomainError, NotFound
from quizapp.core.i18n import _
from quizapp.core.live import get_live
from quizapp.core.settings import get_settings

KEPT = "public, max-age=31536000, immutable"

blueprint = Blueprint("admin", __name__)


def init_app(app: Flask) -> None:
    queries.init_app(app)
    app.context_processor(lambda: {"site": queries.site_cache().get()})
    frames.share(app, lambda: queries.site_cache().get())
    app.register_blueprint(blueprint)


@blueprint.get("/desk")
@require()
def desk() -> ResponseReturnValue:
    """What needs doing first, by the role of who looks."""
    staff, now = current_staff(), utc_now()
    return render_template("admin/desk.html", tasks=tasks_for(staff, live=get_live(), now=now), now=now)


@blueprint.route("/admin/site", methods=["GET", "POST"])
@require("admin")
def site_settings() -> ResponseReturnValue:
    site = queries.get_site()
    form = SiteForm(data=values_of(site))
    if form.validate_on_submit():
        actions.change_site(
            changes=form.changes(),
            logo=form.picture,
            drop_logo=form.drop_logo.data,
            lock_version=form.lock_version.data,
            now=utc_now(),
            actor=current_staff(),
        )
        flash(_("已保存，各个页面几秒钟内更新。"), "success")
        return redirect(url_for("admin.site_settings"), 303)
    return _settings_page(site, form, VerificationForm(formdata=None)), 422 if form.errors else 200


@blueprint.post("/admin/site/files")
@require("admin")
def add_verification_file() -> ResponseReturnValue:
    form = VerificationForm()
    if form.validate():
        try:
            actions.add_verification_file(
                name=form.name.data, content=form.content.data, now=utc_now(), actor=current_staff()
            )
        except DomainError as refusal:
            show_refusal(form, refusal, field="name")
        else:
            flash(_("已添加，现在可以到平台上点“验证”了。"), "success")
            return redirect(url_for("admin.site_settings"), 303)
    site = queries.get_site()
    return _settings_page(site, SiteForm(formdata=None, data=values_of(site)), form), 422


@blueprint.post("/admin/site/files/<int:file_id>/delete")
@require("admin")
def delete_verification_file(file_id: int) -> ResponseReturnValue:
    row = db.session.get(VerificationFile, file_id)
    if row is None:
        raise NotFound
    actions.delete_verification_file(row=row, now=utc_now(), actor=current_staff())
    flash(_("已删除 %(name)s。", name=row.name), "success")
    return redirect(url_for("admin.site_settings"), 303)


@blueprint.get("/admin/health", endpoint="health")
@require("admin")
def health_page() -> ResponseReturnValue:
    live, now = get_live(), utc_now()
    count, letters = health.dead_letters()
    return render_template(
        "admin/health.html",
        database=health.look_at_database(),
        redis=health.look_at_redis(live, durability=get_settings().durability),
        recordings=health.recordings(live, now=now),
        pace=health.recorder_pace(live),
        letters_count=count,
        letters=letters,
        now=now,
    )


@blueprint.get("/admin/course", endpoint="course")
@require("admin")
def course_page() -> ResponseReturnValue:
    """The last hour of the whole house."""
    now = utc_now()
    shown = course(get_live(), now=now, timezone=get_settings().timezone)
    return render_template("admin/course.html", course=shown, now=now)


@blueprint.get("/site/logo.png")
def logo() -> ResponseReturnValue:
    """The site's logo; its address carries a version, so that browsers keep it until it changes."""
    picture = db.session.scalar(select(Site.logo))
    if picture is None:
        raise NotFound
    response = Response(picture, mimetype="image/png")
    response.headers["Cache-Control"] = KEPT if request.args.get("v") else "public, max-age=60"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@blueprint.get("/<name>.txt", defaults={"ending": "txt"})
@blueprint.get("/<name>.html", defaults={"ending": "html"})
def verification_file(name: str, ending: str) -> ResponseReturnValue:
    """A file by which a platform knows the site's owner; always plain text, whatever its name says."""
    content = db.session.scalar(select(VerificationFile.content).where(VerificationFile.name == f"{name}.{ending}"))
    if content is None:
        raise NotFound
    return Response(content, mimetype="text/plain")


def _settings_page(site: Site, form: SiteForm, file_form: VerificationForm) -> str:
    files = db.session.scalars(select(VerificationFile).order_by(VerificationFile.name)).all()
    return render_template("admin/site.html", site_row=site, form=form, file_form=file_form, files=files)
