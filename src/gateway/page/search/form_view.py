"""The search form as it is shown: choices with their counts, and what is wrong with a field."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.model import Facet
from gateway.page.elements import read_elements, table_order
from gateway.page.form.choice_fields import CRYSTAL_SYSTEM, KIND, PERIODIC_DIMENSIONS, PROGRAM
from gateway.page.form.fields import CRYSTAL_SYSTEMS, KINDS, MODES, PERIODIC, Fields
from gateway.page.form.rules import FieldError

_MOST_SUGGESTED = 30
_SHADES = 5
_MORE = ("program", "dataset", "authors", "further", "sites")
"""Fields that are folded away while nothing stands in them."""
_STARTS = {"He": "c18", "B": "c13", "Al": "c13", "Hf": "c4", "Rf": "c4", "La": "c4", "Ac": "c4"}
"""Where a row of the periodic table goes on after a gap."""


def facet_names(prefix: str) -> tuple[str, ...]:
    """The properties whose values are counted for the form."""
    return ("elements", KIND, CRYSTAL_SYSTEM, PERIODIC_DIMENSIONS, PROGRAM, f"_{prefix}_site",
            f"_{prefix}_datasets")  # fmt: skip


FACETS = facet_names


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that may be chosen."""

    value: str
    title: str
    is_chosen: bool
    count: int | None = None
    """How many structures of the result have it; None: not known."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One element of the periodic table."""

    symbol: str
    name: str
    place: str
    """Class for its place; empty: next to the one before."""
    is_chosen: bool
    is_without: bool
    count: int | None
    shade: int
    """From 0 to 5, by the count."""

    @property
    def short_count(self) -> str:
        """The count in at most four characters, as a cell holds no more: `9999`, `12k`."""
        return _short(self.count or 0)


@dataclass(frozen=True, slots=True)
class FormView:
    """The form."""

    fields: Fields
    chosen: tuple[str, ...]
    """Symbols of the elements that are asked for."""
    modes: tuple[Choice, ...]
    table: tuple[Cell, ...]
    kinds: tuple[Choice, ...]
    systems: tuple[Choice, ...]
    periodic: tuple[Choice, ...]
    sites: tuple[Choice, ...]
    programs: tuple[str, ...]
    """Suggestions."""
    datasets: tuple[str, ...]
    uncounted: str
    """Why some choices have no count, as a sentence; empty: all have one."""
    errors: Mapping[str, FieldError] = field(default_factory=dict)
    """By the field's name."""

    @property
    def is_open(self) -> bool:
        """Whether the form must be seen at once, also on a small screen."""
        return bool(self.errors)

    @property
    def has_counts(self) -> bool:
        """Whether the elements are counted."""
        return any(one.count is not None for one in self.table)

    @property
    def shows_choices(self) -> bool:
        """Whether one of the choices is in use, which small screens fold away."""
        fields = self.fields
        return bool(fields.systems or fields.kinds or fields.periodic)

    @property
    def shows_more(self) -> bool:
        """Whether the fields that are seldom used are in use."""
        return any(getattr(self.fields, name) or name in self.errors for name in _MORE)


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the facets of an answer say."""

    facets: Mapping[str, Facet]

    def of(self, name: str) -> Mapping[str, int]:
        """The counts by value; empty: not known."""
        facet = self.facets.get(name)
        return {str(one.value): one.count for one in facet.values} if facet else {}

    def first(self, name: str) -> tuple[str, ...]:
        """The most frequent values."""
        return tuple(list(self.of(name))[:_MOST_SUGGESTED])


def form_view(
    fields: Fields,
    *,
    prefix: str,
    titles: Mapping[str, str],
    facets: Sequence[Facet] = (),
    uncounted: str = "",
    errors: Sequence[FieldError] = (),
) -> FormView:
    """The form with these fields; `titles` are those of the sites that may be chosen."""
    counts = _Counts({facet.property: facet for facet in facets})
    chosen, _ = read_elements(fields.elements)
    return FormView(
        fields,
        chosen,
        modes=_choices(MODES, (fields.mode,), {}),
        table=_table(fields, chosen, counts.of("elements")),
        kinds=_choices(KINDS, fields.kinds, counts.of(KIND)),
        systems=_choices({one: one for one in CRYSTAL_SYSTEMS}, fields.systems,
                         counts.of(CRYSTAL_SYSTEM)),
        periodic=_choices(PERIODIC, fields.periodic, counts.of(PERIODIC_DIMENSIONS)),
        sites=_choices(titles, fields.sites, counts.of(f"_{prefix}_site")),
        programs=counts.first(PROGRAM),
        datasets=counts.first(f"_{prefix}_datasets"),
        uncounted=uncounted,
        errors={error.field: error for error in errors},
    )  # fmt: skip


def _choices(
    titles: Mapping[str, str], chosen: Sequence[str], counts: Mapping[str, int]
) -> tuple[Choice, ...]:
    return tuple(
        Choice(value, title, value in chosen, _count(counts, value))
        for value, title in titles.items()
    )


def _table(fields: Fields, chosen: Sequence[str], counts: Mapping[str, int]) -> tuple[Cell, ...]:
    without, _ = read_elements(fields.without)
    most = max(counts.values(), default=0)
    return tuple(
        Cell(
            one.symbol,
            one.name,
            _STARTS.get(one.symbol, ""),
            one.symbol in chosen,
            one.symbol in without,
            _count(counts, one.symbol),
            _shade(counts.get(one.symbol, 0), most),
        )
        for one in table_order()
    )


def _count(counts: Mapping[str, int], value: str) -> int | None:
    """A facet is exact: what it does not name, no structure has. Without a facet: None."""
    return counts.get(value, 0) if counts else None


def _short(count: int) -> str:
    if count < 10_000:
        return str(count)
    if count < 1_000_000:
        return f"{count // 1_000}k"
    return f"{count // 100_000 / 10}M" if count < 10_000_000 else f"{count // 1_000_000}M"


def _shade(count: int, most: int) -> int:
    """By orders of magnitude, as oxygen is in most structures."""
    return math.ceil(_SHADES * math.log1p(count) / math.log1p(most)) if count else 0
