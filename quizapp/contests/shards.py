"""The shards of a contest: a person's live state lies whole in one of them, each may lie on another server. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

SEATS_A_SHARD = 100
"""A capacity is split evenly, people are not quite: with fewer seats some would wait while others are free."""


class Shard(NamedTuple):
    contest_id: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Shards:
    """All shards of a published contest, always in the same order."""

    contest_id: int
    count: int

    def __iter__(self) -> Iterator[Shard]:
        return (Shard(self.contest_id, number) for number in range(self.count))

    def of(self, name: str) -> Shard:
        """Where a person or a visitor belongs for ever.

        Their names are HMACs or random, so that a plain checksum spreads them evenly.
        """
        return Shard(self.contest_id, crc32(name.encode()) % self.count)


def wanted_count(*, most: int, capacity: int | None) -> int:
    """How many shards a contest gets: the installation's number, fewer where its capacity is small."""
    return most if not capacity else max(1, min(most, capacity // SEATS_A_SHARD))


def seats(*, capacity: int, shard: Shard, count: int) -> int:
    """A shard's part of the capacity; 0 is no limit. The parts add up to it, but none has less than one seat."""
    if not capacity:
        return 0
    return max(1, capacity // count + (shard.number < capacity % count))
