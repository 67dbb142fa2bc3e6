"""Spellings of answers."""

from __future__ import annotations

import pytest

from quizapp.bank.formats.answers import (
    BadKey,
    count_blanks,
    read_blanks,
    read_letters,
    read_truth,
    read_truth_with_comment,
    truths_of_options,
)

OPTIONS = {"A": "《诗经》", "B": "《史记》", "C": "《论语》", "D": "《孟子》"}


@pytest.mark.parametrize(
    ("answer", "letters"),
    [
        ("ABD", "ABD"),
        ("A,B,D", "ABD"),
        ("A, B, D", "ABD"),
        ("A B D", "ABD"),
        ("A、B、D。", "ABD"),
        ("ＡＢ", "AB"),
        ("Ｄ", "D"),
        ("b", "B"),
        ("dca", "ACD"),
        ("CB", "BC"),
        ("（C）", "C"),
        ("C.", "C"),
        ('["A", "C"]', "AC"),
        ("A；B", "AB"),
        ("A|C", "AC"),
        ("B、《史记》", "B"),
        ("B《史记》", "B"),
        ("A.《诗经》\nC.《论语》", "AC"),
        ("《史记》", "B"),
        ("《诗经》；《论语》", "AC"),
        ("《诗经》、《论语》", "AC"),
    ],
)
def test_answer_names_its_options(answer: str, letters: str) -> None:
    read = read_letters(answer, OPTIONS)
    assert "".join(read.letters) == letters
    assert read.comment == ""


def test_comment_glued_to_a_letter_is_kept_apart() -> None:
    read = read_letters("C根据2021年的规定", OPTIONS)
    assert (read.letters, read.comment) == (("C",), "根据2021年的规定")


@pytest.mark.parametrize("answer", ["全错。", "见书第三页", "B、《论语》", "Z：没有", "……", "（）", "A1"])
def test_answer_that_names_no_option_is_refused(answer: str) -> None:
    with pytest.raises(BadKey) as refusal:
        read_letters(answer, OPTIONS)
    assert refusal.value.code == "bad_key"


def test_letter_given_twice_is_refused() -> None:
    with pytest.raises(BadKey) as refusal:
        read_letters("AAB", OPTIONS)
    assert refusal.value.code == "key_repeats"


@pytest.mark.parametrize("word", ["对", "正确", "（正确）", "√", "✓", "✔️", "T", "true", "True", "Ｔ", "正确。", "对！"])
def test_word_or_sign_means_right(word: str) -> None:
    assert read_truth(word, weak=False) is True


@pytest.mark.parametrize("word", ["错", "错误", "（错误）", "×", "❌", "F", "false", "X", "x", "不正确", "错误；"])
def test_word_or_sign_means_wrong(word: str) -> None:
    assert read_truth(word, weak=False) is False


@pytest.mark.parametrize(
    ("word", "truth"), [("是", True), ("否", False), ("Y", True), ("n", False), ("1", True), ("0", False)]
)
def test_weak_word_counts_only_where_the_kind_is_known(word: str, truth: bool) -> None:
    assert read_truth(word, weak=False) is None
    assert read_truth(word, weak=True) is truth


def test_comment_behind_a_word_for_wrong_is_kept_apart() -> None:
    assert read_truth_with_comment("错误。应为六个月") == (False, "应为六个月")
    assert read_truth_with_comment("六个月") is None


def test_options_tell_which_letter_is_right() -> None:
    assert truths_of_options({"A": "错误", "B": "正确"}, weak=False) == {"A": False, "B": True}
    assert truths_of_options({"A": "可以", "B": "不可以"}, weak=True) == {"A": True, "B": False}
    assert truths_of_options({"A": "不需要", "B": "需要"}, weak=True) == {"A": False, "B": True}
    assert truths_of_options({"A": "是", "B": "否"}, weak=False) is None
    assert truths_of_options({"A": "正确", "B": "对"}, weak=True) is None
    assert truths_of_options({"A": "正确", "B": "错误", "C": "不知道"}, weak=True) is None


@pytest.mark.parametrize(
    ("answer", "blanks", "key"),
    [
        ("宪法", 1, (("宪法",),)),
        ("民主；法治", 2, (("民主",), ("法治",))),
        ("30|三十；民法典|《民法典》", 2, (("30", "三十"), ("民法典", "《民法典》"))),
        ("民主 法治", 2, (("民主",), ("法治",))),
        ("民主、法治", 2, (("民主",), ("法治",))),
        ("（1）民主（2）法治", 2, (("民主",), ("法治",))),
        ("1.民主 2.法治", 2, (("民主",), ("法治",))),
        ("①民主②法治", 2, (("民主",), ("法治",))),
        ("民主\n法治", 2, (("民主",), ("法治",))),
        ("民主；法治", 0, (("民主",), ("法治",))),
        ("民主、法治", 1, (("民主、法治",),)),
        ("民主", 2, None),
        ("民主；", 2, None),
        ("民主；法治", 1, None),
        ("|", 1, None),
    ],
)
def test_answer_is_divided_among_the_blanks(answer: str, blanks: int, key: object) -> None:
    assert read_blanks(answer, blanks) == key


@pytest.mark.parametrize(
    ("stem", "count"),
    [("国家____是____。", 2), ("（ ）是根本法", 1), ("（　　）和()", 2), ("【】", 1), ("没有（空）", 0)],
)
def test_blanks_of_a_stem_are_counted(stem: str, count: int) -> None:
    assert count_blanks(stem) == count
