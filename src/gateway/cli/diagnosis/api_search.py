"""From an address as it was typed to the API that stands there, or what stands in its way.

In: the address, taken apart, and something that asks. Out: `Found` with what was corrected, or
`NotFound` with what to do.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from gateway.cli.diagnosis.advice import advice_on_answer, is_too_old
from gateway.cli.diagnosis.answers import AnswerKind, json_of, kind_of
from gateway.cli.diagnosis.connection_advice import advice_on_trouble
from gateway.cli.diagnosis.corrections import corrections
from gateway.cli.diagnosis.typed_address import TypedAddress, base_of
from gateway.config.checks import API_PATH, api_address
from gateway.fetch.http.reachability import Reached, Trouble, Unreachable
from gateway.model import Json, JsonObject, Site
from gateway.properties import STRUCTURE

COUNT: JsonObject = {"owner": "public", "query": STRUCTURE, "pagination": {"page_size": 0}}
"""Asks how many public structures there are; the answer is never one that a proxy has kept."""
CONNECT_S = 5.0
MAX_REDIRECTS = 4

Ask: TypeAlias = Callable[[Site, str, JsonObject | None], Awaitable[Reached | Unreachable]]
"""Asks a site at a path: GET, or POST of the content."""

_INFO = "/info"
_WEIGHTS: tuple[AnswerKind, ...] = (
    "denied", "gateway", "limited", "unhealthy", "login", "no_tls_expected", "redirect", "optimade",
    "page", "other", "missing",
)  # fmt: skip
"""The answer that tells most of why there is no API comes first."""
_OTHER_SCHEME: frozenset[Trouble | AnswerKind] = frozenset(
    ("no_tls", "closed", "refused", "timeout", "no_tls_expected")
)
_APP_BASE = re.compile(rb'"?appBase"?\s*:\s*"(https?://[^"\s]{1,500})"')


@dataclass(frozen=True, slots=True)
class Found:
    """The API of a NOMAD."""

    url: str
    version: str | None
    deployment: str | None
    """What the Oasis calls itself; None: it does not say."""
    entries: int | None
    """Public structures; None: it does not say without a login."""
    remarks: tuple[str, ...] = ()
    """What was corrected, and what the administrator should know."""
    is_denied: bool = False
    """Whether nothing is public there."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """No API that can be used now."""

    happened: str
    advice: str
    why: Trouble | AnswerKind
    url: str | None = None
    """Where it would be, if the address is right and the Oasis is only away; None: not known."""


async def find_api(typed: TypedAddress, ask: Ask) -> Found | NotFound:
    """The API at that address, or near it."""
    failures: list[NotFound] = []
    for scheme in typed.schemes:
        found = await _at(typed, scheme, ask)
        if isinstance(found, Found):
            return replace(found, remarks=(*corrections(typed, found.url), *found.remarks))
        failures.append(found)
        if found.why not in _OTHER_SCHEME:
            break
    return min(failures, key=_report_order)


def _report_order(failure: NotFound) -> int:
    """Which scheme's failure is reported: first one that has nothing to do with the scheme."""
    return 2 * (failure.why in _OTHER_SCHEME) - (failure.why in _WEIGHTS)


async def _at(typed: TypedAddress, scheme: str, ask: Ask) -> Found | NotFound:
    failures: list[NotFound] = []
    for path in typed.paths:
        found = await _look(typed.url(scheme, path), ask, redirects=MAX_REDIRECTS)
        if isinstance(found, Found):
            return found
        if found.why not in _WEIGHTS or found.why == "no_tls_expected":
            return found  # which the other paths share
        failures.append(found)
    base = await _named_by_gui(typed, scheme, ask)
    if base is not None:
        found = await _look(base, ask, redirects=MAX_REDIRECTS)
        if isinstance(found, Found):
            return found
    best = min(failures, key=lambda one: _WEIGHTS.index(one.why))
    return best if API_PATH in typed.text else replace(best, url=None)


async def _look(url: str, ask: Ask, *, redirects: int) -> Found | NotFound:
    site = _site(url)
    answer = await ask(site, _INFO, None)
    if isinstance(answer, Unreachable):
        advice = advice_on_trouble(answer.trouble, site)
        return NotFound(f"{url}: {answer.happened}", advice, answer.trouble, url)
    kind = kind_of(answer)
    if kind == "nomad":
        return await _found(site, answer, ask)
    target = _redirect_target(answer.location)
    if kind == "redirect" and target and redirects:
        return await _look(target, ask, redirects=redirects - 1)
    happened = f"{answer.url}: {description(answer, kind)}"
    return NotFound(happened, advice_on_answer(kind, site), kind, url)


async def _found(site: Site, answer: Reached, ask: Ask) -> Found:
    info = json_of(answer)
    version, deployment = _text(info.get("version")), _text(info.get("deployment"))
    counted = await ask(site, "/entries/query", COUNT)
    kind = kind_of(counted) if isinstance(counted, Reached) else "unhealthy"
    remarks = []
    if is_too_old(version):
        remarks.append(
            f"NOMAD {version} is older than any that the gateway has been tried with (1.3)"
        )
    if kind != "nomad":
        happened = description(counted, kind) if isinstance(counted, Reached) else counted.happened
        remarks.append(f"a search there fails: {happened}. {advice_on_answer(kind, site)}")
    entries = _total(counted) if isinstance(counted, Reached) else None
    return Found(site.url, version, deployment, entries, tuple(remarks), kind == "denied")


async def _named_by_gui(typed: TypedAddress, scheme: str, ask: Ask) -> str | None:
    """The API's address as the web page itself has it, where it is on another host."""
    base = typed.url(scheme, base_of(typed.paths[0].removesuffix(API_PATH)))
    answer = await ask(_site(base), "/gui/env.js", None)
    if isinstance(answer, Unreachable) or not (named := _APP_BASE.search(answer.body[:4096])):
        return None
    return _checked(named[1].decode(errors="replace").rstrip("/") + API_PATH)


def description(answer: Reached, kind: AnswerKind) -> str:
    """What answered, in words."""
    if answer.location is not None:
        what = "a login page" if kind == "login" else answer.location[:200]
        return f"HTTP {answer.status}, redirects to {what}"
    names = {"login": "a login page", "page": "a web page", "optimade": "an OPTIMADE server"}
    names["gateway"] = "a gateway like this one"
    return f"HTTP {answer.status}" + (f", {names[kind]}" if kind in names else "")


def _redirect_target(location: str | None) -> str | None:
    """The API to which a redirect of its `/info` leads; None: to something else."""
    if location is None or not location.partition("?")[0].endswith(API_PATH + _INFO):
        return None
    return _checked(location.partition("?")[0].removesuffix(_INFO))


def _checked(address: str) -> str | None:
    try:
        return api_address(address)
    except ValueError:
        return None


def _site(url: str) -> Site:
    return Site("new", url, "new", connect_s=CONNECT_S)


def _text(value: Json) -> str | None:
    """A word of the site's, fit for one line of ours."""
    shown = "".join(filter(str.isprintable, value[:60])) if isinstance(value, str) else ""
    return shown.strip() or None


def _total(answer: Reached) -> int | None:
    pagination = json_of(answer).get("pagination")
    total = pagination.get("total") if isinstance(pagination, dict) else None
    return total if isinstance(total, int) else None
