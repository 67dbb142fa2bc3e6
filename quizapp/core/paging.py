"""Pages of a list whose rows are known already, in memory or by their ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask_sqlalchemy.pagination import Pagination


class Listed(Pagination):
    """Pages of `rows`, a sequence; `load` turns those of one page into what the template shows.

    The number of the page comes from the address; one that the list has not gives 404.
    """

    def __init__(
        self, *, rows: Sequence[Any], per_page: int, load: Callable[[Sequence[Any]], list[Any]] = list
    ) -> None:
        super().__init__(page=None, per_page=per_page, max_per_page=per_page, rows=rows, load=load)

    def _query_items(self) -> list[Any]:
        first = self._query_offset
        found: list[Any] = self._query_args["load"](self._query_args["rows"][first : first + self.per_page])
        return found

    def _query_count(self) -> int:
        return len(self._query_args["rows"])
