"""The words shown for roles, kinds of units and weak passwords."""

from __future__ import annotations

from quizapp.core.i18n import _l

ROLE_WORDS = {
    "admin": _l("管理员"),
    "organiser": _l("组织者"),
    "reviewer": _l("审核员"),
}
ROLE_DUTIES = {
    "admin": _l("管理人员、单位和站点设置，查看操作记录；也能做其他角色的所有事。"),
    "organiser": _l("导入题库、举办竞赛、导出成绩。"),
    "reviewer": _l("审核题目。"),
}
UNIT_KIND_WORDS = {
    "region": _l("地区"),
    "department": _l("部门"),
    "unit": _l("单位"),
}
WEAKNESS_WORDS = {
    "too_short": _l("密码至少要 8 个字符，建议 15 个以上，例如几个不相干的词连在一起。"),
    "too_long": _l("密码最多 128 个字符。"),
    "unreadable": _l("密码里有无法识别的字符，请换一个。"),
    "repeats": _l("密码是同样的字符反复出现，很容易被猜到，请换一个。"),
    "sequence": _l("密码是键盘或数字的顺序，很容易被猜到，请换一个。"),
    "common": _l("这是常见的密码、日期或手机号，很容易被猜到，请换一个。"),
    "context": _l("密码只用了姓名、登录名或与本平台有关的词，很容易被猜到，请换一个。"),
}
# What the audit trail calls the acts of all rooms; an act without words here is shown by its own name.
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
    "bank.approve_import": _l("导入后直接审核通过"),
    "bank.approved": _l("题目审核通过"),
    "bank.returned": _l("退回题目"),
    "bank.submit_drafts": _l("草稿全部送审"),
    "bank.hold": _l("暂停使用题目"),
    "bank.release": _l("恢复使用题目"),
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
    "play.erase_own": _l("参赛者删除个人信息"),
    "reports.export": _l("导出成绩"),
}
