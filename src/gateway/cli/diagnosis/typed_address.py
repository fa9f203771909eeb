"""An address as a person has it, e.g. of the web page, is read as places where the API may be.

Pure: nothing is asked.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from gateway.config.checks import API_PATH, DEFAULT_PORTS, HOST

PARTS_OF_NOMAD = ("gui", "api", "optimade", "docs", "dcat", "north", "resources", "h5grove", "-")
"""What a NOMAD has below its base path, apart from which everything is in the base."""
USUAL_BASES = ("", "/nomad-oasis")
PUBLIC_NOMAD = "nomad-lab.eu"
PUBLIC_BASE = "/prod/v1"


@dataclass(frozen=True, slots=True)
class TypedAddress:
    """What was typed, taken apart."""

    text: str
    host: str
    """With brackets, if it is an IPv6 address."""
    port: int | None
    schemes: tuple[str, ...]
    """In the order in which they are tried."""
    has_scheme: bool
    paths: tuple[str, ...]
    """Where the API may be, likeliest first; each ends in /api/v1."""

    def url(self, scheme: str, path: str) -> str:
        """The address of an API."""
        port = "" if self.port in (None, DEFAULT_PORTS[scheme]) else f":{self.port}"
        return f"{scheme}://{self.host}{port}{path}"


def read_typed(text: str) -> TypedAddress:
    """Raises ValueError with a sentence where this is no address at all."""
    typed = text.strip()
    has_scheme = "://" in typed
    parts = _split(typed if has_scheme else f"//{typed}", typed)
    host = (parts.hostname or "").rstrip(".")
    if has_scheme and parts.scheme not in DEFAULT_PORTS:
        raise ValueError(f"{typed!r} begins with {parts.scheme}://; an Oasis has http(s)://")
    if not HOST.fullmatch(host):
        raise ValueError(f"{typed!r} is not an address such as https://nomad.example.org/gui")
    return TypedAddress(
        typed,
        f"[{host}]" if ":" in host else host,
        parts.port,
        _schemes(parts.scheme, host),
        has_scheme,
        tuple(dict.fromkeys(f"{base}{API_PATH}" for base in _bases(parts.path, host))),
    )


def is_local(host: str) -> bool:
    """Whether the host is this machine or one of a private network."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return host == "localhost" or "." not in host


def is_public_nomad(host: str | None) -> bool:
    """Whether this is the central NOMAD, which limits its callers."""
    return f".{host or ''}".endswith(f".{PUBLIC_NOMAD}")


def base_of(path: str) -> str:
    """The path before what belongs to NOMAD: `/nomad-oasis` of `/nomad-oasis/gui/search`."""
    base = ""
    for part in path.split("/"):
        if part in PARTS_OF_NOMAD:
            break
        base += f"/{part}" if part else ""
    return base


def _split(address: str, typed: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  # raises where it is no number
    except ValueError as error:
        raise ValueError(f"{typed!r} is not an address: {error}") from error
    if "@" in parts.netloc:  # the text stays out of the message: it holds a secret
        raise ValueError(
            "an address must not contain a user name or password; the gateway sends tokens, "
            "see token_env"
        )
    return parts


def _schemes(scheme: str, host: str) -> tuple[str, ...]:
    first = scheme or ("http" if is_local(host) else "https")
    return first, "https" if first == "http" else "http"


def _bases(path: str, host: str) -> tuple[str, ...]:
    base = base_of(path)
    public = (PUBLIC_BASE,) if is_public_nomad(host) else ()
    if API_PATH in path:
        base = path[: path.index(API_PATH)]
    return (base, *public, *USUAL_BASES)
