"""docs/question-files.md says of every format what the registry says."""

from __future__ import annotations

from pathlib import Path

import pytest

from quizapp.bank.formats import FIELDS, FORMATS, Format, read
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.formats.table_writing import HEADERS
from tests.bank.formats.making import codes

DOCUMENTATION = (Path(__file__).parents[3] / "docs" / "question-files.md").read_text(encoding="utf-8")


def row_of(entry: Format) -> str:
    """The format's row in the table."""
    if not entry.write:
        return f"| {entry.label} | `{entry.name}` | read | | |"
    kinds = "all" if entry.kinds == set(KIND_NAMES) else ", ".join(kind for kind in KIND_NAMES if kind in entry.kinds)
    lacking = [field for field in FIELDS if field not in entry.fields]
    carried = [field for field in FIELDS if field in entry.fields]
    but = "all" if not lacking else f"all but {', '.join(lacking)}"
    return f"| {entry.label} | `{entry.name}` | read, write | {kinds} | {but if carried else 'none'} |"


@pytest.mark.parametrize("name", FORMATS)
def test_table_says_what_the_format_carries(name: str) -> None:
    assert row_of(FORMATS[name]) in DOCUMENTATION.splitlines()


def test_table_names_no_format_that_is_gone() -> None:
    rows = [line for line in DOCUMENTATION.splitlines() if line.startswith("| ") and line.count("|") == 6]
    assert len(rows) == len(FORMATS) + 2  # head and rule


def test_every_column_is_explained() -> None:
    assert [header for header in HEADERS.values() if header not in DOCUMENTATION] == []


def test_example_of_the_text_layout_is_read_without_a_word() -> None:
    example = DOCUMENTATION.split("```text\n")[1].split("```")[0]
    parsed = read(example.encode())
    assert codes(parsed) == []
    assert [question.kind for question in parsed.questions] == ["single", "fill_in", "matching", "short_text"]
