"""What an export left out, in words."""

from __future__ import annotations

from collections.abc import Mapping

from quizapp.bank.formats.parsed import LeftOut
from quizapp.bank.formats.problems import KIND_NAMES, N_
from quizapp.core.i18n import _

FIELD_NAMES: dict[str, str] = {
    "explanation": N_("解析"),
    "citations": N_("法律依据"),
    "effective_on": N_("生效日期"),
    "topics": N_("知识点"),
    "difficulty": N_("难度"),
    "points_hundredths": N_("分值"),
    "passage": N_("案例"),
    "rubric": N_("评分标准"),
    "pictures": N_("图片"),
    "audio": N_("录音"),
    "translations": N_("其他语言的译文"),
}
REASONS: dict[str, str] = {
    "kind": N_("这种格式没有“%(words)s”这种题型"),
    "text_too_long": N_("文字太长，一个单元格写不下"),
}
"""Why a whole question is left out, by the code of LeftOut."""
CHANGES: dict[str, str] = {
    "line_ends": N_("这种格式里一段文字只能写成一行，各行已连成一行"),
    "becomes_true_false": N_("这种格式分不清它和判断题，再导入时会成为判断题"),
}
"""What becomes of a question that is written otherwise than it is."""


def is_whole(left_out: LeftOut) -> bool:
    """Whether the question itself is left out."""
    return left_out.code in REASONS


def sentence(left_out: LeftOut) -> str:
    """What was left out, of which question, and why."""
    number, stem = str(left_out.number), left_out.stem
    if is_whole(left_out):
        words = _(KIND_NAMES[left_out.words]) if left_out.words in KIND_NAMES else left_out.words
        reason = _(REASONS[left_out.code], words=words)
        return _("第 %(number)s 题“%(stem)s”没有导出：%(reason)s。", number=number, stem=stem, reason=reason)
    if left_out.code in CHANGES:
        return _("第 %(number)s 题“%(stem)s”：%(change)s。", number=number, stem=stem, change=_(CHANGES[left_out.code]))
    name = _(FIELD_NAMES[left_out.code])
    words = left_out.words
    return _(
        "第 %(number)s 题“%(stem)s”没有带上%(name)s：%(words)s。", number=number, stem=stem, name=name, words=words
    )


def counted(lost: Mapping[str, int]) -> str:
    """Kinds and fields with the number of questions that they are lost of: 匹配题 3 题、图片 12 题."""
    names = {**KIND_NAMES, **FIELD_NAMES}
    parts = [_("%(name)s %(count)s 题", name=_(names[code]), count=str(count)) for code, count in lost.items()]
    return _("、").join(parts)
