"""The sentences for everything that can be wrong with a statute's text: what is wrong, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping

from quizapp.core.i18n import _


def N_(message: str) -> str:
    """Mark a message for translation without translating it now."""
    return message


MESSAGES: dict[str, str] = {
    # The whole file
    "empty_file": N_("文件是空的，没有任何内容。"),
    "file_too_large": N_("文件超过 %(limit)s MB 的上限。一部法律的全文远小于此，请检查是不是选错了文件。"),
    "too_many_lines": N_("文件有 %(count)s 行，超过 %(limit)s 行的上限。请检查是不是选错了文件。"),
    "unsupported": N_("这种文件（%(found)s）不能读取。请改存为 .txt、.md 或 .docx 再上传。"),
    "undecodable": N_("认不出文件的文字编码。请用 UTF-8 编码另存为 .txt 再上传。"),
    "damaged_file": N_("文件已损坏、设了密码或结构异常，无法打开。请在文字处理软件中打开后另存为新的 .docx 再上传。"),
    "bad_document": N_("这个 JSON 文件不是本系统导出的法律文本：%(reason)s。"),
    "no_title": N_("没有找到法律名称。请在下面补上。"),
    "title_too_long": N_("名称超过 %(limit)s 个字，请在下面改短。"),
    "no_articles": N_("没有找到以“第一条”这样的字样开头的条文，不能存入。"),
    "more": N_("还有 %(count)s 处同样的问题，没有一一列出。"),
    # Articles
    "starts_late": N_("条文从%(first)s开始，前面的条文不在这个文件里。"),
    "gap": N_("%(before)s之后直接是%(after)s，中间缺 %(count)s 条。请对照原文检查。"),
    "repeated": N_("%(label)s出现了两次，文字不同（另一处在第 %(line)s 行）。请删去不对的一处再导入。"),
    "repeated_alike": N_("%(label)s出现了两次，文字相同，只存一份。"),
    "out_of_order": N_("%(label)s排在%(before)s之后，顺序不对。请对照原文检查。"),
    "empty_article": N_("%(label)s没有条文内容。"),
    "stray_text": N_("第一条之前的这行文字没有看懂，不会存入：“%(text)s”。"),
    "bad_label": N_("条文的名称“%(label)s”不是“第三十六条”这样的写法，或太长，不能存入。"),
    # Dates
    "no_effective_date": N_("文中没有写明从哪天起施行，请在下面补上。"),
    "date_from_history": N_("文中没有写明从哪天起施行，暂用沿革中最后的日期 %(date)s。请核对。"),
    "date_from_revision": N_(
        "最后一条写的 %(written)s 是最初的施行日期，此后又有修正；暂用最近一次修正的日期 %(date)s。请核对。"
    ),
    "bad_date": N_("“%(text)s”不是一个真实的日期，没有采用。"),
    "delayed_date": N_("施行日期写成“%(text)s”，须推算，请在下面补上。"),
}


def message(code: str, params: Mapping[str, str]) -> str:
    """The sentence in the reader's language."""
    return _(MESSAGES[code], **params)
