"""Questions that say nearly the same are found, and others are not."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.bank.likeness import LEAST_PERCENT, find_similar, likeness_text

STEMS = (
    "根据宪法规定，中华人民共和国的一切权力属于谁",
    "宗教活动场所应当加强内部管理，建立健全哪些制度",
    "未成年人的父母或者其他监护人依法对未成年人承担监护职责",
    "行政机关作出行政许可决定应当自受理之日起几日内",
    "下列哪一种合同应当采用书面形式",
)
LETTERS = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学"
)


def texts(count: int, seed: int = 1) -> list[str]:
    """Made-up questions of which no two are alike."""
    chance = random.Random(seed)
    return ["".join(chance.choices(LETTERS, k=chance.randint(20, 60))) for _ in range(count)]


def varied(text: str, chance: random.Random) -> str:
    letters = list(text)
    for _ in range(max(1, len(text) // 15)):
        letters[chance.randrange(len(letters))] = "甲"
    return "".join(letters)


def test_text_with_a_few_other_letters_is_found_in_what_is_known() -> None:
    found = find_similar(STEMS, ["根据宪法的规定，中华人民共和国一切权力属于谁？", "什么是仲裁，与诉讼有什么不同之处"])
    place, percent = found[0]
    assert (place, percent >= LEAST_PERCENT, 1 in found) == (0, True, False)


def test_text_is_compared_with_those_above_it_and_not_with_itself() -> None:
    assert find_similar([], STEMS) == {}
    found = find_similar(STEMS[:1], [STEMS[1], STEMS[2], STEMS[1] + "呢"])
    assert found.keys() == {2}
    assert found[2][0] == 1


def test_order_width_and_punctuation_of_options_make_no_difference() -> None:
    first = likeness_text("下列哪些是公民的权利？", ["选举权", "受教育权（义务）", "ＡＢ"])
    assert first == likeness_text("下列哪些是公民的权利", ["受教育权 义务", "ab", "选举权。"])


def test_too_little_text_is_like_nothing() -> None:
    assert find_similar(["对不对"], ["对不对"]) == {}


def test_every_likeness_among_many_is_found() -> None:
    known, chance = texts(2000), random.Random(2)
    places = chance.sample(range(2000), 200)
    found = find_similar(known, [varied(known[place], chance) for place in places])
    assert [found[number][0] for number in range(200)] == places


def test_texts_with_everything_in_common_do_not_take_longer() -> None:
    same = ["根据《中华人民共和国宪法》规定，下列说法正确的是" + tail for tail in texts(3000)]
    started = time.process_time()
    find_similar(same[:1500], same[1500:])
    assert time.process_time() - started < 5


def test_progress_counts_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    find_similar(STEMS[:2], STEMS[2:], tell=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6), st.lists(st.text(max_size=30), max_size=6))
def test_whatever_the_texts_the_places_found_are_before_them(known: list[str], new: list[str]) -> None:
    for number, (place, percent) in find_similar(known, new).items():
        assert 0 <= place < len(known) + number
        assert LEAST_PERCENT <= percent <= 100
