"""Who is counted as one."""

from __future__ import annotations

import pytest

from quizapp.core.throttle import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("", "unknown"),
    ],
)
def test_a_network_is_an_address_or_a_subscriber_of_ipv6(address: str, network: str) -> None:
    assert network_of(address) == network
