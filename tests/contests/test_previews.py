from __future__ import annotations

from msgspec import structs

from quizapp.contests.kit import KitMedium, KitTranslation
from quizapp.contests.previews import sample_paper
from tests.contests.kit_makers import make_kit, make_question

KINDS = {2: "multiple", 3: "true_false", 4: "fill_in", 5: "ordering", 6: "matching"}


def test_the_key_is_told_in_the_letters_shown() -> None:
    kit = make_kit(range(1, 7), counts=[6], kinds=KINDS)
    for seed in ("a", "b", "c", "d"):
        paper = sample_paper(kit=kit, seed=seed)
        assert paper is not None
        for shown in paper:
            texts = {option.key: option.text for option in shown.options}
            match shown.question.kind:
                case "single":
                    assert [texts[letter] for letter in shown.key] == ["选项A"]
                case "multiple":
                    assert {texts[letter] for letter in shown.key} == {"选项A", "选项B"}
                case "true_false":
                    assert (shown.key, shown.options) == ("", [])
                case "ordering":
                    assert [texts[letter] for letter in shown.key.split(" → ")] == ["选项C", "选项A", "选项D", "选项B"]
                case "matching":
                    pairs = [tuple(texts[key] for key in pair.split(" → ")) for pair in shown.key.split("；")]
                    assert pairs == [("选项A", "选项2"), ("选项B", "选项4"), ("选项C", "选项1")]
                case _:
                    assert (shown.key, shown.options) == ("宪法", [])


def test_options_stand_under_letters_in_order() -> None:
    paper = sample_paper(kit=make_kit(range(1, 9), counts=[8]), seed="a")
    assert paper is not None
    assert {"".join(option.key for option in shown.options) for shown in paper} == {"ABCD"}
    assert len({tuple(option.text for option in shown.options) for shown in paper}) > 1


def test_a_case_is_read_once_and_options_carry_their_pictures_and_languages() -> None:
    kit = make_kit([1, 2, 3], counts=[3], shuffle_questions=False)
    picture = KitMedium(at="B", kind="picture", file="0a.png", alt="徽章", width=4, height=3)
    uyghur = KitTranslation("ug", "سوئال", {"B": "ئىككى"})
    questions = {
        number: make_question(number, passage="甲案。" if number > 1 else "", media=(picture,), translations=(uyghur,))
        for number in (1, 2, 3)
    }
    paper = sample_paper(kit=structs.replace(kit, questions=questions), seed="a")
    assert paper is not None
    assert [shown.begins_case for shown in paper] == [False, True, False]
    option = next(option for option in paper[0].options if option.text == "选项B")
    assert (option.media, option.translations) == ([picture], [("ug", "ئىككى")])
    assert paper[0].media_at("stem") == []


def test_a_paper_that_cannot_be_filled_is_none() -> None:
    assert sample_paper(kit=make_kit([1, 2], counts=[3]), seed="a") is None
