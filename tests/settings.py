"""Settings of an app for a test or a bench; without pytest, whose memory would be taken for the program's."""

from __future__ import annotations

from pathlib import Path

from quizapp.core.settings import Settings


def make_settings(*, database_url: str, redis_url: str, data_dir: Path, **changes: object) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        secret_key="test-secret-key-0123456789abcdefghijklmnop",
        field_key="test-field-key-0123456789abcdefghijklmnopq",
        data_dir=data_dir,
        public_url="http://localhost",
        **changes,  # type: ignore[arg-type]
    )
