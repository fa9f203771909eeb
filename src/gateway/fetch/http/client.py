"""One site's client: a question in, its answer out, or a SiteError; nothing else escapes.

The way of a question: the cache, an equal one under way, the site; and if the site fails, an answer
kept from before, where a grace is configured.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, Unpack

import httpx
import orjson

from gateway.fetch.cache.answers import AnswerCache, BodyKey, Kept, canonical, fingerprint
from gateway.fetch.http.circuit_breaker import CircuitState
from gateway.fetch.http.exchange import Answered, Exchange, Question
from gateway.fetch.http.faults import Fault, seconds
from gateway.fetch.http.memory_budget import MemoryBudget
from gateway.fetch.http.observer import Observer, Silent
from gateway.fetch.http.request_options import (
    MARGIN_S,
    Options,
    Wish,
    is_private,
    question_of,
    wish_of,
)
from gateway.fetch.http.retry import Sleep
from gateway.fetch.http.sender import Sender
from gateway.fetch.http.single_flight import Deadline, ShuttingDownError, SingleFlight
from gateway.model import JsonObject, Site

logger = logging.getLogger(__name__)

AnswerState: TypeAlias = Literal["ok", "cached", "stale"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site says. `data` is shared between equal questions: read it, do not change it."""

    data: JsonObject
    state: AnswerState
    milliseconds: float


class SiteClient:
    """Asks one site; made once per app, used in one event loop.

    `generation` is part of every cache key: set it to what changes when the site's answers do, e.g.
    its version. `room` bounds the memory of all clients that share it.
    """

    def __init__(
        self,
        site: Site,
        *,
        cache: AnswerCache,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: MemoryBudget | None = None,
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
        self._identity = fingerprint(site.token)
        self._rests = False
        self._flights: SingleFlight[Answered | Fault] = SingleFlight()
        self._exchange = Exchange(
            site, budget=budget or MemoryBudget(), transport=transport, keep_bytes=cache.keep_bytes
        )
        self._sender = Sender(
            site,
            exchange=self._exchange,
            observer=self._observer,
            changed=self._breaker_changed,
            clock=clock,
            sleep=sleep,
            uniform=uniform,
        )

    @property
    def breaker(self) -> CircuitState:
        """Whether the site is asked at the moment, and why not."""
        return self._sender.breaker

    def body_key(self, entry_id: str, version: str) -> BodyKey:
        """The key of one of this site's public archives in the cache of bodies."""
        return BodyKey(f"{self.site.name} {self.site.url}", entry_id, version)

    async def ask(
        self, path: str, body: JsonObject, *, doing: str, **options: Unpack[Options]
    ) -> Answer:
        """The answer to `body`, posted to `path` below the site's API address."""
        return await self._told("POST", path, body, doing=doing, options=options)

    async def get(self, path: str, *, doing: str, **options: Unpack[Options]) -> Answer:
        """The answer at `path` below the site's API address."""
        return await self._told("GET", path, None, doing=doing, options=options)

    async def close(self) -> None:
        """End the questions under way and close all connections."""
        await self._flights.close()
        await self._exchange.close()

    async def _told(
        self,
        method: Literal["GET", "POST"],
        path: str,
        body: JsonObject | None,
        *,
        doing: str,
        options: Options,
    ) -> Answer:
        """The answer, or a SiteError that says what was being done."""
        try:
            return await self._answer(self._wish(method, path, body, options))
        except orjson.JSONEncodeError:
            fault = Fault("not asked: the question cannot be written as JSON", health="unknown")
        except Fault as known:
            fault = known
        raise fault.error(self.site.name, doing=doing)

    def _wish(
        self,
        method: Literal["GET", "POST"],
        path: str,
        body: JsonObject | None,
        options: Options,
    ) -> Wish:
        content = canonical(body) if body is not None else None
        question = question_of(self.site, method, path, content, options=options)
        key = None if is_private(self.site, options) else self._key(question)
        return wish_of(self.site, question, key, options=options, fresh_s=self._cache.answers_s)

    async def _answer(self, wish: Wish) -> Answer:
        began = self._clock()
        until = asyncio.get_running_loop().time() + wish.within_s - MARGIN_S
        kept = await self._find(wish)
        if kept is not None and kept.age_s <= wish.fresh_s and (data := _read(kept)) is not None:
            self._observer.cache(self.site.name, "hit")
            return Answer(data, "cached", self._since_ms(began))
        result = await self._join(wish, until=until)
        if isinstance(result, Answered):
            return Answer(result.data, "ok", self._since_ms(began))
        if kept is not None and self._may_be_stale(kept, wish, result):
            data = _read(kept)
            if data is not None:
                self._observer.cache(self.site.name, "stale")
                return Answer(data, "stale", self._since_ms(began))
        raise result

    async def _find(self, wish: Wish) -> Kept | None:
        """What the cache holds, fresh or not; None: nothing, or it was not to be looked up."""
        if wish.key is None or wish.fresh or not wish.is_kept:
            return None
        return await self._cache.find(wish.key)

    async def _join(self, wish: Wish, *, until: float) -> Answered | Fault:
        if wish.within_s <= MARGIN_S:
            return Fault("not asked: no time was left", health="unknown", kind="timeout")
        if wish.is_kept:
            joined = self._flights.has(wish.flight)
            self._observer.cache(self.site.name, "joined" if joined else "miss")
        try:
            return await self._flights.join(
                wish.flight,
                lambda deadline: self._work(wish, deadline),
                until=until,
                within_s=self.site.total_s,
            )
        except TimeoutError:
            happened = f"timed out after {seconds(wish.within_s)}"
            return Fault(happened, health="unknown", kind="timeout")
        except ShuttingDownError:
            return Fault("not asked: the gateway is closing", health="unknown")

    async def _work(self, wish: Wish, deadline: Deadline) -> Answered | Fault:
        result = await self._sender.send(wish.question, deadline)
        raw = result.raw if isinstance(result, Answered) else None
        if raw is not None and wish.key is not None and wish.is_kept:
            await self._cache.keep(wish.key, raw, fresh_s=wish.fresh_s)
        return result

    def _may_be_stale(self, kept: Kept, wish: Wish, fault: Fault) -> bool:
        return not fault.refused and kept.age_s <= wish.fresh_s + self._cache.stale_s

    def _key(self, question: Question) -> str:
        return self._cache.answer_key(
            self.site,
            generation=self.generation,
            identity=self._identity,
            path=question.path,
            content=question.content,
        )

    def _since_ms(self, began: float) -> float:
        return (self._clock() - began) * 1000

    def _breaker_changed(self, breaker: CircuitState) -> None:
        self._observer.breaker(self.site.name, breaker.state)
        if breaker.state == "open" and not self._rests:
            self._rests = True
            logger.warning("site %s keeps failing and rests: %s", self.site.name, breaker.last)
        elif breaker.state == "closed" and self._rests:
            self._rests = False
            logger.info("site %s answers again", self.site.name)


def _read(kept: Kept) -> JsonObject | None:
    """The kept answer; None: it cannot be read, which is as if there were none."""
    try:
        data = orjson.loads(kept.value)
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None
