"""Typed names for translation; message ids are Chinese, `translations/en` holds the English."""

from __future__ import annotations

from typing import Any, cast

import flask_babel


def _(message: str, **variables: Any) -> str:
    """The message in the reader's language, with `%(name)s` filled in; Chinese outside a request."""
    return cast(str, flask_babel.gettext(message, **variables))


def _l(message: str, **variables: Any) -> str:
    """Like `_`, but looked up when shown: for labels made at import."""
    return cast(str, flask_babel.lazy_gettext(message, **variables))
