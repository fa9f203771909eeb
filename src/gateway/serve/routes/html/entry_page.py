"""The page of one entry, `/entry/<id>`: the search of the API, laid out for people."""

import asyncio
import hashlib
from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from gateway.errors import GatewayError, NotFoundError, SitesMissingError
from gateway.model import SEPARATOR, STRUCTURES, EntryRequest, Resource, SearchAnswer
from gateway.page.assets import assets_digest
from gateway.page.entry import Place, entry_fields, read_entry_view
from gateway.page.rendering import render
from gateway.search import MemoryScope
from gateway.serve.middleware.disconnect import cancel_on_disconnect
from gateway.serve.request.context import RequestContext, context_of
from gateway.serve.request.relative_paths import to_base
from gateway.serve.response.caching import ASK_AGAIN, NO_STORE, cache_control
from gateway.serve.response.errors import error_headers, status_of
from gateway.serve.response.html import frame_of
from gateway.serve.routes.plain_route import PlainRoute
from gateway.serve.state import AppState, app_state_of
from gateway.write import FORMATS, why_not


def entry_page_router() -> APIRouter:
    """The one route; no part of the API."""
    router = APIRouter(route_class=PlainRoute, include_in_schema=False)
    router.add_api_route("/entry/{entry_id:anything}", get_entry_page)
    return router


async def get_entry_page(request: Request) -> Response:
    """The page, or a page that says why there is none."""
    try:
        return await cancel_on_disconnect(request, _answer(request))
    except GatewayError as error:
        return _error_page(error, request)


async def _answer(request: Request) -> Response:
    app_state, context = app_state_of(request), context_of(request)
    search = _read(request, context, app_state)
    deadline = context.deadline(app_state.config.timeouts.budget_s)
    async with app_state.admission.slot(context.client, deadline=deadline):
        with MemoryScope() as scope:
            answer = await app_state.federation.entry(search, scope=scope)
            app_state.count_reports(answer)
            if not answer.resources:
                raise NotFoundError(f"There is no entry {search.id[:200]} here.")
            return await _page(answer, request=request, context=context, app_state=app_state)


def _read(request: Request, context: RequestContext, app_state: AppState) -> EntryRequest:
    site, caller = context.target.site, context.caller
    return EntryRequest(
        STRUCTURES,
        request.path_params["entry_id"],
        response_fields=entry_fields(app_state.config.provider.prefix),
        include=("references",),
        sites=(site,) if site else None,
        entered=caller.arrived,
        fresh=caller.fresh,
        token=caller.token,
        request_id=caller.request_id,
        client=caller.client,
    )


async def _page(
    answer: SearchAnswer, *, request: Request, context: RequestContext, app_state: AppState
) -> Response:
    tag = _tag(answer, context)
    headers = {"ETag": tag, "Cache-Control": cache_control(answer, context, complete=ASK_AGAIN)}
    if any(site.forward_token for site in app_state.config.sites):
        headers["Vary"] = "Authorization"
    if tag in context.known_tags:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    # a structure of thousands of sites takes longer than the event loop may be held
    text = await asyncio.to_thread(_write, answer, request, context, app_state)
    return HTMLResponse(text, headers=headers)


def _write(
    answer: SearchAnswer, request: Request, context: RequestContext, app_state: AppState
) -> str:
    (resource, *_), config = answer.resources, app_state.config
    name, only = resource.id.partition(SEPARATOR)[0], context.target.site
    titles = {site.name: site.title or "" for site in config.sites if only in (None, site.name)}
    place = Place(config.provider.prefix, name, titles)
    view = read_entry_view(resource, place, included=answer.included, notices=answer.notices)
    base, path = to_base(request), f"v1/structures/{quote(resource.id)}"
    refusals = _refusals(resource)
    refused = {name for names in refusals.values() for name in names}
    return render(
        "entry.html",
        frame_of(request, app_state_of(request).config),
        view=view,
        canonical=f"{base}entry/{quote(resource.id)}",
        json_link=f"{base}{path}",
        json_address=f"{context.base_url}/{path}",
        downloads=_downloads(f"{base}{path}", config.provider.prefix, FORMATS.keys() - refused),
        refused=[
            ([FORMATS[name].title for name in names], reason) for reason, names in refusals.items()
        ],
    )


def _downloads(address: str, prefix: str, names: Collection[str]) -> list[tuple[str, str]]:
    """Title and address of each format."""
    return [
        (one.title, f"{address}?response_format=_{prefix}_{one.name}")
        for one in FORMATS.values()
        if one.name in names
    ]


def _refusals(resource: Resource) -> dict[str, list[str]]:
    """Why the entry cannot be written in some formats: the reasons with the formats' names."""
    found: dict[str, list[str]] = {}
    for name in FORMATS:
        if reason := why_not(resource.attributes, name):
            found.setdefault(reason, []).append(name)
    return found


def _error_page(error: GatewayError, request: Request) -> Response:
    status = status_of(error)
    headers = {"Cache-Control": NO_STORE, **error_headers(error)}
    text = render(
        "entry_error.html",
        frame_of(request, app_state_of(request).config),
        heading=_HEADINGS.get(status, "This entry cannot be shown"),
        reason=_reason(error, request),
        details=str(error) if isinstance(error, SitesMissingError) else "",
        retry_after=headers.get("Retry-After", ""),
        again=f"{to_base(request)}entry/{quote(request.path_params['entry_id'])}",
    )
    return HTMLResponse(text, status, headers)


def _reason(error: GatewayError, request: Request) -> str:
    """In plain words; what exactly happened is shown below."""
    if not isinstance(error, SitesMissingError):
        return str(error)
    sites = app_state_of(request).config.sites
    titles = ", ".join(site.title or site.name for site in sites if site.name in error.sites)
    return f"The entry lives at {titles}, which cannot be reached now. Nothing is lost."


_HEADINGS = {
    404: "There is no such entry",
    429: "Too many requests at the moment",
    503: "The Oasis of this entry does not answer",
}


def _tag(answer: SearchAnswer, context: RequestContext) -> str:
    """Of what the page shows, not of how the sites did: `cached` after `ok` changes nothing."""
    shown = (
        assets_digest(),
        context.base_url,
        [[one.id, one.attributes] for one in (*answer.resources, *answer.included)],
        [notice.detail for notice in answer.notices],
    )
    return f'W/"{hashlib.blake2b(orjson.dumps(shown), digest_size=12).hexdigest()}"'
