"""Walks along the links of a federation, each page held against the expected order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gateway.model import PageLink, SearchAnswer, SearchRequest
from gateway.search import Federation
from tests.whole.expected import Known, Sort, ids_of, sorted_entries

INDEX_ONLY = ("nsites",)
"""response_fields that need no archive: the quickest way to walk."""


@dataclass(slots=True)
class Walk:
    """One question to a federation and what its pages must hold, in order."""

    federation: Federation
    request: SearchRequest
    expected: list[str]
    problems: list[str] = field(default_factory=list)
    pages: int = 0

    @property
    def limit(self) -> int:
        return self.request.page_limit

    async def forward(self) -> SearchAnswer:
        """From the first page along `next` to the end; the last answer."""
        at, answer = 0, await self.page(self.request, 0)
        while answer.next is not None and at + self.limit < len(self.expected):
            at += self.limit
            self._say(answer.next.offset == at, f"next says offset {answer.next.offset}, not {at}")
            answer = await self.follow(answer.next, at)
        self._say(answer.next is None, "there is a page after the last one")
        self._say(at + self.limit >= len(self.expected), f"the walk ends at {at}")
        return answer

    async def back_from(self, answer: SearchAnswer) -> SearchAnswer:
        """From the last page along `prev` to the start; `next` of each leads back again."""
        at = last_offset(len(self.expected), self.limit)
        while answer.prev is not None and at > 0:
            here, at = at, at - self.limit
            self._say(answer.prev.offset == at, f"prev says offset {answer.prev.offset}, not {at}")
            answer = await self.follow(answer.prev, at)
            if here % (7 * self.limit) == 0 and answer.next is not None:
                await self.follow(answer.next, here)
        self._say(answer.prev is None, "there is a page before the first one")
        self._say(at == 0, f"the walk back ends at {at}")
        return answer

    async def last(self) -> SearchAnswer:
        """The page behind the first page's `last` link."""
        first = await self.page(self.request, 0)
        if first.last is None:
            self._say(False, "the first page has no last link")
            return first
        at = last_offset(len(self.expected), self.limit)
        self._say(first.last.offset == at, f"last says offset {first.last.offset}, not {at}")
        return await self.follow(first.last, at)

    async def at_offset(self, offset: int) -> SearchAnswer:
        """The page at an offset."""
        return await self.page(replace(self.request, offset=offset), offset)

    async def follow(self, link: PageLink, offset: int) -> SearchAnswer:
        """The page behind a link."""
        return await self.page(replace(self.request, cursor=link.cursor), offset)

    async def page(self, request: SearchRequest, offset: int) -> SearchAnswer:
        """One page, held against what stands at the offset."""
        answer = await self.federation.search(request)
        self.pages += 1
        found = [one.id for one in answer.resources]
        wanted = self.expected[offset : offset + self.limit]
        self._say(found == wanted, f"page at {offset}: {_difference(found, wanted)}")
        total = len(self.expected)
        self._say(answer.data_returned == total, f"data_returned {answer.data_returned}")
        more = offset + len(wanted) < total
        self._say(answer.more == more, f"page at {offset}: more is {answer.more}")
        failed = [f"{one.name}: {one.reason}" for one in answer.reports if one.state == "failed"]
        self._say(not failed, f"page at {offset}: {'; '.join(failed)}")
        return answer

    def _say(self, right: bool, problem: str) -> None:
        if not right:
            self.problems.append(f"{describe(self.request)}: {problem}")


def walk_of(
    federation: Federation,
    entries: Sequence[Known],
    *,
    sort: Sort = (),
    limit: int = 20,
    where: str | None = None,
    fields: tuple[str, ...] | None = INDEX_ONLY,
) -> Walk:
    """A walk over `entries`, which are those that the filter `where` selects."""
    request = SearchRequest(
        "structures", filter=where, sort=sort, page_limit=limit, response_fields=fields
    )
    return Walk(federation, request, ids_of(sorted_entries(entries, sort)))


def last_offset(total: int, limit: int) -> int:
    """Where the last page begins."""
    return max(0, (total - 1) // limit * limit)


def describe(request: SearchRequest) -> str:
    """A request in short."""
    keys = ",".join(f"{'-' if falling else ''}{name}" for name, falling in request.sort)
    fields = "all" if request.response_fields is None else ",".join(request.response_fields)
    return f"[{request.filter or ''} sort={keys} limit={request.page_limit} fields={fields}]"


def _difference(found: Sequence[str], wanted: Sequence[str]) -> str:
    if len(found) != len(wanted):
        return f"{len(found)} entries instead of {len(wanted)}"
    first = next(
        (i for i, pair in enumerate(zip(found, wanted, strict=True)) if len(set(pair)) > 1), 0
    )
    return f"entry {first} is {found[first]} instead of {wanted[first]}" if found else ""
