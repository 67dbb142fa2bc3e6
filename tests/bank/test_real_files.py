"""Question banks found in the world, byte for byte as published: counts by their README, questions one by one."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from quizapp.bank.formats import Parsed, ParsedQuestion, read
from quizapp.bank.formats.characters import clean
from quizapp.bank.rules import normalise_text

LECTURES = {
    "第01讲": ("工程伦理概论", {"single": 9, "multiple": 8, "true_false": 3}),
    "第04讲": ("工程前端设计规范", {"single": 9, "multiple": 10, "true_false": 4}),
    "第07讲": ("从业工程师的实践伦理", {"single": 7, "multiple": 10, "true_false": 5}),
    "第10讲": ("航空领域工程伦理", {"single": 8, "multiple": 7, "true_false": 5}),
    "第13讲": ("能源动力领域工程伦理", {"single": 8, "multiple": 8, "true_false": 5}),
}
GIFT = {
    "TFTwoFeedback": {"true_false": 3},
    "description1": {"true_false": 1},
    "escapeAll": {"single": 1},
    "essay1": {"short_text": 1},
    "markdown": {},
    "mc2": {"single": 1},
    "mcHTMLComment": {"single": 1},
    "newlineAndLaTeX": {"short_text": 1},
    "shortAnswer1": {"fill_in": 2},
    "shortFirstEmbedded": {"fill_in": 2},
    "symbolsAll": {"true_false": 1},
    "tag_two_tags": {"short_text": 1},
    "tf1_markdown": {"true_false": 1},
    "totara_moodle_essay": {"short_text": 1},
    "totara_moodle_multichoice_multi": {"multiple": 1},
    "totara_moodle_shortanswer": {"fill_in": 1},
    "totara_moodle_truefalse_true_answer1": {"true_false": 1},
}
COUNTS: dict[str, dict[str, int]] = {
    "zh-text/quiz_system/tiku.txt": {"single": 112, "multiple": 74, "true_false": 36, "short_text": 32},
    "zh-docx/quiz_system/习概题库.docx": {"single": 112, "multiple": 74, "true_false": 36, "short_text": 32},
    "zh-text/uestc-labsafe/bank.txt": {"true_false": 851},
    "zh-xlsx/experiment/tiku.xlsx": {"single": 113, "multiple": 157},
    "zh-xlsx/templates/SurveyKing-卷王题库导入模板.xlsx": {
        "single": 1,
        "multiple": 1,
        "true_false": 1,
        "fill_in": 1,
        "short_text": 1,
    },
    # Of the four multiple ones, row 12 is rejected: its key names D, its cell for D is empty.
    "zh-xlsx/templates/Hermannmayer-题库模板.xlsx": {"true_false": 3, "single": 5, "multiple": 3},
    "zh-xlsx/templates/CyzenDev-题库模板.xlsx": {},
    "zh-xls/marxism/题库.xls": {
        "single": 330,
        "multiple": 239,
        "true_false": 340,
        "fill_in": 44,
        "short_text": 42,
    },
    "csv-json/disc-law/mcq_mult_nje.csv": {"multiple": 463},
    "csv-json/disc-law/mcq_sing_lbk.csv": {"single": 275},
    "csv-json/disc-law/mcq_mult_ungee.csv": {"multiple": 87},
    "csv-json/cmmlu/international_law.csv": {"single": 185},
    "csv-json/cmmlu/world_religions.csv": {"single": 160},
    "csv-json/cmmlu/marxist_theory.csv": {"single": 189},
    "csv-json/adoremai/大学语文.json": {
        "single": 41,
        "multiple": 9,
        "true_false": 6,
        "fill_in": 32,
        "short_text": 15,
    },
    "csv-json/agieval/gaokao-history.jsonl": {"single": 235},
    "csv-json/opentdb/opentdb_0-300.json": {"single": 250, "true_false": 50},
    "kahoot/kahoot.csv": {"single": 5},
    **{f"gift/gift-pegjs/{name}.gift": kinds for name, kinds in GIFT.items()},
    # Of the eight numerical ones, four have a tolerance or a range.
    "gift/moodle/examples.txt": {"single": 16, "multiple": 2, "true_false": 5, "matching": 3, "fill_in": 9 + 4},
    "gift/qas-editor/essay.gift": {"short_text": 2},
    "gift/qas-editor/missing_words.gift": {"single": 1},
    "gift/qas-editor/true_false.gift": {"true_false": 4},
    "aiken/moodle/questions.aiken.txt": {"single": 1, "true_false": 1},
    "moodle-xml/moodle/truefalse.xml": {"true_false": 2},
    "moodle-xml/moodle/type-multichoice.xml": {"multiple": 1},
    "moodle-xml/moodle/type-shortanswer.xml": {"fill_in": 1},
    "moodle-xml/qas-editor/description.xml": {},
    "moodle-xml/qas-editor/essay.xml": {"short_text": 1},
    "moodle-xml/qas-editor/multichoice.xml": {"single": 1},
    **{f"zh-text/buaa-ethics/{name} {title} 习题.txt": kinds for name, (title, kinds) in LECTURES.items()},
    "qti12/instructure/bank_entry_item.xml": {},
    "qti12/instructure/canvas_multiple_dropdowns_correct_choice_is_not_the_first.xml": {},
    "qti12/instructure/canvas_multiple_fib_extra_brackets.xml": {},
    "qti12/instructure/choice_vary_points_by_answer.xml": {},
    "qti12/instructure/essay_custom_settings.xml": {"short_text": 1},
    "qti12/instructure/feedback_quiz_1.2.xml": {"short_text": 1, "true_false": 2},
    "qti12/instructure/formula_mvar.xml": {},
    "qti12/instructure/mc_feedback.xml": {"single": 1},
    "qti12/instructure/multiple_choice.xml": {"single": 1},
    "qti12/instructure/numeric_exact_match.xml": {"fill_in": 2},
    # The answer is any number from 999.995 to 1000.005, which no blank here can check.
    "qti12/instructure/numeric_precision.xml": {},
    "qti12/instructure/question_group.xml": {"true_false": 10},
    "qti12/instructure/stimulus_passage.xml": {},
    "qti12/instructure/true_false.xml": {"true_false": 1},
    "qti12/instructure/upload_with_custom_settings.xml": {},
    "qti21/instructure/essay.xml": {"short_text": 1},
    "qti21/qti-sdk-custom/2_2__figure_html5.xml": {},
    "qti21/qti-sdk-custom/extended_text_empty_mapentry.xml": {"short_text": 1},
    "qti21/qti-sdk-custom/is_responded__is_responded_multiple_interactions_singlechoice_textentry.xml": {"single": 1},
    "qti21/qti-sdk-custom/responseruleforQtiPL1.xml": {"multiple": 1},
    "qti21/qti-sdk-custom/set_outcome_values_with_sum.xml": {"multiple": 1},
    "qti21/qti-sdk-custom/skipping__default_value.xml": {},
    "qti21/qti-sdk-custom/template_declaration_default.xml": {"single": 1},
    "qti21/qti-sdk-custom/template_location__template_location_item.xml": {"single": 1},
    "qti21/qti-sdk-custom/template_location__template_location_item_invalid_target.xml": {"single": 1},
    "qti30/kennisnet/default-value-empty-value.xml": {"single": 1},
    "qti30/kennisnet/else-if-after-else.xml": {"single": 1},
    # The list calls it "other", since it has no word for matching.
    "qti30/kennisnet/gap-match-no-processing.xml": {"matching": 1},
    "qti30/kennisnet/match-correct-template.xml": {"fill_in": 1},
    "qti30/kennisnet/non-existing-outcome.xml": {},
    "qti30/kennisnet/select-point-processing.xml": {},
    "qti30/kennisnet/simple-choice-processing.xml": {"single": 1},
    "qti30/kennisnet/simple-multiple-choice-processing1.xml": {"multiple": 1},
    "qti30/kennisnet/with-else-if.xml": {},
    "qti30/kennisnet/wrong-processing-element.xml": {},
}
# Problems of severity error: code → how many.
ERRORS: dict[str, dict[str, int]] = {
    "zh-text/uestc-labsafe/bank.txt": {"key_without_options": 482},
    "zh-xlsx/templates/Hermannmayer-题库模板.xlsx": {"key_without_option": 1},
    "zh-xlsx/templates/SurveyKing-卷王题库导入模板.xlsx": {"no_stem": 1},
    "zh-xlsx/templates/CyzenDev-题库模板.xlsx": {"no_questions": 1},
    "csv-json/adoremai/大学语文.json": {
        "kind_unsupported": 10,
        "no_key": 5,
        "key_without_options": 4,
        "key_without_option": 1,
        "too_few_options": 1,
    },
    "qti12/instructure/bank_entry_item.xml": {"item_elsewhere": 1},
    "qti12/instructure/canvas_multiple_dropdowns_correct_choice_is_not_the_first.xml": {"interaction_unsupported": 1},
    "qti12/instructure/canvas_multiple_fib_extra_brackets.xml": {"interaction_unsupported": 1},
    "qti12/instructure/choice_vary_points_by_answer.xml": {"xml_malformed": 1},
    "qti12/instructure/formula_mvar.xml": {"interaction_unsupported": 1},
    "qti12/instructure/numeric_precision.xml": {"number_range": 1},
    "qti12/instructure/stimulus_passage.xml": {"interaction_unsupported": 1},
    "qti12/instructure/upload_with_custom_settings.xml": {"interaction_unsupported": 1},
    "qti21/qti-sdk-custom/2_2__figure_html5.xml": {"no_key": 1},
    "qti21/qti-sdk-custom/is_responded__is_responded_multiple_interactions_singlechoice_textentry.xml": {"no_key": 1},
    "qti21/qti-sdk-custom/skipping__default_value.xml": {"no_key": 1},
    # What is on the right are pictures that are not in the file.
    "qti30/kennisnet/non-existing-outcome.xml": {"option_without_text": 1},
    "qti30/kennisnet/with-else-if.xml": {"option_without_text": 1},
    "qti30/kennisnet/wrong-processing-element.xml": {"option_without_text": 1},
    "qti30/kennisnet/select-point-processing.xml": {"interaction_unsupported": 1},
    "gift/gift-pegjs/markdown.gift": {"no_questions": 1},
    "moodle-xml/qas-editor/description.xml": {"no_questions": 1},
    "gift/moodle/examples.txt": {"number_range": 4},
}
DUPLICATES = {
    "zh-xlsx/experiment/tiku.xlsx": 47,
    "zh-xlsx/templates/SurveyKing-卷王题库导入模板.xlsx": 2,
    "zh-text/uestc-labsafe/bank.txt": 8,
    "csv-json/cmmlu/world_religions.csv": 1,
    "csv-json/opentdb/opentdb_0-300.json": 1,
    "csv-json/disc-law/mcq_sing_lbk.csv": 1,
    "gift/gift-pegjs/TFTwoFeedback.gift": 2,
    "gift/gift-pegjs/shortFirstEmbedded.gift": 1,
    "gift/moodle/examples.txt": 21,
    "gift/qas-editor/essay.gift": 1,
    "gift/qas-editor/true_false.gift": 2,
}
ONE_BY_ONE = {
    **{f"buaa.{name}.tsv": f"zh-text/buaa-ethics/{name} {title} 习题.txt" for name, (title, _) in LECTURES.items()},
    "experiment.xlsx.tsv": "zh-xlsx/experiment/tiku.xlsx",
    "marxism.xls.tsv": "zh-xls/marxism/题库.xls",
    "quiz_system.tiku.tsv": "zh-text/quiz_system/tiku.txt",
}
REFUSED = (
    "other-lms/examview/examview_sample.xml",
    "other-lms/blackboard/sample_blackboard_pool.dat",
)
KINDS = {
    "single": "single",
    "multi": "multiple",
    "judge": "true_false",
    "fill": "fill_in",
    "short": "short_text",
}


def parse(shared_data: Path, name: str) -> Parsed:
    return read((shared_data / "question-banks" / name).read_bytes())


def errors(parsed: Parsed) -> dict[str, int]:
    return dict(Counter(problem.code for problem in parsed.problems if problem.severity == "error"))


@pytest.mark.parametrize("name", COUNTS)
def test_bank_gives_the_counts_of_its_readme(shared_data: Path, name: str) -> None:
    parsed = parse(shared_data, name)
    assert Counter(question.kind for question in parsed.questions) == COUNTS[name]
    assert errors(parsed) == ERRORS.get(name, {})
    assert parsed.duplicates == DUPLICATES.get(name, 0)


@pytest.mark.parametrize("table", ONE_BY_ONE)
def test_bank_equals_its_list_question_by_question(shared_data: Path, table: str) -> None:
    questions = parse(shared_data, ONE_BY_ONE[table]).questions
    with (shared_data / "question-banks" / "expected" / table).open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(questions) == len(expected)
    differences = [
        (row, question) for row, question in zip(expected, questions, strict=True) if not _agrees(row, question)
    ]
    assert differences == []


def _agrees(row: dict[str, str], question: ParsedQuestion) -> bool:
    kind = KINDS[row["type"]]
    stem = normalise_text(question.stem).startswith(normalise_text(clean(row["stem_first_12"])))
    place = not row["id_in_file"].startswith("row") or question.where.endswith(row["id_in_file"])
    if kind == "true_false":
        key = question.key == (("true",) if row["answer"] == "T" else ("false",))
    elif kind in ("single", "multiple"):
        key = question.key == tuple(row["answer"]) and len(question.options) == int(row["n_options"])
    else:
        key = bool(question.key) and not question.options
    return question.kind == kind and stem and place and key


@pytest.mark.parametrize("name", REFUSED)
def test_file_of_another_format_is_refused_with_the_formats_that_are_read(shared_data: Path, name: str) -> None:
    parsed = parse(shared_data, name)
    assert parsed.questions == ()
    (problem,) = parsed.problems
    assert problem.code == "unsupported_format"
    assert ".xlsx" in problem.message and "CSV" in problem.message and "TXT" in problem.message


def test_no_other_file_of_the_collection_gives_questions_by_mistake(shared_data: Path) -> None:
    for folder in ("other-lms",):
        for path in (shared_data / "question-banks" / folder).rglob("*"):
            if path.is_file() and path.suffix != ".json":  # what a peer's own parser made of its files
                parsed = read(path.read_bytes())
                assert parsed.questions == () and errors(parsed), path


def test_rejected_rows_are_named(shared_data: Path) -> None:
    parsed = parse(shared_data, "zh-xlsx/templates/Hermannmayer-题库模板.xlsx")
    (rejected,) = [problem for problem in parsed.problems if problem.severity == "error"]
    assert rejected.where == "sheet Sheet1 row 12"
    assert "测量体温" in rejected.message and "D" in rejected.message
    parsed = parse(shared_data, "zh-text/uestc-labsafe/bank.txt")
    lines = {problem.where for problem in parsed.problems if problem.severity == "error"}
    assert len(lines) == 482


def test_four_rows_whose_code_and_key_disagree_are_told(shared_data: Path) -> None:
    parsed = parse(shared_data, "zh-xlsx/experiment/tiku.xlsx")
    told = [problem.where for problem in parsed.problems if problem.code == "kind_code_differs"]
    assert told == [f"sheet Sheet1 row {row}" for row in (12, 183, 233, 245)]


def test_fill_in_texts_stand_in_the_first_option_cell(shared_data: Path) -> None:
    questions = {question.where: question for question in parse(shared_data, "zh-xls/marxism/题库.xls").questions}
    assert questions["sheet Sheet1 row 3"].key == (("质",),)
    assert str(questions["sheet Sheet1 row 9"].key[0]).startswith("一，量变是质变的必要准备")
    assert "\r" not in str(questions["sheet Sheet1 row 9"].key[0])


def test_multi_line_reference_answer_stays_whole(shared_data: Path) -> None:
    questions = parse(shared_data, "zh-text/quiz_system/tiku.txt").questions
    first = next(question for question in questions if question.kind == "short_text")
    assert str(first.key[0]).endswith("（6）必须坚持胸怀天下。")
    assert first.explanation.startswith("参见")


def test_document_and_text_of_one_bank_give_the_same_questions(shared_data: Path) -> None:
    document = parse(shared_data, "zh-docx/quiz_system/习概题库.docx").questions
    text = parse(shared_data, "zh-text/quiz_system/tiku.txt").questions
    assert [_said(question) for question in document] == [_said(question) for question in text]


def _said(question: ParsedQuestion) -> tuple[object, ...]:
    key = [normalise_text(str(part)) for part in question.key]
    options = [(option.id, normalise_text(option.text)) for option in question.options]
    return question.kind, normalise_text(question.stem), options, key, normalise_text(question.explanation)


def test_explanations_are_kept(shared_data: Path) -> None:
    questions = parse(shared_data, "zh-text/quiz_system/tiku.txt").questions
    assert all(question.explanation.startswith("参见") for question in questions)


QTI_KEYS = {
    "qti12/instructure/mc_feedback.xml": ("A",),
    "qti12/instructure/multiple_choice.xml": ("D",),
    "qti12/instructure/true_false.xml": ("false",),
    "qti12/instructure/numeric_exact_match.xml": (("1234", "1234.0"),),
    "qti21/qti-sdk-custom/extended_text_empty_mapentry.xml": ("Albert",),
    "qti21/qti-sdk-custom/set_outcome_values_with_sum.xml": ("B", "C"),
    "qti30/kennisnet/match-correct-template.xml": (("Test",),),
    "qti30/kennisnet/simple-multiple-choice-processing1.xml": ("A", "B", "C"),
    "qti30/kennisnet/gap-match-no-processing.xml": ("A1", "B2", "C3", "D4", "E5", "F6", "G7"),
}


@pytest.mark.parametrize("name", QTI_KEYS)
def test_item_has_the_key_of_its_file(shared_data: Path, name: str) -> None:
    assert parse(shared_data, name).questions[0].key == QTI_KEYS[name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("qti12/instructure/canvas_multiple_fib_extra_brackets.xml", "multiple_dropdowns_question"),
        ("qti12/instructure/formula_mvar.xml", "calculated_question"),
        ("qti12/instructure/stimulus_passage.xml", "text_only_question"),
        ("qti12/instructure/upload_with_custom_settings.xml", "file_upload_question"),
        ("qti12/instructure/choice_vary_points_by_answer.xml", "Blank needed here"),
        ("qti30/kennisnet/select-point-processing.xml", "qti-select-point-interaction"),
    ],
)
def test_item_that_cannot_be_taken_is_named(shared_data: Path, name: str, words: str) -> None:
    (problem,) = parse(shared_data, name).problems
    assert words in problem.message and "line" in problem.where


def test_script_in_a_picture_of_an_item_is_gone(shared_data: Path) -> None:
    (question,) = parse(shared_data, "qti12/instructure/true_false.xml").questions
    assert question.stem == "If I get a 3, I must have done something wrong. sample equation"
