"""Redis or Valkey: its version, durability, clock, who may reach it, and what the app's user may do there."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator

from redis.exceptions import NoPermissionError, RedisError

from quizapp.admin.doctor.findings import Finding
from quizapp.admin.doctor.machine import version_numbers
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.durability import durability_settings, memory_setting, read_settings, replication_of
from quizapp.core.i18n import _
from quizapp.core.live import Live, LiveStoreDown, Script

LEAST = (7, 0, 15)
# The first releases of each series without the faults of Lua (CVE-2025-49844 and its kin).
MENDED: dict[str, dict[tuple[int, ...], int]] = {
    "redis": {(6, 2): 20, (7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2},
    "valkey": {(7, 2): 11, (8, 0): 6, (8, 1): 4},
}
MOST_DRIFT_MS = 2000
NEEDED = (
    "EVALSHA x 0", "CONFIG GET maxmemory", "INFO", "TIME", "HSET k f v", "HGETALL k", "XADD k * f v", "XRANGE k - +",
    "XTRIM k MINID 0", "ZADD k 1 m", "PFADD k e", "SET k v", "SCAN 0", "UNLINK k", "WAIT 0 0",
)  # fmt: skip
TOO_MUCH = (
    "FLUSHALL", "FLUSHDB", "CONFIG SET maxmemory 0", "KEYS *", "DEBUG HELP", "SHUTDOWN", "ACL USERS", "SWAPDB 0 1",
    "REPLICAOF NO ONE", "MONITOR", "SAVE", "MODULE LIST",
)  # fmt: skip
# Asks whether commands would be allowed; none is run. ARGV: the commands, their words apart by spaces.
_may = Script(
    """
    local allowed = {}
    for place, command in ipairs(ARGV) do
      local words = {}
      for word in string.gmatch(command, '%S+') do words[#words + 1] = word end
      allowed[place] = redis.acl_check_cmd(unpack(words)) and 1 or 0
    end
    return allowed
    """
)


def look_at_live_store(live: Live, *, durability: str) -> Iterator[Finding]:
    try:
        began = time.perf_counter()
        live.command("PING")
        milliseconds = (time.perf_counter() - began) * 1000
    except (LiveStoreDown, RedisError) as error:
        yield Finding(
            "bad", "redis_down", "Redis", _reason(error), _("Redis 没有响应。请检查它是否在运行、地址和密码是否正确。")
        )
        return
    yield Finding("ok", "redis", "Redis", _("%(count)s 毫秒应答", count=f"{milliseconds:.1f}"))
    try:
        yield from _version(live)
        yield from durability_findings(live, durability=durability)
        yield from _replication(live)
        yield from _reachability(live)
        yield from _rights(live)
        yield from _clock(live)
    except LiveStoreDown as error:
        yield Finding("bad", "redis_down", "Redis", _reason(error), _("Redis 应答中断。请稍后再运行一次 doctor。"))


def _reason(error: Exception) -> str:
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {cause}"


def _version(live: Live) -> Iterator[Finding]:
    """Of each server, the same once."""
    try:
        said = live.everywhere("INFO", "server")
    except NoPermissionError:
        return
    found = set()
    for server in said:
        name = "valkey" if server.get("valkey_version") else "redis"
        found.add((name, str(server.get("valkey_version") or server.get("redis_version") or "")))
    for name, text in sorted(found):
        yield version_finding(name, text)


def version_finding(name: str, text: str) -> Finding:
    """What is to be said of a server's version; `name` is redis or valkey."""
    numbers = version_numbers(text)
    what = _("%(name)s 的版本", name=name.capitalize())
    if numbers < LEAST:
        return Finding("bad", "redis_version", what, text, _("版本太旧，请升级到 7.0.15 以上，建议 Valkey 8 或 9。"))
    patch = MENDED[name].get(numbers[:2])
    if patch is not None and numbers < (*numbers[:2], patch):
        advice = _("这个版本的 Lua 有已知漏洞，请升级到 %(least)s。", least=".".join(map(str, (*numbers[:2], patch))))
        return Finding("warn", "redis_version", what, text, advice)
    if numbers[:2] == (7, 0):
        advice = _("这个系列靠发行版打补丁：请确认系统的安全更新是最新的（Debian 12 为 7.0.15-1~deb12u10 以上）。")
        return Finding("notice", "redis_version", what, text, advice)
    return Finding("ok", "redis_version", what, text)


def durability_findings(live: Live, *, durability: str) -> Iterator[Finding]:
    for setting in (*durability_settings(live, durability=durability), memory_setting(live)):
        what = _("Redis 的设置 %(name)s", name=setting.name)
        if setting.is_good:
            yield Finding("ok", setting.name, what, setting.value)
            continue
        if setting.name == "maxmemory":
            advice = _("没有上限时，内存用完会被系统终止。请设为本机内存的一半左右，例如 maxmemory 2gb。")
        else:
            advice = _(
                "应为 %(wanted)s，否则断电会丢失已确认的答案。请改 valkey.conf 后重启 Redis。", wanted=setting.wanted
            )
        yield Finding("bad", setting.name, what, setting.value or "?", advice)


def _replication(live: Live) -> Iterator[Finding]:
    """Whether what must outlive a primary would."""
    if not live.replicas and not live.fails_over:
        return
    what = _("Redis 的副本")
    found = replication_of(live)
    value = _("连着 %(count)s 个，QUIZAPP_REPLICAS=%(wanted)s", count=str(found.replicas), wanted=str(live.replicas))
    if found.replicas < live.replicas:
        advice = _("副本不够时没有人能开始或交卷。请检查副本是否在运行、能否连上主机。")
        yield Finding("bad", "too_few_replicas", what, value, advice)
    elif live.replicas and not found.needed_to_write:
        advice = _("请设 min-replicas-to-write 1 和 min-replicas-max-lag 3：失去全部副本的主机应当停止写入。")
        yield Finding("notice", "writes_alone", what, value, advice)
    elif not live.replicas:
        advice = _("切换主机时，已确认的开始和交卷可能丢失，入库也可能停下。请设 QUIZAPP_REPLICAS=1。")
        yield Finding("warn", "not_replicated", what, value, advice)
    else:
        yield Finding("ok", "replicas", what, value)


def _reachability(live: Live) -> Iterator[Finding]:
    """Where the server listens: it belongs on a socket, on loopback or in a private network."""
    found = read_settings(live, "port", "tls-port", "bind")
    if not found:
        return
    if found.get("port") == "0" and found.get("tls-port", "0") == "0":
        yield Finding("ok", "redis_bind", _("Redis 的监听地址"), _("只有本机的套接字"))
        return
    bind = found.get("bind", "")
    addresses = [address.lstrip("-") for address in bind.replace(",", " ").split()]
    if not addresses or any(not _is_private(address) for address in addresses):
        advice = _("Redis 向所有地址开放。请只监听本机或内网地址（bind），并用防火墙挡住 6379。")
        yield Finding("warn", "redis_bind", _("Redis 的监听地址"), bind or "*", advice)
    else:
        yield Finding("ok", "redis_bind", _("Redis 的监听地址"), bind)


def _is_private(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_private and not parsed.is_unspecified


def _rights(live: Live) -> Iterator[Finding]:
    """Whether the app's user may do what it needs, and little else."""
    commands = (*NEEDED, *TOO_MUCH)
    what = _("Redis 用户的权限")
    advice = _("请按 deploy/valkey.conf 里的 user quizapp 一行设置权限。")
    try:
        allowed = dict(zip(commands, _may.call(live, keys=[], arguments=commands), strict=True))
    except NoPermissionError as error:
        yield Finding("bad", "missing_rights", what, str(error), advice)
        return
    lacking = [_name(command) for command in NEEDED if not allowed[command]]
    excess = [_name(command) for command in TOO_MUCH if allowed[command]]
    if lacking:
        yield Finding("bad", "missing_rights", what, _("缺少 %(names)s", names=", ".join(lacking)), advice)
    if excess:
        yield Finding("warn", "too_many_rights", what, _("不需要 %(names)s", names=", ".join(excess)), advice)
    if not lacking and not excess:
        yield Finding("ok", "rights", what, _("够用，不多"))


def _name(command: str) -> str:
    words = command.split()
    return " ".join(words[:2]) if words[0] in ("CONFIG", "ACL", "MODULE", "DEBUG") else words[0]


def _clock(live: Live) -> Iterator[Finding]:
    """Of the server whose clock is farthest from this machine's."""
    moments = [int(seconds) * 1000 + int(microseconds) / 1000 for seconds, microseconds in live.everywhere("TIME")]
    here = to_ms(utc_now())
    yield clock_finding("Redis", max(moments, key=lambda moment: abs(moment - here)))


def clock_finding(name: str, server_ms: float) -> Finding:
    """How far another machine's clock, read just now, is from this one's."""
    drift = server_ms - to_ms(utc_now())
    what = _("%(name)s 的时钟与本机相差", name=name)
    value = _("%(count)s 秒", count=f"{drift / 1000:+z.1f}")
    if abs(drift) > MOST_DRIFT_MS:
        advice = _("开始、结束和倒计时以 Redis 的时钟为准，所有机器都要对时。请启用 chrony 或 systemd-timesyncd。")
        return Finding("bad", "clock", what, value, advice)
    return Finding("ok", "clock", what, value)
