"""The address of a search: the API's own parameters, so that the API has the same query string."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote_plus, urlencode

_UNESCAPED = "=,:()!*~"
"""As in the API's own links: RFC 3986 allows these characters in a query."""
_PLAIN = ("filter", "sort", "page_limit", "response_fields")
_FORMAT = "response_format"
"""Each link of the page has its own."""
PAGING = ("page_offset", "page_number", "page_cursor")


@dataclass(frozen=True, slots=True)
class PageAddress:
    """What is asked for; an empty text is the default."""

    filter: str = ""
    sort: str = ""
    page_limit: str = ""
    response_fields: str = ""
    """The columns."""
    others: tuple[tuple[str, str], ...] = ()
    """The rest, such as `_fed_timeout`."""
    paging: tuple[tuple[str, str], ...] = ()
    """Which page of the result this is."""

    def __str__(self) -> str:
        """The query string, with its question mark; empty for a search with all defaults."""
        return self._query((*self.pairs(), *self.paging))

    @property
    def first(self) -> "PageAddress":
        """The first page of the same search: what is shared and what a search engine keeps."""
        return replace(self, paging=())

    def having(self, *, filter_text: str | None = None, sort: str | None = None) -> "PageAddress":
        """The first page of a search that differs in its filter or its order."""
        return replace(
            self,
            filter=self.filter if filter_text is None else filter_text,
            sort=self.sort if sort is None else sort,
            paging=(),
        )

    def at(self, *, cursor: str | None, offset: int) -> "PageAddress":
        """Another page of the same search."""
        if cursor is None:
            return self.first
        return replace(self, paging=(("page_cursor", cursor), ("page_offset", str(offset))))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names and values, without those that are empty."""
        plain = ((name, getattr(self, name)) for name in _PLAIN)
        return tuple((name, value) for name, value in (*plain, *self.others) if value)

    def with_format(self, name: str) -> str:
        """The query string of the whole result in another format of the API.

        A table has the columns of the page; what other formats hold is fixed.
        """
        columns = ("response_fields",) if name.endswith("_csv") else ()
        kept = ("filter", "sort", *columns, *(name for name, _ in self.others))
        pairs = [pair for pair in self.pairs() if pair[0] in kept]
        return self._query((*pairs, (_FORMAT, name)))

    @staticmethod
    def _query(pairs: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> str:
        query = urlencode(pairs, safe=_UNESCAPED, quote_via=quote_plus)
        return f"?{query}" if query else ""


def read_address(given: Mapping[str, str]) -> PageAddress:
    """The address with these parameters, each of which stands once."""
    return PageAddress(
        **{name: given.get(name, "").strip() for name in _PLAIN},
        others=tuple(
            (name, value.strip())
            for name, value in given.items()
            if name not in (*_PLAIN, *PAGING, _FORMAT) and value.strip()
        ),
        paging=tuple((name, given[name]) for name in PAGING if given.get(name)),
    )
