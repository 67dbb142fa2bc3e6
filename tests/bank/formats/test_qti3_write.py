"""Packages as we write them: what QTI 3.0 and its packaging ask of their structure."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from quizapp.bank.formats import FORMATS, read, write
from quizapp.bank.formats.parsed import (
    ParsedCitation,
    ParsedCriterion,
    ParsedMedia,
    ParsedOption,
    ParsedQuestion,
    ParsedTranslation,
)
from tests.bank.formats.strategies import png, questions, wav

ITEM = "{http://www.imsglobal.org/xsd/imsqtiasi_v3p0}"
MANIFEST = "{http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1}"
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
ORDER = (
    "qti-response-declaration",
    "qti-outcome-declaration",
    "qti-assessment-stimulus-ref",
    "qti-item-body",
    "qti-response-processing",
    "qti-modal-feedback",
)
"""The children of an item as the schema orders them, those that we use."""
BODY = {
    "qti-rubric-block": {"use", "view"},
    "qti-choice-interaction": {"response-identifier", "shuffle", "min-choices", "max-choices", "data-kind"},
    "qti-order-interaction": {"response-identifier", "shuffle"},
    "qti-match-interaction": {"response-identifier", "shuffle", "max-associations"},
    "qti-extended-text-interaction": {"response-identifier", "format"},
    "qti-text-entry-interaction": {"response-identifier", "data-blank"},
    "qti-simple-choice": {"identifier"},
    "qti-simple-match-set": set(),
    "qti-simple-associable-choice": {"identifier", "match-max"},
    "qti-content-body": set(),
    "p": {XML_SPACE},
    "br": set(),
    "div": {"class", "data-stimulus-idref"},
    "ol": set(),
    "li": {"data-points"},
    "img": {"src", "alt"},
    "audio": {"src", "controls", "title"},
}
"""What stands in bodies, with the attributes it may have."""
ABC = (ParsedOption("A", "甲"), ParsedOption("B", "乙"), ParsedOption("C", "丙"))
SINGLE = ParsedQuestion("x", "single", "题？", ABC, ("B",))


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def written(*several: ParsedQuestion) -> dict[str, bytes]:
    return parts(write(several, format="qti").content)


def item_of(question: ParsedQuestion) -> etree._Element:
    return etree.fromstring(written(question)["items/Q00001.xml"])


def own_name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def check_manifest(files: dict[str, bytes]) -> None:
    assert next(iter(files)) == "imsmanifest.xml"
    manifest = etree.fromstring(files["imsmanifest.xml"])
    assert [own_name(child) for child in manifest] == ["metadata", "organizations", "resources"]
    assert [child.text for child in manifest[0]] == ["QTI Package", "3.0.0"]
    resources = manifest.findall(f".//{MANIFEST}resource")
    identifiers = [resource.get("identifier") for resource in resources]
    assert len(set(identifiers)) == len(identifiers) and all(
        map(NAME.fullmatch, [manifest.get("identifier"), *identifiers])
    )
    assert sorted(resource.get("href") for resource in resources) == sorted(set(files) - {"imsmanifest.xml"})
    for resource in resources:
        assert [one.get("href") for one in resource.findall(f"{MANIFEST}file")] == [resource.get("href")]
        needed = [one.get("identifierref") for one in resource.findall(f"{MANIFEST}dependency")]
        assert set(needed) <= set(identifiers) and len(set(needed)) == len(needed)
        kind = resource.get("href").partition("/")[0]
        assert (
            resource.get("type")
            == {
                "items": "imsqti_item_xmlv3p0",
                "stimuli": "imsqti_stimulus_xmlv3p0",
                "media": "webcontent",
            }[kind]
        )


def addresses(root: etree._Element, folder: str) -> Iterator[str]:
    for element in root.iter():
        for name in ("src", "href"):
            if element.get(name) is not None:
                yield posixpath.normpath(posixpath.join(folder, element.get(name)))


def check_item(path: str, content: bytes, files: dict[str, bytes]) -> None:
    item = etree.fromstring(content)
    assert item.tag == f"{ITEM}qti-assessment-item"
    assert item.get("identifier") == posixpath.basename(path).removesuffix(".xml")
    assert item.get("title") and item.get("time-dependent") == item.get("adaptive") == "false"
    places = [ORDER.index(own_name(child)) for child in item]
    assert places == sorted(places)
    assert all(address in files for address in addresses(item, "items"))
    body = item.find(f"{ITEM}qti-item-body")
    for element in body.iterdescendants():
        assert element.tag.startswith(ITEM) and set(element.attrib) <= BODY[own_name(element)]
        identifier = element.get("identifier")
        assert identifier is None or NAME.fullmatch(identifier)
    assert not (body.text or "").strip() and all(not (child.tail or "").strip() for child in body)
    declared = [one.get("identifier") for one in item.findall(f"{ITEM}qti-response-declaration")]
    asked = [one.get("response-identifier") for one in body.iterdescendants() if one.get("response-identifier")]
    assert sorted(declared) == sorted(asked) and declared
    outcomes = {one.get("identifier") for one in item.findall(f"{ITEM}qti-outcome-declaration")}
    used = {one.get("identifier") for one in item.iter(f"{ITEM}qti-variable", f"{ITEM}qti-set-outcome-value")}
    assert used <= outcomes | set(declared)
    assert {one.get("outcome-identifier") for one in item.iter(f"{ITEM}qti-modal-feedback")} <= outcomes


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(questions(fields=FORMATS["qti"].fields), min_size=1, max_size=3))
def test_package_is_built_as_the_standard_asks(several: list[ParsedQuestion]) -> None:
    files = written(*several)
    check_manifest(files)
    items = {path: content for path, content in files.items() if path.startswith("items/")}
    assert len(items) == len(several)
    for path, content in items.items():
        check_item(path, content, files)


@pytest.mark.parametrize(
    ("kind", "key", "cardinality", "least", "most"),
    [
        ("single", ("B",), "single", "1", "1"),
        ("multiple", ("A", "C"), "multiple", "2", "0"),
        ("indefinite", ("A", "C"), "multiple", "1", "0"),
    ],
)
def test_choice_says_how_many_may_be_chosen(
    kind: str, key: tuple[str, ...], cardinality: str, least: str, most: str
) -> None:
    item = item_of(replace(SINGLE, kind=kind, key=key))
    declaration, interaction = item[0], next(item.iter(f"{ITEM}qti-choice-interaction"))
    assert (declaration.get("cardinality"), declaration.get("base-type")) == (cardinality, "identifier")
    assert (interaction.get("min-choices"), interaction.get("max-choices")) == (least, most)
    assert [value.text for value in declaration.iter(f"{ITEM}qti-value")] == list(key)


def test_ordering_and_matching_have_their_cardinalities() -> None:
    ordering = item_of(replace(SINGLE, kind="ordering", key=("C", "A", "B")))
    assert (ordering[0].get("cardinality"), ordering[0].get("base-type")) == ("ordered", "identifier")
    options = (*ABC[:2], ParsedOption("1", "一"), ParsedOption("2", "二"))
    matching = item_of(replace(SINGLE, kind="matching", options=options, key=("A2", "B2")))
    assert (matching[0].get("cardinality"), matching[0].get("base-type")) == ("multiple", "directedPair")
    assert [value.text for value in matching[0].iter(f"{ITEM}qti-value")] == ["A R2", "B R2"]


def test_whole_right_answer_gives_all_the_points_else_none() -> None:
    from quizapp.bank.formats.qti_processing import Processing, read_declarations

    item = item_of(
        replace(
            SINGLE, kind="fill_in", stem="____和____", options=(), key=(("甲", "子"), ("乙",)), points_hundredths=250
        )
    )
    processing = Processing(item, read_declarations(item))
    scores = [
        processing.score({"RESPONSE1": (one,), "RESPONSE2": (other,)})
        for one, other in ("甲乙", "子乙", "甲甲", "乙乙")
    ]
    assert scores == [2.5, 2.5, 0, 0]
    item = item_of(replace(SINGLE, kind="multiple", key=("A", "C")))
    processing = Processing(item, read_declarations(item))
    assert [processing.score({"RESPONSE": chosen}) for chosen in (("A", "C"), ("C", "A"), ("A",), ("A", "B", "C"))] == [
        1,
        1,
        0,
        0,
    ]


def test_questions_of_one_case_refer_to_one_stimulus() -> None:
    files = written(replace(SINGLE, passage="案情"), replace(SINGLE, passage="案情", stem="另一题"), SINGLE)
    assert [path for path in files if path.startswith("stimuli/")] == ["stimuli/S00001.xml"]
    hrefs = [
        [
            one.get("href")
            for one in etree.fromstring(files[f"items/Q0000{n}.xml"]).iter(f"{ITEM}qti-assessment-stimulus-ref")
        ]
        for n in (1, 2, 3)
    ]
    assert hrefs == [["../stimuli/S00001.xml"], ["../stimuli/S00001.xml"], []]


def test_picture_that_is_shown_twice_is_there_once() -> None:
    picture, sound = ParsedMedia("stem", png(), alt="图"), ParsedMedia("A", wav(), "audio", "歌")
    files = written(replace(SINGLE, media=(picture, sound)), replace(SINGLE, stem="另一题", media=(picture,)))
    media = {path: content for path, content in files.items() if path.startswith("media/")}
    assert sorted(map(posixpath.splitext, media), key=lambda path: path[1])[0][1] == ".png"
    assert sorted(media.values()) == sorted([png(), wav()])


def test_details_are_metadata_of_the_manifest() -> None:
    details = replace(
        SINGLE,
        topics=("宪法", "人权"),
        difficulty=3,
        citations=(ParsedCitation("宪法", "第三十三条", date(2018, 3, 11)), ParsedCitation("民法典")),
    )
    manifest = written(details)["imsmanifest.xml"].decode()
    for words in (">人权<", ">difficult<", ">references<", ">第三十三条<", ">2018-03-11<"):
        assert words in manifest
    (back,) = read(write([details], format="qti").content).questions
    assert (back.topics, back.difficulty, back.citations) == (details.topics, 3, details.citations)


def test_rubric_is_for_those_who_mark() -> None:
    question = replace(
        SINGLE,
        kind="short_text",
        options=(),
        key=("要点",),
        rubric=(ParsedCriterion("说清", 150), ParsedCriterion("举例")),
    )
    (block,) = item_of(question).iter(f"{ITEM}qti-rubric-block")
    assert (block.get("use"), block.get("view")) == ("scoring", "scorer")
    assert [entry.get("data-points") for entry in block.iter(f"{ITEM}li")] == ["1.50", ""]


def test_same_questions_give_the_same_bytes() -> None:
    assert write([SINGLE], format="qti").content == write([SINGLE], format="qti").content


def test_translations_are_left_out_and_listed() -> None:
    question = replace(SINGLE, translations=(ParsedTranslation("en", "Question?", ABC),))
    assert [(one.code, one.words) for one in write([question], format="qti").left_out] == [("translations", "en")]


def test_letters_that_are_not_in_a_row_are_kept() -> None:
    question = replace(SINGLE, options=(ABC[0], ABC[2]), key=("C",))
    (back,) = read(write([question], format="qti").content).questions
    assert (back.options, back.key) == (question.options, ("C",))


def test_single_choice_between_right_and_wrong_stays_a_choice() -> None:
    question = replace(SINGLE, options=(ParsedOption("A", "正确"), ParsedOption("B", "错误")))
    (back,) = read(write([question], format="qti").content).questions
    assert back.kind == "single"


@pytest.mark.parametrize("stem", ["国家尊重____和（  ）。", "没有空", "____", "【 】与＿＿", "a\tb  c____\n\n d____"])
def test_marks_of_blanks_stay_what_they_were(stem: str) -> None:
    key = (("甲",), ("乙",)) if stem != "____" else (("甲",),)
    question = replace(SINGLE, kind="fill_in", stem=stem, options=(), key=key)
    (back,) = read(write([question], format="qti").content).questions
    assert (back.stem, back.key) == (stem, key)
