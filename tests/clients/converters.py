"""What clients make of one structure: the optimade package's adapters, pymatgen's OptimadeRester
and the rules of matterviz, written down from its source (src/lib/structure/parse.ts, August 2026).

Four outcomes: `yes`; `NaN`, made with a cell that is not a number; `wrong`, made with other atoms
than the structure has; `no`.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from optimade.adapters import Structure
from optimade.adapters.exceptions import ConversionError
from pymatgen.core import Element
from pymatgen.ext.optimade import OptimadeRester

Resource: TypeAlias = Mapping[str, Any]
"""An entry of `data`."""
Outcome: TypeAlias = tuple[str, str]
"""One of the four words, and what the client said."""


class NothingMadeError(Exception):
    """A client made nothing of a structure, and said why."""


def outcome_of(client: str, resource: Resource) -> Outcome:
    """What becomes of a structure."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = CLIENTS[client](resource)
    except _FAILURES as error:
        return "no", f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return _judged(made, resource)


_FAILURES = (
    NothingMadeError,
    ConversionError,
    TypeError,
    ValueError,  # pydantic's, too
    IndexError,
    KeyError,
)


def _judged(made: object, resource: Resource) -> Outcome:
    if isinstance(made, Atoms):
        if made.symbols != (_symbols(resource) or made.symbols):
            return "wrong", "other atoms"
        if made.cell is not None and np.isnan(np.asarray(made.cell, dtype=float)).any():
            return "NaN", "a cell that is not a number"
    return "yes", ""


class Atoms:
    """Symbols at each site, and the cell, of what a client has made."""

    def __init__(self, symbols: Sequence[set[str]], cell: object = None) -> None:
        self.symbols = list(symbols)
        self.cell = cell


def _symbols(resource: Resource) -> list[set[str]]:
    """The elements at each site; names of species stand for themselves where there are none."""
    attributes = resource["attributes"]
    species = attributes["species"] or ()
    named = {one["name"]: {*one["chemical_symbols"]} - {"vacancy"} for one in species}
    return [named.get(name, {name}) for name in attributes["species_at_sites"] or ()]


def _model(resource: Resource) -> object:
    return Structure(dict(resource)).entry


def _pymatgen(resource: Resource) -> Atoms:
    made = Structure(dict(resource)).as_pymatgen
    symbols = [{one.symbol for one in site.species} for site in made]
    return Atoms(symbols, made.lattice.matrix if hasattr(made, "lattice") else None)


def _ase(resource: Resource) -> Atoms:
    made = Structure(dict(resource)).as_ase
    return Atoms([{one} for one in made.get_chemical_symbols()], made.cell)


def _cif(resource: Resource) -> object:
    return Structure(dict(resource)).as_cif


def _pdb(resource: Resource) -> object:
    return Structure(dict(resource)).as_pdb


def _mmcif(resource: Resource) -> object:
    return Structure(dict(resource)).as_pdbx_mmcif


def _rester(resource: Resource) -> Atoms:
    with _complaints() as answer:
        found = OptimadeRester._get_snls_from_resource({"data": [resource]}, "", "")
    if not found:
        raise NothingMadeError(answer[0])
    (note,) = found.values()
    return Atoms([_without_vacancy(site) for site in note.structure], note.structure.lattice.matrix)


def _without_vacancy(site: Any) -> set[str]:
    return {one.symbol for one in site.species} - {"X_Vacancy", "X_vacancy"}


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What pymatgen writes to its log in place of an error."""
    answer: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: answer.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("pymatgen.ext.optimade")
    kept, logger.handlers = logger.handlers, [handler]
    try:
        yield answer
    finally:
        logger.handlers = kept


def _matterviz_file(resource: Resource) -> Atoms:
    """`parse_optimade_from_raw`: an answer that is opened as a file."""
    attributes = resource["attributes"]
    positions, names = attributes["cartesian_site_positions"], attributes["species_at_sites"]
    if positions is None or names is None:
        raise NothingMadeError("OPTIMADE JSON missing required position or species data")
    if len(positions) != len(names):
        raise NothingMadeError("OPTIMADE JSON position/species count mismatch")
    return _matterviz(attributes)


def _matterviz_page(resource: Resource) -> Atoms:
    """`optimade_to_crystal`: its page of OPTIMADE structures."""
    attributes = resource["attributes"]
    needed = ("lattice_vectors", "cartesian_site_positions", "species_at_sites")
    if any(attributes[name] is None for name in needed):
        raise NothingMadeError("Missing required OPTIMADE structure data")
    return _matterviz(attributes)


def _matterviz(attributes: Mapping[str, Any]) -> Atoms:
    """`build_optimade_sites`: of a mixed site, it shows the element of highest concentration."""
    if any(None in row for row in attributes["lattice_vectors"] or ()):
        raise NothingMadeError("Invalid OPTIMADE lattice vector: expected 3 finite coordinates")
    species = {one["name"]: one for one in attributes["species"] or ()}
    return Atoms([{_resolved(name, species.get(name))} for name in attributes["species_at_sites"]])


def _resolved(name: str, species: Mapping[str, Any] | None) -> str:
    """`resolve_optimade_element`."""
    if species is not None:
        symbols, shares = species["chemical_symbols"], species["concentration"]
        shared = zip(symbols, shares, strict=True)
        known = [(share, symbol) for symbol, share in shared if Element.is_valid_symbol(symbol)]
        if known:
            return max(known, key=lambda one: one[0])[1]
    bare = name.rstrip("0123456789")
    return bare if Element.is_valid_symbol(bare) else "H"  # any element, by the site's number


CLIENTS: Mapping[str, Callable[[Resource], object]] = {
    "models": _model,
    "as_pymatgen": _pymatgen,
    "as_ase": _ase,
    "as_cif": _cif,
    "as_pdb": _pdb,
    "as_pdbx_mmcif": _mmcif,
    "OptimadeRester": _rester,
    "matterviz file": _matterviz_file,
    "matterviz page": _matterviz_page,
}
"""The columns of the table in docs/how-to/clients.md."""
