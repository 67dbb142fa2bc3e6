"""Setting right a question of a published contest: a new version of its kit, and what a key may look like. Pure.

Two things may be set right. A *key* may be corrected: whoever gave the right answer gets the points, whoever gave
what was taken for right loses them. A question may be *voided*: everybody on whose paper it stands has its full
points and has it counted as right, whatever they answered and also without an answer. So the full score and the pass
mark stay what they were told to be, nobody falls, and nobody gains more than that one question was worth. Texts,
options, sections and papers stay as they are; a voided question is drawn no more where the pools allow it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from quizapp.bank.rules import CHOICE_KINDS, BadResponse, check_response, normalise_text, sides
from quizapp.contests.kit import Kit, KitCorrection, KitQuestion, KitSection
from quizapp.contests.rules import DrawnQuestion, fill_sections

VOID, KEY = "void", "key"
TRUE_WORDS, FALSE_WORDS = ("true", "对", "正确", "√", "t"), ("false", "错", "错误", "×", "x", "f")


class BadKey(Exception):
    """A key that this question cannot have; `code` says why and is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def corrected(
    kit: Kit, *, question_id: int, what: str, key: Sequence[Any], reason: str, version: int, at_ms: int
) -> Kit:
    """The kit with a question voided, or with another key."""
    question = kit.questions[question_id]
    note = KitCorrection(question_id, version, what, reason, at_ms, question.key)
    if what == VOID:
        question = msgspec.structs.replace(question, is_void=True)
    else:
        question = msgspec.structs.replace(question, key=list(key))
    return msgspec.structs.replace(
        kit,
        version=version,
        questions=kit.questions | {question_id: question},
        sections=_without(kit, question_id) if what == VOID else kit.sections,
        corrections=(*kit.corrections, note),
    )


def _without(kit: Kit, question_id: int) -> tuple[KitSection, ...]:
    """The sections that draw a question no more; as they are where they could not be filled without it."""
    if kit.paper != "random":
        return kit.sections
    pools = [tuple(one for one in section.question_ids if one != question_id) for section in kit.sections]
    counts = [section.count for section in kit.sections]
    candidates = sorted({one for pool in pools for one in pool})
    if fill_sections(pools=pools, counts=counts, candidates=candidates).shortage is not None:
        return kit.sections
    return tuple(
        msgspec.structs.replace(section, question_ids=pool) for section, pool in zip(kit.sections, pools, strict=True)
    )


def void_points(kit: Kit, paper: Sequence[DrawnQuestion]) -> tuple[int, int]:
    """What a paper is given for its voided questions: hundredths of points, and how many questions."""
    worth = [drawn.points_hundredths for drawn in paper if kit.questions[drawn.question_id].is_void]
    return sum(worth), len(worth)


def clean_key(question: KitQuestion, key: Sequence[Any]) -> list[str | list[str]]:
    """A key in canonical form; raises BadKey.

    Codes: empty, unknown_option, one_option (of several), two_options (are the least), all_options (each once),
    all_pairs (each on the left once), blanks (not one line a blank), same (as the present key), no_key.
    """
    if question.kind == "fill_in":
        cleaned: list[str | list[str]] = [*_clean_blanks(question, key)]
    else:
        cleaned = [*_clean_choice(question, key)]
    if cleaned == question.key:
        raise BadKey("same")
    return cleaned


def _clean_blanks(question: KitQuestion, key: Sequence[Any]) -> list[list[str]]:
    blanks = [[text.strip() for text in accepted if text.strip()] for accepted in key]
    if len(blanks) != len(question.key) or not all(blanks):
        raise BadKey("blanks")
    return [list({normalise_text(text): text for text in accepted}.values()) for accepted in blanks]


def _clean_choice(question: KitQuestion, key: Sequence[Any]) -> list[str]:
    ids = [option_id for option_id, _text in question.options]
    try:
        cleaned = check_response(kind=question.kind, option_ids=ids, blanks=0, response=list(key))
    except BadResponse as refusal:
        codes = {"too_many_options": "one_option", "options_missing": "all_options"}
        raise BadKey(codes.get(refusal.code, "unknown_option")) from refusal
    if not cleaned:
        raise BadKey("empty")
    if question.kind == "multiple" and len(cleaned) < 2:
        raise BadKey("two_options")
    if question.kind == "matching" and len(cleaned) != len(sides(ids)[0]):
        raise BadKey("all_pairs")
    return cleaned


def read_key(question: KitQuestion, text: str) -> list[str | list[str]]:
    """A key as people write it; raises BadKey.

    Options and orders as letters (B, ABD), 对 or 错, pairs as A2 B1 C3, blanks one a line with | between texts that
    are all accepted.
    """
    if question.kind == "fill_in":
        return clean_key(question, [line.split("|") for line in text.splitlines() if line.strip()])
    folded = normalise_text(text) if question.kind != "true_false" else text.strip().casefold()
    if question.kind == "true_false":
        word = "true" if folded in TRUE_WORDS else "false" if folded in FALSE_WORDS else folded
        return clean_key(question, [word] if word else [])
    if question.kind == "matching":
        return clean_key(question, re.findall(r"[A-Z]+\d+", folded.upper()))
    return clean_key(question, list(folded.upper()) if max(map(len, _ids(question))) == 1 else folded.upper().split())


def _ids(question: KitQuestion) -> list[str]:
    return [option_id for option_id, _text in question.options]


def written_key(question: KitQuestion, key: Sequence[Any]) -> str:
    """A key as `read_key` reads it."""
    if question.kind == "fill_in":
        return "\n".join(" | ".join(accepted) for accepted in key)
    joint = "" if question.kind in (*CHOICE_KINDS, "ordering", "true_false") else " "
    return joint.join(str(part) for part in key)
