"""Where to ask: an OPTIMADE server by its URL, or the gateway in this process, over the sites of a
configuration or of the demo."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from gateway import __version__
from gateway.cli.demo import embedded_demo
from gateway.cli.query.server import READ_S, VERSIONED, NotOptimadeError, Server
from gateway.config import Config
from gateway.errors import ConfigError, GatewayError, RequestError
from gateway.model import EntryRequest, SearchAnswer, SearchRequest
from gateway.observe import Observer, set_up_logging
from gateway.search import CopiesState, Federation, MemoryScope, SiteStatus
from gateway.serve.app import build_app
from gateway.serve.response.meta import IMPLEMENTATION

_HERE = "http://gateway.invalid"
"""The address of the gateway in this process; no request leaves under it."""
_CONNECT_S = 10.0
_ENDPOINT = re.compile(r"(?<=/)(structures|references|links|info|versions)$")
"""The end of an address that was copied with its endpoint."""


@dataclass(frozen=True, slots=True)
class Source:
    """One of them; none is the demo."""

    url: str | None = None
    config: Config | None = None
    path: Path | None = None
    """Where the configuration stands."""

    @property
    def name(self) -> str:
        """What distinguishes it from others."""
        if self.url is not None:
            return self.url.rstrip("/")
        return "--demo" if self.path is None else str(self.path.resolve())


@asynccontextmanager
async def opened(source: Source, *, retries: int) -> AsyncIterator[Server]:
    """The server, ready to be asked."""
    set_up_logging("error", as_json=False)
    async with AsyncExitStack() as stack:
        if source.url is not None:
            yield await stack.enter_async_context(_remote(source.url, retries=retries))
        else:
            yield await stack.enter_async_context(_embedded(source.config, retries=retries))


@asynccontextmanager
async def _remote(url: str, *, retries: int) -> AsyncIterator[Server]:
    if not re.match(r"https?://[^/]", url):
        raise ConfigError(f"--url must begin with http:// or https://, not {url[:80]!r}")
    if "?" in url or "#" in url:
        given = re.split("[?#]", url)[0]
        raise ConfigError(
            f"--url is the base URL alone, such as {given[:80]!r}: the filter is an argument of "
            "its own"
        )
    client = httpx.AsyncClient(
        follow_redirects=True,
        timeout=httpx.Timeout(READ_S, connect=_CONNECT_S),
        headers={"User-Agent": f"{IMPLEMENTATION}/{__version__}"},
    )
    async with client:
        yield await _recognised(Server(client, url.rstrip("/"), retries=retries))


async def _recognised(server: Server) -> Server:
    """The server under its versioned base URL, with what it says of itself."""
    given, why = _ENDPOINT.sub("", server.base).rstrip("/"), ""
    bases = [given] if VERSIONED.search(given) else [f"{given}/v1", given]
    for base in bases:
        try:
            document = await server.document(f"{base}/info")
        except (RequestError, NotOptimadeError) as error:
            why = why or str(error)
            continue
        says = document.get("data") is not None  # under /structures it would be an unknown entry
        if says and isinstance(_of(document.get("meta"), "api_version"), str):
            return _with_software(replace(server, base=base), document["meta"])
        why = why or f"{base}/info is no OPTIMADE document"
    hint = "NOMAD's own OPTIMADE endpoint ends in /optimade" if given.endswith("/api/v1") else ""
    raise ConfigError(
        f"{given} is no base URL of an OPTIMADE server: {why.rstrip('.')}. It is the part before "
        f"/v1/structures{f'; {hint}' if hint else ''}."
    )


def _with_software(server: Server, meta: object) -> Server:
    provider, implementation = _of(meta, "provider"), _of(meta, "implementation")
    prefix = _of(provider, "prefix")
    return replace(
        server,
        prefix=prefix if isinstance(prefix, str) else "",
        is_gateway=_of(implementation, "name") == IMPLEMENTATION,
    )


def _of(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


@asynccontextmanager
async def _embedded(config: Config | None, *, retries: int) -> AsyncIterator[Server]:
    if config is None:
        config, federation = embedded_demo()
    else:
        federation = Federation(config)
    keys = config.server.model_copy(update={"public_url": None})
    here = config.model_copy(update={"server": keys})
    app = build_app(here, federation=_Patient(federation), observer=Observer())
    await federation.open()
    try:
        await federation.wait_for_copies()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            yield Server(
                client,
                f"{_HERE}/v1",
                prefix=config.provider.prefix,
                is_gateway=True,
                federation=federation,
                retries=retries,
            )
    finally:
        await federation.close()


class _Patient:
    """A federation whose callers wait as long as each site answers within its own limit."""

    def __init__(self, federation: Federation) -> None:
        self._federation = federation

    async def open(self) -> None:
        await self._federation.open()

    async def close(self) -> None:
        await self._federation.close()

    async def search(self, request: SearchRequest, *, scope: MemoryScope) -> SearchAnswer:
        return await self._federation.search(replace(request, patient=True), scope=scope)

    async def entry(self, request: EntryRequest, *, scope: MemoryScope) -> SearchAnswer:
        return await self._federation.entry(request, scope=scope)

    async def copies(self) -> CopiesState | None:
        return await self._federation.copies()

    def site_states(self) -> Sequence[SiteStatus]:
        return self._federation.site_states()


async def look_at_sites(server: Server) -> dict[str, str]:
    """Have each site of the gateway in this process say its version; why some of them do not."""
    federation = server.federation
    if federation is None:
        return {}
    looks = [federation.check(site.name) for site in federation.sites]
    found = await asyncio.gather(*looks, return_exceptions=True)
    return {
        site.name: str(one)
        for site, one in zip(federation.sites, found, strict=True)
        if isinstance(one, GatewayError)
    }
