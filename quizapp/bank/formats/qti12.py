"""QTI 1.2: items of Canvas, Common Cartridge and other systems, in questestinterop.

The kind is that which the item's structure has; what the item says of its kind only decides between kinds that look
alike, and names the kinds that the product has not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.details import read_points
from quizapp.bank.formats.markup import Plain, Reference
from quizapp.bank.formats.parsed import ParsedCriterion
from quizapp.bank.formats.qti12_processing import Processing
from quizapp.bank.formats.qti12_text import RESPONSES, html_of, material, own_material
from quizapp.bank.formats.qti_key import NoKey, Points, SeveralKeys, best_set, best_single
from quizapp.bank.formats.qti_names import attribute, child, children, descendants, first, name, text_of
from quizapp.bank.formats.qti_question import NOTHING, Choice, Reading, Sketch, check_count, spellings
from quizapp.bank.formats.qti_text import BLANK
from quizapp.bank.formats.typed import Unfit

MOST_RESPONSES = 100
"""Of one item; people's have a handful."""
_TYPE_FIELDS = ("question_type", "cc_profile", "bbmd_questiontype", "qmd_questiontype", "qmd_itemtype", "questiontype")
_POINT_FIELDS = ("points_possible", "cc_weighting", "qmd_weighting")
_UNSUPPORTED = re.compile("dropdown|calculated|formula|upload|text_only|hot_?spot|categori")
_IN_WORDS = {"response_xy": "response_xy (hot spot)", "response_grp": "response_grp"}
_TEXTS = ("response_str", "response_num")
_LOOSE = re.compile("contains|closeenough|levenshtein")
_OF_WRONG = re.compile("incorrect|wrong", re.IGNORECASE)


def read_items(reading: Reading) -> None:
    """Read all items of a document, in order."""
    root = reading.document.root
    items = list(descendants(root, "item"))
    used = {_stimulus_of(item) for item in items}
    stimuli = {
        attribute(item, "ident"): item
        for item in items
        if attribute(item, "ident") in used and Metadata(item).said.startswith("text_only")
    }
    for item in items:
        if attribute(item, "ident") not in stimuli:
            _ItemReader(reading, item, stimuli).read()
    for reference in descendants(root, "bankentry_item", "itemref", "section"):
        is_elsewhere = name(reference) != "section" or (
            first(child(reference, "selection_ordering"), "sourcebank_ref") is not None
            and first(reference, "item") is None
        )
        if is_elsewhere:
            names = (attribute(reference, one) for one in ("item_ref", "linkrefid", "ident"))
            where = reading.document.where(reference, item=next(filter(None, names), ""))
            reading.typed.report(where, "item_elsewhere", "error")


class Metadata:
    """What an item says of itself."""

    def __init__(self, item: etree._Element) -> None:
        metadata = child(item, "itemmetadata")
        self.fields: dict[str, str] = {}
        for field in descendants(metadata, "qtimetadatafield"):
            label = text_of(child(field, "fieldlabel")).strip().lower()
            self.fields.setdefault(label, text_of(child(field, "fieldentry")).strip())
        for element in descendants(metadata, *_TYPE_FIELDS, *_POINT_FIELDS):
            self.fields.setdefault(name(element), text_of(element).strip())

    @property
    def kind(self) -> str:
        """The item's own word for its kind, as written."""
        return next((self.fields[field] for field in _TYPE_FIELDS if self.fields.get(field)), "")

    @property
    def said(self) -> str:
        """That word for comparing: multiple_choice_question, true/false, cc_fib_v0p1."""
        return re.sub(r"[\s.]+", "_", self.kind.lower())

    @property
    def points(self) -> str:
        """The points; none where they are zero, since that is no weight."""
        points = next((self.fields[field] for field in _POINT_FIELDS if self.fields.get(field)), "")
        return "" if read_points(points) == 0 else points


def _stimulus_of(item: etree._Element) -> str:
    """The identifier of the text that an item, or a section around it, is about."""
    around = (item, *(above for above in item.iterancestors() if name(above) == "section"))
    return next(filter(None, (attribute(one, "parent_stimulus_item_ident") for one in around)), "")


@dataclass(slots=True)
class _Response:
    """One response that an item asks for."""

    element: etree._Element
    identifier: str
    shape: str
    """The element's name: response_lid, response_str, …"""
    cardinality: str
    labels: Sequence[Choice]
    text: Plain
    """What stands in the response itself: the left of a pair, the name of a blank."""


def _response(element: etree._Element) -> _Response:
    labels = list(descendants(element, "response_label"))
    check_count(labels)
    return _Response(
        element,
        attribute(element, "ident"),
        name(element),
        attribute(element, "rcardinality", "single").lower(),
        [Choice(attribute(label, "ident"), material(label)) for label in labels],
        material(element, without="render"),
    )


class _ItemReader:
    def __init__(self, reading: Reading, item: etree._Element, stimuli: Mapping[str, etree._Element]) -> None:
        self.reading = reading
        self.item = item
        self.stimuli = stimuli
        self.metadata = Metadata(item)
        self.processing = Processing(item)
        self.presentation = child(item, "presentation")
        self.responses: list[_Response] = []
        identifier = attribute(item, "ident")
        self.sketch = Sketch(
            reading.document.where(item, item=identifier),
            identifier=identifier,
            title=attribute(item, "title"),
            points=self.metadata.points,
        )

    def read(self) -> None:
        try:
            self._read_parts()
            self._read_stem()
            self._check_kind()
            self._read_responses()
        except Unfit as fault:
            self.reading.refuse(self.sketch, fault)
            return
        self._read_passage()
        self._read_feedback()
        self.reading.take(self.sketch)

    def _read_parts(self) -> None:
        elements = list(descendants(self.presentation, *RESPONSES))
        if len(elements) > MOST_RESPONSES:
            raise Unfit("interaction_unsupported", kind=f"{len(elements)} responses")
        self.responses = [_response(element) for element in elements]

    def _unsupported(self, otherwise: str) -> Unfit:
        return Unfit("interaction_unsupported", kind=shorten(self.metadata.kind or otherwise))

    def _check_kind(self) -> None:
        shapes = [
            _IN_WORDS.get(one.shape, one.shape) for one in self.responses if one.shape not in ("response_lid", *_TEXTS)
        ]
        if _UNSUPPORTED.search(self.metadata.said) or shapes or not self.responses:
            raise self._unsupported(shapes[0] if shapes else "text_only")

    def _read_responses(self) -> None:
        said = self.metadata.said
        choices = [response for response in self.responses if response.shape == "response_lid"]
        if "multiple_blanks" in said:
            self._read_named_blanks()
        elif not choices:
            self._read_texts()
        elif len(choices) < len(self.responses):
            raise self._unsupported("response_lid + response_str")
        elif len(choices) > 1 or "matching" in said:
            self._read_pairs()
        elif choices[0].cardinality == "ordered" or "order" in said:
            self._read_order(choices[0])
        else:
            self._read_choice(choices[0])

    # Choice ---------------------------------------------------------------------------------------------------

    def _read_choice(self, response: _Response) -> None:
        said = self.metadata.said
        is_multiple = response.cardinality == "multiple" or re.search("multiple_(?:answer|response)", said) is not None
        self.sketch.kind, self.sketch.choices = "multiple" if is_multiple else "single", list(response.labels)
        identifiers = [label.identifier for label in response.labels]
        points = self._points_of(response.identifier)
        wanted = [values for _, values in self.processing.right_values(response.identifier)]
        try:
            if is_multiple:
                together = [value for values in wanted for value in values]
                found = best_set(identifiers, [*wanted, together], points)
            else:
                found = best_single(identifiers, points)
        except NoKey:
            raise Unfit("no_key") from None
        except SeveralKeys as several:
            raise self._two_keys(response, several.keys) from None
        marked = self.processing.marked_right(response.identifier)
        if marked and set(marked) != set(found.key):
            raise self._two_keys(response, [*found.key, *marked])
        if found.has_partial:
            self.sketch.warn("partial_credit")
        self.sketch.right = found.key
        if is_multiple:
            self.sketch.kind = "multiple" if len(found.key) > 1 else "indefinite"
        else:
            self.sketch.kind = "true_false" if re.search("true_?/?false", said) else "single"

    def _points_of(self, identifier: str, others: Mapping[str, tuple[str, ...]] | None = None) -> Points:
        return lambda chosen: self.processing.points({**(others or {}), identifier: chosen})

    def _two_keys(self, response: _Response, identifiers: Sequence[str]) -> Unfit:
        texts = {label.identifier: label.text.text for label in response.labels}
        named = dict.fromkeys(texts.get(identifier) or identifier for identifier in identifiers)
        return Unfit("two_keys", answers=shorten("、".join(named)))

    # Ordering and matching ------------------------------------------------------------------------------------

    def _read_order(self, response: _Response) -> None:
        wanted = self.processing.right_values(response.identifier)
        most = max((points for points, _ in wanted), default=0.0)
        orders = {tuple(values) for points, values in wanted if points == most}
        if len(orders) > 1:
            raise self._two_keys(response, [value for order in sorted(orders) for value in order])
        self.sketch.kind, self.sketch.choices = "ordering", list(response.labels)
        self.sketch.right = next(iter(orders), ())
        ends = [own_material(one) for one in descendants(response.element, "render_extension")]
        texts = [self.sketch.stem.text, *(end.text for end in ends)]
        self.sketch.stem = Plain(clean("\n".join(filter(None, texts))), self.sketch.stem.references)

    def _read_pairs(self) -> None:
        """Several responses with the same answers to choose from: what each asks is on the left."""
        offers = [{label.text: label.identifier for label in response.labels} for response in self.responses]
        if any(offer.keys() != offers[0].keys() for offer in offers):
            raise self._unsupported("several response_lid")
        self.sketch.kind = "matching"
        self.sketch.choices = [Choice(response.identifier, response.text) for response in self.responses]
        self.sketch.targets = [Choice(identifier, text) for text, identifier in offers[0].items()]
        right = []
        for response in self.responses:
            chosen = self._best_pair(response)
            text = next(label.text for label in response.labels if label.identifier == chosen)
            right.append(offers[0][text])
        self.sketch.right = tuple(right)

    def _best_pair(self, response: _Response) -> str:
        """What belongs to one on the left, with the others matched as the conditions name them."""
        others = {}
        for other in self.responses:
            wanted = self.processing.right_values(other.identifier)
            others[other.identifier] = (wanted[0][1][0],) if wanted else ()
        identifiers = [label.identifier for label in response.labels]
        try:
            return best_single(identifiers, self._points_of(response.identifier, others)).key[0]
        except (NoKey, SeveralKeys):
            raise Unfit("no_key") from None

    # Texts ----------------------------------------------------------------------------------------------------

    def _read_texts(self) -> None:
        if any(len(response.labels) > 1 for response in self.responses):
            raise self._unsupported("response_str (several response_label)")
        accepted = tuple(self._accepted(response) for response in self.responses)
        is_blank = re.search("short_answer|fill|blank|fib|numeric|pattern", self.metadata.said) is not None
        if any(accepted) or is_blank or len(self.responses) > 1:
            self.sketch.kind, self.sketch.blanks = "fill_in", accepted
            return
        self.sketch.kind = "short_text"
        self.sketch.reference = material(first(self.item, "solution")).text
        notes = clean(self.metadata.fields.get("grading_notes", ""))
        self.sketch.rubric = (ParsedCriterion(notes),) if notes else ()

    def _accepted(self, response: _Response) -> tuple[str, ...]:
        """The texts that give the most points."""
        if self.processing.uses("varsubset", "varsubstring", "varinside"):
            raise Unfit("loose_answer")
        wanted = self.processing.right_values(response.identifier)
        most = max((points for points, _ in wanted), default=0.0)
        values = [clean(value) for points, some in wanted if points == most for value in some]
        if any(points < most for points, _ in wanted):
            self.sketch.warn("partial_credit")
        for bounds in self.processing.bounds(response.identifier):
            if bounds.low is None or bounds.low != bounds.high:
                raise Unfit("number_range", text=str(bounds))
            values.append(f"{bounds.low:.12g}")
        if self._is_number(response):
            values = [spelling for value in values for spelling in spellings(value)]
        return tuple(dict.fromkeys(filter(None, values)))

    def _is_number(self, response: _Response) -> bool:
        kinds = {attribute(fib, "fibtype").lower() for fib in descendants(response.element, "render_fib")}
        is_said = response.shape == "response_num" or "numeric" in self.metadata.said
        return is_said or not kinds.isdisjoint({"decimal", "integer", "scientific"})

    def _read_named_blanks(self) -> None:
        """Blanks that the stem names in brackets, such as [colour]; the labels of each are its accepted texts."""
        stem = self.sketch.stem
        places = []
        for response in self.responses:
            mark = f"[{response.text.text or response.identifier.removeprefix('response_')}]"
            if mark not in stem.text:
                raise Unfit("blank_not_in_stem", blank=shorten(mark))
            places.append((stem.text.index(mark), mark, self._accepted_labels(response)))
        text, end = "", 0
        for place, mark, _ in sorted(places):
            text += stem.text[end:place] + BLANK
            end = place + len(mark)
        self.sketch.kind = "fill_in"
        self.sketch.stem = Plain(text + stem.text[end:], stem.references)
        self.sketch.blanks = tuple(texts for _, _, texts in sorted(places))

    def _accepted_labels(self, response: _Response) -> tuple[str, ...]:
        if response.shape in _TEXTS:
            return self._accepted(response)
        labels = list(descendants(response.element, "response_label"))
        offered = {attribute(label, "answer_type").lower() for label in labels} - {"", "openentry"}
        if offered:
            raise Unfit("interaction_unsupported", kind=shorten(f"{self.metadata.kind}: {', '.join(sorted(offered))}"))
        ways = " ".join(attribute(label, "scoring_algorithm") for label in labels).lower()
        if "regex" in ways:
            raise Unfit("loose_answer")
        if _LOOSE.search(ways):
            self.sketch.warn("marked_strictly")
        return tuple(dict.fromkeys(label.text.text for label in response.labels if label.text.text))

    # Around the responses -------------------------------------------------------------------------------------

    def _read_stem(self) -> None:
        """The texts around the responses; a text response between them is a blank at its place."""
        blanks = {
            id(response.element) for response in self.responses if response.shape in _TEXTS and self._is_gap(response)
        }

        def replace(element: etree._Element) -> str:
            return f" {BLANK} " if id(element) in blanks else ""

        stem = html_of(self.presentation, replace)
        if len(blanks) == 1:  # A blank alone at the end is the place for the answer, no gap in the text.
            before, _, after = stem.text.rpartition(BLANK)
            stem = stem if after.strip() else Plain(clean(before), stem.references)
        if len(self.responses) == 1 and self.responses[0].text != NOTHING:
            own = self.responses[0].text
            stem = Plain(clean(f"{stem.text}\n{own.text}"), (*stem.references, *own.references))
        self.sketch.stem = stem

    def _is_gap(self, response: _Response) -> bool:
        return (
            bool(self.processing.right_values(response.identifier) or self.processing.bounds(response.identifier))
            or len(self.responses) > 1
        )

    def _read_passage(self) -> None:
        identifier = _stimulus_of(self.item)
        if identifier in self.stimuli:
            self.sketch.passage = material(child(self.stimuli[identifier], "presentation"))
            return
        if identifier:
            self.sketch.warn("passage_missing", item=shorten(identifier))
        shared = (
            child(above, "presentation_material") for above in self.item.iterancestors() if name(above) == "section"
        )
        self.sketch.passage = material(next((one for one in shared if one is not None), None))

    def _read_feedback(self) -> None:
        """Everybody's feedback, that of the right answer, and that of single wrong options behind their texts.

        What is said of wrong answers as such would be wrong under a right one: it is left out, and reported.
        """
        readers = self._readers_of_feedback()
        texts, left_out = [], []
        references: list[Reference] = []
        for feedback in children(self.item, "itemfeedback"):
            plain = material(feedback)
            if plain == NOTHING or (plain.text == self.sketch.reference and first(feedback, "solution") is not None):
                continue
            identifier = attribute(feedback, "ident")
            who = readers.get(identifier)
            if who is not None and len(who) == 1 and not _OF_WRONG.search(identifier):
                texts.append(f"{who[0]}：{plain.text}")
            elif who is not None or _OF_WRONG.search(identifier):
                left_out.append(plain.text)
                continue
            else:
                texts.append(plain.text)
            references += plain.references
        self.sketch.explanation = Plain(clean("\n".join(texts)), tuple(references))
        if any(left_out):
            self.sketch.warn("feedback_left_out", text=shorten(" / ".join(filter(None, left_out))))

    def _readers_of_feedback(self) -> dict[str, list[str]]:
        """For each feedback that only wrong options lead to, the texts of these options."""
        if len(self.responses) != 1 or self.sketch.kind in ("ordering", "matching", "fill_in", "short_text"):
            return {}
        identifier = self.responses[0].identifier
        readers: dict[str, list[str]] = {}
        for label in self.responses[0].labels:
            for link in self.processing.feedback({identifier: (label.identifier,)}):
                readers.setdefault(link, []).append(label.text.text)
        right = set(self.processing.feedback({identifier: self.sketch.right}))
        right |= {link for one in self.sketch.right for link in self.processing.feedback({identifier: (one,)})}
        return {link: who for link, who in readers.items() if link not in right}
