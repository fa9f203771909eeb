"""The connection pool of one site: its own sockets, TLS trust and proxy, and no cookies.

`httpx-aiohttp` would keep cookies, warn on proxies with a password, and not say whether a
connection had been used before; so the session behind it is made here.
"""

import base64
import ssl
from contextvars import ContextVar
from functools import cache
from types import SimpleNamespace

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from gateway.errors import ConfigError
from gateway.model import Site

KEEP_ALIVE_S = 30.0


class ConnectionUse:
    """What became known of one sending: whether its connection had carried a request before."""

    __slots__ = ("reused",)

    def __init__(self) -> None:
        self.reused = False


CONNECTION_USE: ContextVar[ConnectionUse | None] = ContextVar("gateway_trail", default=None)


def open_transport(site: Site) -> AiohttpTransport:
    """A transport for this site alone; nothing is connected before the first request."""
    proxy = httpx.URL(site.proxy).copy_with(userinfo=b"") if site.proxy else None
    return AiohttpTransport(
        client=lambda: _session(site),
        verify=_trust(site),
        proxy=httpx.Proxy(proxy, headers=proxy_headers(site)) if proxy else None,
    )


def proxy_headers(site: Site) -> dict[str, str]:
    """The proxy's own authorization, if its address holds a user and a password.

    aiohttp sends them when it opens a tunnel; a plain HTTP request through a proxy needs them among
    its own headers.
    """
    proxy = httpx.URL(site.proxy or "")
    if not proxy.userinfo:
        return {}
    pair = base64.b64encode(f"{proxy.username}:{proxy.password}".encode())
    return {"Proxy-Authorization": f"Basic {pair.decode()}"}


def _session(site: Site) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=site.concurrency,
        keepalive_timeout=KEEP_ALIVE_S,
        ssl=_trust(site),
    )
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[trace],
    )


async def _note_reuse(
    session: aiohttp.ClientSession,  # noqa: ARG001 - aiohttp calls with these three
    context: SimpleNamespace,  # noqa: ARG001
    params: aiohttp.TraceConnectionReuseconnParams,  # noqa: ARG001
) -> None:
    if (trail := CONNECTION_USE.get()) is not None:
        trail.reused = True


def _trust(site: Site) -> ssl.SSLContext:
    """Whom to trust: the site's CA file alone, or else what the machine trusts."""
    try:
        return _context(site.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"Site {site.name}: the CA file {site.ca_file} cannot be read: {error}."
        ) from error


@cache
def _context(ca_file: str | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context()
    return ssl.create_default_context(cafile=ca_file)
