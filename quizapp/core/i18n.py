"""Typed names for translation; message ids are Chinese, `translations/en` holds the English."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import Any, cast

from flask import has_app_context
from flask_babel import get_locale
from flask_babel.speaklater import LazyString  # type: ignore[import-untyped]

TRANSLATIONS = Path(__file__).parents[2] / "translations"
LANGUAGES = {"zh_Hans": "中文", "en": "English"}

_outside = {"language": "zh_Hans"}


def speak(language: str) -> None:
    """Choose, for the whole process, what is spoken outside of requests: by commands and jobs."""
    _outside["language"] = language


def spoken() -> str:
    """The language of commands and jobs; Chinese unless another one was chosen."""
    return _outside["language"]


def _(message: str, **variables: Any) -> str:
    """The message in the reader's language, with `%(name)s` filled in."""
    # Looked up here and not by Flask-Babel's gettext, which asks four times over for the language of the request.
    text = _catalog(str(get_locale()) if has_app_context() else spoken()).gettext(message)
    return text % variables if variables else text


def _l(message: str, **variables: Any) -> str:
    """Like `_`, but looked up when shown: for labels made at import."""
    return cast(str, LazyString(_, message, **variables))


@cache
def _catalog(language: str) -> gettext.NullTranslations:
    return gettext.translation("messages", TRANSLATIONS, [language], fallback=True)
