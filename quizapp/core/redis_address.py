"""How a Redis is reached: one server, the primary that sentinels name, or a cluster.

    redis://[USER:PASSWORD@]HOST:PORT[/DATABASE]         one server, as the client library reads it
    unix://[USER:PASSWORD@]/PATH/TO/SOCKET               likewise
    redis+sentinel://[USER:PASSWORD@]HOST:PORT,HOST:PORT,…/SERVICE[?OPTION=…&…]      the hosts are the sentinels
    redis+cluster://[USER:PASSWORD@]HOST:PORT,HOST:PORT,…[?OPTION=…]                 any nodes; they tell of the others

Options: `sentinel_username`, `sentinel_password` (of the sentinels, which have their own users), `ssl_ca_certs`.
rediss instead of redis encrypts everything, the sentinels' connections too. User and password are percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

SINGLE_SCHEMES = ("redis", "rediss", "unix")
EXPECTED = (
    "expected redis://HOST:PORT/0, rediss://…, unix:///PATH/TO/SOCKET, redis+sentinel://HOST:PORT,HOST:PORT/SERVICE "
    "or redis+cluster://HOST:PORT,HOST:PORT"
)
SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password", "ssl_ca_certs")
CLUSTER_OPTIONS = ("ssl_ca_certs",)


@dataclass(frozen=True, slots=True)
class Address:
    """`url` as it was given; the rest is filled for what the client library does not read by itself."""

    url: str
    kind: str = "single"
    """single, sentinel or cluster."""
    is_encrypted: bool = False
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    username: str | None = None
    password: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None
    ssl_ca_certs: str | None = None


def parse_address(text: str) -> Address:
    """Read an address; raises ValueError that says what was expected."""
    parts = urlsplit(text)
    if parts.scheme in SINGLE_SCHEMES:
        return Address(text)
    scheme, _plus, kind = parts.scheme.partition("+")
    if scheme not in ("redis", "rediss") or kind not in ("sentinel", "cluster"):
        raise ValueError(EXPECTED)
    login, _at, netloc = parts.netloc.rpartition("@")
    username, _colon, password = login.partition(":")
    return Address(
        text,
        kind,
        is_encrypted=scheme == "rediss",
        hosts=tuple(_host(part) for part in netloc.split(",")),
        service=_service(parts, kind),
        username=unquote(username) or None,
        password=unquote(password) or None,
        **_options(parts, SENTINEL_OPTIONS if kind == "sentinel" else CLUSTER_OPTIONS),
    )


def _host(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("expected HOST:PORT, or several with a comma between them, behind the user and password")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _service(parts: SplitResult, kind: str) -> str:
    name = parts.path.strip("/")
    if kind == "cluster" and name:
        raise ValueError("expected no path behind the hosts, since a cluster has one database")
    if kind == "sentinel" and (not name or "/" in name):
        raise ValueError("expected behind the hosts the name by which the sentinels know the primary, like /quizapp")
    return name


def _options(parts: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not set(options) <= set(known):
        raise ValueError(f"expected no options but {', '.join(known)}")
    return options
