"""What the requests to sites report to whoever counts them; the default listens to nothing."""

from typing import Literal, Protocol, TypeAlias

from gateway.fetch.http.resilience.circuit_breaker import State

Outcome: TypeAlias = Literal["ok", "refused", "failed", "timeout", "circuit_open", "cancelled"]
CacheEvent: TypeAlias = Literal["hit", "miss", "stale", "joined"]


class SiteObserver(Protocol):
    """Is notified of every request to a site, change of a circuit and cache look-up."""

    def asked(self, site: str, path: str, outcome: Outcome, seconds: float) -> None:
        """One request ended, all its attempts together; ids in `path` stand as `{entry_id}`."""

    def breaker(self, site: str, state: State) -> None:
        """The circuit of a site has changed to `state`."""

    def site_waiting(self, site: str, more: int) -> None:
        """So many requests more, or less, wait for a slot at the site."""

    def cache(self, site: str, event: CacheEvent, age_s: float | None = None) -> None:
        """An answer was looked up; `joined`: an equal request was in flight already. `age_s` is the
        age of the one that is used; None: none is."""

    def archives(self, site: str, *, hits: int, misses: int) -> None:
        """Archives were looked up in the cache: so many were there, so many were not."""


class Silent:
    """An observer that does nothing."""

    def asked(self, site: str, path: str, outcome: Outcome, seconds: float) -> None:
        """Do nothing."""

    def breaker(self, site: str, state: State) -> None:
        """Do nothing."""

    def site_waiting(self, site: str, more: int) -> None:
        """Do nothing."""

    def cache(self, site: str, event: CacheEvent, age_s: float | None = None) -> None:
        """Do nothing."""

    def archives(self, site: str, *, hits: int, misses: int) -> None:
        """Do nothing."""
