"""Under which address clients see this server: configured, forwarded by a trusted proxy, or read
from the request itself."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from gateway.config import ServerKeys
from gateway.config.checks import own_path

MAX_HOST = 255
"""Characters: a name may have no more, and each link of an answer repeats it."""
_HOST = re.compile(
    rf"[A-Za-z0-9._-]{{1,{MAX_HOST}}}(:\d{{1,5}})?|\[[0-9A-Fa-f:.]{{1,45}}\](:\d{{1,5}})?"
)
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
FORWARDED = ("X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix")
"""What a trusted proxy may say; the same names, in lower case, are read below."""
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Root:
    """The public address of `/`, and the part of it that paths may begin with."""

    url: str
    """Scheme, host and prefix, without a trailing slash."""
    prefix: str = ""

    def strip(self, path: str) -> str:
        """The path without the prefix, which some proxies leave in and some take off."""
        if self.prefix and (path + "/").startswith(self.prefix + "/"):
            return path[len(self.prefix) :]
        return path


def read_root(scope: Scope, server: ServerKeys) -> Root:
    """Where the client of this request sees the server."""
    if server.public_url:
        return Root(server.public_url, urlsplit(server.public_url).path)
    headers = Headers(scope=scope)
    forwarded = headers if is_trusted(scope, server.trusted_proxies) else Headers()
    scheme = _last(forwarded, "x-forwarded-proto") or scope["scheme"]
    host = _last(forwarded, "x-forwarded-host") or headers.get("host", "")
    prefix = _last(forwarded, "x-forwarded-prefix") or scope.get("root_path", "")
    prefix = prefix.rstrip("/") if _PREFIX.fullmatch(prefix) else ""
    prefix = _without_own_path(prefix, scope["path"])
    scheme = scheme if scheme in ("http", "https") else "http"
    return Root(f"{scheme}://{host if _HOST.fullmatch(host) else _own_host(scope)}{prefix}", prefix)


def _without_own_path(prefix: str, path: str) -> str:
    """The prefix without `/v1` and the like at its end where the path begins with the same: the
    proxy says where its rule begins, and the gateway appends that part to its address itself."""
    own = own_path(prefix)
    rest = path.removeprefix(own) if own and f"{path}/".startswith(f"{own}/") else own
    return prefix if f"{rest}/".startswith(f"{own}/") else prefix.removesuffix(own)


def is_trusted(scope: Scope, proxies: tuple[str, ...]) -> bool:
    """Whether the request comes from one of these addresses and networks."""
    client = scope.get("client")
    if not client or not proxies:
        return False
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    forms = {address, _unmapped(address)}
    return any(_is_in(one, network) for one in forms for network in _networks(proxies))


def _is_in(address: _Address, network: _Network) -> bool:
    """Whether the network holds the address; one that names an interface holds no other's."""
    scope = getattr(network.network_address, "scope_id", None)
    return address in network and scope in (None, getattr(address, "scope_id", None))


def _unmapped(address: _Address) -> _Address:
    """The IPv4 address where a socket for both families shows one as `::ffff:10.0.0.5`."""
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]) -> tuple[_Network, ...]:
    return tuple(map(ipaddress.ip_network, proxies))


def _last(headers: Headers, name: str) -> str:
    """The word of the nearest proxy: it appends its own to what the client may have sent."""
    return headers.get(name, "").split(",")[-1].strip()


def _own_host(scope: Scope) -> str:
    host, port = scope.get("server") or ("localhost", None)
    host = host.partition("%")[0].removeprefix("::ffff:" if "." in host else "")
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host
