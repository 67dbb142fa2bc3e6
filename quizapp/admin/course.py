"""How the house has been going: the last hour, minute by minute, as charts with their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quizapp.admin.samples import MINUTE_MS, Figures, samples_since
from quizapp.core.clock import from_ms, to_ms
from quizapp.core.i18n import _
from quizapp.core.live import Live
from quizapp.core.web import local_time
from quizapp.play import chart
from quizapp.play.chart import Chart
from quizapp.play.words import figure_text

MEGABYTE, GIGABYTE = 1024**2, 1024**3
LATE = timedelta(minutes=3)

Reading = Callable[[Figures, Figures | None], int | None]
"""(figures of a minute, those of the minute before) → what is drawn; None: unknown."""


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    label: str
    meaning: str
    newest: str
    """The last minute's number with its unit."""
    drawing: Chart
    rows: Sequence[tuple[str, str]]
    """(minute, number), the newest first, without what is unknown or zero."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure of the newest sample that is no curve."""

    label: str
    text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Course:
    curves: Sequence[Curve]
    facts: Sequence[Fact]
    """None before the first sample."""
    is_late: bool
    """No sample was taken for some minutes: `quizapp work` does not run."""


def course(live: Live, *, now: datetime, timezone: str) -> Course:
    """Raises LiveStoreDown."""
    span = chart.last_hour(end_ms=to_ms(now))
    by_minute = samples_since(live, from_ms(span.edges[0] - MINUTE_MS))
    names = [local_time(from_ms(edge), timezone)[-5:] for edge in span.edges[:-1]]
    curves = [_curve(spec, by_minute, span.edges[:-1], names) for spec in _specs()]
    if not by_minute:
        return Course(curves, [], is_late=False)
    newest_ms = max(by_minute)
    return Course(curves, list(_facts(by_minute[newest_ms])), is_late=now - from_ms(newest_ms) > LATE)


def _facts(figures: Figures) -> Iterator[Fact]:
    processes = figures["processes"]
    yield Fact(_("网页进程"), _text(processes.get("web")), _("正在处理请求的进程数，各台机器合计。"))
    yield Fact(_("入库进程"), _text(processes.get("record")), _("把答题记录写入数据库的进程数，有一个就够，多的备用。"))
    yield Fact(
        _("停止入库的分片"), _text(figures["halted_shards"]), _("大于 0 时要由管理员决定是否恢复，见“系统状态”。")
    )
    yield Fact(_("无法记录的事件"), _text(figures["dead_letters"]), _("已另行保存，等管理员查看。"))
    free = figures["disk_free_bytes"]
    yield Fact(_("磁盘剩余"), f"{free / GIGABYTE:.1f} GB", _("数据文件夹所在的磁盘。"))


def _text(count: int | None) -> str:
    return "—" if count is None else figure_text(count)


@dataclass(frozen=True, slots=True)
class _Spec:
    name: str
    label: str
    meaning: str
    read: Reading
    unit: str = ""


def _specs() -> Iterator[_Spec]:
    yield _Spec("answers", _("每分钟答题"), _("各竞赛每分钟保存的答案数。"), _gained("answers"))
    yield _Spec("begun", _("每分钟开始作答"), _("各竞赛每分钟开始的作答次数。"), _gained("begun"))
    yield _Spec("playing", _("正在答题"), _("最近 60 秒内有答题动作、还没交卷的人数，各竞赛合计。"), _level("playing"))
    yield _Spec("waiting", _("正在排队"), _("因人数已到上限而等候的人数，各竞赛合计。"), _level("waiting"))
    yield _Spec("responses", _("每分钟请求"), _("网页和手机每分钟的全部请求。"), _gained("responses"))
    yield _Spec(
        "faults", _("每分钟没有办成的请求"), _("以 5xx 回答的请求：系统出错、正在恢复或太忙。"), _gained("faults")
    )
    yield _Spec("mean", _("平均响应时间"), _("这一分钟里全部请求的平均处理时间。"), _mean_ms, " ms")
    yield _Spec(
        "lag_seconds",
        _("入库延迟"),
        _("还没有入库的最早一条答题记录等了几秒。"),
        _level("lag_seconds"),
        " s",
    )
    yield _Spec("lag_events", _("等待入库"), _("还没有写入数据库的答题记录条数。"), _level("lag_events"))
    yield _Spec(
        "memory",
        _("实时存储的内存"),
        _("Valkey 或 Redis 占用的内存。"),
        _level("memory_used_bytes", MEGABYTE),
        " MB",
    )


def _level(name: str, unit: int = 1) -> Reading:
    def read(figures: Figures, _before: Figures | None) -> int | None:
        value = figures.get(name)
        return None if value is None else round(value / unit)

    return read


def _gained(name: str) -> Reading:
    def read(figures: Figures, before: Figures | None) -> int | None:
        value, earlier = figures.get(name), (before or {}).get(name)
        # A counter that steps back has begun anew, after a rebuild for example.
        return None if value is None or earlier is None else max(0, value - earlier)

    return read


def _mean_ms(figures: Figures, before: Figures | None) -> int | None:
    count, microseconds = _gained("responses")(figures, before), _gained("microseconds")(figures, before)
    return round(microseconds / count / 1000) if count and microseconds is not None else None


def _curve(spec: _Spec, by_minute: Mapping[int, Figures], minutes: Sequence[int], names: Sequence[str]) -> Curve:
    values = [
        spec.read(by_minute[minute], by_minute.get(minute - MINUTE_MS)) if minute in by_minute else None
        for minute in minutes
    ]
    known = [value for value in values if value is not None]
    rows = [(name, figure_text(value) + spec.unit) for name, value in zip(names, values, strict=True) if value]
    return Curve(
        name=spec.name,
        label=spec.label,
        meaning=spec.meaning,
        newest=figure_text(known[-1]) + spec.unit if known else "—",
        drawing=chart.draw([value or 0 for value in values], names=names),
        rows=rows[::-1],
    )
