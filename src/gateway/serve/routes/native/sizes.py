"""How large a native request is, by what can be seen of it before it is read."""

from dataclasses import dataclass

from fastapi import Request

from gateway.model import Json, JsonObject
from gateway.native import NativeCall
from gateway.native.aggregations.totals import wanted_values
from gateway.native.reading.bounds import check_sent
from gateway.native.reading.request import read_body
from gateway.search import LARGE_PAGE
from gateway.serve.routes.native.reading import read_parameters

FEW_AGGREGATIONS = 3
"""Each asks every site by itself, as a page does; more are as much work as a large page."""
MANY_VALUES = 1_000
"""Of aggregations; more are merged and ranked for as long as a large page is."""


@dataclass(frozen=True, slots=True)
class NativeSize:
    """What admission needs to know of a request."""

    is_large: bool
    sent_bytes: int
    """What it sends to all sites."""


def size_of(request: Request, call: NativeCall) -> NativeSize:
    """The size of a request whose body is there; a NativeError where it is too large."""
    raw: bytes = request.state.body
    body = read_body(raw) if request.method == "POST" else {}
    kinds = _aggregations(body)
    check_sent(len(raw), len(kinds))  # before it waits for as much room
    return NativeSize(
        is_large=_page_size(request, body) > LARGE_PAGE
        or len(kinds) > FEW_AGGREGATIONS
        or sum(wanted_values(kind, settings) for kind, settings in kinds) > MANY_VALUES,
        sent_bytes=len(raw) * (1 + len(kinds)) * len(call.sites),
    )


def _page_size(request: Request, body: JsonObject) -> int:
    if request.method == "GET":
        sizes = [value for name, value in read_parameters(request) if name == "page_size"]
        return int(sizes[-1][:9]) if sizes and sizes[-1].isdecimal() else 0
    pagination = body.get("pagination")
    size = pagination.get("page_size") if isinstance(pagination, dict) else None
    return size if isinstance(size, int) else 0


def _aggregations(body: JsonObject) -> list[tuple[str, JsonObject]]:
    """The kinds with their settings, as far as they look like any."""
    given = body.get("aggregations")
    found: list[tuple[str, Json]] = []
    for one in given.values() if isinstance(given, dict) else ():
        found += one.items() if isinstance(one, dict) else ()
    return [(kind, settings) for kind, settings in found if isinstance(settings, dict)]
