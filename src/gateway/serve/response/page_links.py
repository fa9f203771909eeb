"""first, prev, next and last: plain absolute addresses with all of the request's parameters."""

from urllib.parse import quote_plus, urlencode

from gateway.model import JsonObject, PageLink, SearchAnswer
from gateway.serve.request.context import RequestContext
from gateway.serve.request.packed_filter import PACKED, pack_filter
from gateway.serve.request.query_string import PAGING

FIRST = PageLink(None, 0)
_UNESCAPED = "=,:()!*~"
"""Characters of filters that RFC 3986 allows in a query: some clients refuse very long links."""
_LONG = 1_000
"""Bytes of a filter from which on links after a POST have it packed: it was too long for a URL."""


def page_links(answer: SearchAnswer, *, context: RequestContext, prefix: str) -> JsonObject:
    """The neighbours of a page; a link to nowhere is left out."""
    neighbours = {
        "first": FIRST,
        "prev": answer.prev,
        "next": answer.next,
        "last": answer.last,
    }
    start = _start(context, prefix)
    return {name: _address(link, start) for name, link in neighbours.items() if link is not None}


def address_of(link: PageLink, context: RequestContext, *, prefix: str) -> str:
    """The address of a page: its cursor, and the offset beside it for clients that count pages."""
    return _address(link, _start(context, prefix))


def _start(context: RequestContext, prefix: str) -> str:
    """What the links of a page have in common: the address and all parameters but the paging."""
    kept = [(name, value) for name, value in context.pairs if name not in PAGING]
    if not context.is_get:
        kept = _packed(kept, f"_{prefix}_{PACKED}")
    query = urlencode(kept, safe=_UNESCAPED, quote_via=quote_plus)
    separator = "&" if query else ""
    return f"{context.versioned_url}{context.target.endpoint}?{query}{separator}"


def _packed(pairs: list[tuple[str, str]], packed_name: str) -> list[tuple[str, str]]:
    """The parameters with a long filter packed, and that once only."""
    given = dict(pairs)
    text = given.get("filter", "")
    if given.get(packed_name):
        return [pair for pair in pairs if pair[0] != "filter"]
    if len(quote_plus(text, _UNESCAPED)) <= _LONG:
        return pairs
    packed = (packed_name, pack_filter(text))
    return [packed if pair[0] == "filter" else pair for pair in pairs]


def _address(link: PageLink, start: str) -> str:
    cursor = "" if link.cursor is None else f"page_cursor={quote_plus(link.cursor, _UNESCAPED)}&"
    return f"{start}{cursor}page_offset={link.offset}"
