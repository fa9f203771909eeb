"""What all pages together must hold: the entries of all sites in one list, sorted by the rules.

It shares nothing with the gateway: a stable sort, from the last rule to the first.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

Sort: TypeAlias = tuple[tuple[str, bool], ...]
"""Property and whether it descends, as in a SearchRequest."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """One visible structure as its site's index holds it."""

    site: str
    entry_id: str
    values: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id that the gateway gives it."""
        return f"{self.site}~{self.entry_id}"

    def __getitem__(self, name: str) -> Any:
        """The value of a property; None is unknown."""
        return self.id if name == "id" else self.values.get(name)


def sorted_entries(entries: Iterable[Known], sort: Sort = ()) -> list[Known]:
    """All entries in the one order: keys, unknown last, then entry_id, then site."""
    ordered = sorted(entries, key=lambda one: one.site)
    ordered.sort(key=lambda one: one.entry_id, reverse=bool(sort) and sort[-1][1])
    for name, descending in reversed(sort):
        known = [one for one in ordered if one[name] is not None]
        unknown = [one for one in ordered if one[name] is None]
        known.sort(key=lambda one: _signed(one[name]), reverse=descending)  # used at once
        ordered = known + unknown
    return ordered


def _signed(value: Any) -> tuple[Any, float]:
    """-0.0 is below 0.0 in an index."""
    return value, math.copysign(1, value) if isinstance(value, float) else 1


def read_truth(path: Path) -> Iterator[Known]:
    """The structures that anybody can see, from the records of what was loaded into Oases."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["visible"] and record["structure"]:
                yield known_entry(record["site"], record, record["optimade_indexed"])


def known_entry(site: str, metadata: Mapping[str, Any], index: Mapping[str, Any]) -> Known:
    """One entry from its metadata and the `optimade` section of its index document."""
    entry_id = metadata["entry_id"]
    own = {
        "immutable_id": entry_id,
        "last_modified": _milliseconds(metadata["upload_create_time"]),
        "_fed_upload_id": metadata["upload_id"],
    }
    return Known(site, entry_id, {**index, **own})


def renamed(entries: Iterable[Known], names: Mapping[str, str]) -> list[Known]:
    """The entries under the names that the configuration gives their sites."""
    return [replace(one, site=names[one.site]) for one in entries]


def ids_of(entries: Sequence[Known]) -> list[str]:
    """Their ids."""
    return [one.id for one in entries]


def _milliseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)
