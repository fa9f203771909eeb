"""The columns of the table of results: which there are, what they need, how a cell is written."""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.model import Json, JsonObject
from gateway.page.form.choice_fields import CRYSTAL_SYSTEM, KIND, PERIODIC_DIMENSIONS, PROGRAM
from gateway.page.form.number_fields import BAND_GAP, JOULE_PER_EV
from gateway.page.formula import formula_parts
from gateway.properties import Catalogue

FORMULA = "chemical_formula_reduced"
_SYMBOL = "_nmd_results_material_symmetry_space_group_symbol"
_LONGEST = 60
"""Characters of a text in a cell."""
_MOST_LISTED = 3
Pieces = tuple[tuple[str, bool], ...]
"""Texts, and whether each stands below the line."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    """The property it shows, which the address names."""
    title: str
    write: Callable[[JsonObject], Pieces]
    also: tuple[str, ...] = ()
    """Other properties that it needs."""
    is_number: bool = False
    is_long: bool = False
    """Whether its texts may need several lines."""
    is_sortable: bool = False


def columns_of(prefix: str, catalogue: Catalogue, *, titles: Mapping[str, str]) -> list[Column]:
    """All columns with a title, in their order; `titles` are those of the sites."""
    own = f"_{prefix}_"

    def site(attributes: JsonObject) -> Pieces:
        name = str(attributes.get(f"{own}site") or "")
        return _plain(titles.get(name, name))

    made = (
        Column(FORMULA, "Formula", _formula(FORMULA)),
        Column("chemical_formula_descriptive", "Formula of the cell",
               _formula("chemical_formula_descriptive")),
        Column("_nmd_results_material_material_name", "Name",
               _text("_nmd_results_material_material_name"), is_long=True),
        Column(KIND, "Kind", _text(KIND)),
        Column(CRYSTAL_SYSTEM, "Crystal system", _text(CRYSTAL_SYSTEM)),
        Column("space_group_it_number", "Space group", _space_group, also=(_SYMBOL,)),
        Column("nelements", "Elements", _text("nelements"), is_number=True),
        Column("nsites", "Sites", _text("nsites"), is_number=True),
        Column(PERIODIC_DIMENSIONS, "Periodic in", _text(PERIODIC_DIMENSIONS), is_number=True),
        Column(BAND_GAP, "Gap (eV)", _band_gap, is_number=True),
        Column("_nmd_results_method_method_name", "Method",
               _text("_nmd_results_method_method_name")),
        Column(PROGRAM, "Program", _text(PROGRAM)),
        Column(f"{own}authors", "Authors", _text(f"{own}authors"), is_long=True),
        Column(f"{own}datasets", "Datasets", _text(f"{own}datasets"), is_long=True),
        Column(f"{own}dois", "DOI", _text(f"{own}dois")),
        Column(f"{own}site", "Oasis", site),
        Column("last_modified", "Published", _date),
    )  # fmt: skip
    return [_sortable(one, catalogue) for one in made if one.name in catalogue]


def default_columns(prefix: str, *, sites: int) -> tuple[str, ...]:
    """The columns shown unless others are chosen."""
    site = (f"_{prefix}_site",) if sites > 1 else ()
    return (FORMULA, KIND, "space_group_it_number", "nsites", BAND_GAP, *site, "last_modified")


def chosen_columns(
    names: Sequence[str], every: Iterable[Column], catalogue: Catalogue
) -> list[Column]:
    """The columns of these properties, the formula always first; any property can be one."""
    known = {column.name: column for column in every}
    wanted = dict.fromkeys((FORMULA, *names))
    return [
        known[name]
        if name in known
        else _sortable(Column(name, name, _text(name), is_long=True), catalogue)
        for name in wanted
        if name in known or name not in ("id", "type")
    ]


def properties_of(columns: Iterable[Column]) -> tuple[str, ...]:
    """What must be asked for, so that the columns can be filled in."""
    return tuple(dict.fromkeys(name for one in columns for name in (one.name, *one.also)))


def _sortable(column: Column, catalogue: Catalogue) -> Column:
    found = catalogue.get(column.name)
    return Column(
        column.name,
        column.title,
        column.write,
        also=column.also,
        is_number=column.is_number,
        is_long=column.is_long,
        is_sortable=bool(found and found.sortable),
    )


def _formula(name: str) -> Callable[[JsonObject], Pieces]:
    def write(attributes: JsonObject) -> Pieces:
        text = attributes.get(name)
        if not isinstance(text, str) or not text:
            return ()
        parts = formula_parts(text)
        return tuple(
            (piece, below)
            for part in parts
            for piece, below in zip(part, (False, True), strict=True)
            if piece
        )

    return write


def _text(name: str) -> Callable[[JsonObject], Pieces]:
    return lambda attributes: _plain(attributes.get(name))


def _plain(value: Json) -> Pieces:
    """A value as people read it. NOMAD's texts have HTML entities in them: `&ndash;` is a dash."""
    if isinstance(value, list):
        shown = [_word(one) for one in value[:_MOST_LISTED]]
        more = [f"and {len(value) - _MOST_LISTED} more"] if len(value) > _MOST_LISTED else []
        return _plain(", ".join((*shown, *more)))
    text = _word(value)
    return ((text, False),) if text else ()


def _word(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.6g}"
        case dict() | list():
            return "…"
        case str():
            text = html.unescape(value).replace("molecule / cluster", "molecule")
            return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _space_group(attributes: JsonObject) -> Pieces:
    """`P6_3/mmc` followed by its number."""
    symbol, number = attributes.get(_SYMBOL), attributes.get("space_group_it_number")
    pieces: list[tuple[str, bool]] = []
    if isinstance(symbol, str):
        first, *rest = symbol[:_LONGEST].split("_")
        pieces.append((first, False))
        for part in rest:
            pieces += [(part[:1], True), (part[1:], False)]
    if number is not None:
        pieces.append((f" ({number})" if pieces else str(number), False))
    return tuple(piece for piece in pieces if piece[0])


def _band_gap(attributes: JsonObject) -> Pieces:
    """The least one of all channels, in eV."""
    values = attributes.get(BAND_GAP)
    if not isinstance(values, list):
        return ()
    numbers = [float(one) for one in values if isinstance(one, int | float)]
    return ((f"{min(numbers) / float(JOULE_PER_EV):.2f}", False),) if numbers else ()


def _date(attributes: JsonObject) -> Pieces:
    return ((str(attributes.get("last_modified") or "")[:10], False),)
