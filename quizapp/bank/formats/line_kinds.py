"""What a line of a question text is, as far as the line alone tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from quizapp.bank.formats import answers
from quizapp.bank.formats.characters import fold
from quizapp.bank.formats.draft import LONGEST_TEXT
from quizapp.bank.formats.kinds import Heading, Hint, section_heading, take_tag

_FIELDS: dict[str, str] = {
    "stem": "题目 题干 问题 试题 QUESTION",
    "answer": "正确答案 参考答案 标准答案 试题答案 题目答案 答案要点 参考要点 答题要点 参考解答 答案 答 ANSWER KEY",
    "explanation": "答案解析 试题解析 题目解析 解析 详解 答案说明 分析 解答 解题思路 EXPLANATION ANALYSIS",
    "topics": "知识点 考点 标签 考查知识点 TOPIC TOPICS",
    "difficulty": "难度 难易度 难易程度 难度等级 试题难度 DIFFICULTY",
    "points": "分值 分数 本题分值 SCORE POINTS",
    "law": "法律依据 法律 法条依据 法规依据 LAW",
    "article": "条款 法条 ARTICLE",
    "effective": "生效日期 施行日期 实施日期",
    "matches": "匹配项",
    "rubric": "评分标准 评分要点",
    "kind": "题型 试题类型 题目类型",
    "": "我的答案 你的答案 学生答案 考生答案 得分 能力水平 章节 出处 来源 认知层次 编号 题号",
}
_FIELD_OF = {word: name for name, words in _FIELDS.items() for word in words.split()}
_WORDS = "|".join(sorted((re.escape(word) for word in _FIELD_OF), key=len, reverse=True))
_LABEL = re.compile(
    rf"(?:(?P<open>[【\[(（])\s?(?P<boxed>{_WORDS})\s?[】\])）]\s?[:：]?"
    rf"|(?P<wrapping>[【\[(（]\s?)?(?P<word>{_WORDS})\s?(?:是|为)?\s?[:：])\s*",
    re.IGNORECASE,
)
_WHOLE_ANSWER_WORDS = ("正确答案", "参考答案", "标准答案", "试题答案", "题目答案")
_LONGEST_GLUED_ANSWER = 12
_LONGEST_KEY = 60
_MOST_LABELS = 50
"""In one line."""
_LONGEST_CALL = 60
_CLOSING = re.compile(r"[】\])）]")
_BARE_ANSWER = re.compile(
    r"(?:正确|参考|标准)?答案(?:是|为)?\s*(?P<text>[(（]?[A-Za-zＡ-Ｚ、,，\s]{1,20}[)）]?|正确|错误|[对错是否√×✓✔✗✘✅❌])\s*[。.]?"
)
# Looks that cost little before the long one.
_MAY_BE_LABELLED = re.compile(r"[:：【\[]|[(（]\s?[^\s()（）]{1,8}\s?[)）]")
_MAY_BE_ANSWER = re.compile("答|answer|key", re.IGNORECASE)
_BEFORE_INLINE = re.compile(r"[\s。.;；,，)）】\]|*^~#@！!？?]")
_DIVIDERS = " \t\u3000^*|#~@"
"""What some files put between the fields of a line."""
_SEPARATOR = re.compile(r"[-=_*~#@+—─－＝•·.\s]{3,}|@{2,}.{0,20}")
_RULED_TITLE = re.compile(r"[-=*~#—─]{2,}.{1,60}?[-=*~#—─]{2,}")
_CHAPTER = re.compile(
    r"第\s?[一二三四五六七八九十百0-9]{1,4}\s?(?:章|篇|编|部分|单元|讲|节|模块|专题)(?![是为的题]).{0,50}"
    r"|附件\s?[0-9一二三四五六七八九十]{0,3}\s?[:：]?.{0,30}|附录.{0,30}"
)
_NOISE = re.compile(
    r"[-—–\s]*第\s?[0-9]{1,5}\s?页[^。]{0,20}|[-—–\s]*[0-9]{1,5}\s?/\s?[0-9]{1,5}[-—–\s]*"
    r"|[0-9]{1,3}(?:\.[0-9]{1,2})?\s?分|[-—–]\s?[0-9]{1,5}\s?[-—–]"
    r"|智能分析|AI讲解|查看解析|收起解析|展开解析|纠错|收藏|举报|添加笔记|上一题|下一题|未作答|回答(?:正确|错误)"
)
_ID = re.compile(r"[0-9]{1,8}")
_KINDS = "单选|单项|多选|多项|判断|不定项|填空|简答|问答|论述|名词解释|案例|选择"
_YEAR = r"[12][0-9]{3}\s?(?:年|[-—~～至])"
# After the number: a mark; a colon or point only when no figure follows (1.5 m, 12:30), but for a year (3.2021年).
_NUMBER = re.compile(
    rf"(?P<tag>[(（\[【]\s?(?:{_KINDS})[^()（）\[\]【】]{{0,16}}[)）\]】]\s?)?(?:第\s?)?(?P<number>[0-9]{{1,5}})\s?(?P<ti>题)?\s?"
    rf"(?:[.．](?=[^0-9]|$|{_YEAR})|．|[、。]|[:：](?=[^0-9]|$|{_YEAR})|[)）](?=\S)|\t"
    rf"|(?P<broken>[（(])[.．、]|(?=[(（【\[]\s?(?:{_KINDS}))|(?(ti)(?:\s|$)|(?!)))\s*(?P<rest>.*)",
    re.DOTALL,
)
_DOUBTFUL_NUMBER = re.compile(r"(?P<number>[0-9]{1,4})\s?[.．:：](?P<rest>[0-9].*)", re.DOTALL)
"""A number, or a decimal or a time: 7.50毫安的电流…."""
_NUMBER_LIST = re.compile(r"(?:[0-9]{1,4}[、…\s]+){3,}")
_PASSAGE = re.compile(
    r"(?:[(（]?[一二三四五六七八九十0-9]{1,3}[)）]?\s?[、.．]?\s?)?"
    r"(?:[【\[(（]?(?:案例|材料|背景资料|资料|案情)(?:分析|简介|材料)?\s?[一二三四五六七八九十0-9]{0,3}\s?(?:[】\])）]|[:：])"
    r"|(?:根据|依据|阅读)(?:以下|下列|上述|下面|以上)?(?:的)?(?:材料|案例|资料|短文|案情).{0,40}(?:回答|完成|作答))"
)
_PASSAGE_AT_END = re.compile(
    r"(?:根据|依据|结合)(?:以上|上述|上面)(?:的)?(?:材料|案例|资料|短文|案情|内容).{0,12}(?:回答|完成).{0,20}题?[。.：:]?$"
)
_LOOKS_BACK = re.compile(
    r"(?:[(（]?[一二三四五六七八九十0-9]{1,3}[)）]?\s?[、.．]?\s?)?(?:根据|依据)(?:以上|上述|上面)"
)
_PASSAGE_RANGE = re.compile(r"([0-9]{1,4})\s?[-—–~～至到]\s?([0-9]{1,4})\s?(?:小)?题")
_TRUTH_OPTION = re.compile(r"(true|false|T|F|对|错)\s?[.．、:：)）]\s?(正确|错误|对|错|true|false|√|×)", re.IGNORECASE)
_BARE_KEY = re.compile(r"[(（]?\s?[A-HＡ-Ｈ](?:[\s,，、]{0,2}[A-HＡ-Ｈ]){0,7}\s?[)）]?[。.]?")
_IN_BRACKETS = re.compile(
    r"[(（【]\s?([A-HＡ-Ｈ](?:[\s,，、]?[A-HＡ-Ｈ]){0,7}|[√×✓✔✗✘✅❌对错TtXx]|正确|错误|true|false|True|False|TRUE|FALSE)\s?[)）】]"
)
_OPTION_A = re.compile(r"(?:^|.*?(?<![A-Za-z0-9]))[(（\[【]?[AＡ](?:[)）\]】]|\s?[.．、:：])\s*\S", re.DOTALL)
_OPTION_START = re.compile(
    r"[(（\[【]?(?:[A-ZＡ-Ｚ](?:[)）\]】]|\s?[.．、:：]|\s|$)|[a-h][)）.．、])|[A-HＡ-Ｈ][\u3400-\u9fff]"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a line stands out, and in which manner: bold, coloured, …"""

    start: int
    end: int
    manner: str


@dataclass(frozen=True, slots=True)
class Line:
    where: str
    text: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbered:
    """The head of a question; `number` is None where only a mark of its kind stands, （判断题）."""

    number: int | None
    rest: str
    hint: Hint | None = None
    points: str = ""


@dataclass(slots=True)
class Kind:
    """The findings on one line; most are empty."""

    text: str
    heading: Heading | None = None
    is_furniture: bool = False
    numbered: Numbered | None = None
    doubtful: Numbered | None = None
    """A number that may be a decimal: it opens a question only as the next one, behind an answer."""
    is_id: bool = False
    is_passage: bool = False
    label: str | None = None
    """The field that the line's first label names; "" for a label of no use here."""
    opens_options: bool = False
    is_key: bool = False
    has_answer: bool = False
    """An answer with its label stands in the line."""

    @property
    def is_plain(self) -> bool:
        """A line that is nothing by itself: a stem, or more of whatever stands before it."""
        return self.is_plain_or_key and not self.is_key and not self.opens_options

    @property
    def is_plain_or_key(self) -> bool:
        """A line that could be a stem without a number; its key may stand in it."""
        is_option = bool(_OPTION_START.match(self.text))
        is_marked = self.heading or self.is_furniture or self.numbered or self.is_id or self.label is not None
        return bool(self.text) and not is_marked and not is_option

    @property
    def is_mark(self) -> bool:
        """A line at which a search for the start of a stem ends."""
        return bool(self.heading or self.numbered or self.is_passage or self.label is not None or self.opens_options)

    @property
    def is_evidence(self) -> bool:
        """Whether the line shows that a question is going on: options from A, an answer, a key in the stem."""
        return self.opens_options or self.label == "answer" or self.is_key


def classify(text: str) -> Kind:
    """Tell what a cleaned line is."""
    kind = Kind(text)
    if not text or len(text) > LONGEST_TEXT:
        return kind
    kind.heading = section_heading(text)
    if kind.heading:
        return kind
    kind.label = label_at_start(text)
    if kind.label == "" and has_inline_answer(text):  # 我的答案:A正确答案:B
        kind.label = "answer"
    kind.is_id = bool(_ID.fullmatch(text))
    kind.is_passage = bool(_PASSAGE.match(text) or _PASSAGE_AT_END.search(text[-_LONGEST_CALL:]))
    kind.is_furniture = kind.label is None and not kind.is_id and _is_furniture(text)
    if kind.is_furniture or kind.label is not None or kind.is_id:
        kind.opens_options = kind.label == "stem" and bool(_OPTION_A.match(text))
        return kind
    kind.numbered = read_number(text)
    if not kind.numbered and (found := _DOUBTFUL_NUMBER.fullmatch(text)):
        kind.doubtful = Numbered(int(found["number"]), found["rest"])
    body = kind.numbered.rest if kind.numbered else text
    kind.opens_options = bool(
        _OPTION_A.match(body) or re.match(r"[AＡ][\s\u3400-\u9fff《“]", body) or _TRUTH_OPTION.match(text)
    )
    kind.has_answer = has_inline_answer(body)
    kind.is_key = bool(kind.has_answer or _BARE_KEY.fullmatch(text) or _IN_BRACKETS.search(body))
    return kind


def _is_furniture(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in (_SEPARATOR, _RULED_TITLE, _CHAPTER, _NOISE))


def read_number(text: str) -> Numbered | None:
    """Read `12.`, `第3题`, `[单选]5、`, `7（多选）`; what stands behind comes back without it and without its mark."""
    found = _NUMBER.fullmatch(text)
    if not found:
        rest, hint, points = take_tag(text)
        return Numbered(None, rest, hint, points) if hint and not text.startswith(rest[:4]) else None
    rest = _NUMBER_LIST.sub("", found["rest"], count=1) if _NUMBER_LIST.match(found["rest"]) else found["rest"]
    rest, hint, points = take_tag(f"{found['tag'] or ''}{found['broken'] or ''}{rest.strip(' 　')}")
    return Numbered(int(found["number"]), rest.lstrip(" 　:：.．、" if hint else " 　"), hint, points)


def label_at_start(text: str) -> str | None:
    """The field of a label such as 【答案】 or 解析： at the start; None without one."""
    found = _LABEL.match(text)
    if found:
        return _field(found)
    return "answer" if _BARE_ANSWER.fullmatch(text) else None


def _field(found: re.Match[str]) -> str:
    return _FIELD_OF[fold(found["boxed"] or found["word"])]


def has_inline_answer(text: str) -> bool:
    return bool(_MAY_BE_ANSWER.search(text)) and any(name == "answer" for name, _ in split_labels(text))


def split_labels(text: str) -> list[tuple[str | None, str]]:
    """Divide a line at its labels: (None, text) for what no label names, then (field, text) in order.

    Inside a line a label counts after a space or a mark, or where what follows an answer's label is a key.
    """
    bare = _BARE_ANSWER.fullmatch(text)
    if bare and not _LABEL.match(text):
        return [("answer", bare["text"])]
    marks = list(_labels(text)) if _MAY_BE_LABELLED.search(text) else []
    if not marks:
        return [(None, text)]
    parts: list[tuple[str | None, str]] = []
    if marks[0].start():
        parts.append((None, text[: marks[0].start()].rstrip(_DIVIDERS)))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        value, behind = text[mark.end() : end], ""
        closing = _CLOSING.search(value) if mark["wrapping"] else None
        if closing:  # 题干（答案：B）。
            value, behind = value[: closing.start()], value[closing.end() :].strip(" 。.")
        parts.append((_field(mark), value.strip().rstrip(_DIVIDERS if end < len(text) else None)))
        if behind:
            parts.append((None, behind))
    return parts


def _labels(text: str) -> Iterator[re.Match[str]]:
    for found in islice(_LABEL.finditer(text), _MOST_LABELS):
        before = text[found.start() - 1 : found.start()]
        if found.start() == 0 or _BEFORE_INLINE.match(before) or (found["boxed"] and found["open"] in "【["):
            if found.start() == 0 or _field(found) != "stem":
                yield found
        elif _field(found) == "answer" and (found["wrapping"] or _is_glued_answer(found, text)):
            yield found


def _is_glued_answer(found: re.Match[str], text: str) -> bool:
    """A label right behind a word, 我的答案:否正确答案:是, counts where hardly anything but a key follows."""
    if len(text) - found.end() > _LONGEST_KEY:
        return False
    value = text[found.end() :].strip()
    is_whole_word = (found["boxed"] or found["word"]) in _WHOLE_ANSWER_WORDS
    return reads_as_key(value) or (is_whole_word and 0 < len(value) <= _LONGEST_GLUED_ANSWER)


def reads_as_key(text: str) -> bool:
    """Whether a text is nothing but letters A to H or a word for right or wrong."""
    return bool(_BARE_KEY.fullmatch(fold(text)) or answers.read_truth(text, weak=False) is not None)


def bare_key(text: str) -> bool:
    return bool(_BARE_KEY.fullmatch(text))


def truth_option(text: str) -> tuple[str, str] | None:
    """`true. 正确` → ("TRUE", "正确")."""
    found = _TRUTH_OPTION.fullmatch(text.strip())
    return (fold(found[1]), found[2]) if found else None


def looks_back(text: str) -> bool:
    """Whether a line that opens a passage speaks of what stands above it: 根据以上材料，回答1-2题."""
    return bool(_LOOKS_BACK.match(text))


def passage_range(text: str) -> tuple[int, int] | None:
    """`回答11～13题` → (11, 13)."""
    found = _PASSAGE_RANGE.search(text)
    return (int(found[1]), int(found[2])) if found else None
