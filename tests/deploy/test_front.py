"""What nginx answers itself, what it adds and what it keeps back, with deploy/nginx in front of the app."""

from __future__ import annotations

import gzip
import http.client
import re
import secrets
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass

import pytest
import redis

from tests.deploy.conftest import CONTEXT, SLUG
from tests.deploy.installation import ROOT, Deployment, trusting

PROMISES = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
PULSE = f"/api/v1/contests/{SLUG}/pulse"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def all_of(self, name: str) -> list[str]:
        return self.headers.get_all(name) or []


def ask(deployment: Deployment, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
    """One request by TLS; `Accept_Encoding` stands for Accept-Encoding."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(
        http.client.HTTPSConnection("localhost", deployment.tls_port, timeout=20, context=CONTEXT)
    ) as connection:
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())


def say(deployment: Deployment, request: bytes, *, name: str = "localhost") -> bytes:
    """Everything that comes back for raw bytes over one TLS connection, until it is closed or silent for a while."""
    plain = socket.create_connection(("127.0.0.1", deployment.tls_port), 20)
    with plain, CONTEXT.wrap_socket(plain, server_hostname=name) as connection:
        return told_by(connection, request)


def told_by(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    connection.settimeout(3)
    told = b""
    with suppress(TimeoutError, ssl.SSLEOFError, ConnectionResetError):
        while part := connection.recv(65536):
            told += part
    return told


@pytest.mark.parametrize(
    ("path", "method", "size", "status"),
    [
        ("/", "GET", 0, 200),
        ("/play/faults", "GET", 0, 200),
        (PULSE, "GET", 0, 200),
        ("/static/css/base.css", "GET", 0, 200),
        ("/static/nothing.css", "GET", 0, 404),
        ("/nothing/here", "GET", 0, 404),
        ("/api/v1/nothing", "GET", 0, 404),
        ("/metrics", "GET", 0, 404),
        ("/api/v1/attempts/x/answers", "PUT", 2_000_000, 413),
        (f"/{'x' * 9000}", "GET", 0, 414),
    ],
)
def test_every_reply_says_the_same_to_the_browser_and_says_it_once(
    deployment: Deployment, path: str, method: str, size: int, status: int
) -> None:
    reply = ask(deployment, path, method=method, body=b"x" * size if size else None)
    assert reply.status == status
    assert {name: reply.all_of(name) for name in PROMISES} == {name: [value] for name, value in PROMISES.items()}
    assert len(reply.all_of("Content-Security-Policy")) == 1
    assert len(reply.all_of("Cache-Control")) <= 1
    assert reply.all_of("Server") == ["nginx"], "no version, and no word of what is behind"


def test_styles_and_scripts_are_compressed_once(deployment: Deployment) -> None:
    script = re.search(rb'"(/modules/[^"]+\.js)"', ask(deployment, "/play/faults").body)
    assert script
    for path in ("/static/css/base.css", script[1].decode()):
        reply = ask(deployment, path, Accept_Encoding="gzip")
        assert reply.all_of("Content-Encoding") == ["gzip"]
        assert "Accept-Encoding" in ", ".join(reply.all_of("Vary"))
        assert gzip.decompress(reply.body) == ask(deployment, path).body
        assert ask(deployment, path).all_of("Content-Encoding") == []


@pytest.mark.parametrize("path", ["/play/faults", "/accounts/sign-in", "/api/v1/nothing/here", PULSE, "/nothing/here"])
def test_pages_and_calls_are_not_compressed(deployment: Deployment, path: str) -> None:
    """Their length would tell about the tokens in them, beside words that a stranger has chosen (BREACH)."""
    reply = ask(deployment, path, Accept_Encoding="gzip, br, deflate")
    assert reply.all_of("Content-Encoding") == [] and reply.body[:2] != b"\x1f\x8b"
    assert reply.body


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_phone_that_comes_again_goes_on_with_its_tls_session(deployment: Deployment, version: ssl.TLSVersion) -> None:
    """Which the default server decides, before any name is known."""
    context = speaking(version)
    first = shake_hands(deployment, context)
    again = shake_hands(deployment, context, first.session)
    name = version.name.replace("_", ".")
    assert [(one.version, one.is_resumed) for one in (first, again)] == [(name, False), (name, True)]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_of_tls_are_refused(deployment: Deployment, version: ssl.TLSVersion) -> None:
    context = speaking(version)
    # Without this OpenSSL would not offer them itself.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        shake_hands(deployment, context)


def speaking(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = trusting()
    context.minimum_version = context.maximum_version = version
    return context


@dataclass(frozen=True)
class Handshake:
    version: str | None
    session: ssl.SSLSession | None
    is_resumed: bool | None


def shake_hands(deployment: Deployment, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> Handshake:
    """Connect and make one request, since a session of TLS 1.3 comes behind the handshake."""
    plain = socket.create_connection(("127.0.0.1", deployment.tls_port), 20)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        return Handshake(connection.version(), connection.session, connection.session_reused)


def test_static_files_come_from_disk_and_stay_with_the_browser(deployment: Deployment) -> None:
    page = ask(deployment, "/play/faults").body.decode()
    address = re.search(r'href="(/static/css/base\.css\?v=\w+)"', page)
    assert address
    reply = ask(deployment, address[1])
    assert reply.all_of("Cache-Control") == ["public, max-age=31536000, immutable"]
    assert reply.all_of("X-Request-Id") == [], "the app was not asked"
    assert reply.body == (ROOT / "static/css/base.css").read_bytes()
    assert ask(deployment, "/static/css/base.css").all_of("Cache-Control") == ["public, max-age=3600"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/css",
        "/static/css/",
        "/static/../wsgi.py",
        "/static/..%2fwsgi.py",
        "/static/%2e%2e/pyproject.toml",
        "/static../wsgi.py",
        "/.git/config",
        "/.env",
        "/static/.hidden",
        "/wsgi.py.bak",
        "/metrics",
        "/metrics/",
        "/console",
        "/keys.json",
    ],
)
def test_nothing_of_the_inside_is_shown(deployment: Deployment, path: str) -> None:
    told = say(deployment, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert int(told.split()[1]) in (301, 400, 403, 404), told[:200]
    assert b"Index of" not in told and b"import" not in told and b"[project]" not in told


@pytest.mark.parametrize("name", ["play/faults/a.css", "accounts/sign-in/a.css", "api/v1/attempts/x/a.css"])
def test_a_page_does_not_become_a_style_by_its_ending(deployment: Deployment, name: str) -> None:
    reply = ask(deployment, f"/{name}")
    assert reply.status in (404, 405)
    assert not any("public" in value for value in reply.all_of("Cache-Control"))


def test_personal_replies_are_kept_by_nobody(deployment: Deployment) -> None:
    for path in ("/accounts/sign-in", "/api/v1/attempts/x"):
        assert ask(deployment, path).all_of("Cache-Control") == ["no-store"]
    cached = {path.read_bytes() for path in (deployment.folder / "cache").rglob("*") if path.is_file()}
    assert not any(b"/accounts/" in text or b"/attempts" in text or b"set-cookie" in text.lower() for text in cached)


def test_figures_are_asked_again_by_their_etag(deployment: Deployment) -> None:
    reply = ask(deployment, PULSE)
    assert reply.all_of("Cache-Control") == ["public, max-age=1"]
    tag = reply.all_of("ETag")[0]
    again = ask(deployment, PULSE, If_None_Match=tag)
    assert again.status == 304 or again.all_of("ETag") != [tag]


@pytest.mark.parametrize("host", ["evil.example.com", "localhost.evil.example.com", "127.0.0.1", "", "a b"])
def test_another_name_is_not_answered(deployment: Deployment, host: str) -> None:
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", deployment.plain_port), 10) as connection:
        for told in (say(deployment, request), told_by(connection, request)):
            assert told == b"" or told.startswith(b"HTTP/1.1 400"), told[:100]


def test_no_certificate_is_shown_to_who_asks_for_another_name(deployment: Deployment) -> None:
    with pytest.raises(ssl.SSLError):
        say(deployment, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", name="evil.example.com")


def test_plain_http_is_sent_to_the_public_name_by_tls(deployment: Deployment) -> None:
    with closing(http.client.HTTPConnection("localhost", deployment.plain_port, timeout=10)) as connection:
        connection.request("GET", "/play/faults?a=b")
        response = connection.getresponse()
        assert (response.status, response.headers["Location"]) == (301, "https://localhost/play/faults?a=b")


def test_a_certificate_can_be_had_by_acme(deployment: Deployment) -> None:
    challenge = deployment.folder / "acme" / ".well-known" / "acme-challenge" / "token"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("token.thumbprint")
    with closing(http.client.HTTPConnection("localhost", deployment.plain_port, timeout=10)) as connection:
        connection.request("GET", "/.well-known/acme-challenge/token")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"token.thumbprint")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_who_asks_after_a_machine_by_its_address_names_the_site(deployment: Deployment, path: str) -> None:
    """As a load balancer does that asks each web machine, without nginx."""
    for host, status in (("localhost", 200), ("127.0.0.1:8000", 200), ("10.0.0.21:8000", 400)):
        with closing(http.client.HTTPConnection("127.0.0.1", deployment.web_port, timeout=10)) as connection:
            connection.request("GET", path, headers={"Host": host})
            assert connection.getresponse().status == status, host


def test_what_a_client_says_of_itself_moves_nothing(deployment: Deployment) -> None:
    forged = {
        "X_Forwarded_For": "203.0.113.77",
        "X_Real_IP": "203.0.113.77",
        "Forwarded": "for=203.0.113.77;host=evil.example.com;proto=http",
        "X_Forwarded_Host": "evil.example.com",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Prefix": "/evil",
    }
    page = ask(deployment, "/play/faults", **forged)
    assert page.status == 200 and b"evil" not in page.body
    key = secrets.token_hex(8)
    ask(deployment, f"/api/v1/contests/{SLUG}/visits", method="POST", body=b"{}", Idempotency_Key=key, **forged)
    with redis.Redis.from_url(deployment.settings["QUIZAPP_CACHE_URL"], decode_responses=True) as cache:
        counted = list(cache.scan_iter("*play.visits*"))
    assert any("127.0.0.1" in name for name in counted), counted
    assert not any("203.0.113" in name for name in counted), "tries are counted for the real address"


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello" + SMUGGLED,
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n" + SMUGGLED,
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
        b"Content-Length: +5\r\n\r\nhello" + SMUGGLED,
    ],
)
def test_two_lengths_and_broken_chunks_are_refused_and_the_connection_closed(
    deployment: Deployment, lines: bytes
) -> None:
    told = say(deployment, b"POST /api/v1/contests/faults/visits HTTP/1.1\r\nHost: localhost\r\n" + lines)
    statuses = re.findall(rb"HTTP/1\.1 (\d+)", told)
    assert statuses and statuses[0] in (b"400", b"501"), told[:300]
    assert len(statuses) == 1, "what followed was not read as a request"
    assert ask(deployment, PULSE).status == 200


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "TRACK"])
def test_methods_of_nobody_are_refused(deployment: Deployment, method: str) -> None:
    told = say(deployment, f"{method} /play/faults HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert int(told.split()[1]) in (400, 405), told[:100]


def test_what_is_too_large_is_refused_before_the_app_sees_it(deployment: Deployment) -> None:
    reply = ask(deployment, "/api/v1/attempts/x/answers", method="PUT", body=b"x" * 1_100_000)
    assert reply.status == 413 and reply.all_of("X-Request-Id") == []
    told = say(deployment, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"a" * 40_000 + b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 400")
