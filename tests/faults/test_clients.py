"""F26 to F34: lost replies, repeats, sleeping phones, many devices, the closing bell, wrong clocks, crowds."""

from __future__ import annotations

import secrets
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.faults import checker
from tests.faults.clock import Clock
from tests.faults.conftest import Judge
from tests.faults.house import ATTEMPTS, SLUG, House, Template
from tests.faults.ledger import LATE_SEQ, Begun, Crowd, Ledger, Person, Played, Refused
from tests.faults.network import Network
from tests.faults.store import Store

BARRIER, STRAGGLERS = 40, 6
GRACE_SECONDS = 5
OVER = "the contest is over"
RESEND_SECONDS = 60
"""So long after an outage late answers are taken."""


def people_through(network_url: str, house: House, **changes: int | float) -> Crowd:
    return Crowd(network_url, SLUG, seed=house.seed, **changes)  # type: ignore[arg-type]


# F26, F27: the network


@pytest.mark.slow
def test_f26_replies_are_lost(template: Template, fault_seed: int, judge: Judge) -> None:
    with template.house(seed=fault_seed) as house:
        network = Network(house.stack.base_url, seed=fault_seed, lose=0.3)
        with network.between() as url, people_through(url, house).playing() as ledger:
            time.sleep(10)
            network.lose = 0.0
            house.wait_until_healthy()
        assert network.lost > 30
        assert judge(house, ledger, fault=f"F26 {network.lost} replies lost", unanswered=network.lost) == {}


@pytest.mark.parametrize(
    ("seconds", "late"),
    [pytest.param(4, 2.0, marks=pytest.mark.quick), pytest.param(30, 60.0, marks=pytest.mark.slow)],
)
def test_f27_requests_arrive_twice_late_and_out_of_order(
    seconds: int, late: float, template: Template, fault_seed: int, judge: Judge
) -> None:
    with template.house(seed=fault_seed) as house:
        network = Network(house.stack.base_url, seed=fault_seed, lose=0.1, repeat=0.7, late=late)
        with network.between() as url, people_through(url, house).playing() as ledger:
            time.sleep(seconds)
            network.lose = 0.0
            house.wait_until_healthy()
        assert network.repeated > 50
        fault = f"F27 {network.repeated} repeats, to {late:.0f} s late"
        assert judge(house, ledger, fault=fault, unanswered=network.lost) == {}
        assert set(network.told) <= {200, 201, 204, 409, 503}, "what came again was refused, or went wrong"


# F28: a phone that sleeps


@pytest.mark.slow
def test_f28_phone_wakes_after_the_end(template: Template, fault_seed: int, judge: Judge) -> None:
    ledger = Ledger(fault_seed)
    with (
        template.house(seed=fault_seed) as house,
        closing(Person(house.stack.base_url, SLUG, 1, ledger=ledger)) as sleeper,
    ):
        sleeper.enter()
        played = sleeper.begin()
        sleeper.answer_all(played, answers=4)
        stored = played.standing()
        house.stack.run_cli("contest", "close", SLUG)
        time.sleep(RESEND_SECONDS + GRACE_SECONDS + 3)
        sleeper.answer_late(played)
        assert sum(played.refusals.values()) == 1, "an answer after the end is refused"
        sleeper.hand_in(played, [{"question": next(iter(stored)), "response": [], "seq": 99, "spent_ms": 1}])
        assert {result["finish"] for result in played.results} == {"expired"}
        # Its first request goes over a connection that was hung up on while it slept.
        fault = "F28 phone wakes after the end"
        assert judge(house, ledger, fault=fault, had_outage=False, unanswered=1, unmeasured=OVER) == {}


# F29: everything at once from several devices


def at_once(person: Person, act: Callable[[Person], tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    """What so many devices of one person are told that do something in the same moment."""
    devices = [
        Person(f"http://{person.host}:{person.port}", SLUG, person.number, ledger=person.ledger) for _ in range(BARRIER)
    ]
    told: list[tuple[int, dict[str, Any]]] = []
    start = threading.Barrier(BARRIER)

    def run(device: Person) -> None:
        device.token, device.entry = person.token, person.entry
        start.wait(30)
        told.append(act(device))
        device.close()

    threads = [threading.Thread(target=run, args=(device,)) for device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told) == BARRIER
    return told


def begin_once(device: Person) -> tuple[int, dict[str, Any]]:
    """Begin with a key of this device's own."""
    key = secrets.token_hex(16)
    device.ledger.keys_sent.add(key)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {device.token}", "Idempotency-Key": key}
    status, document = device.send_once("POST", f"/contests/{SLUG}/attempts", b"{}", headers)
    if status in (200, 201):
        device.ledger.begins.append(Begun(device.entry, key, document["attempt"], time.time()))
    return status, document


def finish_once(played: Played) -> Callable[[Person], tuple[int, dict[str, Any]]]:
    def finish(device: Person) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {played.token}"}
        played.asked_to_finish_at = played.asked_to_finish_at or time.time()
        status, document = device.send_once("POST", f"/attempts/{played.attempt}/finish", b'{"answers":[]}', headers)
        played.finished_at = min(played.finished_at or time.time(), time.time())
        played.results.append(document)
        return status, document

    return finish


@pytest.mark.quick
def test_f29_many_devices_at_once(template: Template, fault_seed: int, judge: Judge) -> None:
    """At most one attempt is open, as many are begun as are allowed, and there is one result of each."""
    ledger = Ledger(fault_seed)
    with (
        template.house(seed=fault_seed) as house,
        closing(Person(house.stack.base_url, SLUG, 1, ledger=ledger)) as person,
    ):
        person.enter()
        for number in range(1, ATTEMPTS + 1):
            told = at_once(person, begin_once)
            statuses = Counter(status for status, _document in told)
            assert statuses == {201: 1, 200: BARRIER - 1}, f"attempt {number}: {statuses}"
            assert len({document["attempt"] for _status, document in told}) == 1
            sheet = next(document for status, document in told if status == 201)
            played = person.played_of(ledger.begins[-1].key, sheet)
            ledger.played.append(played)
            person.answer_all(played, answers=5)
            results = at_once(person, finish_once(played))
            assert Counter(status for status, _document in results) == {200: BARRIER}
        edge = at_once(person, begin_once)
        assert Counter((status, document["code"]) for status, document in edge) == {(409, "no_attempts_left"): BARRIER}
        house.wait_until_healthy()
        assert judge(house, ledger, fault=f"F29 {BARRIER} devices at once", had_outage=False) == {}


# F30: the bell


@pytest.mark.slow
def test_f30_contest_closes_while_everybody_answers(template: Template, fault_seed: int, judge: Judge) -> None:
    """Those who answer on and on are taken during the grace, and refused from its end on, each of them."""
    with template.house(seed=fault_seed) as house:
        crowd = house.crowd(threads=24, pause=0.2)
        with crowd.playing(goes_on=False) as ledger, ThreadPoolExecutor(STRAGGLERS) as pool:
            time.sleep(6)
            stragglers = [crowd.person() for _number in range(STRAGGLERS)]
            answering = [pool.submit(answer_until_refused, person) for person in stragglers]
            time.sleep(2)
            house.stack.run_cli("contest", "close", SLUG)
            late = [one.result(timeout=GRACE_SECONDS + 30) for one in answering]
        assert sum(len(one.results) > 0 for one in ledger.played) > 10
        assert {code for one in late for code in one.refusals} <= {"expired", "finished"}
        [contest] = checker.read_sql(house.database, "select closes_at from contest")
        closed_at = checker.moment_ms(contest["closes_at"]) / 1000
        assert all(one.refusals and one.promises[-1].at > closed_at for one in late), "nobody was taken in the grace"
        assert judge(house, ledger, fault="F30 the end, all at once", had_outage=False, unmeasured=OVER) == {}


def answer_until_refused(person: Person) -> Played:
    """Enter, begin, and answer one question again and again until that is refused."""
    with closing(person):
        person.enter()
        played = person.begin()
        question = next(iter(played.questions.values()))
        for seq in range(1, LATE_SEQ):
            try:
                person.put(played, [person.answer_to(question, seq=seq)])
            except Refused as refusal:
                played.refusals[refusal.code] += 1
                break
            time.sleep(0.1)
        return played


# F31: wrong clocks


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_f31_web_server_with_a_wrong_clock(
    seconds: int, template: Template, fault_seed: int, judge: Judge, tmp_path: Path
) -> None:
    """One clock decides, the store's: another one on the web server opens and closes nothing."""
    clock = Clock(tmp_path)
    clock.set(seconds)
    with template.house(seed=fault_seed, settings=clock.environment) as house:
        with house.crowd().playing() as ledger:
            time.sleep(8)
            house.wait_until_healthy()
        assert sum(len(one.results) > 0 for one in ledger.played) > 5
        assert judge(house, ledger, fault=f"F31 web clock {seconds:+} s") == {}


@pytest.mark.slow
def test_f31_store_whose_clock_is_set_back(template: Template, fault_seed: int, judge: Judge, tmp_path: Path) -> None:
    """Times may be wrong by the step then; nothing is lost, nothing counted twice, and nobody is thrown out."""
    clock, store = Clock(tmp_path), Store(tmp_path / "valkey")
    store.preload = clock.environment
    with template.house(seed=fault_seed, store=store) as house:
        with house.crowd().playing() as ledger:
            time.sleep(4)
            clock.set(-10)
            time.sleep(6)
            house.wait_until_healthy()
        assert sum(len(one.results) > 0 for one in ledger.played) > 5
        found = judge(house, ledger, fault="F31 store clock 10 s back", but=["I7"])
        assert all("before the start" in one for one in found.pop("play verify", []))
        assert found == {}


# F33, F34: crowds


def flood(house: House, *, connections: int, seconds: float, request: bytes) -> Counter[int]:
    """Ask again on so many connections as soon as each has its reply; return how often each status came."""
    told: Counter[int] = Counter()
    stop = time.monotonic() + seconds
    address = house.stack.base_url.rsplit("//", 1)[1].split(":")
    with selectors.DefaultSelector() as selector:

        def connect() -> None:
            one = socket.create_connection((address[0], int(address[1])), timeout=10)
            one.setblocking(False)
            one.send(request)
            selector.register(one, selectors.EVENT_READ)

        for _number in range(connections):
            connect()
        while time.monotonic() < stop:
            for key, _events in selector.select(0.2):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                try:
                    received = one.recv(1 << 20)
                except OSError:
                    received = b""
                if received.startswith(b"HTTP/1.1 "):
                    told[int(received[9:12])] += 1
                selector.unregister(one)
                one.close()
                connect()
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    return told


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_f33_three_times_more_than_can_be_served(template: Template, fault_seed: int, judge: Judge) -> None:
    """Those who answer are served in time, others are told to come again, and it ends by itself."""
    with template.house(seed=fault_seed) as house:
        page = f"GET /play/{SLUG} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        told: list[Counter[int]] = []
        crush = threading.Thread(
            target=lambda: told.append(flood(house, connections=900, seconds=60, request=page)), daemon=True
        )
        with house.crowd().playing() as ledger:
            crush.start()
            crush.join()
            house.wait_until_healthy()
        assert told[0][503] > 100 and told[0][200] > 100
        assert set(told[0]) <= {200, 503}
        answers = sorted(one.seconds for one in ledger.requests if one.path.endswith("/answers") and one.status == 200)
        assert answers[int(len(answers) * 0.99)] < 3
        assert judge(house, ledger, fault=f"F33 overload: {told[0][200]} served, {told[0][503]} shed") == {}


@pytest.mark.slow
def test_f34_slow_and_idle_connections(template: Template, fault_seed: int, judge: Judge) -> None:
    """Connections that say nothing, or a letter a second, hold nobody up."""
    with template.house(seed=fault_seed) as house:
        host, port = house.stack.base_url.rsplit("//", 1)[1].split(":")
        idle = [socket.create_connection((host, int(port))) for _number in range(1500)]
        slow = [socket.create_connection((host, int(port))) for _number in range(200)]
        with house.crowd().playing() as ledger:
            for letter in "PUT /api":
                for one in slow:
                    try:
                        one.send(letter.encode())
                    except OSError:
                        continue
                time.sleep(1)
        for one in (*idle, *slow):
            one.close()
        house.wait_until_healthy()
        assert judge(house, ledger, fault="F34 1,700 slow and idle connections", had_outage=False) == {}
