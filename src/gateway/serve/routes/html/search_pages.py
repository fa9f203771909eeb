"""The search page at every base URL: the search of the API, laid out for people.

A form is a GET; it is answered with 303 to the address of the search that it asks for, in which
the filter's text is the only state.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from gateway.errors import FilterError, GatewayError, SitesMissingError
from gateway.model import STRUCTURES, Omission, SearchAnswer, SearchRequest
from gateway.page.form.fields import Fields, read_fields
from gateway.page.form.filter_text import FieldErrors, read_back
from gateway.page.rendering import render
from gateway.page.search import filter_problem
from gateway.page.search.address import PageAddress
from gateway.page.search.columns import Column, default_columns, properties_of
from gateway.page.search.form_view import facet_names
from gateway.search import MemoryScope
from gateway.serve.middleware.disconnect import cancel_on_disconnect
from gateway.serve.request.context import context_of, rules_of
from gateway.serve.request.negotiation import wants_json
from gateway.serve.request.page_form import (
    FORM,
    MAX_PARAMETERS,
    MOST_COLUMNS,
    MOST_ROWS,
    beyond_a_page,
    kept_address,
    listed,
    plain_address,
    submitted_address,
    vocabulary_of,
)
from gateway.serve.request.params import read_search
from gateway.serve.request.query_string import Pairs, read_pairs_off_loop
from gateway.serve.request.relative_paths import to_base
from gateway.serve.response.caching import NO_STORE
from gateway.serve.response.errors import error_headers, status_of
from gateway.serve.response.html import frame_of, heading_of, page_headers, vary_of
from gateway.serve.response.search_page import Shown, columns_for, search_page
from gateway.serve.routes.plain_route import PlainRoute
from gateway.serve.state import AppState, OmissionCounter, app_state_of

_RESULTS = "#results"
_KEPT = "Your search is kept in the address of this page."
ROBOTS = """\
User-agent: *
Disallow: /*page_cursor=
Disallow: /*page_offset=
Disallow: /*sort=
Disallow: /*form=
Disallow: /structures
Disallow: /*/structures
Disallow: /references
Disallow: /*/references
"""
"""Crawlers would walk through all structures of all sites, in every order. `*`: a version, a site,
or the path of a proxy."""


def pages_router() -> APIRouter:
    """The pages; none of them is part of the API."""
    router = APIRouter(
        route_class=PlainRoute, default_response_class=HTMLResponse, include_in_schema=False
    )
    router.add_api_route("/", get_search_page)
    router.add_api_route("/index", get_index_page)
    router.add_api_route("/robots.txt", get_robots)
    return router


async def get_robots(_: Request) -> Response:
    """What crawlers are asked to leave alone."""
    return PlainTextResponse(ROBOTS, headers={"Cache-Control": "public, max-age=86400"})


async def get_index_page(request: Request) -> Response:
    """The index meta-database, for a person who opens its address."""
    if wants_json(request.headers.get("accept", "")):
        return _to_info(request)
    config = app_state_of(request).config
    address = context_of(request).base_url
    text = render("index.html", frame_of(request, config), address=address)
    return HTMLResponse(text, headers={"Cache-Control": "no-cache", "Vary": "Accept"})


async def get_search_page(request: Request) -> Response:
    """The form with the results of its search, or what is wrong with it."""
    if wants_json(request.headers.get("accept", "")):
        return _to_info(request)
    return await cancel_on_disconnect(request, _SearchPage(request).answer())


def _to_info(request: Request) -> Response:
    """A program that opens the base URL gets what describes the API."""
    headers = {"Location": f"{to_base(request)}v1/info", "Vary": "Accept"}
    return Response(status_code=HTTPStatus.SEE_OTHER, headers=headers)


class _SearchPage:
    """One request for the page."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._state: AppState = app_state_of(request)
        self._context = context_of(request)
        self._config = self._state.config
        self._vocabulary = vocabulary_of(self._config, self._context.target)
        self._shown = Shown(PageAddress(), Fields())

    async def answer(self) -> Response:
        """The page, whatever has happened."""
        try:
            query: bytes = self._request.scope["query_string"]
            pairs = await read_pairs_off_loop(query, most=MAX_PARAMETERS)
            if FORM in dict(pairs):
                return self._submitted(pairs)
            self._shown = replace(self._shown, address=plain_address(pairs, self._vocabulary))
            return await self._found(pairs)
        except FieldErrors as error:
            given = listed(pairs)
            shown = Shown(kept_address(pairs), read_fields(given), errors=error.errors)
            return await self._page(shown, status=HTTPStatus.BAD_REQUEST)
        except GatewayError as error:
            return await self._problem(error)

    def _submitted(self, pairs: Pairs) -> Response:
        sites = len(self._vocabulary.sites)
        address = submitted_address(
            pairs,
            self._vocabulary,
            default_columns=default_columns(self._config.provider.prefix, sites=sites),
            default_limit=self._config.paging.default_limit,
        )
        location = f"{to_base(self._request)}{address}{_RESULTS}"
        headers = {"Location": location, "Cache-Control": NO_STORE}
        return Response(status_code=HTTPStatus.SEE_OTHER, headers=headers)

    async def _found(self, pairs: Pairs) -> Response:
        address = self._shown.address
        # reading a long filter takes longer than the event loop may be held
        fields = await asyncio.to_thread(read_back, address.filter, self._vocabulary)
        self._shown = replace(self._shown, fields=fields)
        rules = rules_of(self._config, self._context.target)
        search, notices = read_search(
            pairs, entry_type=STRUCTURES, rules=rules, caller=self._context.caller
        )
        columns = columns_for(search, config=self._config, target=self._context.target)
        warnings = (
            *(one.detail for one in notices),
            *beyond_a_page(search.page_limit, len(columns)),
        )
        columns = columns[:MOST_COLUMNS]
        search = self._for_page(search, columns)
        self._shown = replace(self._shown, search=search)
        answer, omissions = await self._search(search)
        shown = replace(
            self._shown, columns=columns, answer=answer, omissions=omissions, warnings=warnings
        )
        return await self._page(shown)

    def _for_page(self, search: SearchRequest, columns: Sequence[Column]) -> SearchRequest:
        """The search of what the page shows, and no more."""
        prefix = self._config.provider.prefix
        return replace(
            search,
            page_limit=min(search.page_limit, MOST_ROWS),
            response_fields=tuple(dict.fromkeys((*properties_of(columns), f"_{prefix}_site"))),
            include=(),
            facets=facet_names(prefix),
        )

    async def _search(self, search: SearchRequest) -> tuple[SearchAnswer, tuple[Omission, ...]]:
        """The answer; where nothing is found, what there would be with a condition less."""
        deadline = self._context.deadline(self._config.timeouts.allowed_s(search.timeout_s))
        federation = self._state.federation
        async with self._state.admission.slot(self._context.client, deadline=deadline):
            with MemoryScope() as scope:
                answer = await federation.search(search, scope=scope)
            self._state.count_reports(answer)
            is_empty = answer.data_returned == 0 and search.filter is not None
            if not is_empty or not isinstance(federation, OmissionCounter):
                return answer, ()
            try:
                return answer, await federation.without_each(replace(search, facets=()))
            except GatewayError:
                return answer, ()  # that nothing was found is an answer without it

    async def _problem(self, error: GatewayError) -> Response:
        status, headers = status_of(error), error_headers(error)
        column = error.column if isinstance(error, FilterError) else None
        is_filter = isinstance(error, FilterError)
        problem = filter_problem(
            self._shown.address.filter,
            sentence=str(error),
            column=column,
            heading="The filter cannot be understood"
            if is_filter and status == HTTPStatus.BAD_REQUEST
            else heading_of(status),
        )
        wait = headers.get("Retry-After")
        if wait:
            problem = replace(
                problem, again=f"{to_base(self._request)}{self._shown.address}", wait_s=int(wait)
            )
        if isinstance(error, SitesMissingError):
            heading, sentence = self._missing(error)
            problem = replace(problem, heading=heading, sentence=sentence, details=str(error))
        shown = replace(self._shown, problem=problem)
        return await self._page(shown, status=status, headers=headers)

    def _missing(self, error: SitesMissingError) -> tuple[str, str]:
        """The heading and the sentence about sites that do not answer."""
        asked = self._shown.search.sites if self._shown.search else None
        sites = [site for site in self._vocabulary.sites if asked is None or site in asked]
        titles = [site.title for site in self._config.sites if site.name in error.sites]
        silent = f"{', '.join(titles)} {'does' if len(titles) == 1 else 'do'} not answer"
        if error.others_are_done and set(sites) - set(error.sites):
            more = "further structures" if self._shown.address.paging else "such structures"
            return "Nothing found so far", (
                f"The Oases that answered have no {more}. {silent}, so it is not known whether "
                f"there are any. {_KEPT}"
            )
        heading = heading_of(HTTPStatus.SERVICE_UNAVAILABLE)
        return heading, f"{silent}, so nothing can be shown. {_KEPT}"

    async def _page(
        self, shown: Shown, *, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
    ) -> Response:
        given = {"Cache-Control": NO_STORE, "Vary": vary_of(self._config), **(headers or {})}
        if shown.answer is not None:
            extra = ([one.detail for one in self._context.notices], shown.omissions)
            given = page_headers(
                shown.answer, extra=extra, config=self._config, request=self._request
            )
            if given["ETag"] in self._context.known_tags and given["Cache-Control"] == "no-cache":
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=given)
        # a page of hundreds of rows takes longer than the event loop may be held
        text = await asyncio.to_thread(search_page, shown, self._request, self._config)
        return HTMLResponse(text, status, given)
