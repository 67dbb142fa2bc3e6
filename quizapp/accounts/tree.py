"""The unit tree in memory: order, paths and what is below what. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SEPARATOR = " / "


@dataclass(frozen=True, slots=True)
class Node:
    id: int
    parent_id: int | None
    name: str
    kind: str
    is_active: bool
    code: str | None


class Tree:
    """Units by id and by parent; children stand by kind (regions first) and then in the order they were made."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.id: node for node in nodes}
        self.children: dict[int | None, list[Node]] = {}
        kinds = {"region": 0, "department": 1, "unit": 2}
        for node in sorted(self.nodes.values(), key=lambda node: (kinds.get(node.kind, 3), node.id)):
            self.children.setdefault(node.parent_id, []).append(node)

    def below(self, root_id: int | None) -> Iterator[tuple[int, Node]]:
        """Every unit below a unit with its depth (0: directly below), each before its own children."""
        stack = [(0, node) for node in reversed(self.children.get(root_id, []))]
        while stack:
            depth, node = stack.pop()
            yield depth, node
            stack.extend((depth + 1, child) for child in reversed(self.children.get(node.id, [])))

    def active_below(self, root_id: int | None) -> Iterator[Node]:
        """The active units below a unit, none of them below an inactive one."""
        hidden: set[int] = set()
        for _depth, node in self.below(root_id):
            if node.is_active and node.parent_id not in hidden:
                yield node
            else:
                hidden.add(node.id)

    def ancestors(self, unit_id: int) -> list[Node]:
        """The units above one, from the root on."""
        above: list[Node] = []
        node = self.nodes[unit_id]
        while node.parent_id is not None:
            node = self.nodes[node.parent_id]
            above.append(node)
        return above[::-1]

    def path(self, unit_id: int, *, below: int | None = None) -> str:
        """The names from the root (or from just below a unit) to the unit: 某市 / 司法局 / 法治科."""
        names = [*(node for node in self.ancestors(unit_id)), self.nodes[unit_id]]
        if below is not None:
            places = [place for place, node in enumerate(names) if node.id == below]
            names = names[places[0] + 1 :] if places else names
        return SEPARATOR.join(node.name for node in names)

    def is_usable(self, unit_id: int) -> bool:
        """Whether the unit exists and neither it nor anything above it is inactive."""
        if unit_id not in self.nodes:
            return False
        return all(node.is_active for node in [*self.ancestors(unit_id), self.nodes[unit_id]])
