"""Background jobs done in the process of the test, at once: who runs them for real is tested in tests/core."""

from __future__ import annotations

from collections.abc import Sequence

from quizapp.core.background import claim, claimable
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.jobs import Kind, do_job


def do_jobs(kinds: Sequence[Kind]) -> int:
    """Do all jobs that wait; return how many. What a job raises is raised here."""
    known = {kind.name: kind for kind in kinds}
    done = 0
    db.session.commit()
    while found := claimable(kinds=list(known), without=[], now=utc_now()):
        run = claim(found[0], now=utc_now())
        db.session.commit()
        assert run
        do_job(known[run.kind], run)
        db.session.expire_all()
        done += 1
    db.session.rollback()
    return done
