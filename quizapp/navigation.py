"""The links of the staff pages: who may go where. A link whose page does not exist is not shown."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app, request
from flask_login import current_user

from quizapp.core.i18n import _l


@dataclass(frozen=True)
class Link:
    endpoint: str
    label: str
    roles: tuple[str, ...]
    """Roles that may open it; an administrator may open everything; empty: everybody who is signed in."""
    group: str = ""
    """A heading above this link."""

    @property
    def is_current(self) -> bool:
        """Whether the page shown belongs to this link: the longest address that the page's address begins with."""
        here = [link.endpoint for link in desk_links() if _covers(link.endpoint)]
        return bool(here) and max(here, key=lambda endpoint: len(_path(endpoint))) == self.endpoint


DESK = (
    Link("admin.desk", _l("工作台"), ()),
    Link("contests.index", _l("竞赛"), ("organiser",)),
    Link("bank.index", _l("题库"), ("organiser", "reviewer")),
    Link("bank.reviews", _l("题目审核"), ("organiser", "reviewer")),
    Link("reports.index", _l("成绩与导出"), ("organiser",)),
    Link("accounts.units", _l("单位与人数"), ("organiser",), _l("组织")),
    Link("accounts.users", _l("人员与角色"), ("admin",)),
    Link("accounts.notices", _l("隐私说明"), ("admin",)),
    Link("accounts.audit_trail", _l("操作记录"), ("admin",)),
    Link("admin.site_settings", _l("站点设置"), ("admin",)),
    Link("admin.health", _l("系统状态"), ("admin",)),
    Link("admin.course", _l("运行曲线"), ("admin",)),
)
SECTIONS = {"monitor": "contests.index", "corrections": "contests.index"}
"""Blueprints whose pages belong to a link although their addresses do not begin like it."""
PERSON = (Link("accounts.own_account", _l("我的账号"), ()),)


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(desk_links=desk_links, person_links=person_links, has_endpoint=has_endpoint)


def desk_links() -> list[Link]:
    return [link for link in DESK if _is_open(link)]


def person_links() -> list[Link]:
    return [link for link in PERSON if _is_open(link)]


def has_endpoint(endpoint: str) -> bool:
    return endpoint in current_app.view_functions


def _is_open(link: Link) -> bool:
    return has_endpoint(link.endpoint) and (not link.roles or current_user.has_role(*link.roles))


def _path(endpoint: str) -> str:
    """The address of a page without parameters."""
    return next(rule.rule for rule in current_app.url_map.iter_rules(endpoint) if not rule.arguments)


def _covers(endpoint: str) -> bool:
    if SECTIONS.get(request.blueprint or "") == endpoint:
        return True
    path = _path(endpoint).rstrip("/")
    return request.path == path or request.path.startswith(path + "/")
