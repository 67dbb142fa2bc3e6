"""Whose requests nginx counts together."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.conftest import missing
from tests.deploy.installation import DEPLOY, find_nginx
from tests.ports import HOST, free_port

SITE = (DEPLOY / "nginx" / "quizapp.conf").read_text()
TELLING = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    {temporary}
    {networks}
    server {{
        listen {host}:{port};
        set_real_ip_from {host};
        real_ip_header X-Address;
        return 200 $quizapp_network;
    }}
}}
"""
"""A server that tells by which key it counts the address that it is told."""


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server with our map of addresses."""
    if not find_nginx():
        missing("nginx")
    folder, port = tmp_path_factory.mktemp("networks"), free_port()
    networks = re.search(r"^map \$remote_addr .*?^}", SITE, re.MULTILINE | re.DOTALL)
    assert networks
    temporary = "".join(
        f"{name}_temp_path {folder / name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        TELLING.format(folder=folder, temporary=temporary, networks=networks[0], host=HOST, port=port)
    )
    server = subprocess.Popen([find_nginx(), "-e", str(folder / "error.log"), "-c", str(configuration)])
    try:
        give_up_at = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((HOST, port), 1).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < give_up_at, (folder / "error.log").read_text()
                time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


def key_of(port: int, address: str) -> bytes:
    with closing(http.client.HTTPConnection(HOST, port, timeout=10)) as connection:
        connection.request("GET", "/", headers={"X-Address": address})
        return connection.getresponse().read()


@pytest.mark.parametrize(
    "addresses",
    [
        ["2001:db8:1:2::", "2001:db8:1:2::9", "2001:db8:1:2:3:4:5:6", "2001:0DB8:1:2:ffff::1"],
        ["2001:db8::1", "2001:db8::a:b:c:d", "2001:db8:0:0::9"],
        ["2001:db8:0:7::1", "2001:db8:0:7:1::"],
        ["2001:db8:1::1", "2001:db8:1:0:a:b:c:d"],
        ["2001:db8::1", "2001:db8:0:0:1::"],
        ["2001::1", "2001:0:0:0:1::", "2001:0:0:0:a:b:c:d"],
        ["2001::7:a:b:c:d", "2001:0:0:7:1::", "2001:0:0:7::"],
        ["203.0.113.9"],
        ["203.0.113.10"],
        ["::1"],
        ["::ffff:203.0.113.11"],
    ],
    ids=lambda addresses: str(addresses[0]),
)
def test_the_addresses_of_one_subscriber_count_as_one(telling: int, addresses: list[str]) -> None:
    assert len({key_of(telling, address) for address in addresses}) == 1


def test_subscribers_are_told_apart(telling: int) -> None:
    addresses = [
        "2001:db8:1:2::9",
        "2001:db8:1:3::9",
        "2001:db8::1",
        "2001:db9::1",
        "2001::7:a:b:c:d",
        "2001::8:a:b:c:d",
        "203.0.113.9",
        "203.0.113.10",
        "::1",
    ]
    assert len({key_of(telling, address) for address in addresses}) == len(addresses)


def test_the_limits_count_by_it() -> None:
    zones = re.findall(r"^limit_(?:req|conn)_zone (\S+) ", SITE, re.MULTILINE)
    assert zones == ["$quizapp_network"] * 2
