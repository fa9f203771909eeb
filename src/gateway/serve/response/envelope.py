"""What goes out: data, meta, links, warnings and errors as JSON:API documents."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import orjson
from starlette.responses import Response

from gateway.config import Config
from gateway.errors import (
    FilterError,
    GatewayError,
    MediaTypeError,
    MethodError,
    NotAcceptableError,
    NotFoundError,
    NotImplementedFilterError,
    NotImplementedParameterError,
    OverloadError,
    PageLimitError,
    RequestError,
    SiteError,
    SitesMissingError,
    TooLargeError,
    VersionError,
)
from gateway.model import Json, JsonObject, Resource, SearchAnswer
from gateway.serve.request.context import RequestContext
from gateway.serve.request.negotiation import JSON_API
from gateway.serve.request.paths import API_VERSION
from gateway.serve.response.meta import facet_values, meta_of, report_object
from gateway.serve.response.page_links import page_links
from gateway.serve.response.piecewise import PIECE_BYTES, PiecewiseResponse
from gateway.serve.state import AppState

NO_STORE = "no-store"

STATUS: Mapping[type[GatewayError], int] = {
    RequestError: 400,
    PageLimitError: 403,
    NotFoundError: 404,
    MethodError: 405,
    NotAcceptableError: 406,
    TooLargeError: 413,
    MediaTypeError: 415,
    OverloadError: 429,
    NotImplementedFilterError: 501,
    NotImplementedParameterError: 501,
    SiteError: 502,
    SitesMissingError: 503,
    VersionError: 553,
    GatewayError: 500,
}
_TITLES = {553: "Version Not Supported"}
_JSONAPI = orjson.Fragment(
    orjson.dumps({"version": "1.1", "meta": {"api": "OPTIMADE", "api-version": API_VERSION}})
)


async def listing_response(
    answer: SearchAnswer, *, context: RequestContext, app_state: AppState
) -> Response:
    """One page."""
    prefix = app_state.config.provider.prefix
    links = page_links(answer, context=context, prefix=prefix)
    data = await _write_all(answer.resources, app_state)
    return await _answer_response(
        answer, data=data, links=links, context=context, app_state=app_state
    )


async def entry_response(
    answer: SearchAnswer, *, context: RequestContext, app_state: AppState
) -> Response:
    """One entry; an unknown id is `data: null`."""
    data = _write(answer.resources[0]) if answer.resources else b"null"
    return await _answer_response(answer, data=data, links={}, context=context, app_state=app_state)


def about_response(
    data: Json, *, context: RequestContext, config: Config, cached_s: int = 300
) -> Response:
    """What the server says of itself."""
    count = len(data) if isinstance(data, list) else 1
    counts: JsonObject = {"data_returned": count, "data_available": count}
    meta = meta_of(context, config=config, counts=counts, notices=context.notices)
    rest = {"links": _links({}, context), "meta": meta}
    headers = {"Cache-Control": f"public, max-age={cached_s}"}
    return _respond(
        orjson.dumps(data), rest=rest, tagged=context.root, headers=headers, context=context
    )


def error_response(error: GatewayError, *, context: RequestContext, config: Config) -> Response:
    """What is wrong, and the HTTP status that says so."""
    status = status_of(error)
    document = {
        "errors": [_error_object(error, status=status, context=context)],
        "links": _links({}, context),
        "meta": meta_of(context, config=config, counts={"data_returned": 0}, notices=()),
    }
    headers = {"Cache-Control": NO_STORE, **error_headers(error)}
    return Response(_dump(document), status, headers, media_type=JSON_API)


def status_of(error: GatewayError) -> int:
    """The HTTP status of that error: that of the nearest class in the table."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def resource_object(resource: Resource) -> JsonObject:
    """A resource as JSON:API spells it."""
    written: JsonObject = {
        "type": resource.type,
        "id": resource.id,
        "attributes": resource.attributes,
    }
    if resource.relationships:
        written["relationships"] = resource.relationships
    if resource.links:
        written["links"] = resource.links
    if resource.meta:
        written["meta"] = resource.meta
    return written


def _write(resource: Resource) -> bytes:
    return orjson.dumps(resource_object(resource))


async def _write_all(resources: Sequence[Resource], app_state: AppState) -> bytes:
    """The resources as a JSON array; a large page leaves the event loop to others in between."""
    return b"[" + b",".join(await app_state.slices.map(_write, resources)) + b"]"


async def _answer_response(
    answer: SearchAnswer,
    *,
    data: bytes,
    links: JsonObject,
    context: RequestContext,
    app_state: AppState,
) -> Response:
    config = app_state.config
    notices = (*context.notices, *answer.notices)
    counts: JsonObject = {
        "data_returned": answer.data_returned,
        "data_available": answer.data_available,
        "more_data_available": answer.more,
    }
    meta = meta_of(context, config=config, counts=counts, notices=notices)
    prefix = config.provider.prefix
    meta[f"_{prefix}_sites"] = [report_object(report) for report in answer.reports]
    if answer.facets:
        meta[f"_{prefix}_facets"] = {one.property: facet_values(one) for one in answer.facets}
    included = await _write_all(answer.included, app_state) if answer.included else b""
    links = _links(links, context)
    rest = {"links": links, "included": orjson.Fragment(included) if included else (), "meta": meta}
    headers = caching_headers(answer, context=context, config=config)
    details: list[Json] = [notice.detail for notice in notices]
    tagged: list[Json | orjson.Fragment] = [
        orjson.Fragment(included or b"0"),
        links,
        counts,
        details,
    ]
    return _respond(data, rest=rest, tagged=tagged, headers=headers, context=context)


def caching_headers(
    answer: SearchAnswer, *, context: RequestContext, config: Config
) -> dict[str, str]:
    """For how long and for whom an answer may be kept, and how it came about."""
    headers = {
        "Cache-Control": _cache_control(answer, context=context, config=config),
        "Server-Timing": _timing(answer, context),
    }
    if any(site.forward_token for site in config.sites):
        headers["Vary"] = "Authorization"
    return headers


def _respond(
    data: bytes,
    *,
    rest: Mapping[str, object],
    tagged: object,
    headers: dict[str, str],
    context: RequestContext,
) -> Response:
    """The document around the written `data`, or 304 when the client has it already.

    `tagged` is what distinguishes two answers besides their data; times are not among it.
    """
    digest = hashlib.blake2b(data, digest_size=12)
    digest.update(orjson.dumps(tagged))
    headers["ETag"] = tag = f'W/"{digest.hexdigest()}"'
    if context.is_get and tag in context.known_tags:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = _dump({"data": orjson.Fragment(data), **rest})
    if len(body) > PIECE_BYTES:
        return PiecewiseResponse(body, headers=headers, media_type=JSON_API, hold=context.hold)
    return Response(body, headers=headers, media_type=JSON_API)


def _dump(document: Mapping[str, object]) -> bytes:
    """Some clients stumble over null or empty members (`errors`, `included`), so there are none."""
    filled = {key: value for key, value in document.items() if value}
    return orjson.dumps({"jsonapi": _JSONAPI, **filled})


def _links(links: JsonObject, context: RequestContext) -> JsonObject:
    return {**links, "base_url": context.base_url}


def _cache_control(answer: SearchAnswer, *, context: RequestContext, config: Config) -> str:
    """Whether others may cache this answer: not where it is incomplete or somebody's own."""
    if context.caller.token:
        return f"private, {NO_STORE}"
    if any(report.state in ("failed", "partial", "stale") for report in answer.reports):
        return NO_STORE
    return f"public, max-age={int(config.cache.answers_s)}"


def _timing(answer: SearchAnswer, context: RequestContext) -> str:
    steps = (*answer.timings, ("total", context.elapsed_ms()))
    return ", ".join(f"{_token(name)};dur={spent:.1f}" for name, spent in steps)


@functools.lru_cache(maxsize=64)
def _token(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _error_object(error: GatewayError, *, status: int, context: RequestContext) -> JsonObject:
    written: JsonObject = {
        "status": str(status),
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "detail": str(error),
    }
    if context.caller.request_id:
        written["id"] = context.caller.request_id
    parameter = getattr(error, "parameter", None)
    if parameter:
        written["source"] = {"parameter": parameter}
    if isinstance(error, FilterError) and error.column is not None:
        written["meta"] = {"column": error.column}
    return written


def error_headers(error: GatewayError) -> dict[str, str]:
    """What else an answer with this error says in its headers, whatever its body is."""
    match error:
        case SitesMissingError(retry_after_s=wait) | OverloadError(retry_after_s=wait):
            return {"Retry-After": str(max(1, round(wait)))}
        case MethodError(allowed=allowed):
            return {"Allow": allowed}
        case _:
            return {}
