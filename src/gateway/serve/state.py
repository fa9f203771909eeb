"""What one app serves: its configuration, its federation, and what counts and limits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from starlette.requests import Request

from gateway.config import Config
from gateway.model import EntryRequest, JsonObject, Omission, SearchAnswer, SearchRequest
from gateway.native import NativeApi
from gateway.observe import AppUsage, CacheUsage, Observer, SiteUsage
from gateway.search import CopiesState, FederationLoad, MemoryScope, SiteStatus, TimeSlices
from gateway.serve.admission import Admission
from gateway.serve.graceful_shutdown import ShutdownState

Detail: TypeAlias = Literal["exact", "wide", "plain"]
"""Of info: definitions to the letter of the standard; all of them in the form of OPTIMADE 1.1; or
those alone that today's validator accepts."""


class SearchService(Protocol):
    """The federation as HTTP needs it."""

    async def open(self) -> None:
        """Begin: clients, caches, the first look at each site."""

    async def close(self) -> None:
        """End what `open` began."""

    async def search(self, request: SearchRequest, *, scope: MemoryScope) -> SearchAnswer:
        """One page, which counts as held until the scope is closed."""

    async def entry(self, request: EntryRequest, *, scope: MemoryScope) -> SearchAnswer:
        """One entry; no resources: the id is not known."""

    def site_states(self) -> Sequence[SiteStatus]:
        """How each site is doing."""

    async def copies(self) -> CopiesState | None:
        """How the index of copies stands; None: copies are not looked for."""


@runtime_checkable
class OmissionCounter(Protocol):
    """A federation that counts what there would be with each condition of a filter left out."""

    async def without_each(self, request: SearchRequest) -> tuple[Omission, ...]:
        """One count for each condition, not more than a person reads."""


@runtime_checkable
class LoadReporter(Protocol):
    """A federation that reports what it holds and has under way."""

    def load(self) -> FederationLoad:
        """As it is now."""


@dataclass(slots=True)
class AppState:
    """What the endpoints of one app share."""

    config: Config
    federation: SearchService
    observer: Observer
    admission: Admission
    entry_info: Callable[[str, Detail], JsonObject]
    """The resource of `/info/<entry_type>`."""
    slices: TimeSlices = field(default_factory=TimeSlices)
    shutdown: ShutdownState = field(default_factory=ShutdownState)
    native: NativeApi | None = None
    """NOMAD's own API; None: it is not served."""
    is_replaced: bool = False
    """Whether another configuration has taken over: streams end at their next page."""

    def count_reports(self, answer: SearchAnswer) -> None:
        """Count what each site did for an answer."""
        for report in answer.reports:
            self.observer.served(report.name, report.state)

    def usage(self) -> AppUsage:
        """What is in use now, for metrics."""
        slots = self.admission.usage()
        if not isinstance(self.federation, LoadReporter):
            return AppUsage(slots)
        load = self.federation.load()
        cache = load.cache
        return AppUsage(
            slots,
            memory_bytes=load.memory_bytes,
            memory_limit_bytes=load.memory_limit_bytes,
            cache=None
            if cache is None
            else CacheUsage(cache.is_usable, cache.held_bytes, cache.limit_bytes, cache.values),
            sites={name: SiteUsage(*counts) for name, counts in load.sites.items()},
        )


def app_state_of(request: Request) -> AppState:
    """What the app of this request serves."""
    app_state = request.app.state.served
    assert isinstance(app_state, AppState)
    return app_state
