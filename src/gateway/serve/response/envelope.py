"""What goes out: data, meta, links and warnings as JSON:API documents."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import orjson
from starlette.responses import Response

from gateway.config import Config
from gateway.model import Json, JsonObject, Resource, SearchAnswer
from gateway.serve.request.context import RequestContext
from gateway.serve.request.negotiation import JSON_API
from gateway.serve.response.caching import cache_control
from gateway.serve.response.document import dump_document, with_base_url
from gateway.serve.response.meta import facet_values, meta_of, report_object
from gateway.serve.response.page_links import page_links
from gateway.serve.response.piecewise import PIECE_BYTES, PiecewiseResponse
from gateway.serve.state import AppState


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
    rest = {"links": with_base_url({}, context), "meta": meta}
    headers = {"Cache-Control": f"public, max-age={cached_s}"}
    return _respond(
        orjson.dumps(data), rest=rest, tagged=context.root, headers=headers, context=context
    )


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
    links = with_base_url(links, context)
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
    complete = f"public, max-age={int(config.cache.answers_s)}"
    headers = {
        "Cache-Control": cache_control(answer, context, complete=complete),
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
    body = dump_document({"data": orjson.Fragment(data), **rest})
    if len(body) > PIECE_BYTES:
        return PiecewiseResponse(body, headers=headers, media_type=JSON_API, hold=context.hold)
    return Response(body, headers=headers, media_type=JSON_API)


def _timing(answer: SearchAnswer, context: RequestContext) -> str:
    steps = (*answer.timings, ("total", context.elapsed_ms()))
    return ", ".join(f"{_token(name)};dur={spent:.1f}" for name, spent in steps)


@functools.lru_cache(maxsize=64)
def _token(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
