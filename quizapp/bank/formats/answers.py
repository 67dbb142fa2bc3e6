"""The spellings of an answer: letters, option texts, numbers, words and signs for right and wrong, blanks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quizapp.bank.formats.characters import clean, fold

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TRUE = _words("正确 对 √ ✓ ✔ ☑ ✅ T TRUE 真 RIGHT CORRECT 正确的 对的 说法正确")
_FALSE = _words("错误 错 × ✗ ✘ ❌ ❎ ☒ X ╳ ✕ ✖ F FALSE 假 WRONG INCORRECT 不正确 不对 错误的 错的 说法错误")
_WEAK_TRUE = _words("是 Y YES 可以 能 有 会 属于 同意 应当 合法 1")
_WEAK_FALSE = _words("否 N NO 没有 无 不是 不可以 不能 不会 不属于 不同意 不应当 不合法 违法 非法 0")
_LONGEST_TRUTH = 40
_QUOTES = "\"'“”‘’[](){}【】<>「」 "
_ENDS = "。.,，;；!！、:： "
_COMMENT_STARTS = re.compile(r"[\s，,。；;（(：:、!！]")
_BETWEEN_LETTERS = re.compile(r"[\s,，、;；.．。|/&+和与\"'“”‘’\[\](){}（）【】]+")
_MARKS = re.compile(r"[\s,，、;；.．。]+")
_LETTERS_THEN_TEXT = re.compile(r"([A-Z]{1,10})[\s.．、:：)）,，。；;（(]*(?=[^A-Z0-9])(.+)", re.DOTALL)
_LABELLED = re.compile(r"[(（\[【]?([A-Z])\s*[.．、:：)）\]】,，]?\s*(.+)", re.DOTALL)
_PIECES = re.compile(r"[\n;；|]+")
_NUMBERS = re.compile(r"\s*([0-9]{1,2})(?:\s*[,，、;；\s]\s*[0-9]{1,2})*\s*")
_BLANK = re.compile(r"_{2,}|＿+|[(（]\s*[)）]|【\s*】|\[\s*\]|﹍+|…{4,}|‗+")
_NUMBERED_PIECE = re.compile(r"[(（]([1-9])[)）]\s*|(?:^|(?<=[\s;；,，。]))([1-9])[.、．)）]\s*|([①②③④⑤⑥⑦⑧⑨⑩])\s*")


@dataclass(frozen=True, slots=True)
class Letters:
    """A key read from an answer; `comment` is text that was glued to it."""

    letters: tuple[str, ...]
    comment: str = ""


class BadKey(Exception):
    """An answer that names no options; `code` is that of the problem."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_letters(answer: str, options: Mapping[str, str]) -> Letters:
    """Read which options an answer names, by letters, by letters and texts, or by texts; raise BadKey.

    Letters come back sorted. They need not have an option: the caller says so better.
    """
    folded = fold(answer).strip(_QUOTES + _ENDS)
    compact = _BETWEEN_LETTERS.sub("", folded)
    if compact and len(compact) <= len(LETTERS) and all(letter in LETTERS for letter in compact):
        if not set(compact) <= set(options):  # GATS, or D、GATS: texts that happen to be letters
            by_text = letters_by_text(answer, options)
            labelled = Letters(by_text) if by_text else _labelled_texts(answer, options)
            if labelled:
                return labelled
        return Letters(_distinct(compact))
    texts = letters_by_text(answer, options)
    if texts:
        return Letters(texts)
    return _labelled_texts(answer, options) or _with_comment(answer, options)


def compact(text: str) -> str:
    """A key's letters alone: `A、b D。` is ABD."""
    return _MARKS.sub("", fold(text))


def _distinct(letters: str) -> tuple[str, ...]:
    if len(set(letters)) != len(letters):
        raise BadKey("key_repeats")
    return tuple(sorted(letters))


def _same(text: str) -> str:
    return fold(text).replace(" ", "").strip("".join((_QUOTES, _ENDS)))


def _mark_free(text: str) -> str:
    return re.sub(r"[\s,，、;；:：。.]+", "", fold(text))


def letters_by_text(answer: str, options: Mapping[str, str]) -> tuple[str, ...]:
    """The letters whose texts the answer gives, when it gives nothing else."""
    letter_of: dict[str, str] = {}
    for letter, text in options.items():
        if _same(text) in letter_of:
            return ()
        letter_of[_same(text)] = letter
    for pieces in ([answer], _PIECES.split(answer), re.split(r"[,，、]+", answer)):
        found = [letter_of.get(_same(piece)) for piece in pieces if piece.strip()]
        if found and all(found):
            letters = [letter for letter in found if letter]
            return tuple(sorted(letters)) if len(set(letters)) == len(letters) else ()
    return ()


def _labelled_texts(answer: str, options: Mapping[str, str]) -> Letters | None:
    """`B、《史记》`, or several of that kind: each letter with its own option's text."""
    for pieces in ([answer], [piece for piece in _PIECES.split(answer) if piece.strip()]):
        letters = []
        for piece in pieces:
            found = _LABELLED.fullmatch(fold(piece))
            if not found or _same(options.get(found[1], "")) != _same(found[2]) or not _same(found[2]):
                break
            letters.append(found[1])
        else:
            if letters:
                return Letters(_distinct("".join(letters)))
    return None


def _with_comment(answer: str, options: Mapping[str, str]) -> Letters:
    """`C根据2021年…`: letters that all have an option, then words that are no option's text."""
    found = _LETTERS_THEN_TEXT.fullmatch(fold(answer))
    if not found or not set(found[1]) <= set(options) or len(set(found[1])) != len(found[1]):
        raise BadKey("bad_key")
    if _same(found[2]) in {_same(text) for text in options.values()}:
        raise BadKey("bad_key")
    if _mark_free(found[2]) == _mark_free("".join(options[letter] for letter in found[1])):
        return Letters(tuple(sorted(found[1])))  # ABC:甲; 乙; 丙;
    plain = answer.strip()
    comment = plain[-len(found[2]) :] if len(fold(answer)) == len(plain) else found[2]
    return Letters(tuple(sorted(found[1])), comment.strip(" .．、:：。，,"))


def read_truth(answer: str, *, weak: bool) -> bool | None:
    """Read a word or sign for right or wrong; `weak` ones (是, 可以, Y, 1) only where the kind is known."""
    if len(answer) > _LONGEST_TRUTH:
        return None
    word = fold(answer).strip(_QUOTES + _ENDS)
    for true, false in ((_TRUE, _FALSE), (_WEAK_TRUE, _WEAK_FALSE)) if weak else ((_TRUE, _FALSE),):
        if word in true:
            return True
        if word in false:
            return False
    return None


def read_truth_with_comment(answer: str) -> tuple[bool, str] | None:
    """`错误。应为六个月` : a word for right or wrong, a mark, then a comment."""
    parts = _COMMENT_STARTS.split(answer.strip(), maxsplit=1)
    truth = read_truth(parts[0], weak=False)
    if truth is None or len(parts) < 2:
        return None
    again = read_truth(parts[1], weak=False)
    if again is not None:  # 正确；√
        return (truth, "") if again is truth else None
    return truth, clean(parts[1]).strip("()（）")


def truths_of_options(options: Mapping[str, str], *, weak: bool) -> dict[str, bool] | None:
    """Which of exactly two options means right; None where they are not such a pair."""
    if len(options) != 2:
        return None
    truths = {letter: read_truth(text, weak=weak) for letter, text in options.items()}
    if weak and None in truths.values():
        truths = _by_negation(options)
    found = {letter: truth for letter, truth in truths.items() if truth is not None}
    return found if set(found.values()) == {True, False} and len(found) == 2 else None


def _by_negation(options: Mapping[str, str]) -> dict[str, bool | None]:
    (first, one), (second, other) = options.items()
    if _same(one) and _same(other) == "不" + _same(one):
        return {first: True, second: False}
    if _same(other) and _same(one) == "不" + _same(other):
        return {first: False, second: True}
    return {}


def read_numbers(answer: str) -> tuple[int, ...]:
    """The numbers of an answer such as `2` or `1,3`; empty where it is anything else."""
    text = fold(answer)
    return tuple(int(part) for part in re.findall("[0-9]+", text)) if _NUMBERS.fullmatch(text) else ()


def count_blanks(stem: str) -> int:
    return len(blank_places(stem))


def blank_places(stem: str) -> list[tuple[int, int]]:
    """Where each mark for a blank begins and ends."""
    return [mark.span() for mark in _BLANK.finditer(stem)]


def read_blanks(answer: str, blanks: int) -> tuple[tuple[str, ...], ...] | None:
    """Divide an answer among `blanks` (0: as many as it has parts): accepted texts, one tuple a blank.

    `；` stands between blanks and `|` between accepted texts; without `；` other marks are tried, and the one
    that gives exactly as many parts as the stem has blanks is taken. None where nothing fits.
    """
    for parts in _divisions(answer, blanks):
        if parts and (not blanks or len(parts) == blanks):
            accepted = tuple(tuple(text for text in (clean(t) for t in part.split("|")) if text) for part in parts)
            if all(accepted):
                return accepted
    return None


def _divisions(answer: str, blanks: int) -> Iterable[Sequence[str]]:
    yield re.split("[;；]", answer.strip().rstrip(";；"))
    if blanks > 1:
        yield _numbered_pieces(answer)
        for mark in (r"\n+", "[、]", "[,，]", r"\s{2,}|\t", r"\s+", r"\|+"):
            yield [part for part in re.split(mark, answer.strip(" 。、,，\n")) if part.strip()]


def _numbered_pieces(answer: str) -> list[str]:
    """`（1）甲（2）乙` or `①甲②乙`: the pieces, when they are numbered from 1 up."""
    marks = list(_NUMBERED_PIECE.finditer(answer))
    numbers = [int(mark[1] or mark[2] or 0) or "①②③④⑤⑥⑦⑧⑨⑩".index(mark[3]) + 1 for mark in marks]
    if not marks or numbers != list(range(1, len(marks) + 1)) or answer[: marks[0].start()].strip():
        return []
    ends = [mark.start() for mark in marks[1:]] + [len(answer)]
    return [answer[mark.end() : end].strip(" ;；,，。\n") for mark, end in zip(marks, ends, strict=True)]
