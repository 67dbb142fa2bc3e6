"""A bank of all kinds of question in a running installation, with a case, pictures, a recording and Uyghur."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image, ImageDraw

from quizapp.app import create_app
from quizapp.bank import media
from quizapp.bank.actions import Content, add_questions, get_or_create_bank
from quizapp.bank.formats.parsed import ParsedMedia
from quizapp.bank.shelf import Citation
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.installation import read_serving
from quizapp.core.settings import load_settings
from tests.stack import Stack

CASE = (
    "2025年3月，甲在自家院内修建围墙，占用了与邻居乙共用的通道约半米。乙多次与甲协商未果，于是在夜间将围墙推倒，"
    "造成甲停放在墙边的电动车损坏。甲向村民委员会反映，村民委员会组织双方调解，双方达成了书面调解协议："
    "甲退还所占通道，乙赔偿电动车修理费八百元。一个月后，乙反悔，拒绝付款。"
)
CASE_UYGHUR = (
    "2025-يىلى 3-ئايدا، جا ئۆز ھويلىسىدا تام سېلىپ، قوشنىسى يى بىلەن ئورتاق يولنىڭ يېرىم مېتىرچە يېرىنى ئىگىلىۋالغان."
)


@contextmanager
def inside(stack: Stack) -> Iterator[None]:
    """The app on the servers of a running installation."""
    serving = read_serving(stack.data)
    assert serving
    app = create_app(load_settings({"QUIZAPP_LOG_LEVEL": "WARNING"} | serving.environment))
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def picture(words: str, *, size: tuple[int, int] = (640, 400), colour: str = "#b3261e") -> bytes:
    image = Image.new("RGB", size, "#f3efe8")
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 20, size[0] - 20, size[1] - 20), outline=colour, width=12)
    draw.ellipse((size[0] // 2 - 70, size[1] // 2 - 70, size[0] // 2 + 70, size[1] // 2 + 70), fill=colour)
    draw.text((40, 40), words, fill="#1f2329")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def recording() -> bytes:
    """A second of a tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(
            b"".join((8000 * (n // 10 % 2) - 4000).to_bytes(2, "little", signed=True) for n in range(8000))
        )
    return file.getvalue()


def _shown(at: str, content: bytes, *, kind: Any = "picture", alt: str) -> dict[str, Any]:
    cleaned = media.clean(ParsedMedia(at=at, content=content, kind=kind, alt=alt))
    return media.shown_at(media.store(cleaned, now=utc_now()), at=at, alt=alt)


def _content(kind: str, stem: str, options: list[tuple[str, str]], key: list[Any], **more: Any) -> Content:
    values: dict[str, Any] = {
        "explanation": "依据相关法律规定。",
        "citations": [Citation("民法典", "第二百八十八条", None)],
        "topics": ["相邻关系"],
        "difficulty": 2,
    }
    return Content(kind=kind, stem=stem, options=options, key=key, **(values | more))


def contents() -> list[Content]:
    """One of each kind that can be played; the first two are of one case."""
    case: dict[str, Any] = {"passage": CASE}
    uyghur = {"passage": CASE_UYGHUR, "explanation": "قانۇنغا ئاساسەن."}
    return [
        _content(
            "single",
            "甲修建围墙占用共用通道，侵害了乙的哪一项权利？",
            [("A", "相邻权"), ("B", "名誉权"), ("C", "隐私权"), ("D", "荣誉权")],
            ["A"],
            translations={
                "ug": uyghur
                | {
                    "stem": "جا تام سېلىپ ئورتاق يولنى ئىگىلىۋېلىپ، ينىڭ قايسى ھوقۇقىغا دەخلى قىلغان؟",
                    "options": {"A": "قوشنىدارچىلىق ھوقۇقى", "B": "ئىناۋەت ھوقۇقى", "C": "مەخپىيەتلىك ھوقۇقى"},
                }
            },
            **case,
        ),
        _content(
            "true_false",
            "双方达成的调解协议具有法律约束力，乙应当按照约定履行。",
            [],
            ["true"],
            translations={"ug": uyghur | {"stem": "ئىككى تەرەپنىڭ مۇرەسسە كېلىشىمى قانۇن كۈچىگە ئىگە.", "options": {}}},
            **case,
        ),
        _content(
            "ordering",
            "请按先后顺序排列行政处罚普通程序的步骤。",
            [
                ("A", "作出处罚决定"),
                ("B", "立案"),
                ("C", "调查取证"),
                ("D", "告知当事人陈述、申辩的权利"),
                ("E", "送达决定书"),
            ],
            ["B", "C", "D", "A", "E"],
            translations={
                "ug": {
                    "stem": "مەمۇرىي جازانىڭ ئادەتتىكى تەرتىپىنى ئىلگىرى-كېيىنلىكى بويىچە تىزىڭ.",
                    "passage": "",
                    "explanation": "",
                    "options": {"A": "جازا قارارى چىقىرىش", "B": "دېلو تۇرغۇزۇش", "C": "تەكشۈرۈپ ئىسپات ئېلىش"},
                }
            },
        ),
        _content(
            "matching",
            "请把下列机关与它行使的职权配对。",
            [
                ("A", "全国人民代表大会"),
                ("B", "国务院"),
                ("C", "人民检察院"),
                ("1", "法律监督"),
                ("2", "修改宪法"),
                ("3", "制定行政法规，编制和执行国民经济和社会发展计划以及国家预算"),
                ("4", "审判案件"),
            ],
            ["A2", "B3", "C1"],
            media=[_shown("4", picture("court", size=(300, 200)), alt="法槌")],
        ),
        _content(
            "multiple",
            "下列图形中，哪些可以作为警示标志？",
            [("A", "红色圆形"), ("B", "蓝色圆形"), ("C", "金色圆形")],
            ["A", "C"],
            media=[
                _shown("stem", picture("stem", size=(1200, 700)), alt="路口的标志牌"),
                _shown("A", picture("red", size=(300, 200)), alt="红色圆形"),
                _shown("B", picture("blue", size=(300, 200), colour="#1f5fa8"), alt="蓝色圆形"),
                _shown("C", picture("gold", size=(300, 200), colour="#e2b75b"), alt="金色圆形"),
                _shown("explanation", picture("why", size=(400, 260)), alt="标志的颜色"),
            ],
        ),
        _content(
            "fill_in",
            "听录音并填空：公民有____的权利，也有____的义务。",
            [],
            [["劳动"], ["劳动"]],
            media=[_shown("stem", recording(), kind="audio", alt="朗读宪法第四十二条")],
        ),
    ]


def fill_bank(stack: Stack, name: str) -> int:
    """Put the questions into a bank, approved; returns how many there are."""
    with inside(stack):
        now = utc_now()
        questions = add_questions(
            bank=get_or_create_bank(name=name, actor=None, now=now), contents=contents(), actor=None, now=now
        )
        for question in questions:
            question.state, question.latest.approved_at = "approved", now
        db.session.commit()
        return len(questions)
