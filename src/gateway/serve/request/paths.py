"""A URL path is read as a view (all sites, one site, the index), a version and an endpoint."""

import re
from dataclasses import dataclass

from gateway.errors import NotFoundError, VersionError, unknown_site
from gateway.model import REFERENCES, STRUCTURES

API_VERSION = "1.3.0"
SERVED_VERSIONS = ("v1", "v1.3", "v1.3.0")
PROBES = ("live", "ready", "health", "metrics")
"""What is asked every few seconds by whoever runs the server."""
SERVICE = (*PROBES, "docs", "redoc", "openapi.json", "assets", "robots.txt")
"""Endpoints that belong to the server as a whole, not to OPTIMADE."""
UNVERSIONED_ONLY = ("versions", "entry", *SERVICE)

PAGES = ("entry", "docs", "redoc")
"""Endpoints that are HTML, besides the base URLs."""

ENTRY_TYPES = (STRUCTURES, REFERENCES)
"""The entry types that are served, each at a listing endpoint of that name."""
ENDPOINTS = ("", *ENTRY_TYPES, "info", "links", *UNVERSIONED_ONLY)

OTHER = "other"
"""The label of whatever is no endpoint."""

SITES = "sites"
INDEX = "index"
PARTIAL = "partial"
NATIVE = "/api/v1"
"""What NOMAD's own API stands under, in each view."""
NATIVE_COUNTED = (
    "/entries",
    "/entries/query",
    "/entries/archive",
    "/entries/archive/query",
    "/datasets",
    "/info",
)
NATIVE_ROOTS = ("entries", "uploads", "datasets", "auth", "users")
_LOOKS_LIKE_VERSION = re.compile(r"v\d.*")


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """What a path points at: `/sites/berlin/v1/structures` is (`/sites/berlin`, `v1`, ..)."""

    base: str = ""
    """Path of the base URL: empty, `/sites/<name>` or `/index`."""
    version: str = ""
    """Empty under the unversioned base URL."""
    endpoint: str = "/"
    """What follows the base URL."""
    site: str | None = None
    """The one site this view shows; None: all of them."""
    is_partial: bool = False
    """Whether NOMAD's own API leaves out sites that are missing."""

    @property
    def versioned(self) -> str:
        """Path of the base URL with its version, without a trailing slash."""
        return f"{self.base}/{self.version}" if self.version else self.base

    @property
    def is_index(self) -> bool:
        """Whether this is the index meta-database."""
        return self.base == f"/{INDEX}"

    @property
    def is_page(self) -> bool:
        """Whether people come here with a browser, so that errors are pages, too."""
        first = self.endpoint.split("/")[1]
        return self.endpoint == "/" or first in PAGES

    @property
    def is_probe(self) -> bool:
        """Whether this is asked by whoever runs the server, again and again."""
        return self.endpoint[1:] in PROBES and not self.base

    @property
    def is_native(self) -> bool:
        """Whether this is in NOMAD's own API."""
        return f"{self.endpoint}/".startswith(f"{NATIVE}/")

    @property
    def label(self) -> str:
        """The endpoint for counting: without ids, and one word for whatever is not known."""
        if self.is_native:
            return _native_label(self.endpoint.removeprefix(NATIVE))
        first, _, rest = self.endpoint[1:].partition("/")
        if first not in ENDPOINTS:
            return OTHER
        return f"/{first}/.." if rest else f"/{first}"

    @property
    def inner_path(self) -> str:
        """The path under which the routes know this endpoint."""
        return f"/{INDEX}{self.endpoint}".rstrip("/") if self.is_index else self.endpoint


def read_target(path: str, *, sites: tuple[str, ...]) -> RequestTarget:
    """What that path points at; needless slashes are no difference."""
    parts = [part for part in path.split("/") if part]
    is_partial = parts[:1] == [PARTIAL]
    base, site, parts = _read_view(parts, sites)
    if f"/{'/'.join(parts[:2])}" == NATIVE:
        return RequestTarget(base, "", "/" + "/".join(parts), site, is_partial)
    if is_partial:
        raise NotFoundError(f"Under /{PARTIAL} there is {NATIVE} alone.")
    version = ""
    if parts and _LOOKS_LIKE_VERSION.fullmatch(parts[0]):
        version = _check_version(parts[0])
        parts = parts[1:]
    if parts and parts[0] in UNVERSIONED_ONLY and version:
        raise NotFoundError(f"/{parts[0]} is served at the unversioned base URL only.")
    if parts and parts[0] in SERVICE and base:
        raise NotFoundError(f"/{parts[0]} is served at the root of this server only.")
    return RequestTarget(base, version, "/" + "/".join(parts), site)


def _read_view(parts: list[str], sites: tuple[str, ...]) -> tuple[str, str | None, list[str]]:
    match parts:
        case ["partial", *rest]:
            return f"/{PARTIAL}", None, rest
        case ["index", *rest]:
            return f"/{INDEX}", None, rest
        case ["sites", name, *rest]:
            if name not in sites:
                raise NotFoundError(unknown_site(name, sites=sites))
            return f"/{SITES}/{name}", name, rest
        case ["sites"]:
            raise NotFoundError(f"Choose a site: {', '.join(f'/sites/{name}' for name in sites)}.")
        case _:
            return "", None, parts


def _check_version(text: str) -> str:
    if text not in SERVED_VERSIONS:
        served = ", ".join(f"/{version}" for version in SERVED_VERSIONS)
        raise VersionError(
            f"The API version {text} is not served here; served are {served} "
            f"(OPTIMADE {API_VERSION})."
        )
    return text


def _native_label(endpoint: str) -> str:
    if endpoint in NATIVE_COUNTED:
        return NATIVE + endpoint
    first = endpoint[1:].partition("/")[0]
    return f"{NATIVE}/{first}/.." if first in NATIVE_ROOTS else f"{NATIVE}/.."
