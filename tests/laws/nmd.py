"""Index documents of NOMAD -> the values of `_nmd_` properties, ready for the evaluator.

Numbers compare in double precision, moments by millisecond; an item that a member of a section does
not have is nothing, of which nothing holds.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeAlias

from gateway.catalogue.quantities import Quantity, read_quantities
from gateway.parse.tree import And, Bare, Boolean, Compare, Has, Name, Node, Not, Or
from tests.laws.evaluator import instant

DENSE = "!"
"""Ends the name of a list without the places where nothing is."""

NmdEntry: TypeAlias = dict[str, Any]


@dataclass(frozen=True, eq=False, slots=True)
class Real:
    """A number in double precision; what it is compared with is rounded to that."""

    value: float

    def __eq__(self, other: object) -> bool:
        return self.value == _double(other)

    def __ne__(self, other: object) -> bool:
        return self.value != _double(other)

    def __lt__(self, other: object) -> bool:
        return self.value < _double(other)

    def __le__(self, other: object) -> bool:
        return self.value <= _double(other)

    def __gt__(self, other: object) -> bool:
        return self.value > _double(other)

    def __ge__(self, other: object) -> bool:
        return self.value >= _double(other)


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """Milliseconds since 1970, compared with timestamps as they stand in a filter."""

    value: int

    def __eq__(self, other: object) -> bool:
        return self.value == instant(str(other))

    def __ne__(self, other: object) -> bool:
        return self.value != instant(str(other))

    def __lt__(self, other: object) -> bool:
        return self.value < instant(str(other))

    def __le__(self, other: object) -> bool:
        return self.value <= instant(str(other))

    def __gt__(self, other: object) -> bool:
        return self.value > instant(str(other))

    def __ge__(self, other: object) -> bool:
        return self.value >= instant(str(other))


class Nothing:
    """The place of a value that is not there."""

    def _never(self, _other: object) -> bool:
        return False

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _never
    __hash__ = None  # type: ignore[assignment]


def nmd_values(document: Mapping[str, Any], *, version: str) -> NmdEntry:
    """The values of all `_nmd_` properties in an entry; lists also without empty places."""
    entry: NmdEntry = {}
    for one in read_quantities():
        if one.lifetime.holds(version):
            entry |= _values(document, one)
    return entry | _band_gaps(document)


def prepared(node: Node) -> Node:
    """The tree for the evaluator: a bare boolean is a comparison, and lists that are not zipped
    with others have no empty places."""
    match node:
        case And(parts):
            return And(tuple(map(prepared, parts)))
        case Or(parts):
            return Or(tuple(map(prepared, parts)))
        case Not(part):
            return Not(prepared(part))
        case Bare(subject) if subject.name in BOOLEANS:
            return Compare(subject, "=", Boolean(True))
        case Has(subjects) if len({one.name for one in subjects}) == 1:
            if subjects[0].name in LISTS:
                dense = Name((subjects[0].name + DENSE,))
                return replace(node, subjects=(dense,) * len(subjects))
    return node


def served(value: Any) -> Any:
    """The value as it stands in an answer."""
    match value:
        case list():
            return [served(item) for item in value]
        case Real(value=number):
            return number
        case Moment(value=milliseconds):
            return _timestamp(milliseconds)
        case Nothing():
            return None
        case _:
            return value


BOOLEANS = {one.name for one in read_quantities() if one.type == "boolean" and not one.is_list}
LISTS = {one.name for one in read_quantities() if one.is_list} | {"_fed_band_gaps"}
ELECTRONVOLT = Decimal("1.602176634e-19")
LARGEST_GAP = 10**9


def _band_gaps(document: Mapping[str, Any]) -> NmdEntry:
    """The gateway's own band gaps: in electronvolts, rounded to six decimals."""
    members = list(_at(document, ["results", "properties", "electronic", "band_gap"]))
    gaps = [(one.get("type"), _electronvolts(one.get("value"))) for one in members]
    entry: NmdEntry = {}
    for name, kinds in (("", None), ("_direct", ("direct",)), ("_indirect", ("indirect",))):
        known = [gap for kind, gap in gaps if gap is not None and (not kinds or kind in kinds)]
        if known:
            entry[f"_fed_band_gap{name}"] = Real(min(known))
    if dense := [Real(gap) for _, gap in gaps if gap is not None]:
        aligned = [Nothing() if gap is None else Real(gap) for _, gap in gaps]
        entry |= {"_fed_band_gaps": aligned, "_fed_band_gaps" + DENSE: dense}
    return entry


def _electronvolts(joules: float | None) -> float | None:
    if joules is None or abs(Decimal(joules) / ELECTRONVOLT) > LARGEST_GAP:
        return None
    return float(round(Decimal(joules) / ELECTRONVOLT, 6)) + 0.0  # no -0.0


def _values(document: Mapping[str, Any], one: Quantity) -> Iterator[tuple[str, Any]] | NmdEntry:
    if not one.is_list:
        found = list(_at(document, one.path.split(".")))
        return {one.name: _wrapped(found[0], one)} if found else {}
    if one.nested is None or not one.is_one_each:
        dense = [_wrapped(value, one) for value in _at(document, one.path.split("."))]
        return {one.name: dense, one.name + DENSE: dense} if dense else {}
    within = one.path[len(one.nested) + 1 :].split(".")
    members = [list(_at(member, within)) for member in _at(document, one.nested.split("."))]
    assert all(len(values) < 2 for values in members), one.path
    dense = [_wrapped(values[0], one) for values in members if values]
    aligned = [_wrapped(values[0], one) if values else Nothing() for values in members]
    return {one.name: aligned, one.name + DENSE: dense} if dense else {}


def _at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        if value is not None:
            yield value
    elif path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _wrapped(value: Any, one: Quantity) -> Any:
    match one.type:
        case "double" | "float":
            return Real(float(value))
        case "date":
            return Moment(int(instant(value)))
        case _:
            return value


def _double(number: object) -> float:
    assert isinstance(number, Decimal)
    return float(number)


def _timestamp(milliseconds: int) -> str:
    moment = time.gmtime(milliseconds // 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{milliseconds % 1000:03d}Z"
