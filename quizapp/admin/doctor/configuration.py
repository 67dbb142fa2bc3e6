"""The settings of the environment: what cannot be used, and what can but should not."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from quizapp.admin.doctor.findings import Finding
from quizapp.core.i18n import _
from quizapp.core.settings import PREFIX, Settings, WrongSetting

EXAMPLE = re.compile(r"change.?me|example|secret|password|test-|0123456789|abcdefgh", re.IGNORECASE)
"""What is found in secrets that somebody copied or typed, and next to never in random ones."""


def wrong_settings(error: WrongSetting) -> Iterator[Finding]:
    """One finding for each setting that stops the start."""
    for line in str(error).splitlines():
        name, _colon, reason = line.partition(": ")
        advice = _("请改正环境变量（部署文档里的 quizapp.env），再运行一次 doctor。")
        yield Finding("bad", "setting", name, reason, advice)


def look_at_settings(settings: Settings, *, now: datetime) -> Iterator[Finding]:
    yield from _secrets(settings)
    yield from _address(settings)
    yield from _redis_address(settings)
    if settings.durability == "everysec":
        advice = _("断电时最多约两秒内已确认的答案可能丢失（磁盘卡顿时更多）。要一个不丢，请设为 always。")
        yield Finding("warn", "durability", f"{PREFIX}DURABILITY", "everysec", advice)
    offset = f"{now.astimezone(ZoneInfo(settings.timezone)):%Y-%m-%d %H:%M %z}"
    yield Finding("ok", "timezone", _("时区 %(name)s", name=settings.timezone), offset)


def _secrets(settings: Settings) -> Iterator[Finding]:
    secrets = {"SECRET_KEY": settings.secret_key, "FIELD_KEY": settings.field_key}
    typed = [name for name, value in secrets.items() if EXAMPLE.search(value)]
    advice = _("请用 openssl rand -hex 32 各生成一个。注意：FIELD_KEY 换掉以后，已存的姓名和手机号就读不出来了。")
    for name in typed:
        yield Finding("bad", "example_secret", PREFIX + name, _("像是示例或手打的"), advice)
    if settings.secret_key == settings.field_key:
        yield Finding("bad", "same_secret", f"{PREFIX}SECRET_KEY", _("与 FIELD_KEY 相同"), advice)
    elif not typed:
        yield Finding("ok", "secrets", _("密钥"), _("两个，不相同"))


def _address(settings: Settings) -> Iterator[Finding]:
    proxies = str(settings.trusted_proxies)
    if settings.is_https and not settings.trusted_proxies:
        advice = _(
            "网址是 https，前面应有 nginx。请设 %(name)s=1，否则所有人看起来来自同一个地址，会一起被限速。",
            name=f"{PREFIX}TRUSTED_PROXIES",
        )
        yield Finding("bad", "proxies", f"{PREFIX}TRUSTED_PROXIES", proxies, advice)
    if not settings.is_https and not _is_near(urlsplit(settings.public_url).hostname or ""):
        advice = _("公网上用 http，密码和答案都是明文。请配好证书，把网址改成 https。")
        yield Finding("bad", "public_url", f"{PREFIX}PUBLIC_URL", settings.public_url, advice)
    else:
        yield Finding("ok", "public_url", f"{PREFIX}PUBLIC_URL", settings.public_url)


def _redis_address(settings: Settings) -> Iterator[Finding]:
    for name, url in (("REDIS_URL", settings.redis_url), ("CACHE_URL", settings.cache_url)):
        parts = urlsplit(url)
        if parts.scheme in ("redis", "rediss") and not parts.password:
            advice = _(
                "Redis 没有用密码。请在 valkey.conf 里建 quizapp 用户，并写进地址：redis://quizapp:密码@主机:6379/0"
            )
            yield Finding("warn", "redis_password", PREFIX + name, f"{parts.hostname}", advice)
        if parts.scheme == "redis" and not _is_near(parts.hostname or ""):
            advice = _("经过公网的连接没有加密。请用内网地址或 rediss://。")
            yield Finding("bad", "redis_in_clear", PREFIX + name, f"{parts.hostname}", advice)
    if not settings.cache_url and not settings.redis_url.startswith("unix:"):
        advice = _("限速计数和答案在同一个 Redis 里：被大量机器请求时会挤占答案的内存。大型竞赛请另设一个。")
        yield Finding("notice", "cache", f"{PREFIX}CACHE_URL", _("没有设"), advice)


def _is_near(host: str) -> bool:
    """Whether a host is this machine or of a private network; a bare name without a dot is taken for one."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan"))
