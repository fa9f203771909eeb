"""Sorted hits of many sites -> one page of entries, each entry_id once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.model import Json
from gateway.native.order import Key, NativeOrder


@dataclass(frozen=True, slots=True)
class NativeHit:
    """One entry at one site: its place, and the document as far as it was asked for."""

    site: str
    key: Key
    document: Mapping[str, Json] = field(compare=False, repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class MergedPage:
    """The entries of a page in order."""

    hits: tuple[NativeHit, ...]
    holders: Mapping[str, tuple[str, ...]]
    """For each entry_id the sites that gave it."""
    twice: int
    """How many of what the sites gave were of an entry that another had given."""


def merge_hits(
    by_site: Mapping[str, Sequence[NativeHit]], order: NativeOrder, *, skip: int, size: int
) -> MergedPage:
    """The page; of an entry that several sites gave, the first of these sites serves it."""
    holders: dict[str, tuple[str, ...]] = {}
    served: list[NativeHit] = []
    for hits in by_site.values():
        for hit in hits:
            before = holders.get(hit.key.entry_id, ())
            if not before:
                served.append(hit)
            holders[hit.key.entry_id] = (*before, hit.site)
    twice = sum(map(len, by_site.values())) - len(served)
    return MergedPage(tuple(in_order(served, order)[skip : skip + size]), holders, twice)


def in_order(hits: Sequence[NativeHit], order: NativeOrder) -> list[NativeHit]:
    """All hits in NOMAD's order: entries without a value last, whatever the direction."""
    known = [hit for hit in hits if hit.key.value is not None]
    unknown = [hit for hit in hits if hit.key.value is None]
    known.sort(key=_place, reverse=order.is_descending)
    unknown.sort(key=lambda hit: hit.key.entry_id, reverse=order.is_descending)
    return [*known, *unknown]


def _place(hit: NativeHit) -> tuple[bool, object, float, str]:
    """Numbers before texts, should sites differ in what a quantity is; -0.0 before 0.0."""
    value = hit.key.value
    sign = math.copysign(1, value) if isinstance(value, float) and value == 0 else 1.0
    return isinstance(value, str), value, sign, hit.key.entry_id
