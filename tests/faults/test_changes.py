"""Each protection that a control switches off still stands where the control looks for it."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.conftest import ROOT
from tests.faults import test_controls, test_recorder
from tests.faults.controls import Change


def changes_in(module: ModuleType) -> Iterator[Change]:
    """The changes that a module names, alone or in a table."""
    for value in vars(module).values():
        if isinstance(value, tuple) and len(value) == 3 and str(value[0]).endswith((".py", ".lua")):
            yield value


CHANGES = {
    *changes_in(test_controls),
    *changes_in(test_recorder),
    *(change for one in test_controls.CONTROLS for change in one.changes),
}


@pytest.mark.parametrize("change", sorted(CHANGES), ids=lambda change: " ".join(change[1].split())[:60])
def test_a_protection_is_where_it_is_switched_off(change: Change) -> None:
    name, text, other = change
    source = (ROOT / "quizapp" / name).read_text()
    assert source.count(text) == 1
    if name.endswith(".py"):
        compile(source.replace(text, other), name, "exec")
