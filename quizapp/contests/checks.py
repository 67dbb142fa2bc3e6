"""What must be mended before publishing, what is worth a second thought, and what the papers will be like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from quizapp.accounts.queries import unit_choices
from quizapp.bank.law_words import cause_sentence
from quizapp.bank.models import Question
from quizapp.contests import drafts, rules
from quizapp.contests.kits import held_questions, is_usable, pool_of
from quizapp.contests.models import Contest
from quizapp.contests.words import COMPLAINTS
from quizapp.core.durability import Replication, durability_settings, memory_setting, replication_of
from quizapp.core.i18n import _, _l
from quizapp.core.live import Live, LiveStoreDown

EXPECTED_PEOPLE = 1000
HIGH_OVERLAP = 0.5
HASTE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    message: str
    part: str = "basics"
    """The part of the edit page where it is mended: basics, times, paper, rules, entry; or server."""
    stops: bool = True
    """Whether publishing is refused."""


@dataclass(frozen=True, slots=True)
class Report:
    findings: list[Finding]
    question_count: int
    full_hundredths: int
    pool_sizes: list[int]
    """How many usable questions each section may draw from."""
    overlap: float
    """Questions that the first papers of two people share on average (rules.expected_overlap)."""
    people: int
    exposure: tuple[float, float]
    """How often the least and the most drawn question is shown if each of `people` answers once."""

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.stops]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.stops]


@dataclass(slots=True)
class _Blueprint:
    contest: Contest
    pools: list[Sequence[Question]] = field(default_factory=list)

    @property
    def ids(self) -> list[list[int]]:
        return [[question.id for question in pool] for pool in self.pools]

    @property
    def counts(self) -> list[int]:
        return [section.count for section in self.contest.sections]


def check(*, contest: Contest, now: datetime, live: Live, durability: str, people: int = EXPECTED_PEOPLE) -> Report:
    """Look at a draft as publishing would, without changing anything.

    `durability` is what the installation asks of its Redis: always, or everysec when it was chosen by name.
    """
    blueprint = _Blueprint(contest, [pool_of(contest=contest, section=section) for section in contest.sections])
    chance = rules.chances(pools=[pool for pool in blueprint.ids if pool], counts=_counts_of_filled(blueprint))
    findings = [
        *_draft_findings(contest),
        *_window_findings(contest, now),
        *_paper_findings(blueprint),
        *_entry_findings(contest),
        *_rule_findings(contest),
        *_question_findings(blueprint),
        *_held_findings(contest),
        *server_findings(live=live, durability=durability),
    ]
    overlap = rules.expected_overlap(chance=chance)
    if contest.paper == "random" and overlap > HIGH_OVERLAP * sum(blueprint.counts) and not _stop(findings):
        text = _(
            "题库偏小：两个人的试卷平均有 %(overlap)s 题相同（每份 %(count)s 题），相邻的人容易互相参照。",
            overlap=f"{overlap:.1f}",
            count=str(sum(blueprint.counts)),
        )
        findings.append(Finding("high_overlap", text, "paper", stops=False))
    return Report(
        findings=findings,
        question_count=sum(blueprint.counts),
        full_hundredths=sum(section.count * section.points_hundredths for section in contest.sections),
        pool_sizes=[len(pool) for pool in blueprint.pools],
        overlap=overlap,
        people=people,
        exposure=rules.expected_exposure(chance=chance, papers=people),
    )


def _stop(findings: Sequence[Finding]) -> bool:
    return any(finding.stops for finding in findings)


def _counts_of_filled(blueprint: _Blueprint) -> list[int]:
    return [min(count, len(pool)) for count, pool in zip(blueprint.counts, blueprint.pools, strict=True) if len(pool)]


PART_WORDS = {
    "basics": _l("基本信息"),
    "times": _l("时间"),
    "paper": _l("试卷"),
    "rules": _l("规则"),
    "entry": _l("参赛方式"),
    "server": _l("服务器"),
}
PARTS = {
    "slug": "basics",
    "title": "basics",
    "host_name": "basics",
    "introduction": "basics",
    "accent": "basics",
    "timezone": "times",
    "opens_at": "times",
    "closes_at": "times",
    "entry_mode": "entry",
    "entry_fields": "entry",
    "audience_groups": "entry",
    "retention_days": "entry",
    "capacity": "entry",
}


def part_of(field_name: str) -> str:
    """The part of the edit page on which a field of the draft stands."""
    return "paper" if field_name.startswith(("sections", "paper")) else PARTS.get(field_name, "rules")


def _draft_findings(contest: Contest) -> Iterator[Finding]:
    """A stored draft was checked when it was saved; what has been tightened since then is found here."""
    for complaint in drafts.complaints(draft_of(contest)):
        yield Finding(complaint.code, str(COMPLAINTS[complaint.code]), part_of(complaint.field))


def draft_of(contest: Contest) -> drafts.Draft:
    """A stored contest as a draft."""
    return drafts.Draft(
        slug=contest.slug,
        title=contest.title,
        host_name=contest.host_name,
        introduction=contest.introduction,
        timezone=contest.timezone,
        opens_at=contest.opens_at,
        closes_at=contest.closes_at,
        paper=contest.paper,
        shuffle_questions=contest.shuffle_questions,
        shuffle_options=contest.shuffle_options,
        limit_seconds=contest.limit_seconds,
        attempts_total=contest.attempts_total,
        attempts_per_day=contest.attempts_per_day,
        pass_mark_hundredths=contest.pass_mark_hundredths,
        feedback=contest.feedback,
        feedback_time=contest.feedback_time,
        entry_mode=contest.entry_mode,
        entry_fields=tuple(contest.entry_fields),
        audience_groups=tuple(contest.audience_groups),
        unit_root_id=contest.unit_root_id,
        capacity=contest.capacity,
        accent=contest.accent,
        retention_days=contest.retention_days,
        sections=tuple(
            drafts.SectionDraft(
                id=section.id,
                bank_id=section.bank_id,
                kind=section.kind,
                topic_id=section.topic_id,
                difficulty=section.difficulty,
                count=section.count,
                points_hundredths=section.points_hundredths,
            )
            for section in contest.sections
        ),
    )


def _window_findings(contest: Contest, now: datetime) -> Iterator[Finding]:
    if contest.closes_at <= now:
        yield Finding("already_over", _("结束时间已经过去，请改为将来的时间。"), "times")
    elif contest.opens_at <= now:
        yield Finding("opens_at_once", _("开始时间已到：一经发布，竞赛立即开始。"), "times", stops=False)


def _paper_findings(blueprint: _Blueprint) -> Iterator[Finding]:
    if blueprint.contest.paper == "fixed":
        yield from _fixed_findings(blueprint)
        return
    shortage = rules.find_shortage(pools=blueprint.ids, counts=blueprint.counts)
    if shortage is None:
        return
    numbers = _("、").join(str(place + 1) for place in shortage.sections)
    values = {"numbers": numbers, "needed": str(shortage.needed), "available": str(shortage.available)}
    if len(shortage.sections) == 1:
        text = _("第 %(numbers)s 部分需要 %(needed)s 题，题库里符合条件、可以使用的只有 %(available)s 题。", **values)
    else:
        text = _(
            "第 %(numbers)s 部分共用一批题目：合计需要 %(needed)s 题，符合条件、可以使用的只有 %(available)s 题。",
            **values,
        )
    yield Finding("too_few_questions", text, "paper")


def _fixed_findings(blueprint: _Blueprint) -> Iterator[Finding]:
    chosen_before: set[int] = set()
    for number, section in enumerate(blueprint.contest.sections, start=1):
        if len(section.questions) != section.count:
            text = _(
                "第 %(number)s 部分应有 %(count)s 题，现在选了 %(chosen)s 题。",
                number=str(number),
                count=str(section.count),
                chosen=str(len(section.questions)),
            )
            yield Finding("wrong_number_chosen", text, "paper")
        gone = [str(chosen.question_id) for chosen in section.questions if not is_usable(chosen.question)]
        if gone:
            text = _(
                "第 %(number)s 部分选的题目中，编号 %(ids)s 已停用、暂停使用或尚未通过审核，请换掉。",
                number=str(number),
                ids=_("、").join(gone),
            )
            yield Finding("not_usable", text, "paper")
        ids = {chosen.question_id for chosen in section.questions}
        if ids & chosen_before:
            text = _("第 %(number)s 部分有题目在前面的部分已经选过，请换掉。", number=str(number))
            yield Finding("chosen_twice", text, "paper")
        chosen_before |= ids


def _entry_findings(contest: Contest) -> Iterator[Finding]:
    asked = contest.entry_fields if contest.entry_mode == "form" else []
    if "unit" in asked and not unit_choices(root_id=contest.unit_root_id):
        yield Finding("no_units", _("报名表里有“单位”，但还没有可选的单位。请先导入单位，或去掉这一项。"), "entry")
    if contest.entry_mode == "nickname" and (contest.attempts_total or contest.attempts_per_day):
        text = _("只填昵称时，清除浏览器数据或换一部手机就能重新参赛，次数限制只能防君子。要认真限次数，请用报名表。")
        yield Finding("nickname_is_weak", text, "entry", stops=False)
    if contest.entry_mode == "form" and "phone" not in asked:
        text = _("报名表里没有手机号：姓名、单位和人群都相同的两个人会被当作同一个人。")
        yield Finding("namesakes", text, "entry", stops=False)


def _rule_findings(contest: Contest) -> Iterator[Finding]:
    shows_key = contest.feedback in ("answers", "explanations") and contest.feedback_time != "after_close"
    if contest.paper == "fixed" and shows_key:
        text = _("固定试卷在竞赛期间就显示正确答案，答案很快会传开。建议改为“竞赛结束以后”显示，或随机抽题。")
        yield Finding("key_gets_out", text, "rules", stops=False)
    count = sum(section.count for section in contest.sections)
    if contest.limit_seconds is not None and contest.limit_seconds < HASTE_SECONDS * count:
        text = _("答题时间平均每题不到 %(seconds)s 秒，多数人来不及看完题目。", seconds=str(HASTE_SECONDS))
        yield Finding("too_hasty", text, "rules", stops=False)


def _question_findings(blueprint: _Blueprint) -> Iterator[Finding]:
    questions = {question.id: question for pool in blueprint.pools for question in pool}
    revisions = [question.approved for question in questions.values()]
    bare = sum(1 for revision in revisions if revision and not revision.explanation)
    if bare and blueprint.contest.feedback == "explanations":
        text = _("可抽的题目中有 %(count)s 道没有解析，参与者交卷后看不到为什么。", count=str(bare))
        yield Finding("no_explanation", text, "paper", stops=False)
    baseless = sum(1 for revision in revisions if revision and not revision.articles)
    if baseless:
        text = _("可抽的题目中有 %(count)s 道没有注明法律依据。", count=str(baseless))
        yield Finding("no_basis", text, "paper", stops=False)


def _held_findings(contest: Contest) -> Iterator[Finding]:
    causes = held_questions(contest)
    if not causes:
        return
    what = _("；").join(cause_sentence(count=cause.count, article=cause.article) for cause in causes)
    if contest.is_published:
        text = _("已发布的试卷里，%(what)s。竞赛仍会使用发布时的内容，请核对是否还正确。", what=what)
    else:
        text = _("%(what)s，核对恢复以前不会进入试卷。", what=what)
    yield Finding("held", text, "paper", stops=False)


def server_findings(*, live: Live, durability: str) -> Iterator[Finding]:
    """Whether Redis keeps what it acknowledges: appendonly, synced before the reply, nothing evicted."""
    try:
        settings = durability_settings(live, durability=durability)
        memory = memory_setting(live)
        replication = replication_of(live) if live.replicas else Replication(0, 0)
    except LiveStoreDown:
        yield Finding("server_down", _("Redis 现在没有响应，请稍后再试。"), "server")
        return
    for setting in settings:
        if not setting.is_good:
            text = _(
                "Redis 的设置 %(name)s 现为“%(found)s”，应为“%(wanted)s”，否则断电会丢失答案。请联系系统管理员。",
                name=setting.name,
                found=setting.value or "?",
                wanted=setting.wanted,
            )
            yield Finding("not_durable", text, "server")
        elif setting.value == "everysec":
            text = _("本系统选择了 everysec：服务器断电时，最多约两秒内已确认的答案可能丢失。")
            yield Finding("everysec", text, "server", stops=False)
    if not memory.is_good:
        text = _("Redis 没有设内存上限（maxmemory）：内存用完时整个 Redis 会被系统终止。请联系系统管理员。")
        yield Finding("no_memory_limit", text, "server", stops=False)
    yield from _replica_findings(live, replication)


def _replica_findings(live: Live, found: Replication) -> Iterator[Finding]:
    """Whether what must outlive a primary would."""
    if found.replicas < live.replicas:
        text = _(
            "交卷要等 %(wanted)s 个 Redis 副本收到才算数，现在只连着 %(found)s 个，没有人能交卷。请联系系统管理员。",
            wanted=str(live.replicas),
            found=str(found.replicas),
        )
        yield Finding("too_few_replicas", text, "server")
    elif live.replicas and not found.needed_to_write:
        text = _(
            "Redis 没有设置 min-replicas-to-write：主机与副本失去联系时仍会收下单题答案，切换以后要等交卷时才补上。"
        )
        yield Finding("writes_alone", text, "server", stops=False)
    if live.fails_over and not live.replicas:
        text = _("Redis 会自动切换主机，却没有设置 QUIZAPP_REPLICAS：切换时，已确认的开始和交卷可能丢失。")
        yield Finding("not_replicated", text, "server", stops=False)
