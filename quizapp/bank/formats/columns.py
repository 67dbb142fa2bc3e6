"""What the columns of a question table are: told by their headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from quizapp.bank.formats.characters import fold
from quizapp.bank.formats.rows import column_letters, column_place

_ROLES: dict[str, str] = {
    "number": """序号 题号 编号 试题编号 题目编号 题目序号 试题序号 序 NO NUMBER QNUMBER ID NUM INDEX #""",
    "kind": """题型 类型 试题类型 题目类型 试题题型 题目题型 问题类型 题类 试题类别 题目类别 TYPE KIND ANSWERTYPE
        QUESTIONTYPE QTYPE QUESTIONKIND""",
    "stem": """题干 题目 试题 试题内容 题目内容 问题 问题内容 题目描述 试题题干 题目题干 题干内容 题面 考题
        试题题目 题目名称 试题名称 试题正文 题目标题 标题 题目正文 内容 QUESTION STEM TITLE QUESTIONTEXT
        QUESTIONCONTENT INPUT PROMPT CONTENT""",
    "options": """选项 选项内容 备选项 备选答案 候选项 可选项 答案选项 选项列表 题目选项 试题选项 候选答案
        OPTIONS CHOICES OPTION CHOICE""",
    "answer": """答案 正确答案 标准答案 参考答案 试题答案 题目答案 正确选项 答案内容 正确 ANSWER CORRECT CORRECTANSWER
        RIGHTANSWER ANSWERS KEY OUTPUT CORRECTOPTION LABEL CORRECTANSWERS ANSWERKEY""",
    "explanation": """解析 答案解析 试题解析 题目解析 解释 分析 题解 答案说明 解题思路 答案分析 详解 EXPLANATION
        ANALYSIS EXPLAIN RATIONALE""",
    "law": """法律 法律依据 法规 法律法规 依据 法规名称 法律名称 LAW LEGALBASIS""",
    "article": """条款 法条 条文 法律条款 条 ARTICLE""",
    "effective": """生效日期 施行日期 实施日期 EFFECTIVEDATE EFFECTIVEON""",
    "topics": """知识点 标签 考点 知识模块 题目标签 知识分类 所属知识点 TOPIC TOPICS TAG TAGS KNOWLEDGEPOINT
        CATEGORY""",
    "difficulty": """难度 难易度 难易程度 难度等级 难度级别 题目难度 试题难度 DIFFICULTY DIFFICULTYLEVEL""",
    "points": """分值 分数 单空分数 每题分数 题目分值 试题分值 题目分数 SCORE POINTS POINT MARKS""",
    "matches": """匹配项 右侧选项 配对项 右侧项 MATCHES""",
    "rubric": """评分标准 评分要点 评分细则 得分要点 采分点 得分点 给分标准 RUBRIC""",
    "passage": """案例 材料 背景 背景材料 案例描述 题目材料 案例材料 案例内容 材料内容 案情 PASSAGE CONTEXT
        MATERIAL BACKGROUND""",
}
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words.split()}
_OPTION = re.compile(
    r"(?:选项|选择|备选|备选项|备选答案|答案选项|答案|OPTION|CHOICE|ANSWER|OPT)?([A-Z])(?:选项|项|项目|选择|OPTION)?"
    r"|(?:选项|备选项|备选答案|答案选项|答案|OPTION|CHOICE|ANSWER|OPT)([1-9]|[一二三四五六七八九])"
)
_BLANK = re.compile(r"(?:填空|空|第|BLANK)([1-9]|[一二三四五六七八九])空?")
_NUMERALS = "一二三四五六七八九"
_NOTE = re.compile(r"[(（\[【].*?[)）\]】]")
_REMARK = re.compile(r"\s[-–—]\s.*", re.DOTALL)
_SPACES_AND_MARKS = re.compile(r"[\s*＊_:：.、/\\\-]+")
LONGEST_HEADER = 60


@dataclass(frozen=True, slots=True)
class Columns:
    """The places (from 0) of a table's columns."""

    role: Mapping[str, int] = field(default_factory=dict)
    """One column for each role but options and blanks."""
    options: Mapping[str, int] = field(default_factory=dict)
    """By letter, where each option has its own column."""
    blanks: Sequence[int] = ()
    unused: Sequence[int] = ()
    """Headed columns that no question needs."""

    @property
    def is_questions(self) -> bool:
        """A stem and what can hold a key make a table of questions."""
        others = {"answer", "options", "kind"} & set(self.role)
        return "stem" in self.role and bool(others or self.options or self.blanks)

    @property
    def score(self) -> int:
        return len(self.role) + len(self.options) + len(self.blanks)


def columns_by_letter(letters: Mapping[str, str]) -> Columns:
    """The columns that a person named: role, "option A" or "blank 1" → the column's letter."""
    places = {role: column_place(letter) for role, letter in letters.items()}
    options = {name[-1]: place for name, place in sorted(places.items()) if name.startswith("option ")}
    blanks = [place for name, place in sorted(places.items()) if name.startswith("blank ")]
    role = {name: place for name, place in places.items() if " " not in name}
    return Columns(role, options, blanks)


def roles_by_letter(columns: Columns) -> dict[str, str]:
    """Column letter → what it is, in the words that `columns_by_letter` takes."""
    roles = {place: role for role, place in columns.role.items() if role != "number"}
    roles |= {place: f"option {letter}" for letter, place in columns.options.items()}
    roles |= {place: f"blank {number}" for number, place in enumerate(columns.blanks, 1)}
    return {column_letters(place): role for place, role in roles.items()}


def read_header(cells: Sequence[str]) -> Columns:
    """Find the roles of a row of headers; a row that is no header has few or none."""
    role: dict[str, int] = {}
    options: dict[str, int] = {}
    blanks: dict[int, int] = {}
    unused: list[int] = []
    for place, cell in enumerate(cells):
        name = _name(cell)
        if not name:
            continue
        blank, letter, known = _blank_number(name), _option_letter(name), _ROLE_OF.get(name)
        if known and known not in role:
            role[known] = place
        elif blank and blank not in blanks:
            blanks[blank] = place
        elif letter and letter not in options:
            options[letter] = place
        else:
            unused.append(place)
    options = _without_lone_letter(options, unused)
    return Columns(role, options, [blanks[number] for number in sorted(blanks)], sorted(unused))


def _name(cell: str) -> str:
    if not cell or len(cell) > LONGEST_HEADER:
        return ""
    plain = _SPACES_AND_MARKS.sub("", _REMARK.sub("", _NOTE.sub("", fold(cell))))
    return plain or _SPACES_AND_MARKS.sub("", fold(cell)).strip("()[]【】")


def role_named(header: str) -> str:
    """What one header names: a role, "option A", "blank 1"; empty for anything else."""
    name = _name(header)
    if name in _ROLE_OF:
        return _ROLE_OF[name]
    if blank := _blank_number(name):
        return f"blank {blank}"
    letter = _option_letter(name)
    return f"option {letter}" if letter else ""


def _option_letter(name: str) -> str:
    found = _OPTION.fullmatch(name)
    if not found:
        return ""
    if found[1]:
        return found[1]
    number = int(found[2]) if found[2].isdigit() else _NUMERALS.index(found[2]) + 1
    return "ABCDEFGHI"[number - 1]


def _blank_number(name: str) -> int:
    found = _BLANK.fullmatch(name)
    if not found:
        return 0
    return int(found[1]) if found[1].isdigit() else _NUMERALS.index(found[1]) + 1


def _without_lone_letter(options: dict[str, int], unused: list[int]) -> dict[str, int]:
    """One column named by a letter is no set of options; nor is one far from A."""
    if "A" in options and len(options) > 1:
        return options
    unused.extend(options.values())
    return {}
