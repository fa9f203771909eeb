"""The answer of a search -> what its page shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from gateway.model import Omission, PageLink, Resource, SearchAnswer, SiteReport
from gateway.page.search.address import PageAddress
from gateway.page.search.columns import Column, Pieces
from gateway.page.search.snippets import Snippet, snippets_of

_QUIET = ("facet_left_out", "site_failed", "site_stale")
"""Notices of which the page speaks elsewhere: no count beside a choice, the chips of the sites."""
_STATES = {
    "ok": "answered",
    "cached": "answered",
    "stale": "earlier answer",
    "pruned": "nothing can match",
    "excluded": "not asked",
    "partial": "incomplete",
    "failed": "did not answer",
}
_LOOKS = {"failed": "bad", "stale": "warn", "partial": "warn", "pruned": "off", "excluded": "off"}
_MISSING = ("failed", "stale", "partial")
_FORMATS = {
    "csv": ("Table (CSV)", "one row for each structure"),
    "cif": ("CIF", "a zip with one file for each structure"),
    "xyz": ("Extended XYZ", "a zip with one file of frames, as ASE reads it"),
    "poscar": ("POSCAR", "a zip with one file for each structure"),
    "jsonl": ("JSON Lines", "everything, for programs"),
    "exchange": ("Exchange", "JSON Lines for a copy of the database"),
}


@dataclass(frozen=True, slots=True)
class SiteTitle:
    """A site by the name that people see."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asks for, and of whom."""

    address: PageAddress
    base: str
    """Relative address of the base URL."""
    base_url: str
    """Its absolute address, for texts to copy."""
    prefix: str
    columns: tuple[Column, ...]
    page_limit: int
    offset: int
    """Where the page begins, as far as its address says it."""
    sort: tuple[tuple[str, bool], ...]
    sites: tuple[SiteTitle, ...]
    formats: tuple[str, ...]
    """What the whole result can be written as: `_fed_csv`."""
    largest: Mapping[str, int] = field(default_factory=dict)
    """How many structures a file of a format can hold at most, where there is a limit."""


@dataclass(frozen=True, slots=True)
class Chip:
    """How one site has done."""

    title: str
    look: str
    state: str
    count: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column."""

    title: str
    is_number: bool
    is_long: bool
    sort_link: str
    """Empty: it cannot be sorted by."""
    order: str
    """Value of `aria-sort`; empty: not sorted by it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One structure."""

    link: str
    label: str
    """Its formula on one line."""
    cells: tuple[Pieces, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere to go."""

    title: str
    address: str
    """Empty: there is nothing to go to; the note says why."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What there would be without one condition."""

    condition: str
    link: str
    count: int | None


@dataclass(frozen=True, slots=True)
class SearchView:
    """The results."""

    count: int
    is_exact: bool
    """Whether all sites are in the count."""
    available: int
    shown: str
    """Which of them are on this page: `21–40`; empty: not known."""
    chips: tuple[Chip, ...]
    missing: tuple[str, ...]
    """Titles of the sites whose part is missing or not whole."""
    warnings: tuple[str, ...]
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    pages: tuple[Link, ...]
    downloads: tuple[Link, ...]
    snippets: tuple[Snippet, ...]
    left_out: tuple[LeftOut, ...]


def search_view(
    answer: SearchAnswer,
    asked: Asked,
    *,
    omissions: Sequence[Omission] = (),
    more: Sequence[str] = (),
) -> SearchView:
    """What the page shows; `more` are warnings of the request itself."""
    titles = {site.name: site.title for site in asked.sites}
    chips = tuple(_chip(one, titles) for one in answer.reports)
    missing = tuple(
        titles.get(one.name, one.name) for one in answer.reports if one.state in _MISSING
    )
    warnings = (one.detail for one in answer.notices if (one.code or "") not in _QUIET)
    return SearchView(
        answer.data_returned,
        is_exact=not any(one.state in ("failed", "stale") for one in answer.reports),
        available=answer.data_available,
        shown=_shown(asked, len(answer.resources)),
        chips=chips,
        missing=missing,
        warnings=tuple(dict.fromkeys((*more, *warnings))),
        headings=tuple(_heading(one, asked) for one in asked.columns),
        rows=tuple(_row(one, asked) for one in answer.resources),
        pages=_pages(answer, asked),
        downloads=_downloads(asked, answer.data_returned),
        snippets=snippets_of(asked.address, base_url=asked.base_url),
        left_out=tuple(_left_out(one, asked) for one in omissions),
    )


def _chip(report: SiteReport, titles: Mapping[str, str]) -> Chip:
    return Chip(
        titles.get(report.name, report.name),
        _LOOKS.get(report.state, "good"),
        _STATES[report.state],
        report.total,
        report.reason or "",
    )


def _shown(asked: Asked, count: int) -> str:
    """The range of the page, where its first number is certain: a cursor alone does not tell it."""
    names = [name for name, _ in asked.address.paging]
    if not count or (names and "page_offset" not in names and "page_number" not in names):
        return ""
    first = asked.offset + 1
    return f"{first:,}" if count == 1 else f"{first:,}–{asked.offset + count:,}"


def _heading(column: Column, asked: Asked) -> Heading:
    descends = dict(asked.sort[:1]).get(column.name)
    order = "" if descends is None else "descending" if descends else "ascending"
    link = ""
    if column.is_sortable:
        wanted = f"-{column.name}" if order == "ascending" else column.name
        link = f"{asked.base}{asked.address.having(sort=wanted)}#results"
    return Heading(column.title, column.is_number, column.is_long, link, order)


def _row(resource: Resource, asked: Asked) -> Row:
    cells = tuple(column.write(resource.attributes) for column in asked.columns)
    label = "".join(text for text, _ in cells[0])
    # `~` stays as it is in ids, as in the API's own addresses
    return Row(f"{asked.base}entry/{quote(resource.id, safe='~')}", label or resource.id, cells)


def _pages(answer: SearchAnswer, asked: Asked) -> tuple[Link, ...]:
    to: Callable[[PageLink], str] = lambda link: (  # noqa: E731  # short, and used in one place
        f"{asked.base}{asked.address.at(cursor=link.cursor, offset=link.offset)}#results"
    )
    links: list[Link] = []
    if answer.prev is not None:
        links.append(Link("First", f"{asked.base}{asked.address.first}#results"))
        links.append(Link("Previous", to(answer.prev), "prev"))
    if answer.next is not None:
        links.append(Link("Next", to(answer.next), "next"))
    if answer.last is not None and answer.more:
        links.append(Link("Last", to(answer.last)))
    return tuple(links)


def _downloads(asked: Asked, count: int) -> tuple[Link, ...]:
    api = f"{asked.base}v1/structures"
    made = [Link("JSON", f"{api}{asked.address.first}", "this page, as the API gives it")]
    for name in asked.formats:
        title, note = _FORMATS.get(name.rpartition("_")[2], (name, ""))
        most = asked.largest.get(name, count)
        if title in [link.title for link in made]:
            continue
        if count > most:
            note = f"holds at most {most:,} structures: narrow the search"
        address = "" if count > most else f"{api}{asked.address.with_format(name)}"
        made.append(Link(title, address, note))
    order = [title for title, _ in _FORMATS.values()]
    return tuple(sorted(made, key=lambda one: order.index(one.title) if one.title in order else 99))


def _left_out(omission: Omission, asked: Asked) -> LeftOut:
    link = f"{asked.base}{asked.address.having(filter_text=omission.filter)}#results"
    return LeftOut(omission.condition, link, omission.count)
