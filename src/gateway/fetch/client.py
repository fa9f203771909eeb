"""One site's client: a question in, its answer out, or a SiteError; nothing else escapes.

The way of a question: cache, then an equal one under way, then breaker, place, attempts, exchange;
and when the site fails, an answer kept from before if a grace is configured.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import httpx
import orjson

from gateway.fetch.body import checked_object
from gateway.fetch.breaker import Breaker, BreakerState, Ticket
from gateway.fetch.cache import AnswerCache, BodyKey, Kept, canonical, fingerprint
from gateway.fetch.exchange import Answered, Exchange, Question
from gateway.fetch.faults import Fault, plain, seconds
from gateway.fetch.flights import Deadline, Flights, GroundedError
from gateway.fetch.limits import Limits
from gateway.fetch.observer import Observer, Outcome, Silent
from gateway.fetch.retry import Retry, Sleep
from gateway.fetch.room import Room
from gateway.model import JsonObject, Site

logger = logging.getLogger(__name__)

AnswerState: TypeAlias = Literal["ok", "cached", "stale"]

FAIR_SHARE = 0.75
"""A site that had at least this part of its own time, and was late, is to blame for it."""
_ENTRY_PATH = re.compile(r"^/entries/(?!query$|archive/)[^/]+")
_SENDABLE = re.compile(r"[\x21-\x7e]+")
"""Tokens and request ids that fit into a header."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site says. `data` is shared between equal questions: read it, do not change it."""

    data: JsonObject
    state: AnswerState
    milliseconds: float


@dataclass(slots=True)
class _Trip:
    """How far one question came."""

    ticket: Ticket | None = None
    sent_at: float = 0.0


class SiteClient:
    """Asks one site; made once per app, used in one event loop.

    `generation` is part of every cache key: set it to what changes when the site's answers do, e.g.
    its version. `room` is best shared by all clients of a worker.
    """

    def __init__(
        self,
        site: Site,
        *,
        cache: AnswerCache,
        transport: httpx.AsyncBaseTransport | None = None,
        room: Room | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.site = site
        self.generation = ""
        self._cache = cache
        self._clock = clock
        self._observer: Observer = observer or Silent()
        self._exchange = Exchange(
            site, room=room or Room(), transport=transport, keep_bytes=cache.keep_bytes
        )
        self._limits = Limits(concurrency=site.concurrency, rate_per_s=site.rate_per_s)
        self._retry = Retry(attempts=site.attempts, sleep=sleep, uniform=uniform)
        self._breaker = Breaker(clock=clock, changed=self._breaker_changed)
        self._flights: Flights[Answered | Fault] = Flights()

    @property
    def breaker(self) -> BreakerState:
        """Whether the site is asked at the moment, and why not."""
        return self._breaker.state

    def body_key(self, entry_id: str, last_processing_time: str) -> BodyKey:
        """The key of one of this site's archives in the cache of bodies."""
        return BodyKey(f"{self.site.name} {self.site.url}", entry_id, last_processing_time)

    async def ask(
        self,
        path: str,
        body: JsonObject,
        *,
        doing: str,
        within_s: float | None = None,
        token: str | None = None,
        fresh: bool = False,
        request_id: str = "",
        cache_s: float | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """The answer to `body` posted to `path`, within `within_s` or else the site's own time.

        `token` is the caller's: it is used only where the site is configured for it, and such
        answers are neither kept nor shared. `cache_s` None is the configured time, 0 keeps nothing.
        """
        try:
            content = canonical(body)
        except orjson.JSONEncodeError:
            fault = Fault("the question cannot be written as JSON", health="unknown")
            raise fault.error(self.site.name, doing=doing) from None
        question = self._question("POST", path, content, token, request_id, max_bytes)
        return await self._answer(
            question, doing, private=question.token is not None and question.token == token,
            within_s=within_s, fresh=fresh, cache_s=cache_s,
        )
