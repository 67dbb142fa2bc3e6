"""What the formats of Moodle carry comes back equal."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from quizapp.bank.formats import FORMATS, ReadOptions, write
from quizapp.bank.formats.answers import truths_of_options
from quizapp.bank.formats.parsed import ParsedQuestion
from tests.bank.formats.strategies import LINE, TEXTS, questions, same

ROUNDS = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def made_for(format_name: str, texts: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[list[ParsedQuestion]]:
    entry = FORMATS[format_name]
    return st.lists(questions(kinds=entry.kinds, fields=entry.fields, texts=texts), min_size=1, max_size=3)


def check(format_name: str, made: list[ParsedQuestion]) -> None:
    written = write(made, format=format_name)
    assert written.left_out == ()
    parsed = FORMATS[format_name].read(written.content, ReadOptions())
    assert [problem for problem in parsed.problems if problem.severity == "error"] == []
    assert len(parsed.questions) == len(made)
    for question, other in zip(made, parsed.questions, strict=True):
        assert same(question, other), written.content.decode()


@ROUNDS
@given(made_for("gift"))
def test_gift_gives_back_what_it_carries(made: list[ParsedQuestion]) -> None:
    check("gift", made)


@ROUNDS
@given(made_for("aiken", LINE))
def test_aiken_gives_back_what_it_carries(made: list[ParsedQuestion]) -> None:
    texts = [{option.id: option.text for option in question.options} for question in made if question.options]
    assume(not any(truths_of_options(options, weak=False) for options in texts))
    check("aiken", made)


@ROUNDS
@given(made_for("moodle-xml"))
def test_moodle_xml_gives_back_what_it_carries(made: list[ParsedQuestion]) -> None:
    check("moodle-xml", made)
