"""NOMAD's order of entries: sort values read from documents, and positions within the order.

Known values first, in the direction of the sort, ties by entry_id in the same direction; then the
entries without a value, by entry_id in that direction. A position is NOMAD's `<value>:<entry_id>`,
valid at every site as it stands. NOMAD's own position of a missing keyword (`None:<id>`) leads back
to the same page, so a missing value's is `None:<id>!` here, resumed among the unknown.

Where copies of entries may have different sort values, a position also names who serves which of
them (`<position>!<generation>`, and `!<site>` for each site that is away): a walk that changes from
one copy to another would lose entries or have them twice. A position without it is read all the
same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.errors import NativeError
from gateway.merge import Pin
from gateway.model import Json, NativeQuery
from gateway.native.kinds import Kind, is_kept_apart, known_kinds
from gateway.native.reading.request import ENTRY_ID, Pagination
from gateway.times import read_nomad_milliseconds

Value: TypeAlias = str | int | float

NO_ORDER = ("_score", "_doc")
FORMULAS = re.compile(r".*\.chemical_formula_(hill|iupac)|optimade\.chemical_formula_hill")
"""Of which NOMAD rewrites what they are compared with: a range on them is 500."""
FLOAT32 = 1e-6
"""The index rounds numbers to this part of them; documents have them whole."""
LEAST: Mapping[str, Json] = {
    "text": "\u0001",
    "integer": -2_147_483_648,
    "float": -1.7e308,
    "date": "0001-01-01",
}
MISSING = re.compile(r"None:([A-Za-z0-9_-]{1,128})!")
PINNED = re.compile(r"(.*)!([0-9a-f]{12})((?:![a-z][a-z0-9-]{0,63}){0,100})", re.DOTALL)
"""A position, the generation of the index of copies, and the sites that were away."""
EQUAL = ("entry_id", "upload_id", "mainfile")
"""Equal in all copies of an entry, as its id is a hash of the others."""
ENDLESS = ("Infinity", "-Infinity", "9223372036854775807", "-9223372036854775808")
"""What NOMAD writes for the missing value of a number, a date or a boolean."""


@dataclass(frozen=True, slots=True)
class NativeOrder:
    """One order, and how its values are read."""

    quantity: str
    is_descending: bool
    kind: Kind
    is_apart: bool
    """Whether the values lie in members that the index keeps apart: NOMAD then counts every value
    as missing."""

    @property
    def direction(self) -> str:
        """As NOMAD spells it."""
        return "desc" if self.is_descending else "asc"

    @property
    def is_by_id(self) -> bool:
        """Whether entries are ordered by their ids alone."""
        return self.quantity == ENTRY_ID

    @property
    def is_of_copies(self) -> bool:
        """Whether all copies of an entry have the same place in the order."""
        return self.quantity in EQUAL

    @property
    def known(self) -> NativeQuery | None:
        """Holds for the entries that have a value; None: no entry counts as having one."""
        if self.is_apart:
            return None
        if FORMULAS.fullmatch(self.quantity) or "#" in self.quantity:
            path = self.quantity.partition("#")[0]
            return {"quantities": f"metadata.{path}" if path.startswith("optimade.") else path}
        if self.kind == "boolean":
            return {f"{self.quantity}:any": [True, False]}
        kind = "text" if self.kind == "unknown" else self.kind
        known: NativeQuery = {self.quantity: {"gte": LEAST[kind]}}
        if kind == "text":
            return {"or": [known, {self.quantity: ""}]}
        return known


@dataclass(frozen=True, slots=True)
class Key:
    """The place of one entry; `value` None: it has none."""

    value: Value | None
    entry_id: str


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page begins: after NOMAD's own position, or among the entries without a value."""

    after: str | None = None
    missing_after: str | None = None
    """An entry_id: of the entries without a value, those after it."""
    pin: Pin | None = None
    """Who serves which copies throughout the walk; None: it does not say."""


def read_order(pagination: Pagination) -> NativeOrder:
    """The order that is asked for."""
    name = pagination.order_by
    if name in NO_ORDER:
        raise NativeError(
            422,
            f"order_by {name!r} is no order over several sites; order by a quantity, or ask one "
            "site under /sites/<name>/api/v1 with the default order.",
        )
    kind = known_kinds().get(name, "unknown")
    return NativeOrder(name, pagination.is_descending, kind, is_kept_apart(name))


def read_start(order: NativeOrder, after: str | None) -> Start:
    """Where the page begins."""
    if after is None or order.is_by_id:
        return Start(after)
    pin = None
    if found := PINNED.fullmatch(after):
        after, away = found[1], found[3].split("!")[1:]
        pin = Pin(found[2], tuple(away))
    if missing := MISSING.fullmatch(after):
        return Start(missing_after=missing[1], pin=pin)
    value, _, entry_id = after.rpartition(":")
    if value in ENDLESS and order.kind not in ("text", "unknown") and entry_id:
        return Start(missing_after=entry_id, pin=pin)
    return Start(after, pin=pin)


def read_key(document: Mapping[str, Json], order: NativeOrder) -> Key:
    """The place of a document: of several values the least, or the greatest if it descends."""
    entry_id = str(document[ENTRY_ID])
    if order.is_by_id or order.is_apart:
        return Key(None, entry_id)
    parts = order.quantity.partition("#")[0].split(".")
    values = [
        value
        for raw in _leaves(document, parts)
        if (value := _sortable(raw, order.kind)) is not None
    ]
    if not values:
        return Key(None, entry_id)
    return Key(max(values) if order.is_descending else min(values), entry_id)


def comes_after(key: Key, order: NativeOrder, start: Start) -> bool:
    """Whether an entry can stand behind the position that a page begins at: a site that goes
    backward would keep a walk from ever reaching what the others have."""
    after_id = start.after if order.is_by_id else start.missing_after
    if after_id is not None and key.value is None:
        return key.entry_id < after_id if order.is_descending else key.entry_id > after_id
    value, _, last_id = (start.after or "").rpartition(":")
    bound = _bound(value, order)
    if isinstance(bound, float) and isinstance(key.value, int | float):
        slack = FLOAT32 * abs(bound)
        return key.value <= bound + slack if order.is_descending else key.value >= bound - slack
    if bound is None or not last_id or type(key.value) is not type(bound):
        return True
    here, there = (key.value, key.entry_id), (bound, last_id)
    return here < there if order.is_descending else here > there


def _bound(value: str, order: NativeOrder) -> Value | None:
    """The value of a position; None: it is not compared here as the site compares it."""
    if order.kind == "text":
        return None if FORMULAS.fullmatch(order.quantity) else value
    try:
        if order.kind in ("integer", "date"):
            return int(value)
        return float(value) if order.kind == "float" else None
    except ValueError:
        return None


def position(key: Key, order: NativeOrder, pin: Pin | None = None) -> str:
    """The position just after an entry."""
    if order.is_by_id:
        return key.entry_id
    kept = "" if pin is None or order.is_of_copies else "!" + "!".join((pin.generation, *pin.away))
    if key.value is None:
        return f"None:{key.entry_id}!{kept}"
    if order.kind == "boolean":
        return f"{'true' if key.value else 'false'}:{key.entry_id}{kept}"
    return f"{key.value}:{key.entry_id}{kept}"


def _leaves(value: "Json | Mapping[str, Json]", parts: list[str]) -> Iterator[Json]:
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one, parts)
    elif not parts:
        if value is not None and not isinstance(value, Mapping):
            yield value
    elif isinstance(value, Mapping) and parts[0] in value:
        yield from _leaves(value[parts[0]], parts[1:])


def _sortable(raw: Json, kind: Kind) -> Value | None:
    if kind == "date":
        return read_nomad_milliseconds(raw) if isinstance(raw, str) else None
    if isinstance(raw, bool):
        return int(raw)
    if kind == "text":
        return str(raw) if isinstance(raw, str | int | float) else None
    if kind in ("integer", "float"):
        return raw if isinstance(raw, int | float) else None
    return raw if isinstance(raw, str | int | float) else None
