"""How a shortage of memory shows: told here once, for all who go on through one."""

from __future__ import annotations

LACKS_MEMORY = (MemoryError, SystemError)
"""The second is what the interpreter says where it finds no memory and has no words for that."""
