"""The sites of a structure: what is at each, and where."""

from dataclasses import dataclass

from gateway.model import Json, JsonObject
from gateway.page.entry.element_styles import UNKNOWN, VACANCY
from gateway.page.entry.numbers import write_number
from gateway.page.entry.reading import Vector, is_number, texts_of, values_of, vector_of

_NBSP = "\u00a0"
_FULL = 1e-3
"""How far the sum of the occupancies may be from one."""


@dataclass(frozen=True, slots=True)
class Species:
    """What stands at a site: element symbols with their parts, which add up to one or less."""

    name: str
    parts: tuple[tuple[str, float], ...]
    """Vacancies are the last part where there are any."""
    attached: tuple[str, ...] = ()
    """Elements bound to the site without a position of their own."""

    @property
    def is_mixed(self) -> bool:
        """Whether the site is not always held by one and the same element."""
        return len(self.parts) != 1

    @property
    def label(self) -> str:
        """`Na`, or with the occupancies: `Mn 50 %, Fe 25 %, vacant 25 %`."""
        if not self.is_mixed:
            return self.parts[0][0]
        return ", ".join(f"{_word(symbol)}{_NBSP}{_percent(part)}" for symbol, part in self.parts)


@dataclass(frozen=True, slots=True)
class Atoms:
    """All sites; `positions` are Cartesian, in angstrom."""

    species: tuple[Species, ...]
    kinds: tuple[int, ...]
    """For each site the number of its species."""
    positions: tuple[Vector, ...]


def read_atoms(attributes: JsonObject) -> Atoms | None:
    """The sites; None where not every one has a position and a species."""
    positions = [vector_of(one) for one in values_of(attributes, "cartesian_site_positions")]
    names = values_of(attributes, "species_at_sites")
    known = [one for one in positions if one is not None]
    if not known or len(known) != len(positions) or len(names) != len(known):
        return None
    species = {one.name: one for one in read_species(attributes)}
    numbers: dict[str, int] = {}
    used: list[Species] = []
    for name in names:
        if not isinstance(name, str):
            return None
        if name not in numbers:
            numbers[name] = len(used)
            used.append(species.get(name) or Species(name, ((UNKNOWN, 1.0),)))
    kinds = tuple(numbers[name] for name in names if isinstance(name, str))
    return Atoms(tuple(used), kinds, tuple(known))


def read_species(attributes: JsonObject) -> tuple[Species, ...]:
    """The species that can be read."""
    read = (_read(one) for one in values_of(attributes, "species"))
    return tuple(one for one in read if one is not None)


def _read(value: Json) -> Species | None:
    if not isinstance(value, dict) or not isinstance(name := value.get("name"), str):
        return None
    symbols, parts = values_of(value, "chemical_symbols"), values_of(value, "concentration")
    if len(symbols) != len(parts):
        return None
    pairs = [
        (str(one), float(part)) for one, part in zip(symbols, parts, strict=True) if is_number(part)
    ]
    if not pairs or len(pairs) != len(symbols):
        return None
    atoms = [(symbol, part) for symbol, part in pairs if symbol != VACANCY and part > 0]
    vacant = max(0.0, 1 - sum(part for _, part in atoms))
    if vacant > _FULL:
        atoms.append((VACANCY, vacant))
    return Species(name, tuple(atoms), texts_of(value, "attached")) if atoms else None


def _word(symbol: str) -> str:
    return "vacant" if symbol == VACANCY else symbol


def _percent(part: float) -> str:
    return f"{write_number(100 * part, digits=4)}{_NBSP}%"
