"""Addresses of the live store: what each form means, and that a wrong one is told with what was expected."""

from __future__ import annotations

import pytest

from quizapp.core.redis_address import Address, parse_address


@pytest.mark.parametrize("url", ["redis://h:1/0", "rediss://u:p@h:1", "unix://u:p@/run/v.sock"])
def test_what_the_client_library_reads_is_left_to_it(url: str) -> None:
    assert parse_address(url) == Address(url)


def test_sentinels_and_their_service_are_read() -> None:
    url = "rediss+sentinel://app:p%40ss@a:26379,[::1]:26380/play?sentinel_username=s&sentinel_password=t"
    assert parse_address(url) == Address(
        url,
        "sentinel",
        is_encrypted=True,
        hosts=(("a", 26379), ("::1", 26380)),
        service="play",
        username="app",
        password="p@ss",
        sentinel_username="s",
        sentinel_password="t",
    )


@pytest.mark.parametrize("end", ["", "/"])
def test_the_nodes_of_a_cluster_are_read(end: str) -> None:
    url = f"redis+cluster://a:7000,b:7001{end}"
    assert parse_address(url) == Address(url, "cluster", hosts=(("a", 7000), ("b", 7001)))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("localhost:6379", "redis://HOST"),
        ("http+sentinel://a:1/s", "redis://HOST"),
        ("redis+ring://a:1", "redis://HOST"),
        ("redis+sentinel://a:1", "the name"),
        ("redis+sentinel://a:1/s/0", "the name"),
        ("redis+sentinel://a/s", "HOST:PORT"),
        ("redis+sentinel://a:1,/s", "HOST:PORT"),
        ("redis+sentinel://a:66000/s", "HOST:PORT"),
        ("redis+sentinel:///s", "HOST:PORT"),
        ("redis+cluster://a:1/0", "no path"),
        ("redis+cluster://a:1?sentinel_password=x", "no options but"),
        ("redis+sentinel://a:1/s?db=2", "no options but"),
    ],
)
def test_a_wrong_address_is_told_with_what_was_expected(url: str, expected: str) -> None:
    with pytest.raises(ValueError, match=rf"expected .*{expected}"):
        parse_address(url)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        parse_address("redis+sentinel://app:hunter2/x@a:1/s")
    assert "hunter2" not in str(caught.value)
