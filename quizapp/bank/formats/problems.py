"""The sentences for everything that can be wrong with a question file: what is wrong, and how to mend it.

One code, one sentence; params fill it. The codes are stable: scripts read them from `bank import --json`.
"""

from __future__ import annotations

from collections.abc import Mapping

from quizapp.bank.formats.places import place
from quizapp.core.i18n import _


def N_(message: str) -> str:
    """Mark a message for translation without translating it now."""
    return message


MESSAGES: dict[str, str] = {
    # The whole file
    "empty_file": N_("文件是空的，没有任何内容。请选择写有题目的文件。"),
    "file_too_large": N_("文件大小为 %(size)s MB，超过 %(limit)s MB 的上限。请拆成几个文件分别导入。"),
    "unsupported_format": N_("这是“%(found)s”文件，不能导入。请改存为可以导入的格式：%(accepted)s。"),
    "old_document": N_(
        "这是旧版 Word 的 .doc 文件，不能导入。请用 Word 或 WPS 打开，选“另存为”，类型选 Word 文档 (.docx)，再导入。"
    ),
    "unknown_format": N_("认不出这是什么文件。可以导入的格式有：%(accepted)s。"),
    "other_format": N_("选择的格式是“%(wanted)s”，而文件内容是“%(found)s”。请改选“自动识别”或正确的格式。"),
    "encrypted": N_("文件设有打开密码，无法读取。请取消密码后重新保存再导入。"),
    "with_macros": N_("文件含有宏程序，为安全起见不予导入。请另存为不含宏的 .xlsx 或 .docx 文件。"),
    "damaged_file": N_("文件已损坏或不完整，无法打开。请用办公软件打开后另存一份，再重新导入。"),
    "unsafe_archive": N_("文件的内部结构异常（%(found)s），为安全起见不予导入。请用办公软件打开后另存为新的文件。"),
    "unpacks_too_large": N_("文件展开后超过 %(limit)s MB。请删去多余的空行、空列、格式和图片后另存，再重新导入。"),
    "undecodable": N_("文字编码无法识别。请用记事本打开文件，另存时把编码选为 UTF-8。"),
    "unclosed_quote": N_("从这里开始有一个英文双引号没有成对，后面的内容无法分清。请补上或删去引号后重新导入。"),
    "too_many_rows": N_(
        "行数超过 %(limit)s 行的上限。请拆成几个文件分别导入；如果内容没有这么多，请删去表格下方远处的零散内容。"
    ),
    "no_questions": N_("没有找到题目。请确认表头下面写有题目，或每道题都有题干和答案。"),
    "no_text_questions": N_("没有找到题目。每道题应有题号、题干，选择题有 A. B. C. 开头的选项，并有“答案：”一行。"),
    "no_json_questions": N_(
        "没有找到题目。JSON 里的每道题应有题干（question）和答案（answer），选择题还有选项（options）。"
    ),
    "xml_malformed": N_("XML 写得不完整或不规范（%(found)s）。请在原系统里重新导出，或改正这一处后再导入。"),
    "xml_doctype": N_("XML 文件里有 DOCTYPE 声明，为安全起见不予导入。请删去这个声明后再导入。"),
    "xml_too_large": N_("XML 文件的嵌套太深，或内容太多（%(found)s）。请拆成几个文件，较大的图片和录音先压缩。"),
    "xml_undecodable": N_("XML 文件声明的编码“%(found)s”与内容不符，或不能识别。请以 UTF-8 编码另存后再导入。"),
    "document_too_large": N_("文档内容太多，或表格的嵌套太深。请拆成几个文档分别导入，或去掉嵌套的表格。"),
    # Word documents
    "embedded_part": N_("这里嵌入了另一份文件，其中的内容没有读取。请把内容直接粘贴到文档里再导入。"),
    "hidden_text": N_("文档里有隐藏文字，已一并读取。请核对有关的题目。"),
    "note_not_read": N_("脚注、尾注或批注里像是写有答案（“%(text)s”），没有读取。请把答案写到正文里。"),
    "picture_unreadable": N_(
        "“%(stem)s”里有不能显示的图片（%(name)s），没有导入。请把图片另存为 PNG 后重新插入；公式请改成文字。"
    ),
    "picture_left_out": N_("“%(stem)s”的解析里有不能显示的图片（%(name)s），解析已导入，图片没有。"),
    # A QTI file or package
    "damaged_package": N_("压缩包已损坏或不完整，无法打开。请在原系统里重新导出后再导入。"),
    "unsafe_package": N_("压缩包的内部结构异常（%(found)s），为安全起见不予导入。请在原系统里重新导出后再导入。"),
    "package_too_large": N_("压缩包展开后超过 %(limit)s MB。请在原系统里分几次导出，或先压缩其中的图片和录音。"),
    "member_missing": N_("清单里列出的文件“%(file)s”不在压缩包里，其中的题目没有导入。请重新导出整个压缩包。"),
    "no_items": N_("没有找到 QTI 题目。请上传整个 QTI 压缩包（.zip），或含有题目（item、assessmentItem）的 XML 文件。"),
    "item_elsewhere": N_("这里引用的题目在另一个题库里，不在这个文件中，没有导入。请把那个题库也导出来再导入。"),
    # A sheet
    "no_header": N_("没有找到表头，%(rows)s 行内容没有导入。请在第一行写上“题型、题干、选项A、选项B、答案”等列名。"),
    "sheet_not_read": N_("这张工作表不像题目表，没有导入（%(rows)s 行）。如果其中有题目，请给它写上表头。"),
    "sheet_hidden": N_("这张工作表是隐藏的，没有导入。如果其中有题目，请先取消隐藏。"),
    "sheet_repeated": N_("这张工作表与工作表“%(first)s”完全相同，只导入一次。"),
    "sheet_too_large": N_(
        "这张工作表的范围有 %(rows)s 行 × %(columns)s 列，超出能读取的大小。请删去表格远处的零散内容后再导入。"
    ),
    "too_many_columns": N_("第 %(limit)s 列以后还有内容“%(text)s”，没有读取。请把内容移到前面的列。"),
    "columns_not_used": N_("这些列没有导入：%(columns)s。"),
    "columns_by_content": N_(
        "没有表头，已按内容认出：题干在 %(stem)s 列，答案在 %(answer)s 列，选项在 %(options)s 列。"
        "请抽查几道题是否正确。"
    ),
    "header_contradicted": N_(
        "表头与下面的内容对不上，已按内容认出：题干在 %(stem)s 列，答案在 %(answer)s 列，选项在 %(options)s 列。"
        "请抽查几道题是否正确。"
    ),
    "numbers_as_options": N_("答案用数字表示，已按“%(base)s 表示第一个选项”读取。请抽查几道题是否正确。"),
    "numbers_as_truth": N_("判断题的答案用数字表示，已按“1 为正确，%(false)s 为错误”读取。请抽查几道题是否正确。"),
    "kind_code_differs": N_("题型代码“%(code)s”的其他题目多为“%(usual)s”，这道题按答案读作“%(taken)s”。请核对。"),
    # One question: errors
    "no_stem": N_("这里有内容“%(text)s”，但没有题干，没有导入。请补上题干，或删去这些内容。"),
    "no_key": N_("“%(stem)s”没有答案，没有导入。请补上答案。"),
    "bad_key": N_("“%(stem)s”的答案“%(answer)s”看不明白，没有导入。请改成选项字母，如 A 或 ABD。"),
    "key_repeats": N_("“%(stem)s”的答案“%(answer)s”里有重复的选项，没有导入。请核对后改正。"),
    "key_without_option": N_(
        "“%(stem)s”的答案是“%(answer)s”，但选项 %(missing)s 没有内容，没有导入。请补上选项或改正答案。"
    ),
    "key_without_options": N_(
        "“%(stem)s”的答案是“%(answer)s”，但这道题没有选项，没有导入。请补上选项，判断题请把答案写成“正确”或“错误”。"
    ),
    "two_keys": N_("“%(stem)s”有不止一个答案（%(answers)s），没有导入。请只留一个。"),
    "bad_truth": N_("判断题“%(stem)s”的答案“%(answer)s”看不明白，没有导入。请写成“正确”或“错误”。"),
    "unclear_number": N_(
        "“%(stem)s”的答案写的是数字“%(answer)s”，看不出指哪个选项，没有导入。请改成选项字母，判断题写成“正确”或“错误”。"
    ),
    "too_few_options": N_("“%(stem)s”只有 %(count)s 个选项，没有导入。请至少写两个选项。"),
    "too_many_options": N_("“%(stem)s”有 %(count)s 个选项，超过 26 个，没有导入。请减少选项。"),
    "option_letter_repeated": N_("“%(stem)s”有两个选项 %(letter)s，没有导入。请改正选项的字母。"),
    "kind_and_key_disagree": N_("“%(stem)s”的题型是“%(kind)s”，答案却是“%(answer)s”，没有导入。请改正题型或答案。"),
    "kind_unknown": N_("看不出“%(stem)s”是哪种题型，没有导入。请写明题型，如单选题、多选题、判断题、填空题、简答题。"),
    "kind_unsupported": N_(
        "“%(stem)s”的题型“%(kind)s”不能导入。可以导入的题型有：单选、多选、不定项、判断、填空、排序、匹配、简答。"
    ),
    "interaction_unsupported": N_(
        "“%(stem)s”在原系统里的题型是“%(kind)s”，这里没有这种题型，没有导入。"
        "可以改成选择、判断、填空、排序、匹配或简答题。"
    ),
    "template_item": N_("“%(stem)s”由模板随机生成（%(kind)s），没有固定的题干和答案，没有导入。请改写成固定的题目。"),
    "key_not_in_choices": N_("“%(stem)s”的答案指向不存在或重复的选项“%(answer)s”，没有导入。请核对后改正。"),
    "not_one_to_one": N_("匹配题“%(stem)s”的答案不是左边每项对右边一项，没有导入。请改成一一对应，或拆成几道题。"),
    "option_without_text": N_("“%(stem)s”的选项 %(letter)s 没有文字，图片也不在文件里，没有导入。请补上选项的内容。"),
    "loose_answer": N_("“%(stem)s”的答案按“包含”或通配规则判分，不是固定的文字，没有导入。请写出每空可以接受的答案。"),
    "number_range": N_("“%(stem)s”的答案是一个数值范围（%(text)s），不能导入。请改成确定的数，或改成选择题。"),
    "blank_not_in_stem": N_("“%(stem)s”的题干里没有“%(blank)s”这一空，没有导入。请补上空的位置。"),
    "blanks_differ": N_(
        "填空题“%(stem)s”有 %(blanks)s 个空，答案“%(answer)s”却对不上。请用“；”隔开各空的答案，每空都要有。"
    ),
    "blank_too_long": N_("填空题“%(stem)s”有一空的答案超过 %(limit)s 字，没有导入。请缩短，或改为简答题。"),
    "text_too_long": N_("这里有一段文字超过 %(limit)s 字，没有导入：“%(text)s”。请缩短或拆分。"),
    "too_many_lines": N_("从这里开始的一道题超过 %(limit)s 行，没有导入。请检查后面各题的题号和答案是否写清。"),
    "line_not_in_layout": N_(
        "这一行看不出是什么，没有导入：“%(text)s”。请以题号和（题型）、选项字母或“答案：”等开头；接上一行时以两个全角空格开头。"
    ),
    "line_not_read": N_("这一行不属于任何题目，没有导入：“%(text)s”。"),
    # Questions of Moodle and its like
    "xml_other": N_("这是 XML 文件，但根元素是 <%(found)s>，不是 Moodle 的试题。请在 Moodle 里以 XML 格式导出试题。"),
    "type_unsupported": N_("“%(stem)s”的题型是“%(kind)s”，不能导入。请在这里另建相近题型的题目。"),
    "language_left_out": N_("“%(stem)s”有一种认不出的语言“%(language)s”，没有导入这种语言的文字。"),
    "combined_feedback": N_("有 %(count)s 道题带有按作答情况显示的反馈或提示，没有导入；一般反馈已放进解析。"),
    "too_many_questions": N_("题目超过 %(limit)s 道的上限。请拆成几个文件分别导入。"),
    "gift_braces": N_(
        "“%(stem)s”里的花括号没有成对，或有不止一组答案，没有导入。题目之间请空一行；文字里的花括号请写成 \\{ 和 \\}。"
    ),
    "gift_block": N_("“%(stem)s”的答案“%(text)s”看不明白，没有导入。每个选项前请写 = 或 ~。"),
    "shares_several": N_("“%(stem)s”是单选，却有几个选项（%(letters)s）都得满分，没有导入。请只留一个，或改成多选。"),
    "shares_none": N_("“%(stem)s”是单选，却没有得满分的选项，没有导入。请把正确选项改为满分。"),
    "shares_sum": N_("“%(stem)s”的正确选项得分比例（%(letters)s）合起来不是满分，没有导入。请改正各选项的比例。"),
    "answer_pattern": N_("“%(stem)s”的答案“%(text)s”用 * 代表任意文字，不能导入。请写出完整的答案。"),
    "description_skipped": N_("“%(text)s”只是说明文字，不是题目，没有导入。"),
    "media_unusable": N_("“%(stem)s”有一张图片或一段录音不能使用，没有导入。%(reason)s"),
    # One question: warnings
    "media_left_out": N_("“%(stem)s”有一张图片或一段录音不能使用，将不带它导入。%(reason)s"),
    "duplicate": N_("“%(stem)s”与%(first_place)s的题干相同，两题都已读取。如果重复，请删去一题。"),
    "kind_by_key": N_("“%(stem)s”写在“%(kind)s”里，按答案“%(answer)s”读作“%(taken)s”。请核对。"),
    "equal_options": N_("“%(stem)s”有内容相同的选项 %(letters)s。请核对。"),
    "key_from_stem": N_("“%(stem)s”没有另写答案，已把题干括号里的“%(answer)s”当作答案。请核对。"),
    "key_from_looks": N_("“%(stem)s”没有另写答案，已按%(manner)s把“%(answer)s”当作答案。请核对。"),
    "keys_from_looks": N_("有 %(count)s 道题没有另写答案，已把用%(manner)s标出的选项当作答案。请抽查几道题是否正确。"),
    "comment_after_key": N_("“%(stem)s”的答案后面还有文字“%(text)s”，已放进解析。请核对。"),
    "law_missing": N_("“%(text)s”没有写明是哪部法律、法规，已放进解析。请补上法律名称。"),
    "bad_date": N_("生效日期“%(text)s”不是日期，没有采用。请写成 2018-02-01 的样子。"),
    "bad_difficulty": N_("难度“%(text)s”没有采用。请写易、中或难。"),
    "bad_points": N_("分值“%(text)s”没有采用。请写 0 到 1000 之间的数字，最多两位小数。"),
    "rubric_not_used": N_("“%(stem)s”不是简答题，评分标准“%(text)s”没有采用。"),
    "examples_left": N_(
        "从这一行起有 %(count)s 行以“【示例】”开头，是模板里的例子，没有导入。如果是您的题目，请删去“【示例】”。"
    ),
    "topic_too_long": N_("知识点“%(text)s”超过 %(limit)s 字，没有采用。请缩短。"),
    "stem_start_unclear": N_(
        "这里没有题号，看不出上一题的解析到哪一行为止，已把这一行当作新题的开头。请核对，或给每道题写上题号。"
    ),
    "stem_from_title": N_("这道题没有题干，已用标题“%(title)s”代替。请核对。"),
    "partial_credit": N_("“%(stem)s”里有只得部分分的答案，这里只认满分的答案，其余按错误处理。请核对。"),
    "marked_strictly": N_(
        "“%(stem)s”在原系统里按近似或包含判分，这里填的内容要与答案一致才算对。请补上其他可以接受的写法。"
    ),
    "scores_nothing": N_("“%(stem)s”在原系统里答对也不计分，已按文件里写的正确答案读取。请核对答案。"),
    "points_of_several": N_("“%(stem)s”出自一道有几问的题，整题的分值 %(points)s 没有分到各问。请给各问写上分值。"),
    "feedback_left_out": N_("“%(stem)s”答对时看不到的反馈没有放进解析：“%(text)s”。如有需要，请写进解析。"),
    "passage_missing": N_("“%(stem)s”所依据的材料（%(item)s）不在文件里，没有读取。请补上材料。"),
    "media_linked": N_("“%(stem)s”用到网上的图片或录音（%(source)s），没有下载。请另外添加。"),
    "media_missing": N_("“%(stem)s”用到的图片或录音“%(source)s”不在文件里。请另外添加。"),
    "media_damaged": N_("“%(stem)s”里的图片或录音“%(source)s”已损坏，没有导入。请另外添加。"),
    "media_unsupported": N_("“%(stem)s”里的“%(source)s”不是图片或录音，没有导入。"),
    "page_header": N_("“%(text)s”在文件里重复出现 %(count)s 次，已当作页眉页脚略去。"),
    # Documents with named fields: the whole
    "json_broken": N_("这里的 JSON 写法有误（%(found)s），整个文件没有导入。请改正后重新导入。"),
    "json_broken_line": N_("这一行的 JSON 写法有误（%(found)s），没有导入。每行应是一道完整的题目。"),
    "json_too_deep": N_("JSON 的嵌套层数太多，整个文件没有导入。题目文件不需要这么多层。"),
    "json_too_many_values": N_("JSON 里的值超过 %(limit)s 个，整个文件没有导入。请拆成几个文件分别导入。"),
    "json_too_many_questions": N_("文件里的题目超过 %(limit)s 道，整个文件没有导入。请拆成几个文件分别导入。"),
    "json_version": N_("文件的版本是“%(found)s”，这里能读的版本是 %(known)s。请升级本系统后再导入。"),
    "json_not_questions": N_("这不是题目文件：应有 questions 一项，内容是题目的列表。请对照说明文档改正。"),
    # One field of a question
    "field_unknown": N_("题目没有“%(name)s”这一项，已略去。请检查名称是否写错。"),
    "field_repeated": N_("“%(name)s”写了不止一次，看不出以哪一个为准，这道题没有导入。请只留一个。"),
    "more_problems": N_("这道题还有别的问题，只列出前 %(limit)s 个；这道题没有导入。"),
    "field_missing": N_("缺少这一项，这道题没有导入。请补上。"),
    "field_empty": N_("这一项是空的，这道题没有导入。请填写内容，或删去这一项。"),
    "not_text": N_("这里应当是文字，写的却是 %(found)s，这道题没有导入。"),
    "not_whole_number": N_("这里应当是不带引号的整数，写的却是 %(found)s，这道题没有导入。"),
    "not_list": N_("这里应当是列表 […]，写的却是 %(found)s，这道题没有导入。"),
    "list_too_long": N_("这里列了 %(count)s 项，超过 %(limit)s 项的上限，这道题没有导入。"),
    "not_object": N_("这里应当是对象 {…}，写的却是 %(found)s，这道题没有导入。"),
    "not_date": N_("这里应当是 2018-02-01 这样的日期，写的却是“%(found)s”，这道题没有导入。"),
    "not_base64": N_("这里应当是图片或录音的 Base64 编码，内容却不完整或有别的字符，这道题没有导入。"),
    "not_one_of": N_("这里应当是 %(known)s 之一，写的却是“%(found)s”，这道题没有导入。"),
    "broken_letter": N_("这里有残缺的字符（只有半个代理对），这道题没有导入。请重新输入这段文字。"),
    "bad_option_id": N_("“%(stem)s”的选项编号“%(id)s”不对，这道题没有导入。选项用 A 到 Z，匹配题右侧用 1、2、3……"),
    "option_empty": N_("“%(stem)s”的选项 %(letter)s 没有文字，也没有图片，这道题没有导入。请补上。"),
    "options_not_expected": N_("“%(stem)s”的题型没有选项，文件里却写了选项，这道题没有导入。请删去选项或改正题型。"),
    "one_key_expected": N_("单选题“%(stem)s”的答案有几个：%(answer)s，没有导入。请只留一个，或改为多选题。"),
    "several_keys_expected": N_(
        "多选题“%(stem)s”的答案只有一个：%(answer)s，没有导入。请补全，或改为单选题、不定项选择题。"
    ),
    "order_incomplete": N_("排序题“%(stem)s”的答案“%(answer)s”没有把每个选项恰好写一次，没有导入。请改正答案。"),
    "matches_missing": N_("匹配题“%(stem)s”没有写右侧的内容，没有导入。请在“匹配项”里一行写一项。"),
    "pairs_incomplete": N_(
        "匹配题“%(stem)s”的答案“%(answer)s”没有给左侧每一项恰好配上右侧一项，没有导入。请写成 A2、B1 的样子。"
    ),
    "one_reference_expected": N_("简答题“%(stem)s”的答案应当是一段文字，没有导入。请合并成一段。"),
    "rubric_not_expected": N_("“%(stem)s”不是简答题，却写了评分标准，没有导入。请删去评分标准或改正题型。"),
    "bad_difficulty_number": N_("难度应当是 1（易）、2（中）或 3（难），写的却是 %(text)s，这道题没有导入。"),
    "points_out_of_range": N_("分值应当在 0 到 %(limit)s 之间（单位：百分之一分），这道题没有导入。"),
    "medium_without_place": N_(
        "图片或录音的位置“%(at)s”在这道题里没有，这道题没有导入。请写 stem、explanation、passage 或选项编号。"
    ),
    "bad_language": N_("语言代码“%(language)s”不对或重复，这道题没有导入。请写 ug、bo、en 这样的代码，每种语言一次。"),
    "option_unknown": N_("译文里的选项“%(id)s”在这道题里没有，这道题没有导入。请改正选项编号。"),
}

KIND_NAMES: dict[str, str] = {
    "single": N_("单选题"),
    "multiple": N_("多选题"),
    "indefinite": N_("不定项选择题"),
    "true_false": N_("判断题"),
    "fill_in": N_("填空题"),
    "short_text": N_("简答题"),
    "ordering": N_("排序题"),
    "matching": N_("匹配题"),
}

_MANNERS: dict[str, str] = {
    "highlighted": N_("底色"),
    "coloured": N_("颜色"),
    "bold": N_("粗体"),
    "underlined": N_("下划线"),
}


def message(code: str, params: Mapping[str, str]) -> str:
    """The sentence of a problem in the reader's language; Chinese outside a request.

    The params `taken` and `usual` are kinds, `manner` is a look, `first_place` a stable place: they are put into
    words.
    """
    words = dict(params)
    if manner := words.get("manner"):
        words["manner"] = _(_MANNERS[manner])
    for name in ("taken", "usual"):
        if name in words:
            words[name] = _(KIND_NAMES[words[name]])
    if "first_place" in words:
        words["first_place"] = place(words["first_place"])
    return _(MESSAGES[code], **words)
