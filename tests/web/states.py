"""Every state that pages can be in, by name: which gateway shows it, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

GatewayKind = Literal["whole", "partial", "prefixed"]


@dataclass(frozen=True, slots=True)
class State:
    """One state."""

    path: str
    status: int = 200
    gateway: GatewayKind = "whole"


ENTRY_STATES: Mapping[str, State] = {
    "entry-crystal": State("/entry/berlin~CiQUiLdpvV9_JKJxiPK_HehiuuUj"),
    "entry-shared-sites": State("/entry/berlin~ATzKoNJ5xEvY-LE0-eNedjy3RDza"),
    "entry-layer": State("/entry/dresden~7Km1IIAt38v6knGgzNCIkqaOwyxG"),
    "entry-molecule": State("/entry/munich~03E7fU92h4dDiub1aTY5QpIe3XEp"),
    "entry-left-handed": State("/entry/berlin~g5lXHKyhF35Ts9hFcGBTFHDXTmXO"),
    "entry-properties": State("/entry/berlin~1w31V4b7w63g537OTlNeqvgGsSzY"),
    "entry-large": State("/entry/berlin~9GczdwbLPlLLhAymHDj_8H6zIOp3"),
    "entry-without-positions": State("/entry/berlin~yeF4WhZA5rEzRd6VClU0hA2G84ky"),
    "entry-not-found": State("/entry/berlin~none", 404),
    "entry-away": State("/entry/munich~03E7fU92h4dDiub1aTY5QpIe3XEp", 503, "partial"),
    "entry-of-one-site": State("/sites/berlin/entry/berlin~CiQUiLdpvV9_JKJxiPK_HehiuuUj"),
    "entry-behind-path": State("/entry/berlin~CiQUiLdpvV9_JKJxiPK_HehiuuUj", gateway="prefixed"),
}
DOCS_STATES: Mapping[str, State] = {"docs": State("/docs")}
SEARCH_STATES: Mapping[str, State] = {
    "search-all": State("/"),
    "search-results": State("/?filter=elements+HAS+ALL+%22Ti%22%2C%22O%22&sort=-nsites"),
    "search-partial": State("/?filter=nelements%3D2", gateway="partial"),
    "search-filter-error": State("/?filter=nelements+%3D%3D+2", 400),
    "search-field-error": State("/?form=fields&formula=Xy2Zz", 400),
    "search-nothing-found": State("/?filter=elements+HAS+ALL+%22Ti%22%2C%22O%22+AND+nsites%3E900"),
    "search-past-the-end": State("/?filter=nelements%3D2&page_offset=9000"),
    "search-nothing-so-far": State("/?filter=nsites%3E90000", 503, "partial"),
    "search-all-away": State("/sites/munich/", 503, "partial"),
    "search-of-one-site": State("/sites/berlin/"),
    "search-behind-path": State("/", gateway="prefixed"),
    "nothing-here": State("/sites/nowhere/", 404),
}
PEOPLE: Mapping[str, State] = {**SEARCH_STATES, **ENTRY_STATES, **DOCS_STATES}
"""All pages that people see."""
STATES: Mapping[str, State] = PEOPLE
