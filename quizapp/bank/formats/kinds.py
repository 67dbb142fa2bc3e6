"""Words by which files name a kind of question: in a column, a section heading or a mark on the stem."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quizapp.bank.formats.characters import fold

CHOICE = "choice"
"""Said to be a choice question, not which one: the key decides."""
UNSUPPORTED = "unsupported"

_WORDS: dict[str, str] = {
    "single": """单选 单项选择 单选选择 单项 SINGLE SINGLECHOICE SINGLESELECT SINGLEANSWER RADIO ONECHOICE""",
    "multiple": """多选 多项选择 多选选择 多项 MULTIPLE MULTI MULTIPLECHOICES MULTIPLEANSWER MULTIPLEANSWERS
        MULTICHOICE MULTISELECT MULTIPLESELECT CHECKBOX""",
    "indefinite": """不定项 不定项选择 任选 任意选择 不定向选择 INDEFINITE""",
    "true_false": """判断 判断正误 是非 对错 正误判断 判断对错 是非判断 TRUEFALSE TRUEORFALSE TRUE/FALSE TRUE_FALSE
        TF T/F JUDGE JUDGEMENT JUDGMENT BOOLEAN BOOL YESNO YES/NO""",
    "fill_in": """填空 填充 完形填空 FILL FILLIN FILL_IN FILLINBLANK FILLINTHEBLANK FILLBLANK BLANK CLOZE""",
    "short_text": """简答 问答 论述 简述 名词解释 材料分析 案例分析 分析 计算 主观 辨析 应用 综合 综合分析 案例
        解答 实务 写作 作文 SHORT SHORTANSWER SHORTTEXT SHORT_TEXT ESSAY TEXT SUBJECTIVE OPEN""",
    CHOICE: """选择 客观 QUIZ CHOICE MULTIPLECHOICE MULTIPLE_CHOICE SELECT OBJECTIVE""",
    "ordering": """排序 排列顺序 ORDERING ORDER SORT SORTING RANKING SEQUENCE""",
    "matching": """匹配 连线 配对 MATCHING MATCH""",
    UNSUPPORTED: """配伍 投票 打分 听力 口语 NUMERICAL HOTSPOT DRAGDROP UPLOAD""",
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words.split()}

# Words that also stand in ordinary headings and brackets count only when 题 follows.
_ONLY_WITH_TI = {
    word
    for line in (
        "分析 应用 综合 综合分析 案例 单项 多项 任选 客观 主观 对错 计算 选择",
        "简述 解答 作文 写作 听力 口语 投票 打分 排序 匹配 连线 配对 填充 实务 是非",
    )
    for word in line.split()
}


def _any_of(words: set[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_CHINESE = {word for word in _KIND_OF if not word.isascii()}
_PLAIN = _any_of(_CHINESE - _ONLY_WITH_TI)
_NAMED = rf"(?P<word>(?:{_PLAIN})(?=试?题)|(?:{_any_of(_ONLY_WITH_TI)})(?=试?题)|(?:{_PLAIN}))"
_NUMERAL = (
    r"(?:第?[一二三四五六七八九十]{1,3}(?:部分|大题|章|节|类)?|[(（][一二三四五六七八九十]{1,3}[)）]"
    r"|[IVX]{1,4}(?=[.、．])|[0-9]{1,2}(?=[.、．]))"
)
_HEADING = re.compile(
    rf"(?:{_NUMERAL}[\s.、．:：,，]{{0,4}})?[【\[]?\s?{_NAMED}(?:类)?(?:试?题)?(?:目|库|部分)?(?P<rest>.*)", re.DOTALL
)
_HEADING_REST = re.compile(r"[\s0-9.．共计每小大题道个分本总合为，,。：:、第】\]至到—~-]{0,40}")
_TAG = re.compile(
    rf"[(（\[【]\s*{_NAMED}(?:试?题)?\s*"
    r"(?:[,，、:：]?\s*(?P<points>[0-9]{1,3}(?:\.[0-9]{1,2})?)\s*分)?\s*[)）\]】]\s*[:：.、．]?"
)
_BRACKETED = re.compile(r"[(（\[【].*?[)）\]】]")
VERBATIM = "（原样）"
"""Stands behind a kind where nothing but its place tells what a text is."""
_VERBATIM = re.compile(r"[(（\[【]\s?(?:[^()（）\[\]【】]*[,，、]\s?)?原样\s?[)）\]】]")
_SAID_TRUE = re.compile(r"[(（](正确|对|√)[)）]")
_SAID_FALSE = re.compile(r"[(（](错误|错|×)[)）]")


@dataclass(frozen=True, slots=True)
class Hint:
    """What a file says of a question's kind. `insists`: said on the question itself, in words."""

    kind: str
    insists: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A section heading such as 一、单选题（每题2分）. `answer`: the key all its questions share, or empty."""

    kind: str
    words: str
    answer: str = ""


def kind_named(words: str) -> str | None:
    """The kind that a cell of a kind column names; None for a bare code number, empty or unknown words."""
    text = _BRACKETED.sub("", fold(words))
    text = re.sub(r"[\s\-:：]+", "", text)
    for ending in ("", "题", "试题", "题目", "题型", "QUESTION", "S"):
        kind = _KIND_OF.get(text.removesuffix(ending)) if text.endswith(ending) else None
        if kind:
            return kind
    return None


def is_verbatim(words: str) -> bool:
    """Whether a kind is marked 原样, 单选题（原样）: stem and options are then taken letter by letter."""
    return bool(_VERBATIM.search(words))


def section_heading(line: str) -> Heading | None:
    """Read a line that does nothing but open a section of one kind."""
    text = line.strip("#*=-— \t\u3000")
    if not text or len(text) > 150:
        return None
    found = _HEADING.fullmatch(text)
    if not found or not _HEADING_REST.fullmatch(_BRACKETED.sub("", found["rest"])):
        return None
    answer = "正确" if _SAID_TRUE.search(found["rest"]) else "错误" if _SAID_FALSE.search(found["rest"]) else ""
    kind = _KIND_OF[found["word"]]
    return Heading(kind, line.strip(), answer if kind == "true_false" else "")


def take_tag(stem: str) -> tuple[str, Hint | None, str]:
    """Take a mark such as （多选题，2 分） off the start or end of a stem: the stem, its kind, its points."""
    head, tail = stem[:60], stem[-60:]
    found = _TAG.match(head.lstrip())
    if found:
        rest = stem.lstrip()[found.end() :].strip()
    else:
        ends = [match for match in _TAG.finditer(tail) if not tail[match.end() :].strip(" 。.：:")]
        if not ends:
            return stem, None, ""
        found = ends[-1]
        rest = (stem[: len(stem) - len(tail)] + tail[: found.start()]).strip()
    return rest, Hint(_KIND_OF[found["word"]], insists=True, words=found["word"]), found["points"] or ""
