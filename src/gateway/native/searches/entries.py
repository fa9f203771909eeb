"""Pages of index documents, merged: `entries/query` and GET `entries`.

Small pages come in one round trip. Where documents may be large, keys come first, then only the
page's documents, from the sites that serve them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from gateway.merge import Pin
from gateway.model import Json, JsonObject
from gateway.native.asking import NativeAnswer
from gateway.native.holders import Served
from gateway.native.merge import MergedPage, merge_hits
from gateway.native.order import position
from gateway.native.reading.request import ENTRY_ID, NativeSearch, Required
from gateway.native.searches.attempts import MOST_ROUNDS
from gateway.native.searches.documents import DOING, written_pagination
from gateway.native.searches.site_page import SitePage, read_site_page
from gateway.native.searches.site_queries import SiteQueries

SMALL_PAGE = 50
"""A page of whole documents up to this size comes at once from each site."""
FEW_NAMES, LIGHT_PAGE = 30, 1_000
"""So do pages of so many entries of which only so many named quantities are wanted."""


@dataclass(frozen=True, slots=True)
class EntryPage:
    """The merged page and what NOMAD's answer says around it."""

    page: MergedPage
    head: JsonObject
    has_documents: bool
    """Whether its hits have the documents that are asked for; else only what orders them."""


class SeenTwiceError(Exception):
    """Entries that two sites gave, as what is known of copies is too old: asked again without the
    second ones; `again` are these by the site that is to leave them out."""

    def __init__(self, again: Mapping[str, tuple[str, ...]], holders: frozenset[str]) -> None:
        super().__init__()
        self.again = again
        self.holders = holders


def can_come_whole(search: NativeSearch) -> bool:
    """Whether documents are small enough to come with the keys."""
    size, required = search.pagination.size, search.required
    if search.pagination.skip or (required is not None and required.exclude):
        return False
    if size <= SMALL_PAGE:
        return True
    include = None if required is None else required.include
    is_light = include is not None and len(include) <= FEW_NAMES
    is_named = is_light and not any("*" in name or name == "data" for name in include or ())
    return size <= LIGHT_PAGE and is_named


async def read_page(queries: SiteQueries, *, fields: Sequence[str] | None = None) -> EntryPage:
    """The page; with `fields`, only these of each entry, else documents where they are small.

    Raises NativeError, SitesUnavailableError or SeenTwiceError.
    """
    whole = fields is None and can_come_whole(queries.search)
    wanted = queries.search.required if whole else Required((*(fields or ()), ENTRY_ID))
    answers = await queries.ask_all(
        {site: partial(read_site_page, queries, site, wanted) for site in queries.sites},
        doing=DOING,
    )
    if queries.served is not None:
        answers = {site: answers[site] for site in queries.served.preferred(answers)}
    parts = {site: answer.value for site, answer in answers.items()}
    if queries.served is not None and queries.attempt.rounds < MOST_ROUNDS:
        _check_once(parts)
    pagination = queries.search.pagination
    page = merge_hits(
        {site: part.hits for site, part in parts.items()},
        queries.order,
        skip=pagination.skip,
        size=pagination.size,
    )
    total = _total(page, parts)
    queries.attempt.check_found(total)
    return EntryPage(page, _head(queries, page, query=_echo(answers), total=total), whole)


def _check_once(parts: Mapping[str, SitePage]) -> None:
    """Raise if an entry was given twice."""
    first: dict[str, str] = {}
    again: dict[str, tuple[str, ...]] = {}
    holders: set[str] = set()
    for site, part in parts.items():
        for hit in part.hits:
            holder = first.setdefault(hit.key.entry_id, site)
            if holder != site:
                again[site] = (*again.get(site, ()), hit.key.entry_id)
                holders |= {holder, site}
    if again:
        raise SeenTwiceError(again, frozenset(holders))


def _total(page: MergedPage, parts: Mapping[str, SitePage]) -> int:
    """The exact sum; entries seen twice count once where all that match has been seen."""
    total = sum(part.total for part in parts.values())
    given = sum(len(part.hits) for part in parts.values())
    return total - page.twice if given == total else total


def _echo(answers: Mapping[str, NativeAnswer[SitePage]]) -> Json:
    """The caller's query as NOMAD repeats it: by a site that knows all its names, if any does."""
    ranked = sorted(answers.values(), key=lambda answer: len(answer.lacking))
    return ranked[0].value.query if ranked else {}


def _head(queries: SiteQueries, page: MergedPage, *, query: Json, total: int) -> JsonObject:
    pagination = queries.search.pagination
    written = written_pagination(pagination, total=total)
    if 0 < len(page.hits) < total and len(page.hits) >= pagination.size:
        last = position(page.hits[-1].key, queries.order, _pin(queries.served))
        written["next_page_after_value"] = last
    return {"owner": queries.search.owner, "query": query, "pagination": written}


def _pin(served: Served | None) -> Pin | None:
    """What a position of this walk keeps; None: no entry has copies that are left out."""
    if served is None or (served.hides_nothing and not served.pin.away):
        return None
    return served.pin
