"""The position of a walk <-> the opaque text of `page_cursor`, validated like any input.

It contains positions by site name, never addresses, and a fingerprint of what it was made for:
entry type, filter, order and sites. Any replica can read it, also after a restart; a checksum
finds damage.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import orjson

from gateway.errors import ParameterError
from gateway.merge.cursor_text import (
    MAX_CURSOR,
    PLAIN_BYTES,
    DamagedTextError,
    read_text,
    write_text,
)
from gateway.merge.page import Progress
from gateway.model import Json, Order, Position, SortKey, SortValue

_PLAIN, _LONG = 1, 2
"""The versions: positions where they stand, and, for long cursors, each position once."""
_MAX_NUMBER = 2**53
"""Integers beyond it are not exact in JSON readers that use floats."""
_ENTRY_ID_ITSELF, _ID_ITSELF = 0, 1
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SHARED_ID = re.compile(r"[A-Za-z0-9_.-]+")
_SITE = re.compile(r"[a-z][a-z0-9-]*")
_GENERATION = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Pin:
    """Which site serves which copies throughout a walk: as in this generation of the index of
    copies, with these sites away. Copies differ in their values, so that a walk that changes from
    one to the other would lose entries or have them twice."""

    generation: str
    away: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a walk: `progress`, and how many entries come before the page (`offset`).

    A `backward` cursor gives the `count` entries before its position, in forward order; without a
    position it begins at the end of the whole walk. Without a `pin`, each copy is an entry.
    """

    progress: Progress = field(default_factory=Progress)
    offset: int = 0
    backward: bool = False
    count: int | None = None
    pin: Pin | None = None


def fingerprint_of(parts: Sequence[str | None]) -> str:
    """A short hash of what a cursor was made for; equal parts give equal fingerprints."""
    return hashlib.sha256(orjson.dumps(list(parts))).hexdigest()[:12]


def write_cursor(cursor: Cursor, *, fingerprint: str) -> str:
    """The text of a cursor: URL-safe, and opaque to clients. See `is_too_long`."""
    progress = cursor.progress
    head: list[Json] = [fingerprint, cursor.offset, cursor.backward, cursor.count]
    lagging: list[Json] = [[site, _packed(position)] for site, position in progress.lagging]
    pin: list[Json] = []  # the last member, and only there when it is needed
    if cursor.pin is not None:
        pin = [[cursor.pin.generation, *cursor.pin.away]]
    plain: list[Json] = [_PLAIN, *head, _packed(progress.position), lagging, *pin]
    if len(orjson.dumps(plain)) <= PLAIN_BYTES:
        return write_text(plain)
    positions: dict[bytes, tuple[int, Json]] = {}

    def kept(position: Position | None) -> Json:
        """The place of a position in the list of all, equal ones once."""
        if position is None:
            return None
        packed = _shortened(position)
        return positions.setdefault(orjson.dumps(packed), (len(positions), packed))[0]

    at, where = kept(progress.position), [[site, kept(one)] for site, one in progress.lagging]
    listed: list[Json] = [packed for _, packed in positions.values()]
    return write_text([_LONG, *head, at, [*where], listed, *pin])


def is_too_long(text: str) -> bool:
    """Whether a cursor that was written would not be read again: too many sites lag, at positions
    that are too long."""
    return len(text) > MAX_CURSOR


def read_cursor(text: str, *, fingerprint: str, order: Order, are_shared: bool = False) -> Cursor:
    """The cursor of a text; ParameterError if it is damaged or was made for another request.

    Entries that are shared have one id at all sites, and positions among them name no site.
    """
    match _payload(text):
        case [version, *_] if version not in (_PLAIN, _LONG):
            _refuse("was made by another version of this server; start again from the first page")
        case [_, made_for, *_] if made_for != fingerprint:
            _refuse(
                "was made for another filter, sort, entry type or set of sites; repeat these "
                "parameters as they stand in the link"
            )
        case [_, _, offset, bool(backward), count, position, list(lagging), *pin]:
            progress = Progress(
                _position(position, order, are_shared),
                tuple(_lagging(one, order, are_shared) for one in lagging),
            )
            return Cursor(progress, _number(offset), backward, _count(count), _pin(pin))
    _refuse("is damaged")


def _payload(text: str) -> Json:
    """The payload, each position where it stands."""
    try:
        payload = read_text(text)
    except DamagedTextError as error:
        _refuse(f"is damaged: {error}")
    match payload:
        case [version, a, b, c, d, at, list(where), list(positions), *pin] if version == _LONG:
            lagging: list[Json] = [[site, _chosen(i, positions)] for site, i in map(_pair, where)]
            return [version, a, b, c, d, _chosen(at, positions), lagging, *pin]
        case [version, *_] if version == _LONG:
            _refuse("is damaged")
        case _:
            return payload


def _pair(one: Json) -> tuple[Json, Json]:
    match one:
        case [site, index]:
            return site, index
    _refuse("is damaged")


def _chosen(index: Json, positions: list[Json]) -> Json:
    match index:
        case None:
            return None
        case int() if not isinstance(index, bool) and 0 <= index < len(positions):
            return _whole(positions[index])
    _refuse("is damaged")


def _packed(position: Position | None) -> list[Json] | None:
    if position is None:
        return None
    return [list(position.values), position.entry_id, position.site]


def _shortened(position: Position) -> list[Json]:
    """Ids among the values, which can be long, stand for themselves by a number."""
    own = {position.entry_id: _ENTRY_ID_ITSELF, f"{position.site}~{position.entry_id}": _ID_ITSELF}
    values: list[Json] = [
        [own[value]] if isinstance(value, str) and value in own else value
        for value in position.values
    ]
    return [values, position.entry_id, position.site]


def _whole(shortened: Json) -> Json:
    match shortened:
        case [list(values), entry_id, site]:
            return [[_meant(value, entry_id, site) for value in values], entry_id, site]
    _refuse("is damaged")


def _meant(value: Json, entry_id: Json, site: Json) -> Json:
    if value == [_ENTRY_ID_ITSELF]:
        return entry_id
    return f"{site}~{entry_id}" if value == [_ID_ITSELF] else value


def _lagging(packed: Json, order: Order, are_shared: bool) -> tuple[str, Position | None]:
    match packed:
        case [str(site), position] if _SITE.fullmatch(site):
            return site, _position(position, order, are_shared)
    _refuse("is damaged")


def _position(packed: Json, order: Order, are_shared: bool) -> Position | None:
    match packed:
        case None:
            return None
        case [list(values), str(entry_id), str(site)] if len(values) == len(order.keys):
            id_ = _id(entry_id, site, are_shared)
            own: dict[str, Json] = {"id": id_, "immutable_id": entry_id}
            pairs = list(zip(values, order.keys, strict=True))
            if any(own.get(key.name, value) != value for value, key in pairs):
                _refuse("is damaged")
            return Position(tuple(_value(value, key) for value, key in pairs), entry_id, site)
    _refuse("is damaged")


def _id(entry_id: str, site: str, are_shared: bool) -> str:
    if are_shared and not site and _SHARED_ID.fullmatch(entry_id):
        return entry_id
    if not are_shared and _ENTRY_ID.fullmatch(entry_id) and _SITE.fullmatch(site):
        return f"{site}~{entry_id}"
    _refuse("is damaged")


def _pin(pin: list[Json]) -> Pin | None:
    match pin:
        case []:
            return None
        case [[str(generation), *away]] if _GENERATION.fullmatch(generation):
            sites = tuple(site for site in away if isinstance(site, str) and _SITE.fullmatch(site))
            if len(sites) == len(away):
                return Pin(generation, sites)
    _refuse("is damaged")


def _count(count: Json) -> int | None:
    return None if count is None else _number(count, least=1)


def _number(value: Json, *, least: int = 0) -> int:
    match value:
        case bool():
            _refuse("is damaged")
        case int() if least <= value < _MAX_NUMBER:
            return value
    _refuse("is damaged")


def _value(value: Json, key: SortKey) -> SortValue:
    match value:
        case None if key.known is not None:
            return None
        case str() if key.kind == "string":
            return value
        case bool():
            _refuse("is damaged")
        case int() if key.kind in ("integer", "timestamp") and abs(value) < _MAX_NUMBER:
            return value
        case int() | float() if key.kind == "float" and math.isfinite(value):
            return value
    _refuse("is damaged")


def _refuse(reason: str) -> NoReturn:
    raise ParameterError(f"page_cursor {reason}.", parameter="page_cursor")
