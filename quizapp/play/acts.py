"""The acts on a running contest in words: what each is called, when it can be done, what it does to whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from quizapp.contests.models import Contest
from quizapp.contests.queries import is_past_end_in_pause, stage_of
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
    tells: Callable[[Contest, datetime], list[str]]
    """What it does to people, given the contest and the moment."""
    done: str
    is_grave: bool = False


def _pause(contest: Contest, now: datetime) -> list[str]:
    if stage_of(contest, now=now) == "waiting":
        return [_("竞赛还没有开始。暂停期间即使到了开始时间，也不能开始答题，恢复以后才可以。")]
    return [
        _("正在答题的人不能再提交答案，页面会告诉他们竞赛暂停了；已经保存的答案都在。"),
        _("所有人的计时停住，恢复以后剩余时间不变。"),
        _("没有人能开始新的答题。"),
        _("竞赛的结束时间不会因此推后，需要时请另外延长。"),
    ]


def _resume(contest: Contest, now: datetime) -> list[str]:
    sentences = [
        _("正在答题的人接着作答：暂停了多久，就补给多久，但不超过竞赛的结束时间。"),
        _("恢复后一分钟内，手机里没来得及提交的答案还会收下。"),
        _("其他人又可以开始答题。"),
    ]
    if not is_past_end_in_pause(contest, now=now):
        return sentences
    return [
        _("暂停期间结束时间已经过了，所以恢复时要定一个新的。下面先按暂停的时间顺延，可以改。"),
        *sentences,
        *_later_results(contest),
        _("不想再继续，请不要恢复，改用“立即结束”。"),
    ]


def _later_results(contest: Contest) -> list[str]:
    is_later = contest.feedback_time == "after_close" and contest.feedback != "nothing"
    return [_("成绩在竞赛结束以后公布，公布的时间随之推后。")] if is_later else []


def _extend(contest: Contest, now: datetime) -> list[str]:
    stage = stage_of(contest, now=now)
    sentences = [_("在新的结束时间以前，都可以开始答题。")]
    if stage == "paused":
        sentences = [_("竞赛仍然暂停，恢复以后才能答题。")]
    if stage == "closed":
        sentences.append(_("竞赛会重新开放。已经交的卷不变，不能接着答。"))
    else:
        sentences.append(_("正在答题的人限时不变；限时会超过原结束时间的，现在可以用满。"))
        sentences.append(_("加时只给此刻正在答题的人，从这次作答的剩余时间上加，所用时间照算，同分排名时会比。"))
    return sentences + _later_results(contest)


def _close(contest: Contest, now: datetime) -> list[str]:
    hand_in = _("正在答题的人在几秒内被交卷，按已经保存的答案计分。")
    if contest.paused_at is not None:
        hand_in = _("先等一分钟，收下手机里没来得及提交的答案；然后正在答题的人被交卷，按保存的答案计分。")
    sentences = [hand_in, _("没有人能再开始答题，竞赛页面显示“已结束”。")]
    if is_past_end_in_pause(contest, now=now):
        sentences.append(_("结束时间仍是原定的，不会推后。"))
    if contest.feedback_time == "after_close" and contest.feedback != "nothing":
        sentences.append(_("交卷以后公布成绩。") if contest.paused_at else _("成绩随即公布。"))
    sentences.append(_("以后可以用“延长”重新开放，但已经交的卷不能接着答。"))
    return sentences


def _capacity(contest: Contest, now: datetime) -> list[str]:
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
