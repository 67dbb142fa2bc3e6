"""The privacy notice that a new installation starts with; administrators write their own versions over it."""

VERSION = "1"

CHINESE = """\
# 我们收集什么
参加竞赛时，只收集本次竞赛页面上列出的内容：可能只是一个昵称，也可能是姓名、手机号、所在单位和参与人群。页面上没有问到的，我们不收集。不收集身份证号、民族、宗教信仰和位置。

作答时会记录您选了什么、何时开始和交卷、得分和用时。您的网络地址只在短时间内用来限制过于频繁的请求，不写进答题记录。

# 用来做什么
用来确认是同一个人在答题、让您换一部手机也能接着答、计算成绩和名次、按单位统计参与情况，以及竞赛说明里写明的奖励联络。不用于广告，不出售，也不提供给与本次竞赛无关的任何人。

# 怎样保管
姓名和手机号加密保存。排行榜只显示姓氏，如“张*”；手机号在各处只显示前三位和后四位。只有主办单位的竞赛管理人员能够导出名单，每次导出都留有记录并须写明理由。

# 保存多久
竞赛结束一段时间后（一般为 180 天，“我的答题”里写明天数），姓名和手机号自动删除，只留下无法认出个人的统计数字。

# 您的权利
您可以在“我的答题”里查看、导出自己的数据，也可以要求更正或删除。删除后成绩不再与您关联，排行榜上只留一个匿名名次。不同意本说明，就不能填写报名信息；已经同意的，可以随时撤回，撤回不影响此前的处理。

# 未成年人
不满十四周岁的，请由父母或其他监护人阅读并同意后再参加。

# 联系谁
负责处理这些信息的是本次竞赛的主办单位，名称见竞赛页面。有疑问、意见或投诉，请直接与主办单位联系；对处理结果不满意的，可以向当地网信部门反映。
"""

ENGLISH = """\
# What is collected
Only what the page of the contest asks for: sometimes just a nickname, sometimes your name, mobile number, \
unit and audience group. What the page does not ask is not collected. Identity numbers, ethnicity, religious \
belief and location are never asked.

While you answer, your choices, the moments of starting and handing in, your score and the time you took are \
kept. Your network address is used for a short while to hold back floods of requests; it is not written to \
your attempts.

# What it is used for
To know that the same person is answering, to let you go on from another phone, to work out scores and \
places, to count participation by unit, and to reach you about prizes where the rules of the contest name \
them. It is not used for advertising, not sold, and not given to anyone who has no part in the contest.

# How it is kept
Names and mobile numbers are stored encrypted. Boards show the first letter of a name only; of a mobile \
number the first three and the last four digits are shown. Only the host's contest staff can export lists; \
every export is recorded with its reason.

# How long
Some time after the contest has ended (usually 180 days; “My attempts” names the number) names and mobile \
numbers are deleted by themselves. Figures from which nobody can be recognised stay.

# Your rights
Under “My attempts” you can see and export your data, and ask for correction or deletion. After deletion \
your result is no longer linked to you; the board keeps an anonymous place. Without agreeing you cannot fill \
in the entry form. You may withdraw your consent at any time; what was done before stays lawful.

# Minors
If you are under fourteen, a parent or guardian must read this and agree before you take part.

# Whom to ask
The host unit named on the page of the contest is responsible. Please turn to it with questions and \
complaints; if its answer does not satisfy you, you may turn to the local cyberspace administration.
"""
