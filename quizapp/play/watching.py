"""What an organiser sees of a contest that runs, in words and numbers; each part stands while another is away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from quizapp.contests.models import Contest
from quizapp.contests.queries import is_past_end_in_pause
from quizapp.core.clock import from_ms, local_day, to_ms
from quizapp.core.errors import StoreUnavailable
from quizapp.core.i18n import _
from quizapp.core.live import Live
from quizapp.core.web import local_time, points_text
from quizapp.play import chart, figures, pages, totals
from quizapp.play.chart import Chart, Span
from quizapp.play.figures import BoardRow, Pulse
from quizapp.play.recording import Recording, recording_of
from quizapp.play.totals import Results, UnitRow
from quizapp.play.words import figure_text

TOP_ROWS = 10
UNIT_ROWS = 200


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its definition, and what is said below it."""

    name: str
    label: str
    text: str
    definition: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class News:
    """What is shown anew every few seconds."""

    figures: Sequence[Figure]
    warnings: Sequence[Notice]
    recording: str
    updated: str


def news(live: Live, *, contest: Contest, now: datetime) -> News:
    pulse = _pulse(live, contest)
    recording = recording_of(live, contest=contest, now=now)
    found = totals.totals_of(contest)
    return News(
        figures=[*_live_figures(pulse, contest), *_recorded_figures(found.results, contest)],
        warnings=[
            *_pause_notices(contest, now),
            *_system_warnings(pulse, recording),
            *_flag_notices(found.flagged),
        ],
        recording=_recording_text(recording),
        updated=local_time(now, contest.timezone, seconds=True),
    )


def _pulse(live: Live, contest: Contest) -> Pulse | None:
    """None while it cannot be read."""
    try:
        return figures.pulse(live, contest.shards)
    except StoreUnavailable:
        return None


def _live_figures(pulse: Pulse | None, contest: Contest) -> Iterator[Figure]:
    def text(name: str) -> str:
        return figure_text(getattr(pulse, name)) if pulse else "—"

    yield Figure(
        "playing",
        _("正在答题"),
        text("playing"),
        _("最近 60 秒内有答题动作、还没交卷的人数。"),
        _peak_text(pulse, contest),
    )
    if contest.capacity:
        limit = _("上限 %(count)s 人", count=figure_text(contest.capacity))
        yield Figure("waiting", _("正在排队"), text("waiting"), _("因人数已到上限而等候的人数。"), limit)
    yield Figure("visits", _("访问人次"), text("visits"), _("同一访客隔 30 分钟以上再来，算新的一次。"))
    yield Figure("visitors", _("访客数"), text("visitors"), _("不同的访客，误差约 0.8%。"))
    yield Figure("begun", _("开始作答"), text("begun"), _("开始过的作答次数，一人可有多次。"))
    yield Figure("finished", _("参与人次"), text("finished"), _("已交卷的作答次数，包括到时自动交卷的。"))
    yield Figure("answers", _("答题量"), text("answers"), _("已作答的题数，没有作答的不算。"))
    yield Figure("knowledge_points", _("知识点传播"), text("knowledge_points"), _("已作答的题数 × 每题的知识点数。"))


def _peak_text(pulse: Pulse | None, contest: Contest) -> str:
    if pulse is None or not pulse.peak or pulse.peak_at_ms is None:
        return ""
    moment = local_time(from_ms(pulse.peak_at_ms), contest.timezone)
    return _("峰值 %(peak)s · %(moment)s", peak=figure_text(pulse.peak), moment=moment[5:])


def _recorded_figures(results: Results, contest: Contest) -> Iterator[Figure]:
    yield Figure("participants", _("参与人数"), figure_text(results.people), _("至少交过一次卷的人数。"))
    mean = results.mean_hundredths
    yield Figure("mean", _("平均分"), points_text(mean), _("每人取最好的一次成绩，再对参与人数平均。"))
    if contest.pass_mark_hundredths is not None:
        mark = _("合格线 %(points)s 分", points=points_text(contest.pass_mark_hundredths))
        yield Figure(
            "passed", _("合格率"), percent_text(results.pass_percent), _("达到合格线的人数 ÷ 参与人数。"), mark
        )


def percent_text(percent: float | None) -> str:
    return "—" if percent is None else f"{percent:.1f}%"


def _pause_notices(contest: Contest, now: datetime) -> Iterator[Notice]:
    if contest.paused_at is None:
        return
    end = local_time(contest.closes_at, contest.timezone)
    if is_past_end_in_pause(contest, now=now):
        yield Notice(
            "bad",
            _(
                "竞赛还在暂停，结束时间 %(moment)s 已经过了：没有人能答题，试卷没有交，要等结束才公布的成绩也不会公布。"
                "要接着答，请点“恢复”，并定新的结束时间；不再继续，请点“立即结束”。",
                moment=end,
            ),
        )
    else:
        yield Notice("warn", _("竞赛已暂停，结束时间 %(moment)s 不会因此推后，需要时请延长。", moment=end))


def _system_warnings(pulse: Pulse | None, recording: Recording) -> Iterator[Notice]:
    if recording.is_halted:
        yield Notice(
            "bad",
            _("作答记录已经停止，答题入口已关闭，要由管理员处理：先看“系统状态”，再在服务器上决定是否恢复。"),
        )
    elif pulse is None and recording.is_new:
        yield Notice("info", _("竞赛刚刚发布，正在准备，几秒钟后就绪。"))
    elif pulse is None:
        yield Notice(
            "bad",
            _("实况数据暂时读不到，可能正在恢复。恢复以前不能答题，已保存的答案不会丢失，恢复后自动继续。"),
        )
    if recording.waiting and recording.is_late and not recording.is_halted:
        yield Notice(
            "warn",
            _(
                "有 %(count)s 条作答记录还没有写入数据库，最早的一条等了 %(seconds)s 秒。"
                "答案不会丢失，但参与人数、平均分和导出会慢一些；如果一直不减少，请告诉管理员。",
                count=str(recording.waiting),
                seconds=str(recording.seconds),
            ),
        )
    if recording.unusable:
        yield Notice(
            "warn",
            _("有 %(count)s 条记录写不进数据库，已另行保存，请管理员查看“系统状态”。", count=str(recording.unusable)),
        )


def _flag_notices(flagged: int) -> Iterator[Notice]:
    if flagged:
        yield Notice(
            "info",
            _(
                "有 %(count)s 次作答被标记为疑似异常，复核以前不计入参与人数、平均分和合格率。",
                count=str(flagged),
            ),
        )


def _recording_text(recording: Recording) -> str:
    if recording.waiting is None:
        return _("记录进度暂时读不到")
    if recording.waiting:
        return _("还有 %(count)s 条作答记录正在写入数据库", count=str(recording.waiting))
    return _("作答记录已全部写入数据库")


# Hand-ins over time


@dataclass(frozen=True, slots=True)
class Course:
    """Hand-ins over a span of time: a drawing, and the same as rows of (name, count)."""

    span: Span
    spans: Sequence[tuple[str, str]]
    """The spans there are: (name, label)."""
    rows: Sequence[tuple[str, int]]
    drawing: Chart

    @property
    def total(self) -> int:
        return sum(count for _name, count in self.rows)


def course(contest: Contest, *, span_name: str, now: datetime) -> Course:
    """The hand-ins of an hour, a day or all days up to now or the end; an unknown span is the usual one."""
    end = min(now, contest.closes_at)
    span = _span(contest, span_name or ("hour" if now < contest.closes_at else "all"), end)
    counted = totals.hand_ins(contest.id, since_ms=span.edges[0], until_ms=span.edges[-1], step_ms=span.step_ms)
    names = [_bin_name(contest, span, edge) for edge in span.edges[:-1]]
    counts = chart.count_in(span, counted)
    return Course(
        span=span,
        spans=(("hour", _("一小时")), ("day", _("一天")), ("all", _("全程"))),
        rows=list(zip(names, counts, strict=True)),
        drawing=chart.draw(counts, names=names),
    )


def _span(contest: Contest, name: str, end: datetime) -> Span:
    if name == "all":
        start_ms = to_ms(min(contest.opens_at, end))
        return chart.all_days(start_ms=start_ms, end_ms=to_ms(end), timezone=contest.timezone)
    return chart.last_day(end_ms=to_ms(end)) if name == "day" else chart.last_hour(end_ms=to_ms(end))


def _bin_name(contest: Contest, span: Span, edge_ms: int) -> str:
    """The day of a bin of a day (11-23), the time of a shorter one (20:30)."""
    moment = local_time(from_ms(edge_ms), contest.timezone)
    return moment[5:10] if span.name == "all" else moment[11:]


# Units


@dataclass(frozen=True, slots=True)
class Units:
    """How the units take part, by the headcounts of a day."""

    day: date
    rows: Sequence[UnitRow]
    hidden: int
    """How many further units are not listed."""
    over: int
    """How many have more participants than declared people."""


def units(contest: Contest, *, now: datetime) -> Units | None:
    """None for a contest that does not ask for the unit."""
    if contest.entry_mode != "form" or "unit" not in contest.entry_fields:
        return None
    day = local_day(min(now, contest.closes_at), contest.timezone)
    rows = totals.unit_rows(contest, day=day)
    return Units(day, rows[:UNIT_ROWS], max(0, len(rows) - UNIT_ROWS), sum(row.is_over for row in rows))


# Board


@dataclass(frozen=True, slots=True)
class Top:
    """The first of the board, for organisers also while participants may not see it."""

    rows: Sequence[BoardRow]
    is_hidden: bool
    """Participants may not see it now."""
    is_counted: bool
    """False while one that was lost is counted anew; then there are no rows."""


def top(live: Live, *, contest: Contest) -> Top | None:
    """None while it cannot be read."""
    try:
        is_counted = figures.is_counted(live, contest.shards)
        rows = figures.top_rows(live, contest.shards, board=pages.BOARD, count=TOP_ROWS) if is_counted else ()
        is_hidden = not figures.are_ranks_shown(live, contest.shards)
    except StoreUnavailable:
        return None
    return Top(rows, is_hidden, is_counted)
