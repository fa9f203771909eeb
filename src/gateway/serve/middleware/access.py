"""The outermost layer: request id, CORS and HEAD for every answer, one log line and timing each."""

import re
import time
import uuid
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.observe import Observer, bind_request, log
from gateway.serve.request.paths import OTHER, RequestTarget

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = "GET, HEAD, POST, OPTIONS"
_EXPOSED = "ETag, Link, Retry-After, Server-Timing, X-Request-ID"
_PREFLIGHT_S = "86400"


class AccessMiddleware:
    """ASGI middleware: what holds for every answer, whatever its kind."""

    def __init__(self, app: ASGIApp, *, observer: Observer) -> None:
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        state = scope.setdefault("state", {})
        state["request_id"] = _request_id(headers.get("x-request-id", ""))
        state["is_head"] = scope["method"] == "HEAD"
        bind_request(state["request_id"])
        answer = _OutgoingAnswer(send, scope["method"], state["request_id"])
        started = time.perf_counter()
        self._observer.began()
        try:
            if scope["method"] == "OPTIONS":
                await _answer_options(headers, answer.send)
            else:
                method = "GET" if scope["method"] == "HEAD" else scope["method"]
                await self._app({**scope, "method": method}, receive, answer.send)
        finally:
            self._tell(scope, status=answer.status, seconds=time.perf_counter() - started)

    def _tell(self, scope: Scope, *, status: int, seconds: float) -> None:
        target = scope["state"].get("target")
        label = target.label if isinstance(target, RequestTarget) else OTHER
        self._observer.answered(label, status=status, seconds=seconds)
        log().info(
            "answered",
            method=scope["method"],
            path=quote(scope["path"]),
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


class _OutgoingAnswer:
    """One answer on its way out: gets its last headers, loses its body for HEAD."""

    def __init__(self, send: Send, method: str, request_id: str) -> None:
        self._send = send
        self._is_head = method == "HEAD"
        self._request_id = request_id
        self.status = 0
        """HTTP status, 0 while nothing was sent."""

    async def send(self, message: Message) -> None:
        """Pass one ASGI message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = _EXPOSED
            headers["X-Request-ID"] = self._request_id
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


async def _answer_options(headers: Headers, send: Send) -> None:
    """Any page may send any header: there are no cookies here that it could abuse."""
    allowed = headers.get("access-control-request-headers", "*")
    given = {
        "Allow": _METHODS,
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": allowed,
        "Access-Control-Max-Age": _PREFLIGHT_S,
        "Vary": "Access-Control-Request-Headers",
    }
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()]
    await send({"type": "http.response.start", "status": 204, "headers": raw})
    await send({"type": "http.response.body", "body": b""})


def _request_id(given: str) -> str:
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
