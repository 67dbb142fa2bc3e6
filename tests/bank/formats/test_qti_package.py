"""Packages of QTI: members, media, stimuli, and files made to do harm."""

from __future__ import annotations

import base64
import io
import struct
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quizapp.bank.formats import ReadOptions, read
from quizapp.bank.formats.places import place
from quizapp.bank.formats.qti_package import MOST_MEMBERS
from tests.bank.formats.making import codes, error, only
from tests.bank.formats.making_qti import (
    PNG,
    choices,
    declared,
    entries,
    gives,
    is_,
    item12,
    labels12,
    package,
    qti2,
    qti12,
    read_qti,
    resource,
    text12,
    warnings,
)
from tests.bank.formats.test_never_raises import check

ITEM = qti2(choices("甲", "乙"), declared("C1"))
SECONDS, MEGABYTES = 2.0, 200


def shows(source: str, kind: str = "img", text: str = "图") -> bytes:
    return qti2(f'<p>{text}<{kind} src="{source}" alt="国旗"/></p>{choices("甲", "乙")}', declared("C1"))


# Members ------------------------------------------------------------------------------------------------------


def test_items_come_in_the_order_of_the_manifest() -> None:
    files = {f"items/{n}.xml": ITEM.replace("题".encode(), f"题{n}".encode()) for n in "abc"}
    manifest = "".join(map(resource, ["items/c.xml", "items/a.xml"]))
    parsed = read_qti(package(files, manifest=manifest))
    assert [question.stem for question in parsed.questions] == ["题c？", "题a？", "题b？"]
    assert parsed.questions[0].where == "in items/c.xml item Q1 line 2"
    assert place(parsed.questions[0].where) == "文件“items/c.xml” 题目“Q1” 第 2 行"


def test_package_without_a_manifest_and_in_a_folder_is_read() -> None:
    junk = {
        "__MACOSX/q/._a.xml": b"\x00\x05\x16\x07" + ITEM,
        "q/.DS_Store": b"x",
        "q/notes.xml": b"<notes>no items",
        "q/list.txt": b"x",
        "q/inner.zip": package({"b.xml": ITEM}),
    }
    assert only(read_qti(package({**junk, "q/a.xml": ITEM}))).where == "in q/a.xml item Q1 line 2"


def test_broken_member_does_not_stop_the_others() -> None:
    files = {"a.xml": ITEM[:-20], "b.xml": ITEM}
    parsed = read_qti(package(files, manifest=resource("a.xml") + resource("b.xml") + resource("c.xml")))
    assert [question.where for question in parsed.questions] == ["in b.xml item Q1 line 2"]
    faults = {problem.where: problem.code for problem in parsed.problems}
    assert faults == {"in a.xml line 5": "xml_malformed", "in imsmanifest.xml item R line 1": "member_missing"}


def test_assessment_of_version_1_2_in_a_cartridge_is_read() -> None:
    response = f'<response_lid ident="r1">{labels12(a="甲", b="乙")}</response_lid>'
    picture = text12('题&lt;img src="$IMS-CC-FILEBASE$/up%20loads/f.png"/&gt;', "text/html")
    content = qti12(item12(picture + response, gives(is_("a"))))
    files = {"g1/assessment.xml": content, "web_resources/up loads/f.png": PNG}
    manifest = resource("g1/assessment.xml", "imsqti_xmlv1p2/imscc_xmlv1p1/assessment")
    question = only(read_qti(package(files, manifest=manifest)))
    assert [medium.content for medium in question.media] == [PNG]


def test_assessment_that_is_there_twice_is_read_once_and_whole() -> None:
    response = f'<response_lid ident="r1">{labels12(a="甲", b="乙")}</response_lid>'
    one, two = (item12(text12(text) + response, gives(is_("a"))) for text in ("一", "二"))
    other = qti12(two).replace(b'ident="a" title', b'ident="b" title')
    files = {"g/assessment.xml": qti12(one), "non_cc_assessments/g.xml.qti": qti12(one, two), "h/assessment.xml": other}
    kind = "imsqti_xmlv1p2/imscc_xmlv1p1/assessment"
    manifest = resource("g/assessment.xml", kind) + resource("h/assessment.xml", kind)
    assert [question.stem for question in read_qti(package(files, manifest=manifest)).questions] == ["一", "二", "二"]


@pytest.mark.parametrize("files", [{"a.xml": b"<x/>"}, {"a.xml": b""}])
def test_zip_without_items_says_what_is_wanted(files: dict[str, bytes]) -> None:
    assert error(read_qti(package(files))).code == "no_items"


def test_manifest_alone_and_test_alone_say_what_is_wanted() -> None:
    manifest = b'<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" identifier="M"><resources/></manifest>'
    assert error(read_qti(manifest)).code == "no_items"
    test = (
        b'<assessmentTest xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="T"><testPart/></assessmentTest>'
    )
    assert error(read_qti(test)).code == "no_items"


def test_malformed_file_is_one_message_with_its_line() -> None:
    fault = error(read_qti(ITEM.replace(b"</itemBody>", b"</itemBod>")))
    assert (fault.code, fault.where) == ("xml_malformed", "line 5")


# Pictures and recordings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["../media/f.png", "../media/./F.PNG", "../media/f%2Epng", "../media/f.png?v=1"])
def test_picture_of_the_package_is_taken(source: str) -> None:
    question = only(read_qti(package({"items/a.xml": shows(source), "media/f.png": PNG})))
    assert [(medium.at, medium.content, medium.alt) for medium in question.media] == [("stem", PNG, "国旗")]


def test_recording_and_object_are_taken() -> None:
    body = '<p>听<audio src="a.mp3"/><object data="b.ogg" type="audio/ogg">歌</object></p>'
    files = {"q.xml": qti2(body + choices("甲", "乙"), declared("C1")), "a.mp3": b"ID3a", "b.ogg": b"OggS"}
    question = only(read_qti(package(files)))
    assert question.stem == "听\n题？"
    assert [(medium.kind, medium.content, medium.alt) for medium in question.media] == [
        ("audio", b"ID3a", ""),
        ("audio", b"OggS", "歌"),
    ]


def test_embedded_picture_is_taken() -> None:
    source = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert only(read_qti(shows(source))).media[0].content == PNG


def test_option_that_is_a_picture_alone_is_taken() -> None:
    item = qti2(choices("<img src='f.png' alt=''/>", "乙"), declared("C1"))
    question = only(read_qti(package({"a.xml": item, "f.png": PNG})))
    assert question.options[0].text == "" and question.media[0].at == "A"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("f.png", "media_missing"),
        ("../../../../etc/passwd", "media_missing"),
        ("/etc/passwd", "media_missing"),
        ("file:///etc/passwd", "media_linked"),
        ("https://example.org/f.png", "media_linked"),
        ("//example.org/f.png", "media_linked"),
        ("data:image/png;base64,%%%", "media_damaged"),
        ("empty.png", "media_damaged"),
    ],
)
def test_picture_that_is_not_there_is_told(source: str, code: str) -> None:
    parsed = read_qti(package({"items/a.xml": shows(source), "items/empty.png": b""}))
    assert only(parsed).media == ()
    assert warnings(parsed) == [code]


def test_film_is_told() -> None:
    parsed = read_qti(package({"a.xml": shows("f.mp4", "video"), "f.mp4": b"x"}))
    assert warnings(parsed) == ["media_unsupported"] and only(parsed).media == ()


# Stimuli ------------------------------------------------------------------------------------------------------

STIMULUS = """<qti-assessment-stimulus xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="S" title="t">
<qti-stimulus-body><p>案情</p><img src="img/f.png" alt="图"/></qti-stimulus-body></qti-assessment-stimulus>"""


def with_stimulus(href: str) -> str:
    return f"""<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="Q" title="t">
    <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="identifier"><qti-correct-response>
    <qti-value>b</qti-value></qti-correct-response></qti-response-declaration>
    <qti-assessment-stimulus-ref identifier="S" href="{href}"/><qti-item-body>
    <qti-choice-interaction response-identifier="RESPONSE"><qti-prompt>题？</qti-prompt>
    <qti-simple-choice identifier="a">甲</qti-simple-choice><qti-simple-choice identifier="b">乙</qti-simple-choice>
    </qti-choice-interaction></qti-item-body></qti-assessment-item>"""


def test_stimulus_is_the_passage_with_its_pictures() -> None:
    files = {"items/q.xml": with_stimulus("../stimuli/s.xml"), "stimuli/s.xml": STIMULUS, "stimuli/img/f.png": PNG}
    kinds = resource("stimuli/s.xml", "imsqti_stimulus_xmlv3p0") + resource("items/q.xml", "imsqti_item_xmlv3p0")
    for manifest in (kinds, None):
        question = only(read_qti(package(files, manifest=manifest)))
        assert (question.passage, question.stem) == ("案情", "题？")
        assert [(medium.at, medium.content) for medium in question.media] == [("passage", PNG)]


def test_stimulus_that_is_not_there_is_told() -> None:
    assert warnings(read_qti(with_stimulus("s.xml").encode())) == ["passage_missing"]


# Harm ---------------------------------------------------------------------------------------------------------


def test_nothing_is_fetched(canary: tuple[str, list[str]]) -> None:
    address, asked = canary
    declaration, _, rest = ITEM.decode().partition("?>")
    for harm in (
        f'<!DOCTYPE assessmentItem SYSTEM "{address}/dtd">',
        f'<!DOCTYPE x PUBLIC "-//x" "{address}/public">',
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{address}/entity">]>',
        f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{address}/parameter"> %e;]>',
        f'<?xml-stylesheet href="{address}/style"?>',
    ):
        content = f"{declaration}?>{harm}{rest}".replace("题？", "题？")
        read_qti(content.encode())
        read_qti(package({"a.xml": content}, manifest=resource("a.xml")))
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{address}/include"/>'
    read_qti(qti2(include + choices("甲", "乙"), declared("C1")))
    read_qti(shows(f"{address}/picture"))
    read_qti(with_stimulus(f"{address}/stimulus").encode())
    assert asked == []


def test_entities_are_refused() -> None:
    declaration, _, rest = ITEM.decode().partition("?>")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for rules in (f'<!ENTITY l0 "ha">{laughs}', '<!ENTITY f SYSTEM "file:///etc/hostname">'):
        content = f"{declaration}?><!DOCTYPE x [{rules}]>{rest.replace('题', '&l9;')}".encode()
        assert error(read_qti(content)).code == "xml_doctype"
        assert error(read_qti(package({"a.xml": content}))).where == "in a.xml line 1"


def deep(depth: int) -> bytes:
    return qti2("<div>" * depth + choices("甲", "乙") + "</div>" * depth, declared("C1"))


def deep_rules() -> bytes:
    rules = "<not>" * 230 + "<isNull><variable identifier='RESPONSE'/></isNull>" + "</not>" * 230
    condition = f"<responseCondition><responseIf>{rules}</responseIf></responseCondition>"
    return qti2(choices("甲", "乙"), declared(), processing=f"<responseProcessing>{condition}</responseProcessing>")


def many_rules() -> bytes:
    total = '<sum><variable identifier="SCORE"/><baseValue>1</baseValue></sum>'
    one = f'<setOutcomeValue identifier="SCORE">{total}</setOutcomeValue>'
    processing = f"<responseProcessing>{one * 40_000}</responseProcessing>"
    return qti2(choices(*map(str, range(26))), declared(), processing=processing)


def many_interactions() -> bytes:
    return qti2("".join(choices("甲", "乙", identifier=f"R{n}") for n in range(5_000)), declared("C1"))


def many_responses() -> bytes:
    one = f'<response_lid ident="r1">{labels12(a="甲", b="乙")}</response_lid>'
    return qti12(item12(text12("题") + one * 3_000, gives(is_("a"))))


def many_conditions() -> bytes:
    response = f'<response_lid ident="r1" rcardinality="Multiple">{labels12(a="甲", b="乙")}</response_lid>'
    return qti12(item12(text12("题") + response, gives(is_("a"), 1, action="Add") * 40_000))


def many_attributes() -> bytes:
    attributes = b" ".join(b'a%d="x"' % number for number in range(9_000))
    return ITEM.replace(b"<itemBody", b"<itemBody " + attributes)


def maximum(points: str) -> bytes:
    value = f"<defaultValue><value>{points}</value></defaultValue>"
    return f'<outcomeDeclaration identifier="MAXSCORE">{value}</outcomeDeclaration>'.encode()


HARM = {
    "nested elements": lambda: deep(100_000),
    "nested as deep as is read": lambda: deep(240),
    "nested rules": deep_rules,
    "very many rules": many_rules,
    "very many conditions": many_conditions,
    "very many interactions": many_interactions,
    "very many responses": many_responses,
    "very many choices": lambda: qti2(choices(*map(str, range(20_000))), declared("C1")),
    "very many attributes": many_attributes,
    "a text of 15 MB": lambda: ITEM.replace("题".encode(), b"x" * 15_000_000),
    "a picture of 9 MB in the text": lambda: shows("data:image/png;base64," + "A" * 9_000_000),
    "very much space in a text": lambda: ITEM.replace("题".encode(), b"x" + b"&#160; " * 400_000 + b"x"),
    "very much space before the item": lambda: b" " * 9_000_000 + ITEM.partition(b"?>")[2],
    "very many digits": lambda: ITEM.replace(b"<itemBody>", maximum("9" * 2_000_000) + b"<itemBody>"),
    "identifiers of a megabyte": lambda: ITEM.replace(b'"Q1"', b'"' + b"Q" * 1_000_000 + b'"'),
    "very many members": lambda: package({f"{n}.xml": b"" for n in range(65_000)}),
    "very many junk items": lambda: package({f"{n}.xml": b"<assessmentItem " for n in range(MOST_MEMBERS // 4)}),
    "a member that unpacks to very much": lambda: package({"a.xml": ITEM, "b.xml": b" " * 105_000_000}),
    "a package cut in the middle": lambda: package({"a.xml": ITEM, "b.xml": ITEM})[:-100],
}


@pytest.mark.parametrize("name", HARM)
def test_harm_takes_little_time(name: str) -> None:
    content = HARM[name]()
    began = time.process_time()
    parsed = read(content)
    assert time.process_time() - began < SECONDS
    assert parsed.questions or parsed.problems


@pytest.mark.parametrize("name", ["a picture of 9 MB in the text", "very many choices", "very many attributes"])
def test_harm_takes_little_memory(name: str) -> None:
    content = HARM[name]()
    tracemalloc.start()
    read(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MEGABYTES * 1024 * 1024


def changed(content: bytes, member: str, offset: int, layout: str, value: int) -> bytes:
    """The zip with one field of a member's entry in the directory changed."""
    data = bytearray(content)
    struct.pack_into(layout, data, data.rfind(member.encode()) - 46 + offset, value)
    return bytes(data)


GOOD = package({"a.xml": ITEM, "b.xml": ITEM.replace("题".encode(), "另一题".encode())}, manifest=resource("a.xml"))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (changed(GOOD, "b.xml", 16, "<I", 12345), "damaged_package"),
        (changed(GOOD, "b.xml", 24, "<I", 50), "damaged_package"),
        (changed(GOOD, "b.xml", 10, "<H", 12), "unsafe_package"),
    ],
    ids=["wrong check sum", "size too small", "other compression"],
)
def test_damaged_member_is_told_and_the_others_are_read(content: bytes, code: str) -> None:
    parsed = read_qti(content)
    assert [question.stem for question in parsed.questions] == ["题？"]
    assert (error(parsed).code, error(parsed).where) == (code, "in b.xml")


def test_package_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    listed = resource("b.xml")
    assert error(read_qti(package({"b.xml": b" " * 105_000_000}, manifest=listed))).code == "package_too_large"
    assert error(read_qti(package({"b.xml": b" " * 12_000_000}, manifest=listed))).code == "package_too_large"
    assert error(read_qti(package({"b.xml": b" " * 9_000_000}, manifest=listed))).code == "xml_malformed"


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/passwd", "items/../../x.xml", "C:\\x.xml", "..\\x.xml"])
def test_path_that_leaves_the_package_is_refused(name: str) -> None:
    assert error(read_qti(package({"a.xml": ITEM, name: b"x"}))).code == "unsafe_package"


def test_link_is_refused() -> None:
    file = io.BytesIO(GOOD)
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    fault = error(read_qti(file.getvalue()))
    assert fault.code == "unsafe_package" and "link.png" in fault.message


def test_encrypted_package_is_refused() -> None:
    assert error(read_qti(changed(GOOD, "b.xml", 8, "<H", 1))).code == "encrypted"


@pytest.mark.parametrize("length", [10, 100, 400, 700])
def test_cut_package_is_refused(length: int) -> None:
    assert codes(read(GOOD[:length])) == ["damaged_file"]


# Mending ------------------------------------------------------------------------------------------------------


def test_item_without_a_key_is_mended_in_place_and_keeps_its_picture() -> None:
    item = qti2(f'<p>图<img src="f.png" alt=""/></p>{choices("甲", "乙")}', declared())
    content = package({"a.xml": item, "f.png": PNG})
    (unusable,) = read_qti(content).unusable
    assert unusable.codes == ("no_key",)
    assert unusable.fields == {"kind": "single", "stem": "图\n题？", "options": "A. 甲\nB. 乙"}
    assert unusable.source == ("图", "题？", "甲", "乙")
    mended = read(content, options=ReadOptions(mends={unusable.where: {"answer": "B"}}))
    question = only(mended)
    assert (question.kind, question.key, mended.unusable) == ("single", ("B",), ())
    assert [medium.content for medium in question.media] == [PNG]


# Whatever the bytes -------------------------------------------------------------------------------------------

RULES = (
    '<responseProcessing><responseCondition><responseIf><match><variable identifier="RESPONSE"/><correct identifier='
    '"RESPONSE"/></match><setOutcomeValue identifier="SCORE"><mapResponse identifier="RESPONSE"/></setOutcomeValue>'
    "</responseIf></responseCondition></responseProcessing>"
)
RESPONSE = f'<response_lid ident="r1" rcardinality="Multiple">{labels12(a="甲", b="乙")}</response_lid>'
STARTS = (
    qti2(
        f'<p>图<img src="f.png"/></p>{choices("甲", "乙")}',
        declared("C1", mapping=entries(C1=1, C2=-1)),
        processing=RULES,
        feedback='<modalFeedback outcomeIdentifier="F" identifier="C2" showHide="show">不对</modalFeedback>',
    ).decode(),
    qti12(
        item12(text12("题") + RESPONSE, gives(is_("a"), 50, action="Add"), kind="multiple_answers_question")
    ).decode(),
    with_stimulus("s.xml"),
)
PIECES = """<choiceInteraction </choiceInteraction> <textEntryInteraction/> <orderInteraction> </orderInteraction> "C1"
    "-1" "RESPONSE" "" <value>C1</value> <value/> <mapEntry/> <not> </not> <or> </or> <other/> <sum> </sum> <isNull/>
    <itemBody> </itemBody> identifier="x" cardinality="ordered" baseType="pair" maxChoices="1" adaptive="true" &lt; &#9;
    <br/> ____ <setvar>nan</setvar> <setvar>1e999</setvar> <response_str/> <simpleChoice/> <simpleMatchSet>
    </simpleMatchSet> <feedbackInline> </feedbackInline> 1e400 <rubricBlock> </rubricBlock>"""


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), start=st.sampled_from(STARTS), is_zipped=st.booleans())
def test_changed_item_is_read(data: st.DataObject, start: str, is_zipped: bool) -> None:
    text = start
    for _ in range(data.draw(st.integers(1, 4))):
        tags = [place for place, letter in enumerate(text) if letter in '<>"']
        begin = data.draw(st.sampled_from(tags or [0]))
        end = data.draw(st.sampled_from([begin, *[place for place in tags if begin <= place <= begin + 200]]))
        text = text[:begin] + data.draw(st.sampled_from(["", *PIECES.split()])) + text[end:]
    content = text.encode()
    check(read(package({"a.xml": content, "s.xml": STIMULUS}) if is_zipped else content, format="qti"))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_package_with_bytes_changed_is_read(data: st.DataObject) -> None:
    broken = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    check(read(bytes(broken)))
