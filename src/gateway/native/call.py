"""Who asks, and which sites: what all native endpoints share of one request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from gateway.errors import NativeError
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.native.holders import Copies

PERSONAL = ("user", "shared", "staging", "admin")
OWNERS = ("public", "all", "visible", "shared", "user", "staging", "admin")
NOT_ALL = (
    "owner=all would count and show entries under embargo of every site, and their archives could "
    "not be read; use 'visible' or 'public'."
)


class Backend(Protocol):
    """What the native API needs of the federation: the same clients as every other request."""

    @property
    def clients(self) -> Mapping[str, SiteClient]:
        """The client of each site, in the order of the configuration."""

    @property
    def entry_copies(self) -> Copies:
        """Which entries several sites hold copies of."""

    def versions(self) -> Mapping[str, str | None]:
        """The version of each site; None: not known."""


@dataclass(frozen=True, slots=True)
class NativeCall:
    """One request in NOMAD's own API, apart from what it asks."""

    sites: tuple[str, ...]
    """Those that are asked, in the order of the configuration."""
    deadline: float | None
    """In the event loop's time."""
    is_partial: bool = False
    """Whether missing sites are left out, rather than being 502."""
    token: str | None = field(default=None, repr=False)
    request_id: str = ""
    client: str = ""
    """Who asks, e.g. an address."""
    fresh: bool = False
    address: str = ""
    """The URL of a GET, as its caller wrote it: links to other pages are made from it."""
    root: str = ""
    """The address of the gateway."""

    @property
    def partial_url(self) -> str:
        """The same API without missing sites."""
        return f"{self.root}/partial/api/v1"

    def without(self, sites: frozenset[str]) -> "NativeCall":
        """The same for the other sites."""
        return replace(self, sites=tuple(site for site in self.sites if site not in sites))

    def only(self, sites: Sequence[str]) -> "NativeCall":
        """The same for these sites."""
        return replace(self, sites=tuple(sites))

    def options(self, scope: MemoryScope) -> RequestOptions:
        """What goes along with each request to a site."""
        return RequestOptions(
            self.deadline,
            scope,
            token=self.token,
            fresh=self.fresh,
            request_id=self.request_id,
            client=self.client,
        )


def sites_for(owner: str, call: NativeCall, clients: Mapping[str, SiteClient]) -> tuple[str, ...]:
    """The sites that can answer for this owner; raises NativeError where none may be asked."""
    if owner == "all":
        raise NativeError(403, NOT_ALL)
    if owner not in PERSONAL:
        return call.sites
    if not call.token:
        raise NativeError(401, f"Authentication required for owner={owner!r}.")
    trusted = tuple(site for site in call.sites if clients[site].site.forward_token)
    if not trusted:
        raise NativeError(
            501,
            f"owner={owner!r} needs a site that takes its users' tokens through this gateway, and "
            "none is configured so; ask the site itself.",
        )
    return trusted


def owner_at(owner: str, client: SiteClient, options: RequestOptions) -> str:
    """The owner that one site is asked for.

    The gateway's own token goes along with anonymous requests where it has one, and would show
    what only its account may see.
    """
    if client.site.token and not client.is_private(options):
        return "public"
    return owner
