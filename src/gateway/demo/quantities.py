"""The catalogue of an index document: which quantities NOMAD knows, of which kind each is."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gateway.demo.refusals import query_refusal

KEYWORD = "keyword"
TERMS_KINDS = frozenset({KEYWORD, "boolean", "date", "integer", "long", "float", "double"})
RATIOS = "optimade.elements_ratios"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One searchable quantity; `field` and `kind` are its name and type in the index."""

    name: str
    kind: str
    scalar: bool
    field: str
    size: int  # of a terms aggregation that names none

    @property
    def aggregatable(self) -> bool:
        """Whether a terms aggregation takes it."""
        return self.kind in (KEYWORD, "boolean")


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All quantities of one NOMAD version, and the repeated sections that are nested documents."""

    quantities: dict[str, Quantity]
    sections: tuple[str, ...]  # shortest first
    kinds: dict[str, str]  # by field, also those inside nested fields

    def find(self, name: str, *, loc: tuple[str, ...] | None = None) -> Quantity:
        """The quantity, or NOMAD's refusal of an unknown name."""
        quantity = self.quantities.get(name)
        if quantity is None:
            raise query_refusal(f"{name} is not a doc quantity", loc=loc or (name,))
        return quantity

    @property
    def nested(self) -> tuple[str, ...]:
        """Paths whose members are documents of their own in the index."""
        return (RATIOS, *self.sections)


def is_old(version: str) -> bool:
    """Whether a NOMAD of this version answers as 1.3 does."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return (major, minor) < (1, 4)


@cache
def read_catalogue(version: str) -> Catalogue:
    """The catalogue of a NOMAD version."""
    rows = [line.split() for line in _lines() if _is_in(line, version)]
    quantities = {row[0]: _quantity(row) for row in rows if row[1] != "section"}
    sections = tuple(row[0] for row in rows if row[1] == "section")
    kinds = {quantity.field: quantity.kind for quantity in quantities.values()}
    kinds |= {f"{RATIOS}.elements": KEYWORD, f"{RATIOS}.elements_ratios": "float"}
    return Catalogue(quantities, tuple(sorted(sections, key=len)), kinds)


def _lines() -> list[str]:
    text = files("gateway.demo").joinpath("data/quantities.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _is_in(line: str, version: str) -> bool:
    since = line.rsplit(maxsplit=1)[-1]
    return since == "-" or not version.startswith("1.")


def _quantity(row: list[str]) -> Quantity:
    name, kind, many, field, size, _since = row
    return Quantity(
        name=name,
        kind=kind,
        scalar=many == "one",
        field=name if field == "-" else field,
        size=10 if size == "-" else int(size),
    )
