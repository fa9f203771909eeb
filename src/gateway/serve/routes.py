"""The OPTIMADE endpoints: parameters, search, envelope; `ENTRY_TYPES` says which entries."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor

from gateway.model import SearchAnswer
from gateway.serve.info.about import ENTRY_TYPES, VERSIONS, VERSIONS_TYPE, base_info, link_resources
from gateway.serve.middleware.disconnect import while_connected
from gateway.serve.request.context import Call, rules_of
from gateway.serve.middleware.versioned_paths import call_of
from gateway.serve.response.envelope import about_response, entry_response, listing_response
from gateway.serve.request.forms import read_form
from gateway.serve.info.openapi import (
    VERSIONS_RESPONSE,
    JsonApiResponse,
    about_docs,
    entry_docs,
    form_docs,
    listing_docs,
)
from gateway.serve.request.params import read_entry, read_search, wants_stream
from gateway.serve.request.query_string import Pairs, read_pairs
from gateway.serve.state import Served, served_of
from gateway.serve.response.json_lines import stream_response
from gateway.serve.request.api_hint import check_hint, is_exact

LINKS_KEPT_S = 60


class _Anything(PathConvertor):
    """Any id, with line breaks too, at which Starlette's own `path` ends."""

    regex = r"[\s\S]*"


register_url_convertor("anything", _Anything())


def optimade_router(prefix: str) -> APIRouter:
    """All OPTIMADE endpoints, unversioned; the door takes versions and views off the path."""
    router = APIRouter(default_response_class=JsonApiResponse)
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
        pairs = read_pairs(_query(request))
        return await while_connected(request, _answer_listing(request, entry_type, pairs))

    async def list_by_form(request: Request) -> Response:
        """The same as GET, for filters too long for a URL (an extension of this server)."""
        served = served_of(request)
        form = await read_form(request, filter_length=served.config.filters.length)
        both = b"&".join(part for part in (_query(request), form) if part)
        shown = both.decode("utf-8", "replace")
        request.scope["state"]["call"] = replace(call_of(request), query=shown)
        pairs = read_pairs(both)
        return await while_connected(request, _answer_listing(request, entry_type, pairs))

    async def get_entry(request: Request) -> Response:
        """One entry by its id; `data` is null where there is none."""
        return await while_connected(request, _answer_entry(request, entry_type))

    async def get_entry_info(request: Request) -> Response:
        """The properties of this entry type: definitions, units, what can be sorted, filtered."""
        return _answer_entry_info(request, entry_type)

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
    served, (call, _) = served_of(request), _about_call(request)
    return about_response(base_info(call, config=served.config), call=call, config=served.config)


async def get_links(request: Request) -> Response:
    """Related databases: the index, each site's own view, the list of providers."""
    served, (call, _) = served_of(request), _about_call(request)
    links = link_resources(call, config=served.config)
    return about_response(links, call=call, config=served.config, kept_s=LINKS_KEPT_S)


async def get_versions(request: Request) -> Response:
    """The major versions that are served, as CSV."""
    _about_call(request)
    return Response(VERSIONS, headers={"Content-Type": VERSIONS_TYPE})


def _answer_entry_info(request: Request, entry_type: str) -> Response:
    served, (call, hint) = served_of(request), _about_call(request)
    info = served.info(entry_type, exact=is_exact(call.place.version, hint))
    return about_response(info, call=call, config=served.config)


async def _answer_listing(request: Request, entry_type: str, pairs: Pairs) -> Response:
    served = served_of(request)
    call, _ = _read(request, pairs, served)
    rules = rules_of(served.config, call.place)
    wanted, notices = read_search(pairs, entry_type=entry_type, rules=rules, caller=call.caller)
    if wants_stream(pairs, rules=rules):
        call = replace(call, notices=(*call.notices, *notices))
        return await stream_response(wanted, call=call, served=served)
    async with served.admission.place():
        answer = await served.federation.search(wanted)
    _count(answer, served)
    call = replace(call, notices=(*call.notices, *notices))
    return listing_response(answer, call=call, config=served.config)


async def _answer_entry(request: Request, entry_type: str) -> Response:
    served = served_of(request)
    pairs = read_pairs(_query(request))
    call, _ = _read(request, pairs, served)
    wanted = read_entry(
        pairs,
        entry_type=entry_type,
        entry_id=request.path_params["entry_id"],
        rules=rules_of(served.config, call.place),
        caller=call.caller,
    )
    async with served.admission.place():
        answer = await served.federation.entry(wanted)
    _count(answer, served)
    return entry_response(answer, call=call, config=served.config)


def _about_call(request: Request) -> tuple[Call, str]:
    """The request and its `api_hint`; all other parameters are tolerated here."""
    return _read(request, read_pairs(_query(request)), served_of(request))


def _read(request: Request, pairs: Pairs, served: Served) -> tuple[Call, str]:
    """The request with its parameters, and the version it would like, where that counts."""
    call = replace(call_of(request), pairs=pairs, request_delay_s=served.admission.delay_s())
    hint = "" if call.place.version else dict(pairs).get("api_hint", "")
    notice = check_hint(hint, prefix=served.config.provider.prefix)
    return replace(call, notices=(notice,) if notice else ()), hint


def _query(request: Request) -> bytes:
    query = request.scope["query_string"]
    assert isinstance(query, bytes)
    return query


def _count(answer: SearchAnswer, served: Served) -> None:
    for report in answer.reports:
        served.observer.served(report.name, report.state)
