"""The timed duty that forgets people when their time is over, in SQL and on the boards."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from quizapp.contests.jobs import delete_expired_fields
from quizapp.core.jobs import Duty
from quizapp.play.actions import forget

DUTIES = (Duty(name="play.forget_people", every=timedelta(hours=6), act=partial(delete_expired_fields, forget=forget)),)
