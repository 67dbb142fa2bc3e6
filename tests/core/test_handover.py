"""Old web workers go when new ones take requests, and at once when all are stopped."""

from __future__ import annotations

import mmap
import os

import pytest

from quizapp.core import handover


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "_shared", mmap.mmap(-1, len(handover._shared)))


def test_nobody_waits_when_all_are_stopped() -> None:
    for age in (1, 2):
        handover.note_loaded(age=age)
    assert not handover.must_wait(age=1)


def test_the_old_wait_for_all_of_the_new() -> None:
    handover.begin(newest_age=2, workers=2)
    assert handover.must_wait(age=1) and handover.must_wait(age=2)
    assert not handover.must_wait(age=3), "a new one that is stopped goes"
    handover.note_loaded(age=4)
    assert handover.must_wait(age=1)
    handover.note_loaded(age=3)
    assert not handover.must_wait(age=1) and not handover.must_wait(age=2)
    handover.begin(newest_age=4, workers=2)
    assert handover.must_wait(age=3), "each time anew"


def test_the_numbers_of_workers_may_grow_without_end() -> None:
    for newest in range(2, 1000, 2):
        handover.begin(newest_age=newest, workers=2)
        assert handover.must_wait(age=newest)
        for age in (newest + 1, newest + 2):
            handover.note_loaded(age=age)
        assert not handover.must_wait(age=newest)


def test_what_a_forked_worker_notes_is_seen_by_the_others() -> None:
    handover.begin(newest_age=1, workers=1)
    pid = os.fork()
    if pid == 0:
        handover.note_loaded(age=2)
        os._exit(0)
    os.waitpid(pid, 0)
    assert not handover.must_wait(age=1)
