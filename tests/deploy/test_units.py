"""The units of systemd: what they start, and what they keep from the programs that they start."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from quizapp.admin.rules import LEAST_LOG_DAYS
from quizapp.core.settings import WrongSetting, load_settings
from tests.conftest import missing
from tests.deploy.installation import DEPLOY, replaced, settings_of_environment, settings_of_unit

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TIMERS = sorted((DEPLOY / "systemd").glob("*.timer"))
HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "SystemCallFilter": "@system-service",
    "UMask": "0077",
    "User": "quizapp",
}
MOST_EXPOSURE = 2.5


@pytest.fixture(params=UNITS, ids=lambda path: path.stem)
def unit(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_a_unit_gives_its_program_no_more_than_it_needs(unit: Path) -> None:
    found = settings_of_unit(unit.read_text())
    assert {name: found[name][0] for name in HARDENED} == HARDENED
    assert all(not re.search("KEY|PASSWORD|URL", line) for line in found.get("Environment", [])), (
        "secrets are in a file"
    )


def test_a_unit_comes_back_unless_it_ends_by_itself(unit: Path) -> None:
    found = settings_of_unit(unit.read_text())
    assert (found["Type"] == ["oneshot"]) != (found.get("Restart") == ["always"])


def test_systemd_takes_the_units_as_they_are(tmp_path: Path) -> None:
    verifier = shutil.which("systemd-analyze")
    if not verifier:
        missing("systemd-analyze")
    for path in TIMERS:
        shutil.copy(path, tmp_path)
    for path in UNITS:
        text = replaced(path.read_text(), ("/opt/quizapp/.venv/bin/quizapp", sys.executable))
        (tmp_path / path.name).write_text(text)
    rendered = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run([verifier, "verify", "--man=no", *rendered], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "quizapp" in line]) == (0, []), done.stderr


def test_systemd_rates_the_units_as_well_shut_in(unit: Path) -> None:
    verifier = shutil.which("systemd-analyze")
    if not verifier:
        missing("systemd-analyze")
    rate = [verifier, "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(rate, capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stderr
    assert float(exposure[1]) <= MOST_EXPOSURE


def test_who_came_from_which_address_is_kept_as_long_as_the_law_says() -> None:
    """nginx alone writes it down."""
    text = (DEPLOY / "logrotate" / "nginx").read_text()
    kept = {name: int(days) for name, days in re.findall(r"^\t(rotate|maxage) (\d+)$", text, re.MULTILINE)}
    assert re.search(r"^\tdaily$", text, re.MULTILINE)
    assert kept.keys() == {"rotate", "maxage"} and min(kept.values()) >= LEAST_LOG_DAYS
    logs = re.findall(r"(?:access|error)_log (\S+/)\S+\.log", (DEPLOY / "nginx" / "nginx.conf").read_text())
    assert {f"{folder}*.log {{" for folder in logs} == set(re.findall(r"^/.*", text, re.MULTILINE))


def test_the_example_of_an_environment_starts_nothing_until_its_secrets_are_filled_in() -> None:
    text = (DEPLOY / "quizapp.env.example").read_text()
    with pytest.raises(WrongSetting) as refusal:
        load_settings(settings_of_environment(text))
    names = {line.split(":")[0] for line in str(refusal.value).splitlines()}
    assert names == {"QUIZAPP_SECRET_KEY", "QUIZAPP_FIELD_KEY"}
