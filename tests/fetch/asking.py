"""Requests as `fetch.nomad` sends them, with the shipped time of one caller."""

import asyncio

import pytest

from gateway.errors import SiteError
from gateway.fetch.http.client import Answer, Keep, SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.model import JsonObject

PATH = "/entries/query"
DOING = "read page of entries"
BODY: JsonObject = {"owner": "public", "query": {"quantities": "metadata.optimade"}}
BUDGET_S = 4.0
"""What a caller waits unless it says otherwise (`timeouts.budget_s`)."""


def options_for(
    *,
    within_s: float | None = BUDGET_S,
    scope: MemoryScope | None = None,
    token: str | None = None,
    fresh: bool = False,
    request_id: str = "",
) -> RequestOptions:
    """A caller's options, with a deadline so many seconds from now; None: a stream."""
    now = asyncio.get_running_loop().time()
    deadline = None if within_s is None else now + within_s
    return RequestOptions(deadline, scope or MemoryScope(), token, fresh, request_id)


async def ask(
    client: SiteClient,
    body: JsonObject = BODY,
    *,
    path: str = PATH,
    doing: str = DOING,
    keep: Keep | None = None,
    within_s: float | None = BUDGET_S,
    scope: MemoryScope | None = None,
    token: str | None = None,
    fresh: bool = False,
    request_id: str = "",
) -> Answer:
    """The answer to one request."""
    options = options_for(
        within_s=within_s, scope=scope, token=token, fresh=fresh, request_id=request_id
    )
    return await client.ask(path, body, doing=doing, options=options, keep=keep)


async def failure(client: SiteClient, body: JsonObject = BODY, **options: object) -> SiteError:
    """The error that the request ends in."""
    with pytest.raises(SiteError) as caught:
        await ask(client, body, **options)  # type: ignore[arg-type]  # as `ask` takes them
    return caught.value


async def timed_failure(client: SiteClient, **options: object) -> tuple[SiteError, float]:
    """The same, and how long it took."""
    clock = asyncio.get_running_loop().time
    began = clock()
    error = await failure(client, **options)
    return error, clock() - began
