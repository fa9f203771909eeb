"""`meta`: which API, which query, how many, who provides it, what to be warned of."""

from collections.abc import Iterable
from datetime import UTC, datetime

from gateway import __version__
from gateway.config import Config
from gateway.model import Json, JsonObject, Notice, SiteReport
from gateway.serve.request.context import RequestContext
from gateway.serve.request.paths import API_VERSION

IMPLEMENTATION = "nomad-optimade-gateway"


def meta_of(
    context: RequestContext, *, config: Config, counts: JsonObject, notices: Iterable[Notice]
) -> JsonObject:
    """What every answer says about itself; `counts` replace or add members."""
    now = datetime.now(UTC).replace(microsecond=0)
    meta: JsonObject = {
        "api_version": API_VERSION,
        "query": {"representation": context.representation},
        "more_data_available": False,
        "time_stamp": now.isoformat().replace("+00:00", "Z"),
        "schema": f"{context.root}/openapi.json",
        "request_delay": context.request_delay_s,
        **counts,
        "provider": _provider(config),
        "implementation": _implementation(config),
    }
    site = config.site(context.target.site) if context.target.site else None
    if site is not None:
        meta["database"] = _filled(
            id=site.name, name=site.title, description=site.description, homepage=site.homepage
        )
    warnings: list[Json] = [_warning(one, config.provider.prefix) for one in _unlike(notices)]
    if warnings:
        meta["warnings"] = warnings
    return meta


def _provider(config: Config) -> JsonObject:
    keys = config.provider
    return _filled(
        name=keys.name, description=keys.description, prefix=keys.prefix, homepage=keys.homepage
    )


def _implementation(config: Config) -> JsonObject:
    server = config.server
    email = server.maintainer_email
    return _filled(
        name=IMPLEMENTATION,
        version=__version__,
        source_url=server.source_url,
        issue_tracker=server.issue_tracker,
        maintainer={"email": email} if email else None,
    )


def _filled(**members: Json) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


def _unlike(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    return tuple(dict.fromkeys(notices))


def _warning(notice: Notice, prefix: str) -> JsonObject:
    """A warning has no status; its own codes begin with the provider's prefix."""
    code = notice.code
    if code and not code.startswith("_"):
        code = f"_{prefix}_{code}"
    return _filled(type="warning", code=code, title=notice.title, detail=notice.detail)


def report_object(report: SiteReport) -> JsonObject:
    """What one site did for an answer."""
    return {
        "name": report.name,
        "state": report.state,
        "reason": report.reason,
        "total": report.total,
        "returned": report.returned,
        "milliseconds": _rounded(report.milliseconds),
    }


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
