"""`meta`: which API, which query, how many, who provides it, what to be warned of."""

import functools
import time
from collections.abc import Iterable
from typing import TypeAlias

import orjson

from gateway import __version__
from gateway.config import Config, ProviderKeys, ServerKeys
from gateway.model import Facet, Json, JsonObject, Notice, SiteReport
from gateway.serve.request.context import RequestContext
from gateway.serve.request.paths import API_VERSION

IMPLEMENTATION = "nomad-optimade-gateway"
MAX_NOTICES = 100
"""Warnings in one answer; a page of broken entries could have more than anybody reads."""

Meta: TypeAlias = dict[str, "Json | orjson.Fragment"]
"""`meta`, whose parts that are the same in every answer are written already."""


def meta_of(
    context: RequestContext, *, config: Config, counts: JsonObject, notices: Iterable[Notice]
) -> Meta:
    """What every answer says about itself; `counts` replace or add members."""
    meta: Meta = {
        "api_version": API_VERSION,
        "query": {"representation": context.representation},
        "more_data_available": False,
        "time_stamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "schema": f"{context.root}/openapi.json",
        "request_delay": context.request_delay_s,
        **counts,
        "provider": _provider(config.provider),
        "implementation": _implementation(config.server),
    }
    site = config.site(context.target.site) if context.target.site else None
    if site is not None:
        meta["database"] = _filled(
            id=site.name, name=site.title, description=site.description, homepage=site.homepage
        )
    warnings = _warnings(notices, config.provider.prefix)
    if warnings:
        meta["warnings"] = warnings
    return meta


def _warnings(notices: Iterable[Notice], prefix: str) -> list[Json]:
    """Each notice once, and not more than anybody reads."""
    distinct = tuple(dict.fromkeys(notices))
    left_out = len(distinct) - MAX_NOTICES
    if left_out > 0:
        more = Notice("More warnings", f"{left_out} more warnings were left out.", "more_warnings")
        distinct = (*distinct[:MAX_NOTICES], more)
    return [_warning(one, prefix) for one in distinct]


@functools.lru_cache(maxsize=8)
def _provider(keys: ProviderKeys) -> orjson.Fragment:
    return orjson.Fragment(
        orjson.dumps(
            _filled(
                name=keys.name,
                description=keys.description,
                prefix=keys.prefix,
                homepage=keys.homepage,
            )
        )
    )


@functools.lru_cache(maxsize=8)
def _implementation(keys: ServerKeys) -> orjson.Fragment:
    email = keys.maintainer_email
    return orjson.Fragment(
        orjson.dumps(
            _filled(
                name=IMPLEMENTATION,
                version=__version__,
                source_url=keys.source_url,
                issue_tracker=keys.issue_tracker,
                maintainer={"email": email} if email else None,
            )
        )
    )


def _filled(**members: Json) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


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


def facet_values(facet: Facet) -> list[Json]:
    """The values of one property with their counts, most frequent first."""
    return [{"value": one.value, "count": one.count} for one in facet.values]


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
