"""How the sites stand, and what is held and under way: for health, links and metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.fetch.cache.store import StoreLoad


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """How one site stands, for health, links and metrics."""

    name: str
    version: str | None
    total: int | None
    breaker: str
    same_as: tuple[str, ...] = ()
    """Other sites with the same entries: very likely this one under another address."""


@dataclass(frozen=True, slots=True)
class FederationLoad:
    """What is held and under way at the moment, for metrics."""

    memory_bytes: int
    """What sites' answers take."""
    memory_limit_bytes: int
    cache: StoreLoad | None
    """None: there is none."""
    sites: Mapping[str, tuple[int, int]]
    """Requests to each site that are under way or wait; and those that no caller waits for."""
