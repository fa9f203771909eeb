"""The layer before the routes: finds the place a URL means, turns errors into documents."""

from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config import Config
from gateway.errors import GatewayError, MethodError, NotFoundError, RequestError
from gateway.observe import log
from gateway.serve.info.about import ENTRY_TYPES
from gateway.serve.request.context import RequestContext, read_context
from gateway.serve.request.negotiation import check_accept
from gateway.serve.request.paths import RequestTarget, read_target
from gateway.serve.request.public_url import read_root
from gateway.serve.response.envelope import error_response, status_of
from gateway.serve.state import app_state_of


class VersionedPathsMiddleware:
    """ASGI middleware: versions and views are taken off the path, so that routes know neither."""

    def __init__(self, app: ASGIApp, *, config: Config) -> None:
        self._app = app
        self._config = config
        self._sites = tuple(site.name for site in config.sites)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        root = read_root(scope, self._config.server)
        path = root.strip(scope["path"])
        state = scope.setdefault("state", {})
        context = read_context(
            scope,
            root=root,
            target=RequestTarget(endpoint=path),
            request_id=state.get("request_id", ""),
        )
        state["context"] = context
        try:
            target = read_target(path, sites=self._sites)
            state["target"], state["context"] = target, replace(context, target=target)
            check_accept(Request(scope).headers.get("accept", ""))
        except RequestError as error:
            await self._refuse(error, scope, receive, send)
            return
        inner = {**scope, "root_path": root.prefix, "path": root.prefix + target.inner_path}
        await self._pass_on(inner, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The one place where any exception is caught: what is a fault of ours is a 500, logged."""
        begun = False

        async def send_noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception:
            log().exception("fault", path=quote(scope["path"]))
            if begun:
                raise
            error = GatewayError("The gateway met a fault of its own; it has been logged.")
            await self._refuse(error, scope, receive, send)

    async def _refuse(
        self, error: GatewayError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        response = error_response(error, context=scope["state"]["context"], config=self._config)
        await response(scope, receive, send)


def context_of(request: Request) -> RequestContext:
    """The request as the door has read it."""
    context = request.scope["state"]["context"]
    assert isinstance(context, RequestContext)
    return context


def error_of(exception: HTTPException, request: Request) -> GatewayError:
    """The framework's own refusals as errors of ours."""
    endpoint = context_of(request).target.endpoint
    match exception.status_code:
        case 404:
            return NotFoundError(
                f"There is no endpoint {endpoint[:200]}; /info tells which there are."
            )
        case 405:
            allowed = _methods_at(request)
            return MethodError(
                f"{request.method} is not allowed at {endpoint[:200]}; allowed is {allowed}.",
                allowed=allowed,
            )
        case _:
            return RequestError(str(exception.detail))


def _methods_at(request: Request) -> str:
    """All methods of an endpoint; the framework tells only those of the first route there."""
    methods = {"GET", "HEAD", "OPTIONS"}
    if context_of(request).target.inner_path.lstrip("/") in ENTRY_TYPES:
        methods.add("POST")
    return ", ".join(sorted(methods))


def refusal_response(error: GatewayError, *, request: Request, config: Config) -> Response:
    """The document for an error that an endpoint has raised."""
    if status_of(error) == HTTPStatus.INTERNAL_SERVER_ERROR:
        log().error("fault", reason=str(error))
    context = replace(
        context_of(request), request_delay_s=app_state_of(request).admission.delay_s()
    )
    return error_response(error, context=context, config=config)
