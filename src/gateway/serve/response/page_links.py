"""first, prev, next and last: plain absolute addresses with all of the request's parameters."""

from urllib.parse import quote_plus, urlencode

from gateway.model import JsonObject, PageLink, SearchAnswer
from gateway.serve.request.context import RequestContext
from gateway.serve.request.query_string import PAGING

FIRST = PageLink(None, 0)
_UNESCAPED = "=,:()!*~"
"""Characters of filters that RFC 3986 allows in a query: some clients refuse very long links."""


def page_links(answer: SearchAnswer, *, context: RequestContext) -> JsonObject:
    """The neighbours of a page; a link to nowhere is left out."""
    neighbours = {
        "first": FIRST,
        "prev": answer.prev,
        "next": answer.next,
        "last": answer.last,
    }
    start = _start(context)
    return {name: _address(link, start) for name, link in neighbours.items() if link is not None}


def address_of(link: PageLink, context: RequestContext) -> str:
    """The address of a page: its cursor, and the offset beside it for clients that count pages."""
    return _address(link, _start(context))


def _start(context: RequestContext) -> str:
    """What the links of a page have in common: the address and all parameters but the paging."""
    kept = [(name, value) for name, value in context.pairs if name not in PAGING]
    query = urlencode(kept, safe=_UNESCAPED, quote_via=quote_plus)
    separator = "&" if query else ""
    return f"{context.versioned_url}{context.target.endpoint}?{query}{separator}"


def _address(link: PageLink, start: str) -> str:
    cursor = "" if link.cursor is None else f"page_cursor={quote_plus(link.cursor, _UNESCAPED)}&"
    return f"{start}{cursor}page_offset={link.offset}"
