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
