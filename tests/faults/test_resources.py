"""F36, F39: disks for logs and uploads are full or cannot be written, open files and memory run out."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.conftest import Judge
from tests.faults.disk import fill, small_disk
from tests.faults.house import FAULTS, SLUG, House, Template
from tests.faults.ledger import AGAIN_SECONDS
from tests.listening import Staff

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PAGES = (
    "/",
    f"/play/{SLUG}",
    f"/play/{SLUG}/board",
    "/accounts/sign-in",
    f"/api/v1/contests/{SLUG}",
    "/healthz",
    "/no",
)
PEOPLE, SHORT_SECONDS = 12, 6
"""So many are at play, and so long means are short (F39)."""
A_FILE = 2**20
"""So many bytes are not kept in memory while they come."""


@contextmanager
def looking(house: House) -> Iterator[Counter[int]]:
    """Look at pages all the time; count the statuses."""
    told: Counter[int] = Counter()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            for page in PAGES:
                told[house.status_of(page)] += 1

    reader = threading.Thread(target=look, daemon=True)
    reader.start()
    try:
        yield told
    finally:
        stop.set()
        reader.join(60)


# F36: disks


def set_writable(folder: Path, *, is_writable: bool) -> None:
    """Let nobody write to a file system, not even root, to whom the rights of a folder mean nothing."""
    subprocess.run(["mount", "-o", f"remount,{'rw' if is_writable else 'ro'}", str(folder)], check=True)


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_f36_logs_cannot_be_written(
    how: str, template: Template, fault_seed: int, judge: Judge, tmp_path: Path
) -> None:
    """Nobody is refused anything because of a log."""
    with small_disk(tmp_path / "logs", megabytes=1) as logs:
        if how == "full":
            fill(logs)
        else:
            set_writable(logs, is_writable=False)
        with template.house(seed=fault_seed, settings={"QUIZAPP_LOG_DIR": str(logs)}) as house:
            with house.crowd().playing() as ledger, looking(house) as told:
                time.sleep(6)
                house.wait_until_healthy()
            assert set(told) == {200, 404}
            assert set(ledger.refused) <= {409}, "somebody was refused because of a log"
            assert judge(house, ledger, fault=f"F36 logs {how}", had_outage=False) == {}


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_f36_uploads_cannot_be_kept(
    how: str, template: Template, fault_seed: int, judge: Judge, tmp_path: Path
) -> None:
    """Who uploads is told why; everybody else notices nothing, and it works again as soon as the disk does."""
    with (
        small_disk(tmp_path / "under_way", megabytes=4) as disk,
        template.house(seed=fault_seed, settings={"TMPDIR": str(disk)}) as house,
    ):
        staff = make_staff(house)
        with house.crowd().playing() as ledger:
            time.sleep(1)
            # Whoever of the workers takes it.
            assert [send_file(staff)[0] for _time in range(8)] == [200] * 8
            filler = fill(disk) if how == "full" else None
            set_writable(disk, is_writable=how == "full")
            for _try in range(5):
                status, page = send_file(staff)
                assert (status, "磁盘" in page) == (503, True), logs_of(house)
            set_writable(disk, is_writable=True)
            if filler:
                filler.unlink()
            assert send_file(staff)[0] == 200
            house.wait_until_healthy()
        assert set(ledger.refused) <= {409}, "others than who uploads notice it"
        assert judge(house, ledger, fault=f"F36 folder of uploads {how}", had_outage=False) == {}


def logs_of(house: House) -> str:
    lines = "".join(file.read_text() for file in (house.stack.data / "logs").iterdir()).splitlines()
    return "\n".join(line for line in lines if '"level": "info"' not in line)


def make_staff(house: House) -> Staff:
    made = house.stack.run_cli("user", "add", "root", "--role", "admin", "--json")
    return Staff(house.stack, "root", json.loads(made.stdout)["password"])


def send_file(staff: Staff) -> tuple[int, str]:
    """Import a file of a megabyte into the bank; return the status and the page."""
    return staff.upload("/bank/1/import", "questions.txt", "题".encode() * (A_FILE // 3), format="auto")


# F39: means


@contextmanager
def short_of(house: House, means: int, *, spare: int) -> Iterator[None]:
    """Web workers get no more open files, or memory, than they have now and `spare`; which is what people play with."""
    before = {}
    for pid in house.stack.web_workers():
        before[pid] = resource.prlimit(pid, means)
        resource.prlimit(pid, means, (used_by(pid, means) + spare, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            # Who ended for want of it has a successor without the limit.
            with suppress(ProcessLookupError):
                resource.prlimit(pid, means, limits)


def used_by(pid: int, means: int) -> int:
    if means == resource.RLIMIT_NOFILE:
        return max(int(file.name) for file in Path(f"/proc/{pid}/fd").iterdir()) + 1
    # Not the address space: in what threads have reserved of that they could go on for long.
    found = re.search(r"^VmData:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


SHORTAGES = {
    "no open files": (resource.RLIMIT_NOFILE, 1),
    "few open files": (resource.RLIMIT_NOFILE, 5),
    "no memory": (resource.RLIMIT_DATA, 2**18),
}
"""What is short → which of a process's limits, and how much more than it has it still gets."""
OF_MEMORY = ("MemoryError", "SystemError", "Out of memory", "cannot take up requests any more")


def tells_of_memory(line: str) -> bool:
    """Whether a line of a log tells that memory has ended, or begins a traceback of several lines, which ends so."""
    return line.startswith("Traceback (most") or any(word in line for word in OF_MEMORY)


@pytest.mark.parametrize("shortage", SHORTAGES)
def test_f39_nothing_is_left(shortage: str, template: Template, fault_seed: int, judge: Judge) -> None:
    """From the first request on: what a worker opens once and keeps, it has not opened yet."""
    means, spare = SHORTAGES[shortage]
    with template.house(seed=fault_seed) as house:
        with house.crowd(threads=PEOPLE).playing() as ledger, looking(house) as told:
            with short_of(house, means, spare=spare):
                time.sleep(SHORT_SECONDS)
            house.wait_until_healthy()
            time.sleep(1)
        assert 500 not in told, f"{told}\n{logs_of(house)}"
        assert told[503] + told[0] + ledger.refused[503] + ledger.refused[0] > 5, f"the fault did not bite: {told}"
        # Whoever is hung up on may be so at each try, while it lasts.
        cut_off = PEOPLE * int(SHORT_SECONDS / AGAIN_SECONDS)
        found = judge(house, ledger, fault=f"F39 {shortage}", unanswered=cut_off)
        if shortage == "no memory":
            # Where there was none, and who has ended for want of it, is what the logs tell of, and nothing else.
            assert "ENOMEM" in logs_of(house)
            found.pop("logs", None)
            whole = [
                line for text in house.all_logs() for line in text.splitlines() if any(word in line for word in FAULTS)
            ]
            assert [line for line in whole if not tells_of_memory(line)] == []
        assert found == {}
