from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from itertools import combinations, groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from quizapp.contests import rules
from quizapp.contests.kit import Kit, KitQuestion
from tests.contests.kit_makers import make_kit, make_question


@st.composite
def blueprints(draw: st.DrawFn) -> tuple[list[list[int]], list[int]]:
    """Overlapping pools over few questions, and how many each section wants."""
    pools = draw(st.lists(st.lists(st.integers(1, 12), min_size=1, unique=True), min_size=1, max_size=4))
    return pools, [draw(st.integers(1, len(pool))) for pool in pools]


def violates_hall(pools: list[list[int]], counts: list[int]) -> bool:
    places = range(len(pools))
    return any(
        len({question for place in group for question in pools[place]}) < sum(counts[place] for place in group)
        for size in range(1, len(pools) + 1)
        for group in combinations(places, size)
    )


@settings(max_examples=100, deadline=None)
@given(blueprint=blueprints(), seen=st.dictionaries(st.integers(1, 12), st.integers(0, 5)), seed=st.text())
def test_a_drawn_paper_is_whole_without_repeats_and_the_same_for_the_same_seed(
    blueprint: tuple[list[list[int]], list[int]], seen: dict[int, int], seed: str
) -> None:
    pools, counts = blueprint
    kit = make_kit(*pools, counts=counts)
    if violates_hall(pools, counts):
        with pytest.raises(rules.PaperCannotBeFilled):
            rules.draw_paper(kit=kit, seen=seen, seed=seed)
        return
    paper = rules.draw_paper(kit=kit, seen=seen, seed=seed)
    ids = [drawn.question_id for drawn in paper]
    assert len(ids) == len(set(ids)) == sum(counts)
    start = 0
    for pool, count in zip(pools, counts, strict=True):
        assert set(ids[start : start + count]) <= set(pool)
        start += count
    assert paper == rules.draw_paper(kit=kit, seen=dict(reversed(seen.items())), seed=seed)


@settings(max_examples=100, deadline=None)
@given(blueprint=blueprints(), seen=st.dictionaries(st.integers(1, 12), st.integers(0, 3)))
def test_a_drawn_paper_has_been_seen_as_little_as_any_paper_can_be(
    blueprint: tuple[list[list[int]], list[int]], seen: dict[int, int]
) -> None:
    pools, counts = blueprint
    if violates_hall(pools, counts) or sum(counts) > 5:
        return
    paper = rules.draw_paper(kit=make_kit(*pools, counts=counts), seen=seen, seed="s")
    drawn = sorted(seen.get(question.question_id, 0) for question in paper)
    everything = sorted({question for pool in pools for question in pool})
    possible = [
        sorted(seen.get(question, 0) for question in chosen)
        for chosen in combinations(everything, sum(counts))
        if not rules.find_shortage(pools=[[q for q in pool if q in chosen] for pool in pools], counts=counts)
    ]
    assert drawn == min(possible)


@given(blueprint=blueprints())
def test_a_shortage_names_sections_whose_pools_together_are_too_small(
    blueprint: tuple[list[list[int]], list[int]],
) -> None:
    pools, counts = blueprint
    shortage = rules.find_shortage(pools=pools, counts=counts)
    assert (shortage is not None) == violates_hall(pools, counts)
    if shortage:
        union = {question for place in shortage.sections for question in pools[place]}
        assert shortage.available == len(union)
        assert shortage.needed == sum(counts[place] for place in shortage.sections) > shortage.available


def test_a_wide_section_does_not_starve_a_narrow_one() -> None:
    wide, narrow = list(range(1, 41)), list(range(1, 6))
    kit = make_kit(wide, narrow, counts=[30, 5])
    for number in range(50):
        paper = rules.draw_paper(kit=kit, seen={}, seed=str(number))
        assert {drawn.question_id for drawn in paper[30:]} == set(narrow)


def test_attempts_go_through_the_whole_pool_before_a_question_comes_again() -> None:
    kit = make_kit(range(1, 31), counts=[10])
    seen: Counter[int] = Counter()
    for number in range(3):
        seen.update(drawn.question_id for drawn in rules.draw_paper(kit=kit, seen=seen, seed=f"p{number}"))
    assert seen == Counter(range(1, 31))


def test_every_question_is_drawn_about_equally_often() -> None:
    kit = make_kit(range(1, 21), counts=[5])
    drawn = Counter(
        question.question_id
        for number in range(2000)
        for question in rules.draw_paper(kit=kit, seen={}, seed=f"{number}")
    )
    assert chi_square([drawn[question] for question in range(1, 21)]) < 60


def test_the_key_stands_at_every_place_about_equally_often() -> None:
    kit = make_kit(range(1, 21), counts=[10])
    places = Counter(
        question.option_ids.index("A")
        for number in range(1000)
        for question in rules.draw_paper(kit=kit, seen={}, seed=f"{number}")
    )
    assert chi_square([places[place] for place in range(4)]) < 21.1  # p = 0.0001 with 3 degrees of freedom


def chi_square(counts: list[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


def test_a_fixed_paper_has_its_questions_in_their_order_when_nothing_is_shuffled() -> None:
    kit = make_kit([5, 3, 4], [9], counts=[3, 1], paper="fixed", shuffle_questions=False, shuffle_options=False)
    paper = rules.draw_paper(kit=kit, seen={5: 3}, seed="s")
    assert [(drawn.question_id, drawn.revision_id) for drawn in paper] == [(5, 1005), (3, 1003), (4, 1004), (9, 1009)]
    assert {drawn.option_ids for drawn in paper} == {("A", "B", "C", "D")}
    assert {drawn.points_hundredths for drawn in paper} == {1000}


def test_a_fixed_paper_is_shuffled_inside_its_sections_only() -> None:
    kit = make_kit(range(1, 9), range(11, 14), counts=[8, 3], paper="fixed")
    papers = [rules.draw_paper(kit=kit, seen={}, seed=str(number)) for number in range(20)]
    assert all({drawn.question_id for drawn in paper[:8]} == set(range(1, 9)) for paper in papers)
    assert len({tuple(drawn.question_id for drawn in paper) for paper in papers}) > 10


def test_a_random_paper_that_is_not_shuffled_stands_in_the_order_of_the_bank() -> None:
    kit = make_kit(range(1, 31), counts=[10], shuffle_questions=False)
    ids = [drawn.question_id for drawn in rules.draw_paper(kit=kit, seen={}, seed="s")]
    assert ids == sorted(ids)


def test_true_false_and_fill_in_questions_have_no_options_to_shuffle() -> None:
    kit = make_kit([1, 2], counts=[2], kinds={1: "true_false", 2: "fill_in"})
    assert {drawn.option_ids for drawn in rules.draw_paper(kit=kit, seen={}, seed="s")} == {()}


# Orders that must tell nothing


def with_questions(kit: Kit, *questions: KitQuestion) -> Kit:
    return structs.replace(kit, questions={question.id: question for question in questions})


def kit_of_one(question: KitQuestion, **changes: Any) -> Kit:
    return with_questions(make_kit([question.id], counts=[1], **changes), question)


@given(
    ids=st.permutations("ABCDEF"),
    key=st.permutations("ABCDEF"),
    seed=st.text(),
    shuffles=st.booleans(),
    kind=st.sampled_from(["ordering", "matching"]),
)
def test_the_order_shown_comes_from_the_seed_alone(
    ids: list[str], key: list[str], seed: str, shuffles: bool, kind: str
) -> None:
    """Places in the bank go to the same places on the paper whatever the options are called and the key is.

    So the chance that the right order is shown is that of any other order: with every permutation of places
    equally likely (the next test), what is shown is uniform over the orders for every key.
    """
    numbers = [str("ABCDEF".index(letter) + 1) for letter in ids]
    options = ids if kind == "ordering" else ["X", "Y", *numbers]
    plain = [*"ABCDEF"] if kind == "ordering" else ["X", "Y", *"123456"]
    orders = []
    for option_ids, answer in ((plain, plain), (options, key)):
        question = structs.replace(
            make_question(1, kind), options=tuple((one, f"文字{one}") for one in option_ids), key=list(answer)
        )
        kit = kit_of_one(question, shuffle_options=shuffles, paper="fixed", shuffle_questions=False)
        drawn = rules.draw_paper(kit=kit, seen={}, seed=seed)[0]
        assert sorted(drawn.option_ids) == sorted(option_ids)
        orders.append([option_ids.index(one) for one in drawn.option_ids])
    assert orders[0] == orders[1]


def test_every_order_of_what_is_to_be_ordered_is_shown_about_equally_often() -> None:
    kit = kit_of_one(make_question(1, "ordering"), shuffle_options=False)
    shown = Counter(rules.draw_paper(kit=kit, seen={}, seed=f"{number}")[0].option_ids for number in range(4800))
    assert len(shown) == 24
    assert shown["C", "A", "D", "B"] > 0, "the right order comes by chance as others do"
    assert chi_square(list(shown.values())) < 65  # p = 0.00001 with 23 degrees of freedom


def test_the_left_of_matching_stands_and_the_right_is_shuffled_also_where_options_are_not() -> None:
    kit = kit_of_one(make_question(1, "matching"), shuffle_options=False)
    papers = [rules.draw_paper(kit=kit, seen={}, seed=f"{number}")[0].option_ids for number in range(400)]
    assert {paper[:3] for paper in papers} == {("A", "B", "C")}
    assert len({paper[3:] for paper in papers}) == 24


def test_keys_shown_are_letters_and_numbers_in_the_order_shown() -> None:
    matching, ordering = make_question(1, "matching"), make_question(2, "ordering")
    for seed in "abcdef":
        kit = with_questions(make_kit([1, 2], counts=[2], shuffle_questions=False), matching, ordering)
        first, second = rules.draw_paper(kit=kit, seen={}, seed=seed)
        assert rules.keys_shown(question=matching, drawn=first) == ["A", "B", "C", "1", "2", "3", "4"]
        assert rules.keys_shown(question=ordering, drawn=second) == ["A", "B", "C", "D"]


# Cases


@st.composite
def papers_of_cases(draw: st.DrawFn) -> Kit:
    """Up to twelve questions in one or two sections, some of which share one of three passages."""
    ids = draw(st.lists(st.integers(1, 12), min_size=1, unique=True))
    cut = draw(st.integers(0, len(ids)))
    pools = [pool for pool in (ids[:cut], ids[cut:]) if pool]
    kit = make_kit(
        *pools,
        counts=[draw(st.integers(1, len(pool))) for pool in pools],
        paper=draw(st.sampled_from(["random", "fixed"])),
        shuffle_questions=draw(st.booleans()),
    )
    if kit.paper == "fixed":
        kit = structs.replace(
            kit, sections=tuple(structs.replace(part, count=len(part.question_ids)) for part in kit.sections)
        )
    passages = st.sampled_from(["", "甲案。", "乙案。", "丙案。"])
    return with_questions(kit, *(make_question(number, passage=draw(passages)) for number in ids))


@settings(max_examples=200, deadline=None)
@given(kit=papers_of_cases(), seed=st.text())
def test_the_questions_of_a_case_stand_together_by_id(kit: Kit, seed: str) -> None:
    ids = [drawn.question_id for drawn in rules.draw_paper(kit=kit, seen={}, seed=seed)]
    start = 0
    for section in kit.sections:
        part, start = ids[start : start + section.count], start + section.count
        if kit.paper == "fixed" and not kit.shuffle_questions:
            assert part == list(section.question_ids)
            continue
        passages = [kit.questions[number].passage for number in part]
        runs = [passage for passage, _run in groupby(passages) if passage]
        assert len(runs) == len(set(runs)), "a case is torn apart"
        for passage in set(passages) - {""}:
            of_case = [number for number in part if kit.questions[number].passage == passage]
            assert of_case == sorted(of_case)


def test_cases_and_single_questions_are_shuffled_among_each_other() -> None:
    questions = [make_question(number, passage="甲案。" if number in (2, 3) else "") for number in range(1, 6)]
    kit = with_questions(make_kit(range(1, 6), counts=[5], paper="fixed"), *questions)
    papers = {
        tuple(drawn.question_id for drawn in rules.draw_paper(kit=kit, seen={}, seed=f"{number}"))
        for number in range(500)
    }
    assert len(papers) == 24


def test_overlap_and_exposure_follow_from_the_chances() -> None:
    chance = rules.chances(pools=[range(100), range(100, 120)], counts=[10, 5])
    assert rules.expected_overlap(chance=chance) == pytest.approx(10 * 0.1 + 5 * 0.25)
    assert rules.expected_exposure(chance=chance, papers=200) == (pytest.approx(20), pytest.approx(50))
    assert rules.expected_exposure(chance={}, papers=200) == (0.0, 0.0)


def test_chances_of_overlapping_pools_add_up_to_the_paper() -> None:
    chance = rules.chances(pools=[range(40), range(10)], counts=[8, 2])
    assert sum(chance.values()) == pytest.approx(10)


@pytest.mark.parametrize(
    ("timezone", "local", "utc"),
    [
        ("Asia/Shanghai", datetime.fromisoformat("2026-11-23T08:00"), datetime(2026, 11, 23, 0, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime.fromisoformat("2026-11-23T08:00"), datetime(2026, 11, 23, 2, 15, tzinfo=UTC)),
        ("America/New_York", datetime.fromisoformat("2026-11-01T01:30"), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
    ],
)
def test_a_local_time_is_read_in_the_zone_of_the_contest_and_the_first_of_two_is_meant(
    timezone: str, local: datetime, utc: datetime
) -> None:
    assert rules.from_local(local=local, timezone=timezone) == utc
    assert rules.to_local(moment=utc, timezone=timezone) == local


def test_a_local_time_that_never_is_is_refused() -> None:
    with pytest.raises(rules.NoSuchLocalTime):
        rules.from_local(local=datetime.fromisoformat("2026-03-08T02:30"), timezone="America/New_York")


@pytest.mark.parametrize("slug", ["ab", "hunan-2024", "a1", "x" * 64])
def test_slugs_of_letters_digits_and_single_hyphens_are_taken(slug: str) -> None:
    assert rules.is_slug(slug)


@pytest.mark.parametrize(
    "slug", ["", "a", "A1", "宪法", "a--b", "-a", "a-", "a b", "a/b", "a.b", "x" * 65, "new", "ａｂ", "ab\n", "../x"]
)
def test_other_slugs_are_not_taken(slug: str) -> None:
    assert not rules.is_slug(slug)


def test_a_slug_comes_from_the_latin_words_of_the_title_or_from_the_day() -> None:
    day = date(2026, 11, 23)
    assert rules.suggest_slug(title="Law Quiz ２０２６（第一期）", day=day) == "law-quiz-2026"
    assert rules.suggest_slug(title="2026 年宪法知识竞赛", day=day) == "quiz-20261123"
    assert rules.suggest_slug(title="new", day=day) == "quiz-20261123"


def test_contrast_is_that_of_the_guidelines() -> None:
    assert rules.contrast("#ffffff", "#000000") == pytest.approx(21)
    assert rules.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("colour", "text", "readable"),
    [
        ("#b3261e", "#ffffff", True),
        ("#ffd700", "#1f2329", True),
        ("#808080", "#1f2329", False),
        ("#B3261E", "#ffffff", False),
    ],
)
def test_an_accent_carries_white_or_dark_text_or_is_refused(colour: str, text: str, readable: bool) -> None:
    assert rules.text_on(colour.lower()) == text
    assert rules.is_readable_accent(colour) is readable


@pytest.mark.parametrize("colour", ["", "red", "#fff", "#b3261e;", "#gggggg"])
def test_what_is_not_a_colour_is_refused(colour: str) -> None:
    assert not rules.is_readable_accent(colour)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" 张  三 ", "张 三"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("བཀྲ་ཤིས།", "བཀྲ་ཤིས།"),
        ("e\u0301", "é"),
        ("བསྒྲུབས", "བསྒྲུབས"),
    ],
)
def test_names_of_all_scripts_are_kept(text: str, name: str) -> None:
    assert rules.clean_name(text, letters=16) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \u3000\n", "empty"),
        ("字" * 17, "too_long"),
        ("a\u202eb", "bad_characters"),
        ("a\x00b", "bad_characters"),
        ("\u200b", "bad_characters"),
        ("\ud800", "bad_characters"),
        ("a" + "\u0301\u0302\u0303\u0304\u0306\u0307", "bad_characters"),
        ("……", "bad_characters"),
        ("\u200d", "bad_characters"),
    ],
)
def test_names_that_cannot_be_shown_safely_are_refused(text: str, code: str) -> None:
    with pytest.raises(rules.BadName) as refusal:
        rules.clean_name(text, letters=16)
    assert refusal.value.code == code


def test_a_full_score_fits_its_bits_of_the_rank() -> None:
    assert rules.FULL_LIMIT_HUNDREDTHS == 4_194_303


def test_drawing_is_quick_for_a_large_bank() -> None:
    kit: Any = make_kit(range(1, 1001), range(500, 600), counts=[90, 10])
    paper = rules.draw_paper(kit=kit, seen={}, seed="s")
    assert len(paper) == 100
