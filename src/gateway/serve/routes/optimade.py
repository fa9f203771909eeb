"""The OPTIMADE endpoints: parameters, search, envelope; `ENTRY_TYPES` says which entries."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor

from gateway.model import EntryRequest, SearchRequest
from gateway.search import LARGE_PAGE, MemoryScope
from gateway.serve.downloads import download_response, file_response
from gateway.serve.info.about import VERSIONS, VERSIONS_TYPE, base_info, link_resources
from gateway.serve.info.openapi import (
    VERSIONS_RESPONSE,
    JsonApiResponse,
    about_docs,
    entry_docs,
    form_docs,
    listing_docs,
)
from gateway.serve.middleware.disconnect import cancel_on_disconnect
from gateway.serve.request.api_hint import check_hint, is_exact
from gateway.serve.request.context import RequestContext, context_of, rules_of, with_notices
from gateway.serve.request.formats import JSON, chosen_format
from gateway.serve.request.forms import read_form
from gateway.serve.request.params import read_entry, read_search
from gateway.serve.request.paths import ENTRY_TYPES
from gateway.serve.request.query_string import Pairs, joined_pairs, read_pairs_off_loop
from gateway.serve.response.envelope import about_response, entry_response, listing_response
from gateway.serve.routes.plain_route import PlainRoute
from gateway.serve.state import AppState, Detail, app_state_of

LINKS_CACHED_S = 60


class _Anything(PathConvertor):
    """Any id, with line breaks too, at which Starlette's own `path` ends."""

    regex = r"[\s\S]*"


register_url_convertor("anything", _Anything())


def optimade_router(prefix: str) -> APIRouter:
    """All OPTIMADE endpoints, unversioned; a middleware takes versions and views off the path."""
    router = APIRouter(default_response_class=JsonApiResponse, route_class=PlainRoute)
    for entry_type in ENTRY_TYPES:
        _add_entry_type(router, entry_type, prefix)
    for view in ("", "/index"):
        _add_about(router, view)
    return router


def _add_about(router: APIRouter, view: str) -> None:
    tags = ["index meta-database" if view else "about"]
    docs = about_docs()
    router.add_api_route(f"{view}/info", get_info, tags=list(tags), openapi_extra=docs)
    router.add_api_route(f"{view}/links", get_links, tags=list(tags), openapi_extra=docs)
    router.add_api_route(
        f"{view}/versions",
        get_versions,
        tags=list(tags),
        response_class=Response,
        responses=VERSIONS_RESPONSE,
    )


def _add_entry_type(router: APIRouter, entry_type: str, prefix: str) -> None:
    async def list_entries(request: Request) -> Response:
        """One page of entries that match a filter, from all sites, in one order."""
        pairs = await read_pairs_off_loop(_query(request))
        return await cancel_on_disconnect(request, _answer_listing(request, entry_type, pairs))

    async def list_by_form(request: Request) -> Response:
        """The same as GET, for filters too long for a URL (an extension of this server)."""
        app_state = app_state_of(request)
        form = await read_form(request, filter_length=app_state.config.filters.length)
        query = _query(request)
        shown = b"&".join(part for part in (query, form) if part).decode("utf-8", "replace")
        request.scope["state"]["context"] = replace(context_of(request), query=shown)
        given = await read_pairs_off_loop(query)
        pairs = joined_pairs(given, await read_pairs_off_loop(form))
        return await cancel_on_disconnect(request, _answer_listing(request, entry_type, pairs))

    async def get_entry(request: Request) -> Response:
        """One entry by its id; `data` is null where there is none."""
        return await cancel_on_disconnect(request, _answer_entry(request, entry_type))

    async def get_entry_info(request: Request) -> Response:
        """The properties of this entry type: definitions, units, what can be sorted, filtered."""
        return await _answer_entry_info(request, entry_type)

    routes = (
        (f"/{entry_type}", "GET", list_entries, listing_docs(entry_type, prefix)),
        (f"/{entry_type}", "POST", list_by_form, form_docs(entry_type, prefix)),
        (f"/{entry_type}/{{entry_id:anything}}", "GET", get_entry, entry_docs(entry_type, prefix)),
        (f"/info/{entry_type}", "GET", get_entry_info, about_docs()),
    )
    for path, method, endpoint, docs in routes:
        router.add_api_route(
            path, endpoint, methods=[method], tags=[entry_type], openapi_extra=docs
        )


async def get_info(request: Request) -> Response:
    """Which API this is: versions, endpoints, licence."""
    app_state, (context, _) = app_state_of(request), await _about_context(request)
    return about_response(
        base_info(context, config=app_state.config), context=context, config=app_state.config
    )


async def get_links(request: Request) -> Response:
    """Related databases: the index, each site's own view, the list of providers."""
    app_state, (context, _) = app_state_of(request), await _about_context(request)
    links = link_resources(context, config=app_state.config)
    return about_response(links, context=context, config=app_state.config, cached_s=LINKS_CACHED_S)


async def get_versions(request: Request) -> Response:
    """The major versions that are served, as CSV."""
    await _about_context(request)
    return Response(VERSIONS, headers={"Content-Type": VERSIONS_TYPE})


async def _answer_entry_info(request: Request, entry_type: str) -> Response:
    app_state, (context, hint) = app_state_of(request), await _about_context(request)
    info = app_state.entry_info(entry_type, _detail(context, hint))
    return about_response(info, context=context, config=app_state.config)


def _detail(context: RequestContext, hint: str) -> Detail:
    """Clients that list or search properties send `response_fields` there, as to listings: they see
    all that it can name. The validator, which refuses names under NOMAD's prefix, does not."""
    if is_exact(context.target.version, hint):
        return "exact"
    return "wide" if any(name == "response_fields" for name, _ in context.pairs) else "plain"


async def _answer_listing(request: Request, entry_type: str, pairs: Pairs) -> Response:
    app_state = app_state_of(request)
    context, _ = _read(request, pairs, app_state)
    rules = rules_of(app_state.config, context.target)
    search, notices = read_search(pairs, entry_type=entry_type, rules=rules, caller=context.caller)
    context = with_notices(context, notices)
    form = chosen_format(dict(pairs), rules.prefix)
    if form != JSON:
        return await download_response(search, form, context=context, app_state=app_state)
    is_large = search.page_limit > LARGE_PAGE
    deadline = _deadline(context, search, app_state)
    async with app_state.admission.slot(context.client, deadline=deadline, is_large=is_large):
        with MemoryScope(is_large=is_large) as scope:
            answer = await app_state.federation.search(search, scope=scope)
            app_state.count_reports(answer)
            return await listing_response(answer, context=context, app_state=app_state)


async def _answer_entry(request: Request, entry_type: str) -> Response:
    app_state = app_state_of(request)
    pairs = await read_pairs_off_loop(_query(request))
    context, _ = _read(request, pairs, app_state)
    rules = rules_of(app_state.config, context.target)
    search = read_entry(
        pairs,
        entry_type=entry_type,
        entry_id=request.path_params["entry_id"],
        rules=rules,
        caller=context.caller,
    )
    form = chosen_format(dict(pairs), rules.prefix)
    deadline = _deadline(context, search, app_state)
    async with app_state.admission.slot(context.client, deadline=deadline):
        with MemoryScope() as scope:
            answer = await app_state.federation.entry(search, scope=scope)
            app_state.count_reports(answer)
            if form == JSON:
                return await entry_response(answer, context=context, app_state=app_state)
            fields = search.response_fields or ()
            return await file_response(
                answer, form, fields=fields, context=context, app_state=app_state
            )


def _deadline(
    context: RequestContext, search: SearchRequest | EntryRequest, app_state: AppState
) -> float:
    return context.deadline(app_state.config.timeouts.allowed_s(search.timeout_s))


async def _about_context(request: Request) -> tuple[RequestContext, str]:
    """The request and its `api_hint`; all other parameters are tolerated here."""
    return _read(request, await read_pairs_off_loop(_query(request)), app_state_of(request))


def _read(request: Request, pairs: Pairs, app_state: AppState) -> tuple[RequestContext, str]:
    """The request with its parameters, and the version it would like, where that counts."""
    context = context_of(request)
    hint = "" if context.target.version else dict(pairs).get("api_hint", "")
    notice = check_hint(hint, prefix=app_state.config.provider.prefix)
    context = replace(
        context,
        pairs=pairs,
        request_delay_s=app_state.admission.delay_s(),
        notices=(notice,) if notice else (),
    )
    return context, hint


def _query(request: Request) -> bytes:
    query = request.scope["query_string"]
    assert isinstance(query, bytes)
    return query
