"""Every act and every kind of subject that the code notes in the audit trail has words on the page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from quizapp.accounts.trail_words import ACTION_WORDS, SUBJECT_WORDS, fact_text
from quizapp.bank.bulk import FIELDS

ROOMS = Path(__file__).parents[1] / "quizapp"


def modules() -> list[ast.Module]:
    sources = [path.read_text(encoding="utf-8") for path in sorted(ROOMS.rglob("*.py"))]
    return [ast.parse(source) for source in sources if "audit" in source]


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """The calls of a function, with or without its module's name before it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (name, f"audit.{name}"):
            yield node


def texts(value: ast.expr) -> list[str]:
    """What an expression may be: itself, or either of two; with {} for what is filled in."""
    if isinstance(value, ast.IfExp):
        return texts(value.body) + texts(value.orelse)
    if isinstance(value, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else "{}" for part in value.values)]
    return [value.value] if isinstance(value, ast.Constant) else ["{}"]


def noted(tree: ast.Module) -> Iterator[str]:
    """The acts that a module notes; one named by an argument is looked up at the calls of the function around."""
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        names = [argument.arg for argument in function.args.args]
        for call in calls(function, "record"):
            for action in [keyword.value for keyword in call.keywords if keyword.arg == "action"]:
                used = [node.id for node in ast.walk(action) if isinstance(node, ast.Name) and node.id in names]
                if "{}" not in texts(action)[0]:
                    yield from texts(action)
                    continue
                for caller in calls(tree, function.name):
                    for verb in texts(caller.args[names.index(used[0])]):
                        yield texts(action)[0].format(verb)


def test_every_act_has_words() -> None:
    acts = {act for tree in modules() for act in noted(tree)}
    assert "play.pause" in acts and "accounts.create_user" in acts and "bank.bulk_{}" in acts, "the search finds them"
    acts = (acts - {"bank.bulk_{}"}) | {f"bank.bulk_{name}" for name in FIELDS}
    assert acts - set(ACTION_WORDS) == set()


def test_every_kind_of_subject_has_words() -> None:
    kinds = {
        text
        for tree in modules()
        for call in calls(tree, "record")
        for keyword in call.keywords
        if keyword.arg == "subject_kind"
        for text in texts(keyword.value)
    }
    assert "contest" in kinds
    assert kinds - set(SUBJECT_WORDS) - {"{}"} == set()


def test_what_a_check_warns_of_has_words() -> None:
    tree = ast.parse((ROOMS / "contests" / "checks.py").read_text(encoding="utf-8"))
    soft = [call for call in calls(tree, "Finding") if any(keyword.arg == "stops" for keyword in call.keywords)]
    codes = [text for call in soft for text in texts(call.args[0])]
    assert "namesakes" in codes
    assert [code for code in codes if fact_text("warnings", code) == code] == []
