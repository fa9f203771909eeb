"""What the union of all sites is, computed here from each site's own answers."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]


def owners(public: Mapping[str, Sequence[Body]]) -> dict[str, str]:
    """The site that serves each public entry: of an upload the site with the most entries, then the
    newest processing, then the first; what it lacks is served by the next."""
    held: dict[str, dict[str, list[Body]]] = {}
    for site, documents in public.items():
        for one in documents:
            held.setdefault(one["upload_id"], {}).setdefault(site, []).append(one)
    found: dict[str, str] = {}
    for by_site in held.values():
        places = [*public]

        def rank(site: str, by_site: Any = by_site, places: list[str] = places) -> Any:
            newest = max(
                _read(one["last_processing_time"], "last_processing_time") for one in by_site[site]
            )
            return -len(by_site[site]), -newest, places.index(site)

        for site in sorted(by_site, key=rank):
            for one in by_site[site]:
                found.setdefault(one["entry_id"], site)
    return found


def served(
    by_site: Mapping[str, Sequence[Body]], owner_of: Mapping[str, str]
) -> dict[str, list[Body]]:
    """Of each site's documents those that it serves; what is not public, the first that has it."""
    return {
        site: [one for one in documents if owner_of.get(one["entry_id"], site) == site]
        for site, documents in by_site.items()
    }


def union(by_site: Mapping[str, Sequence[Body]], *, order_by: str, order: str) -> list[Body]:
    """The documents of all sites in NOMAD's order, each entry once: from the first site."""
    seen: dict[str, Body] = {}
    for documents in by_site.values():
        for document in documents:
            seen.setdefault(document["entry_id"], document)
    descending = order == "desc"
    known: list[tuple[Any, float, str]] = []
    unknown: list[str] = []
    for entry_id, document in seen.items():
        value = value_of(document, order_by, descending=descending)
        if value is None:
            unknown.append(entry_id)
        else:
            sign = math.copysign(1, value) if isinstance(value, float) and value == 0 else 1.0
            known.append((value, sign, entry_id))
    ordered = [one[2] for one in sorted(known, reverse=descending)]
    ordered += sorted(unknown, reverse=descending)
    return [seen[entry_id] for entry_id in ordered]


def value_of(document: Body, order_by: str, *, descending: bool) -> Any:
    """The sort value; None: unknown."""
    if order_by == "entry_id":
        return document["entry_id"]
    values = values_of(document, order_by)
    return (max if descending else min)(values) if values else None


def values_of(document: Body, quantity: str) -> list[Any]:
    """All values of a quantity, times in milliseconds."""
    return [_read(one, quantity) for one in _leaves(document, quantity.split("."))]


def _leaves(value: Any, parts: list[str]) -> list[Any]:
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one, parts)]
    if not parts:
        return [] if value is None else [value]
    return _leaves(value.get(parts[0]), parts[1:]) if isinstance(value, dict) else []


def _read(value: Any, order_by: str) -> Any:
    if order_by.endswith("_time"):
        return int(datetime.fromisoformat(value).timestamp() * 1e6) // 1000
    return value


def counted(documents: Sequence[Body], quantity: str) -> Counter[Any]:
    """In how many documents each value stands."""
    return Counter(value for one in documents for value in {*values_of(one, quantity)})


def added(buckets: Sequence[Sequence[Body]]) -> dict[Any, int]:
    """Counts of several sites by value."""
    counts: dict[Any, int] = {}
    for part in buckets:
        for one in part:
            counts[one["value"]] = counts.get(one["value"], 0) + one["count"]
    return counts
