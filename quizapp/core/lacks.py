"""What the system may lack for a moment, and how that is written down."""

from __future__ import annotations

import errno

from quizapp.core.logs import get_logger
from quizapp.core.metrics import REFUSALS

LACKS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

log = get_logger("core")


def note_lack(error: BaseException) -> None:
    """Write down what the system lacked. A SystemError may also be a fault of some library, and is told as one."""
    if isinstance(error, SystemError):
        # Beside what the reader is told: the alert for faults counts these.
        REFUSALS.add("fault")
        log.error("fault", exc_info=error)
    else:
        log.error("lack", error=errno.errorcode[getattr(error, "errno", errno.ENOMEM)])
