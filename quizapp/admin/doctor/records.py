"""SQL: its version, whether it keeps what it commits, its clock, and whether its schema is the code's."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from quizapp.admin.doctor.findings import Finding
from quizapp.admin.doctor.live_store import clock_finding
from quizapp.admin.doctor.machine import version_numbers
from quizapp.core import schema
from quizapp.core.db import db, reading
from quizapp.core.i18n import _

LEAST_POSTGRESQL, SUPPORTED_POSTGRESQL = 12, 15
"""The oldest that the app works on, and the oldest that its makers maintain: 14 ended on 12 November 2026."""
KEPT = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""With any of these off, a power cut takes answers that have left Redis because SQL was said to have them."""
SYNCED = ("on", "remote_write", "remote_apply")


def look_at_records() -> Iterator[Finding]:
    """Needs an app context. A server that is away is a finding."""
    try:
        with reading():
            yield from _server()
            yield from _schema()
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield Finding(
            "bad", "sql_down", _("数据库"), cause, _("数据库没有响应。请检查它是否在运行、地址和密码是否正确。")
        )
    finally:
        db.session.rollback()


def _server() -> Iterator[Finding]:
    db.session.execute(text("select 1"))
    if db.engine.dialect.name != "postgresql":
        mode = db.session.scalar(text("pragma journal_mode"))
        yield Finding("ok", "sql", _("数据库"), f"SQLite, {mode}")
        return
    version = str(_shown("server_version"))
    yield version_finding(version)
    yield from _promises()
    yield from _rights()
    now = db.session.scalar(text("select extract(epoch from clock_timestamp())"))
    yield clock_finding("PostgreSQL", float(now or 0) * 1000)


def version_finding(version: str) -> Finding:
    """What is to be said of a version of PostgreSQL."""
    major = version_numbers(version)[0]
    if major >= SUPPORTED_POSTGRESQL:
        return Finding("ok", "sql", _("数据库"), f"PostgreSQL {version}")
    advice = _("这个版本已停止维护，请升级到 PostgreSQL 15 以上。")
    return Finding("bad" if major < LEAST_POSTGRESQL else "warn", "sql_version", "PostgreSQL", version, advice)


def _shown(name: str) -> object:
    return db.session.scalar(text("select current_setting(:name)"), {"name": name})


def _promises() -> Iterator[Finding]:
    """What PostgreSQL's settings keep after a power cut."""
    for name, wanted in KEPT.items():
        value = str(_shown(name))
        is_kept = value in SYNCED if name == "synchronous_commit" else value == wanted
        advice = _("应为 on，否则断电会丢失已入库的答案。请改 postgresql.conf 后重启。")
        what = _("PostgreSQL 的设置 %(name)s", name=name)
        yield Finding("ok" if is_kept else "bad", f"sql_{name}", what, value, "" if is_kept else advice)
    encoding = str(_shown("server_encoding"))
    if encoding != "UTF8":
        yield Finding("bad", "encoding", _("数据库的编码"), encoding, _("请用 UTF8 编码重新建库。"))


def _rights() -> Iterator[Finding]:
    if _shown("is_superuser") == "on":
        advice = _("本系统不需要超级用户。请建一个只拥有本库的用户：createuser quizapp；createdb -O quizapp quizapp")
        yield Finding("warn", "sql_superuser", _("数据库用户的权限"), _("超级用户"), advice)


def _schema() -> Iterator[Finding]:
    state = schema.look()
    what = _("数据库结构")
    value = state.found or _("空库")
    if state.is_at_head:
        yield Finding("ok", "schema", what, value)
    elif state.is_known:
        yield Finding(
            "bad", "schema", what, value, _("还没有更新到 %(head)s，请运行：quizapp db upgrade", head=state.head)
        )
    else:
        advice = _("数据库比程序新（程序是 %(head)s）。请部署与数据库相配的新程序，不要用旧程序写它。", head=state.head)
        yield Finding("bad", "schema", what, value, advice)
