"""Counting tries outside a view: like the limits on addresses, but for what only an action knows."""

from __future__ import annotations

from limits import RateLimitItemPerSecond
from redis.exceptions import RedisError

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
