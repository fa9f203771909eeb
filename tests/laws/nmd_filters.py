"""Random filters over `_nmd_` properties, alone and among those over the standard's."""

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from gateway.properties import Property, structures_catalogue
from tests.laws.constants import ODD_NUMBERS, ODD_TIMES, quoted
from tests.laws.evaluator import Entry
from tests.laws.filters import MATCHES, OPERATORS, STARTS, FilterMaker
from tests.laws.nmd import DENSE, Moment, Real

ODD_REALS = (
    *("0", "-0", "0.0", "-0.0", "1e-400", "-1e-400", "4.9e-324", "1e-19", "1.7976931348623157e308"),
    *("-1.7976931348623157e308", "1E999999", "-1E999999", "1.8e308", "0.1", "2.5e-28", ".5", "3."),
)
_SYSTEM = "_nmd_results_material_topology_chemical_formula"
UNCOMPARED = (f"{_SYSTEM}_hill", f"{_SYSTEM}_iupac", f"{_SYSTEM}_reduced_fragments")
"""They are read otherwise than from the table of quantities."""
SHARE_OF_EMPTY = 0.1
"""How often a property is chosen that no entry has."""


def names_of_nomad() -> tuple[str, ...]:
    """The properties that are read from NOMAD's searchable quantities, those in other units among
    them."""
    return tuple(
        one.name
        for one in structures_catalogue("fed").values()
        if one.path is not None
        and one.is_listed
        and one.name not in UNCOMPARED
        and one.name.startswith(("_nmd_", "_fed_"))
    )


class NmdFilterMaker(FilterMaker):
    """Makes filters over all `_nmd_` properties, mostly those that the entries have."""

    def __init__(self, random: Random, entries: Sequence[Entry], *, only: str = "") -> None:
        """`only` is what the names begin with."""
        super().__init__(random, entries)
        self._held = entries
        names = [name for name in names_of_nomad() if name.startswith(only)]
        every = [structures_catalogue("fed")[name] for name in names]
        filled = {name for entry in entries for name in entry}
        self._empty = [one for one in every if one.name not in filled]
        self._filled = [one for one in every if one.name in filled]
        sections: defaultdict[str, list[Property]] = defaultdict(list)
        for one in self._filled:
            if one.nested is not None:
                sections[one.nested].append(one)
        self._sections = list(sections.values())
        self._leaves = (
            *self._leaves,
            (30, self._nmd_scalar),
            (25, self._nmd_list),
            (15, self._nmd_zip),
            (8, self._nmd_known),
        )

    def _nmd_scalar(self) -> str:
        one = self._one(lists=False)
        if one.type == "string" and self._random.random() < 0.4:
            return f"{one.name} {self._random.choice(MATCHES)} {self._constant(one)}"
        if one.type == "boolean":
            equal = f"{one.name} {self._random.choice(('=', '!='))} {self._constant(one)}"
            return self._random.choice((one.name, equal))
        return self._comparison(one.name, self._constant(one))

    def _nmd_list(self) -> str:
        one = self._one(lists=True)
        if self._random.random() < 0.2:
            return f"{one.name}:{one.name} HAS {self._items(lambda: self._tests((one, one)))}"
        return f"{one.name} HAS {self._items(lambda: self._test(one))}"

    def _nmd_zip(self) -> str:
        if not self._sections:
            return self._nmd_list()
        section = self._random.choice(self._sections)
        lists = [self._random.choice(section) for _ in range(self._random.choice((2, 2, 2, 3)))]
        names = ":".join(one.name for one in lists)
        return f"{names} HAS {self._items(lambda: self._tests(lists))}"

    def _nmd_known(self) -> str:
        one = self._random.choice((*self._filled, *self._empty))
        word = self._random.choice(("KNOWN", "UNKNOWN"))
        known = f"{one.name} IS {word}"
        return known if self._random.random() < 0.5 else one.name

    def _one(self, *, lists: bool) -> Property:
        pool = self._empty if self._random.random() < SHARE_OF_EMPTY else self._filled
        alike = [one for one in pool if (one.type == "list") == lists]
        return self._random.choice(
            alike or [one for one in self._filled if (one.type == "list") == lists]
        )

    def _tests(self, lists: Sequence[Property]) -> str:
        return ":".join(self._test(one) for one in lists)

    def _test(self, one: Property) -> str:
        operators = ("=", "!=") if one.items == "boolean" else OPERATORS
        matches = STARTS if one.items == "string" else ()
        op: str = self._random.choice(("", "", *operators, *matches))
        return f"{op} {self._constant(one)}"

    def _constant(self, one: Property) -> str:
        match one.items or one.type:
            case "integer":
                return self._number(one)
            case "float":
                return self._real(one)
            case "boolean":
                return self._random.choice(("TRUE", "FALSE"))
            case "timestamp":
                return self._moment(one)
            case _:
                return self._constants.text(one.name + DENSE * (one.type == "list"))

    def _number(self, one: Property) -> str:
        value = self._held_value(one)
        if not isinstance(value, int) or self._random.random() < 0.15:
            return self._random.choice(ODD_NUMBERS)
        return str(value + self._random.choice((0, 0, 0, 1, -1)))

    def _real(self, one: Property) -> str:
        value = self._held_value(one)
        if not isinstance(value, Real) or self._random.random() < 0.15:
            return self._random.choice(ODD_REALS)
        number = value.value
        beside = math.nextafter(number, self._random.choice((-math.inf, math.inf)))
        other = repr(number + self._random.choice((1e-6, -1e-6, 5e-7, -5e-7)))
        chosen = (repr(number), repr(number), repr(beside), f"{number:.3g}", other)
        return self._random.choice(chosen)

    def _moment(self, one: Property) -> str:
        value = self._held_value(one)
        if not isinstance(value, Moment) or self._random.random() < 0.15:
            return quoted(self._random.choice(ODD_TIMES))
        milliseconds = value.value + self._random.choice((0, 0, 0, 1, -1, 1000))
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
        return quoted(moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))

    def _held_value(self, one: Property) -> Any:
        name = one.name + DENSE * (one.type == "list")
        for _ in range(20):
            value: Any = self._random.choice(self._held).get(name)
            if isinstance(value, list):
                value = self._random.choice(value)
            if value is not None:
                return value
        return None
