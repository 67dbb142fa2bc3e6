"""What the audit trail calls the acts, subjects and facts of all rooms; what has no words here is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from quizapp.accounts.words import ROLE_WORDS, UNIT_KIND_WORDS
from quizapp.core.i18n import _, _l
from quizapp.core.web import local_time, points_text

ACTION_WORDS = {
    "accounts.create_user": _l("新建账号"),
    "accounts.set_password": _l("修改密码"),
    "accounts.change_role": _l("更改角色"),
    "accounts.disable_user": _l("停用账号"),
    "accounts.enable_user": _l("恢复账号"),
    "accounts.change_display_name": _l("更改姓名"),
    "accounts.add_unit": _l("添加单位"),
    "accounts.change_unit": _l("修改单位"),
    "accounts.disable_unit": _l("停用单位"),
    "accounts.enable_unit": _l("恢复单位"),
    "accounts.set_headcount": _l("申报应参人数"),
    "accounts.import_units": _l("导入单位"),
    "accounts.publish_notice": _l("发布隐私说明"),
    "admin.change_site": _l("更改站点设置"),
    "admin.add_verification_file": _l("添加校验文件"),
    "admin.delete_verification_file": _l("删除校验文件"),
    "bank.import": _l("导入题目"),
    "bank.undo_import": _l("撤销导入"),
    "bank.approve_import": _l("导入后直接审核通过"),
    "bank.approved": _l("题目审核通过"),
    "bank.returned": _l("退回题目"),
    "bank.submit_drafts": _l("草稿全部送审"),
    "bank.hold": _l("暂停使用题目"),
    "bank.release": _l("恢复使用题目"),
    "bank.export": _l("导出题库"),
    "bank.rename_topic": _l("知识点改名"),
    "bank.merge_topic": _l("合并知识点"),
    "bank.delete_topic": _l("删除知识点"),
    "bank.bulk_add_topic": _l("批量加知识点"),
    "bank.bulk_remove_topic": _l("批量去掉知识点"),
    "bank.bulk_set_difficulty": _l("批量改难度"),
    "bank.bulk_set_sensitive": _l("批量改敏感标记"),
    "bank.bulk_submit": _l("批量送审"),
    "bank.bulk_approve": _l("批量通过审核"),
    "bank.bulk_hold": _l("批量暂停使用"),
    "bank.bulk_release": _l("批量恢复使用"),
    "bank.bulk_retire": _l("批量停用"),
    "bank.bulk_restore": _l("批量重新启用"),
    "bank.bulk_move": _l("批量移到别的题库"),
    "bank.bulk_undo": _l("撤销批量修改"),
    "bank.add_law": _l("新增法律"),
    "bank.change_law": _l("修改法律资料"),
    "bank.delete_law": _l("删除法律"),
    "bank.store_statute": _l("存入法律全文"),
    "bank.import_law_list": _l("导入法律目录"),
    "bank.merge_laws": _l("合并法律的引用"),
    "bank.change_article_text": _l("改正条文文字"),
    "bank.change_article": _l("标记条文变动"),
    "bank.change_law_status": _l("标记法律变动"),
    "bank.withdraw_change": _l("撤销变动标记"),
    "contests.create": _l("新建竞赛"),
    "contests.update": _l("修改竞赛"),
    "contests.update_published": _l("修改已发布的竞赛"),
    "contests.publish": _l("发布竞赛"),
    "contests.delete": _l("删除竞赛"),
    "contests.delete_expired_fields": _l("到期删除个人信息"),
    "play.pause": _l("暂停竞赛"),
    "play.resume": _l("恢复竞赛"),
    "play.extend": _l("更改结束时间"),
    "play.close": _l("提前结束竞赛"),
    "play.correct_key": _l("更正答案"),
    "play.void_question": _l("作废题目"),
    "play.rescore": _l("重新计分"),
    "play.erase_own": _l("参赛者删除个人信息"),
    "reports.export": _l("导出成绩"),
}
SUBJECT_WORDS = {
    "bank": _l("题库 %(number)s"),
    "contest": _l("竞赛 %(number)s"),
    "import": _l("导入 %(number)s"),
    "law": _l("法律 %(number)s"),
    "notice": _l("第 %(number)s 版隐私说明"),
    "question": _l("题目 %(number)s"),
    "site": _l("站点设置"),
    "topic": _l("知识点 %(number)s"),
    "unit": _l("单位 %(number)s"),
    "units": _l("单位名单"),
    "user": _l("账号 %(number)s"),
    "verification_file": _l("校验文件 %(number)s"),
}
FACT_WORDS = {
    "accent": _l("主题色"),
    "action": _l("修改"),
    "added": _l("新增"),
    "after": _l("改为"),
    "article": _l("条文"),
    "articles": _l("条文"),
    "attempts_per_day": _l("每人每天可答次数"),
    "attempts_total": _l("每人一共可答次数"),
    "audience_groups": _l("可选的人群"),
    "bank": _l("题库"),
    "before": _l("原来"),
    "capacity": _l("同时答题人数上限"),
    "capacity_before": _l("原来的人数上限"),
    "change": _l("修改编号"),
    "changed": _l("改动"),
    "citations": _l("引用数"),
    "closes": _l("结束时间"),
    "closes_at": _l("结束时间"),
    "closes_before": _l("原来的结束时间"),
    "code": _l("编码"),
    "comment": _l("意见"),
    "content": _l("内容"),
    "deleted": _l("删除数"),
    "effective_on": _l("施行日期"),
    "entries": _l("报名"),
    "entry_fields": _l("报名表里填什么"),
    "entry_mode": _l("怎样参赛"),
    "feedback": _l("给参与者看什么"),
    "feedback_time": _l("什么时候看"),
    "file": _l("文件"),
    "format": _l("文件格式"),
    "from": _l("并入自"),
    "gift_seconds": _l("加时秒数"),
    "held": _l("暂停使用的题目"),
    "host_name": _l("主办单位"),
    "host_unit": _l("主办单位"),
    "icp_number": _l("ICP 备案号"),
    "in_full": _l("显示完整的姓名和手机号"),
    "introduction": _l("说明"),
    "issued_on": _l("公布日期"),
    "issuing_body": _l("发布机关"),
    "key": _l("答案"),
    "key_before": _l("原来的答案"),
    "kind": _l("类型"),
    "kit_version": _l("试卷版本"),
    "law": _l("法律、法规名称"),
    "letters": _l("字数"),
    "letters_en": _l("英文字数"),
    "limit_seconds": _l("限时"),
    "log_retention_days": _l("日志保留天数"),
    "logo": _l("标志"),
    "lowered": _l("减分的试卷"),
    "lowered_by_hundredths": _l("最多减分"),
    "name": _l("名称"),
    "note": _l("说明"),
    "number": _l("编号"),
    "on": _l("日期"),
    "open": _l("正在作答的试卷"),
    "opens_at": _l("开始时间"),
    "own": _l("本人修改"),
    "paper": _l("出题方式"),
    "papers": _l("有这道题的试卷"),
    "pass_mark_hundredths": _l("合格线（分）"),
    "passed_after": _l("更正后合格"),
    "passed_before": _l("更正前合格"),
    "paused_ms": _l("暂停秒数"),
    "people": _l("人数"),
    "person": _l("参赛者编号"),
    "police_number": _l("公安备案号"),
    "question": _l("题号"),
    "questions": _l("题数"),
    "questions_in_pool": _l("题数"),
    "raised": _l("加分的试卷"),
    "raised_by_hundredths": _l("最多加分"),
    "reason": _l("原因"),
    "released": _l("恢复使用的题目"),
    "retention_days": _l("个人信息保留天数"),
    "retired": _l("停用数"),
    "revision": _l("修订"),
    "role": _l("角色"),
    "score_after_hundredths": _l("更正后总分"),
    "score_before_hundredths": _l("更正前总分"),
    "sections": _l("试卷的各个部分"),
    "shuffle_options": _l("打乱选项顺序（判断题除外）"),
    "shuffle_questions": _l("每个部分内打乱题目顺序"),
    "slug": _l("网址中的名字"),
    "status": _l("状态"),
    "timezone": _l("时区"),
    "title": _l("名称"),
    "topic": _l("知识点"),
    "unit_root_id": _l("可选的单位"),
    "valid_from": _l("起算日期"),
    "warnings": _l("发布时的提醒"),
    "what": _l("方式"),
}
_VALUE_WORDS: Mapping[str, Mapping[str, Any]] = {
    "action": ACTION_WORDS,
    "after": ROLE_WORDS,
    "before": ROLE_WORDS,
    "changed": FACT_WORDS,
    "content": {"approved": _l("审核通过的版本"), "newest": _l("每题的最新版本")},
    "kind": UNIT_KIND_WORDS,
    "role": ROLE_WORDS,
    "warnings": {
        "everysec": _l("每秒才落盘一次"),
        "held": _l("有暂停使用的题目"),
        "high_overlap": _l("试卷相同的题多"),
        "key_gets_out": _l("答案会提前传开"),
        "namesakes": _l("同名的人分不开"),
        "nickname_is_weak": _l("只填昵称，限次不严"),
        "no_basis": _l("有题没有法律依据"),
        "no_explanation": _l("有题没有解析"),
        "no_memory_limit": _l("没有设内存上限"),
        "not_replicated": _l("切换主机可能丢失答案"),
        "opens_at_once": _l("立即开始"),
        "too_hasty": _l("答题时间短"),
        "writes_alone": _l("与副本失联时仍写入"),
    },
    "what": {"key": _l("更正答案"), "void": _l("作废")},
}
"""Facts whose values are names of ours."""


def subject_text(kind: str, subject_id: str) -> str:
    """A subject as people call it, such as 竞赛 7."""
    word = SUBJECT_WORDS.get(kind)
    return str(word) % {"number": subject_id} if word else f"{kind} {subject_id}"


def fact_text(name: str, value: Any) -> str:
    """A fact's value as people read it; lists with commas between, a change as what was → what is."""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, dict):
        parts = [fact_text(key, one) for key, one in value.items()]
        return " → ".join(parts) if set(value) == {"before", "after"} else _("、").join(parts)
    if isinstance(value, list):
        return _("、").join(fact_text(name, one) for one in value) or "—"
    if value is None or value == "":
        return "—"
    if isinstance(value, int) and name.endswith("_hundredths"):
        return points_text(value)
    if isinstance(value, int) and name.endswith("_ms"):
        return f"{value / 1000:.0f}"
    if name in ("closes", "closes_before"):
        return local_time(datetime.fromisoformat(value))
    return str(_VALUE_WORDS.get(name, {}).get(value, value))
