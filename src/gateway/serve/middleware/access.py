"""The outermost middleware: what holds for every answer, whatever its kind.

In: any request. Out: its answer with request id, CORS and security headers, without a body for
HEAD; one log line and one measurement each.
"""

import re
import time
import uuid
from itertools import count

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.observe import Observer, bind_request, log_answered, shown_path
from gateway.serve.request.context import mark_arrival, show_observer
from gateway.serve.request.paths import OTHER, RequestTarget

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = "GET, HEAD, POST, OPTIONS"
_PREFLIGHT_S = "86400"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Content-Security-Policy of every HTML page that does not bring its own: nothing is loaded from
elsewhere, and no script or style stands in the page itself."""
_EVERYWHERE = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Content-Disposition, ETag, Link, Retry-After, Server-Timing, X-Request-ID, X-Total-Count",
    ),
    (b"x-content-type-options", b"nosniff"),
)
_HTML_ONLY = (
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
)


class AccessMiddleware:
    """ASGI middleware: request id, CORS and HEAD for every answer, one log line and timing each."""

    def __init__(self, app: ASGIApp, *, observer: Observer) -> None:
        self._app = app
        self._observer = observer
        self._ids = count()
        self._first_of_id = uuid.uuid4().hex[:16]  # unique among processes; a counter does the rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            show_observer(scope, self._observer)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        mark_arrival(scope)
        headers, state, is_head = Headers(scope=scope), scope["state"], scope["method"] == "HEAD"
        state["request_id"] = request_id = self._id(headers.get("x-request-id", ""))
        state["is_head"] = is_head
        bind_request(request_id)
        answer = _OutgoingAnswer(send, is_head=is_head, request_id=request_id)
        self._observer.began()
        try:
            if scope["method"] == "OPTIONS":
                await _answer_options(headers, answer.send)
            else:
                inner = {**scope, "method": "GET"} if is_head else scope
                await self._app(inner, receive, answer.send)
        finally:
            self._report(scope, answer.status)

    def _id(self, given: str) -> str:
        """The caller's own request id if it is harmless, else a new one."""
        if given and _REQUEST_ID.fullmatch(given):
            return given
        return f"{self._first_of_id}{next(self._ids):08x}"

    def _report(self, scope: Scope, status: int) -> None:
        state = scope["state"]
        target = state.get("target")
        is_known = isinstance(target, RequestTarget)
        label = target.label if is_known else OTHER
        seconds = time.perf_counter() - state["started"]
        self._observer.answered(label, status=status, seconds=seconds)
        log_answered(
            is_probe=is_known and target.is_probe,
            method=scope["method"],
            path=shown_path(scope["path"]),
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


class _OutgoingAnswer:
    """One answer on its way out: gets its last headers, loses its body for HEAD."""

    __slots__ = ("_is_head", "_request_id", "_send", "status")

    def __init__(self, send: Send, *, is_head: bool, request_id: str) -> None:
        self._send = send
        self._is_head = is_head
        self._request_id = request_id
        self.status = 0
        """HTTP status, 0 while nothing was sent."""

    async def send(self, message: Message) -> None:
        """Pass one ASGI message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            more = _EVERYWHERE + (_missing(headers) if _is_html(headers) else ())
            own = (b"x-request-id", self._request_id.encode("latin-1"))
            message = {**message, "headers": [*headers, *more, own]}
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _is_html(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-type" and b"html" in value.lower() for name, value in headers)


def _missing(headers: list[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of pages that this one does not bring itself."""
    given = {name for name, _ in headers}
    return tuple(header for header in _HTML_ONLY if header[0] not in given)


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
