"""The acts on a running contest in words: what each is called, when it can be done, what it does to whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from quizapp.contests.models import Contest
from quizapp.core.i18n import _, _l


@dataclass(frozen=True, slots=True)
class Act:
    name: str
    label: str
    """On the way to it."""
    button: str
    """What does it."""
    stages: tuple[str, ...]
    """When it can be done."""
    tells: Callable[[Contest, str], list[str]]
    """What it does to people, given the contest and its stage."""
    done: str
    is_grave: bool = False


def _pause(contest: Contest, stage: str) -> list[str]:
    if stage == "waiting":
        return [_("竞赛还没有开始。暂停期间即使到了开始时间，也不能开始答题，恢复以后才可以。")]
    return [
        _("正在答题的人不能再提交答案，页面会告诉他们竞赛暂停了；已经保存的答案都在。"),
        _("所有人的计时停住，恢复以后剩余时间不变。"),
        _("没有人能开始新的答题。"),
        _("竞赛的结束时间不会因此推后，需要时请另外延长。"),
    ]


def _resume(contest: Contest, stage: str) -> list[str]:
    return [
        _("正在答题的人接着作答：暂停了多久，就补给多久，但不超过竞赛的结束时间。"),
        _("恢复后一分钟内，手机里没来得及提交的答案还会收下。"),
        _("其他人又可以开始答题。"),
    ]


def _extend(contest: Contest, stage: str) -> list[str]:
    sentences = [_("在新的结束时间以前，都可以开始答题。")]
    if stage == "closed":
        sentences.append(_("竞赛会重新开放。已经交的卷不变，不能接着答。"))
    else:
        sentences.append(_("正在答题的人限时不变；限时会超过原结束时间的，现在可以用满。"))
        sentences.append(_("加时只给此刻正在答题的人，从这次作答的剩余时间上加，所用时间照算，同分排名时会比。"))
    if contest.feedback_time == "after_close":
        sentences.append(_("成绩在竞赛结束以后公布，公布的时间随之推后。"))
    return sentences


def _close(contest: Contest, stage: str) -> list[str]:
    sentences = [
        _("正在答题的人在几秒内被交卷，按已经保存的答案计分。"),
        _("没有人能再开始答题，竞赛页面显示“已结束”。"),
    ]
    if contest.feedback_time == "after_close" and contest.feedback != "nothing":
        sentences.append(_("成绩随即公布。"))
    sentences.append(_("以后可以用“延长”重新开放，但已经交的卷不能接着答。"))
    return sentences


def _capacity(contest: Contest, stage: str) -> list[str]:
    return [
        _("正在答题的人不受影响，降低上限也不会有人被请出去。"),
        _("只管此后点“开始答题”的人：满了就排队，页面告诉他们前面还有几人，轮到时自动开始。"),
    ]


RUNNING = ("waiting", "open", "paused")
ACTS = {
    act.name: act
    for act in (
        Act("pause", _l("暂停"), _l("暂停竞赛"), ("waiting", "open"), _pause, _l("竞赛已暂停。")),
        Act("resume", _l("恢复"), _l("恢复竞赛"), ("paused",), _resume, _l("竞赛已恢复。")),
        Act("extend", _l("延长或加时"), _l("确定"), (*RUNNING, "closed"), _extend, _l("时间已调整。")),
        Act("capacity", _l("人数上限"), _l("保存人数上限"), RUNNING, _capacity, _l("人数上限已保存。")),
        Act("close", _l("立即结束"), _l("立即结束竞赛"), RUNNING, _close, _l("竞赛已结束。"), is_grave=True),
    )
}
