"""first, prev, next and last: plain absolute addresses with all of the request's parameters."""

from urllib.parse import quote, urlencode

from gateway.model import JsonObject, PageLink, SearchAnswer
from gateway.serve.call import Call
from gateway.serve.query_string import PAGING

FIRST = PageLink(None, 0)


def page_links(answer: SearchAnswer, *, call: Call) -> JsonObject:
    """The neighbours of a page; a link to nowhere is left out."""
    neighbours = {
        "first": FIRST,
        "prev": answer.prev,
        "next": answer.next,
        "last": answer.last,
    }
    return {name: _address(link, call) for name, link in neighbours.items() if link is not None}


def _address(link: PageLink, call: Call) -> str:
    """A cursor says where to go on; the offset beside it is for clients that count pages."""
    kept = [(name, value) for name, value in call.pairs if name not in PAGING]
    if link.cursor is not None:
        kept.append(("page_cursor", link.cursor))
    kept.append(("page_offset", str(link.offset)))
    return f"{call.versioned_url}{call.place.endpoint}?{urlencode(kept, quote_via=quote)}"
