"""F5 to F15: the live store is killed, frozen, starved, and loses what it knew, while people answer."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.faults.conftest import Judge
from tests.faults.controls import is_halted
from tests.faults.disk import Shim, fill, small_disk
from tests.faults.house import HEALTHY_SECONDS, SLUG, House, Template
from tests.faults.store import Store
from tests.stack import children_of

pytestmark = pytest.mark.timeout(600)
quick, slow = pytest.mark.quick, pytest.mark.slow


@pytest.mark.parametrize(
    "away",
    [
        pytest.param(1, marks=quick),
        pytest.param(0, marks=slow),
        pytest.param(5, marks=slow),
        pytest.param(30, marks=slow),
    ],
)
def test_f5_killed(away: int, template: Template, fault_seed: int, judge: Judge) -> None:
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(1)
            house.store.kill()
            time.sleep(away)
            house.store.start()
            house.wait_until_healthy()
            time.sleep(1)
        assert judge(house, ledger, fault=f"F5 store killed, {away} s") == {}


@slow
def test_f6_power_is_lost(template: Template, fault_seed: int, judge: Judge, tmp_path: Path) -> None:
    shim, store = Shim(tmp_path), Store(tmp_path)
    store.preload = shim.settings
    with template.house(seed=fault_seed, store=store) as house:
        with house.crowd().playing() as ledger:
            for _loss in range(3):
                time.sleep(2)
                lose_power(house, shim)
                house.wait_until_healthy()
        assert judge(house, ledger, fault="F6 power lost x3") == {}


def lose_power(house: House, shim: Shim, *, recorded: bool = False) -> int:
    """Kill the store, forget what its disk had not been told to keep, start it again; return how many bytes went.

    Unless `recorded`, the recorder sleeps meanwhile, so that what was acknowledged is in the store alone.
    """
    with nullcontext() if recorded else house.recorder_asleep():
        if not recorded:
            time.sleep(1)
        house.store.kill()
        lost = shim.lose_power(house.store.append_folder)
        house.store.start()
    return lost


@slow
def test_f6_power_is_lost_when_synced_every_second(
    template: Template, fault_seed: int, judge: Judge, tmp_path: Path
) -> None:
    """Not our setting: what it would lose is bounded, and that records are ahead of live data is found out."""
    shim, store = Shim(tmp_path), Store(tmp_path, fsync="everysec")
    store.preload = shim.settings
    with template.house(seed=fault_seed, store=store, settings={"QUIZAPP_DURABILITY": "everysec"}) as house:
        with house.crowd().playing() as ledger:
            time.sleep(3)
            # What is lost before it is recorded is found out by nobody: let the recorder get ahead of the disk.
            shim.say("delay 2000000")
            time.sleep(1)
            killed_at = time.time()
            assert lose_power(house, shim, recorded=True) > 0
            shim.say("")
            halted_at = wait_until_halted(house)
            decide(house)
            house.wait_until_healthy()
            time.sleep(1)
        # A sync each second, put off by up to two while another is on its way, and the time that it takes.
        forgiven = (killed_at - 3, halted_at)
        found = judge(house, ledger, fault="F6 power lost, everysec", forgiven=forgiven, but=("I6",))
        assert found == {}


@pytest.mark.parametrize("seconds", [pytest.param(4, marks=quick), pytest.param(10, marks=slow)])
def test_f7_frozen(seconds: int, template: Template, fault_seed: int, judge: Judge) -> None:
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(1)
            house.store.signal(signal.SIGSTOP)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                assert house.status_of("/healthz") == 200, "the threads wait for the store"
                time.sleep(0.5)
            house.store.signal(signal.SIGCONT)
            house.wait_until_healthy()
            time.sleep(1)
        assert ledger.refused[503]
        assert judge(house, ledger, fault=f"F7 store frozen, {seconds} s") == {}


@slow
@pytest.mark.parametrize(("milliseconds", "seconds"), [(5, 10), (50, 10), (1500, 10)])
def test_f8_disk_is_slow(
    milliseconds: int, seconds: int, template: Template, fault_seed: int, judge: Judge, tmp_path: Path
) -> None:
    shim, store = Shim(tmp_path), Store(tmp_path)
    store.preload = shim.settings
    with template.house(seed=fault_seed, store=store) as house:
        with house.crowd().playing() as ledger:
            time.sleep(1)
            shim.say(f"delay {milliseconds * 1000}")
            slow_since = time.time()
            time.sleep(seconds)
            slow_until = time.time()
            shim.say("")
            house.wait_until_healthy()
            time.sleep(1)
        assert judge(house, ledger, fault=f"F8 fsync {milliseconds} ms") == {}
        answers = [one for one in ledger.requests if one.path.endswith("/answers") and one.at > slow_since]
        waited = [one.seconds for one in answers if one.status == 200 and one.ended_at < slow_until]
        assert all(seconds >= milliseconds / 1000 for seconds in waited), "acknowledged before it was synced"
        # A reply is not waited for as long as that.
        assert ledger.refused[503] if milliseconds > 1000 else waited


@slow
def test_f9_disk_fails(template: Template, fault_seed: int, judge: Judge, tmp_path: Path) -> None:
    shim, store = Shim(tmp_path), Store(tmp_path)
    store.preload = shim.settings
    with template.house(seed=fault_seed, store=store) as house:
        with house.crowd().playing() as ledger:
            time.sleep(1)
            shim.say("eio")
            wait_until_gone(store)
            time.sleep(2)
            assert house.status_of("/readyz") == 503
            shim.say("")
            store.start()
            house.wait_until_healthy()
            time.sleep(1)
        assert judge(house, ledger, fault="F9 fsync fails") == {}


def wait_until_gone(store: Store) -> None:
    """A store that cannot sync must not go on as if it could: it ends by itself."""
    assert store.process
    assert store.process.wait(30) != 0


@slow
def test_f10_disk_is_full(template: Template, fault_seed: int, judge: Judge, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        store = Store(disk)
        with template.house(seed=fault_seed, store=store) as house:
            with house.crowd().playing() as ledger:
                time.sleep(1)
                filler = fill(disk)
                wait_until_gone(store)
                assert house.status_of("/readyz") == 503
                filler.unlink()
                store.start()
                house.wait_until_healthy()
                time.sleep(1)
            assert judge(house, ledger, fault="F10 disk full") == {}


@quick
def test_f11_memory_is_full(template: Template, fault_seed: int, judge: Judge) -> None:
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(1)
            with house.recorder_asleep():
                # Longer than the recorder's lease, which it must take again while memory is full.
                house.store.command_of(
                    "CONFIG", "SET", "maxmemory", house.store.command_of("INFO", "memory")["used_memory"]
                )
                time.sleep(5.5)
                assert ledger.refused[503]
                assert house.lag()
            house.wait_until_recorded()
            house.store.command_of("CONFIG", "SET", "maxmemory", "128mb")
            house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault="F11 memory full") == {}


@slow
def test_f12_tail_is_torn(template: Template, fault_seed: int, judge: Judge) -> None:
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(2)
            house.store.kill()
            with house.store.append_file.open("ab") as file:
                # A command that was being written when the machine went down: nobody was told that it is kept.
                file.write(b"*5\r\n$4\r\nHSET\r\n$12\r\nplay:{c1.0}")
            house.store.start()
            house.wait_until_healthy()
            time.sleep(1)
        assert judge(house, ledger, fault="F12 tail torn") == {}


@slow
def test_f12_middle_is_corrupt(template: Template, fault_seed: int, judge: Judge) -> None:
    """The store refuses to start; docs/recording.md says: set its files aside, all that is recorded comes back."""
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(3)
            drained_at = house.wait_until_drained()
            house.store.kill()
            killed_at = time.time()
            damage(house, at=house.store.append_file.stat().st_size // 2)
            house.store.append_folder.rename(house.store.folder / "damaged")
            house.store.append_folder.mkdir()
            house.store.start()
            house.wait_until_healthy()
            time.sleep(1)
        forgiven = (drained_at, killed_at + 1)
        assert judge(house, ledger, fault="F12 middle corrupt", forgiven=forgiven) == {}


@slow
def test_f12_middle_is_corrupt_and_nothing_was_recorded(template: Template, fault_seed: int, judge: Judge) -> None:
    """The other way of docs/recording.md: the file is mended, and what was acknowledged before the damage is there."""
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(1)
            with house.recorder_asleep():
                time.sleep(2)
                kept, kept_until = house.store.append_file.stat().st_size, time.time()
                time.sleep(2)
                killed_at = time.time()
                house.store.kill()
                damage(house, at=kept)
                assert "Successfully truncated AOF" in house.store.mend_append_file()
                house.store.start()
            house.wait_until_healthy()
            time.sleep(1)
        forgiven = (kept_until - 1, killed_at + 1)
        assert judge(house, ledger, fault="F12 middle corrupt, not recorded", forgiven=forgiven) == {}


def damage(house: House, *, at: int) -> None:
    """Spoil 64 bytes of the append-only file, and see that the store does not start with it."""
    with house.store.append_file.open("r+b") as file:
        file.seek(at)
        file.write(os.urandom(64))
    house.store.start(waits=False)
    wait_until_gone(house.store)
    assert house.status_of("/readyz") == 503


@slow
def test_f13_rewritten_at_peak(template: Template, fault_seed: int, judge: Judge) -> None:
    with template.house(seed=fault_seed) as house:
        with house.crowd(threads=8, pause=0.02).playing() as ledger:
            for turn in range(10):
                # A big file takes a while: its keys are written slowly here.
                house.store.command_of("CONFIG", "SET", "rdb-key-save-delay", 10_000 if turn % 2 else 1000)
                house.store.command_of("BGREWRITEAOF")
                time.sleep(0.3)
                if turn % 2:
                    kill_rewriting(house.store)
                assert wait_until_rewritten(house.store) == ("err" if turn % 2 else "ok")
            house.wait_until_healthy()
        assert judge(house, ledger, fault="F13 rewritten x5, killed x5", had_outage=False) == {}
        assert ledger.refused[503] == 0


def kill_rewriting(store: Store) -> None:
    assert store.process
    children = children_of(store.process.pid)
    assert children, "nothing is being rewritten"
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def wait_until_rewritten(store: Store) -> str:
    """Wait for the end of a rewriting; return how it ended: ok or err."""
    give_up_at = time.monotonic() + HEALTHY_SECONDS
    while (found := store.command_of("INFO", "persistence"))["aof_rewrite_in_progress"]:
        assert time.monotonic() < give_up_at, "it is being rewritten for ever"
        time.sleep(0.05)
    return str(found["aof_last_bgrewrite_status"])


@pytest.mark.parametrize("how", [pytest.param("flushed", marks=quick), pytest.param("removed", marks=slow)])
def test_f14_all_is_lost(how: str, template: Template, fault_seed: int, judge: Judge) -> None:
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(3)
            drained_at = house.wait_until_drained()
            lost_at = lose_all(house.store, how)
            house.wait_until_healthy()
            time.sleep(1)
        forgiven = (drained_at, lost_at + 1)
        assert judge(house, ledger, fault=f"F14 all {how}", forgiven=forgiven) == {}


def lose_all(store: Store, how: str) -> float:
    """Return the moment when nothing was there any more."""
    if how == "flushed":
        store.command_of("FLUSHALL")
        return time.time()
    store.kill()
    lost_at = time.time()
    shutil.rmtree(store.append_folder)
    store.append_folder.mkdir()
    store.start()
    return lost_at


@quick
def test_f15_goes_back_in_time(template: Template, fault_seed: int, judge: Judge, tmp_path: Path) -> None:
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            drained_at = go_back(house, tmp_path)
            halted_at = wait_until_halted(house)
            # A figure is shown for a second.
            time.sleep(1.5)
            assert house.status_of(f"/api/v1/contests/{SLUG}/pulse") == 503, "opened without a person's decision"
            decide(house)
            house.wait_until_healthy()
            time.sleep(1)
        # What was accepted before it was found out is kept aside; a reply may still have been on its way then, and
        # nothing is accepted until a person has decided.
        forgiven = (drained_at, halted_at + 1)
        assert judge(house, ledger, fault="F15 went back 3 s", forgiven=forgiven, but=("I6",)) == {}


def go_back(house: House, folder: Path) -> float:
    """Give the store back the files that it had three seconds ago.

    Returns a moment just before its end, up to which all that was acknowledged is in SQL.
    """
    time.sleep(2)
    shutil.copytree(house.store.append_folder, folder / "earlier")
    time.sleep(3)
    drained_at = house.wait_until_drained()
    house.store.kill()
    shutil.rmtree(house.store.append_folder)
    shutil.copytree(folder / "earlier", house.store.append_folder)
    house.store.start()
    return drained_at


def wait_until_halted(house: House, seconds: float = 20.0) -> float:
    """Wait until recording has stopped by itself; return the moment."""
    give_up_at = time.monotonic() + seconds
    while not is_halted(house):
        assert time.monotonic() < give_up_at, f"nobody found out:\n{house.stack.output}"
        time.sleep(0.05)
    return time.time()


def decide(house: House) -> None:
    """What a person does about it, as the page of the system's state says."""
    house.stack.run_cli("play", "rebuild", SLUG)
