from __future__ import annotations

import pytest
from flask import Flask


@pytest.fixture(autouse=True)
def no_wait_after_outage(request: pytest.FixtureRequest) -> None:
    """The test's Valkey has just been started, which counts as an outage; tests of the wait set their own."""
    if "app" in request.fixturenames:
        app: Flask = request.getfixturevalue("app")
        app.config["PLAY_OUTAGE_WAIT_MS"] = 0
