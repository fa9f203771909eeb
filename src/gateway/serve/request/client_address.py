"""Who sent a request, as far as addresses tell: what admission shares its slots by."""

import ipaddress
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import Scope

from gateway.serve.request.public_url import is_trusted

_IPV6_PREFIX = 64
"""One subscriber has at least such a network of IPv6 addresses."""
_HOPS = 16
"""So many of the nearest proxies' entries of `X-Forwarded-For` are read."""


def read_client(scope: Scope, trusted_proxies: tuple[str, ...]) -> str:
    """The client's address, of IPv6 its network; behind trusted proxies the one that the farthest
    of them saw. Empty where there is none, e.g. at a Unix socket."""
    client = scope.get("client")
    address = client[0] if client else ""
    if not trusted_proxies:
        return _network_of(address)
    hops = Headers(scope=scope).get("x-forwarded-for", "")[-1024:].split(",")[-_HOPS:]
    while hops and is_trusted({"client": (address, 0)}, trusted_proxies):
        hop = _without_port(hops.pop().strip())
        if not _is_address(hop):
            break
        address = hop
    return _network_of(address)


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def _network_of(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))
    return str(address)
