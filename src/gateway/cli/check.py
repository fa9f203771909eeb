"""`gateway check`: each site's version and size, whether it answers a search, and what to do."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from gateway.cli.diagnosis.advice import advice_on_answer
from gateway.cli.diagnosis.answers import kind_of
from gateway.cli.diagnosis.api_search import COUNT
from gateway.cli.diagnosis.failed_site import advice_on
from gateway.cli.diagnosis.warnings import clock_warnings, site_warnings, version_warnings
from gateway.cli.tables import write_json, write_table
from gateway.config import Config
from gateway.errors import GatewayError, SiteError, SitesMissingError
from gateway.fetch.http.reachability import Reached, Unreachable, reach
from gateway.model import STRUCTURES, JsonObject, SearchRequest, Site
from gateway.search import Federation


@dataclass(frozen=True, slots=True)
class Check:
    """What came of checking one site."""

    site: str
    url: str
    version: str | None = None
    entries: int | None = None
    milliseconds: float | None = None
    """How long a search for one entry took."""
    can: tuple[str, ...] = ()
    asked_as: str = "anonymous"
    failure: str | None = None
    """Why the site cannot be used; None: it can."""
    advice: str | None = None
    """What to do about the failure; None: there is none."""
    same_as: tuple[str, ...] = ()
    """Other sites with the same entries: very likely this one under another address."""
    warnings: tuple[str, ...] = ()
    """What to know of a site that can be used."""
    clock_ahead_s: float | None = None
    """How far its clock is ahead of this machine's; None: it does not say."""


async def check_sites(config: Config) -> tuple[Check, ...]:
    """All sites, at the same time."""
    with _quiet_log():
        checks, same_as = await _checked(config)
    clocks = _clocks(checks)
    return tuple(
        replace(
            one,
            same_as=same_as[one.site],
            warnings=(*one.warnings, *([clocks[one.site]] if one.site in clocks else ())),
        )
        for one in checks
    )


async def _checked(config: Config) -> tuple[list[Check], dict[str, tuple[str, ...]]]:
    """Each site by itself, and which of them are one."""
    federation = Federation(config)
    await federation.open()
    try:
        checks = await asyncio.gather(*(_check(federation, site) for site in config.sites))
        return checks, {one.name: one.same_as for one in federation.site_states()}
    finally:
        await federation.close()


def checks_table(checks: Sequence[Check]) -> str:
    """One line a site; below it the failures, each with what to do, and what else to know."""
    heads = ("site", "version", "entries", "milliseconds", "can", "asked as", "url")
    rows = [
        (
            one.site,
            one.version,
            one.entries,
            one.milliseconds,
            ", ".join(one.can) or None,
            one.asked_as,
            one.url,
        )
        for one in checks
    ]
    failures = [
        f"{one.site}: {one.failure}" + (f"\n  What to do: {one.advice}" if one.advice else "")
        for one in checks
        if one.failure
    ]
    warnings = [f"{one.site}: {text}" for one in checks for text in one.warnings]
    everything = (*failures, *warnings, *_doubled(checks), *joint_warnings(checks))
    return "\n".join([write_table(heads, rows), *everything])


def _doubled(checks: Sequence[Check]) -> list[str]:
    return [
        f"{one.site} holds the same entries as {other}: if they are one Oasis under two addresses, "
        "remove one of them"
        for one in checks
        for other in one.same_as
        if one.site < other
    ]


def joint_warnings(checks: Sequence[Check]) -> tuple[str, ...]:
    """What to know of all sites together, or of this machine."""
    clocks = _clocks(checks)
    versions = {one.site: one.version for one in checks if one.failure is None}
    return (*([clocks[None]] if None in clocks else ()), *version_warnings(versions))


def checks_json(checks: Sequence[Check]) -> str:
    """A list with an object per site; what concerns all of them is a warning of each."""
    joint = joint_warnings(checks)
    return write_json([{**asdict(one), "warnings": [*one.warnings, *joint]} for one in checks])


def _clocks(checks: Sequence[Check]) -> dict[str | None, str]:
    return clock_warnings(
        {one.site: one.clock_ahead_s for one in checks if one.clock_ahead_s is not None}
    )


async def _check(federation: Federation, site: Site) -> Check:
    asked_as = "own account" if site.token else "anonymous"
    found = Check(site.name, site.url, asked_as=asked_as)
    try:
        info = await federation.check(site.name)
        found = Check(site.name, site.url, info.version, info.total, asked_as=asked_as)
        found = await _search(federation, site, found)
    except (SiteError, SitesMissingError) as error:
        found = _failed(found, error)
    answer = await _ask(site, "/entries/query", COUNT)
    if found.failure is not None:
        return replace(found, advice=await advice_on(site, answer, _ask))
    return replace(
        found,
        warnings=(*await _nested(site), *site_warnings(site, found.version)),
        clock_ahead_s=answer.clock_ahead_s if isinstance(answer, Reached) else None,
    )


async def _nested(site: Site) -> tuple[str, ...]:
    """A warning where the site is no NOMAD but a gateway over some, perhaps this one itself."""
    info = await _ask(site, "/info", None)
    if isinstance(info, Unreachable) or kind_of(info) != "gateway":
        return ()
    return (f"this is a gateway like this one. {advice_on_answer('gateway', site)}",)


async def _ask(site: Site, path: str, content: JsonObject | None) -> Reached | Unreachable:
    return await reach(site, path, content=content)


async def _search(federation: Federation, site: Site, found: Check) -> Check:
    began = time.perf_counter()
    request = SearchRequest(STRUCTURES, page_limit=1, sites=(site.name,), fresh=True)
    answer = await federation.search(request)
    spent = round((time.perf_counter() - began) * 1000, 1)
    report = next(one for one in answer.reports if one.name == site.name)
    archives = () if report.state == "partial" else ("archives",)
    tokens = ("callers' tokens",) if site.forward_token else ()
    return replace(
        found,
        milliseconds=spent,
        can=("search", *archives, *tokens),
        failure=report.reason if report.state == "failed" else None,
    )


def _failed(found: Check, error: GatewayError) -> Check:
    if isinstance(error, SiteError):  # its name stands beside it already
        return replace(found, failure=f"{error.doing}: {error.happened}")
    return replace(found, failure=str(error))


@contextmanager
def _quiet_log() -> Iterator[None]:
    """What the log would say of the sites stands in the result, with what to do."""
    logger = logging.getLogger("gateway")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
