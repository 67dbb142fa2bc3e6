"""Everything on one machine: Valkey, SQLite, the web workers, the recorder and the jobs as children of one process.

1. Take the folder's lock, so that nobody else starts servers on it.
2. Open the port: a wrong address is told before anything is started, and while a web server is being replaced
   the people who knock are kept waiting instead of turned away.
3. Start Valkey, bring the database up to date, let the caller fill it.
4. Start the children; tell where the servers are (`serving.json`); start again what dies.
5. On Ctrl-C or SIGTERM stop in order: the web first, so that nothing new comes in; then the recorder, which
   carries over what is there; Valkey last.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click
import segno

from quizapp.core import embedded, installation
from quizapp.core.children import Child
from quizapp.core.jobs import stop_signals
from quizapp.core.settings import PREFIX, load_settings

BACKLOG = 2048
READY_SECONDS = 90
WATCH_SECONDS = 0.1
STOP_SECONDS = {"web": 10.0, "work": 10.0, "record": 20.0, "metrics": 5.0}
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104


class PortUnusable(Exception):
    """The host or the port cannot be listened on; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What `quizapp run` was asked for."""

    folder: Path
    host: str
    port: int
    workers: int | None
    given: Mapping[str, str]
    """The environment; its `QUIZAPP_…` variables go before the launcher's own."""


def run(order: Order, *, fill: Callable[[Mapping[str, str]], list[str]]) -> None:
    """Serve until Ctrl-C or SIGTERM.

    `fill` is called once with the children's settings, when Valkey answers and before the web starts: it brings
    the database up to date and returns the lines to show below the address.
    Raises AlreadyRunning, UnusableFolder, PortUnusable, ValkeyDidNotStart and WrongSetting.
    """
    stopping = stop_signals()
    os.umask(0o077)
    installation.prepare_folder(order.folder)
    with ExitStack() as stack:
        stack.enter_context(installation.locked(order.folder, wait_seconds=2))
        listener = stack.enter_context(_listen(order))
        address = address_of(order.host, listener.getsockname()[1])
        valkey = _start_valkey(order, stack)
        environment = installation.environment_for(
            folder=order.folder, redis_url=valkey.url if valkey else "", public_url=address, given=order.given
        )
        environment.setdefault(f"{PREFIX}LOG_DIR", str((order.folder / "logs").absolute()))
        load_settings(environment)
        lines = fill(environment)
        children = _start_children(order, listener, environment, stack)
        if valkey:
            children.append(Child("valkey", valkey.launch, valkey.process))
        stack.callback(installation.forget_serving, order.folder)
        installation.write_serving(order.folder, installation.Serving(os.getpid(), address, environment))
        if _wait_until_ready(listener, children, stopping):
            _announce(order, address, lines)
        while not stopping.wait(WATCH_SECONDS):
            _tend(children)
        click.echo("Stopping …")
    click.echo("Stopped; all data is kept.")


def _listen(order: Order) -> socket.socket:
    """The listening socket that the web workers inherit; waits for those of a launcher that was killed just now."""
    was_killed = (order.folder / "serving.json").exists()
    give_up_at = time.monotonic() + (15 if was_killed else 0)
    while True:
        try:
            family = socket.AF_INET6 if ":" in order.host else socket.AF_INET
            return socket.create_server((order.host, order.port), family=family, backlog=BACKLOG)
        except socket.gaierror as error:
            raise PortUnusable(
                f"HOST={order.host}: expected 127.0.0.1, 0.0.0.0 or an address of this machine"
            ) from error
        except PermissionError as error:
            raise PortUnusable(f"PORT={order.port}: ports below 1024 need more rights; take 8000 or above") from error
        except OverflowError as error:
            raise PortUnusable(f"PORT={order.port}: expected a number from 0 to 65535") from error
        except OSError as error:
            if time.monotonic() > give_up_at:
                raise PortUnusable(
                    f"{order.host}:{order.port} cannot be used: {os.strerror(error.errno or 0)}. "
                    f"Choose another port, for example: make run PORT={order.port + 1}"
                ) from error
            time.sleep(0.2)


def _start_valkey(order: Order, stack: ExitStack) -> embedded.Valkey | None:
    """The embedded server, stopped after everything else; None when the environment names one."""
    if f"{PREFIX}REDIS_URL" in order.given:
        return None
    valkey = embedded.prepare_valkey(folder=order.folder / "valkey")
    valkey.launch()
    stack.callback(valkey.stop)
    valkey.wait_until_ready()
    return valkey


def _start_children(
    order: Order, listener: socket.socket, environment: Mapping[str, str], stack: ExitStack
) -> list[Child]:
    """The recorder, the jobs and the web, each registered so that they stop in the opposite order."""
    whole = {key: value for key, value in order.given.items() if not key.startswith(PREFIX)} | dict(environment)
    web = web_command(bind=f"fd://{listener.fileno()}", workers=order.workers, preload=True)
    commands = [("record", own_command("record")), ("work", own_command("work")), ("web", web)]
    if f"{PREFIX}METRICS" in environment:
        commands.insert(0, ("metrics", own_command("metrics")))
    children = []
    for name, command in commands:
        child = Child(name, _starter(command, whole, listener.fileno() if name == "web" else None))
        stack.callback(child.stop, seconds=STOP_SECONDS[name])
        children.append(child)
    return children


def _starter(
    command: list[str], environment: Mapping[str, str], handle: int | None
) -> Callable[[], subprocess.Popen[bytes]]:
    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=() if handle is None else (handle,),
            preexec_fn=embedded.end_with_parent,
        )

    return start


def own_command(*words: str) -> list[str]:
    return [sys.executable, "-m", "quizapp", *words]


def web_command(*, bind: str, workers: int | None, preload: bool) -> list[str]:
    """Gunicorn with this project's settings.

    With `preload` a dead worker is replaced at once; without, a HUP takes up new code.
    """
    command = [sys.executable, "-m", "gunicorn", "-c", "python:quizapp.core.gunicorn_config", "-b", bind]
    if workers:
        command += ["-w", str(workers)]
    if preload:
        command.append("--preload")
    return [*command, "quizapp.app:create_web_app()"]


def _tend(children: list[Child]) -> None:
    for child in children:
        news = child.tend()
        if news:
            click.echo(news, err=True)


def _wait_until_ready(listener: socket.socket, children: list[Child], stopping: threading.Event) -> bool:
    """Wait until the web answers; False when it was told to stop first. After a long wait it is told and served on."""
    host, port = listener.getsockname()[:2]
    give_up_at = time.monotonic() + READY_SECONDS
    while not stopping.is_set():
        _tend(children)
        try:
            connection = http.client.HTTPConnection(_reachable(host), port, timeout=2)
            connection.request("GET", "/healthz", headers={"Host": "127.0.0.1"})
            if connection.getresponse().status < 500:
                return True
        except OSError:
            pass
        finally:
            connection.close()
        if time.monotonic() > give_up_at:
            click.echo("The web workers do not answer yet; see the messages above.", err=True)
            return True
        stopping.wait(0.05)
    return False


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def address_of(host: str, port: int) -> str:
    """The address to type; for all addresses of the machine, the one that its network sees."""
    name = lan_address() if host in ANY_ADDRESS else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def lan_address() -> str:
    """This machine's address in its local network, 127.0.0.1 without one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _announce(order: Order, address: str, lines: list[str]) -> None:
    click.echo(f"QuizApp is running: {address}")
    if order.host in ANY_ADDRESS:
        click.echo("Phones in the same network open it with this code:")
        segno.make(address, micro=False).terminal(compact=True)
    for line in lines:
        click.echo(line)
    click.echo(f"Data and logs: {order.folder.absolute()}. Stop with Ctrl-C.")
