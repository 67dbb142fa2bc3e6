"""Each protection switched off once, in a copy of the project: the checker must then find what it protects from."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from tests.faults import checker
from tests.faults.conftest import OnPostgresql
from tests.faults.controls import Change, copy_project, examine
from tests.faults.disk import Shim
from tests.faults.house import SLUG, House, Template
from tests.faults.ledger import Ledger, Person, Played, Refused
from tests.faults.store import Store
from tests.faults.test_kills import kill
from tests.faults.test_recorder import NO_LEASE, another_recorder, end_lease, wait_until_committed
from tests.faults.test_sql import frozen
from tests.faults.test_store import go_back, lose_all, lose_power

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Harm = Callable[[House, Path], None]


def nothing(_house: House, _folder: Path) -> None:
    """People do enough by themselves: repeats, late packets, a third attempt, answers after the end."""
    time.sleep(4)


def flush(house: House, _folder: Path) -> None:
    time.sleep(2)
    for _time in range(3):
        lose_all(house.store, "flushed")
        time.sleep(1)


def freeze(house: House, _folder: Path) -> None:
    time.sleep(1)
    house.store.signal(signal.SIGSTOP)
    time.sleep(12)
    house.store.signal(signal.SIGCONT)


def roll_back(house: House, folder: Path) -> None:
    go_back(house, folder)
    time.sleep(3)


def let_events_wait(house: House, _folder: Path) -> None:
    """Many more events than a recorder takes at once, where people can still play."""
    with house.recorder_asleep():
        give_up_at = time.monotonic() + 30
        while house.lag() < 400 and time.monotonic() < give_up_at:
            time.sleep(0.2)


def kill_after_commit(house: House, _folder: Path) -> None:
    for _kill in range(3):
        wait_until_committed(house)
        kill(house.stack, "record")
        end_lease(house)


@dataclass(frozen=True)
class Control:
    """A protection, how it is switched off, what is done then, and what of must be found."""

    protection: str
    changes: tuple[Change, ...]
    harm: Harm
    found: frozenset[str]


def control(protection: str, harm: Harm, found: str, *changes: Change) -> Control:
    return Control(protection, changes, harm, frozenset(found.split()))


CONTROLS = [
    control(
        "the number of an answer in Lua",
        nothing,
        "I1 I2 I5 I9",
        ("play/play.lua", "or tonumber(seq) <= tonumber(old.seq)) then", "or false) then"),
    ),
    control(
        "the order in which options were shown",
        nothing,
        "I1 I2",
        (
            "play/shown.py",
            "letters = dict(zip(LETTERS, drawn.option_ids, strict=False))\n    return [letters.get(part",
            "letters = dict(zip(LETTERS, sorted(drawn.option_ids), strict=False))\n    return [letters.get(part",
        ),
    ),
    control(
        "the best attempt on the board",
        nothing,
        "I4",
        ("leaderboards/board.lua", "redis.call('ZADD', key, 'GT', ", "redis.call('ZADD', key, "),
    ),
    control(
        "the exact rule of marking",
        nothing,
        "I9",
        ("bank/rules.py", "return set(response) == set(key)", "return set(response) <= set(key)"),
    ),
    control(
        "explanations at the end only",
        nothing,
        "I10",
        ("play/shown.py", "explains = tells and at_once.explanations", "explains = bool(response)"),
    ),
    control(
        "the key of a begin",
        nothing,
        "I3",
        ("play/beginning.lua", "if has_key(f[7] or '', key) then", "if false then"),
    ),
    control(
        "the number of attempts",
        nothing,
        "I3",
        ("play/beginning.lua", "if total > 0 and begun >= total then", "if false then"),
    ),
    control(
        "one hand-in",
        nothing,
        "I5 I6",
        (
            "play/play.lua",
            "  if not attempt.finish then\n    if gate.is_paused",
            "  if true then\n    if gate.is_paused",
        ),
    ),
    control(
        "nothing after the hand-in",
        nothing,
        "I11",
        (
            "play/play.lua",
            "  if attempt.finish then\n    return { 'finished', attempt.finish }",
            "  if false then\n    return { 'x' }",
        ),
    ),
    control(
        "a missing gate is shut",
        flush,
        "I12",
        (
            "play/play.lua",
            "  if not f[1] or f[11] then\n    return nil\n  end",
            "  if not f[1] then\n    f = { 'x', '1', '0', '9007199254740991', '0', '0' }\n  end",
        ),
    ),
    control(
        "dense numbers of events",
        roll_back,
        "I3 I5",
        ("play/recorder.py", "if number != last + 1:", "if False:"),
        ("play/jobs.py", 'elif int(fields["number"]) < position.number:', "elif False:"),
        ("play/jobs.py", 'elif int(fields["number"]) > position.number and', "elif False and"),
    ),
    control(
        "exact trim",
        let_events_wait,
        "I1 I12",
        (
            "play/state.py",
            'live.command("XTRIM", stream_key(shard), "MINID", "=", f"{milliseconds}-{int(number) + 1}")',
            'live.command("XTRIM", stream_key(shard), "MAXLEN", 10)',
        ),
    ),
    control(
        "the position in the transaction of its events",
        kill_after_commit,
        "I1",
        (
            "play/recorder.py",
            "    _move(position, after, now)\n    attempts =",
            "    _move(position, after, now)\n    db.session.commit()\n"
            '    __import__("time").sleep(0.4)\n    attempts =',
        ),
    ),
    control(
        "bounded waits",
        freeze,
        "I8 I8-time",
        ("core/live_servers.py", "CALL_SECONDS = 1.0", "CALL_SECONDS = 60.0"),
    ),
    control(
        "no hidden repeats",
        freeze,
        "I8 I8-time",
        ("core/live_servers.py", "Retry(NoBackoff(), 0)", "Retry(NoBackoff(), 10)"),
    ),
]


@pytest.mark.parametrize("one", CONTROLS, ids=lambda one: one.protection)
def test_without_it_the_checker_finds_harm(one: Control, template: Template, fault_seed: int, tmp_path: Path) -> None:
    code = copy_project(tmp_path / "code", *one.changes)
    with template.house(seed=fault_seed, code=code) as house:
        crowd = house.crowd(patience=15.0)
        with crowd.playing(is_sound=False) as ledger:
            one.harm(house, tmp_path)
        found = examine(house, ledger)
    assert found & one.found, found


def test_synced_before_the_reply(template: Template, fault_seed: int, tmp_path: Path) -> None:
    """Synced every second only, on a disk that is slow at that."""
    shim, store = Shim(tmp_path), Store(tmp_path, fsync="everysec")
    store.preload = shim.settings
    with template.house(seed=fault_seed, store=store) as house:
        with house.crowd(patience=15.0).playing() as ledger:
            time.sleep(1)
            shim.say("delay 1500000")
            lose_power(house, shim)
            shim.say("")
            time.sleep(1)
        found = examine(house, ledger)
    assert found & {"I1", "I12"}, found


NO_DEADLINE = (
    "play/play.lua",
    "if gate.is_paused or now < deadline_of(gate, attempt) + GRACE_MS then",
    "if gate.is_paused or true then",
)


@pytest.mark.parametrize("changes", [(), (NO_DEADLINE,)], ids=["on", "off"])
def test_deadline(changes: tuple[Change, ...], template: Template, fault_seed: int, tmp_path: Path) -> None:
    """Without the sweeper, which would have handed in what is overdue."""
    code = copy_project(tmp_path / "code", *changes)
    with template.house(seed=fault_seed, code=code) as house:
        ledger = Ledger(fault_seed)
        person = Person(house.stack.base_url, SLUG, 1, ledger=ledger)
        person.enter()
        played = person.begin()
        person.answer_all(played, answers=5)
        house.stack.run_cli("contest", "close", SLUG)
        house.wait_until_recorded()
        with house.recorder_asleep():
            time.sleep(6)
            try:
                person.put(played, [person.answer_to(list(played.questions.values())[6], seq=50)])
            except Refused as refusal:
                played.refusals[refusal.code] += 1
            person.close()
        found = examine(house, ledger, had_outage=False)
    assert ("I7" in found) == (NO_DEADLINE in changes), found


NO_WAITS_FOR_SQL: Change = ("app.py", "create_app(waits=WEB)", "create_app()")


def test_bounded_waits_for_sql(on_postgresql: OnPostgresql, fault_seed: int, tmp_path: Path) -> None:
    code = copy_project(tmp_path / "code", NO_WAITS_FOR_SQL)
    with on_postgresql.house(seed=fault_seed, code=code) as (house, cluster):
        with house.crowd(patience=15.0).playing() as ledger:
            time.sleep(1)
            with frozen(cluster):
                time.sleep(8)
        found = examine(house, ledger, had_outage=False)
    assert found & {"I8", "I8-time"}, found


NO_CIRCUIT: Change = ("core/live_servers.py", "if self._failures >= FAILURES_TO_OPEN:", "if False:")


@pytest.mark.parametrize("changes", [(), (NO_CIRCUIT,)], ids=["on", "off"])
def test_circuit_breaker(changes: tuple[Change, ...], template: Template, fault_seed: int, tmp_path: Path) -> None:
    """More phones than threads while the store is frozen: most are refused at once, and do not wait behind each other.

    Without it each waits for the store in turn. Still nobody waits for 5 s (I8): who has stood in the queue for too
    long is turned away there. So what is looked at is how long half of the replies took.
    """
    code = copy_project(tmp_path / "code", *changes)
    with (
        template.house(seed=fault_seed, code=code) as house,
        house.crowd(threads=100, pause=0.5, patience=30.0).playing() as ledger,
    ):
        time.sleep(5)
        house.store.signal(signal.SIGSTOP)
        started = time.time()
        time.sleep(8)
        ended = time.time()
        house.store.signal(signal.SIGCONT)
        house.wait_until_healthy()
    seconds = [one.seconds for one in ledger.requests if started <= one.at <= ended]
    assert (median(seconds) > SOON_SECONDS) == (NO_CIRCUIT in changes), (median(seconds), max(seconds))


SOON_SECONDS = 0.5


# Two recorders, of which one slept between reading and writing

SLEEPS_SECONDS = 1.0
SLEEPY: Change = (
    "play/recorder.py",
    "    good, reason = dense(entries, position.number)",
    f'    __import__("time").sleep({SLEEPS_SECONDS} if entries else 0.0)\n'
    "    good, reason = dense(entries, position.number)",
)
NO_FENCE: Change = ("play/recorder.py", "if moved.rowcount != 1:", "if False:")
NO_SEQ: Change = ("core/bulk.py", "        where=insert.excluded[newer] > table.c[newer],\n", "")
DOUBLED: dict[str, tuple[tuple[Change, ...], frozenset[str]]] = {
    "both on": ((), frozenset()),
    "no fence": ((NO_FENCE,), frozenset({"I6"})),
    "no number in SQL": ((NO_SEQ,), frozenset()),
    "neither": ((NO_FENCE, NO_SEQ), frozenset({"I1", "I6"})),
}
"""What is switched off, and which of I1, I2, I6 and I12 are then broken."""


@pytest.mark.parametrize(("changes", "broken"), DOUBLED.values(), ids=DOUBLED)
def test_a_recorder_writes_what_another_has_written_already(
    changes: tuple[Change, ...], broken: frozenset[str], template: Template, fault_seed: int, tmp_path: Path
) -> None:
    """It slept with an answer and a hand-in in its hands; meanwhile the answer was taken back, and all was recorded.

    The fence keeps it from writing. Without it a hand-in that is recorded already looks like a broken event, and is
    put aside; older answers are kept out by their numbers still, and only without both does the old answer come back.
    """
    sleepy = copy_project(tmp_path / "code", NO_LEASE, SLEEPY, *changes)
    quick = copy_project(tmp_path / "quick", NO_LEASE)
    ledger = Ledger(fault_seed)
    with (
        template.house(seed=fault_seed, code=sleepy) as house,
        another_recorder(house, quick) as other,
        closing(Person(house.stack.base_url, SLUG, 1, ledger=ledger)) as one,
        closing(Person(house.stack.base_url, SLUG, 2, ledger=ledger)) as two,
    ):
        first, second = begin(one), begin(two)
        question = next(iter(first.questions.values()))
        sleeper = house.stack.children()["record"]
        time.sleep(2 * SLEEPS_SECONDS)
        other.send_signal(signal.SIGSTOP)
        os.kill(sleeper, signal.SIGSTOP)
        one.put(first, [one.answer_to(question, seq=1)])
        two.hand_in(second)
        os.kill(sleeper, signal.SIGCONT)
        time.sleep(SLEEPS_SECONDS / 2)
        os.kill(sleeper, signal.SIGSTOP)
        assert house.lag(), "the sleeper had written them already"
        other.send_signal(signal.SIGCONT)
        one.put(first, [{"question": question["id"], "response": [], "seq": 2, "spent_ms": 900}])
        house.wait_until_recorded()
        assert recorded_number(house) == 2, "the other recorder records"
        other.send_signal(signal.SIGSTOP)
        os.kill(sleeper, signal.SIGCONT)
        time.sleep(2 * SLEEPS_SECONDS)
        other.send_signal(signal.SIGCONT)
        found = examine(house, ledger, had_outage=False)
    assert found & {"I1", "I2", "I6", "I12"} == broken, found


def begin(person: Person) -> Played:
    """An attempt of a new person."""
    person.enter()
    return person.begin()


def recorded_number(house: House) -> int:
    """The number of the one answer that is recorded."""
    (answer,) = checker.read_sql(house.database, "select seq from answer")
    return int(answer["seq"])
