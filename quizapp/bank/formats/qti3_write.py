"""QTI 3.0, written: a package with an item for each question, a stimulus for each passage, pictures and recordings.

Texts are paragraphs in which white space counts. What QTI has no place for is said in attributes with names of our
own: data-kind (indefinite, or a single choice between 对 and 错), data-blank (the mark that stood for a blank) and
data-points (of a criterion). Topics, difficulty and legal basis are learning-object metadata in the manifest.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence

from lxml import etree

from quizapp.bank.formats.answers import blank_places
from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.parsed import ParsedMedia, ParsedQuestion
from quizapp.bank.formats.qti3_package import Packing
from quizapp.bank.formats.qti_details import TOOL
from quizapp.bank.formats.qti_text import BLANK
from quizapp.bank.rules import sides

NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
_SCHEMA = "https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_asiv3p0_v1p0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_TITLE_LETTERS = 60
_TRUTHS = (("true", "正确"), ("false", "错误"))
_HUMAN = "human"


def write(questions: Sequence[ParsedQuestion]) -> bytes:
    """The package as a zip."""
    packing = Packing()
    stimuli: dict[tuple[object, ...], str] = {}
    for number, question in enumerate(questions, 1):
        _ItemWriter(packing, stimuli, question, number).write()
    return packing.zipped()


def _add(parent: etree._Element, tag: str, text: str = "", **attributes: str) -> etree._Element:
    """Add an element; underscores in attributes' names are hyphens."""
    names = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", names)
    element.text = text or None
    return element


def _root(tag: str, **attributes: str) -> etree._Element:
    root = etree.Element(f"{{{NAMESPACE}}}{tag}", nsmap={None: NAMESPACE, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{NAMESPACE} {_SCHEMA}")
    for name, value in attributes.items():
        root.set(name.replace("_", "-"), value)
    return root


class _ItemWriter:
    def __init__(
        self, packing: Packing, stimuli: dict[tuple[object, ...], str], question: ParsedQuestion, number: int
    ) -> None:
        self.packing = packing
        self.stimuli = stimuli
        self.question = question
        self.identifier = f"Q{number:05d}"
        self.item = _root(
            "qti-assessment-item",
            identifier=self.identifier,
            title=shorten(question.stem, _TITLE_LETTERS),
            adaptive="false",
            time_dependent="false",
            tool_name=TOOL,
        )
        self.needed: list[str] = []
        """Identifiers of the files that the item shows."""

    def write(self) -> None:
        question = self.question
        self._declare_responses()
        self._declare_outcomes()
        if question.passage or self._media_at("passage"):
            self._refer_to_stimulus()
        body = _add(self.item, "qti-item-body")
        self._write_rubric(body)
        if self.item.find(f"{{{NAMESPACE}}}qti-assessment-stimulus-ref") is not None:
            _add(body, "div", class_="qti-shared-stimulus", data_stimulus_idref=self.needed[0])
        _WRITERS[question.kind](self, body)
        self._write_processing()
        if question.explanation or self._media_at("explanation"):
            feedback = _add(
                self.item,
                "qti-modal-feedback",
                identifier="EXPLANATION",
                outcome_identifier="FEEDBACK",
                show_hide="show",
            )
            self._write_text(_add(feedback, "qti-content-body"), "explanation", question.explanation)
        self.packing.add_item(self.identifier, _bytes(self.item), question=question, needed=self.needed)

    # Declarations ---------------------------------------------------------------------------------------------

    def _declare_responses(self) -> None:
        question = self.question
        if question.kind == "fill_in":
            for number, accepted in enumerate(question.key, 1):
                self._declare(f"RESPONSE{number}", "single", "string", accepted[:1])
                self._map(accepted)
        elif question.kind == "matching":
            pairs = [f"{str(pair)[0]} R{str(pair)[1:]}" for pair in question.key]
            self._declare("RESPONSE", "multiple", "directedPair", pairs)
        elif question.kind == "ordering":
            self._declare("RESPONSE", "ordered", "identifier", question.key)
        elif question.kind == "short_text":
            self._declare("RESPONSE", "single", "string", question.key)
        else:
            is_several = question.kind in ("multiple", "indefinite")
            self._declare("RESPONSE", "multiple" if is_several else "single", "identifier", question.key)

    def _declare(self, identifier: str, cardinality: str, base_type: str, values: Sequence[object]) -> None:
        declaration = _add(
            self.item, "qti-response-declaration", identifier=identifier, cardinality=cardinality, base_type=base_type
        )
        if values:
            correct = _add(declaration, "qti-correct-response")
            for value in values:
                _add(correct, "qti-value", str(value))

    def _map(self, accepted: Sequence[str]) -> None:
        mapping = _add(self.item[-1], "qti-mapping", default_value="0")
        for text in accepted:
            _add(mapping, "qti-map-entry", map_key=text, mapped_value="1", case_sensitive="false")

    def _declare_outcomes(self) -> None:
        points = self.question.points_hundredths
        human = {"external_scored": _HUMAN} if self.question.kind == "short_text" else {}
        self._declare_outcome("SCORE", "float", "0", **human)
        if points is not None:
            self._declare_outcome("MAXSCORE", "float", _points(points))
        if self.question.explanation or self._media_at("explanation"):
            self._declare_outcome("FEEDBACK", "identifier", "EXPLANATION")

    def _declare_outcome(self, identifier: str, base_type: str, default: str, **attributes: str) -> None:
        outcome = _add(
            self.item,
            "qti-outcome-declaration",
            identifier=identifier,
            cardinality="single",
            base_type=base_type,
            **attributes,
        )
        _add(_add(outcome, "qti-default-value"), "qti-value", default)

    def _write_processing(self) -> None:
        """All the points for the whole right answer, else none: the exact rule of contests."""
        if self.question.kind == "short_text":
            return
        processing = _add(self.item, "qti-response-processing")
        condition = _add(_add(processing, "qti-response-condition"), "qti-response-if")
        if self.question.kind == "fill_in":
            tests = _add(condition, "qti-and") if len(self.question.key) > 1 else condition
            for number in range(1, len(self.question.key) + 1):
                test = _add(tests, "qti-equal", tolerance_mode="exact")
                _add(test, "qti-map-response", identifier=f"RESPONSE{number}")
                _add(test, "qti-base-value", "1", base_type="float")
        else:
            test = _add(condition, "qti-match")
            _add(test, "qti-variable", identifier="RESPONSE")
            _add(test, "qti-correct", identifier="RESPONSE")
        score = _add(condition, "qti-set-outcome-value", identifier="SCORE")
        if self.question.points_hundredths is None:
            _add(score, "qti-base-value", "1", base_type="float")
        else:
            _add(score, "qti-variable", identifier="MAXSCORE")

    # Bodies ---------------------------------------------------------------------------------------------------

    def write_choice(self, body: etree._Element) -> None:
        kind = self.question.kind
        self._write_text(body, "stem", self.question.stem)
        interaction = _add(
            body,
            "qti-choice-interaction",
            response_identifier="RESPONSE",
            shuffle="false",
            min_choices="2" if kind == "multiple" else "1",
            max_choices="0" if kind in ("multiple", "indefinite") else "1",
            data_kind=kind,
        )
        if kind == "true_false":
            for identifier, text in _TRUTHS:
                _add(interaction, "qti-simple-choice", text, identifier=identifier)
        for option in self.question.options:
            choice = _add(interaction, "qti-simple-choice", identifier=option.id)
            self._write_text(choice, option.id, option.text)

    def write_ordering(self, body: etree._Element) -> None:
        self._write_text(body, "stem", self.question.stem)
        interaction = _add(body, "qti-order-interaction", response_identifier="RESPONSE", shuffle="true")
        for option in self.question.options:
            choice = _add(interaction, "qti-simple-choice", identifier=option.id)
            self._write_text(choice, option.id, option.text)

    def write_matching(self, body: etree._Element) -> None:
        texts = {option.id: option.text for option in self.question.options}
        left, right = sides(texts)
        self._write_text(body, "stem", self.question.stem)
        interaction = _add(
            body,
            "qti-match-interaction",
            response_identifier="RESPONSE",
            shuffle="false",
            max_associations=str(len(left)),
        )
        for side, prefix, most in ((left, "", "1"), (right, "R", "0")):
            matches = _add(interaction, "qti-simple-match-set")
            for option_id in side:
                choice = _add(matches, "qti-simple-associable-choice", identifier=prefix + option_id, match_max=most)
                self._write_text(choice, option_id, texts[option_id])

    def write_blanks(self, body: etree._Element) -> None:
        """Each blank where its mark stands; where the stem has no marks, behind it."""
        stem, count = self.question.stem, len(self.question.key)
        places = blank_places(stem)
        if len(places) != count:
            self._write_text(body, "stem", stem)
            paragraph = _add(body, "p")
            for number in range(1, count + 1):
                self._write_blank(paragraph, number, "")
            return
        paragraph = _paragraph(body)
        end = 0
        for number, (start, stop) in enumerate(places, 1):
            _write_lines(paragraph, stem[end:start])
            self._write_blank(paragraph, number, stem[start:stop])
            end = stop
        _write_lines(paragraph, stem[end:])
        self._write_media(body, "stem")

    def _write_blank(self, paragraph: etree._Element, number: int, mark: str) -> None:
        blank = _add(paragraph, "qti-text-entry-interaction", response_identifier=f"RESPONSE{number}")
        if mark != BLANK:
            blank.set("data-blank", mark)

    def write_short_text(self, body: etree._Element) -> None:
        self._write_text(body, "stem", self.question.stem)
        _add(body, "qti-extended-text-interaction", response_identifier="RESPONSE", format="plain")

    def _write_rubric(self, body: etree._Element) -> None:
        if not self.question.rubric:
            return
        block = _add(body, "qti-rubric-block", use="scoring", view="scorer")
        entries = _add(_add(block, "qti-content-body"), "ol")
        for criterion in self.question.rubric:
            points = criterion.points_hundredths
            entry = _add(entries, "li", data_points="" if points is None else _points(points))
            _write_lines(_paragraph(entry), criterion.text)

    # Texts, pictures, passages --------------------------------------------------------------------------------

    def _media_at(self, at: str) -> list[ParsedMedia]:
        return [medium for medium in self.question.media if medium.at == at]

    def _write_text(self, parent: etree._Element, at: str, text: str) -> None:
        if text:
            _write_lines(_paragraph(parent), text)
        self._write_media(parent, at)

    def _write_media(self, parent: etree._Element, at: str) -> None:
        for medium in self._media_at(at):
            identifier, path = self.packing.add_medium(medium)
            self.needed.append(identifier)
            _write_medium(_add(parent, "p"), medium, path)

    def _refer_to_stimulus(self) -> None:
        media = self._media_at("passage")
        key = (self.question.passage, *((medium.content, medium.kind, medium.alt) for medium in media))
        if key not in self.stimuli:
            self.stimuli[key] = self._write_stimulus(f"S{len(self.stimuli) + 1:05d}")
        identifier = self.stimuli[key]
        self.needed.append(identifier)
        href = posixpath.relpath(self.packing.path_of(identifier), "items")
        _add(self.item, "qti-assessment-stimulus-ref", identifier=identifier, href=href)

    def _write_stimulus(self, identifier: str) -> str:
        title = shorten(self.question.passage, _TITLE_LETTERS) or identifier
        root = _root("qti-assessment-stimulus", identifier=identifier, title=title)
        body = _add(root, "qti-stimulus-body")
        needed = []
        if self.question.passage:
            _write_lines(_paragraph(body), self.question.passage)
        for medium in self._media_at("passage"):
            of_medium, path = self.packing.add_medium(medium)
            needed.append(of_medium)
            _write_medium(_add(body, "p"), medium, path)
        self.packing.add_stimulus(identifier, _bytes(root), needed=needed)
        return identifier


_WRITERS: dict[str, Callable[[_ItemWriter, etree._Element], None]] = {
    "single": _ItemWriter.write_choice,
    "multiple": _ItemWriter.write_choice,
    "indefinite": _ItemWriter.write_choice,
    "true_false": _ItemWriter.write_choice,
    "ordering": _ItemWriter.write_ordering,
    "matching": _ItemWriter.write_matching,
    "fill_in": _ItemWriter.write_blanks,
    "short_text": _ItemWriter.write_short_text,
}


def _paragraph(parent: etree._Element) -> etree._Element:
    paragraph = _add(parent, "p")
    paragraph.set(_XML_SPACE, "preserve")
    return paragraph


def _write_lines(parent: etree._Element, text: str) -> None:
    """Add a text behind what is in the paragraph already; its lines are parted by breaks."""
    for number, line in enumerate(text.split("\n")):
        if number:
            _add(parent, "br")
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + line
        else:
            parent.text = (parent.text or "") + line


def _write_medium(paragraph: etree._Element, medium: ParsedMedia, path: str) -> None:
    source = posixpath.relpath(path, "items")
    if medium.kind == "picture":
        _add(paragraph, "img", src=source, alt=medium.alt)
    else:
        audio = _add(paragraph, "audio", src=source, controls="controls")
        if medium.alt:
            audio.set("title", medium.alt)


def _points(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _bytes(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
