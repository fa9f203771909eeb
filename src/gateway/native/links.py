"""The addresses of pages that NOMAD's answers to GET name, made from the caller's own URL."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from gateway.model import JsonObject
from gateway.native.call import NativeCall


def page_links(call: NativeCall, pagination: JsonObject) -> JsonObject:
    """`page_url` and its neighbours, as far as there are any."""
    links: JsonObject = {"page_url": call.address}
    after, page = pagination.get("next_page_after_value"), pagination.get("page")
    if isinstance(after, str):
        links["next_page_url"] = _with(call.address, after=after)
    if isinstance(page, int) and page > 1:
        links["prev_page_url"] = _with(call.address, page=page - 1)
    if pagination.get("page_size"):
        links["first_page_url"] = _with(call.address)
    return links


def _with(address: str, *, after: str | None = None, page: int | None = None) -> str:
    """The address of another page; the other parameters stay."""
    parts = urlsplit(address)
    moved = {"page", "page_offset", "page_after_value"}
    pairs = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in moved
    ]
    if after is not None:
        pairs.append(("page_after_value", after))
    if page is not None:
        pairs.append(("page", str(page)))
    return urlunsplit(parts._replace(query=urlencode(pairs)))
