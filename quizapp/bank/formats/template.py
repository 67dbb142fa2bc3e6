"""An empty workbook to fill in: the columns, an example of each kind, and a sheet that says how to write what.

The examples start with 【示例】 and are never taken into a bank; neither is the sheet of instructions. The words are
Chinese whatever language the page is in, since the columns are.
"""

from __future__ import annotations

import io
from datetime import date

from quizapp.bank.formats.parsed import ParsedCitation, ParsedCriterion, ParsedOption, ParsedQuestion
from quizapp.bank.formats.sheets import GUIDE_HEADER
from quizapp.bank.formats.table import EXAMPLE
from quizapp.bank.formats.table_writing import HEADERS, Layout, rows_of
from quizapp.bank.formats.xlsx import SHEET, sheet_of
from quizapp.core.tables import Table, write_xlsx

FILE_NAME = "题目导入模板.xlsx"
GUIDE_SHEET = "填写说明"
EMPTY_ROWS = 500
"""Below the examples: the lists of kinds and difficulties are offered in rows that are there."""
_LETTERS = "ABCDEF"
_CONSTITUTION = ParsedCitation("中华人民共和国宪法", "第五条", date(2018, 3, 11))
_ADULT = ParsedCitation("中华人民共和国民法典", "第十七条", date(2021, 1, 1))
_CAPABLE = ParsedCitation("中华人民共和国民法典", "第十八条", date(2021, 1, 1))


def _options(*texts: str) -> tuple[ParsedOption, ...]:
    return tuple(map(ParsedOption, _LETTERS, texts))


EXAMPLES = (
    ParsedQuestion(
        where="",
        kind="single",
        stem="国家的根本法是（　　）。",
        options=_options("宪法", "刑法", "民法典", "行政许可法"),
        key=("A",),
        explanation="宪法规定国家的根本制度和根本任务，是国家的根本法。",
        citations=(ParsedCitation("中华人民共和国宪法", "序言", date(2018, 3, 11)),),
        topics=("宪法",),
        difficulty=1,
        points_hundredths=200,
    ),
    ParsedQuestion(
        where="",
        kind="multiple",
        stem="下列属于国家机关的有（　　）。",
        options=_options("全国人民代表大会", "国务院", "最高人民法院", "行业协会", "股份有限公司"),
        key=("A", "B", "C"),
        topics=("宪法", "国家机构"),
        difficulty=2,
        points_hundredths=400,
    ),
    ParsedQuestion(
        where="",
        kind="indefinite",
        stem="下列人员中，是或者视为完全民事行为能力人的有（　　）。",
        options=_options("二十周岁的大学生", "以自己的劳动收入为主要生活来源的十七周岁的人", "十岁的小学生"),
        key=("A", "B"),
        citations=(_ADULT, _CAPABLE),
        difficulty=3,
    ),
    ParsedQuestion(
        where="",
        kind="true_false",
        stem="一切法律、行政法规和地方性法规都不得同宪法相抵触。",
        options=(),
        key=("true",),
        citations=(_CONSTITUTION,),
        difficulty=1,
    ),
    ParsedQuestion(
        where="",
        kind="fill_in",
        stem="____周岁以上的自然人为成年人，不满____周岁的自然人为未成年人。",
        options=(),
        key=(("十八", "18"), ("十八", "18")),
        citations=(_ADULT,),
    ),
    ParsedQuestion(
        where="",
        kind="ordering",
        stem="请按效力从高到低排列。",
        options=_options("行政法规", "宪法", "法律"),
        key=("B", "C", "A"),
        topics=("立法",),
    ),
    ParsedQuestion(
        where="",
        kind="matching",
        stem="请将左侧的法与右侧的说明配对。",
        options=(
            *_options("宪法", "民法典"),
            *map(ParsedOption, "123", ("国务院制定的行政法规", "国家的根本法", "全国人民代表大会通过的基本法律")),
        ),
        key=("A2", "B3"),
    ),
    ParsedQuestion(
        where="",
        kind="short_text",
        stem="社区的做法是否妥当？请说明理由。",
        options=(),
        key=("不妥当。收集个人信息应当限于实现处理目的的最小范围。",),
        passage="某社区组织普法答题，要求居民登记身份证号码和宗教信仰后才能参加。",
        rubric=(ParsedCriterion("判断正确", 100), ParsedCriterion("说明最小范围的要求", 300)),
    ),
)
"""Without the mark that their stems have in the workbook."""

_GUIDE = (
    ("总则", "每行一道题，列的顺序可以改变，用不到的列可以空着或删去。第一行的列名请保留。"),
    ("示例", f"以“{EXAMPLE}”开头的行是例子，不会导入，可以删去，也可以留着。"),
    ("题型", "单选题、多选题、不定项选择题、判断题、填空题、排序题、匹配题、简答题。"),
    ("题干", "填空题的每个空写成四条下划线 ____ 。"),
    (
        "选项A、选项B……",
        "每列一个选项，从 A 起连续填写；不够时可以加列：选项G、选项H……判断题、填空题、简答题不填。",
    ),
    ("匹配项", "只用于匹配题：左侧写在选项各列里，右侧写在这一格里，一行一项，可以比左侧多。"),
    ("答案（选择题）", "写选项字母，如 A 或 ACD。"),
    ("答案（判断题）", "写“正确”或“错误”。"),
    ("答案（填空题）", "几个空之间用“；”隔开；一个空有几种写法时用“|”隔开，如 十八|18；未成年人。"),
    ("答案（排序题）", "按正确的顺序写全部字母，如 B、C、A。"),
    ("答案（匹配题）", "写左侧字母和右侧序号，如 A2、B1。"),
    ("答案（简答题）", "写参考答案，可以不填。"),
    ("解析", "答题后给参与者看的说明，可以不填。"),
    ("法律依据、条款、生效日期", "法律名称、条款（如 第十七条）和该版本的生效日期（如 2021-01-01）。"),
    (
        "依据有几条时",
        "都写在“法律依据”一格里，一行一条，如：《中华人民共和国民法典》第十七条（2021-01-01起施行）。"
        "在单元格里换行请按 Alt+Enter。",
    ),
    ("知识点", "几个知识点用顿号隔开。"),
    ("难度", "易、中或难；不填按“中”。"),
    ("分值", "0 到 1000 之间的数字，最多两位小数，可以不填。"),
    ("案例", "几道题共用一个案例时，每道题都写上同样的案例全文。"),
    ("评分标准", "只用于简答题：一行一条，分数写在括号里，如：判断正确（1分）。"),
    (
        "原样",
        "题干里本来就有（A）（正确）一类文字、不是答案时，题型写成“单选题（原样）”，题干和选项就一字不改地导入。"
        "这样的行里，答案、知识点等中间的“；”“|”“、”如果不是分隔符，在前面加一个反斜线 \\ 。",
    ),
)


def workbook() -> bytes:
    """The template as xlsx."""
    layout = Layout(list(HEADERS), _LETTERS)
    rows = rows_of(EXAMPLES, layout)
    at = layout.headers.index(HEADERS["stem"])
    marked = [[EXAMPLE + text if place == at else text for place, text in enumerate(row)] for row in rows]
    file = io.BytesIO()
    guide = Table(GUIDE_SHEET, GUIDE_HEADER, _GUIDE, len(_GUIDE), widths=(26, 90))
    empty = [[""] * len(layout.headers) for _ in range(EMPTY_ROWS)]
    write_xlsx(file, [sheet_of(SHEET, layout, [*marked, *empty], len(marked) + EMPTY_ROWS), guide])
    return file.getvalue()
