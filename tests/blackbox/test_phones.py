"""200 phones play a contest of a real installation; their own account equals the exported results and the board."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.contest import make_contest
from tests.blackbox.phones import Phone, Played, Refused, expected_points
from tests.stack import Stack

PHONES, THREADS, SLUG = 200, 16, "blackbox"
SETTLE_SECONDS = 2.5
"""A worker gives figures that it has read, and replies that it has made of them, for a second each."""


@pytest.fixture(scope="module")
def campaign() -> Iterator[tuple[Stack, list[Phone]]]:
    """A finished campaign: each phone has played one attempt, every third one two."""
    with Stack.running() as stack:
        make_contest(stack)
        phones = [Phone(stack.base_url, SLUG, number) for number in range(PHONES)]

        def live(phone: Phone) -> None:
            with closing(phone):
                phone.enter()
                for _attempt in range(2 if phone.number % 3 == 0 else 1):
                    phone.play()

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(live, phones))
        yield stack, phones


@pytest.fixture(scope="module")
def exported(campaign: tuple[Stack, list[Phone]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The exported rows by attempt, once the recorder has carried everything over."""
    stack, _phones = campaign
    verified = stack.run_cli("play", "verify", SLUG, "--json")
    assert json.loads(verified.stdout)["differences"] == 0
    path = tmp_path_factory.mktemp("export") / "results.jsonl"
    stack.run_cli("report", "results", SLUG, "--format", "jsonl", "--output", str(path))
    return rows_of(path)


def rows_of(path: Path) -> dict[str, Any]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {row["attempt"]: row for row in rows}


def attempts_of(phones: list[Phone]) -> list[tuple[Phone, Played]]:
    return [(phone, played) for phone in phones for played in phone.played]


def canonical(question: dict[str, Any], response: Any) -> Any:
    """The keys shown as the bank's own: each option's text ends with its id there."""
    if question["kind"] in ("true_false", "fill_in"):
        return response
    ids = {option["key"]: option["text"][-1] for option in question["options"]}
    if question["kind"] == "matching":
        return {ids[left]: ids[right] for left, right in response.items()}
    found = [ids[key] for key in response]
    return found if question["kind"] == "ordering" else sorted(found)


def test_the_export_holds_every_attempt_and_no_other(
    campaign: tuple[Stack, list[Phone]], exported: dict[str, Any]
) -> None:
    played = {one.attempt for _phone, one in attempts_of(campaign[1])}
    assert set(exported) == played
    assert len(played) == PHONES + (PHONES + 2) // 3


def test_every_acknowledged_answer_is_in_the_export(
    campaign: tuple[Stack, list[Phone]], exported: dict[str, Any]
) -> None:
    for phone, played in attempts_of(campaign[1]):
        row = exported[played.attempt]
        assert row["name"] == phone.name
        found = {answer["question"]: answer["response"] for answer in row["answers"]}
        expected = {
            question: canonical(played.questions[question], response)
            for question, (_seq, response) in played.acknowledged.items()
        }
        assert found == expected


def test_every_result_is_the_sum_of_its_answers(campaign: tuple[Stack, list[Phone]], exported: dict[str, Any]) -> None:
    for _phone, played in attempts_of(campaign[1]):
        assert played.result
        row = exported[played.attempt]
        assert played.result["score"] == expected_points(played) == row["score"]
        assert played.result["duration_ms"] == row["duration_ms"]
        assert (row["finish"], row["full_score"]) == ("handed_in", 100)


def test_the_board_is_the_phones_own_ranking_ties_included(campaign: tuple[Stack, list[Phone]]) -> None:
    stack, phones = campaign
    best: dict[str, tuple[float, int]] = {}
    for phone, played in attempts_of(phones):
        assert played.result
        rank = (played.result["score"], -played.result["duration_ms"])
        best[phone.name] = max(best.get(phone.name, (-1, 0)), rank)
    better = Counter(best.values())
    places = {rank: 1 + sum(count for other, count in better.items() if other > rank) for rank in better}
    with closing(Phone(stack.base_url, SLUG, 0)) as reader:
        _status, board = reader.call("GET", f"/contests/{SLUG}/boards/overall?top=200")
        own = {
            phone.name: reader.call("GET", f"/contests/{SLUG}/boards/overall?top=1", token=phone.token)[1]["own"]
            for phone in phones[::20]
        }
    assert board["people"] == PHONES
    assert {row["name"]: (row["place"], row["score"], row["duration_ms"]) for row in board["rows"]} == {
        name: (places[rank], rank[0], -rank[1]) for name, rank in best.items()
    }
    assert [row["place"] for row in board["rows"]] == sorted(row["place"] for row in board["rows"])
    assert {name: row["place"] for name, row in own.items()} == {name: places[best[name]] for name in own}


def test_the_figures_are_the_phones_own(campaign: tuple[Stack, list[Phone]]) -> None:
    stack, phones = campaign
    time.sleep(SETTLE_SECONDS)
    with closing(Phone(stack.base_url, SLUG, 0)) as reader:
        _status, pulse = reader.call("GET", f"/contests/{SLUG}/pulse")
    attempts = attempts_of(phones)
    answers = sum(len(played.acknowledged) for _phone, played in attempts)
    assert (pulse["begun"], pulse["finished"], pulse["visits"]) == (len(attempts), len(attempts), PHONES)
    assert (pulse["answers"], pulse["knowledge_points"]) == (answers, answers)
    assert abs(pulse["visitors"] - PHONES) <= 4
    assert 1 <= pulse["peak"] <= THREADS + 2


def test_nobody_gets_more_attempts_than_allowed(campaign: tuple[Stack, list[Phone]]) -> None:
    phone = campaign[1][0]
    with closing(phone), pytest.raises(Refused) as refusal:
        phone.play()
    assert (refusal.value.status, refusal.value.code) == (409, "no_attempts_left")
