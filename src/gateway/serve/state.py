"""What one app serves: its configuration, the federation behind it, and what counts and limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request

from gateway.config import Config
from gateway.model import EntryRequest, JsonObject, SearchAnswer, SearchRequest
from gateway.observe import Observer
from gateway.search import SiteStatus
from gateway.serve.admission import Admission
from gateway.serve.info.about import ENTRY_TYPES, entry_info


class SearchService(Protocol):
    """The federation as HTTP needs it."""

    async def open(self) -> None:
        """Begin: clients, caches, the first look at each site."""

    async def close(self) -> None:
        """End what `open` began."""

    async def search(self, request: SearchRequest) -> SearchAnswer:
        """One page."""

    async def entry(self, request: EntryRequest) -> SearchAnswer:
        """One entry; no resources: the id is not known."""

    def site_states(self) -> Sequence[SiteStatus]:
        """How each site is doing."""


@dataclass(slots=True)
class AppState:
    """What the endpoints of one app share."""

    config: Config
    federation: SearchService
    observer: Observer
    admission: Admission
    is_shutting_down: bool = False
    _infos: dict[tuple[str, bool], JsonObject] = field(default_factory=dict)

    def info(self, entry_type: str, *, exact: bool) -> JsonObject:
        """The resource of `/info/<entry_type>`, made once."""
        key = (entry_type, exact)
        if key not in self._infos:
            prefix = self.config.provider.prefix
            self._infos[key] = entry_info(entry_type, prefix=prefix, exact=exact)
        return self._infos[key]

    def warm_up(self) -> None:
        """Make beforehand what would delay the first request."""
        for entry_type in ENTRY_TYPES:
            self.info(entry_type, exact=False)


def app_state_of(request: Request) -> AppState:
    """What the app of this request serves."""
    app_state = request.app.state.served
    assert isinstance(app_state, AppState)
    return app_state
