"""Simulated phones: exactly the answers asked for, and no loss through a server that fails now and then."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from quizapp.bank.models import PLAYABLE_KINDS
from quizapp.bank.rules import check_response
from quizapp.contests.rules import DrawnQuestion
from quizapp.play.phones import Exchange, Ledger, people, play, respond
from quizapp.play.shown import question_shown, to_canonical
from tests.contests.kit_makers import make_question


@pytest.mark.parametrize(
    ("visits", "answers", "attempts"), [(1, 0, 0), (3, 5, 1), (7, 200, 20), (20, 95, 10), (70, 800, 80)]
)
def test_people_give_exactly_so_many_answers(visits: int, answers: int, attempts: int) -> None:
    crowd = list(people(visits=visits, answers=answers, questions=10))
    sizes = [size for person in crowd for size in person.answers]
    assert len(crowd) == visits
    assert (sum(sizes), len(sizes)) == (answers, attempts)
    assert max(sizes, default=0) <= 10


@pytest.mark.parametrize("kind", [*PLAYABLE_KINDS])
def test_phones_respond_to_every_kind_as_it_wants_to_be_answered(kind: str) -> None:
    question = make_question(1, kind)
    ids = tuple(option_id for option_id, _text in question.options)
    drawn = DrawnQuestion(1, 1001, 1000, ids)
    shown = msgspec.to_builtins(question_shown(question=question, drawn=drawn))
    chance = random.Random(1)
    for _time in range(20):
        response = to_canonical(question=question, drawn=drawn, response=respond(shown, chance))
        assert check_response(kind=kind, option_ids=ids, blanks=len(question.key), response=response)


class Fickle(BaseHTTPRequestHandler):
    """A contest's server that hangs up, is busy or says to wait; every third request at most is served at once."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.count += 1
        mood = self.server.count % 7
        if mood == 2:
            self.close_connection = True
        elif mood == 4:
            self._reply(503, {"code": "busy"}, ("Retry-After", "0"))
        elif mood == 6 and self.path.endswith("/attempts"):
            self._reply(202, {"place": 3}, ("Retry-After", "0"))
        else:
            self._serve()

    do_PUT = do_POST

    def _serve(self) -> None:
        if self.path.endswith("/visits"):
            self._reply(204, None)
        elif self.path.endswith("/entries"):
            self._reply(201, {"token": "t"})
        elif self.path.endswith("/attempts"):
            options = [{"key": key, "text": key} for key in "ABCD"]
            kinds = ["single", "multiple", "true_false", "fill_in", "indefinite"] * 2
            questions = [{"id": i, "kind": kind, "stem": "?", "options": options} for i, kind in enumerate(kinds)]
            self._reply(201, {"attempt": f"a{self.server.count}", "token": "t", "questions": questions})
        elif self.path.endswith("/answers"):
            self._reply(200, {"stored": [{"question": 1, "seq": 1}], "rejected": []})
        else:
            self._reply(200, {"score": 30.5})

    def _reply(self, status: int, document: Any, *headers: tuple[str, str]) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    count = 0


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Fickle)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_phones_finish_whatever_the_server_does(server: Server) -> None:
    ledger, chance = Ledger(), random.Random(1)
    crowd = people(visits=4, answers=25, questions=10)
    phones = ((p.number, play(person=p, slug="s", consent="1", ledger=ledger, chance=chance)) for p in crowd)
    Exchange(host="127.0.0.1", port=server.server_port, connections=3, ledger=ledger).run(phones)
    assert ledger.gave_up == []
    assert (ledger.visits, ledger.answers, len(ledger.results)) == (4, 25, 3)
    assert sorted(ledger.results.values()) == [(5, 3050), (10, 3050), (10, 3050)]
    assert ledger.retried.total() > 0
    assert ledger.sent >= ledger.answers


def test_phone_gives_up_on_a_refusal_and_the_others_go_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fickle, "_serve", lambda self: self._reply(403, {"code": "not_open"}))
    ledger = Ledger()
    crowd = people(visits=3, answers=0, questions=10)
    phones = ((p.number, play(person=p, slug="s", consent="1", ledger=ledger, chance=random.Random(1))) for p in crowd)
    Exchange(host="127.0.0.1", port=server.server_port, connections=2, ledger=ledger).run(phones)
    assert len(ledger.gave_up) == 3
    assert "not_open" in ledger.gave_up[0]
