"""A contest in six shards on a cluster: what is recorded while a server is away for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.app import create_app
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.core.settings import Settings
from quizapp.play import state, wide_state
from quizapp.play.jobs import Recorder
from quizapp.play.state import Shard
from tests import valkeys
from tests.conftest import make_settings
from tests.play.makers import Phone, make_contest
from tests.valkeys import ClusterNodes


@pytest.fixture
def nodes() -> Iterator[ClusterNodes]:
    with valkeys.cluster() as running:
        yield running


@pytest.fixture
def app(settings: Settings, nodes: ClusterNodes, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(
        make_settings(database_url=settings.database_url, redis_url=nodes.url, data_dir=tmp_path, shards=6)
    )
    app.testing = True
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("key", [wide_state.LEASE_KEY, wide_state.PACE_KEY])
def test_what_the_recorder_keeps_for_itself_may_be_away(
    app: Flask, nodes: ClusterNodes, client: FlaskClient, key: str
) -> None:
    shards, live = make_contest(shards=6).shards, get_live()
    lost = nodes.primary_of(key)
    well = [shard for shard in shards if nodes.primary_of(state.stream_key(shard)) is not lost]
    keeper, standby = Recorder(live), Recorder(live)
    assert keeper.turn(utc_now()) is False
    assert standby.turn(utc_now()) is False
    for node in nodes.pair_of(key):
        node.kill()
    phones: dict[Shard, Phone] = {}
    while len(phones) < len(well):
        phone = Phone(client)
        phone.enter(f"人{len(phones)}")
        shard = shards.of(phone.entry)
        if shard in well and shard not in phones:
            assert phone.begin().status_code == 201
            phones[shard] = phone

    def records_all() -> bool:
        keeper._duties_due = 0
        keeper.turn(utc_now())
        return not any(state.count_events(live, shard) for shard in well)

    valkeys.wait_until(records_all)
    if key == wide_state.LEASE_KEY:
        standby.turn(utc_now())
        assert standby.positions == {}
