"""How a bench on its own command line keeps its figures and tells them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from typing import Any

from bench import machine


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """The median, the 99th percentile and the worst; nothing of nothing."""
    if not milliseconds:
        return {}
    times = sorted(milliseconds)
    return {
        "p50_ms": round(statistics.median(times), 1),
        "p99_ms": round(times[int(len(times) * 0.99)], 1),
        "worst_ms": round(times[-1], 1),
    }


def tell(name: str, figures: Mapping[str, Any], *, as_json: bool) -> None:
    """Keep the figures of a bench and print them."""
    machine.keep(name, dict(figures))
    if as_json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    width = max(map(len, figures))
    for figure, value in figures.items():
        print(f"{figure:<{width}} {value}")
