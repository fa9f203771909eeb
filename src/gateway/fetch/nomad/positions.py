"""Sort values <-> NOMAD: read from documents, written as positions and as conditions.

A position in NOMAD's order is `<sort value>:<entry_id>`; it need not be that of an entry. Entry ids
are URL-safe base64, so `!` sorts before and `~` after every one of their characters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from gateway.errors import SiteError
from gateway.fetch.nomad.session import both
from gateway.model import SEPARATOR, Hit, Json, NativeQuery, Order, Position, SortKey, SortValue
from gateway.times import read_nomad_milliseconds

BEFORE_ALL, AFTER_ALL = "!", "~~~~"
MAX_TEXT = 2_048
"""Characters of a text to sort by: it goes into positions, links and questions to other sites."""

EdgeKind: TypeAlias = Literal["after", "at", "first", "last"]


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a walk resumes among the entries of equal sort values at one site.

    after: after the entry; at: with it; first: before all of them; last: after all of them.
    """

    kind: EdgeKind
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a walk resumes at one site: values of the keys, and the edge among their equals."""

    values: tuple[SortValue, ...]
    edge: Edge


def cut_at(position: Position, *, order: Order, site: str, backward: bool) -> Cut:
    """The cut that a position, made at any site, means for this site."""
    names = [key.name for key in order.keys]
    if "id" in names:
        index = names.index("id")
        edge = _edge_by_id(position, site, descending=order.keys[index].descending != backward)
        return Cut(position.values[:index], edge)
    later = site < position.site if backward else site > position.site
    return Cut(position.values, Edge("at" if later else "after", position.entry_id))


def can_tie(order: Order, position: Position, *, site: str) -> bool:
    """Whether this site may hold a copy of the position's entry whose place its own values tell.

    So it is when keys follow immutable_id; otherwise the site's name tells.
    """
    follows = any(key.quantity == "entry_id" for key in order.keys[:-1])
    return follows and site != position.site


def after_value(value: SortValue, edge: Edge, *, descending: bool) -> str:
    """NOMAD's `page_after_value` after which the walk goes on; `value` is known."""
    return f"{value}:{_bound(edge, descending)}"


def after_id(edge: Edge | None, *, descending: bool) -> str | None:
    """The same, for an order by entry_id alone."""
    if edge is None or edge.kind == "first":
        return None
    return _bound(edge, descending)


def equal(key: SortKey, value: SortValue) -> NativeQuery:
    """Holds for the entries whose key has this value, or none."""
    if value is None:
        return {"not": key.known or {}}
    if key.kind == "timestamp":
        bound = value or str(value)
        return {key.quantity: {"gte": bound, "lte": bound}}
    return {key.quantity: value}


def preceding(
    order: Order, position: Position, *, site: str, itself: bool = True
) -> NativeQuery | bool:
    """Holds for the entries of a site up to a position, walked forward; `itself`: with its own."""
    cut = cut_at(position, order=order, site=site, backward=False)
    edge = cut.edge
    if edge.kind == "after" and site == position.site and not itself:
        edge = Edge("at", edge.entry_id)
    keys = order.keys[: len(cut.values)]
    ties = order.keys[len(cut.values)].descending if len(keys) < len(order.keys) else None
    here = _up_to(edge, descending=order.descending if ties is None else ties)
    for key, value in reversed(list(zip(keys, cut.values, strict=True))):
        here = _before_or(key, value, here)
    return here


def read_hit(document: Mapping[str, Json], *, order: Order, site: str) -> Hit:
    """A hit from an index document; SiteError when a value is not of its key's type."""
    entry_id = document["entry_id"]
    if not isinstance(entry_id, str):
        raise AssertionError(entry_id)
    values = tuple(_value(document, key, site, entry_id) for key in order.keys)
    return Hit(site, entry_id, values, document)


def _edge_by_id(position: Position, site: str, *, descending: bool) -> Edge:
    """Within an order by `id`, a site's entries come all before or all after another site's."""
    if site == position.site:
        return Edge("after", position.entry_id)
    larger = f"{site}~" > f"{position.site}~"
    return Edge("first" if larger != descending else "last")


def _bound(edge: Edge, descending: bool) -> str:
    """The entry_id, real or not, after which the walk goes on."""
    match edge.kind:
        case "after":
            return edge.entry_id
        case "at":
            return f"{edge.entry_id}{BEFORE_ALL}" if descending else _just_below(edge.entry_id)
        case "first":
            return AFTER_ALL if descending else ""
        case "last":
            return "" if descending else AFTER_ALL
        case _:
            assert_never(edge.kind)


def _just_below(entry_id: str) -> str:
    """A text below the entry_id with no other entry_id between the two."""
    return f"{entry_id[:-1]}{chr(ord(entry_id[-1]) - 1)}{AFTER_ALL}"


def _up_to(edge: Edge, *, descending: bool) -> NativeQuery | bool:
    match edge.kind:
        case "first":
            return False
        case "last":
            return True
        case "after":
            return {"entry_id": {"gte" if descending else "lte": edge.entry_id}}
        case "at":
            return {"entry_id": {"gt" if descending else "lt": edge.entry_id}}
        case _:
            assert_never(edge.kind)


def _before_or(key: SortKey, value: SortValue, here: NativeQuery | bool) -> NativeQuery | bool:
    """Entries before a value, or equal to it and `here`."""
    equals: NativeQuery | None = None
    if here is not False:
        equals = equal(key, value) if here is True else {"and": [equal(key, value), here]}
    before = _before(key, value)
    if before is None or equals is None:
        return equals or before or False
    return {"or": [before, equals]}


def _before(key: SortKey, value: SortValue) -> NativeQuery | None:
    """Entries whose key comes before a value; None: there can be none."""
    if value is None:
        return key.known
    if value == "":
        return both(key.known or {}, {"not": {key.quantity: ""}}) if key.descending else None
    return {key.quantity: {"gt" if key.descending else "lt": value or str(value)}}


def _value(document: Mapping[str, Json], key: SortKey, site: str, entry_id: str) -> SortValue:
    if key.name == "id":
        return f"{site}{SEPARATOR}{entry_id}"
    found: Json = dict(document)
    for part in key.quantity.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    match key.kind, found:
        case (_, None) if key.known is not None:
            return None
        case ("string", str()) if len(found) <= MAX_TEXT:
            return found
        case ("timestamp", str()) if (moment := read_nomad_milliseconds(found)) is not None:
            return moment
        case ("integer", int()) if not isinstance(found, bool):
            return found
        case ("float", int() | float()) if not isinstance(found, bool):
            return float(found)
    raise SiteError(
        site,
        doing="read page of entries",
        happened=f"entry {entry_id} has no {key.quantity} of type {key.kind} to sort by",
    )
