"""The settings of Redis on which durability rests."""

from __future__ import annotations

import pytest
import redis
from flask import Flask

from quizapp.core.durability import durability_settings, memory_setting, read_settings
from quizapp.core.embedded import Valkey
from quizapp.core.live import Live, LiveStoreDown, get_live


def test_are_read_with_the_rights_of_the_app(app: Flask) -> None:
    found = {setting.name: setting.value for setting in durability_settings(get_live(), durability="always")}
    assert found == {
        "appendonly": "yes",
        "appendfsync": "always",
        "no-appendfsync-on-rewrite": "no",
        "maxmemory-policy": "noeviction",
    }
    assert memory_setting(get_live()).is_good


def test_what_may_not_be_read_counts_as_wrong(app: Flask, valkey: Valkey) -> None:
    admin = redis.Redis.from_url(valkey.admin_url)
    admin.execute_command("ACL", "SETUSER", "blind", "on", "nopass", "~*", "+@all", "-config")
    try:
        live = Live(valkey.admin_url.replace("unix://", "unix://blind:x@"))
        assert read_settings(live, "appendonly") == {}
        assert not any(setting.is_good for setting in durability_settings(live, durability="always"))
        assert not memory_setting(live).is_good
        live.close()
    finally:
        admin.execute_command("ACL", "DELUSER", "blind")
        admin.close()


def test_a_server_that_is_gone_is_told_apart() -> None:
    with pytest.raises(LiveStoreDown):
        durability_settings(Live("unix:///nowhere/v.sock"), durability="always")
