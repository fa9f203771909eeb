"""A page as it comes in: what each site gave and failed in, and at last the page itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.fetch.nomad.session import SiteSession
from gateway.merge import Progress
from gateway.model import Entry, Hit, SearchRequest, SiteFailure, SiteHits, SiteState
from gateway.search.planned_request import PlannedRequest


@dataclass(frozen=True, slots=True)
class PageResult:
    """A page of entries and what is known of the whole: in the order asked, whatever the walk."""

    page: tuple[Hit, ...]
    entries: tuple[Entry, ...]
    offset: int
    onward: Progress | None
    """Where the next page begins; None: this is the last one."""
    answers: Mapping[str, SiteHits]
    failures: Mapping[str, SiteFailure]
    milliseconds: Mapping[str, float]
    timings: tuple[tuple[str, float], ...]


@dataclass(slots=True)
class PageState:
    """One page being read: what is asked, whom it goes to, and what has come in so far."""

    planned: PlannedRequest
    clients: Mapping[str, SiteClient]
    scope: MemoryScope
    answers: dict[str, SiteHits] = field(default_factory=dict)
    failures: dict[str, SiteFailure] = field(default_factory=dict)
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)

    def session(self, site: str, deadline: float | None) -> SiteSession:
        """A session with one site until the deadline, in the event loop's time."""
        options = options_of(self.planned.request, scope=self.scope, deadline=deadline)
        return SiteSession(self.clients[site], options)

    def sessions(self, deadline: float | None) -> dict[str, SiteSession]:
        """Sessions with all sites that have not failed."""
        live = (site for site in self.planned.queries if site not in self.failures)
        return {site: self.session(site, deadline) for site in live}

    def is_private(self, site: str) -> bool:
        """Whether what the site answers is for this caller alone."""
        request = self.planned.request
        return bool(request.token) and self.clients[site].site.forward_token

    def fail(self, failure: SiteFailure) -> None:
        """This site is left out."""
        self.failures[failure.site] = failure
        self.answers.pop(failure.site, None)
        self.spend(failure.site, failure.milliseconds)

    def extend(self, site: str, further: SiteHits) -> None:
        """These hits follow those that the site has given."""
        held = self.answers[site]
        self.answers[site] = replace(held, hits=(*held.hits, *further.hits), more=further.more)
        self.note(site, further.state)

    def note(self, site: str, state: SiteState) -> None:
        """How the site has answered once more: stale if it ever was, cached if it always was."""
        held = self.answers[site]
        joined = {held.state, state}
        for one in ("stale", "ok"):
            if one in joined:
                self.answers[site] = replace(held, state=one)
                return

    def spend(self, site: str, milliseconds: float) -> None:
        """So long has this site been waited for."""
        self.milliseconds[site] = self.milliseconds.get(site, 0.0) + milliseconds

    def keep(self, entries: Iterable[Entry]) -> None:
        """These entries have been read."""
        self.entries.update(((one.site, one.entry_id), one) for one in entries)


def options_of(
    request: SearchRequest, *, scope: MemoryScope, deadline: float | None
) -> RequestOptions:
    """What all requests to sites on behalf of this one share."""
    return RequestOptions(
        deadline,
        scope,
        token=request.token,
        fresh=request.fresh,
        request_id=request.request_id,
        client=request.client,
    )
