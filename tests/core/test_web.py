"""What every page and call shares."""

from __future__ import annotations

from flask.testing import FlaskClient


def test_health_answers(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json == {"status": "ok", "checks": {"sql": True, "redis": True}}
