"""QTI 2.0 to 2.2 and 3.0: assessmentItem and qti-assessment-item.

The right answer is the correct response that the item declares; else a mapping or rules, where these are clear. An
item with several interactions gives a question for each, and one for all blanks of a text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lxml import etree

from quizapp.bank.formats import qti_details
from quizapp.bank.formats.answers import count_blanks
from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.markup import Plain, from_html
from quizapp.bank.formats.qti_answers import choice_key, one_to_one, right_values, texts_accepted
from quizapp.bank.formats.qti_feedback import explanation
from quizapp.bank.formats.qti_names import attribute, child, children, descendants, first, is_within, name
from quizapp.bank.formats.qti_package import Document
from quizapp.bank.formats.qti_processing import Processing, read_declarations
from quizapp.bank.formats.qti_question import NOTHING, Choice, Reading, Sketch, check_count
from quizapp.bank.formats.qti_text import BLANK, Replace, kept, plain, to_html
from quizapp.bank.formats.typed import Unfit

MOST_INTERACTIONS = 100
"""Of one item; people's have a handful."""
_BLOCKS = (
    "choiceinteraction",
    "orderinteraction",
    "matchinteraction",
    "associateinteraction",
    "extendedtextinteraction",
)
_BLANK = "textentryinteraction"
_CHOICES = ("simplechoice", "simpleassociablechoice")
_APART = (
    "feedbackblock",
    "feedbackinline",
    "modalfeedback",
    "rubricblock",
    "stylesheet",
    "cataloginfo",
    "endattemptinteraction",
)
"""What is in the body without being part of the question's own text."""
_TEMPLATES = ("templateprocessing", "printedvariable", "templateblock", "templateinline")
_END_OF_BLANK = "\x0e"
_BESIDE = re.compile(f"{_END_OF_BLANK}(?=(?:<[^<>]*>)*{BLANK})")
"""The end of a blank with the next one beside it: they would look like one."""
_CUT = "\x07"
"""Stands where a block of an interaction is; no text has this character."""


def read_items(reading: Reading) -> None:
    """Read all items of a document, in order."""
    root = reading.document.root
    items = [root] if name(root) == "assessmentitem" else list(descendants(root, "assessmentitem"))
    for item in items:
        _ItemReader(reading, item).read()


@dataclass(slots=True)
class _Part:
    """What becomes one question: an interaction, or the blanks of one text."""

    interactions: list[etree._Element]
    stem: Plain = NOTHING
    passage: list[Plain] = field(default_factory=list)


class _ItemReader:
    def __init__(self, reading: Reading, item: etree._Element) -> None:
        self.reading = reading
        self.item = item
        self.body = child(item, "itembody")
        self.declarations = read_declarations(item)
        self.processing = Processing(item, self.declarations)
        self.identifier = attribute(item, "identifier")
        self.whole = from_html(self._html(self._in_line))
        """The text of the whole body."""

    def read(self) -> None:
        whole = self._sketch()
        whole.stem = self.whole
        interactions = self._interactions()
        fault = self._fault_of_whole(interactions)
        if fault is not None:
            self.reading.refuse(whole, fault)
            return
        for one in interactions:
            if name(one) != _BLANK and name(one) not in _BLOCKS:
                if len(interactions) > 1:
                    whole.where = self.reading.document.where(one, item=self.identifier)
                self.reading.refuse(whole, Unfit("interaction_unsupported", kind=_own_name(one)))
        parts = self._parts()
        for number, part in enumerate(parts, 1):
            is_alone = len(interactions) == len(part.interactions)
            sketch = self._sketch() if is_alone else self._sketch(part.interactions[0], part=number)
            sketch.stem = part.stem
            self._add_passage(sketch, part)
            self._add_points(sketch, len(parts))
            self._take(sketch, part)

    def _interactions(self) -> list[etree._Element]:
        """The interactions of the body, none of those inside another one."""
        found = [] if self.body is None else [one for one in self.body.iterdescendants() if _is_interaction(one)]
        return [one for one in found if not any(_is_interaction(above) for above in one.iterancestors())]

    def _sketch(self, at: etree._Element | None = None, *, part: int = 0) -> Sketch:
        where = self.reading.document.where(self.item if at is None else at, item=self.identifier, part=part)
        return Sketch(where, identifier=self.identifier, title=attribute(self.item, "title"))

    def _fault_of_whole(self, interactions: Sequence[etree._Element]) -> Unfit | None:
        template = first(self.item, *_TEMPLATES)
        if template is not None:
            return Unfit("template_item", kind=_own_name(template))
        if attribute(self.item, "adaptive").lower() == "true":
            return Unfit("interaction_unsupported", kind="adaptive")
        if len(interactions) > MOST_INTERACTIONS:
            return Unfit("interaction_unsupported", kind=f"{len(interactions)} interactions")
        return None if interactions else Unfit("interaction_unsupported", kind="text only")

    def _take(self, sketch: Sketch, part: _Part) -> None:
        try:
            self._settle(sketch, part)
        except Unfit as fault:
            self.reading.refuse(sketch, fault)
            return
        self._add_explanation(sketch, part)
        qti_details.read_own(self.item, self.reading.document.metadata, sketch)
        self.reading.take(sketch)

    # Kinds ----------------------------------------------------------------------------------------------------

    def _settle(self, sketch: Sketch, part: _Part) -> None:
        interaction = part.interactions[0]
        kind = name(interaction)
        if kind == _BLANK:
            sketch.kind = "fill_in"
            self._mark_blanks_once(sketch, part)
            sketch.blanks = tuple(texts_accepted(self.processing, one, sketch.warn) for one in part.interactions)
        elif kind == "extendedtextinteraction":
            self._settle_text(sketch, interaction)
        elif kind == "choiceinteraction":
            self._settle_choice(sketch, interaction)
        elif kind == "orderinteraction":
            sketch.kind, sketch.choices = "ordering", self._choices(interaction)
            sketch.right = right_values(self.processing, attribute(interaction, "responseidentifier"), sketch.warn)
        else:
            self._settle_pairs(sketch, interaction)

    def _mark_blanks_once(self, sketch: Sketch, part: _Part) -> None:
        """A text that has marks for its blanks already needs no second ones."""
        without = Plain(clean(sketch.stem.text.replace(BLANK, "")), sketch.stem.references)
        if count_blanks(sketch.stem.text) > len(part.interactions) == count_blanks(without.text):
            sketch.stem = without

    def _settle_choice(self, sketch: Sketch, interaction: etree._Element) -> None:
        sketch.kind, sketch.choices = "single", self._choices(interaction)
        is_multiple, sketch.right = choice_key(
            self.processing, interaction, [choice.identifier for choice in sketch.choices], sketch.warn
        )
        own = attribute(interaction, "datakind")
        if is_multiple:
            sketch.kind = "multiple" if len(sketch.right) > 1 and own != "indefinite" else "indefinite"
        sketch.may_be_truth = own in ("", "true_false")

    def _settle_text(self, sketch: Sketch, interaction: etree._Element) -> None:
        sketch.kind = "short_text"
        identifier = attribute(interaction, "responseidentifier")
        declaration = self.processing.declarations.get(identifier)
        if declaration is not None and declaration.correct:
            sketch.reference = clean("\n".join(declaration.correct))
        elif declaration is not None and declaration.mapping:
            best = max(declaration.mapping, key=lambda entry: entry.value)
            sketch.reference = clean(best.key) if best.value > 0 else ""
        sketch.rubric = qti_details.rubric(self.item, _without_parts)

    def _settle_pairs(self, sketch: Sketch, interaction: etree._Element) -> None:
        sketch.kind = "matching"
        sets = children(interaction, "simplematchset")
        groups = [self._choices(one) for one in sets] if sets else [self._choices(interaction)]
        if len(groups) == 2:
            sketch.choices, sketch.targets = groups
        correct = right_values(self.processing, attribute(interaction, "responseidentifier"), sketch.warn)
        pairs = one_to_one(correct, [[choice.identifier for choice in group] for group in groups])
        texts = {choice.identifier: choice for group in groups for choice in group}
        sketch.choices = [texts[left] for left in pairs.left]
        sketch.targets = [texts[right] for right in pairs.right]
        sketch.right = pairs.key

    def _choices(self, element: etree._Element) -> list[Choice]:
        found = list(descendants(element, *_CHOICES))
        check_count(found)
        return [Choice(attribute(choice, "identifier"), plain(choice, _without_parts)) for choice in found]

    # Texts ----------------------------------------------------------------------------------------------------

    def _html(self, replace: Replace) -> str:
        html = "" if self.body is None else to_html(self.body, replace)
        return _BESIDE.sub(" ", html).replace(_END_OF_BLANK, "")

    def _in_line(self, element: etree._Element) -> str | None:
        """What the text shows where an interaction stands: a blank, what there is to choose, or a prompt."""
        kind = name(element)
        if kind in _APART:
            return ""
        if kind == _BLANK:
            return _blank_of(element)
        if kind == "inlinechoiceinteraction":
            return f"（{' / '.join(plain(one).text for one in children(element, 'inlinechoice'))}）"
        if kind == "gap":
            return BLANK
        if _is_interaction(element):
            return self._prompt(element)
        return None

    def _prompt(self, interaction: etree._Element) -> str:
        prompt = child(interaction, "prompt")
        return "" if prompt is None else f"<div>{to_html(prompt, _without_parts)}</div>"

    def _parts(self) -> list[_Part]:
        """Divide the body: a single interaction has all of it for its stem; of several, each has what is before it."""
        blocks = list(descendants(self.body, *_BLOCKS))
        blanks = list(descendants(self.body, _BLANK))
        if not blocks or (len(blocks) == 1 and not blanks):
            interactions = blocks or blanks
            return [_Part(interactions, self.whole)] if interactions else []
        return self._divided(blocks)

    def _divided(self, blocks: Sequence[etree._Element]) -> list[_Part]:
        def cut(element: etree._Element) -> str | None:
            return f"<div>{_CUT}</div>" if name(element) in _BLOCKS else self._in_line(element)

        pieces = [from_html(piece) for piece in self._html(cut).split(_CUT)]
        parts: list[_Part] = []
        shared: list[Plain] = []
        for piece, blanks, block in zip(pieces, self._blanks_between(), [*blocks, None], strict=True):
            if blanks:
                parts.append(_Part(blanks, piece))
            elif block is None and parts:
                parts[-1].stem = _joined([parts[-1].stem, piece])
            before = NOTHING if blanks else piece
            if block is None:
                continue
            prompt = from_html(self._prompt(block))
            if prompt != NOTHING and block is blocks[0] and not blanks:
                shared, before = [before], NOTHING
            parts.append(_Part([block], _joined([before, prompt])))
        for part in parts:
            part.passage = shared
        return parts

    def _blanks_between(self) -> list[list[etree._Element]]:
        """The blanks before the first block, between the first and the second, and so on."""
        found: list[list[etree._Element]] = [[]]
        for element in self.body.iterdescendants() if self.body is not None else ():
            if name(element) in _BLOCKS:
                found.append([])
            elif name(element) == _BLANK and not is_within(element, _BLOCKS):
                found[-1].append(element)
        return found

    # Around the question --------------------------------------------------------------------------------------

    def _add_passage(self, sketch: Sketch, part: _Part) -> None:
        """The stimulus that the item refers to, what candidates are told, and what several questions share."""
        found = []
        for reference in (*children(self.item, "assessmentstimulusref"), *descendants(self.body, "include")):
            href = attribute(reference, "href")
            stimulus = self.reading.package.stimulus(href, self.reading.document)
            body = None if stimulus is None else first(stimulus.root, "stimulusbody", "itembody")
            if stimulus is None or body is None:
                sketch.warn("passage_missing", item=shorten(href or attribute(reference, "identifier")))
            else:
                found.append(self._in_package(plain(body, _without_parts), stimulus))
        found += [
            plain(block, _without_parts)
            for block in descendants(self.body, "rubricblock")
            if "candidate" in attribute(block, "view", "candidate").lower().split()
        ]
        sketch.passage = _joined([*found, *part.passage])

    def _add_points(self, sketch: Sketch, parts: int) -> None:
        points = qti_details.points(self.item)
        if parts == 1:
            sketch.points = points
        elif points:
            sketch.warn("points_of_several", points=shorten(points))

    def _add_explanation(self, sketch: Sketch, part: _Part) -> None:
        found = explanation(self.item, self.processing, sketch, part.interactions[0])
        sketch.explanation = found.text
        if found.left_out:
            sketch.warn("feedback_left_out", text=shorten(" / ".join(found.left_out)))

    def _in_package(self, text: Plain, stimulus: Document) -> Plain:
        """The text with the addresses of its pictures as seen from the root of the package."""
        references = (
            replace(one, source=self.reading.package.find(one.source, stimulus) or one.source)
            for one in text.references
        )
        return Plain(text.text, tuple(references))


def _without_parts(element: etree._Element) -> str | None:
    """Leave out feedback, rubrics and interactions."""
    return "" if name(element) in _APART or _is_interaction(element) else None


def _is_interaction(element: etree._Element) -> bool:
    return name(element).endswith("interaction") and name(element) != "endattemptinteraction"


def _own_name(element: etree._Element) -> str:
    """The element's name as the file has it, for people: hotspotInteraction, qti-hotspot-interaction."""
    return str(element.tag).rpartition("}")[2]


def _blank_of(interaction: etree._Element) -> str:
    """The mark for a blank; our own files say which mark it was."""
    own = interaction.get("data-blank")
    return BLANK + _END_OF_BLANK if own is None else kept(own)


def _joined(texts: Sequence[Plain]) -> Plain:
    return Plain(
        clean("\n".join(text.text for text in texts if text.text)),
        tuple(reference for text in texts for reference in text.references),
    )
