"""Characters of question files: what is folded, what is dropped, what stays as written.

Full-width punctuation is part of Chinese text and stays. Radical code points, which PDF exports put in place of
the characters they look like, become those characters: else no search and no comparison finds them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Kangxi radicals (U+2F00 to U+2FD5) have a compatibility mapping; of the supplement, most have none, so those
# that stand for a whole character are listed (Unicode, EquivalentUnifiedIdeograph.txt).
_RADICALS = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)}
_SUPPLEMENT = {
    0x2E9F: "母", 0x2EA0: "民", 0x2EC4: "西", 0x2EC5: "见", 0x2EC6: "角", 0x2EC9: "贝", 0x2ECB: "车", 0x2ED1: "長",
    0x2ED3: "长", 0x2ED4: "门", 0x2ED8: "青", 0x2ED9: "韦", 0x2EDA: "页", 0x2EDB: "风", 0x2EDC: "飞", 0x2EDD: "食",
    0x2EE2: "马", 0x2EE3: "骨", 0x2EE4: "鬼", 0x2EE5: "鱼", 0x2EE6: "鸟", 0x2EE7: "卤", 0x2EE8: "麦", 0x2EE9: "黄",
    0x2EEC: "齐", 0x2EEE: "齿", 0x2EF0: "龙", 0x2EF3: "龟",
}  # fmt: skip
_SPACES = dict.fromkeys((0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F), " ")
# Invisible and harmful in a stem: zero-width space, word joiner, byte-order mark, soft hyphen, direction overrides;
# and the two code points that are no characters and that no XML file can hold.
_DROPPED: dict[int, None] = dict.fromkeys(
    (0x00AD, 0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFFFE, 0xFFFF)
)
_CONTROLS: dict[int, None] = dict.fromkeys(
    code for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"
)
_SHORT = 16
"""Letters of the words and keys that come again and again."""
_LINE_ENDS = {0x2028: "\n", 0x2029: "\n", 0x0B: "\n", 0x0C: "\n", 0x85: "\n"}
_TABLE: dict[int, str | None] = {**_CONTROLS, **_RADICALS, **_SUPPLEMENT, **_SPACES, **_DROPPED, **_LINE_ENDS}
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNCLEAN = re.compile("[" + "".join(re.escape(chr(code)) for code in sorted({*_TABLE, 0x0A})) + "\ud800-\udfff]")
_SPACE_AT_LINE_END = re.compile(r"(?<![ \t\u3000])[ \t\u3000]+(?=\n)")
# Looked at from its beginning alone, so that very much space takes no more than its length.


def clean(text: str) -> str:
    """Return the text with one kind of line end, without invisible and control characters, edges stripped."""
    if not _UNCLEAN.search(text):
        return text.strip(" \t\u3000")
    text = _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")).translate(_TABLE)
    return _SPACE_AT_LINE_END.sub("", text).strip(" \t\n\u3000")


def fold(text: str) -> str:
    """For comparing words and keys, never for keeping: width, case and surrounding space make no difference."""
    return _fold_short(text) if len(text) <= _SHORT else _fold(text)


@lru_cache(maxsize=4096)
def _fold_short(text: str) -> str:
    return _fold(text)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).upper().replace("\ufe0f", "").strip()


def shorten(text: str, letters: int = 40) -> str:
    """The text on one line, cut for a quotation."""
    line = " ".join(text.split())
    return line if len(line) <= letters else line[: letters - 1] + "…"
