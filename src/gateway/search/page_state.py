"""A page as it comes in: what each site gave and failed in, and at last the page itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway.fetch.http.client import SiteClient
from gateway.fetch.nomad.session import Call, SiteSession
from gateway.merge import Progress
from gateway.model import Entry, Hit, SiteFailure, SiteHits, State
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
    """One page being read: the question, whom it goes to, and what has come in so far."""

    planned: PlannedRequest
    clients: Mapping[str, SiteClient]
    answers: dict[str, SiteHits] = field(default_factory=dict)
    failures: dict[str, SiteFailure] = field(default_factory=dict)
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)

    def session(self, site: str, deadline: float) -> SiteSession:
        """A conversation with one site until the deadline, in the event loop's time."""
        request = self.planned.request
        call = Call(deadline, request.token, request.fresh, request.request_id)
        return SiteSession(self.clients[site], call)

    def sessions(self, deadline: float) -> dict[str, SiteSession]:
        """Conversations with all sites that have not failed."""
        live = (site for site in self.planned.queries if site not in self.failures)
        return {site: self.session(site, deadline) for site in live}

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

    def note(self, site: str, state: State) -> None:
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
        """The bodies of these entries are there."""
        self.entries.update(((one.site, one.entry_id), one) for one in entries)
