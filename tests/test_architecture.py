"""What the tools of `make check` cannot say: who commits, who names a Redis key, and what no file may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (".py", ".lua", ".html", ".js", ".css", ".md", ".txt", ".toml", ".cfg", ".ini", ".po", ".csv", ".json", ".svg")
# The files that commit: what runs outside a request. A request's one commit is in core.
COMMITTERS = (
    "core/",
    "/jobs.py",
    "/cli.py",
    "/law_cli.py",
    "/recorder.py",
    "/rebuild.py",
    "/remarking.py",
    "/rescoring.py",
    "/correction_cli.py",
    "/demo.py",
    "/replay.py",
    "/first_start.py",
)
LONGEST_MODULE = 500


def files(*suffixes: str, under: str = "") -> Iterator[tuple[str, str]]:
    """The path below the root and the text of each of our own files with one of these endings."""
    hidden = {"node_modules", "vendor", "instance", "build", "results", "__pycache__"}
    for path in sorted((ROOT / under).rglob("*")):
        parts = path.relative_to(ROOT).parts
        ours = not any(part.startswith(".") or part in hidden or part.endswith(".egg-info") for part in parts)
        if ours and path.suffix in suffixes and path.is_file():
            yield "/".join(parts), path.read_text()


def lines_with(pattern: str, sources: Iterator[tuple[str, str]]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in sources
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_only_core_jobs_and_commands_commit() -> None:
    found = lines_with(r"\.commit\(", files(".py", under="quizapp"))
    found = [line for line in found if not line.removeprefix("quizapp/").split(":")[0].startswith("core/")]
    assert [line for line in found if not any(name in line.split(":")[0] for name in COMMITTERS)] == []


def test_only_state_names_a_redis_key() -> None:
    """And the independent checker of the fault tests, which may take nothing from the app."""
    allowed = ("/state.py", "/test_state.py", "/faults/checker.py")
    sources = (source for source in files(".py") if not source[0].endswith(allowed))
    assert lines_with(r"['\"](play|contests|leaderboards):(\{|kit)", sources) == []


def test_no_code_takes_the_first_shard_for_the_contest() -> None:
    """`Shard(contest_id)` is the first one, for tests of contests that have no other."""
    assert lines_with(r"(?<!class )\bShard\([^,()]*\)", files(".py", under="quizapp")) == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a script in the page", r"<script(?![^>]*\bsrc=)[^>]*>"),
        ("a style in the page", r"<style\b|\sstyle\s*="),
        ("a handler in an attribute", r"<[^>]*\son[a-z]+\s*="),
        ("an address that runs", r"(?i)javascript:"),
        ("text that is not escaped", r"[^'\s]\s*\|\s*safe\b|autoescape\s+false"),
        ("a file of another site", r"<(script|link|img|iframe)\b[^>]*(src|href)=[\"']?(https?:)?//"),
    ],
)
def test_no_template_holds(what: str, pattern: str) -> None:
    assert lines_with(pattern, files(".html", under="templates")) == [], what


@pytest.mark.parametrize("pattern", [r"innerHTML\s*=", r"\beval\(", r"new Function\(", r"document\.write"])
def test_no_script_builds_pages_or_code_from_text(pattern: str) -> None:
    assert lines_with(pattern, files(".js", under="static")) == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"\brender_template_string\b",
        r"\bMarkup\((?!['\"])",
        r"\bpickle\b",
        r"\byaml\.load\(",
        r"shell=True",
        r"(?<![.\w])eval\(",
    ],
)
def test_no_code_turns_data_into_code(pattern: str) -> None:
    assert lines_with(pattern, files(".py", under="quizapp")) == []


def test_only_the_clock_reads_the_time_of_day() -> None:
    sources = (source for source in files(".py", under="quizapp") if not source[0].endswith("core/clock.py"))
    assert lines_with(r"datetime\.(now|utcnow|today)\(|date\.today\(|\btime\.time\(", sources) == []


def test_no_file_names_an_index_or_a_private_folder() -> None:
    hosts = ["py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.(org|com)", "npm" + "mirror"]
    folders = ["/roo" + "t/", r"(?<![\w.])/wo" + "rk/"]
    assert lines_with("|".join(hosts + folders), files(*TEXT)) == []


def test_no_module_is_long() -> None:
    ours = (source for source in files(".py", ".js", ".lua") if not source[0].startswith(("tests/", "migrations/")))
    sizes = {name: len(text.splitlines()) for name, text in ours}
    assert {name: size for name, size in sizes.items() if size > LONGEST_MODULE} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    said = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "exceptions"}
    assert [name for name, _ in files(".py", under="quizapp") if Path(name).stem in said] == []


def test_nothing_is_left_for_later() -> None:
    pattern = r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise NotImplemented" + "Error"
    assert lines_with(pattern, files(".py", ".lua", ".html", ".js", ".css")) == []
