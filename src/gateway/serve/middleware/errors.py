"""Exceptions become documents: the one place where any exception is caught.

In: whatever an endpoint raises. Out: an OPTIMADE error document; for an unexpected exception 500
and a log line with the trace; for a client that has left nothing at all.
"""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config import Config
from gateway.errors import GatewayError, MethodError, NotFoundError, RequestError
from gateway.observe import log, shown_path
from gateway.serve.middleware.disconnect import CLIENT_GONE
from gateway.serve.request.context import RequestContext, context_of
from gateway.serve.request.paths import ENTRY_TYPES, RequestTarget
from gateway.serve.response.errors import status_of
from gateway.serve.response.html import failure_response

HANDLED = (GatewayError, HTTPException, RequestValidationError)
"""What endpoints and the framework raise on purpose."""


class ErrorMiddleware:
    """ASGI middleware: what nobody expected is a 500, logged."""

    def __init__(self, app: ASGIApp, *, config: Config) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outgoing = _Outgoing(send)
        try:
            await self._app(scope, receive, outgoing.send)
        except ClientDisconnect:
            if not outgoing.begun:
                await Response(status_code=CLIENT_GONE)(scope, receive, send)
        except Exception:
            log().exception("unexpected error", path=shown_path(scope["path"]))
            if outgoing.begun:
                raise
            error = GatewayError("An unexpected error occurred in the gateway; it has been logged.")
            context: RequestContext = scope["state"]["context"]
            response = failure_response(
                error, request=Request(scope), context=context, config=self._config
            )
            await response(scope, receive, send)


class _Outgoing:
    """An answer on its way out: whether it has begun."""

    __slots__ = ("_send", "begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def send(self, message: Message) -> None:
        self.begun = True
        await self._send(message)


class ErrorResponses:
    """Makes the documents for what an endpoint has raised on purpose."""

    def __init__(self, config: Config, *, delay_s: Callable[[], float]) -> None:
        self._config = config
        self._delay_s = delay_s

    async def respond(self, request: Request, exception: Exception) -> Response:
        """The answer to a request that ended so."""
        error, context = _gateway_error(exception, request), context_of(request)
        if status_of(error) == HTTPStatus.INTERNAL_SERVER_ERROR:
            log().error("unexpected error", reason=str(error))
        context = replace(context, request_delay_s=self._delay_s())
        return failure_response(error, request=request, context=context, config=self._config)


def _gateway_error(exception: Exception, request: Request) -> GatewayError:
    match exception:
        case GatewayError():
            return exception
        case HTTPException(status_code=404):
            return NotFoundError(
                f"There is no endpoint {_shown(request)}; /info lists those that exist."
            )
        case HTTPException(status_code=405):
            allowed = _methods_at(context_of(request).target)
            return MethodError(
                f"{request.method} is not allowed at {_shown(request)}; allowed are {allowed}.",
                allowed=allowed,
            )
        case HTTPException():
            return RequestError(str(exception.detail))
        case _:
            return RequestError("The request cannot be understood.")


def _shown(request: Request) -> str:
    return context_of(request).target.endpoint[:200]


def _methods_at(target: RequestTarget) -> str:
    """All methods of an endpoint; the framework names only those of the first route there."""
    methods = {"GET", "HEAD", "OPTIONS"}
    if target.inner_path.lstrip("/") in ENTRY_TYPES:
        methods.add("POST")
    return ", ".join(sorted(methods))
