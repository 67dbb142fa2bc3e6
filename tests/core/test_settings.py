"""Settings: each wrong one is named with what was expected."""

from __future__ import annotations

import pytest

from quizapp.core.settings import WrongSetting, load_settings

GOOD = {
    "QUIZAPP_DATABASE_URL": "sqlite:////var/lib/quizapp/q.sqlite",
    "QUIZAPP_REDIS_URL": "redis://127.0.0.1:6379/0",
    "QUIZAPP_SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "QUIZAPP_FIELD_KEY": "fedcba9876543210fedcba9876543210",
}


def test_good_settings_are_read() -> None:
    settings = load_settings(GOOD | {"QUIZAPP_PUBLIC_URL": "https://quiz.example.gov.cn/", "HOME": "/home/ada"})
    assert settings.database_url == "sqlite:////var/lib/quizapp/q.sqlite"
    assert settings.public_url == "https://quiz.example.gov.cn"
    assert settings.is_https
    assert settings.limits_url == settings.redis_url


def test_plain_postgresql_address_means_psycopg() -> None:
    settings = load_settings(GOOD | {"QUIZAPP_DATABASE_URL": "postgresql://u:p@h/d"})
    assert settings.database_url == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:p@h/d"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis+sentinel://h:26379"),
        ("CACHE_URL", "memcached://h"),
        ("CACHE_URL", "redis+cluster://h:7000"),
        ("REPLICAS", "-1"),
        ("REPLICAS", "6"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 40),
        ("SECRET_KEY_FALLBACKS", "short,ones"),
        ("FIELD_KEY", ""),
        ("PUBLIC_URL", "quiz.example.gov.cn"),
        ("PUBLIC_URL", "https://quiz.example.gov.cn/path"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "many"),
        ("TIMEZONE", "Mars/Olympus"),
        ("TIMEZONE", "../../etc/passwd"),
        ("DURABILITY", "never"),
        ("SHARDS", "0"),
        ("SHARDS", "65"),
        ("SHARDS", "three"),
        ("LISTENERS", "4001"),
        ("LISTENERS", "-1"),
        ("METRICS", "9464"),
        ("METRICS", "127.0.0.1:0"),
        ("METRICS", "127.0.0.1:http"),
        ("FOUR_EYES", "yes"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_wrong_value_is_named_with_what_was_expected(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"QUIZAPP_{name}: expected"):
        load_settings(GOOD | {f"QUIZAPP_{name}": value})


@pytest.mark.parametrize("name", sorted(GOOD))
def test_missing_value_is_named(name: str) -> None:
    with pytest.raises(WrongSetting, match=f"{name}: must be set"):
        load_settings({key: value for key, value in GOOD.items() if key != name})


def test_unknown_setting_is_named_with_the_known_ones() -> None:
    with pytest.raises(WrongSetting, match=r"QUIZAPP_COLOUR: unknown setting.*QUIZAPP_DATABASE_URL"):
        load_settings(GOOD | {"QUIZAPP_COLOUR": "red"})


def test_all_complaints_come_at_once() -> None:
    with pytest.raises(WrongSetting) as caught:
        load_settings({"QUIZAPP_REDIS_URL": "x", "QUIZAPP_COLOUR": "red"})
    assert len(str(caught.value).splitlines()) == 5


def test_no_secret_is_repeated_in_a_complaint() -> None:
    with pytest.raises(WrongSetting) as caught:
        load_settings(GOOD | {"QUIZAPP_SECRET_KEY": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_a_cluster_needs_another_server_for_limits() -> None:
    cluster = {"QUIZAPP_REDIS_URL": "redis+cluster://h:7000,h:7001", "QUIZAPP_REPLICAS": "1"}
    with pytest.raises(WrongSetting, match="QUIZAPP_CACHE_URL: must be set beside a cluster"):
        load_settings(GOOD | cluster)
    settings = load_settings(GOOD | cluster | {"QUIZAPP_CACHE_URL": "redis+sentinel://h:26379/limits"})
    assert (settings.replicas, settings.limits_url) == (1, "redis+sentinel://h:26379/limits")
