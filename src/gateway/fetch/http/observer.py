"""What the fetching tells whoever counts it; the default listens to nothing."""

from typing import Literal, Protocol, TypeAlias

from gateway.fetch.http.circuit_breaker import State

Outcome: TypeAlias = Literal["ok", "refused", "failed", "timeout", "circuit_open", "cancelled"]
CacheEvent: TypeAlias = Literal["hit", "miss", "stale", "joined"]


class Observer(Protocol):
    """Hears of every question put to a site, of every change of a breaker, of every cache use."""

    def asked(self, site: str, path: str, outcome: Outcome, seconds: float) -> None:
        """One question ended, all its attempts together; ids in `path` stand as `{entry_id}`."""

    def breaker(self, site: str, state: State) -> None:
        """The breaker of a site has changed to `state`."""

    def site_waiting(self, site: str, more: int) -> None:
        """So many questions more, or less, wait for a place at the site."""

    def cache(self, site: str, event: CacheEvent) -> None:
        """An answer was looked up; `joined`: an equal question was under way already."""


class Silent:
    """An observer that does nothing."""

    def asked(self, site: str, path: str, outcome: Outcome, seconds: float) -> None:
        """Do nothing."""

    def breaker(self, site: str, state: State) -> None:
        """Do nothing."""

    def site_waiting(self, site: str, more: int) -> None:
        """Do nothing."""

    def cache(self, site: str, event: CacheEvent) -> None:
        """Do nothing."""
