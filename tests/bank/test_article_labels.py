"""Numbers of articles in statutes and citations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.bank.article_labels import (
    PREAMBLE,
    ArticleNumber,
    articles_in,
    number_of,
    read_numeral,
    short_title,
    title_key,
    write_numeral,
)


@given(st.integers(1, 9999))
def test_written_numeral_is_read_back(number: int) -> None:
    assert read_numeral(write_numeral(number)) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("十", 10),
        ("十五", 15),
        ("二十", 20),
        ("一百零四", 104),
        ("一百〇四", 104),
        ("一百○四", 104),
        ("一〇四", 104),
        ("一千一百六十四", 1164),
        ("一千零一十", 1010),
        ("两百", 200),
        ("104", 104),
        ("１０４", 104),
        ("百", None),
        ("十百", None),
        ("一二百", None),
        ("", None),
        ("甲", None),
    ],
)
def test_numeral_is_read(text: str, number: int | None) -> None:
    assert read_numeral(text) == number


@pytest.mark.parametrize(
    ("label", "articles"),
    [
        ("第四条", ["第四条"]),
        ("第四条第一款", ["第四条"]),
        ("第四条第一款第（三）项", ["第四条"]),
        ("第八条之一第二款", ["第八条之一"]),
        ("第36条", ["第三十六条"]),
        ("第 ３６ 条", ["第三十六条"]),
        ("第一百〇四条", ["第一百零四条"]),
        ("第二章第五条", ["第五条"]),
        ("第十条、第十一条", ["第十条", "第十一条"]),
        ("第十条至第十二条", ["第十条", "第十一条", "第十二条"]),
        ("第十条至第九千条", ["第十条", "第九千条"]),
        ("序言第七自然段", ["序言"]),
        ("第零条", []),
        ("总则", []),
        ("", []),
    ],
)
def test_citation_names_its_articles(label: str, articles: list[str]) -> None:
    assert [number.label for number in articles_in(label)] == articles


def test_inserted_article_stands_behind_the_one_it_follows() -> None:
    numbers = [number_of("九"), number_of("八", "二"), number_of("八"), number_of("八", "一"), PREAMBLE]
    assert sorted(number for number in numbers if number) == [
        PREAMBLE,
        ArticleNumber(8),
        ArticleNumber(8, 1),
        ArticleNumber(8, 2),
        ArticleNumber(9),
    ]


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("中华人民共和国宪法", "宪法"),
        ("《宗教事务条例》", "宗教事务条例"),
        ("宗教事务条例（2017年修订）", "宗教事务条例"),
        ("信访工作条例（试行）", "信访工作条例（试行）"),
        ("中国共产党章程", "中国共产党章程"),
        ("中华人民共和国", "中华人民共和国"),
    ],
)
def test_title_is_shortened_as_people_cite_it(title: str, short: str) -> None:
    assert short_title(title) == short
    assert title_key(title) == title_key(short)
