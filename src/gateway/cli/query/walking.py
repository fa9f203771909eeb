"""Page after page along `links.next`, which need know nothing of how the server counts pages."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import urljoin, urlsplit, urlunsplit

from gateway.cli.query.server import AgainError, Server
from gateway.errors import GatewayError, RequestError
from gateway.model import JsonObject
from gateway.search import LATE

_SIZE = re.compile(r"(?<![^&])page_limit=\d+")
_MOST = re.compile(r"Max allowed --limit is (\d+)")
_EMPTY_PAGES = 100
"""So many in a row, and the server leads nowhere."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page as a server gives it."""

    entries: tuple[JsonObject, ...]
    next: str | None
    """The address of the next page; None: this is the last."""
    meta: JsonObject

    @property
    def total(self) -> int | None:
        """How many entries match; None: the server does not say."""
        return count_of(self.meta.get("data_returned"))


async def walk(server: Server, url: str) -> AsyncIterator[Page]:
    """All pages from that address on."""
    seen: set[bytes] = set()
    empty = 0
    following: str | None = url
    while following is not None:
        _check_new(following, seen)
        page = await page_at(server, following)
        empty = 0 if page.entries else empty + 1
        if empty == _EMPTY_PAGES:
            raise GatewayError(f"The server gave {empty} pages without entries, and further links.")
        following = page.next
        yield page


async def first_page(server: Server, query: str) -> tuple[str, Page]:
    """The parameters and the page; a server that refuses the size of pages is asked for its own."""
    try:
        return query, await page_at(server, f"{server.base}/structures?{query}")
    except RequestError as error:
        most = _MOST.search(str(error))
        if server.is_gateway and most is None:
            raise
        query = _SIZE.sub(f"page_limit={most[1]}" if most else "", query).strip("&")
        try:
            return query, await page_at(server, f"{server.base}/structures?{query}")
        except RequestError as second:
            raise (second if most else error) from None


async def page_at(server: Server, url: str) -> Page:
    """A page whose archives are all read; asking again gets further."""
    for attempt in range(server.retries + 1):
        page = read_page(await server.document(url), url)
        late = _late(page.meta, server)
        if not late:
            return page
        if attempt < server.retries:
            await server.sleep(1.0)
    raise AgainError(f"{', '.join(late)} {LATE}")


def read_page(document: JsonObject, url: str) -> Page:
    """A document as a page."""
    data, links, meta = document.get("data"), document.get("links"), document.get("meta")
    if not isinstance(data, list):
        raise GatewayError(f"{url.partition('?')[0]} answered with a document without entries.")
    entries = tuple(one for one in data if isinstance(one, dict))
    link = links.get("next") if isinstance(links, dict) else None
    link = link.get("href") if isinstance(link, dict) else link
    following = _joined(url, link) if isinstance(link, str) and link else None
    meta = meta if isinstance(meta, dict) else {}
    if not entries and meta.get("more_data_available") is not True:
        following = None
    return Page(entries, following, meta)


def _joined(url: str, link: str) -> str:
    """The address of a link. Servers behind a proxy often name another scheme or port than the one
    under which they were reached; on the same host that is kept."""
    here, there = urlsplit(url), urlsplit(urljoin(url, link))
    if there.hostname == here.hostname:
        there = there._replace(scheme=here.scheme, netloc=here.netloc)
    return urlunsplit(there)


def reports_of(meta: JsonObject, server: Server) -> list[JsonObject]:
    """What each site of a gateway did for a page."""
    reports = meta.get(f"_{server.prefix}_sites") if server.is_gateway else None
    return [one for one in reports if isinstance(one, dict)] if isinstance(reports, list) else []


def missing_in(meta: JsonObject, server: Server) -> tuple[str, ...]:
    """The sites that a page had to do without."""
    return tuple(
        str(one["name"]) for one in reports_of(meta, server) if one.get("state") == "failed"
    )


def count_of(value: object) -> int | None:
    """A count, where it is one."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _late(meta: JsonObject, server: Server) -> list[str]:
    return [str(one["name"]) for one in reports_of(meta, server) if one.get("reason") == LATE]


def _check_new(url: str, seen: set[bytes]) -> None:
    digest = blake2b(url.encode(), digest_size=16).digest()
    if digest in seen:
        raise GatewayError("The server's links lead in a circle: a next page was there before.")
    seen.add(digest)
