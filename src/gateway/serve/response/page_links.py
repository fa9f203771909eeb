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
    return {
        name: address_of(link, context) for name, link in neighbours.items() if link is not None
    }


def address_of(link: PageLink, context: RequestContext) -> str:
    """The address of a page: its cursor, and the offset beside it for clients that count pages."""
    kept = [(name, value) for name, value in context.pairs if name not in PAGING]
    if link.cursor is not None:
        kept.append(("page_cursor", link.cursor))
    kept.append(("page_offset", str(link.offset)))
    query = urlencode(kept, safe=_UNESCAPED, quote_via=quote_plus)
    return f"{context.versioned_url}{context.target.endpoint}?{query}"
