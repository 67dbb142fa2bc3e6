"""The languages a question may have beside Chinese: their names in themselves, and which way they are written. Pure."""

from __future__ import annotations

import re

LANGUAGES = {
    "ug": "ئۇيغۇرچە",
    "bo": "བོད་ཡིག",
    "mn-Mong": "ᠮᠣᠩᠭᠣᠯ",
    "kk-Arab": "قازاقشا",
    "ko": "조선말",
    "za": "Vahcuengh",
    "ii": "ꆈꌠꉙ",
    "ky-Arab": "قىرعىزچا",
    "en": "English",
    "ru": "Русский",
    "mn": "Монгол",
    "kk": "Қазақша",
    "ky": "Кыргызча",
    "ar": "العربية",
}
"""Code (BCP 47) → the language's own name, those of the national minorities with writing in schools first."""
RIGHT_TO_LEFT = frozenset(("ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"))
RIGHT_TO_LEFT_SCRIPTS = frozenset(("Arab", "Hebr", "Nkoo", "Syrc", "Thaa"))
CODE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


def is_language(code: str) -> bool:
    """Whether a code is a language with, if need be, its script and region, such as ug, mn-Mong or en-GB."""
    return bool(CODE.fullmatch(code))


def name_of(code: str) -> str:
    """The language's own name, else that of the language without script and region, else the code."""
    return LANGUAGES.get(code) or LANGUAGES.get(code.split("-")[0], code)


def direction_of(code: str) -> str:
    """ "rtl" or "ltr", as in HTML: by the script that the code names, else by the one the language is usually in."""
    language, *rest = code.split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    is_from_right = script.title() in RIGHT_TO_LEFT_SCRIPTS if script else language.lower() in RIGHT_TO_LEFT
    return "rtl" if is_from_right else "ltr"
