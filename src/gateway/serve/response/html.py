"""HTML answers: the frame of every page, errors as pages, and what may be kept of them."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway import __version__
from gateway.config import Config
from gateway.errors import GatewayError
from gateway.model import SearchAnswer
from gateway.page.assets import assets_digest
from gateway.page.rendering import Frame, Provider, render
from gateway.serve.request.context import RequestContext, context_of
from gateway.serve.request.negotiation import wants_json
from gateway.serve.request.relative_paths import to_assets, to_base, to_root
from gateway.serve.response.caching import ASK_AGAIN, NO_STORE, cache_control
from gateway.serve.response.errors import error_headers, error_response, status_of

HEADINGS: Mapping[int, str] = {
    400: "This request cannot be answered",
    403: "This page would be too large",
    404: "There is nothing at this address",
    406: "This cannot be sent in another form",
    429: "Too many requests at the moment",
    500: "Something went wrong here",
    501: "This cannot be searched for",
    503: "The Oases do not answer at the moment",
}
"""What a person reads first, by status."""


def frame_of(request: Request, config: Config) -> Frame:
    """What stands around every page."""
    provider = config.provider
    return Frame(
        base=to_base(request),
        root=to_root(request),
        assets=to_assets(request),
        provider=Provider(provider.name, provider.description, provider.homepage),
    )


def heading_of(status: int) -> str:
    """What a person reads first about an error."""
    return HEADINGS.get(status) or HTTPStatus(status).phrase


def failure_response(
    error: GatewayError, *, request: Request, context: RequestContext, config: Config
) -> Response:
    """An error in the form of its address: a page where people come, else a document."""
    if context.target.is_page and not wants_json(request.headers.get("accept", "")):
        return problem_page(error, request=request, config=config)
    return error_response(error, context=context, config=config)


def problem_page(error: GatewayError, *, request: Request, config: Config) -> Response:
    """An error as a page of its own."""
    status = status_of(error)
    text = render(
        "problem.html",
        frame_of(request, config),
        heading=heading_of(status),
        sentence=str(error),
    )
    return HTMLResponse(text, status, {"Cache-Control": NO_STORE, **error_headers(error)})


def page_headers(
    answer: SearchAnswer, *, extra: object, config: Config, request: Request
) -> dict[str, str]:
    """ETag and what may be kept: always asked again; nothing where it is incomplete or private.

    `extra` is what distinguishes two pages besides the answer. How the sites did is not among it:
    the same page is answered from the cache a moment later.
    """
    context = context_of(request)
    return {
        "ETag": _tag(answer, extra, context),
        "Cache-Control": cache_control(answer, context, complete=ASK_AGAIN),
        "Vary": vary_of(config),
    }


def vary_of(config: Config) -> str:
    """The request's headers by which a page differs."""
    forwards = any(site.forward_token for site in config.sites)
    return "Accept, Authorization" if forwards else "Accept"


def _tag(answer: SearchAnswer, extra: object, context: RequestContext) -> str:
    facets = [
        [one.property, [(value.value, value.count) for value in one.values]]
        for one in answer.facets
    ]
    everything = (
        __version__,
        assets_digest(),
        context.base_url,
        context.query,
        extra,
        [(one.id, one.attributes) for one in answer.resources],
        [(one.name, one.total, one.reason) for one in answer.reports],
        [one.detail for one in answer.notices],
        [answer.data_returned, answer.data_available],
        facets,
    )
    return f'W/"{hashlib.blake2b(orjson.dumps(everything), digest_size=12).hexdigest()}"'
