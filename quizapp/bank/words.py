"""The words shown for kinds and states."""

from __future__ import annotations

from quizapp.bank.languages import name_of
from quizapp.core.i18n import _l

KIND_WORDS = {
    "single": _l("单选题"),
    "multiple": _l("多选题"),
    "indefinite": _l("不定项选择题"),
    "true_false": _l("判断题"),
    "fill_in": _l("填空题"),
    "ordering": _l("排序题"),
    "matching": _l("匹配题"),
    "short_text": _l("简答题"),
}
CASE_WORD = _l("案例题")
"""For the questions of one case together; each of them has a kind of its own."""
STATE_WORDS = {
    "draft": _l("草稿"),
    "in_review": _l("待审核"),
    "approved": _l("已通过"),
    "retired": _l("已停用"),
    "held": _l("暂停使用"),
}
DIFFICULTY_WORDS = {1: _l("易"), 2: _l("中"), 3: _l("难")}
BULK_WORDS = {
    "add_topic": _l("加上知识点"),
    "remove_topic": _l("去掉知识点"),
    "set_difficulty": _l("改难度"),
    "set_sensitive": _l("改敏感标记"),
    "submit": _l("送审（草稿）"),
    "approve": _l("直接审核通过"),
    "hold": _l("暂停使用"),
    "release": _l("恢复使用（取消暂停）"),
    "retire": _l("停用"),
    "restore": _l("重新启用（已停用的）"),
    "move": _l("移到别的题库"),
}

LANGUAGE_WORDS = {
    "ug": _l("维吾尔文"),
    "bo": _l("藏文"),
    "mn-Mong": _l("蒙古文"),
    "kk-Arab": _l("哈萨克文"),
    "ko": _l("朝鲜文"),
    "za": _l("壮文"),
    "ii": _l("彝文"),
    "ky-Arab": _l("柯尔克孜文"),
    "en": _l("英文"),
    "ru": _l("俄文"),
    "mn": _l("西里尔蒙古文"),
    "kk": _l("西里尔哈萨克文"),
    "ky": _l("西里尔柯尔克孜文"),
    "ar": _l("阿拉伯文"),
}
"""What staff call the languages of languages.LANGUAGES, since not everybody reads their own names."""


def language_word(code: str) -> str:
    """What staff call a language; one without a word by its own name or its code."""
    return str(LANGUAGE_WORDS.get(code) or name_of(code))
