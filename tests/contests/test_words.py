from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from flask import Flask

from quizapp.contests.models import FEEDBACK_TIMES, FEEDBACKS
from quizapp.contests.words import rules_in_words
from tests.contests.kit_makers import make_kit


def sentences(**changes: Any) -> dict[str, str]:
    pools = changes.pop("pools", [range(1, 101)])
    counts = changes.pop("counts", [10])
    kinds = changes.pop("kinds", None)
    return {
        rule.label: rule.sentence for rule in rules_in_words(make_kit(*pools, counts=counts, kinds=kinds, **changes))
    }


def test_the_rules_of_hunan_are_told_as_people_say_them(app: Flask) -> None:
    assert sentences() == {
        "每次": "从 100 道题中抽 10 题，每题 10 分，满分 100 分。",
        "限时": "限时 10 分钟。点“开始答题”后由服务器计时，关闭页面不停表，到时自动交卷。",
        "次数": "每人每天可答 3 次；开始答题即算一次。",
        "排名": "取最好的一次成绩排名；同分时用时短的在前，用时也相同的名次并列。",
        "公布": "交卷后显示成绩、正确答案和解析。",
    }


def test_several_sections_are_told_one_by_one(app: Flask) -> None:
    told = sentences(pools=[range(1, 31), range(31, 41)], counts=[20, 5])
    assert told["每次"] == "共 25 题，满分 250 分。"
    assert (told["第 1 部分"], told["第 2 部分"]) == ("20 题，每题 10 分。", "5 题，每题 10 分。")


def test_a_fixed_paper_says_nothing_of_drawing(app: Flask) -> None:
    assert sentences(paper="fixed", pools=[range(1, 11)])["每次"] == "共 10 题，每题 10 分，满分 100 分。"


@pytest.mark.parametrize(
    ("changes", "label", "part"),
    [
        ({"limit_seconds": None}, "限时", "不限答题时间"),
        ({"limit_seconds": 90}, "限时", "限时 1 分 30 秒"),
        ({"attempts_total": 10}, "次数", "每天可答 3 次，一共 10 次"),
        ({"attempts_total": 10, "attempts_per_day": None}, "次数", "一共可答 10 次"),
        ({"attempts_per_day": None}, "次数", "次数不限"),
        ({"attempts_total": 1}, "排名", "按得分排名"),
        ({"kinds": {1: "multiple"}}, "计分", "少选、多选、错选均不得分"),
        ({"kinds": {1: "fill_in"}}, "填空", "不区分全角半角"),
        ({"kinds": {1: "ordering"}}, "排序", "全部排对"),
        ({"kinds": {1: "matching"}}, "匹配", "全部配对"),
        ({"pass_mark_hundredths": 6050}, "合格", "60.5 分及以上"),
    ],
)
def test_each_rule_has_its_sentence(app: Flask, changes: dict[str, Any], label: str, part: str) -> None:
    assert part in sentences(**changes)[label]


def test_every_feedback_that_a_draft_may_have_is_told_by_a_sentence_of_its_own(app: Flask) -> None:
    told = [
        sentences(feedback=feedback, feedback_time=time)["公布"]
        for feedback, time in product(FEEDBACKS, FEEDBACK_TIMES)
        if feedback != "nothing" and not (feedback == "score" and time == "at_once")
    ]
    assert len(set(told)) == len(told) == 8
    assert "不公布" in sentences(feedback="nothing")["公布"]
    assert all("不公布" not in sentence for sentence in told)
