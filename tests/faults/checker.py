"""The independent checker: what people were promised against SQL and Redis, without any code of the app.

Each invariant is a function of the evidence that returns its violations as sentences; none when it holds.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import psycopg.rows
import redis

from tests.blackbox.contest import KEYS
from tests.blackbox.test_phones import canonical
from tests.faults.ledger import LATE_SEQ, SLOWEST_SECONDS, Begun, Ledger, Played, Request

GRACE_MS = 5_000
OUTAGE_MS = 60_000
POINTS = 10_00
"""Hundredths for each question of tests.blackbox.contest."""
ALLOWED = range(200, 500)
RESULT = ("finish", "finished_ms", "score_hundredths", "right", "answered", "duration_ms")

Row = dict[str, Any]


def read_sql(database: str, query: str) -> list[Row]:
    """The rows of a query as dicts; `database` is an address as the app is given it."""
    if database.startswith("sqlite"):
        path = database.removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]
    url = database.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(query).fetchall()  # type: ignore[call-overload, no-any-return]


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def moment_ms(value: Any) -> int:
    """A moment of SQL, in UTC, in ms since 1970."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return round(moment.replace(tzinfo=moment.tzinfo or ZoneInfo("UTC")).timestamp() * 1000)


@dataclass
class Evidence:
    """All that is looked at: the ledger, the records of one contest, its live state."""

    ledger: Ledger
    contest: Row
    attempts: dict[str, Row]
    answers: list[Row]
    questions: list[Row]
    dead_letters: list[Row]
    shift_ms: int
    """What was added to the deadlines of the contest in all."""
    waiting: int
    counters: Mapping[str, int]
    """Sums over the shards, as what is waiting and open; the board is one of them all."""
    board: list[tuple[str, int]]
    deadlines: Collection[str]
    had_outage: bool = True
    """Live state was away at times: then phones may send again for a minute after a deadline."""
    forgiven: tuple[float, float] = (0.0, 0.0)
    """When live data were lost for good: what was acknowledged between these moments may be lost as well."""
    unanswered: int = 0
    """So many requests may have got no reply, since those who were at work on them were killed."""
    keys: Mapping[int, Any] = field(default_factory=dict)
    """Question → its key, where it was corrected after publishing; None where it was voided."""
    marked_anew_at: float = 0.0
    """When the last correction was carried through; what was told before is a score by former keys."""

    def must_hold(self, at: float) -> bool:
        """Whether what was acknowledged at a moment must be kept."""
        return not self.forgiven[0] <= at <= self.forgiven[1]

    @cached_property
    def played(self) -> dict[str, list[Played]]:
        """What people know of each attempt; one who left and came back knows it twice."""
        found: dict[str, list[Played]] = defaultdict(list)
        for one in self.ledger.played:
            found[one.attempt].append(one)
        return found

    def results_of(self, attempt: str) -> list[Row]:
        """What was told about an attempt's end, as far as it must still be true."""
        since = self.marked_anew_at
        kept = [one for one in self.played.get(attempt, []) if one.finished_at and one.finished_at > since]
        return [result for one in kept if self.must_hold(one.finished_at or 0.0) for result in one.results]

    def points_of(self, question: int, response: Any) -> int:
        """Our own marking of a recorded response, in hundredths; what was voided is added to the attempt instead."""
        kind = self.kinds.get(question, "single")
        key = self.keys.get(question, KEYS[kind])
        return POINTS if key is not None and is_right(kind, response, key) else 0

    def voided_of(self, attempt: str) -> set[int]:
        """The questions on an attempt's paper that were voided."""
        shown = {number for one in self.played.get(attempt, []) for number in one.questions}
        return {number for number, key in self.keys.items() if key is None} & shown

    @cached_property
    def closes_ms(self) -> int:
        return moment_ms(self.contest["closes_at"])

    def deadline_of(self, row: Row) -> int:
        """When an attempt's time is up, in ms since 1970."""
        if row["deadline_ms"] is None:
            return self.closes_ms
        return int(min(self.closes_ms, row["deadline_ms"] + self.shift_ms - row["shift_ms"]))

    @cached_property
    def begins_of(self) -> dict[str, list[Begun]]:
        """What each person was told to have begun."""
        found: dict[str, list[Begun]] = defaultdict(list)
        for begun in self.ledger.begins:
            found[begun.person].append(begun)
        return found

    @cached_property
    def answers_of(self) -> dict[str, dict[int, Row]]:
        found: dict[str, dict[int, Row]] = defaultdict(dict)
        for answer in self.answers:
            found[answer["attempt_id"]][answer["question_id"]] = answer
        return found

    @cached_property
    def kinds(self) -> dict[int, str]:
        """Question id → its kind, as far as anybody was shown it."""
        return {number: shown["kind"] for one in self.ledger.played for number, shown in one.questions.items()}


def gather(*, ledger: Ledger, slug: str, database: str, live: redis.Redis) -> Evidence:
    """Read everything once; all must be at rest."""

    def rows(query: str) -> list[Row]:
        return read_sql(database, query)

    contest = rows(f"select * from contest where slug = '{slug}'")[0]
    number = contest["id"]
    attempts = rows(f"select * from attempt where contest_id = {number}")
    of_contest = f"attempt_id in (select id from attempt where contest_id = {number})"
    answers = rows(f"select * from answer where {of_contest}")
    for answer in answers:
        answer["response"] = _decoded(answer["response"])
    clock = rows(f"select shift_ms from contest_clock where contest_id = {number}")
    tags = [f"{{c{number}.{shard}}}" for shard in range(contest["shard_count"])]
    counters: Counter[str] = Counter()
    board: list[tuple[str, int]] = []
    deadlines: set[str] = set()
    for tag in tags:
        counters.update({name: int(value) for name, value in live.hgetall(f"play:{tag}:counters").items()})
        rows_of_shard: Any = live.zrange(f"leaderboards:{tag}:overall", 0, -1, desc=True, withscores=True)
        board += [(person, int(rank)) for person, rank in rows_of_shard]
        deadlines |= set(live.zrange(f"play:{tag}:deadlines", 0, -1))
    return Evidence(
        ledger=ledger,
        contest=contest,
        attempts={attempt["id"]: attempt for attempt in attempts},
        answers=answers,
        questions=rows("select id, times_answered, times_right from question"),
        dead_letters=rows(f"select * from dead_letter where contest_id = {number}"),
        shift_ms=clock[0]["shift_ms"] if clock else 0,
        waiting=sum(live.xlen(f"play:{tag}:stream") for tag in tags),
        counters=counters,
        board=board if len(tags) == 1 else sorted(board, key=in_order, reverse=True),
        deadlines=deadlines,
    )


# Marking, told by what the test itself wrote into the bank


def as_recorded(question: Row, response: Any) -> Any:
    """A response to a question as it was shown, as SQL keeps it: by the bank's own ids, pairs like "A3" in order."""
    if not response:
        return response
    found = canonical(question, response)
    return sorted(left + right for left, right in found.items()) if isinstance(found, dict) else found


def is_right(kind: str, recorded: Any, key: list[Any]) -> bool:
    """Whether a recorded response is the whole right answer."""
    if kind == "fill_in":
        return bool(recorded) and all(text in accepted for text, accepted in zip(recorded, key, strict=True))
    return bool(recorded == key)


# The invariants


def acknowledged_is_recorded(evidence: Evidence) -> Iterator[str]:
    """I1: every begin, answer and hand-in that was acknowledged is in SQL."""
    for begun in evidence.ledger.begins:
        if begun.attempt not in evidence.attempts and evidence.must_hold(begun.at):
            yield f"begin {begun.key}: attempt {begun.attempt} is not recorded"
    for attempt, known in evidence.played.items():
        row = evidence.attempts.get(attempt)
        if row is None:
            continue
        for one in known:
            yield from _promises_kept(evidence, one)
            if one.finished_at and row["finish"] is None and evidence.must_hold(one.finished_at):
                yield f"{attempt}: the acknowledged hand-in is not recorded"


def _promises_kept(evidence: Evidence, one: Played) -> Iterator[str]:
    for promise in one.standing(evidence.must_hold).values():
        question, seq = promise.question, promise.seq
        recorded = evidence.answers_of[one.attempt].get(question)
        if recorded is None or recorded["seq"] < seq:
            found = recorded["seq"] if recorded else None
            yield f"{one.attempt}/{question}: number {seq} was acknowledged, {found} is recorded"
        elif recorded["seq"] == seq:
            wanted = as_recorded(one.questions[question], promise.response)
            if recorded["response"] != wanted:
                yield f"{one.attempt}/{question}: {wanted} was acknowledged, {recorded['response']} is recorded"


def recorded_was_sent(evidence: Evidence) -> Iterator[str]:
    """I2: every answer in SQL was sent by somebody, and none is older than what was acknowledged."""
    for answer in evidence.answers:
        attempt, question, seq = answer["attempt_id"], answer["question_id"], answer["seq"]
        known = evidence.played.get(attempt, [])
        sent = [
            as_recorded(one.questions[question], one.sent[question, seq])
            for one in known
            if (question, seq) in one.sent
        ]
        if answer["response"] not in sent:
            yield f"{attempt}/{question}: {answer['response']} with number {seq} was never sent, but {sent}"


def each_once(evidence: Evidence) -> Iterator[str]:
    """I3: nothing twice, and nobody more often than allowed."""
    yield from _attempts_once(evidence)
    seen = Counter((answer["attempt_id"], answer["question_id"]) for answer in evidence.answers)
    yield from (f"{name}: {count} rows" for name, count in seen.items() if count > 1)
    for attempt in evidence.played:
        results = {_fixed(result) for result in evidence.results_of(attempt)}
        if len(results) > 1:
            yield f"{attempt}: {len(results)} different results were told"
    yield from _quota_kept(evidence)
    yield from _uses_once(evidence)


def _fixed(result: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of a result stays as it was told, as SQL writes it."""
    score = None if result["score"] is None else round(result["score"] * 100)
    finished_ms = moment_ms(result["finished_at"])
    return result["finish"], finished_ms, score, result["right"], result["answered"], result["duration_ms"]


def _attempts_once(evidence: Evidence) -> Iterator[str]:
    told: dict[str, set[str]] = defaultdict(set)
    for begun in evidence.ledger.begins:
        if evidence.must_hold(begun.at):
            told[begun.key].add(begun.attempt)
    yield from (f"key {key}: {len(found)} attempts were told" for key, found in told.items() if len(found) > 1)
    keys = Counter((row["person"], row["begin_key"]) for row in evidence.attempts.values() if row["begin_key"])
    yield from (f"key {key}: {count} attempts of {person}" for (person, key), count in keys.items() if count > 1)
    for row in evidence.attempts.values():
        if row["begin_key"] not in evidence.ledger.keys_sent:
            yield f"attempt {row['id']}: nobody began with the key {row['begin_key']}"


def _quota_kept(evidence: Evidence) -> Iterator[str]:
    zone, contest = ZoneInfo(evidence.contest["timezone"]), evidence.contest
    by_person, by_day = Counter[str](), Counter[tuple[str, str]]()
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in evidence.attempts.values():
        started = datetime.fromtimestamp(row["started_ms"] / 1000, ZoneInfo("UTC")).astimezone(zone)
        by_person[row["person"]] += 1
        by_day[row["person"], started.date().isoformat()] += 1
        numbers[row["person"]].append(row["number"])
    if total := contest["attempts_total"]:
        yield from (f"{person}: {count} attempts of {total}" for person, count in by_person.items() if count > total)
    if daily := contest["attempts_per_day"]:
        yield from (f"{who}: {count} attempts of {daily} a day" for who, count in by_day.items() if count > daily)
    for person, found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield f"{person}: the attempts are numbered {sorted(found)}"


def _uses_once(evidence: Evidence) -> Iterator[str]:
    """How often questions were answered in finished attempts; the installation holds this contest alone.

    What was voided says nothing about how hard a question is, and is not counted.
    """
    answered, right = Counter[int](), Counter[int]()
    for answer in evidence.answers:
        is_voided = evidence.keys.get(answer["question_id"], ()) is None
        if not is_voided and evidence.attempts[answer["attempt_id"]]["finish"] and answer["response"]:
            answered[answer["question_id"]] += 1
            right[answer["question_id"]] += bool(answer["is_right"])
    for question in evidence.questions:
        number = question["id"]
        found = question["times_answered"], question["times_right"]
        if found != (answered[number], right[number]):
            yield f"question {number}: used {answered[number]} and right {right[number]} times, recorded {found}"


def in_order(row: tuple[str, int]) -> tuple[int, bytes]:
    """Rank, and among equals the person, as Redis has them."""
    person, rank = row
    return rank, person.encode()


def board_is_recomputed(evidence: Evidence) -> Iterator[str]:
    """I4: the board in Redis is what SQL gives, ties and their order included."""
    best: dict[str, int] = {}
    for row in evidence.attempts.values():
        if row["finish"] and not row["is_flagged"]:
            rank = max(0, row["score_hundredths"]) * 2**31 + 2**31 - 1 - row["duration_ms"]
            best[row["person"]] = max(rank, best.get(row["person"], 0))
    expected = sorted(best.items(), key=in_order, reverse=True)
    if expected != evidence.board:
        first = next((pair for pair in zip(expected, evidence.board, strict=False) if pair[0] != pair[1]), None)
        yield f"the board has {len(evidence.board)} rows for {len(expected)}; first difference {first}"


def counters_are_counted(evidence: Evidence) -> Iterator[str]:
    """I5: live counters, event numbers and open attempts are what SQL counts."""
    responses = sum(bool(answer["response"]) for answer in evidence.answers)
    # Each question of tests.blackbox.contest has one topic.
    expected = {
        "begun": len(evidence.attempts),
        "finished": sum(row["finish"] is not None for row in evidence.attempts.values()),
        "answers": responses,
        "points": responses,
    }
    found = {name: int(evidence.counters.get(name, 0)) for name in expected}
    if found != expected:
        yield f"counters: {expected} by SQL, {found} live"
    still_open = {attempt for attempt, row in evidence.attempts.items() if row["finish"] is None}
    if still_open != evidence.deadlines:
        yield f"open attempts: {len(still_open)} by SQL, {len(evidence.deadlines)} live"


def all_is_carried_over(evidence: Evidence) -> Iterator[str]:
    """I6: nothing waits in the stream, and nothing was put aside."""
    if evidence.waiting:
        yield f"{evidence.waiting} events wait in the stream"
    for letter in evidence.dead_letters:
        yield f"dead letter {letter['stream_id']}: {letter['reason']}"


def nothing_too_late(evidence: Evidence) -> Iterator[str]:
    """I7: no answer was taken after its deadline and grace; after an outage phones have a minute more.

    By the server's times, and by the phones': what was sent later was not acknowledged.
    """
    extra = GRACE_MS + (OUTAGE_MS if evidence.had_outage else 0)
    for answer in evidence.answers:
        row = evidence.attempts[answer["attempt_id"]]
        deadline = evidence.deadline_of(row)
        if answer["answered_ms"] > deadline + extra:
            yield f"{row['id']}: answered {answer['answered_ms'] - deadline} ms after the deadline"
        if answer["answered_ms"] < row["started_ms"]:
            yield f"{row['id']}: answered before the start"
    for one in evidence.ledger.recent:
        if one.path.endswith("/answers") and 200 <= one.status < 300:
            row = evidence.attempts.get(one.path.split("/")[2], {})
            if row and one.at * 1000 > evidence.deadline_of(row) + extra:
                late_ms = one.at * 1000 - evidence.deadline_of(row)
                yield f"{row['id']}: taken though it was sent {late_ms:.0f} ms after the deadline"


def replies_are_honest(evidence: Evidence) -> Iterator[str]:
    """I8: only 2xx, 503 with Retry-After, 4xx for a reason; nobody without a reply in the end.

    Of requests without any reply there are no more than what the fault itself cut off.
    """
    ledger = evidence.ledger
    for one in ledger.recent:
        if one.status == 503 and not one.has_retry_after:
            yield f"{one.method} {one.path}: 503 without Retry-After"
        elif one.status and one.status not in ALLOWED and one.status != 503:
            yield f"{one.method} {one.path}: {one.status} {one.code}"
        elif 400 <= one.status < 500 and not _has_reason(evidence, one):
            yield f"{one.method} {one.path}: refused with {one.status} {one.code} without a reason"
        if one.status == 0 and 0 < ledger.fault_ended_at < one.at:
            yield f"{one.method} {one.path}: no reply, though the fault was over"
    if (cut_off := sum(one.is_cut_off for one in ledger.recent)) > evidence.unanswered:
        yield f"{cut_off} requests got no reply, and at most {evidence.unanswered} were cut off"
    yield from (f"nobody answered any more: {text}" for text in ledger.gave_up)


def replies_come_in_time(evidence: Evidence) -> Iterator[str]:
    """I8-time: no reply takes more than 5 s; nobody waits for one in vain but whom the fault itself cut off."""
    ledger = evidence.ledger
    for one in ledger.recent:
        if one.seconds > SLOWEST_SECONDS:
            yield f"{one.method} {one.path}: {one.status} after {one.seconds:.1f} s"
    if ledger.refused[0] > evidence.unanswered:
        yield f"{ledger.refused[0]} requests got no reply in time, and at most {evidence.unanswered} were cut off"


def _has_reason(evidence: Evidence, one: Request) -> bool:
    """Whether what a refusal says was so when it came."""
    ended_ms = one.ended_at * 1000
    if one.path.startswith("/attempts/"):
        return _is_refused_rightly(evidence, one, one.path.split("/")[2])
    match one.status, one.code:
        case 409, "no_attempts_left":
            limits = [evidence.contest[name] for name in ("attempts_total", "attempts_per_day")]
            told = evidence.begins_of.get(one.person, [])
            begun = {begun.attempt for begun in told if begun.at <= one.ended_at}
            return len(begun) >= min(limit for limit in limits if limit)
        case 403, "not_open" | "contest_closed":
            return ended_ms >= evidence.closes_ms
    return False


def _is_refused_rightly(evidence: Evidence, one: Request, attempt: str) -> bool:
    """Whether an attempt was handed in, had no time left, or was lost with what may be lost."""
    known, row = evidence.played.get(attempt, []), evidence.attempts.get(attempt)
    match one.status, one.code:
        case 409, "finished":
            return any(played.asked_to_finish_at and played.asked_to_finish_at < one.ended_at for played in known)
        case 410, "expired":
            return row is not None and one.ended_at * 1000 >= evidence.deadline_of(row) + GRACE_MS
        case 404, "not_found":
            # While data that were lost are not back, or if they never come back.
            is_lost = row is None and not any(evidence.must_hold(played.begun_at) for played in known)
            return is_lost or not evidence.must_hold(one.at)
    return False


def scores_are_right(evidence: Evidence) -> Iterator[str]:
    """I9: marks and scores are what our own marking makes of the recorded answers, and what people were told."""
    for attempt, row in evidence.attempts.items():
        total = POINTS * len(evidence.voided_of(attempt))
        for question, answer in evidence.answers_of[attempt].items():
            points = evidence.points_of(question, answer["response"])
            total += points
            if points != answer["points_hundredths"]:
                yield f"{attempt}/{question}: {points} for {answer['response']}, recorded {answer['points_hundredths']}"
        if row["finish"] is None:
            continue
        if total != row["score_hundredths"]:
            yield f"{attempt}: score {total}, recorded {row['score_hundredths']}"
        for result in evidence.results_of(attempt):
            if result["score"] is not None and round(result["score"] * 100) != total:
                yield f"{attempt}: {result['score']} was told for {total} hundredths"


def nothing_leaks(evidence: Evidence) -> Iterator[str]:
    """I10: no explanation before the attempt is finished."""
    yield from (f"explained before the end: {text}" for text in evidence.ledger.leaks)


def finished_stays_finished(evidence: Evidence) -> Iterator[str]:
    """I11: after the hand-in nothing is taken any more, and each result is recorded as it was told."""
    for attempt, known in evidence.played.items():
        ends = [one.finished_at for one in known if one.finished_at]
        row = evidence.attempts.get(attempt)
        if row is None or not ends or not evidence.must_hold(min(ends)):
            continue
        for promise in (promise for one in known for promise in one.promises):
            if promise.at > min(ends) and promise.seq == LATE_SEQ:
                yield f"{attempt}/{promise.question}: taken after the hand-in"
        if row["finish"] is None:
            yield f"{attempt}: is open again"
            continue
        recorded = tuple(row[name] for name in RESULT)
        for told in {_fixed(result) for result in evidence.results_of(attempt)} - {recorded}:
            yield f"{attempt}: {told} was told, {recorded} is recorded"


def all_is_well_again(evidence: Evidence) -> Iterator[str]:
    """I12: soon after the fault somebody new could play and was recorded, and the others went on as before."""
    ledger = evidence.ledger
    if ledger.healthy_after is None:
        yield "nobody has tried to play after the fault and was recorded"
    if ledger.fault_ended_at and (lacking := ledger.lacks(ledger.fault_ended_at)):
        yield f"after the fault there were only {lacking}"


INVARIANTS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "I1": acknowledged_is_recorded,
    "I2": recorded_was_sent,
    "I3": each_once,
    "I4": board_is_recomputed,
    "I5": counters_are_counted,
    "I6": all_is_carried_over,
    "I7": nothing_too_late,
    "I8": replies_are_honest,
    "I8-time": replies_come_in_time,
    "I9": scores_are_right,
    "I10": nothing_leaks,
    "I11": finished_stays_finished,
    "I12": all_is_well_again,
}


def violations(evidence: Evidence, *, but: Collection[str] = ()) -> dict[str, list[str]]:
    """The violations of all invariants by name, without those named in `but`."""
    found = {name: list(invariant(evidence)) for name, invariant in INVARIANTS.items() if name not in but}
    return {name: sentences for name, sentences in found.items() if sentences}
