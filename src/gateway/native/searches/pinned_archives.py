"""Archives whose entries the query names: one round trip, as each is only at its holders.

This is how `nomad.client.ArchiveQuery` downloads, and it pairs answers with ids by position.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson

from gateway.model import Json, JsonObject
from gateway.native.asking import Said, adapted, ask_sites, post
from gateway.native.reading.request import ENTRY_ID, NativeSearch
from gateway.native.searches.entries import (
    EntryPages,
    read_documents,
    read_total,
    written_pagination,
)

MOST = 100
"""Entries that are read so: all in one answer of a site."""
DOING = "read archives"


@dataclass(frozen=True, slots=True)
class _Part:
    documents: list[JsonObject]
    total: int
    query: Json


class PinnedArchives:
    """Reads one page of named entries."""

    def __init__(self, pages: EntryPages) -> None:
        self._pages = pages

    @staticmethod
    def can_read(search: NativeSearch, ids: Sequence[str]) -> bool:
        """Whether the page holds all that can match, in the order of ids."""
        page = search.pagination
        is_plain = page.order_by == ENTRY_ID and not page.skip and page.after is None
        return is_plain and len(ids) <= min(page.size, MOST)

    async def read(self) -> tuple[JsonObject, list[bytes]] | None:
        """Head and bodies; None: some site has no archive of an entry, so others are asked."""
        pages = self._pages
        said = await ask_sites({site: self._part(site) for site in pages.call.sites}, doing=DOING)
        parts = {site: one.value for site, one in said.items()}
        if any(len(part.documents) < part.total for part in parts.values()):
            return None
        found: dict[str, dict[str, JsonObject]] = {}
        for site, part in parts.items():
            for document in part.documents:
                found.setdefault(str(document[ENTRY_ID]), {})[site] = document
        search = pages.search
        ids = sorted(found, reverse=search.pagination.is_descending)
        data = [self._served(entry_id, found[entry_id]) for entry_id in ids]
        echo = min(said.values(), key=lambda one: len(one.lacking)).value.query
        head: JsonObject = {
            "owner": search.owner,
            "query": echo,
            "pagination": written_pagination(search.pagination, total=len(ids)),
            "required": search.archive,
        }
        return head, data

    def _served(self, entry_id: str, documents: dict[str, JsonObject]) -> bytes:
        first = self._pages.copies.holders(entry_id, [*documents])[0]
        return orjson.dumps(documents[first])

    async def _part(self, site: str) -> Said[_Part]:
        pages = self._pages
        page = pages.search.pagination

        async def ask(lacking: Collection[str]) -> _Part:
            asked = pages.asked(site, lacking)
            body: JsonObject = {
                "owner": pages.owner_of(site),
                "query": asked.query,
                "pagination": {"page_size": page.size, "order": page.order},
                "required": pages.search.archive,
            }
            answer = await post(
                pages.clients[site],
                "/entries/archive/query",
                body,
                call=pages.call,
                scope=pages.scope,
                doing=DOING,
            )
            total = read_total(site, answer)
            return _Part(read_documents(site, answer), total, asked.echo(answer.get("query")))

        return await adapted(ask)
