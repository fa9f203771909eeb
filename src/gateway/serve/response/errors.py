"""An error -> the answer that says so, as JSON:API or NOMAD has it: status, headers, document."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from starlette.responses import Response

from gateway.config import Config
from gateway.errors import (
    FilterError,
    GatewayError,
    MediaTypeError,
    MethodError,
    NativeError,
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
from gateway.model import JsonObject
from gateway.serve.request.context import RequestContext
from gateway.serve.request.negotiation import JSON_API
from gateway.serve.response.caching import NO_STORE
from gateway.serve.response.document import dump_document, with_base_url
from gateway.serve.response.meta import meta_of

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
    NativeError: 502,
    GatewayError: 500,
}
_TITLES = {553: "Version Not Supported"}


def error_response(error: GatewayError, *, context: RequestContext, config: Config) -> Response:
    """What is wrong, and the HTTP status that says so."""
    if context.target.is_native:
        return native_error(error)
    status = status_of(error)
    document = {
        "errors": [_error_object(error, status=status, context=context)],
        "links": with_base_url({}, context),
        "meta": meta_of(context, config=config, counts={"data_returned": 0}, notices=()),
    }
    headers = {"Cache-Control": NO_STORE, **error_headers(error)}
    return Response(dump_document(document), status, headers, media_type=JSON_API)


def native_error(error: GatewayError) -> Response:
    """The same in NOMAD's own API: `detail`, and never 503, on which its clients fail."""
    status, detail = status_of(error), str(error)
    if isinstance(error, NativeError):
        status, shown = error.status, error.detail
    else:
        status, shown = (502 if status == HTTPStatus.SERVICE_UNAVAILABLE else status), detail
    headers = {"Cache-Control": NO_STORE, **error_headers(error)}
    body = orjson.dumps({"detail": shown})
    return Response(body, status, headers, media_type="application/json")


def status_of(error: GatewayError) -> int:
    """The HTTP status of that error: that of the nearest class in the table."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def error_headers(error: GatewayError) -> dict[str, str]:
    """What else an answer with this error says in its headers, whatever its body is."""
    match error:
        case SitesMissingError(retry_after_s=wait) | OverloadError(retry_after_s=wait):
            return {"Retry-After": str(max(1, round(wait)))}
        case MethodError(allowed=allowed):
            return {"Allow": allowed}
        case NativeError(retry_after_s=waits, allowed=methods):
            retry = {} if waits is None else {"Retry-After": str(max(1, round(waits)))}
            return retry if methods is None else {**retry, "Allow": methods}
        case _:
            return {}


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
