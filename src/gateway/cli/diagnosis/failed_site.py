"""What to do about a configured site that cannot be used.

Where no NOMAD answers at its address, the API is looked for near it.
"""

from dataclasses import replace

from gateway.cli.diagnosis.advice import advice_on_answer
from gateway.cli.diagnosis.answers import AnswerKind, kind_of
from gateway.cli.diagnosis.api_search import Ask, Found, find_api
from gateway.cli.diagnosis.connection_advice import advice_on_trouble
from gateway.cli.diagnosis.typed_address import read_typed
from gateway.fetch.http.reachability import Reached, Unreachable
from gateway.model import JsonObject, Site

_ELSEWHERE: frozenset[AnswerKind] = frozenset(
    ("missing", "page", "redirect", "optimade", "other", "login", "no_tls_expected")
)
"""Answers after which the API is looked for near the address."""
_NO_TLS = frozenset(("no_tls", "closed"))


async def advice_on(site: Site, answer: Reached | Unreachable, ask: Ask) -> str:
    """What to do, where `answer` came to a count of its entries."""
    if isinstance(answer, Unreachable):
        advice = advice_on_trouble(answer.trouble, site)
        return await _with_address(site, advice, ask) if answer.trouble in _NO_TLS else advice
    kind = kind_of(answer)
    if kind == "nomad":
        return "It answers a count of its entries, but not all that a search needs; see above why."
    advice = advice_on_answer(kind, site)
    if kind == "redirect" and answer.location:
        advice = f"It redirects to {answer.location[:200]}. {advice}"
    return await _with_address(site, advice, ask) if kind in _ELSEWHERE else advice


async def _with_address(site: Site, advice: str, ask: Ask) -> str:
    """The right address, where the API is found elsewhere; no token goes there."""
    found = await find_api(read_typed(site.url), _anonymous(ask, site))
    if isinstance(found, Found) and found.url != site.url:
        is_worse = site.url.startswith("https:") and found.url.startswith("http:")
        return (
            f"A NOMAD {found.version or '(of unknown version)'} answers at {found.url}: write that "
            "as its `url`."
            + (
                " It has no TLS: whatever is sent there, tokens too, can be read on the way."
                if is_worse
                else ""
            )
        )
    return advice


def _anonymous(ask: Ask, like: Site) -> Ask:
    async def ask_there(site: Site, path: str, content: JsonObject | None) -> Reached | Unreachable:
        ca_file = like.ca_file if site.url.startswith("https:") else None
        return await ask(replace(site, ca_file=ca_file, proxy=like.proxy), path, content)

    return ask_there
