"""The words of an entry's page, which its template lays out. Texts are as people read them."""

from dataclasses import dataclass

from gateway.page.entry.facts import FactGroup
from gateway.page.formula import Parts


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One site of the structure."""

    number: int
    label: str
    fractional: tuple[str, ...]
    cartesian: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LegendItem:
    """An element of the picture."""

    symbol: str
    colour: str
    text: str


@dataclass(frozen=True, slots=True)
class CellView:
    """The cell, written out. A dash stands for what is not known."""

    lengths: tuple[tuple[str, str], ...]
    angles: tuple[tuple[str, str], ...]
    volume: str
    vectors: tuple[tuple[str, tuple[str, ...] | None, bool], ...]
    """Name, components, and whether the structure repeats along it."""
    is_left_handed: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an entry lives, and whose it is."""

    site: str
    site_title: str
    entry_page: str
    api_url: str
    upload_id: str
    upload_name: str
    mainfile: str
    authors: tuple[str, ...]
    datasets: tuple[str, ...]
    dois: tuple[tuple[str, str], ...]
    """Each with its address."""
    licence: str
    comment: str
    last_modified: str


@dataclass(frozen=True, slots=True)
class Copied:
    """The same entry at another site."""

    id: str
    site_title: str


@dataclass(frozen=True, slots=True)
class Literature:
    """Something that the entry refers to."""

    text: str
    address: str | None


@dataclass(frozen=True, slots=True)
class EntryView:
    """All of the page."""

    id: str
    entry_id: str
    formula: str
    pieces: Parts
    """Of the formula: symbols and what stands below the line after each."""
    summary: str
    """One line below the title."""
    facts: tuple[tuple[str, str], ...]
    groups: tuple[FactGroup, ...]
    cell: CellView | None
    cell_note: str
    """Why there is no cell, or what is special about it; empty: nothing to say."""
    rows: tuple[SiteRow, ...]
    sites: int
    is_folded: bool
    legend: tuple[LegendItem, ...]
    mixed: tuple[str, ...]
    """The labels of sites that several elements share, or that are partly vacant."""
    scene: str | None
    why_no_picture: str
    has_bonds: bool
    """Whether bonds are drawn from the beginning."""
    repeats: tuple[bool, bool, bool]
    """Along which vectors there is something to repeat."""
    origin: Origin
    copies: tuple[Copied, ...]
    """At the other sites that hold the entry, too."""
    literature: tuple[Literature, ...]
    citation: str
    bibtex: str
    notices: tuple[str, ...]
