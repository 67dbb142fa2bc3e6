"""Laws for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from quizapp.bank.laws import store_statute
from quizapp.bank.models import Article, Law
from quizapp.bank.shelf import Citation
from quizapp.bank.statutes import Statute, read_text
from quizapp.core.clock import utc_now
from quizapp.core.db import db

RULES = """\
# 宗教事务条例

2017年8月26日 中华人民共和国国务院令第686号公布

施行日期：2018-02-01

<!-- INFO END -->

## 第一章 总则

第一条 为了保障公民宗教信仰自由，制定本条例。

第二条 公民有宗教信仰自由。

任何组织或者个人不得强制公民信仰宗教。

## 第二章 宗教团体

第三条 宗教团体依照章程开展活动。

第三条之一 宗教团体每年报告一次。

第四条 本条例自2018年2月1日起施行。
"""
TITLE, SINCE = "宗教事务条例", date(2018, 2, 1)


def facts_of(statute: Statute, **changes: Any) -> dict[str, Any]:
    names = ("title", "number", "issuing_body", "issued_on", "effective_on")
    return {name: getattr(statute, name) for name in names} | changes


def store(text: str = RULES, **changes: Any) -> Law:
    """A committed law with its text."""
    statute = read_text(text)
    stored = store_statute(statute=statute, facts=facts_of(statute, **changes), actor=None, now=utc_now())
    db.session.commit()
    return stored.law


def cite(article: str, *, law: str = TITLE, effective_on: date | None = SINCE) -> list[Citation]:
    return [Citation(law, article, effective_on)]


def article_of(law: Law, label: str) -> Article:
    return next(article for article in law.articles if article.label == label)
