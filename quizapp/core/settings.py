"""Settings come from the environment once, into one frozen object; a wrong value stops the start and says why."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from flask import current_app

from quizapp.core.redis_address import parse_address

PREFIX = "QUIZAPP_"
DURABILITIES = ("always", "everysec")
SHARDS_LIMIT = 64


class WrongSetting(Exception):
    """One or more settings cannot be used; the message names each with what was expected."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between installations.

    `secret_key` signs cookies and tokens; `field_key` encrypts and indexes personal fields at rest and
    must be kept apart from database backups: without it names and phone numbers cannot be read again.
    """

    database_url: str
    redis_url: str
    secret_key: str
    field_key: str
    secret_key_fallbacks: tuple[str, ...] = ()
    cache_url: str = ""
    public_url: str = "http://127.0.0.1:8000"
    data_dir: Path = Path("instance")
    trusted_proxies: int = 0
    timezone: str = "Asia/Shanghai"
    durability: str = "always"
    shards: int = 1
    """Into how many parts the live state of a contest published from now on is split, so that a Redis Cluster can
    spread them over its servers."""
    replicas: int = 0
    """How many replicas of the live store must have a begin or a hand-in before it is acknowledged."""
    four_eyes: bool = True
    listeners: int = 1000
    """How many pages may be told live figures by each web worker; the others ask from time to time."""
    metrics: tuple[str, int] | None = None
    """Where `quizapp metrics` answers Prometheus: host and port; None: nowhere."""
    log_level: str = "INFO"
    log_dir: Path | None = None
    """Where log files are kept, one a day; without it the lines go to stderr for whoever runs the process."""

    @property
    def is_https(self) -> bool:
        return urlsplit(self.public_url).scheme == "https"

    @property
    def limits_url(self) -> str:
        """The Redis that holds rate limits and caches only; the answers' own one when none is named."""
        return self.cache_url or self.redis_url


def get_settings() -> Settings:
    """The running app's settings."""
    return cast(Settings, current_app.extensions["quizapp.settings"])


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read all `QUIZAPP_…` variables, or raise `WrongSetting` naming every one that is missing, wrong or unknown."""
    readers: dict[str, Callable[[str], object]] = {
        "database_url": _database_url,
        "redis_url": _redis_url,
        "secret_key": _secret,
        "field_key": _secret,
        "secret_key_fallbacks": _secrets,
        "cache_url": _cache_url,
        "public_url": _public_url,
        "data_dir": Path,
        "trusted_proxies": _hops,
        "timezone": _timezone,
        "durability": _one_of(*DURABILITIES),
        "shards": _shards,
        "replicas": _replicas,
        "four_eyes": _switch,
        "listeners": _count,
        "metrics": _address,
        "log_level": _one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        "log_dir": Path,
    }
    complaints = [
        f"{name}: unknown setting; the known ones are {', '.join(PREFIX + key.upper() for key in readers)}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in readers
    ]
    values: dict[str, object] = {}
    for key, read in readers.items():
        name = PREFIX + key.upper()
        if name in environ:
            try:
                values[key] = read(environ[name])
            except ValueError as error:
                complaints.append(f"{name}: {error}")
    required = [field.name for field in dataclasses.fields(Settings) if field.default is dataclasses.MISSING]
    complaints += [f"{PREFIX}{key.upper()}: must be set" for key in required if PREFIX + key.upper() not in environ]
    if _is_cluster(values.get("redis_url")) and not values.get("cache_url"):
        complaints.append(
            f"{PREFIX}CACHE_URL: must be set beside a cluster: rate limits and caches have no place in it"
        )
    if complaints:
        raise WrongSetting("\n".join(complaints))
    return Settings(**values)  # type: ignore[arg-type]


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
        raise ValueError("expected sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME")
    return text.replace("postgresql://", "postgresql+psycopg://", 1)


def _redis_url(text: str) -> str:
    parse_address(text)
    return text


def _cache_url(text: str) -> str:
    if parse_address(text).kind == "cluster":
        raise ValueError("expected one server or sentinels, since a cluster cannot hold rate limits and caches")
    return text


def _is_cluster(url: object) -> bool:
    return bool(url) and parse_address(str(url)).kind == "cluster"


def _replicas(text: str) -> int:
    if not text.isdigit() or int(text) > 5:
        raise ValueError("expected the number of replicas that must have a begin or a hand-in, 0 to 5; 0 without any")
    return int(text)


def _secret(text: str) -> str:
    if len(text) < 32 or len(set(text)) < 10:
        raise ValueError("expected at least 32 random characters, for example the output of `openssl rand -hex 32`")
    return text


def _secrets(text: str) -> tuple[str, ...]:
    return tuple(_secret(part.strip()) for part in text.split(",") if part.strip())


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("expected the address people type, like https://quiz.example.gov.cn, without a path")
    return text.rstrip("/")


def _hops(text: str) -> int:
    if not text.isdigit() or int(text) > 5:
        raise ValueError("expected the number of reverse proxies in front, 0 to 5")
    return int(text)


def _shards(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= SHARDS_LIMIT:
        raise ValueError(f"expected a number of shards, 1 to {SHARDS_LIMIT}")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 4000:
        raise ValueError("expected a number from 0 to 4000")
    return int(text)


def _address(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise ValueError("expected an address and a port, like 127.0.0.1:9464")
    return host.strip("[]"), int(port)


def _timezone(text: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("expected an IANA time zone like Asia/Shanghai") from error
    return text


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("expected on or off")
    return text == "on"


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"expected one of {', '.join(allowed)}")
        return text

    return read
