"""Counting tries in the Redis that holds limits and caches only, so that a flood cannot use up the answers' memory."""

from __future__ import annotations

import ipaddress
import math
from typing import cast

from flask import Flask, current_app
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from quizapp.core.clock import utc_now
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live_servers import client_of
from quizapp.core.redis_address import parse_address


def init_app(app: Flask, *, limits_url: str) -> None:
    # A pool of ours stands for the address: with the same waits, and it finds the primary that sentinels name.
    pool = client_of(parse_address(limits_url), decodes=False).connection_pool
    app.extensions["quizapp.throttle"] = FixedWindowRateLimiter(RedisStorage("redis://", connection_pool=pool))


def _limiter() -> FixedWindowRateLimiter:
    return cast(FixedWindowRateLimiter, current_app.extensions["quizapp.throttle"])


def count_try(*, name: str, subject: str, times: int, seconds: int) -> bool:
    """Count one try of `subject`; False when it was one too many in this span of time.

    Raises StoreUnavailable when tries cannot be counted: what is guarded must not open then.
    """
    try:
        return _limiter().hit(RateLimitItemPerSecond(times, seconds), name, subject)
    except RedisError as error:
        raise StoreUnavailable from error


def seconds_to_wait(*, name: str, subject: str, times: int, seconds: int) -> int:
    """After a try too many: in how many seconds the next one counts from the beginning, at least 1."""
    try:
        stats = _limiter().get_window_stats(RateLimitItemPerSecond(times, seconds), name, subject)
    except RedisError as error:
        raise StoreUnavailable from error
    return max(1, math.ceil(stats.reset_time - utc_now().timestamp()))


def forget_tries(*, name: str, subject: str, times: int, seconds: int) -> None:
    """Begin to count anew, for a subject that has shown to be the right one."""
    try:
        _limiter().clear(RateLimitItemPerSecond(times, seconds), name, subject)
    except RedisError as error:
        raise StoreUnavailable from error


def network_of(address: str) -> str:
    """Who is counted as one: an IPv4 address, or the /64 of an IPv6 address, which one subscriber has whole."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
