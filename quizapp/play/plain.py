"""What the web worker answers without a thread: phones' answers, figures and boards."""

from __future__ import annotations

import time
from collections.abc import Sequence

from quizapp.core import express
from quizapp.core.metrics import REQUESTS
from quizapp.play.answer_path import AnswerPath
from quizapp.play.doors import sort_of
from quizapp.play.figures_path import FiguresPath


class Plain:
    """The app's `Express`."""

    def __init__(self, answers: AnswerPath, figures: FiguresPath) -> None:
        self._answers, self._figures = answers, figures

    def answer(self, requests: Sequence[express.Request]) -> Sequence[bytes | None]:
        began = time.perf_counter()
        replies = [self._figures.again(request) if request.method == "GET" else None for request in requests]
        places = [place for place, request in enumerate(requests) if request.method == "PUT"]
        if places:
            stored = self._answers.answer([requests[place] for place in places])
            for place, reply in zip(places, stored, strict=True):
                replies[place] = reply
        spent = time.perf_counter() - began
        for request, reply in zip(requests, replies, strict=True):
            if reply is not None:
                REQUESTS.add(spent, sort_of(request.method, request.target.partition("?")[0]), _status(reply))
        return replies


def _status(reply: bytes) -> str:
    return reply[9:12].decode()
