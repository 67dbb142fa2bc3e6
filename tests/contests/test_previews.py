from __future__ import annotations

from quizapp.contests.previews import sample_paper
from tests.contests.kit_makers import make_kit


def test_the_key_is_told_in_the_letters_shown() -> None:
    kit = make_kit([1, 2, 3, 4], counts=[4], kinds={2: "multiple", 3: "true_false", 4: "fill_in"})
    for seed in ("a", "b", "c", "d"):
        paper = sample_paper(kit=kit, seed=seed)
        assert paper is not None
        for shown in paper:
            texts = dict(shown.options)
            match shown.question.kind:
                case "single":
                    assert [texts[letter] for letter in shown.key] == ["选项A"]
                case "multiple":
                    assert {texts[letter] for letter in shown.key} == {"选项A", "选项B"}
                case "true_false":
                    assert (shown.key, shown.options) == ("", [])
                case _:
                    assert (shown.key, shown.options) == ("宪法", [])


def test_options_stand_under_letters_in_order() -> None:
    paper = sample_paper(kit=make_kit(range(1, 9), counts=[8]), seed="a")
    assert paper is not None
    assert {"".join(letter for letter, _text in shown.options) for shown in paper} == {"ABCD"}
    assert len({tuple(text for _letter, text in shown.options) for shown in paper}) > 1


def test_a_paper_that_cannot_be_filled_is_none() -> None:
    assert sample_paper(kit=make_kit([1, 2], counts=[3]), seed="a") is None
