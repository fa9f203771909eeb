"""The fields of the search form as a person fills them in: texts and choices, not yet checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from gateway.page.elements import read_elements
from gateway.page.formula import people_order

MODES = {
    "all": "all of these",
    "any": "any of these",
    "only": "only these",
    "exactly": "exactly these",
}
"""How the chosen elements are meant."""
PERIODIC = {"0": "0 (molecule)", "1": "1 (chain)", "2": "2 (layer)", "3": "3 (crystal)"}
KINDS = {
    "bulk": "bulk",
    "surface": "surface",
    "2D": "2D",
    "1D": "1D",
    "molecule / cluster": "molecule",
    "atom": "atom",
}
"""NOMAD's structural types."""
CRYSTAL_SYSTEMS = (
    "cubic", "hexagonal", "trigonal", "tetragonal", "orthorhombic", "monoclinic", "triclinic",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands in the form. An empty text or an empty choice asks for nothing."""

    elements: str = ""
    mode: str = "all"
    without: str = ""
    formula: str = ""
    nelements_min: str = ""
    nelements_max: str = ""
    nsites_min: str = ""
    nsites_max: str = ""
    periodic: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    space_group: str = ""
    gap_min: str = ""
    """In eV, like `gap_max`."""
    gap_max: str = ""
    program: str = ""
    dataset: str = ""
    """The name of a dataset, or a DOI."""
    authors: str = ""
    sites: tuple[str, ...] = ()
    further: str = ""
    """Conditions in OPTIMADE's filter language, for which there is no field."""


NAMES = tuple(one.name for one in fields(Fields))
"""The names of the fields, which are those of the form's parameters as well."""
CHOSEN, BEFORE = "element", "before"
"""The boxes of the periodic table, and the elements that were chosen when the page was made."""


def read_fields(given: Mapping[str, Sequence[str]]) -> Fields:
    """What a submitted form holds; parameters that are no fields are left alone."""
    values: dict[str, str | tuple[str, ...]] = {}
    for one in fields(Fields):
        sent = tuple(value.strip() for value in given.get(one.name, ()) if value.strip())
        if isinstance(one.default, tuple):
            values[one.name] = tuple(dict.fromkeys(sent))
        elif sent:
            values[one.name] = sent[0]
    values["elements"] = _elements(given)
    return Fields(**values)  # type: ignore[arg-type]  # texts and tuples by the fields' own defaults


def _elements(given: Mapping[str, Sequence[str]]) -> str:
    """The elements of the text field and of the periodic table, which show the same ones.

    What was added or taken away in either of them counts; words that are no elements stay.
    """
    text, strange = read_elements(" ".join(given.get("elements", ())))
    before, _ = read_elements(" ".join(given.get(BEFORE, ())))
    boxes = people_order(given.get(CHOSEN, ())) if {BEFORE, CHOSEN} & given.keys() else text
    removed = {one for one in before if one not in text or one not in boxes}
    chosen = dict.fromkeys((*before, *text, *boxes))
    return " ".join((*(one for one in chosen if one not in removed), *strange))
