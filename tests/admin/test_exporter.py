"""What Prometheus reads: everything that the documentation and the alerts name, and nothing else."""

from __future__ import annotations

import contextlib
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from quizapp.admin.exporter import HouseCollector
from quizapp.admin.house import Look
from quizapp.admin.samples import newest_sample_at, samples_since, take_sample
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import state
from quizapp.play.models import DeadLetter, RecorderPosition
from quizapp.play.rebuild import open_if_new
from quizapp.play.state import Shard
from tests.contests.makers import make_published
from tests.ports import HOST, free_port
from tests.stack import Stack

ROOT = Path(__file__).parents[2]
METRIC = re.compile(r"quizapp_[a-z_]+")
ENDINGS = ("_bucket", "_sum", "_count")


@pytest.fixture(scope="module")
def scraped() -> Iterator[str]:
    """What a whole installation tells after its first minute sample and a few requests."""
    address = f"{HOST}:{free_port()}"
    with Stack.running("--demo", settings={"QUIZAPP_METRICS": address}) as stack:
        for path in ("/play/demo", "/api/v1/contests/demo/pulse", "/no/such/page"):
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(f"{stack.base_url}{path}", timeout=20).close()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{stack.base_url}/metrics", timeout=20)
        yield scrape_until(address, 'sort="other"', "quizapp_duties_age_seconds")


def scrape_until(address: str, *wanted: str) -> str:
    give_up_at = time.monotonic() + 90
    text = ""
    while time.monotonic() < give_up_at:
        try:
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as answer:
                text = answer.read().decode()
        except urllib.error.URLError:
            text = ""
        if all(word in text for word in wanted):
            return text
        time.sleep(1)
    raise AssertionError(text)


def names(text: str) -> set[str]:
    """The metrics' names, for histograms without the endings of their parts."""
    found = set()
    for name in METRIC.findall(text):
        ending = next((ending for ending in ENDINGS if name.endswith(f"_seconds{ending}")), "")
        found.add(name.removesuffix(ending))
    return found


def test_everything_told_is_documented_and_everything_documented_is_told(scraped: str) -> None:
    told = names("\n".join(line for line in scraped.splitlines() if not line.startswith("#")))
    documented = names((ROOT / "docs" / "metrics.md").read_text())
    assert told == documented


def test_every_alert_names_metrics_that_are_told(scraped: str) -> None:
    alerts = (ROOT / "deploy" / "prometheus-alerts.yml").read_text()
    told = set(METRIC.findall(scraped))
    expressions = "\n".join(line for line in alerts.splitlines() if "summary:" not in line)
    assert set(METRIC.findall(expressions)) - told == set()
    assert alerts.count("- alert:") == alerts.count("expr:") == alerts.count("summary:")


def test_the_labels_of_alerts_have_values_that_are_told(scraped: str) -> None:
    alerts = (ROOT / "deploy" / "prometheus-alerts.yml").read_text()
    sorts = set(re.findall(r'sort="(\w+)"', alerts)) | set(re.findall(r'kind="(\w+)"', alerts))
    documented = (ROOT / "docs" / "metrics.md").read_text()
    assert sorts == {word for word in sorts if f"`{word}`" in documented}


def test_names_and_units_follow_prometheus(scraped: str) -> None:
    for family in text_string_to_metric_families(scraped):
        assert family.documentation
        counted = [sample.name for sample in family.samples if family.type == "counter"]
        assert all(name.endswith("_total") for name in counted)
        assert not (family.type == "gauge" and family.name.endswith("_total"))
        assert family.type != "histogram" or family.name.endswith("_seconds")


def test_the_processes_of_the_installation_are_alive(scraped: str) -> None:
    found = {sample.labels.get("kind"): sample.value for sample in samples(scraped, "quizapp_processes_alive")}
    assert found["web"] >= 2
    assert found["record"] == 1
    assert [sample.value for sample in samples(scraped, "quizapp_redis_up")] == [1]
    assert [sample.value for sample in samples(scraped, "quizapp_sql_up")] == [1]


def samples(text: str, name: str) -> list:  # type: ignore[type-arg]
    return [one for family in text_string_to_metric_families(text) for one in family.samples if one.name == name]


# What is told when something is wrong


@pytest.fixture
def contest(app: Flask) -> Contest:
    made = make_published()
    open_if_new(shard=Shard(made.id), now=utc_now())
    return made


def test_visits_are_counted_and_do_not_step_back_while_a_contest_is_away(app: Flask, contest: Contest) -> None:
    look = Look(get_live())
    state.count_visit(get_live(), Shard(contest.id), visitor="a")
    assert look.take(now=utc_now()).visits == 1
    state.write_gate(get_live(), Shard(contest.id), ["halted", 1])
    house = look.take(now=utc_now())
    assert (house.visits, house.playing) == (1, 0)


def test_halts_and_dead_letters_are_told(app: Flask, contest: Contest) -> None:
    position = db.session.get_one(RecorderPosition, (contest.id, 0))
    position.halted_reason = "went back"
    db.session.add(DeadLetter(contest_id=contest.id, shard=0, stream_id="1-0", event="{}", reason="bad", at=utc_now()))
    db.session.commit()
    house = Look(get_live()).take(now=utc_now())
    assert (house.halted_shards, house.dead_letters) == (1, 1)


def test_what_is_down_is_said_and_the_rest_is_told(app: Flask, contest: Contest) -> None:
    app.extensions["quizapp.live"] = type(get_live())("unix:///nowhere")
    told = {metric.name: metric.samples for metric in HouseCollector(app).collect()}
    assert told["quizapp_redis_up"][0].value == 0
    assert told["quizapp_sql_up"][0].value == 1
    assert told["quizapp_dead_letters"][0].value == 0
    assert "quizapp_playing" not in told


def test_without_sql_redis_is_still_told(app: Flask, contest: Contest) -> None:
    db.session.execute(db.text("drop table dead_letter"))
    db.session.commit()
    told = {metric.name: metric.samples for metric in HouseCollector(app).collect()}
    assert told["quizapp_sql_up"][0].value == 0
    assert told["quizapp_redis_memory_used_bytes"][0].value > 0


def test_a_minute_is_sampled_once_and_kept_for_a_day(app: Flask, contest: Contest) -> None:
    now = utc_now().replace(second=10)
    for moment in (now - timedelta(days=2), now, now.replace(second=40)):
        take_sample(moment)
    kept = samples_since(get_live(), now - timedelta(days=9))
    assert [figures["playing"] for figures in kept.values()] == [0]
    assert newest_sample_at(get_live()) == now.replace(second=0, microsecond=0)
