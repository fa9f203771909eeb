"""A structure as it is served -> everything that its page says (`described.EntryView`)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.model import SEPARATOR, JsonObject, Notice, Resource
from gateway.page.entry.atoms import Atoms, Species, read_atoms, read_species
from gateway.page.entry.cell import Cell, read_cell
from gateway.page.entry.citation import Cited, cite, doi_address, write_bibtex
from gateway.page.entry.described import (
    CellView,
    Copied,
    EntryView,
    LegendItem,
    Literature,
    Origin,
    SiteRow,
)
from gateway.page.entry.element_styles import VACANCY, style_of
from gateway.page.entry.facts import FactGroup, read_facts
from gateway.page.entry.numbers import write_fixed
from gateway.page.entry.reading import number_of, text_of, texts_of
from gateway.page.entry.scene import is_crowded, why_not_drawn, write_scene
from gateway.page.formula import formula_parts, write_formula

MAX_ROWS = 500
"""Sites in the table; the downloads hold all."""
FOLDED_FROM = 24
"""Sites from which the table is folded."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the gateway knows of an entry besides its attributes."""

    prefix: str
    """Of the gateway's own properties."""
    site: str
    titles: Mapping[str, str]
    """Of all sites at which copies may be shown, by name."""

    @property
    def site_title(self) -> str:
        """What people call the entry's site."""
        return self.titles.get(self.site) or self.site


def read_entry_view(
    resource: Resource, place: Place, *, included: Sequence[Resource], notices: Sequence[Notice]
) -> EntryView:
    """The page of a structure."""
    attributes = resource.attributes
    atoms, cell = read_atoms(attributes), read_cell(attributes)
    origin = _origin(attributes, place)
    known = text_of(attributes, "chemical_formula_reduced")
    parts = formula_parts(known or text_of(attributes, "chemical_formula_hill") or "")
    formula = write_formula(parts)
    cited = _cited(resource, formula, origin)
    why = why_not_drawn(atoms)
    groups = read_facts(attributes)
    return EntryView(
        id=resource.id,
        entry_id=cited.entry_id,
        formula=formula,
        pieces=parts,
        summary=_summary(groups, attributes),
        facts=tuple(_composition(attributes)),
        groups=groups,
        cell=None if cell is None else _cell_view(cell),
        cell_note=_cell_note(cell, attributes),
        rows=_rows(atoms, cell),
        sites=0 if atoms is None else len(atoms.positions),
        is_folded=atoms is not None and len(atoms.positions) > FOLDED_FROM,
        legend=_legend(atoms.species if atoms else read_species(attributes)),
        mixed=tuple(dict.fromkeys(one.label for one in _species(atoms) if one.is_mixed)),
        scene=write_scene(atoms, cell) if atoms is not None and why is None else None,
        why_no_picture=why or "",
        has_bonds=atoms is not None and not is_crowded(atoms),
        repeats=cell.is_periodic if cell else (False, False, False),
        origin=origin,
        copies=tuple(_copies(resource, place)),
        literature=tuple(_literature(one) for one in included),
        citation=cite(cited),
        bibtex=write_bibtex(cited),
        notices=tuple(notice.detail for notice in notices),
    )


def _species(atoms: Atoms | None) -> tuple[Species, ...]:
    return atoms.species if atoms else ()


def _summary(groups: Sequence[FactGroup], attributes: JsonObject) -> str:
    known = dict(row for group in groups for row in group.rows)
    words = [known.get("Name", ""), known.get("Space group", ""), known.get("Crystal system", "")]
    sites = number_of(attributes, "nsites")
    return " · ".join([word for word in words if word] + ([f"{sites:g} sites"] if sites else []))


def _composition(attributes: JsonObject) -> list[tuple[str, str]]:
    rows = [
        ("Formula", text_of(attributes, "chemical_formula_descriptive")),
        ("Hill formula", text_of(attributes, "chemical_formula_hill")),
        ("Anonymous formula", text_of(attributes, "chemical_formula_anonymous")),
        ("Elements", ", ".join(texts_of(attributes, "elements"))),
        ("Periodic in", _periodicity(attributes)),
        ("Features", ", ".join(texts_of(attributes, "structure_features")).replace("_", " ")),
    ]
    return [(label, value) for label, value in rows if value]


def _periodicity(attributes: JsonObject) -> str:
    number = number_of(attributes, "nperiodic_dimensions")
    if number is None:
        return ""
    return (
        f"{number:g} {'direction' if number == 1 else 'directions'}" if number else "no direction"
    )


def _cell_view(cell: Cell) -> CellView:
    return CellView(
        lengths=tuple(
            (name, "–" if one is None else f"{write_fixed(one, places=4)} Å")
            for name, one in zip("abc", cell.lengths, strict=True)
        ),
        angles=tuple(
            (name, "–" if one is None else f"{write_fixed(one, places=3)}°")
            for name, one in zip("αβγ", cell.angles, strict=True)
        ),
        volume="–" if cell.volume is None else f"{write_fixed(cell.volume, places=3)} Å³",
        vectors=tuple(
            (name, None if one is None else _fixed(one, places=5), repeats)
            for name, one, repeats in zip("abc", cell.vectors, cell.is_periodic, strict=True)
        ),
        is_left_handed=cell.is_left_handed,
    )


def _cell_note(cell: Cell | None, attributes: JsonObject) -> str:
    if cell is None:
        if number_of(attributes, "nperiodic_dimensions") == 0:
            return (
                "This structure does not repeat: a molecule, a cluster or an atom without a cell."
            )
        return "The Oasis does not say what the cell is."
    if cell.is_left_handed:
        return (
            "a, b, c are a left-handed set. Lengths and angles alone would give the mirror image; "
            "the lattice vectors and the downloads give the structure as it is."
        )
    return ""


def _rows(atoms: Atoms | None, cell: Cell | None) -> tuple[SiteRow, ...]:
    if atoms is None:
        return ()
    sites = zip(atoms.kinds[:MAX_ROWS], atoms.positions[:MAX_ROWS], strict=True)
    return tuple(
        SiteRow(
            number,
            atoms.species[kind].label,
            () if cell is None else _fixed(cell.fractional(position), places=5),
            _fixed(position, places=4),
        )
        for number, (kind, position) in enumerate(sites, start=1)
    )


def _fixed(values: Sequence[float | None], *, places: int) -> tuple[str, ...]:
    return tuple("–" if one is None else write_fixed(one, places=places) for one in values)


def _legend(species: Sequence[Species]) -> tuple[LegendItem, ...]:
    symbols = dict.fromkeys(symbol for one in species for symbol, _ in one.parts)
    ordered = sorted(symbols, key=lambda symbol: (symbol == VACANCY, symbol))
    return tuple(LegendItem(one, style_of(one).colour, _WORDS.get(one, one)) for one in ordered)


_WORDS = {VACANCY: "vacant", "X": "X (unknown)"}


def _origin(attributes: JsonObject, place: Place) -> Origin:
    own = f"_{place.prefix}_"
    return Origin(
        site=place.site,
        site_title=place.site_title,
        entry_page=_address(text_of(attributes, f"{own}entry_page")),
        api_url=_address(text_of(attributes, f"{own}api_url")),
        upload_id=text_of(attributes, f"{own}upload_id") or "",
        upload_name=text_of(attributes, "_nmd_upload_name") or "",
        mainfile=text_of(attributes, "_nmd_mainfile") or "",
        authors=texts_of(attributes, f"{own}authors"),
        datasets=texts_of(attributes, f"{own}datasets"),
        dois=tuple((doi, doi_address(doi)) for doi in texts_of(attributes, f"{own}dois")),
        licence=text_of(attributes, f"{own}license") or "",
        comment=text_of(attributes, "_nmd_comment") or "",
        last_modified=text_of(attributes, "last_modified") or "",
    )


def _cited(resource: Resource, formula: str, origin: Origin) -> Cited:
    return Cited(
        resource.id.partition(SEPARATOR)[2],
        formula,
        origin.site_title,
        origin.entry_page,
        authors=origin.authors,
        dois=tuple(doi for doi, _ in origin.dois),
        datasets=origin.datasets,
        year=origin.last_modified[:4],
    )


def _copies(resource: Resource, place: Place) -> Iterator[Copied]:
    for id_ in texts_of(resource.attributes, f"_{place.prefix}_copies"):
        site = id_.partition(SEPARATOR)[0]
        if id_ != resource.id and site in place.titles:
            yield Copied(id_, place.titles[site] or site)


def _literature(reference: Resource) -> Literature:
    attributes = reference.attributes
    doi, url = text_of(attributes, "doi"), text_of(attributes, "url")
    known = text_of(attributes, "title") or text_of(attributes, "note") or doi or url
    address = doi_address(doi) if doi else _address(url)
    return Literature(known or reference.id, address or None)


def _address(text: str | None) -> str:
    """An address that a link may lead to: what an Oasis says may be no script."""
    return text if text and re.match(r"https?://[^\s/]", text) else ""
