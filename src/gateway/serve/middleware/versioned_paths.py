"""A URL is read as view, version and endpoint: the routes inside know neither of the first two.

In: any request. Out: the same with `context` and `target` in its state and the routes' own path, or
a document that says why there is nothing at that URL.
"""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.config import Config
from gateway.errors import RequestError
from gateway.serve.request.client_address import read_client
from gateway.serve.request.context import mark_arrival, read_context
from gateway.serve.request.negotiation import check_accept
from gateway.serve.request.paths import NATIVE, SITES, RequestTarget, read_target
from gateway.serve.request.public_url import Root, read_root
from gateway.serve.request.untrusted_proxies import UntrustedProxies
from gateway.serve.response.html import failure_response


class VersionedPathsMiddleware:
    """ASGI middleware: versions and views are taken off the path."""

    def __init__(self, app: ASGIApp, *, config: Config) -> None:
        self._app = app
        self._config = config
        self._sites = tuple(site.name for site in config.sites)
        self._untrusted = UntrustedProxies(config.server)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "arrived" not in scope.setdefault("state", {}):
            mark_arrival(scope)
        root = read_root(scope, self._config.server)
        self._untrusted.note(scope, root)
        path = root.strip(scope["path"])
        try:
            target = self._read(scope, root, path)
        except RequestError as error:
            context = scope["state"].get("context") or read_context(
                scope, root=root, target=RequestTarget(endpoint=_refused_endpoint(path))
            )
            scope["state"]["context"] = context
            request = Request({**scope, "root_path": root.prefix})
            refusal = failure_response(error, request=request, context=context, config=self._config)
            await refusal(scope, receive, send)
            return
        inner = {**scope, "root_path": root.prefix, "path": root.prefix + target.inner_path}
        await self._app(inner, receive, send)

    def _read(self, scope: Scope, root: Root, path: str) -> RequestTarget:
        target = read_target(path, sites=self._sites)
        state = scope["state"]
        client = read_client(scope, self._config.server.trusted_proxies)
        context = read_context(scope, root=root, target=target, client=client)
        state["target"], state["context"] = target, context
        if not target.is_native:  # files of any type come from there
            check_accept(Headers(scope=scope).get("accept", ""))
        return target


def _is_view(path: str) -> bool:
    """Whether this looks like the base URL of a site, which people open with a browser."""
    parts = [part for part in path.split("/") if part]
    return parts[:1] == [SITES] and len(parts) <= 2


def _refused_endpoint(path: str) -> str:
    """What a refused path points at: an error in NOMAD's own API has NOMAD's form."""
    _, found, rest = path.partition(f"{NATIVE}/")
    if found:
        return NATIVE + "/" + rest
    return "/" if _is_view(path) else path
