"""`gateway sites`: state, version, entries and round trip of each site of a gateway."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from gateway.cli.query.server import AgainError, Server
from gateway.cli.query.source import Source, look_at_sites, opened
from gateway.cli.query.walking import count_of, read_page, reports_of
from gateway.cli.tables import printable, write_json, write_table
from gateway.model import JsonObject

WHOLE, FAILED, PARTIAL = 0, 1, 3
_ONE = "structures?page_limit=1&response_fields=id"


@dataclass(frozen=True, slots=True)
class SiteLine:
    """What is known of one site."""

    site: str
    state: str
    version: str | None
    entries: int | None
    """What it holds, copies of other sites' entries among them."""
    milliseconds: float | None
    """How long a search for one entry took."""
    reason: str | None = None
    """Why it is missing; None: it is not."""


async def ask_sites(source: Source, *, retries: int) -> tuple[SiteLine, ...]:
    """All sites of a gateway; another OPTIMADE server is one itself."""
    async with opened(source, retries=retries) as server:
        if not server.is_gateway:
            return (await _single(server),)
        failures = await look_at_sites(server)
        try:
            page = read_page(await server.document(f"{server.base}/{_ONE}", fresh=True), "")
            reports, why = {str(one["name"]): one for one in reports_of(page.meta, server)}, ""
        except AgainError as error:
            reports, why = {}, str(error)
        health = await server.document(f"{server.root}/health")
        listed = health.get("sites")
        statuses = (
            [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        )
        names = [str(one.get("name")) for one in statuses]
        return tuple(
            _line(one, reports.get(name), failures.get(name, why))
            for name, one in zip(names, statuses, strict=True)
        )


def sites_table(lines: Sequence[SiteLine]) -> str:
    """One line a site, below it why one is missing."""
    heads = ("site", "state", "version", "entries", "milliseconds")
    rows = [(one.site, one.state, one.version, one.entries, one.milliseconds) for one in lines]
    reasons = [printable(f"{one.site} is missing: {one.reason}") for one in lines if one.reason]
    return "\n".join([write_table(heads, rows), *reasons])


def sites_json(lines: Sequence[SiteLine]) -> str:
    """A list with an object per site."""
    return write_json([asdict(one) for one in lines])


def exit_code(lines: Sequence[SiteLine]) -> int:
    """Whether all, some or none of them answer."""
    missing = sum(one.state == "failed" for one in lines)
    return WHOLE if not missing else FAILED if missing == len(lines) else PARTIAL


async def _single(server: Server) -> SiteLine:
    begun = time.perf_counter()
    page = read_page(await server.document(f"{server.base}/{_ONE}", fresh=True), server.base)
    spent = round((time.perf_counter() - begun) * 1000, 1)
    provider, version = page.meta.get("provider"), page.meta.get("api_version")
    name = provider.get("name") if isinstance(provider, dict) else None
    return SiteLine(
        str(name or server.base),
        "ok",
        f"OPTIMADE {version}" if version else None,
        count_of(page.meta.get("data_available")),
        spent,
    )


def _line(status: JsonObject, report: JsonObject | None, why: str) -> SiteLine:
    report = report or {"state": "failed"}
    is_missing = report.get("state") == "failed"
    version, spent = status.get("version"), report.get("milliseconds")
    total = count_of(status.get("total"))
    return SiteLine(
        str(status.get("name")),
        str(report.get("state")),
        version if isinstance(version, str) else None,
        count_of(report.get("total")) if total is None else total,
        spent if isinstance(spent, float | int) else None,
        why or str(report.get("reason")) if is_missing else None,
    )
