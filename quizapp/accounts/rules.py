"""Names, phone numbers and roles: how they are normalised, masked and put into words."""

from __future__ import annotations

import re
import unicodedata

NAME_LETTERS = 64
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_COUNTRY = re.compile(r"(?:\+|00)?86(?=1[3-9][0-9]{9}$)")
_PHONE_FILLERS = re.compile(r"[\s\-‐-―().]+")
_MIDDLE_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・", "·"))
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_SPACE_AT_HAN = re.compile(f"(?<=[{_HAN}·]) | (?=[{_HAN}·])")
_DOT_AT_HAN = re.compile(f"(?<=[{_HAN}])\\.(?=[{_HAN}])")
# Letters that shape their neighbours in some scripts; without them such names would be misspelt.
_JOINERS = "\u200c\u200d"
_SIGN_IN_NAME = re.compile(rf"[a-z0-9{_HAN}][a-z0-9{_HAN}._@-]{{1,{NAME_LETTERS - 1}}}")


def clean_line(text: str) -> str:
    """One line of text without invisible and direction-turning characters, with single spaces."""
    letters = unicodedata.normalize("NFC", text)
    kept = (
        " " if letter.isspace() else letter
        for letter in letters
        if letter.isspace() or letter in _JOINERS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return " ".join("".join(kept).split())


def normalise_name(text: str) -> str:
    """A person's name as it is stored and compared.

    Full-width letters become plain ones, spaces inside Chinese names go ("张 三" is 张三), the many middle dots
    of transcribed names become one ("买买提.艾力" is 买买提·艾力). Empty when nothing visible is left.
    """
    name = clean_line(unicodedata.normalize("NFKC", text)).translate(_MIDDLE_DOTS)
    return _DOT_AT_HAN.sub("·", _SPACE_AT_HAN.sub("", name)).strip("·\u200c\u200d ")


def mask_name(name: str) -> str:
    """The first letter with its marks and a star: 张三 → 张*; a name of one letter shows the star alone."""
    end = 1
    while end < len(name) and unicodedata.combining(name[end]):
        end += 1
    return name[:end] + "*" if len(name) > end else "*"


def normalise_phone(text: str) -> str | None:
    """The 11 digits of a mainland mobile number, or None for anything else."""
    digits = _PHONE_FILLERS.sub("", unicodedata.normalize("NFKC", text))
    digits = _COUNTRY.sub("", digits)
    return digits if _MOBILE.fullmatch(digits) else None


def mask_phone(phone: str) -> str:
    """138****1234: the first three and the last four digits; only stars for a number too short for that."""
    if len(phone) < 11:
        return "*" * len(phone)
    return f"{phone[:3]}{'*' * (len(phone) - 7)}{phone[-4:]}"


def normalise_sign_in_name(text: str) -> str:
    """The name of an account as it is compared: full-width and capital letters do not make another name."""
    return clean_line(unicodedata.normalize("NFKC", text)).lower()


def is_sign_in_name(name: str) -> bool:
    """Whether a normalised name may be an account's: 2 to 64 letters, digits, Chinese characters, `. _ @ -`."""
    return _SIGN_IN_NAME.fullmatch(name) is not None


def notice_parts(body: str) -> list[tuple[str, list[str]]]:
    """A notice's text as ("heading", [line]) and ("paragraph", lines): blank lines part, `# ` begins a heading."""
    parts: list[tuple[str, list[str]]] = []
    is_open = False
    for line in (line.strip() for line in body.splitlines()):
        if line.startswith("# "):
            parts.append(("heading", [line.removeprefix("# ").strip()]))
        elif line and is_open:
            parts[-1][1].append(line)
        elif line:
            parts.append(("paragraph", [line]))
        is_open = bool(line) and parts[-1][0] == "paragraph"
    return parts
