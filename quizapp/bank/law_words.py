"""The words for laws: their states, and the sentence that says what changed."""

from __future__ import annotations

from datetime import date

from quizapp.bank.models import Article, Law
from quizapp.core.i18n import _, _l

LAW_STATUS_WORDS = {"in_force": _l("现行有效"), "amended": _l("已修改"), "repealed": _l("已废止")}
LAW_STATUS_TONES = {"in_force": "good", "amended": "warn", "repealed": "bad"}
_VERBS = {"amended": "修改", "repealed": "废止"}


def reason_for_hold(*, law: Law, label: str, status: str, on: date | None, note: str) -> str:
    """What a held question keeps as its reason; `label` is "" where the whole law changed.

    It is stored and later found again in what was stored, so it is in one language.
    """
    day = f"自 {on.isoformat()} 起" if on else ""
    return f"《{law.title}》{label}{day}{_VERBS[status]}" + (f"：{note}" if note else "")


def cause_sentence(*, count: int, article: Article | None) -> str:
    """For contests and lists: how many questions are on hold, and why."""
    if article is None:
        return _("%(count)s 道题已暂停使用", count=str(count))
    law = article.law
    label = "" if article.status == "in_force" and law.status != "in_force" else article.label
    values = {"count": str(count), "law": law.title, "article": label}
    status = article.status if article.status != "in_force" else law.status
    if status == "repealed":
        return _("%(count)s 道题因《%(law)s》%(article)s废止而暂停使用", **values)
    return _("%(count)s 道题因《%(law)s》%(article)s修改而暂停使用", **values)
