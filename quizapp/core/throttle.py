"""Counting tries outside a view: like the limits on addresses, but for what only an action knows."""

from __future__ import annotations

import math

from limits import RateLimitItemPerSecond
from redis.exceptions import RedisError

from quizapp.core.clock import utc_now
from quizapp.core.errors import StoreUnavailable
from quizapp.core.web import limiter


def count_try(*, name: str, subject: str, times: int, seconds: int) -> bool:
    """Count one try of `subject`; False when it was one too many in this span of time.

    Raises StoreUnavailable when tries cannot be counted: what is guarded must not open then.
    """
    try:
        return limiter.limiter.hit(RateLimitItemPerSecond(times, seconds), name, subject)
    except RedisError as error:
        raise StoreUnavailable from error


def seconds_to_wait(*, name: str, subject: str, times: int, seconds: int) -> int:
    """After a try too many: in how many seconds the next one counts from the beginning, at least 1."""
    try:
        stats = limiter.limiter.get_window_stats(RateLimitItemPerSecond(times, seconds), name, subject)
    except RedisError as error:
        raise StoreUnavailable from error
    return max(1, math.ceil(stats.reset_time - utc_now().timestamp()))


def forget_tries(*, name: str, subject: str, times: int, seconds: int) -> None:
    """Begin to count anew, for a subject that has shown to be the right one."""
    try:
        limiter.limiter.clear(RateLimitItemPerSecond(times, seconds), name, subject)
    except RedisError as error:
        raise StoreUnavailable from error
