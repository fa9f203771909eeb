"""Links can be requested: each is not longer than the first line of a request may be."""

from random import Random
from urllib.parse import quote_plus, urlsplit

import pytest

from gateway.merge import MAX_CURSOR
from gateway.model import PageLink, SearchAnswer
from gateway.serve.request.context import RequestContext
from gateway.serve.request.forms import largest_form
from gateway.serve.request.params import Caller, read_search
from gateway.serve.request.paths import RequestTarget
from gateway.serve.request.query_string import Rules, read_pairs
from gateway.serve.response.page_links import page_links

LENGTH = 16_384
RULES = Rules("fed", ("berlin",), longest_filter=LENGTH)
TARGET = RequestTarget("/sites/" + "b" * 60, "v1.3.0", "/structures")
PLANES = range(0x10000, 0x110000)


@pytest.mark.parametrize("is_get", [True, False])
def test_the_longest_links_can_be_requested(is_get: bool) -> None:
    """With the longest filter that does not compress, the longest cursor, and as much as may stand
    beside them; what a link says is what was asked."""
    filter_ = "".join(map(chr, Random(1).choices(PLANES, k=LENGTH)))
    fields = ",".join(["nsites"] * 7_150)
    query = f"filter={quote_plus(filter_)}&response_fields={quote_plus(fields)}&page_limit=7"
    request, context = _read(query, is_get=is_get)
    link = PageLink("A" * MAX_CURSOR, 10**15)
    answer = SearchAnswer((), next=link, prev=link, last=link)
    for address in page_links(answer, context=context, prefix="fed").values():
        parts = urlsplit(str(address))
        assert len(f"{parts.path}?{parts.query}") <= largest_form(LENGTH)
        again, _ = _read(parts.query, is_get=True)
        assert (again.filter, again.response_fields, again.page_limit) == (
            request.filter, request.response_fields, 7,
        )  # fmt: skip


def test_the_room_beside_filter_and_cursor_is_used() -> None:
    """The test above is near the bound."""
    size = len(quote_plus(",".join(["nsites"] * 7_150)))
    assert 63_000 < size < 64_512


def _read(query: str, *, is_get: bool):  # type: ignore[no-untyped-def]
    pairs = read_pairs(query.encode())
    request, _ = read_search(pairs, entry_type="structures", rules=RULES, caller=Caller())
    return request, RequestContext(TARGET, "https://x.org", query, pairs, is_get=is_get)
