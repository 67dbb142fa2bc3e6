"""Names, phone numbers and the text of notices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.accounts import notice_text
from quizapp.accounts.rules import (
    clean_line,
    is_sign_in_name,
    mask_name,
    mask_phone,
    normalise_name,
    normalise_phone,
    normalise_sign_in_name,
    notice_parts,
)


@pytest.mark.parametrize(
    ("typed", "name", "masked"),
    [
        ("张三", "张三", "张*"),
        (" 张 三 ", "张三", "张*"),
        ("张　三", "张三", "张*"),
        ("欧阳修", "欧阳修", "欧*"),
        ("买买提.艾力", "买买提·艾力", "买*"),
        ("买买提•艾力", "买买提·艾力", "买*"),
        ("John  Smith", "John Smith", "J*"),
        ("Ｊｏｈｎ", "John", "J*"),
        ("J.R. Smith", "J.R. Smith", "J*"),
        ("أحمد علي", "أحمد علي", "أ*"),
        ("李\u202e四\u200b", "李四", "李*"),
        ("e\u0301mile", "émile", "é*"),
        ("张\x00三\n", "张三", "张*"),
        ("𠮷野家", "𠮷野家", "𠮷*"),
        ("阿", "阿", "*"),
        ("\u200b \t", "", "*"),
    ],
)
def test_names_are_normalised_and_masked(typed: str, name: str, masked: str) -> None:
    assert normalise_name(typed) == name
    assert mask_name(name) == masked


@given(st.text(max_size=80))
def test_normalising_a_name_twice_changes_nothing(typed: str) -> None:
    once = normalise_name(typed)
    assert normalise_name(once) == once
    assert "\n" not in once and "\x00" not in once


@given(st.text(min_size=2, max_size=40))
def test_a_masked_name_shows_its_first_letter_at_most(name: str) -> None:
    masked = mask_name(name)
    assert masked.endswith("*") and name.startswith(masked[:-1]) and masked[:-1] != name


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("13812345678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("+86 13812345678", "13812345678"),
        ("+86-138 1234 5678", "13812345678"),
        ("0086 13812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("19912345678", "19912345678"),
        ("12812345678", None),
        ("1381234567", None),
        ("138123456789", None),
        ("13812345678 转 12", None),
        ("010-12345678", None),
        ("+1 13812345678", None),
        ("1381234567a", None),
        ("", None),
        ("'; drop table user_account; --", None),
    ],
)
def test_only_mainland_mobile_numbers_are_phones(typed: str, phone: str | None) -> None:
    assert normalise_phone(typed) == phone


@pytest.mark.parametrize(
    ("phone", "masked"), [("13812345678", "138****5678"), ("123", "***"), ("1234567890", "**********"), ("", "")]
)
def test_a_masked_phone_shows_seven_digits_at_most(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("typed", "name"), [("Olga", "olga"), (" ｏｌｇａ ", "olga"), ("张三", "张三"), ("OL\u200bGA", "olga")]
)
def test_look_alikes_do_not_make_another_account(typed: str, name: str) -> None:
    assert normalise_sign_in_name(typed) == name
    assert is_sign_in_name(name)


@pytest.mark.parametrize("name", ["", "a", "a b", "-ab", "<b>", "a" * 65, "a\nb", "a/b", "阿\u200b", "é1"])
def test_refuses_names_that_are_no_sign_in_names(name: str) -> None:
    assert not is_sign_in_name(name)


def test_a_line_has_no_line_ends_and_no_turned_text() -> None:
    assert clean_line("  a\r\nb\t\u202ec\x1b[31m ") == "a b c[31m"


def test_a_notice_has_headings_and_paragraphs() -> None:
    parts = notice_parts("# 收集什么\n只收集昵称。\n不收集别的。\n\n# 联系谁\n\n主办单位。\n")
    assert parts == [
        ("heading", ["收集什么"]),
        ("paragraph", ["只收集昵称。", "不收集别的。"]),
        ("heading", ["联系谁"]),
        ("paragraph", ["主办单位。"]),
    ]


@pytest.mark.parametrize("text", [notice_text.CHINESE, notice_text.ENGLISH])
def test_the_first_notice_has_seven_parts(text: str) -> None:
    assert [kind for kind, _lines in notice_parts(text)].count("heading") == 7
