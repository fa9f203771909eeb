"""X-Forwarded-* from an address that is not trusted: a line in the log, once for each address.

Without it, a forgotten `server.trusted_proxies` shows only as links that lead nowhere.
"""

from starlette.datastructures import Headers
from starlette.types import Scope

from gateway.config import ServerKeys
from gateway.observe import log
from gateway.serve.request.public_url import FORWARDED, Root, is_trusted

MOST_ADDRESSES = 20
"""So many addresses are named; a stranger may send these headers, too, from many."""


class UntrustedProxies:
    """The addresses named so far; lives as long as its configuration."""

    def __init__(self, server: ServerKeys) -> None:
        self._server = server
        self._named: set[str] = set()

    def note(self, scope: Scope, root: Root) -> None:
        """Log it if this request has such headers and they were ignored."""
        if self._server.public_url or len(self._named) >= MOST_ADDRESSES:
            return
        headers = Headers(scope=scope)
        ignored = [name for name in FORWARDED if name.lower() in headers]
        if not ignored or is_trusted(scope, self._server.trusted_proxies):
            return
        client = scope.get("client")
        address = client[0] if client and client[0] else "a local socket"
        if address not in self._named:
            self._named.add(address)
            _warn(address, ignored=", ".join(ignored), links=root.url)
            if len(self._named) == MOST_ADDRESSES:
                log().warning("no further addresses of untrusted proxies are named")


def _warn(address: str, *, ignored: str, links: str) -> None:
    log().warning(
        "X-Forwarded headers of an untrusted address are ignored",
        proxy=address,
        headers=ignored,
        links_begin_with=links,
        what_to_do="if this is your proxy, name it in server.trusted_proxies, or set "
        "server.public_url; otherwise nothing",
    )
