"""`gateway check`: each site's version and size, and whether it answers a search."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from gateway.cli.tables import write_json, write_table
from gateway.config import Config
from gateway.errors import GatewayError, SiteError, SitesMissingError
from gateway.model import STRUCTURES, SearchRequest, Site
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
    same_as: tuple[str, ...] = ()
    """Other sites with the same entries: very likely this one under another address."""


async def check_sites(config: Config) -> tuple[Check, ...]:
    """All sites, at the same time."""
    federation = Federation(config)
    await federation.open()
    try:
        checks = await asyncio.gather(*(_check(federation, site) for site in config.sites))
        same_as = {one.name: one.same_as for one in federation.site_states()}
        return tuple(replace(one, same_as=same_as[one.site]) for one in checks)
    finally:
        await federation.close()


def checks_table(checks: Sequence[Check]) -> str:
    """One line a site, the failures below."""
    heads = ("site", "version", "entries", "milliseconds", "can", "asked as", "url")
    table = write_table(
        heads,
        [
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
        ],
    )
    failures = [f"{one.site}: {one.failure}" for one in checks if one.failure]
    doubled = [
        f"{one.site} holds the same entries as {other}: if they are one Oasis under two addresses, "
        "remove one of them"
        for one in checks
        for other in one.same_as
        if one.site < other
    ]
    return "\n".join([table, *failures, *doubled])


def checks_json(checks: Sequence[Check]) -> str:
    """A list with an object per site."""
    return write_json([asdict(one) for one in checks])


async def _check(federation: Federation, site: Site) -> Check:
    asked_as = "own account" if site.token else "anonymous"
    found = Check(site.name, site.url, asked_as=asked_as)
    try:
        info = await federation.check(site.name)
        found = Check(site.name, site.url, info.version, info.total, asked_as=asked_as)
        return await _search(federation, site, found)
    except (SiteError, SitesMissingError) as error:
        return _failed(found, error)


async def _search(federation: Federation, site: Site, found: Check) -> Check:
    began = time.perf_counter()
    request = SearchRequest(STRUCTURES, page_limit=1, sites=(site.name,), fresh=True)
    answer = await federation.search(request)
    spent = round((time.perf_counter() - began) * 1000, 1)
    report = next(one for one in answer.reports if one.name == site.name)
    archives = () if report.state == "partial" else ("archives",)
    tokens = ("callers' tokens",) if site.forward_token else ()
    return Check(
        found.site,
        found.url,
        found.version,
        found.entries,
        spent,
        ("search", *archives, *tokens),
        found.asked_as,
        report.reason if report.state == "failed" else None,
    )


def _failed(found: Check, error: GatewayError) -> Check:
    return Check(
        found.site, found.url, found.version, found.entries,
        asked_as=found.asked_as, failure=str(error),
    )  # fmt: skip
