"""The one place where a draft becomes a question or a problem.

A key is read, never guessed: what is unclear becomes an error with its place, what was read against a heading or a
code becomes a warning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from quizapp.bank.formats import answers, details, listing
from quizapp.bank.formats.answers import BadKey, Letters, compact
from quizapp.bank.formats.arranging import in_order, read_order, read_pairs
from quizapp.bank.formats.characters import fold, shorten
from quizapp.bank.formats.coding import Coding
from quizapp.bank.formats.draft import LONGEST_TEXT, Draft
from quizapp.bank.formats.kinds import CHOICE, UNSUPPORTED, Hint
from quizapp.bank.formats.listing import read_matches
from quizapp.bank.formats.pairing import order_of_places_or_texts, pairs_either_way
from quizapp.bank.formats.parsed import ParsedCitation, ParsedCriterion, ParsedOption, ParsedQuestion, Problem, Severity
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.rules import BLANK_LETTERS, CHOICE_KINDS


class _Unusable(Exception):
    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(slots=True)
class _Settled:
    kind: str
    key: tuple[str, ...] | tuple[tuple[str, ...], ...]
    options: dict[str, str] = field(default_factory=dict)
    comment: str = ""


class _Judge:
    """Judges one draft; collects the warnings on the way."""

    def __init__(self, draft: Draft, coding: Coding, default_kind: str | None) -> None:
        self.draft = draft
        self.coding = coding
        self.problems: list[Problem] = []
        self.options = {letter: text for letter, text in draft.options if text}
        self.hint = draft.hint or (
            Hint(default_kind, insists=False, words=KIND_NAMES[default_kind]) if default_kind else None
        )

    def report(self, code: str, severity: Severity = "warning", **params: str) -> None:
        stem = {"stem": shorten(self.draft.stem, 24)} if self.draft.stem else {}
        self.problems.append(Problem(self.draft.where, code, {**stem, **params}, severity))

    def question(self) -> ParsedQuestion | None:
        try:
            self._check_draft()
            settled = self._settle()
        except _Unusable as fault:
            self.report(fault.code, "error", **fault.params)
            return None
        except BadKey as fault:
            self.report(fault.code, "error", answer=shorten(self.draft.answer))
            return None
        return self._build(settled)

    def _check_draft(self) -> None:
        draft = self.draft
        if not draft.stem:
            raise _Unusable(
                "no_stem", text=shorten(" ".join([*self.options.values(), draft.answer, draft.explanation]))
            )
        long = next(
            (
                t
                for t in (
                    draft.passage,
                    draft.stem,
                    draft.answer,
                    draft.explanation,
                    *self.options.values(),
                    *draft.matches.split("\n"),
                    *draft.rubric.split("\n"),
                )
                if len(t) > LONGEST_TEXT
            ),
            None,
        )
        if long:
            raise _Unusable("text_too_long", text=shorten(long), limit=str(LONGEST_TEXT))
        letters = [letter for letter, text in draft.options if text]
        repeated = next((letter for letter in letters if letters.count(letter) > 1), None)
        if repeated:
            raise _Unusable("option_letter_repeated", letter=repeated)
        if self.hint and self.hint.kind == UNSUPPORTED:
            raise _Unusable("kind_unsupported", kind=self.hint.words)

    def _settle(self) -> _Settled:
        if not self.draft.verbatim:
            self._move_key_out_of_stem()
        kind = self.hint.kind if self.hint else None
        if kind == "ordering":
            return self._settle_ordering()
        if kind == "matching":
            return self._settle_matching()
        if kind == "true_false":
            return self._settle_truth()
        if kind in ("fill_in", "short_text") and not self._is_choice_against_heading():
            return self._settle_fill_in() if kind == "fill_in" else self._settle_short_text()
        if not self.options:
            return self._settle_without_options()
        if kind is None or kind == CHOICE:
            truths = answers.truths_of_options(self.options, weak=False)
            if truths:
                return self._settle_truth()
        return self._settle_choice()

    # A key inside the stem ------------------------------------------------------------------------------------

    def _move_key_out_of_stem(self) -> None:
        """`…的是（D）。`: take the key out, so that the stem does not tell it."""
        draft = self.draft
        found = [mark for mark in _IN_BRACKETS.finditer(draft.stem) if self._reads_as_key(mark[1])]
        if not found:
            return
        keys = {compact(mark[1]) for mark in found}
        if draft.answer and keys != {compact(draft.answer)}:
            return
        if len(keys) > 1:
            raise _Unusable("two_keys", answers="、".join(sorted(mark[1] for mark in found)))
        if not draft.answer:
            draft.answer = found[0][1]
            self.report("key_from_stem", answer=draft.answer)
        for mark in reversed(found):
            draft.stem = f"{draft.stem[: mark.start(1)]}　{draft.stem[mark.end(1) :]}"

    def _reads_as_key(self, text: str) -> bool:
        letters = compact(text)
        if self.options and letters and letters.isascii() and set(letters) <= set(self.options):
            return text == text.upper() and len(set(letters)) == len(letters)
        if self.options and not answers.truths_of_options(self.options, weak=False):
            return False
        is_judged = bool(self.hint and self.hint.kind == "true_false")
        is_truth = answers.read_truth(text, weak=is_judged) is not None
        is_sign = not self.options and text in ("T", "F") and self.draft.stem.rstrip("。. ")[-1:] in ")）】]"
        return is_truth and (is_judged or is_sign or not fold(text).isascii())

    # True or false --------------------------------------------------------------------------------------------

    def _settle_truth(self) -> _Settled:
        answer, insists = self.draft.answer, bool(self.hint and self.hint.insists)
        truths = answers.truths_of_options(self.options, weak=True)
        if not answer:
            raise _Unusable("no_key")
        said = self.coding.truth(answer)
        if said is not None and (truths is not None or len(self.options) < 2):
            return _Settled("true_false", ("true" if said else "false",))
        if truths is None and len(self.options) >= 2:
            if insists and len(self.options) > 2:
                raise _Unusable(
                    "kind_and_key_disagree", kind=self.hint.words if self.hint else "", answer=shorten(answer)
                )
            return self._settle_choice()
        truth = self._truth_by_number(truths) if answers.read_numbers(answer) else self._truth_by_letter(truths)
        comment = ""
        if truth is None:
            truth = answers.read_truth(answer, weak=True)
        if truth is None:
            with_comment = answers.read_truth_with_comment(answer)
            if with_comment is None:
                if compact(answer) in ("A", "B") and not truths:
                    raise _Unusable("key_without_options", answer=answer)
                raise _Unusable("bad_truth", answer=shorten(answer))
            truth, comment = with_comment
        return _Settled("true_false", ("true" if truth else "false",), {}, comment)

    def _truth_by_letter(self, truths: dict[str, bool] | None) -> bool | None:
        return truths.get(compact(self.draft.answer)) if truths else None

    def _truth_by_number(self, truths: dict[str, bool] | None) -> bool | None:
        """1 is right and 0 or 2 wrong, unless options stand there: then both readings must agree."""
        numbers = answers.read_numbers(self.draft.answer)
        said = {1: True, 0: False, 2: False}.get(numbers[0]) if len(numbers) == 1 else None
        if truths is None:
            return said
        by_place = None
        if self.coding.first is not None and len(numbers) == 1:
            place = numbers[0] - self.coding.first
            by_place = list(truths.values())[place] if 0 <= place < len(truths) else None
        if by_place is None or (not self.coding.is_certain and by_place != said):
            raise _Unusable("unclear_number", answer=self.draft.answer)
        return by_place

    # Choice ---------------------------------------------------------------------------------------------------

    def _is_choice_against_heading(self) -> bool:
        """Under a heading of fill-in or short text stands a question with options and a key of letters."""
        if len(self.options) < 2 or (self.hint and self.hint.insists):
            return False
        letters = compact(self.draft.answer)
        return bool(letters) and set(letters) <= set(self.options)

    def _settle_choice(self) -> _Settled:
        draft = self.draft
        if not draft.answer:
            raise _Unusable("no_key")
        if len(self.options) < 2:
            raise _Unusable("too_few_options", count=str(len(self.options)))
        if len(self.options) > len(answers.LETTERS):
            raise _Unusable("too_many_options", count=str(len(self.options)))
        read = self._letters()
        missing = [letter for letter in read.letters if letter not in self.options]
        if missing:
            raise _Unusable("key_without_option", answer=shorten(draft.answer), missing="、".join(missing))
        return _Settled(self._choice_kind(read.letters), read.letters, self.options, read.comment)

    def _letters(self) -> Letters:
        numbers = answers.read_numbers(self.draft.answer)
        if not numbers:
            return answers.read_letters(self.draft.answer, self.options)
        by_text = answers.letters_by_text(self.draft.answer, self.options)
        letters = [letter for letter, _ in self.draft.options]
        first = self.coding.first
        places = [number - first for number in numbers] if first is not None else []
        if not places or not all(0 <= place < len(letters) for place in places) or len(set(places)) < len(places):
            if by_text and first is None:
                return Letters(by_text)
            raise _Unusable("unclear_number", answer=self.draft.answer)
        by_place = tuple(sorted(letters[place] for place in places))
        if by_text and by_text != by_place and not self.coding.is_certain:
            raise _Unusable("unclear_number", answer=self.draft.answer)
        return Letters(by_place)

    def _choice_kind(self, key: tuple[str, ...]) -> str:
        by_key = "single" if len(key) == 1 else "multiple"
        hint = self.hint
        if hint is None or hint.kind in (CHOICE, "short_text", by_key):
            return by_key
        if hint.kind == "indefinite":
            return "indefinite"
        if hint.insists and hint.kind == "single":
            raise _Unusable("kind_and_key_disagree", kind=hint.words, answer=shorten(self.draft.answer))
        self.report("kind_by_key", kind=hint.words, answer=shorten(self.draft.answer), taken=by_key)
        return by_key

    def _settle_without_options(self) -> _Settled:
        answer, hint = self.draft.answer, self.hint
        truth = answers.read_truth(answer, weak=False)
        if hint is None and self.coding.truth(answer) is not None:
            return self._settle_truth()
        if hint and hint.kind in CHOICE_KINDS and hint.insists and truth is not None:
            raise _Unusable("too_few_options", count="0")
        if truth is not None and not (fold(answer).strip() in ("F", "T", "X") and hint):
            if hint:
                self.report("kind_by_key", kind=hint.words, answer=shorten(answer), taken="true_false")
            return self._settle_truth()
        if not answer and not any(self.draft.blanks):
            raise _Unusable("no_key")
        letters = compact(answer)
        if letters and letters.isascii() and letters.isalpha() and len(letters) <= 8 and letters == letters.upper():
            raise _Unusable("key_without_options", answer=shorten(answer))
        if hint:
            raise _Unusable("too_few_options", count="0")
        if any(self.draft.blanks) or (answers.count_blanks(self.draft.stem) and not answers.read_numbers(answer)):
            return self._settle_fill_in()
        raise _Unusable("kind_unknown")

    # Order and pairs ------------------------------------------------------------------------------------------

    def _settle_ordering(self) -> _Settled:
        self._check_arranged(self.options)
        answer = self.draft.answer
        order = read_order(answer, self.options) or order_of_places_or_texts(answer, self.options)
        if order is not None:
            return _Settled("ordering", order, self.options)
        if self.hint and not self.hint.insists and len(compact(answer)) == 1:
            return self._settle_choice()
        raise _Unusable("order_incomplete", answer=shorten(answer))

    def _settle_matching(self) -> _Settled:
        right = {option.id: option.text for option in read_matches(self.draft.matches, verbatim=self.draft.verbatim)}
        if not right:
            raise _Unusable("matches_missing")
        self._check_arranged(self.options)
        self._check_arranged(right)
        pairs = read_pairs(self.draft.answer, self.options, right)
        if pairs is not None:
            return _Settled("matching", pairs, self.options | right)
        either = pairs_either_way(self.draft.answer, self.options, right)
        if either is None:
            raise _Unusable("pairs_incomplete", answer=shorten(self.draft.answer))
        return _Settled("matching", either[1], either[0])

    def _check_arranged(self, options: Mapping[str, str]) -> None:
        if not self.draft.answer:
            raise _Unusable("no_key")
        if len(options) < 2:
            raise _Unusable("too_few_options", count=str(len(options)))
        if len(options) > len(answers.LETTERS):
            raise _Unusable("too_many_options", count=str(len(options)))

    # Text -----------------------------------------------------------------------------------------------------

    def _answer_text(self) -> str:
        """The answer; where it is the letter of the only options there are, their texts."""
        letters = compact(self.draft.answer)
        if self.options and letters and set(letters) <= set(self.options) and len(set(letters)) == len(letters):
            return "；".join(self.options[letter] for letter in letters)
        return self.draft.answer or ("；".join(self.options.values()) if len(self.options) == 1 else "")

    def _settle_fill_in(self) -> _Settled:
        draft = self.draft
        texts = [text for text in draft.blanks if text]
        blanks = answers.count_blanks(draft.stem)
        if texts:
            key = tuple(tuple(part.strip() for part in text.split("|") if part.strip()) for text in texts)
            accepted = key if all(key) and (not blanks or blanks == len(key)) else None
        else:
            if not self._answer_text():
                raise _Unusable("no_key")
            accepted = self._read_blanks(blanks)
        if accepted is None:
            raise _Unusable("blanks_differ", blanks=str(blanks), answer=shorten("；".join(texts) or draft.answer))
        if any(len(text) > BLANK_LETTERS for blank in accepted for text in blank):
            raise _Unusable("blank_too_long", limit=str(BLANK_LETTERS))
        return _Settled("fill_in", accepted)

    def _read_blanks(self, blanks: int) -> tuple[tuple[str, ...], ...] | None:
        if not self.draft.verbatim:
            return answers.read_blanks(self._answer_text(), blanks)
        key = listing.read_blanks_verbatim(self.draft.answer)
        return key if all(all(accepted) for accepted in key) and blanks in (0, len(key)) else None

    def _settle_short_text(self) -> _Settled:
        answer = self._answer_text()
        return _Settled("short_text", (answer,) if answer else ())

    # Around the key -------------------------------------------------------------------------------------------

    def _build(self, settled: _Settled) -> ParsedQuestion:
        draft = self.draft
        if settled.comment:
            self.report("comment_after_key", text=shorten(settled.comment))
        if draft.manner:
            self.report("key_from_looks", manner=draft.manner, answer=shorten(draft.answer))
        self._warn_of_equal_options(settled.options)
        citations, rest = self._citations()
        difficulty = details.read_difficulty(draft.difficulty) if draft.difficulty else None
        points = details.read_points(draft.points) if draft.points else None
        self._warn_of_details(difficulty is None, points is None)
        explanation = "\n".join(part for part in (settled.comment, draft.explanation, rest) if part)
        return ParsedQuestion(
            where=draft.where,
            kind=settled.kind,
            stem=draft.stem,
            options=tuple(ParsedOption(letter, settled.options[letter]) for letter in in_order(settled.options)),
            key=settled.key,
            explanation=explanation,
            citations=citations,
            topics=tuple(topic for topic in self._topics() if len(topic) <= details.LONGEST_TOPIC),
            difficulty=difficulty,
            points_hundredths=points,
            passage=draft.passage,
            rubric=self._rubric(settled.kind),
        )

    def _citations(self) -> tuple[tuple[ParsedCitation, ...], str]:
        """The articles, one or several by line; and what could not be read as one, for the explanation."""
        draft = self.draft
        if draft.verbatim and not draft.article and not draft.effective:
            verbatim = listing.read_citations_verbatim(draft.law)
            if verbatim is not None:
                return verbatim, ""
        several = listing.read_legal_bases(draft.law, draft.article, draft.effective)
        if several:
            return several, ""
        law, article, rest = details.read_legal_basis(draft.law, draft.article)
        if not law and (article or draft.effective):
            rest = " ".join(part for part in (article, rest, draft.effective) if part)
            self.report("law_missing", text=shorten(rest))
        effective_on = details.read_date(draft.effective) if draft.effective else None
        if draft.effective and effective_on is None:
            self.report("bad_date", text=shorten(draft.effective))
        return ((ParsedCitation(law, article, effective_on),) if law else ()), rest

    def _topics(self) -> tuple[str, ...]:
        read = listing.read_topics_verbatim if self.draft.verbatim else details.read_topics
        return read(self.draft.topics)

    def _rubric(self, kind: str) -> tuple[ParsedCriterion, ...]:
        if self.draft.rubric and kind != "short_text":
            self.report("rubric_not_used", text=shorten(self.draft.rubric))
            return ()
        return listing.read_rubric(self.draft.rubric, verbatim=self.draft.verbatim)

    def _warn_of_details(self, no_difficulty: bool, no_points: bool) -> None:
        """Tell what stands in a detail's place and was not taken."""
        draft = self.draft
        faults = (
            ("bad_difficulty", draft.difficulty, no_difficulty),
            ("bad_points", draft.points, no_points),
        )
        for code, text, is_missing in faults:
            if text and is_missing:
                self.report(code, text=shorten(text))
        for topic in self._topics():
            if len(topic) > details.LONGEST_TOPIC:
                self.report("topic_too_long", text=shorten(topic), limit=str(details.LONGEST_TOPIC))

    def _warn_of_equal_options(self, options: dict[str, str]) -> None:
        letters_of: dict[str, list[str]] = {}
        for letter, text in options.items():
            letters_of.setdefault(f"{letter.isdigit()} {fold(text)}", []).append(letter)
        for letters in letters_of.values():
            if len(letters) > 1:
                self.report("equal_options", letters="、".join(letters))


_IN_BRACKETS = re.compile(r"[(（【\[]\s*([^()（）【】\[\]\s][^()（）【】\[\]]{0,14}?)\s*[)）】\]]")


def settle(draft: Draft, *, coding: Coding, default_kind: str | None) -> tuple[ParsedQuestion | None, list[Problem]]:
    """Make a question of a draft, or say why there is none; warnings come with a question."""
    judge = _Judge(draft, coding, default_kind)
    question = judge.question()
    return question, judge.problems
