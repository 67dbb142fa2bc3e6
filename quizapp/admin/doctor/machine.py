"""The machine: the versions of what runs, the data folder, its disk, memory and open files."""

from __future__ import annotations

import os
import platform
import re
import resource
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from quizapp.admin.doctor.findings import Finding
from quizapp.core import machine
from quizapp.core.gunicorn_config import FILES_WANTED
from quizapp.core.i18n import _

KNOWN_BAD_BELOW = {
    "flask": ("2.3.2", "CVE-2023-30861"),
    "werkzeug": ("3.0.6", "CVE-2024-49767"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "gunicorn": ("22.0.0", "CVE-2024-1135"),
    "lxml": ("6.1", "CVE-2026-41066"),
}
"""Library → (first version without the fault, the fault)."""
SLOW_SYNC_MS, BAD_SYNC_MS = 5.0, 50.0
IN_MEMORY = ("tmpfs", "ramfs")
REMOTE = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs")


def version_numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: "7.0.15-1~deb12" → (7, 0, 15)."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def look_at_versions(installed: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Python, SQLite, and our libraries against the versions whose faults are known; `installed` name → version."""
    yield Finding("ok", "python", "Python", platform.python_version())
    found = installed or {name: version(name) for name in KNOWN_BAD_BELOW}
    for name, (least, fault) in KNOWN_BAD_BELOW.items():
        if version_numbers(found[name]) < version_numbers(least):
            advice = _(
                "这个版本有已知漏洞（%(fault)s），请升级到 %(least)s 以上：运行 make install。",
                fault=fault,
                least=least,
            )
            yield Finding("bad", "library", name, found[name], advice)
    if sqlite3.sqlite_version_info < (3, 35):
        advice = _("SQLite 太旧，请使用 3.35 以上的版本（更新系统或 Python）。")
        yield Finding("bad", "sqlite_version", "SQLite", sqlite3.sqlite_version, advice)


def look_at_folder(folder: Path) -> Iterator[Finding]:
    """Who may read the data folder and its keys."""
    what = _("数据目录 %(folder)s", folder=str(folder))
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        yield Finding(
            "bad", "data_dir", what, error.strerror or str(error), _("请建立这个目录，只许运行本系统的用户读写。")
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        advice = _("请把它交给运行本系统的用户（chown），doctor 也用那个用户运行。")
        yield Finding("bad", "data_dir", what, _("不可写"), advice)
    elif mode & 0o077:
        yield Finding(
            "warn", "data_dir", what, f"{mode:04o}", _("其他用户也能进入，请运行：chmod 700 %(name)s", name=str(folder))
        )
    else:
        yield Finding("ok", "data_dir", what, f"{mode:04o}")
    keys = folder / "keys.json"
    if keys.exists():
        mode = stat.S_IMODE(keys.stat().st_mode)
        is_open = bool(mode & 0o077)
        advice = _("密钥文件其他用户也能读，请运行：chmod 600 %(name)s", name=str(keys)) if is_open else ""
        yield Finding("bad" if is_open else "ok", "key_file", _("密钥文件"), f"{mode:04o}", advice)


def look_at_disk(folder: Path) -> Iterator[Finding]:
    """Whether the disk keeps what it confirms, and how fast it confirms it."""
    kind = machine.filesystem_of(folder)
    if kind in IN_MEMORY:
        advice = _("数据目录在内存里，断电全部丢失。请换到真正的磁盘上。")
        yield Finding("bad", "filesystem", _("文件系统"), kind, advice)
    elif kind in REMOTE:
        advice = _("SQLite 和 Redis 的日志不能放在网络文件系统上，请换到本机的磁盘。")
        yield Finding("bad", "filesystem", _("文件系统"), kind, advice)
    try:
        times = machine.measure_syncs(folder)
    except OSError as error:
        yield Finding(
            "bad", "fsync", _("磁盘确认写入"), error.strerror or str(error), _("数据目录写不进去，请检查磁盘和权限。")
        )
        return
    yield sync_finding(times)


def sync_finding(times: machine.SyncTimes) -> Finding:
    value = _(
        "中位数 %(median)s 毫秒，最慢 %(worst)s 毫秒",
        median=f"{times.median_ms:.1f}",
        worst=f"{times.worst_ms:.1f}",
    )
    what = _("磁盘确认写入（fsync）")
    if times.median_ms > BAD_SYNC_MS:
        advice = _("磁盘太慢：每次保存答案都要等它。请换成固态硬盘，或带掉电保护缓存的云盘。")
        return Finding("bad", "fsync", what, value, advice)
    if times.median_ms > SLOW_SYNC_MS:
        advice = _("磁盘偏慢：人少时每个答案多等几毫秒，人多时会合并写入。大型竞赛请换更快的磁盘。")
        return Finding("warn", "fsync", what, value, advice)
    return Finding("ok", "fsync", what, value)


def look_at_system() -> Iterator[Finding]:
    """Open files, and whether a Redis on this machine may be copied to rewrite its log."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < FILES_WANTED:
        advice = _("可同时打开的文件太少，手机会连不上。请设 LimitNOFILE=%(wanted)s。", wanted=str(FILES_WANTED))
        yield Finding("warn", "open_files", _("打开文件上限"), str(hard), advice)
    if not machine.overcommits():
        advice = _(
            "Redis 如在本机：数据超过内存一半时压缩不了日志。请设 vm.overcommit_memory=1（写进 /etc/sysctl.d/）。"
        )
        yield Finding("notice", "overcommit", "vm.overcommit_memory", "0", advice)
