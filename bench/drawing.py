"""Bars as an SVG that reads well in light and dark, with lines where the measured must and should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 720, 34, 250, 90, 40, 34
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.t{font-weight:600}.s{fill:#57606a;font-size:12px}"
    ".b{fill:#b5452c}.m{stroke:#57606a;stroke-dasharray:5 4}.a{stroke:#2f7d4f;stroke-dasharray:2 3}.l{stroke:#d0d7de}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.b{fill:#e0785c}.m{stroke:#9198a1}"
    ".a{stroke:#5fb888}.l{stroke:#3d444d}}"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A bound across all bars; `kind` is m (must) or a (aim)."""

    kind: str
    label: str
    value: float


def bars(title: str, unit: str, rows: Sequence[tuple[str, float]], lines: Sequence[Line] = ()) -> str:
    """A drawing of horizontal bars from zero, with their values."""
    height = TOP + ROW * len(rows) + BOTTOM
    most = max([value for _label, value in rows] + [line.value for line in lines] + [1e-9])
    scale = (WIDTH - LEFT - RIGHT) / most
    base = TOP + ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text class="t" x="8" y="22">{escape(title)}</text>',
        f'<path class="l" d="M{LEFT} {TOP}V{base}"/>',
    ]
    for place, (label, value) in enumerate(rows):
        y, end = TOP + ROW * place, round(LEFT + value * scale, 1)
        parts.append(f'<text x="{LEFT - 10}" y="{y + 22}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect class="b" x="{LEFT}" y="{y + 7}" width="{max(end - LEFT, 1):.1f}" height="{ROW - 14}"/>')
        parts.append(f'<text x="{end + 6}" y="{y + 22}">{escape(number(value))} {escape(unit)}</text>')
    for line in lines:
        x = round(LEFT + line.value * scale, 1)
        y = base + (14 if line.kind == "a" else 28)
        parts.append(f'<path class="{line.kind}" d="M{x} {TOP}V{base + 4}"/>')
        parts.append(f'<text class="s" x="{x}" y="{y}" text-anchor="middle">{escape(line.label)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def number(value: float) -> str:
    """A number in at most three digits after which nothing is known: 1,149 · 66.4 · 0.378."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"
