"""Under which address clients see this server: configured, forwarded by a trusted proxy, or read
from the request itself."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from gateway.config import ServerKeys

_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")


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
    forwarded = headers if _is_trusted(scope, server.trusted_proxies) else Headers()
    scheme = _last(forwarded, "x-forwarded-proto") or scope["scheme"]
    host = _last(forwarded, "x-forwarded-host") or headers.get("host", "")
    prefix = _last(forwarded, "x-forwarded-prefix") or scope.get("root_path", "")
    prefix = prefix.rstrip("/") if _PREFIX.fullmatch(prefix) else ""
    scheme = scheme if scheme in ("http", "https") else "http"
    return Root(f"{scheme}://{host if _HOST.fullmatch(host) else _own_host(scope)}{prefix}", prefix)


def _is_trusted(scope: Scope, proxies: tuple[str, ...]) -> bool:
    client = scope.get("client")
    if not client or not proxies:
        return False
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(proxy) for proxy in proxies)


def _last(headers: Headers, name: str) -> str:
    """The word of the nearest proxy: it appends its own to what the client may have sent."""
    return headers.get(name, "").split(",")[-1].strip()


def _own_host(scope: Scope) -> str:
    host, port = scope.get("server") or ("localhost", None)
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host
