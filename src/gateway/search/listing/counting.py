"""How many entries match at each site, without reading any."""

from gateway.fetch.fanout import SiteAnswer, ask_all
from gateway.model import SiteFailure
from gateway.search.listing.page_state import PageState


async def count_at_sites(state: PageState, deadline: float | None) -> dict[str, int]:
    """The exact number at every site that says it; a site that fails is noted in the state."""
    queries = state.planned.queries
    sessions = state.sessions(deadline)
    answers = await ask_all(
        {site: session.count(queries[site]) for site, session in sessions.items()},
        doing="count entries",
    )
    totals = {}
    for site, answer in answers.items():
        match answer:
            case SiteFailure():
                state.fail(answer)
            case SiteAnswer(total, milliseconds):
                totals[site] = total
                state.spend(site, milliseconds)
    return totals
