"""The live store, Redis or Valkey: commands with bounded waits, and Lua scripts as callables.

A call waits at most a second and is never repeated behind the caller's back: an answer is re-sent by the phone,
where repeating is safe. See live_servers.py for the servers behind it.

Where replicas are asked for, what must outlive a primary is acknowledged only when they have it (`replicated`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha1
from typing import Any, cast

from flask import Flask, current_app
from redis.exceptions import NoScriptError

from quizapp.core.live_servers import LiveStoreDown, TooFewReplicas, Words, servers_of
from quizapp.core.metrics import SCRIPTS
from quizapp.core.redis_address import parse_address

__all__ = ["Live", "LiveStoreDown", "Script", "TooFewReplicas", "Words", "get_live", "init_app"]


class Live:
    """The live store, whose every failure is a `LiveStoreDown`."""

    def __init__(self, url: str, *, replicas: int = 0) -> None:
        """`replicas`: how many must have what `replicated` acknowledges; 0 for a store without any."""
        address = parse_address(url)
        self.replicas = replicas
        self.fails_over = address.kind != "single"
        self._servers = servers_of(address)

    def command(self, *words: str | int | float | bytes, at: str = "") -> Any:
        """Send one command and return its reply; raise `LiveStoreDown` when it cannot be served now.

        In a cluster it goes to the server of the key that it names, or of the key `at` when it names none.
        """
        [reply] = self._servers.call(at or _key_of(words), lambda server: server.ask(words))
        return reply

    def at_once(self, commands: Sequence[Words]) -> list[Any]:
        """Send commands that name keys, all in one go, and return for each its reply or the error in its place.

        A server that is not known to be well is not asked: LiveStoreDown stands for its replies.
        """
        return self._servers.at_once([(_key_of(words), words) for words in commands])

    def replicated(self, *words: str | int | float | bytes, marker: str) -> Any:
        """As `command`, and return only when the replicas have what the command did, and all that it saw.

        `marker` is a key of the same slot that is ours to write. Raises TooFewReplicas besides.
        """
        if not self.replicas:
            return self.command(*words)
        return self._servers.call(
            _key_of(words),
            lambda server: server.ask_replicated(words, marker=marker, replicas=self.replicas),
        )

    def everywhere(self, *words: str | int | float | bytes) -> list[Any]:
        """Ask every server that takes writes for something that concerns no key."""
        return [server.ask(words)[0] for server in self._servers.everyone()]

    def close(self) -> None:
        self._servers.close()


def _key_of(words: Sequence[str | int | float | bytes]) -> str:
    """The first key of a command, "" for one without."""
    if words[0] in ("EVALSHA", "EVAL"):
        return str(words[3]) if words[2] else ""
    return str(words[1]) if len(words) > 1 else ""


class Script:
    """A Lua script called by its hash, so that workers of two releases can run side by side."""

    def __init__(self, text: str, *, has_functions: bool = False) -> None:
        """With `has_functions` the first argument names one of its functions, by which its calls are timed."""
        self.text, self.has_functions = text, has_functions
        # SHA-1 is the name Redis gives a script, not a protection.
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()

    def words(self, *, keys: Sequence[str], arguments: Sequence[str | int | float | bytes]) -> Words:
        """The command that calls it; the server replies NOSCRIPT where it was never called by `call`."""
        return ("EVALSHA", self.sha, len(keys), *keys, *arguments)

    def call(
        self, live: Live, *, keys: Sequence[str], arguments: Sequence[str | int | float | bytes], marker: str = ""
    ) -> Any:
        """Call it; with `marker` as `Live.replicated`. Raises `LiveStoreDown`."""
        words, began = (len(keys), *keys, *arguments), time.perf_counter()
        try:
            return self._call(live, "EVALSHA", self.sha, words, marker)
        except NoScriptError:
            return self._call(live, "EVAL", self.text, words, marker)
        finally:
            if self.has_functions:
                SCRIPTS.add(time.perf_counter() - began, str(arguments[0]))

    @staticmethod
    def _call(live: Live, name: str, script: str, words: Sequence[str | int | float | bytes], marker: str) -> Any:
        if marker:
            return live.replicated(name, script, *words, marker=marker)
        return live.command(name, script, *words)


def init_app(app: Flask, *, redis_url: str, replicas: int = 0) -> None:
    app.extensions["quizapp.live"] = Live(redis_url, replicas=replicas)


def get_live() -> Live:
    """The running app's client."""
    return cast(Live, current_app.extensions["quizapp.live"])
