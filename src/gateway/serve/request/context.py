"""One HTTP request as the endpoints see it: where it came, who sent it, what it says."""

import time
from dataclasses import dataclass, field, replace

from starlette.datastructures import Headers
from starlette.types import Scope

from gateway.config import Config
from gateway.model import Notice
from gateway.serve.request.params import Caller
from gateway.serve.request.paths import RequestTarget
from gateway.serve.request.public_url import Root
from gateway.serve.request.query_string import Pairs, Rules


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
    started: float = field(default_factory=time.perf_counter)

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

    def elapsed_ms(self) -> float:
        """How long this request has taken until now."""
        return (time.perf_counter() - self.started) * 1000


def read_context(
    scope: Scope, *, root: Root, target: RequestTarget, request_id: str
) -> RequestContext:
    """The request, apart from its parameters."""
    headers = Headers(scope=scope)
    caller = Caller(
        request_id=request_id,
        token=_bearer(headers.get("authorization", "")),
        fresh="no-cache" in headers.get("cache-control", "").lower(),
    )
    return RequestContext(
        target=target,
        root=root.url,
        query=scope.get("query_string", b"").decode("utf-8", "replace"),
        caller=caller,
        known_tags=tuple(tag.strip() for tag in headers.get("if-none-match", "").split(",")),
        is_get=scope["method"] in ("GET", "HEAD"),
        is_head=scope.get("state", {}).get("is_head", False),
    )


def with_pairs(context: RequestContext, *, pairs: Pairs, query: str) -> RequestContext:
    """The request with its parameters."""
    return replace(context, pairs=pairs, query=query)


def rules_of(config: Config, target: RequestTarget) -> Rules:
    """What this view of the server allows."""
    every = tuple(site.name for site in config.sites)
    return Rules(
        prefix=config.provider.prefix,
        sites=(target.site,) if target.site else every,
        only=target.site,
        default_limit=config.paging.default_limit,
        max_limit=config.paging.max_limit,
        budget_s=config.timeouts.longest_s,
    )


def _bearer(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
