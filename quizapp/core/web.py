"""What every page and call shares: hosts, security headers, CSRF, languages, errors, versioned static files, health."""

from __future__ import annotations

import errno
import hashlib
import ipaddress
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    abort,
    g,
    has_request_context,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale
from flask_bootstrap import Bootstrap5
from flask_wtf.csrf import CSRFError, CSRFProtect
from gunicorn.http.errors import ParseException
from sqlalchemy import text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    ResourceClosedError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from quizapp.core.db import db, roll_back
from quizapp.core.errors import DiskUnusable, DomainError, NotFound, StoreUnavailable
from quizapp.core.i18n import LANGUAGES, TRANSLATIONS, _, _l, spoken
from quizapp.core.lacks import LACKS, NO_ROOM, note_lack
from quizapp.core.live import LiveStoreDown, get_live
from quizapp.core.logs import get_logger
from quizapp.core.metrics import REFUSALS
from quizapp.core.settings import Settings
from quizapp.core.shortage import LACKS_MEMORY

LANGUAGE_COOKIE = "quizapp_language"
ZONE_WORDS = {
    "Asia/Shanghai": _l("北京时间"),
    "Asia/Urumqi": _l("新疆时间"),
    "Asia/Hong_Kong": _l("香港时间"),
    "Asia/Macau": _l("澳门时间"),
    "Asia/Taipei": _l("台北时间"),
}
HTML_LANGUAGES = {"zh_Hans": "zh-Hans", "en": "en"}
UPLOAD_BYTES = 21 * 1024 * 1024
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'; script-src 'self'; style-src 'self'"
)


class RowNumber(IntegerConverter):
    """Numbers in addresses that a row's id can have; larger ones are no address of ours."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max": 2**31 - 1, **kwargs})


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions; who sends no cookie, as programs and phones do, has an empty one without any key being made."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        return self.session_class()


blueprint = Blueprint("core", __name__)
csrf = CSRFProtect()
log = get_logger("core")


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        MAX_CONTENT_LENGTH=UPLOAD_BYTES,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=1_000,
        SESSION_COOKIE_NAME="__Host-session" if settings.is_https else "session",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.is_https,
        BABEL_DEFAULT_LOCALE="zh_Hans",
        BABEL_DEFAULT_TIMEZONE=settings.timezone,
        BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS),
        BOOTSTRAP_SERVE_LOCAL=True,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    app.session_interface = Sessions()
    app.url_map.converters["int"] = RowNumber
    csrf.init_app(app)
    Bootstrap5(app)
    Babel(app, locale_selector=choose_language)
    app.register_blueprint(blueprint)
    app.extensions["quizapp.settings"] = settings
    app.before_request(_start_request)
    app.after_request(_add_headers)
    app.teardown_request(_end_request)
    app.context_processor(_template_names)
    app.url_defaults(_add_version)
    app.template_filter("points")(points_text)
    app.template_filter("local_time")(local_time)
    app.template_filter("zone_name")(zone_name)
    app.jinja_env.globals["kept_arguments"] = kept_arguments
    app.register_error_handler(DomainError, show_refusal)
    app.register_error_handler(CSRFError, _show_csrf_error)
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(IntegrityError, _show_conflict)
    for too_large in (OverflowError, DataError):
        app.register_error_handler(too_large, _show_out_of_range)
    # The last is a result without rows: what the driver makes of a connection that is lost between two replies.
    for gone in (OperationalError, PoolTimeout, DBAPIError, ResourceClosedError):
        app.register_error_handler(gone, _show_database_gone)
    app.register_error_handler(ProgrammingError, _show_wrong_statement)
    app.register_error_handler(ParseException, _show_broken_body)
    for lack in (OSError, *LACKS_MEMORY):
        app.register_error_handler(lack, _show_lack)
    app.register_error_handler(Exception, _show_fault)


def choose_language() -> str:
    """The language chosen by the reader's own act, else Chinese; outside of requests that of the command."""
    if not has_request_context():
        return spoken()
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else "zh_Hans"


def wants_problem() -> bool:
    """Whether this request is a program's (the API), which gets problem documents instead of pages."""
    return request.path.startswith("/api/")


def points_text(hundredths: int | None) -> str:
    """Points with at most two decimals: 1000 → "10", 250 → "2.5"."""
    if hundredths is None:
        return "—"
    sign, amount = ("-" if hundredths < 0 else ""), abs(hundredths)
    whole, rest = divmod(amount, 100)
    return f"{sign}{whole}" + (f".{rest:02d}".rstrip("0") if rest else "")


def local_time(moment: Any, timezone: str | None = None, *, seconds: bool = False) -> str:
    """A moment in a time zone (the site's by default) as 2026-11-23 20:44."""
    if moment is None:
        return "—"
    zone = ZoneInfo(timezone or _settings().timezone)
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if seconds else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def zone_name(timezone: str) -> str:
    """What people call a time zone's time; its own name where they have no word for it."""
    return str(ZONE_WORDS.get(timezone, timezone))


def _settings() -> Settings:
    from flask import current_app

    settings: Settings = current_app.extensions["quizapp.settings"]
    return settings


def _start_request() -> None:
    g.request_id = secrets.token_hex(8)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id, path=request.path, method=request.method)
    if not is_known_host(request.host, _settings(), is_health_check=request.path in ("/healthz", "/readyz")):
        abort(400)


def _end_request(_error: BaseException | None) -> None:
    """What the thread does next does not belong to this request."""
    structlog.contextvars.clear_contextvars()


@lru_cache(maxsize=1024)
def is_known_host(host: str, settings: Settings, *, is_health_check: bool = False) -> bool:
    """The public address's host; on plain http also loopback and private addresses (a LAN)."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == urlsplit(settings.public_url).hostname:
            return True
        if settings.is_https:
            return is_health_check and name in ("127.0.0.1", "localhost", "::1")
        return name == "localhost" or ipaddress.ip_address(name).is_private
    except ValueError:
        return False


@lru_cache(maxsize=8)
def security_headers(settings: Settings) -> dict[str, str]:
    """What every response says to the browser, whatever it is; a response that has its own value keeps it."""
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


def _add_headers(response: Response) -> Response:
    headers = response.headers
    for name, value in security_headers(_settings()).items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint == "static":
        if request.args.get("v"):
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif "Cache-Control" not in headers or headers.get("Content-Disposition", "").startswith("attachment"):
        # What is sent as a file would else be kept as long as a static one, by proxies too.
        headers["Cache-Control"] = "no-store"
    return response


def _template_names() -> dict[str, Any]:
    locale = str(get_locale())
    return {
        "html_language": HTML_LANGUAGES.get(locale, "zh-Hans"),
        "language": locale,
        "languages": LANGUAGES,
        "module_url": module_url,
        "here": here,
    }


def here() -> str:
    """The address of this request below the site's, with its arguments: where forms that change a cookie lead back."""
    return request.full_path if request.query_string else request.path


def kept_arguments() -> dict[str, str]:
    """The address's own arguments, for links that change only some; without those that url_for would take for its own.

    Whoever writes ?endpoint=x or ?bank_id=2 into the address gets the page and no fault.
    """
    taken = {"endpoint", *(request.view_args or {})}
    return {name: value for name, value in request.args.items() if name not in taken and not name.startswith("_")}


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "filename" in values and "v" not in values:
        version = _static_version(values["filename"])
        if version:
            values["v"] = version


@lru_cache(maxsize=512)
def _static_version(filename: str) -> str:
    path = Path(__file__).parents[2] / "static" / filename
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""


def module_url(name: str) -> str:
    """The address of a page's script: the version stands in the path, so that what it imports has the same one."""
    return url_for("core.module", version=_modules_version(), name=name)


@lru_cache(maxsize=1)
def _modules_version() -> str:
    folder = Path(__file__).parents[2] / "static" / "js"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.js")):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@blueprint.get("/modules/<version>/<path:name>")
def module(version: str, name: str) -> ResponseReturnValue:
    """A script of static/js; another version than the present one (a deploy is under way) is not kept."""
    folder = Path(__file__).parents[2] / "static" / "js"
    response = send_from_directory(folder, name, mimetype="text/javascript")
    is_current = version == _modules_version()
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_current else "no-cache"
    return response


def show_refusal(error: DomainError) -> ResponseReturnValue:
    """A refusal as a problem document (API) or as a page with what to do next.

    A page that may be asked for again soon asks by itself; what was sent by a form is sent again by its reader.
    """
    REFUSALS.add(error.code)
    roll_back()
    is_page, is_read = not wants_problem(), request.method in ("GET", "HEAD")
    is_told = is_read or error.status != 503 or isinstance(error, DiskUnusable)
    response = (
        _error_page(error.status, error.message() if is_told else _not_sent())
        if is_page
        else _problem(error.status, error.code, error.message(), error.extra)
    )
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
        if is_page and is_read and error.status == 503:
            response.headers["Refresh"] = str(error.retry_after)
    return response


def _not_sent() -> str:
    return _("系统正忙，这一次没有提交成功。请返回上一页，稍等几秒再提交，填过的内容一般还在。")


def _problem(status: int, code: str, title: str, extra: Any = None) -> Response:
    response = jsonify({"type": "about:blank", "title": title, "status": status, "code": code, **(extra or {})})
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


def _error_page(status: int, message: str) -> Response:
    return make_response(render_template("core/error.html", status=status, message=message), status)


HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
}


def _show_http_error(error: HTTPException) -> ResponseReturnValue:
    roll_back()
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, LACKS_MEMORY):
        # Not even that could be said, or the reply not be ended: shedding.py has a refusal ready.
        raise cause
    status = error.code or 500
    if status < 400:
        return error.get_response()
    messages = {
        404: NotFound().message(),
        405: _("这个地址不支持这样的请求。"),
        413: _("文件或内容太大，最多 20 MB。请拆分后再上传。"),
        415: _("请求的内容类型不受支持，请使用 JSON。"),
        429: _("操作太频繁，请稍候再试。"),
    }
    message = messages.get(status, DomainError().message())
    code = HTTP_CODES.get(status, "bad_request")
    REFUSALS.add(code)
    response = _problem(status, code, message) if wants_problem() else _error_page(status, message)
    for name, value in error.get_headers():
        if name in ("Retry-After", "Allow"):
            response.headers[name] = value
    if status == 429:
        response.headers.setdefault("Retry-After", "60")
    return response


def _show_broken_body(_error: ParseException) -> ResponseReturnValue:
    """The server's parser met something in the middle of a body that no client should send."""
    return _show_http_error(BadRequest())


def _show_csrf_error(error: CSRFError) -> ResponseReturnValue:
    roll_back()
    REFUSALS.add("csrf")
    message = _("页面停留太久或来源不明，为安全起见没有保存。请返回上一页，刷新后再提交。")
    return _problem(403, "csrf", message) if wants_problem() else _error_page(403, message)


def _show_conflict(error: IntegrityError) -> ResponseReturnValue:
    roll_back()
    REFUSALS.add("conflict")
    log.warning("conflict", constraint=type(error.orig).__name__)
    message = _("与已有内容冲突，没有保存。可能有人刚刚提交了同样的内容，请刷新后再试。")
    return _problem(409, "conflict", message) if wants_problem() else _error_page(409, message)


def _show_out_of_range(error: Exception) -> ResponseReturnValue:
    """A number or text that no column can hold, from an address or a filter: nothing is there."""
    log.warning("out_of_range", error=type(error).__name__)
    return show_refusal(NotFound())


def _show_database_gone(error: Exception) -> ResponseReturnValue:
    log.error("database_unavailable", error=type(error).__name__, reason=str(getattr(error, "orig", error))[:300])
    return show_refusal(DiskUnusable() if _is_disk_full(error) else StoreUnavailable())


def _is_disk_full(error: Exception) -> bool:
    said = getattr(error, "orig", None)
    return getattr(said, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(said, "sqlstate", "") == "53100"


def _show_lack(error: OSError | MemoryError | SystemError) -> ResponseReturnValue:
    """The system has no open files, memory or room left: nobody's fault, and it may be otherwise in a moment."""
    number = error.errno if isinstance(error, OSError) else errno.ENOMEM
    if number not in LACKS | NO_ROOM:
        return _show_fault(error)
    note_lack(error)
    return show_refusal(DiskUnusable() if number in NO_ROOM else StoreUnavailable())


def _show_wrong_statement(error: ProgrammingError) -> ResponseReturnValue:
    """A fault where the server refuses the statement; what the driver itself finds wrong comes of a lost connection."""
    return _show_fault(error) if getattr(error.orig, "sqlstate", None) else _show_database_gone(error)


def _show_fault(error: Exception) -> ResponseReturnValue:
    REFUSALS.add("fault")
    log.error("fault", exc_info=error)
    roll_back()
    message = _("系统出了点问题，您的操作没有生效。请稍后再试；如一直如此，请把下面的编号告诉管理员。")
    return _problem(500, "fault", message) if wants_problem() else _error_page(500, message)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """That this process answers; nothing else is asked."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """That SQL and Redis answer, each by name; 503 when one does not."""
    checks = {"sql": _sql_answers(), "redis": _redis_answers()}
    status = 200 if all(checks.values()) else 503
    return {"status": "ok" if status == 200 else "degraded", "checks": checks}, status


def _sql_answers() -> bool:
    try:
        db.session.execute(text("select 1"))
    except (DBAPIError, PoolTimeout):
        return False
    return True


def _redis_answers() -> bool:
    try:
        get_live().command("PING")
    except LiveStoreDown:
        return False
    return True


@blueprint.post("/language")
@csrf.exempt
def choose() -> ResponseReturnValue:
    """Remember the language in a cookie and go back; changes nothing on the server, so it needs no token."""
    response = redirect(back_url(request.form.get("next", "")), 303)
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=31536000, samesite="Lax", httponly=True, secure=_settings().is_https
        )
    return response


def back_url(target: str) -> str:
    """A path on this site, or the home page for anything else (another host, a scheme, control characters)."""
    is_path = target.startswith("/") and not target.startswith("//") and "\\" not in target
    if not is_path or any(ord(letter) < 32 for letter in target):
        return url_for("play.home")
    return target
