"""What a format writes, it reads back equal: every kind and field that it declares, texts of all sorts."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from quizapp.bank.formats import FIELDS, FORMATS, read, write
from quizapp.bank.formats.problems import KIND_NAMES
from tests.bank.formats.strategies import questions, same

WRITERS = sorted(name for name, entry in FORMATS.items() if entry.write)
SLOW = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("name", WRITERS)
def test_format_declares_what_it_carries(name: str) -> None:
    entry = FORMATS[name]
    assert entry.kinds and entry.kinds <= set(KIND_NAMES)
    assert entry.fields <= set(FIELDS)
    assert entry.ending and entry.content_type


@pytest.mark.parametrize("name", WRITERS)
@SLOW
@given(data=st.data())
def test_what_is_written_is_read_back_equal(name: str, data: st.DataObject) -> None:
    entry = FORMATS[name]
    drawn = data.draw(st.lists(questions(kinds=entry.kinds, fields=entry.fields), min_size=1, max_size=3))
    several = [question for question in drawn if not (entry.fault and entry.fault(question))]
    assume(several)
    written = write(several, format=name)
    assert written.left_out == ()
    parsed = read(written.content)
    assert parsed.format == ("csv" if name == "tsv" else name)
    assert [problem for problem in parsed.problems if problem.severity == "error"] == []
    assert len(parsed.questions) == len(several)
    for question, back in zip(several, parsed.questions, strict=True):
        assert same(question, back)


@pytest.mark.parametrize("name", WRITERS)
def test_empty_bank_gives_a_file_without_questions(name: str) -> None:
    parsed = read(write([], format=name).content)
    assert parsed.questions == ()
    assert {problem.code for problem in parsed.problems} <= {
        "no_questions",
        "no_items",
        "no_text_questions",
        "empty_file",
    }
