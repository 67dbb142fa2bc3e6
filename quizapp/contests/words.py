"""The words shown for a contest's choices, its rules, and what is wrong with a draft."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from quizapp.bank.words import KIND_WORDS
from quizapp.contests.kit import Kit
from quizapp.core.i18n import _, _l
from quizapp.core.web import points_text

STATE_WORDS = {
    "draft": _l("草稿"),
    "waiting": _l("未开始"),
    "open": _l("进行中"),
    "paused": _l("已暂停"),
    "closed": _l("已结束"),
}
PAPER_WORDS = {"random": _l("随机抽题：每人每次的题目不同"), "fixed": _l("固定试卷：所有人的题目相同")}
FEEDBACK_WORDS = {
    "explanations": _l("成绩、正确答案和解析"),
    "answers": _l("成绩和正确答案"),
    "score": _l("只有成绩"),
    "nothing": _l("什么也不显示"),
}
FEEDBACK_TIME_WORDS = {
    "after_finish": _l("交卷以后"),
    "after_close": _l("竞赛结束以后"),
    "at_once": _l("每答一题立即显示（答后不能改）"),
}
ENTRY_MODE_WORDS = {"nickname": _l("只填昵称"), "form": _l("填写报名表")}
ENTRY_FIELD_WORDS = {
    "nickname": _l("昵称"),
    "name": _l("姓名"),
    "phone": _l("手机号"),
    "unit": _l("单位"),
    "audience": _l("人群"),
}
COMPLAINTS = {
    "accent": _l("请用 # 和六位十六进制数写颜色，如 #b3261e；颜色要足够深或足够浅，上面的字才看得清。"),
    "at_once_needs_answers": _l("“每答一题立即显示”只能用于显示正确答案的情形，请改选内容或时间。"),
    "attempts": _l("次数请填 1 到 1000；不限次数时留空。"),
    "bad_characters": _l("内容里有不能显示的控制字符，请删去后重新输入。"),
    "bank": _l("没有这个题库，请重新选择。"),
    "capacity": _l("同时答题人数请填 1 到 1000000；不限时留空。"),
    "choice": _l("请从列出的选项中选择。"),
    "closes_before_opens": _l("结束时间要晚于开始时间。"),
    "count": _l("题数请填 1 到 200。"),
    "full_score": _l("整张试卷的总分太高，最多 41943.03 分，请减少题数或每题分数。"),
    "groups": _l("每行写一个人群，最多 32 个字，不能重复。"),
    "groups_needed": _l("报名表里有“人群”，请写出可选的人群，每行一个。"),
    "host_name": _l("主办单位最多 128 个字，不能含有控制字符。"),
    "introduction_too_long": _l("说明最多 5000 个字。"),
    "limit": _l("答题时间请填 1 到 180 分钟；不限时时留空。"),
    "moment": _l("请填写 2000 年到 2099 年之间的时间。"),
    "name_needed": _l("报名表里要有“姓名”，排行榜才有名字可列。"),
    "no_sections": _l("试卷至少要有一个部分、一道题。"),
    "no_such_local_time": _l("这一时刻因夏令时调整而不存在，请改早或改晚一小时。"),
    "pass_mark": _l("合格线要大于 0，且不高于试卷总分；不设合格线时留空。"),
    "points": _l("每题分数请填 0.01 到 1000，最多两位小数。"),
    "retention_days": _l("保留天数请填 1 到 3650。"),
    "slug": _l("网址请用 2 到 64 个小写字母、数字和连字符，如 xianfa-2026；不能用 new 或 usable。"),
    "slug_taken": _l("这个网址已被另一场竞赛使用，请换一个。"),
    "timezone": _l("没有这个时区，请重新选择。"),
    "title_bad_characters": _l("名称里有不能显示的字符，请删去后重新输入。"),
    "title_empty": _l("请填写竞赛名称。"),
    "title_too_long": _l("名称最多 128 个字。"),
    "too_many_groups": _l("人群最多 30 个。"),
    "too_many_questions": _l("一张试卷最多 200 题。"),
    "too_many_sections": _l("一张试卷最多分 20 个部分。"),
    "topic": _l("没有这个知识点，请重新选择。"),
    "unit": _l("没有这个单位，请重新选择。"),
    "untimed_window": _l("不限答题时间的竞赛最长 24 天，请设置答题时间，或缩短竞赛时间。"),
    "window_too_long": _l("一场竞赛最长 366 天，请缩短时间。"),
}


class Rule(NamedTuple):
    """One line of the rules on the start page."""

    label: str
    sentence: str


def rules_in_words(kit: Kit) -> list[Rule]:
    """The rules of a kit for participants, in the reader's language, in the order in which they matter."""
    return [
        *_paper_rules(kit),
        Rule(_("限时"), _limit_rule(kit)),
        Rule(_("次数"), _attempts_rule(kit)),
        *_scoring_rules(kit),
        *_ranking_rules(kit),
        Rule(_("公布"), _feedback_rule(kit)),
    ]


def _paper_rules(kit: Kit) -> Iterator[Rule]:
    full = points_text(kit.full_hundredths)
    first = kit.sections[0]
    if len({section.points_hundredths for section in kit.sections}) == 1 and len(kit.sections) == 1:
        points = points_text(first.points_hundredths)
        if kit.paper == "random":
            text = _(
                "从 %(pool)s 道题中抽 %(count)s 题，每题 %(points)s 分，满分 %(full)s 分。",
                pool=str(len(first.question_ids)),
                count=str(first.count),
                points=points,
                full=full,
            )
        else:
            text = _(
                "共 %(count)s 题，每题 %(points)s 分，满分 %(full)s 分。",
                count=str(first.count),
                points=points,
                full=full,
            )
        yield Rule(_("每次"), text)
        return
    yield Rule(_("每次"), _("共 %(count)s 题，满分 %(full)s 分。", count=str(kit.question_count), full=full))
    for number, section in enumerate(kit.sections, start=1):
        label = _("第 %(number)s 部分", number=str(number))
        count, points = str(section.count), points_text(section.points_hundredths)
        if section.kind is None:
            yield Rule(label, _("%(count)s 题，每题 %(points)s 分。", count=count, points=points))
        else:
            kind = str(KIND_WORDS[section.kind])
            sentence = _("%(kind)s %(count)s 题，每题 %(points)s 分。", kind=kind, count=count, points=points)
            yield Rule(label, sentence)


def _limit_rule(kit: Kit) -> str:
    if kit.limit_seconds is None:
        return _("不限答题时间，竞赛结束时自动交卷。")
    minutes, seconds = divmod(kit.limit_seconds, 60)
    if seconds:
        return _(
            "限时 %(minutes)s 分 %(seconds)s 秒。点“开始答题”后由服务器计时，关闭页面不停表，到时自动交卷。",
            minutes=str(minutes),
            seconds=str(seconds),
        )
    return _("限时 %(minutes)s 分钟。点“开始答题”后由服务器计时，关闭页面不停表，到时自动交卷。", minutes=str(minutes))


def _attempts_rule(kit: Kit) -> str:
    total, a_day = str(kit.attempts_total), str(kit.attempts_per_day)
    if kit.attempts_total and kit.attempts_per_day:
        return _("每人每天可答 %(a_day)s 次，一共 %(total)s 次；开始答题即算一次。", a_day=a_day, total=total)
    if kit.attempts_per_day:
        return _("每人每天可答 %(a_day)s 次；开始答题即算一次。", a_day=a_day)
    if kit.attempts_total:
        return _("每人一共可答 %(total)s 次；开始答题即算一次。", total=total)
    return _("次数不限。")


def _scoring_rules(kit: Kit) -> Iterator[Rule]:
    kinds = {question.kind for question in kit.questions.values()}
    if kinds & {"multiple", "indefinite"}:
        sentence = _("多选题和不定项选择题须与正确答案完全一致才得分，少选、多选、错选均不得分。")
        yield Rule(_("计分"), sentence)
    if "fill_in" in kinds:
        yield Rule(_("填空"), _("填空题不区分全角半角、大小写、空格和标点。"))
    if "ordering" in kinds:
        yield Rule(_("排序"), _("排序题须全部排对才得分。"))
    if "matching" in kinds:
        yield Rule(_("匹配"), _("匹配题须全部配对才得分。"))
    if kit.pass_mark_hundredths is not None:
        yield Rule(_("合格"), _("%(points)s 分及以上为合格。", points=points_text(kit.pass_mark_hundredths)))


def _ranking_rules(kit: Kit) -> Iterator[Rule]:
    if kit.attempts_total == 1:
        yield Rule(_("排名"), _("按得分排名；同分时用时短的在前，用时也相同的名次并列。"))
    else:
        yield Rule(_("排名"), _("取最好的一次成绩排名；同分时用时短的在前，用时也相同的名次并列。"))


def _feedback_rule(kit: Kit) -> str:
    sentences = {
        ("score", "after_finish"): _("交卷后显示成绩。"),
        ("score", "after_close"): _("竞赛结束后公布成绩。"),
        ("answers", "at_once"): _("每答一题立即显示对错和正确答案，答后不能再改。"),
        ("answers", "after_finish"): _("交卷后显示成绩和正确答案。"),
        ("answers", "after_close"): _("竞赛结束后公布成绩和正确答案。"),
        ("explanations", "at_once"): _("每答一题立即显示对错、正确答案和解析，答后不能再改。"),
        ("explanations", "after_finish"): _("交卷后显示成绩、正确答案和解析。"),
        ("explanations", "after_close"): _("竞赛结束后公布成绩、正确答案和解析。"),
    }
    return sentences.get((kit.feedback, kit.feedback_time), _("交卷后不公布成绩和答案。"))
