"""One HTTP request as the endpoints see it: where it came, who sent it, what it says."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from gateway.config import Config
from gateway.model import Notice
from gateway.observe import Observer
from gateway.serve.request.params import Caller
from gateway.serve.request.paths import RequestTarget
from gateway.serve.request.public_url import Root
from gateway.serve.request.query_string import Pairs, Rules

HOLD = "gateway.hold"
"""The ASGI extension through which a connection counts what is held for its client."""
CUT = "gateway.cut"
"""The ASGI extension through which a connection is ended in the middle of an answer."""

OBSERVER = "gateway.observer"
"""The key of ASGI's lifespan state under which the server beneath finds who counts."""


def _nobody_counts(_: int) -> None:
    """The server beneath is another one, e.g. that of a test."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A request, read as far as any endpoint needs it."""

    target: RequestTarget
    root: str = ""
    """The public address of the server's root, without a trailing slash."""
    query: str = ""
    """The query string (or form) as it was received."""
    pairs: Pairs = ()
    caller: Caller = field(default_factory=Caller)
    notices: tuple[Notice, ...] = ()
    known_tags: tuple[str, ...] = ()
    is_get: bool = True
    is_head: bool = False
    """Whether only headers are wanted; to the routes it is a GET."""
    request_delay_s: float = 0.0
    arrived: float = 0.0
    """When the outermost middleware saw the request, on the event loop's clock."""
    started: float = field(default_factory=time.perf_counter)
    """The same moment on the clock that times are measured with."""
    hold: Callable[[int], None] = field(default=_nobody_counts, compare=False)
    """Says how many bytes of the answer wait here for the client, in place of the last number."""

    @property
    def client(self) -> str:
        """Where it came from (`client_address`)."""
        return self.caller.client

    @property
    def base_url(self) -> str:
        """The unversioned base URL."""
        return self.root + self.target.base

    @property
    def versioned_url(self) -> str:
        """The base URL as it was used."""
        return self.root + self.target.versioned

    @property
    def representation(self) -> str:
        """The part of the URL that follows the base URL."""
        return f"{self.target.endpoint}?{self.query}" if self.query else self.target.endpoint

    def deadline(self, budget_s: float) -> float:
        """The absolute moment, on the event loop's clock, at which the answer is due."""
        return self.arrived + budget_s

    def elapsed_ms(self) -> float:
        """How long this request has taken until now."""
        return (time.perf_counter() - self.started) * 1000


def cut_off(scope: Scope, reason: str) -> None:
    """End the connection of an answer that cannot be finished, so that its client sees it."""
    cut = scope.get("extensions", {}).get(CUT)
    if cut is None:
        raise ConnectionError(reason)
    cut()


def show_observer(scope: Scope, observer: Observer) -> None:
    """Let the server beneath count its connections, where it shares state with the app."""
    state = scope.get("state")
    if state is not None:
        state[OBSERVER] = observer


def mark_arrival(scope: Scope) -> None:
    """Note when this request came: its deadline counts from here, waiting for a slot included."""
    state = scope.setdefault("state", {})
    state["arrived"] = asyncio.get_running_loop().time()
    state["started"] = time.perf_counter()


def read_context(
    scope: Scope, *, root: Root, target: RequestTarget, client: str = ""
) -> RequestContext:
    """The request, apart from its parameters."""
    headers, state = Headers(scope=scope), scope["state"]
    caller = Caller(
        request_id=state.get("request_id", ""),
        client=client,
        token=_bearer(headers.get("authorization", "")),
        fresh="no-cache" in headers.get("cache-control", "").lower(),
        arrived=state["arrived"],
    )
    tags = headers.get("if-none-match", "")
    return RequestContext(
        target=target,
        root=root.url,
        query=scope.get("query_string", b"").decode("utf-8", "replace"),
        caller=caller,
        known_tags=tuple(tag.strip() for tag in tags.split(",")) if tags else (),
        is_get=scope["method"] in ("GET", "HEAD"),
        is_head=state.get("is_head", False),
        arrived=state["arrived"],
        started=state["started"],
        hold=scope.get("extensions", {}).get(HOLD, _nobody_counts),
    )


def context_of(request: Request) -> RequestContext:
    """The request as the middleware has read it."""
    context = request.scope["state"]["context"]
    assert isinstance(context, RequestContext)
    return context


def with_notices(context: RequestContext, notices: tuple[Notice, ...]) -> RequestContext:
    """The request with more to warn of."""
    return replace(context, notices=(*context.notices, *notices)) if notices else context


def rules_of(config: Config, target: RequestTarget) -> Rules:
    """What this view of the server allows."""
    every = tuple(site.name for site in config.sites)
    return Rules(
        prefix=config.provider.prefix,
        sites=(target.site,) if target.site else every,
        only=target.site,
        default_limit=config.paging.default_limit,
        max_limit=config.paging.max_limit,
        longest_s=config.timeouts.longest_s,
        longest_filter=config.filters.length,
    )


def _bearer(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
